/* vm_meta.h: how metamethods that are functions begin and end. A part of vm_ops.h, which see for the words used.
 *
 * Owns: the frame of a metamethod and what its return does to the instruction that called it, in the plain cases; the
 *       return to a pcall. Does not: look further than one metatable; COLD functions do (vmcold.c). */

/* ---- metamethods that are functions ----
 * They and their arguments are put above the registers, and begin_method makes a frame of that. */
EXTRA(begin_method) {
    NpFrame *caller = L->frame, *frame = caller + 1;
    NpValue *func = caller->top, *top = L->top;
    if (NP_LIKELY(func->tag == NP_LCLOSURE)) {
        const NpProto *proto = np_lcl(func)->proto;
        if (NP_LIKELY(L->stack_last - top > proto->max_stack && frame != L->frames_end)) {
            ENTER_LUA((np_opcode_info[np_op(insn)].flags & (NP_OPF_SA | NP_OPF_CMP)) != 0, NP_FRAME_FINISH);
        }
    }
    COLD(begin_method);
}
#define BEGIN_METHOD(func, first, second)                                                          \
    np_copy((func) + 1, first);                                                                    \
    np_copy((func) + 2, second);                                                                   \
    L->top = (func) + 3;                                                                           \
    TO(begin_method)
#define BEGIN_METHOD_3(func, first, second, third)                                                 \
    np_copy((func) + 1, first);                                                                    \
    np_copy((func) + 2, second);                                                                   \
    np_copy((func) + 3, third);                                                                    \
    L->top = (func) + 4;                                                                           \
    TO(begin_method)

/* R[B] is a record, and NP_ACCESS_CALL is what is known of it and the key. */
EXTRA(index_by_call) {
    NpGlobal *global = L->global;
    NpTable *table = np_tab(RB);
    const unsigned op = np_op(insn);
    const NpValue *key = constants + (op == NP_OP_GETFIELD_CHAIN || op == NP_OP_SELF_CHAIN
                                          ? np_lcl(base - 1)->proto->chains[pc[1]].key : pc[1]);
    const NpAccessEntry *entry = np_access_entry(global->access, table->shape, np_str(key));
    NpValue *func = L->frame->top;
    if (NP_LIKELY(entry->epoch == global->meta_epoch &&
                  np_vm_method(L, np_shape_of(global, table)->metatable, NP_EVENT_INDEX, func))) {
        np_set_obj(func + 1, table, NP_TABLE);
        np_copy(func + 2, key);
        L->top = func + 3;
        if (np_opcode_info[op].base == NP_OP_SELF) np_copy(RA + 1, func + 1);
        TO(begin_method);
    }
    COLD(get_field);
}
EXTRA(set_field_method) {
    const NpValue *object = RA, *key = constants + pc[1];
    if (object->tag == NP_TABLE && !np_table_is_dict(np_tab(object))) {
        NpValue *func = L->frame->top;
        if (np_vm_is_plain_record(object, key) &&
            np_vm_method(L, np_shape_of(L->global, np_tab(object))->metatable, NP_EVENT_NEWINDEX, func) &&
            func->tag == NP_LCLOSURE && np_vm_record_value(L, np_tab(object), key).tag == NP_NIL) {
            BEGIN_METHOD_3(func, object, key, RB);
        }
    }
    COLD(set_field);
}
EXTRA(get_index_record) {
    const NpValue *object = RB, *key = RC;
    if (NP_LIKELY(np_vm_is_plain_record(object, key))) {
        NpValue *func = L->frame->top;
        NpFound found = np_vm_record_value(L, np_tab(object), key);
        if (found.tag != NP_NIL) {
            RA->v = found.v;
            RA->tag = (uint8_t)found.tag;
            NEXT;
        }
        if (!np_vm_method(L, np_shape_of(L->global, np_tab(object))->metatable, NP_EVENT_INDEX, func)) {
            np_set_nil(RA);
            NEXT;
        }
        if (NP_LIKELY(func->tag == NP_LCLOSURE)) { BEGIN_METHOD(func, object, key); }
    }
    COLD(get_index);
}
EXTRA(set_index_record) {
    const NpValue *object = RA, *key = RB;
    if (object->tag == NP_TABLE && np_tab(object)->shape != NP_SHAPE_ROOT && np_vm_is_plain_record(object, key)) {
        NpValue *func = L->frame->top;
        if (np_vm_method(L, np_shape_of(L->global, np_tab(object))->metatable, NP_EVENT_NEWINDEX, func) &&
            func->tag == NP_LCLOSURE && np_vm_record_value(L, np_tab(object), key).tag == NP_NIL) {
            BEGIN_METHOD_3(func, object, key, RC);
        }
    }
    COLD(set_index);
}
/* Floats by functions of the C library, and metamethods, of which the left operand's comes first. */
EXTRA(arith) {
    NpOperands operand = np_vm_arith_operands(L->frame, insn);
    const NpValue *object = operand.left;
    if (np_is_number(object) && np_is_number(operand.right)) {
        int op = np_vm_arith_op(np_op(insn));
        if (op == LUA_OPPOW || ((op == LUA_OPMOD || op == LUA_OPIDIV) && !INTS(object, operand.right))) {
            np_set_flt(RA, np_arith_float(op, AS_FLT(object), AS_FLT(operand.right)));
            NEXT;
        }
        COLD(arith);
    }
    if (object->tag != NP_TABLE && np_is_number(object)) object = operand.right;
    if (object->tag == NP_TABLE && (object == operand.left || !L->global->type_meta[LUA_TNUMBER])) {
        NpValue *func = L->frame->top;
        if (np_vm_method(L, np_table_meta(L->global, np_tab(object)), np_slow_event(np_vm_arith_op(np_op(insn))), func)) {
            BEGIN_METHOD(func, operand.left, operand.right);
        }
    }
    COLD(arith);
}

