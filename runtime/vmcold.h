/* vmcold.h: what the interpreter's handlers leave to functions (vmcold.c).
 *
 * Contract of every np_vm_<op>(L, insn): L->frame is the Lua frame with its pc saved just past the instruction's first
 * word. On return the frame L->frame (the same, or that of a metamethod) is ready to go on at its saved pc, with the
 * instruction completed or, for a new frame, to be completed by np_vm_finish when it returns.
 * All [gc err stk]. */
#ifndef NP_VMCOLD_H
#define NP_VMCOLD_H

#include "runtime/state.h"
#include "runtime/table.h"

void np_vm_get_field(lua_State *L, NpInstr insn);   /* GETFIELD, SELF, GETTABUP and their quickened forms */
void np_vm_set_field(lua_State *L, NpInstr insn);   /* SETFIELD, SETTABUP and their quickened forms */
void np_vm_get_index(lua_State *L, NpInstr insn);   /* GETINDEX, GETINT */
void np_vm_set_index(lua_State *L, NpInstr insn);   /* SETINDEX, SETINT */
void np_vm_arith(lua_State *L, NpInstr insn);       /* ADD ... SHRK, UNM, BNOT */
void np_vm_length(lua_State *L, NpInstr insn);
void np_vm_concat(lua_State *L, NpInstr insn);
void np_vm_compare(lua_State *L, NpInstr insn);     /* EQ, LT, LE, LTI ... GEI */
void np_vm_new_table(lua_State *L, NpInstr insn);
void np_vm_set_list(lua_State *L, NpInstr insn);
void np_vm_closure(lua_State *L, NpInstr insn);
void np_vm_for_prep(lua_State *L, NpInstr insn);
void np_vm_vararg_prep(lua_State *L, NpInstr insn);
void np_vm_vararg(lua_State *L, NpInstr insn);
/* While hooks are set: tells the call hook of a function that starts, once a frame. */
void np_vm_hook_entry(lua_State *L);
void np_vm_close(lua_State *L, NpInstr insn);
/* These give the thread whose frame is to go on; NULL: the interpreter loop is to be left.
 * RETURN in all forms when something is to be closed, a hook is on, or the frame has flags. */
lua_State *np_vm_return(lua_State *L, NpInstr insn);
/* A call of anything: Lua frames are pushed, C functions run. */
lua_State *np_vm_call(lua_State *L, NpInstr insn);
lua_State *np_vm_tail_call(lua_State *L, NpInstr insn);
lua_State *np_vm_tfor_call(lua_State *L, NpInstr insn);

/* [-] Before an instruction that looks into a table, while weak tables are being cleared: drops the entry if it is dead. */
void np_vm_guard(lua_State *L, NpInstr insn);

/* [-] np_meta_raw, without a call where the metatable is a record that was asked for the event lately. */
NP_INLINE bool np_vm_method(lua_State *L, NpTable *metatable, NpEvent event, NpValue *out) {
    if (!metatable) return false;
    const NpString *name = L->global->event_names[event];
    const NpAccessEntry *entry = np_access_entry(L->global->access, metatable->shape, name);
    if (NP_LIKELY(entry->shape == metatable->shape && entry->key == name && !entry->holder &&
                  entry->slot < NP_ACCESS_CALL && !(metatable->flags & NP_FLAG_WEAK))) {
        out->v = np_slot_values(metatable)[entry->slot];
        out->tag = np_slot_tags(metatable)[entry->slot];
        if (NP_LIKELY(out->tag != NP_NIL)) return true;
    }
    return np_meta_raw(L, metatable, event, out);
}

/* The call of a metamethod that lies above the registers, with its arguments up to L->top. */
void np_vm_begin_method(lua_State *L, NpInstr insn);
/* [-] The value that a record has for a key that is an integer or a short string; nil: none. Handlers have no locals whose
 * address is taken: with asan, clang cannot compile those of their calling convention. */
typedef struct NpFound { NpPayload v; uint64_t tag; } NpFound;
NP_INLINE NpFound np_vm_record_value(lua_State *L, const NpTable *table, const NpValue *key) {
    static const NpFound none = {{.bits = 0}, NP_NIL};
    if (key->tag == NP_INT) {
        uint64_t at = (uint64_t)key->v.i - 1;
        if (at >= table->array_size) return none;
        return (NpFound){table->array[at], np_array_tags(table)[at]};
    }
    int slot = np_shape_find(np_shape_of(L->global, table), np_str(key));
    if (slot < 0) return none;
    return (NpFound){np_slot_values(table)[slot], np_slot_tags(table)[slot]};
}
/* [-] Is it a record, and the key one for which np_vm_record_value tells all, whatever the collector is doing? */
NP_INLINE bool np_vm_is_plain_record(const NpValue *object, const NpValue *key) {
    return object->tag == NP_TABLE && !np_table_is_dict(np_tab(object)) && !(np_tab(object)->flags & NP_FLAG_WEAK) &&
           (key->tag == NP_INT || (key->tag == NP_STR && np_str(key)->is_short));
}

/* [-] What an arithmetic instruction is to do, as LUA_OPADD ... */
int np_vm_arith_op(unsigned op);
typedef struct NpOperands { const NpValue *left, *right; } NpOperands;
/* [-] Its operands. Of UNM and BNOT both are the one. */
NP_INLINE NpOperands np_vm_arith_operands(const NpFrame *frame, NpInstr insn) {
    unsigned op = np_op(insn);
    const NpValue *base = frame->func + 1, *constants = frame->u.lua.constants;
    const NpValue *left = (op >= NP_OP_KADD && op <= NP_OP_KDIV ? constants : base) + np_b(insn);
    if (op >= NP_OP_UNM) return (NpOperands){left, left};
    return (NpOperands){left, (op >= NP_OP_ADDK && op <= NP_OP_SHRK ? constants : base) + np_c(insn)};
}

#endif