/* ---- returns ---- */
/* From a metamethod, to an instruction that has only to set a register, or nothing, to be complete. */
EXTRA(return_inside) {
    NpFrame *frame = L->frame;
    if (NP_LIKELY((frame->flags & (0xffff & ~NP_FRAME_TAIL)) == NP_FRAME_FINISH &&
                  (np_op(insn) != NP_OP_RETURN || np_c(insn) == 0))) {
        if (!np_frame_is_lua(frame - 1)) TO(return_to_pcall);
        const NpInstr *at = frame[-1].u.lua.pc, call = at[-1];
        const NpOpInfo *info = &np_opcode_info[np_op(call)];
        if (NP_LIKELY((info->flags & (NP_OPF_CAN | NP_OPF_CMP)) == NP_OPF_CAN && np_op(call) != NP_OP_CONCAT)) {
            const NpValue *value = RA;
            bool none = np_op(insn) == NP_OP_RETURN0 || (np_op(insn) == NP_OP_RETURN &&
                                                         (np_b(insn) ? np_b(insn) == 1 : L->top == value));
            L->top = RESULTS_AT(frame);
            L->frame = frame - 1;
            base = frame[-1].func + 1;
            if (info->flags & NP_OPF_SA) {
                insn = call;
                if (NP_LIKELY(!none)) np_copy(RA, value);
                else np_set_nil(RA);
            }
            constants = frame[-1].u.lua.constants;
            pc = at + info->words - 1;
            NEXT;
        }
    }
    COLD_RETURN;
}
/* To a frame of np_call_push_pcall that a Lua function has called for a fixed number of results or all. */
EXTRA(return_to_pcall) {
    NpFrame *frame = L->frame - 1;
    NpValue *to = frame->func;
    if (NP_LIKELY((frame->flags & (0xffff & ~NP_FRAME_WAS_ALLOWHOOK)) == (NP_FRAME_C | NP_FRAME_CATCH) && !frame->u.c.k &&
                  frame->nresults >= LUA_MULTRET && frame->u.c.catch_func == np_stack_save(L, to + 1) && !L->hook_mask)) {
        const NpValue *from = RA;
        int count = np_op(insn) == NP_OP_RETURN0 ? 0 : np_op(insn) == NP_OP_RETURN1 ? 1
                    : np_b(insn) ? (int)np_b(insn) - 1 : (int)(L->top - from);
        int wanted = frame->nresults < 0 ? count : frame->nresults - 1;
        if (NP_LIKELY(wanted >= 0)) np_set_bool(to++, true);
        for (; wanted > 0 && count > 0; wanted--, count--) np_copy(to++, from++);
        for (; wanted > 0; wanted--) np_set_nil(to++);
        L->top = to;
        if (NP_LIKELY(L->n_catch > 0)) L->n_catch--;
        L->errfunc = frame->u.c.old_errfunc;
        RESUME_CALLER;
    }
    COLD_RETURN;
}
