/* vm_ops.h: the body of every instruction, written once. Included by vm.c, which defines the words used here:
 *
 *   HANDLER(OP) { ... }  opens the body of an opcode; it ends in NEXT, in another leaving word, or in COLD.
 *   NEXT                 goes on with the word at pc
 *   COLD(name)           completes the instruction in np_vm_<name> (vmcold.c), then goes on with L->frame
 *   GO                   goes on with L->frame at its saved pc (base, constants are reloaded)
 *   LEAVE                leaves the interpreter loop
 *
 * In a body: L, insn, pc (past the first word), base, constants, dispatch. Bodies make no calls that may
 * move the stack or collect; such work is in COLD functions, so that a body needs no stack frame.
 *
 * Barriers: stores into tables here go through np_barrier like everywhere else. */

#define RA (base + np_a(insn))
#define RB (base + np_b(insn))
#define RC (base + np_c(insn))
#define KB (constants + np_b(insn))
#define KC (constants + np_c(insn))
#define JUMP_W1 (pc += 1 + (int32_t)pc[0])
#define INTS(x, y) ((x)->tag == NP_INT && (y)->tag == NP_INT)
#define FLTS(x, y) ((x)->tag == NP_FLT && (y)->tag == NP_FLT)
#define AS_FLT(x) ((x)->tag == NP_FLT ? (x)->v.n : (double)(x)->v.i)

/* The frame of the Lua function at `func`, a slot with a closure of `proto`, becomes the running one: its arguments end at `top`,
 * which is L->top too, and what its prototype needs has been found to be there. */
#define ENTER_LUA(NRESULTS, FLAGS)                                                                 \
    caller->u.lua.pc = pc;                                                                         \
    frame->func = func;                                                                            \
    frame->nresults = NRESULTS;                                                                    \
    frame->flags = FLAGS;                                                                          \
    frame->u.lua.nextra = frame->u.lua.below = 0;                                                  \
    base = func + 1;                                                                               \
    frame->top = base + proto->max_stack;                                                          \
    if (NP_UNLIKELY(top - base < proto->nparams)) {                                                \
        do np_set_nil(top++);                                                                      \
        while (top - base < proto->nparams);                                                       \
        L->top = top;                                                                              \
    }                                                                                              \
    constants = proto->constants;                                                                  \
    pc = np_proto_code(proto);                                                                     \
    frame->u.lua.constants = constants;                                                            \
    L->frame = frame;                                                                              \
    NEXT

/* ---- loads ---- */
HANDLER(MOVE) {
    np_copy(RA, RB);
    NEXT;
}
HANDLER(LOADI) {
    np_set_int(RA, np_sd(insn));
    NEXT;
}
HANDLER(LOADF) {
    np_set_flt(RA, np_sd(insn));
    NEXT;
}
HANDLER(LOADK) {
    np_copy(RA, constants + np_d(insn));
    NEXT;
}
HANDLER(LOADKX) {
    np_copy(RA, constants + pc[0]);
    pc++;
    NEXT;
}
HANDLER(LOADNIL) {
    NpValue *at = RA;
    for (unsigned i = 0; i <= np_b(insn); i++) np_set_nil(at + i);
    NEXT;
}
HANDLER(LOADFALSE) {
    np_set_bool(RA, false);
    NEXT;
}
HANDLER(LOADTRUE) {
    np_set_bool(RA, true);
    NEXT;
}
HANDLER(LFALSESKIP) {
    np_set_bool(RA, false);
    pc++;
    NEXT;
}
HANDLER(GETUPVAL) {
    np_copy(RA, np_lcl(base - 1)->upvalue[np_b(insn)]->at);
    NEXT;
}
HANDLER(SETUPVAL) {
    NpUpval *upval = np_lcl(base - 1)->upvalue[np_b(insn)];
    if (NP_UNLIKELY(L->global->gc.barrier_on)) TO(set_upvalue_shading);
    np_copy(upval->at, RA);
    NEXT;
}
EXTRA(set_upvalue_shading) {
    NpUpval *upval = np_lcl(base - 1)->upvalue[np_b(insn)];
    np_copy(upval->at, RA);
    np_barrier(L->global, upval, RA);
    NEXT;
}

/* ---- fields ---- */
HANDLER(GETTABUP) { COLD(get_field); }
HANDLER(SETTABUP) { COLD(set_field); }
HANDLER(GETFIELD) {
    /* Dictionaries and absent fields stay in this form; what has not been seen here yet is specialised at once. */
    const NpValue *object = RB;
    if (object->tag == NP_TABLE) {
        const NpTable *table = np_tab(object);
        if (np_table_is_dict(table) ||
            np_access_entry(L->global->access, table->shape, np_str(constants + pc[1]))->slot >= NP_ACCESS_CALL)
            TO(poly_get);
    }
    COLD(get_field);
}
HANDLER(SETFIELD) {
    const NpValue *object = RA;
    if (object->tag == NP_TABLE && np_table_is_dict(np_tab(object)) &&
        !(np_tab(object)->flags & (NP_FLAG_META | NP_FLAG_HOLDER)) && !L->global->gc.barrier_on) {
        NpDictNode *node = np_dict_find_short(np_tab(object)->slots, np_str(constants + pc[1]));
        if (node && node->value_tag != NP_NIL) {
            node->value = RB->v;
            node->value_tag = RB->tag;
            pc += 3;
            NEXT;
        }
    }
    TO(set_field_method);
}
/* How a field read ends: `payload` and `tag` go to R[A]. SET_SELF is KEEP_SELF for SELF, nothing otherwise; the value was
 * read before, as R[B] may be R[A + 1]. */
#define KEEP_SELF np_set_obj(to + 1, table, NP_TABLE)
#define DELIVER(SET_SELF)                                                                          \
    NpValue *to = RA;                                                                              \
    SET_SELF;                                                                                      \
    to->v = payload;                                                                               \
    to->tag = tag;                                                                                 \
    pc += 2;                                                                                       \
    NEXT;
#define DELIVER_NIL(SET_SELF)                                                                      \
    NpValue *to = RA;                                                                              \
    SET_SELF;                                                                                      \
    np_set_nil(to);                                                                                \
    pc += 2;                                                                                       \
    NEXT;

/* ---- sites that see many shapes: the table of recent accesses ----
 * One miss in NP_ACCESS_RETRY + 1 goes the long way, which specialises the site for the shape it sees then. */
#define POLY_GET(SET_SELF)                                                                         \
    const NpValue *object = RB;                                                                    \
    if (NP_LIKELY(object->tag == NP_TABLE)) {                                                      \
        NpTable *table = np_tab(object);                                                           \
        NpGlobal *global = L->global;                                                              \
        const NpInstr op = np_op(insn);                                                            \
        const NpString *key =                                                                      \
            np_str(constants + (op == NP_OP_GETFIELD_CHAIN || op == NP_OP_SELF_CHAIN               \
                                    ? np_lcl(base - 1)->proto->chains[pc[1]].key : pc[1]));        \
        const NpAccessEntry *entry;                                                                \
        NpTable *holder = table;                                                                   \
        if (np_table_is_dict(table)) {                                                             \
            NpDict *dict = table->slots;                                                           \
            const NpDictNode *node = np_dict_find_short(dict, key);                                \
            if (node && node->value_tag != NP_NIL) {                                               \
                NpPayload payload = node->value;                                                   \
                uint8_t tag = node->value_tag;                                                     \
                DELIVER(SET_SELF)                                                                  \
            }                                                                                      \
            if (!dict->metatable) {                                                                \
                DELIVER_NIL(SET_SELF)                                                              \
            }                                                                                      \
            entry = np_access_entry_dict(global->access, dict->metatable, key);                    \
            if (entry->shape != NP_SHAPE_DICT || entry->metatable != dict->metatable ||            \
                entry->key != key)                                                                 \
                COLD(get_field);                                                                   \
        } else {                                                                                   \
            /* Records with optional fields have the others in the same slots. */                  \
            const NpShape *shape = np_shape_of(global, table);                                     \
            const unsigned known = np_c(insn);                                                     \
            if (known < shape->count && shape->keys->key[known] == key && np_slot_tags(table)[known] != NP_NIL) { \
                NpPayload payload = np_slot_values(table)[known];                                  \
                uint8_t tag = np_slot_tags(table)[known];                                          \
                DELIVER(SET_SELF)                                                                  \
            }                                                                                      \
            entry = np_access_entry(global->access, table->shape, key);                            \
            if (entry->shape != table->shape || entry->key != key || (++global->access_misses & NP_ACCESS_RETRY) == 0) \
                COLD(get_field);                                                                   \
        }                                                                                          \
        if (NP_UNLIKELY(entry->slot >= NP_ACCESS_CALL)) {                                          \
            if (entry->slot == NP_ACCESS_CALL) TO(index_by_call);                                  \
            DELIVER_NIL(SET_SELF)                                                                  \
        }                                                                                          \
        if (entry->holder) {                                                                       \
            if (NP_UNLIKELY(entry->epoch != global->meta_epoch)) COLD(get_field);                  \
            holder = entry->holder;                                                                \
        }                                                                                          \
        uint8_t tag = np_slot_tags(holder)[entry->slot];                                           \
        if (NP_LIKELY(tag != NP_NIL)) {                                                            \
            NpPayload payload = np_slot_values(holder)[entry->slot];                               \
            DELIVER(SET_SELF)                                                                      \
        }                                                                                          \
        if (holder == table && !np_shape_of(global, table)->metatable) {                           \
            DELIVER_NIL(SET_SELF)                                                                  \
        }                                                                                          \
    }                                                                                              \
    COLD(get_field);

EXTRA(poly_get) { POLY_GET((void)0) }
EXTRA(poly_self) {
    if (RB->tag == NP_STR) TO(string_self);
    POLY_GET(KEEP_SELF)
}
/* Methods of strings are found like those of a dictionary that lacks the key. */
EXTRA(string_self) {
    const NpGlobal *global = L->global;
    const NpTable *metatable = global->type_meta[LUA_TSTRING];
    const unsigned op = np_op(insn);
    const NpString *key =
        np_str(constants + (op == NP_OP_SELF_CHAIN ? np_lcl(base - 1)->proto->chains[pc[1]].key : pc[1]));
    const NpAccessEntry *entry = np_access_entry_dict((NpAccessEntry *)global->access, metatable, key);
    if (NP_LIKELY(entry->shape == NP_SHAPE_DICT && entry->metatable == metatable && entry->key == key &&
                  entry->epoch == global->meta_epoch)) {
        uint8_t tag = np_slot_tags(entry->holder)[entry->slot];
        if (NP_LIKELY(tag != NP_NIL)) {
            NpPayload payload = np_slot_values(entry->holder)[entry->slot];
            NpValue *string = RB;
            DELIVER(np_copy(to + 1, string))
        }
    }
    COLD(get_field);
}
EXTRA(poly_set) {
    const NpValue *object = RA;
    if (NP_LIKELY(object->tag == NP_TABLE && !(np_tab(object)->flags & (NP_FLAG_META | NP_FLAG_HOLDER)))) {
        NpTable *table = np_tab(object);
        const NpString *key = np_str(constants + pc[1]);
        const NpAccessEntry *entry = np_access_entry(L->global->access, table->shape, key);
        if (entry->shape == table->shape && entry->key == key && !entry->holder && entry->slot < NP_ACCESS_CALL &&
            (np_slot_tags(table)[entry->slot] != NP_NIL || !np_shape_of(L->global, table)->metatable) &&
            !L->global->gc.barrier_on &&
            table->shape != NP_SHAPE_DICT && (++L->global->access_misses & NP_ACCESS_RETRY) != 0) {
            np_slot_values(table)[entry->slot] = RB->v;
            np_slot_tags(table)[entry->slot] = RB->tag;
            pc += 3;
            NEXT;
        }
        entry = np_access_entry_add(L->global->access, table->shape, key);
        if (entry->shape == (table->shape | NP_ACCESS_ADDS) && entry->key == key && entry->slot < table->slot_capacity &&
            RB->tag != NP_NIL && !L->global->heap.marking && (++L->global->access_misses & NP_ACCESS_RETRY) != 0) {
            np_slot_values(table)[entry->slot] = RB->v;
            np_slot_tags(table)[entry->slot] = RB->tag;
            table->shape = entry->epoch;
            pc += 3;
            NEXT;
        }
    }
    TO(set_field_method);
}

HANDLER(SELF) {
    if (RB->tag == NP_STR) TO(string_self);
    if (RB->tag == NP_TABLE && np_table_is_dict(np_tab(RB))) TO(poly_self);
    COLD(get_field);
}

#define GET_OWN(table, SET_SELF)                                                                   \
    if (NP_LIKELY((table)->shape == pc[0])) {                                                      \
        uint8_t tag = np_slot_tags(table)[np_c(insn)];                                             \
        if (NP_LIKELY(tag != NP_NIL)) {                                                            \
            NpPayload payload = np_slot_values(table)[np_c(insn)];                                 \
            DELIVER(SET_SELF)                                                                      \
        }                                                                                          \
    }

HANDLER(GETFIELD_OWN) {
    const NpValue *object = RB;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        GET_OWN(table, (void)0)
    }
    TO(poly_get);
}
HANDLER(GETTABUP_OWN) {
    const NpValue *object = np_lcl(base - 1)->upvalue[np_b(insn)]->at;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        GET_OWN(table, (void)0)
    }
    COLD(get_field);
}
HANDLER(SELF_OWN) {
    const NpValue *object = RB;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        GET_OWN(table, KEEP_SELF)
    }
    TO(poly_self);
}

#define GET_CHAIN(SET_SELF, MISS)                                                                     \
    const NpValue *object = RB;                                                                    \
    if (NP_LIKELY(object->tag == NP_TABLE)) {                                                      \
        NpTable *table = np_tab(object);                                                           \
        const NpChainCache *cache = &np_lcl(base - 1)->proto->chains[pc[1]];                       \
        if (NP_LIKELY(table->shape == pc[0] && cache->epoch == L->global->meta_epoch)) {           \
            NpTable *holder = cache->holder;                                                       \
            uint8_t tag = np_slot_tags(holder)[cache->slot];                                       \
            if (NP_LIKELY(tag != NP_NIL)) {                                                        \
                NpPayload payload = np_slot_values(holder)[cache->slot];                           \
                DELIVER(SET_SELF)                                                                  \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    TO(MISS);

HANDLER(GETFIELD_CHAIN) { GET_CHAIN((void)0, poly_get) }
HANDLER(SELF_CHAIN) { GET_CHAIN(KEEP_SELF, poly_self) }

/* The handlers leave the barrier to EXTRAs, so that they need no stack frame. */
#define SET_OWN(table, from, SHADE)                                                                \
    if (NP_LIKELY((table)->shape == pc[0])) {                                                      \
        uint8_t *tag = &np_slot_tags(table)[np_c(insn)];                                           \
        if (NP_LIKELY(*tag != NP_NIL)) {                                                           \
            np_slot_values(table)[np_c(insn)] = (from)->v;                                         \
            *tag = (from)->tag;                                                                    \
            SHADE;                                                                                 \
            pc += 3;                                                                               \
            NEXT;                                                                                  \
        }                                                                                          \
    }

HANDLER(SETFIELD_OWN) {
    const NpValue *object = RA;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        if (NP_UNLIKELY(L->global->gc.barrier_on)) TO(set_own_shading);
        SET_OWN(table, RB, (void)0)
    }
    TO(poly_set);
}
EXTRA(set_own_shading) {
    NpTable *table = np_tab(RA);
    SET_OWN(table, RB, np_barrier(L->global, table, RB))
    TO(poly_set);
}
/* Without a metatable nobody has a say when there is nil; only what is found by way of the table may change (T7). */
#define SET_PLAIN(SHADE)                                                                           \
    NpTable *table = np_tab(RA);                                                                   \
    if (NP_LIKELY(table->shape == pc[0])) {                                                        \
        uint8_t *tag = &np_slot_tags(table)[np_c(insn)];                                           \
        if (NP_LIKELY(*tag != NP_NIL || !(table->flags & NP_FLAG_HOLDER))) {                       \
            np_slot_values(table)[np_c(insn)] = RB->v;                                             \
            *tag = RB->tag;                                                                        \
            SHADE;                                                                                 \
            pc += 3;                                                                               \
            NEXT;                                                                                  \
        }                                                                                          \
    }
HANDLER(SETFIELD_PLAIN) {
    if (NP_LIKELY(RA->tag == NP_TABLE)) {
        if (NP_UNLIKELY(L->global->gc.barrier_on)) TO(set_plain_shading);
        SET_PLAIN((void)0)
    }
    TO(poly_set);
}
EXTRA(set_plain_shading) {
    SET_PLAIN(np_barrier(L->global, table, RB))
    TO(poly_set);
}
HANDLER(SETTABUP_OWN) {
    const NpValue *object = np_lcl(base - 1)->upvalue[np_b(insn)]->at;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        if (NP_UNLIKELY(L->global->gc.barrier_on)) COLD(set_field);
        SET_OWN(table, RA, (void)0)
    }
    COLD(set_field);
}
HANDLER(SETFIELD_ADD) {
    /* The shape after the store is kept alive by this cache (gc/mark.c), except while a cycle is finding that out. */
    const NpValue *object = RA;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        unsigned slot = np_c(insn);
        if (NP_LIKELY(table->shape == pc[0] && slot < table->slot_capacity && RB->tag != NP_NIL &&
                      !L->global->heap.marking)) {
            np_slot_values(table)[slot] = RB->v;
            np_slot_tags(table)[slot] = RB->tag;
            table->shape = pc[2];
            pc += 3;
            NEXT;
        }
        if (table->shape == pc[0]) COLD(set_field);
    }
    TO(poly_set);
}
HANDLER(SETFIELD_ADDM) {
    const NpValue *object = RA;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        unsigned slot = np_c(insn);
        if (NP_LIKELY(table->shape == pc[0] && slot < table->slot_capacity && RB->tag != NP_NIL &&
                      !L->global->heap.marking && !(table->flags & (NP_FLAG_META | NP_FLAG_HOLDER)))) {
            const NpShape *after = &L->global->shape_table.shapes[pc[2]];
            if (NP_LIKELY(after->state == NP_SHAPE_LIVE && (after->metatable->absent & 1u << NP_EVENT_NEWINDEX))) {
                np_slot_values(table)[slot] = RB->v;
                np_slot_tags(table)[slot] = RB->tag;
                table->shape = pc[2];
                pc += 3;
                NEXT;
            }
        }
        if (table->shape == pc[0]) COLD(set_field);
    }
    TO(poly_set);
}

/* ---- computed keys ---- */
HANDLER(GETINDEX) {
    const NpValue *object = RB, *key = RC;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        if (NP_LIKELY(key->tag == NP_INT)) {
            uint64_t at = (uint64_t)key->v.i - 1;
            if (NP_LIKELY(at < table->array_size)) {
                uint8_t tag = np_array_tags(table)[at];
                if (NP_LIKELY(tag != NP_NIL)) {
                    NpPayload payload = table->array[at];
                    NpValue *to = RA;
                    to->v = payload;
                    to->tag = tag;
                    NEXT;
                }
                TO(get_index_record);
            }
            if (table->shape == NP_SHAPE_ROOT) {
                np_set_nil(RA);
                NEXT;
            }
        }
        if (NP_LIKELY(np_table_is_dict(table))) TO(get_index_dict);
        if (key->tag == NP_FLT) TO(get_index_word);
    }
    TO(get_index_record);
}
HANDLER(SETINDEX) {
    const NpValue *object = RA, *key = RB;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        if (NP_LIKELY(key->tag == NP_INT)) {
            uint64_t at = (uint64_t)key->v.i - 1;
            if (NP_LIKELY(at < table->array_size)) {
                uint8_t *tag = &np_array_tags(table)[at];
                /* A nil there means that __newindex has a say, if there is a metatable. */
                if (NP_LIKELY(*tag != NP_NIL || table->shape == NP_SHAPE_ROOT)) {
                    const NpValue *value = RC;
                    if (NP_UNLIKELY(L->global->gc.barrier_on)) TO(set_array_shading);
                    table->array[at] = value->v;
                    *tag = value->tag;
                    NEXT;
                }
                TO(set_index_record);
            }
        }
        if (NP_LIKELY(np_table_is_dict(table) && !L->global->gc.barrier_on)) TO(set_index_dict);
    }
    TO(set_index_record);
}
EXTRA(set_array_shading) {
    NpTable *table = np_tab(RA);
    uint64_t at = (uint64_t)RB->v.i - 1;
    const NpValue *value = RC;
    table->array[at] = value->v;
    np_array_tags(table)[at] = value->tag;
    np_barrier(L->global, table, value);
    NEXT;
}
HANDLER(GETINT) {
    const NpValue *object = RB;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        uint32_t at = np_c(insn) - 1u;
        if (NP_LIKELY(at < table->array_size)) {
            uint8_t tag = np_array_tags(table)[at];
            if (NP_LIKELY(tag != NP_NIL)) {
                NpPayload payload = table->array[at];
                NpValue *to = RA;
                to->v = payload;
                to->tag = tag;
                NEXT;
            }
        }
        if (NP_LIKELY(table->shape == NP_SHAPE_ROOT)) {
            np_set_nil(RA);
            NEXT;
        }
    }
    COLD(get_index);
}
HANDLER(SETINT) {
    const NpValue *object = RA;
    if (NP_LIKELY(object->tag == NP_TABLE)) {
        NpTable *table = np_tab(object);
        uint32_t at = np_b(insn) - 1u;
        if (NP_LIKELY(at < table->array_size)) {
            uint8_t *tag = &np_array_tags(table)[at];
            if (NP_LIKELY(*tag != NP_NIL || table->shape == NP_SHAPE_ROOT)) {
                const NpValue *value = RC;
                table->array[at] = value->v;
                *tag = value->tag;
                if (NP_UNLIKELY(L->global->gc.barrier_on)) np_barrier(L->global, table, value);
                NEXT;
            }
        }
    }
    COLD(set_index);
}
/* ---- arithmetic ---- */
#define WRAP(x, op, y) ((int64_t)((uint64_t)(x)->v.i op (uint64_t)(y)->v.i))

#define ARITH(op, LEFT, RIGHT)                                                                     \
    const NpValue *left = LEFT, *right = RIGHT;                                                      \
    if (NP_LIKELY(INTS(left, right))) {                                                            \
        np_set_int(RA, WRAP(left, op, right));                                                     \
        NEXT;                                                                                      \
    }                                                                                              \
    if (NP_LIKELY(FLTS(left, right))) {                                                            \
        np_set_flt(RA, left->v.n op right->v.n);                                                   \
        NEXT;                                                                                      \
    }                                                                                              \
    if (NP_LIKELY(np_is_number(left) && np_is_number(right))) {                                    \
        np_set_flt(RA, AS_FLT(left) op AS_FLT(right));                                             \
        NEXT;                                                                                      \
    }                                                                                              \
    TO(arith);

HANDLER(ADD) { ARITH(+, RB, RC) }
HANDLER(SUB) { ARITH(-, RB, RC) }
HANDLER(MUL) { ARITH(*, RB, RC) }
HANDLER(ADDK) { ARITH(+, RB, KC) }
HANDLER(SUBK) { ARITH(-, RB, KC) }
HANDLER(MULK) { ARITH(*, RB, KC) }
HANDLER(KADD) { ARITH(+, KB, RC) }
HANDLER(KSUB) { ARITH(-, KB, RC) }
HANDLER(KMUL) { ARITH(*, KB, RC) }

#define DIVIDE(LEFT, RIGHT)                                                                        \
    const NpValue *left = LEFT, *right = RIGHT;                                                      \
    if (NP_LIKELY(FLTS(left, right))) {                                                            \
        np_set_flt(RA, left->v.n / right->v.n);                                                    \
        NEXT;                                                                                      \
    }                                                                                              \
    if (NP_LIKELY(np_is_number(left) && np_is_number(right))) {                                    \
        np_set_flt(RA, AS_FLT(left) / AS_FLT(right));                                              \
        NEXT;                                                                                      \
    }                                                                                              \
    TO(arith);

HANDLER(DIV) { DIVIDE(RB, RC) }
HANDLER(DIVK) { DIVIDE(RB, KC) }
HANDLER(KDIV) { DIVIDE(KB, RC) }

/* Division of integers rounds towards minus infinity; positive operands need no correction. By a power of two, which
 * constants are asked for, it is the low bits, and the others shifted. */
#define IF_POWER(VALUE)                                                                            \
    if (np_is_power_of_two((uint64_t)right->v.i)) {                                                \
        np_set_int(RA, VALUE);                                                                     \
        NEXT;                                                                                      \
    }
#define MODULO(RIGHT, IF_EASY)                                                                     \
    const NpValue *left = RB, *right = RIGHT;                                                      \
    if (NP_LIKELY(INTS(left, right) && right->v.i > 0)) {                                          \
        IF_EASY                                                                                    \
        int64_t rest = ((uint64_t)(left->v.i | right->v.i) >> 32) == 0                             \
                           ? (int64_t)((uint32_t)left->v.i % (uint32_t)right->v.i)                 \
                           : left->v.i % right->v.i;                                               \
        np_set_int(RA, rest < 0 ? rest + right->v.i : rest);                                       \
        NEXT;                                                                                      \
    }                                                                                              \
    COLD(arith);
#define INT_DIVIDE(RIGHT, IF_EASY)                                                                 \
    const NpValue *left = RB, *right = RIGHT;                                                      \
    if (NP_LIKELY(INTS(left, right) && right->v.i > 0)) {                                          \
        IF_EASY                                                                                    \
        int64_t quotient;                                                                          \
        if (((uint64_t)(left->v.i | right->v.i) >> 32) == 0) {                                     \
            quotient = (int64_t)((uint32_t)left->v.i / (uint32_t)right->v.i);                      \
        } else {                                                                                   \
            quotient = left->v.i / right->v.i;                                                     \
            if (left->v.i < 0 && quotient * right->v.i != left->v.i) quotient--;                   \
        }                                                                                          \
        np_set_int(RA, quotient);                                                                  \
        NEXT;                                                                                      \
    }                                                                                              \
    COLD(arith);

HANDLER(MOD) { MODULO(RC, ) }
HANDLER(MODK) { MODULO(KC, IF_POWER(left->v.i & (right->v.i - 1))) }
HANDLER(IDIV) { INT_DIVIDE(RC, ) }
HANDLER(IDIVK) { INT_DIVIDE(KC, IF_POWER(left->v.i >> __builtin_ctzll((uint64_t)right->v.i))) }
HANDLER(POW) { TO(arith); }
HANDLER(POWK) {
    const NpValue *left = RB, *right = KC;
    if (NP_LIKELY(np_is_number(left) && AS_FLT(right) == 2.0)) {
        double number = AS_FLT(left);
        np_set_flt(RA, number * number);
        NEXT;
    }
    TO(arith);
}

#define BITWISE(op, RIGHT)                                                                         \
    const NpValue *left = RB, *right = RIGHT;                                                      \
    if (NP_LIKELY(INTS(left, right))) {                                                            \
        np_set_int(RA, WRAP(left, op, right));                                                     \
        NEXT;                                                                                      \
    }                                                                                              \
    TO(arith);

HANDLER(BAND) { BITWISE(&, RC) }
HANDLER(BOR) { BITWISE(|, RC) }
HANDLER(BXOR) { BITWISE(^, RC) }
HANDLER(BANDK) { BITWISE(&, KC) }
HANDLER(BORK) { BITWISE(|, KC) }
HANDLER(BXORK) { BITWISE(^, KC) }

#define SHIFT(op, RIGHT)                                                                           \
    const NpValue *left = RB, *right = RIGHT;                                                      \
    if (NP_LIKELY(INTS(left, right) && (uint64_t)right->v.i < 64)) {                               \
        np_set_int(RA, (int64_t)((uint64_t)left->v.i op right->v.i));                              \
        NEXT;                                                                                      \
    }                                                                                              \
    TO(arith);

HANDLER(SHL) { SHIFT(<<, RC) }
HANDLER(SHR) { SHIFT(>>, RC) }
HANDLER(SHLK) { SHIFT(<<, KC) }
HANDLER(SHRK) { SHIFT(>>, KC) }

HANDLER(UNM) {
    const NpValue *operand = RB;
    if (operand->tag == NP_INT) {
        np_set_int(RA, (int64_t)(0 - (uint64_t)operand->v.i));
        NEXT;
    }
    if (operand->tag == NP_FLT) {
        np_set_flt(RA, -operand->v.n);
        NEXT;
    }
    TO(arith);
}
HANDLER(BNOT) {
    const NpValue *operand = RB;
    if (NP_LIKELY(operand->tag == NP_INT)) {
        np_set_int(RA, ~operand->v.i);
        NEXT;
    }
    TO(arith);
}
HANDLER(NOT) {
    np_set_bool(RA, np_is_false(RB));
    NEXT;
}
HANDLER(LEN) {
    const NpValue *object = RB;
    if (object->tag == NP_TABLE && np_tab(object)->shape == NP_SHAPE_ROOT) {
        NpTable *table = np_tab(object);
        uint32_t hint = table->border_hint, size = table->array_size;
        const uint8_t *tags = np_array_tags(table);
        if (NP_LIKELY(hint < size && (hint == 0 || tags[hint - 1] != NP_NIL))) {
            if (tags[size - 1] != NP_NIL) {
                hint = size;
            } else if (tags[hint] != NP_NIL) {
                table->border_hint = ++hint; /* one was appended; not the last, which is nil */
                if (tags[hint] != NP_NIL) COLD(length);
            }
            np_set_int(RA, hint);
            NEXT;
        }
    } else if (object->tag == NP_STR) {
        np_set_int(RA, (int64_t)np_str(object)->length);
        NEXT;
    }
    COLD(length);
}
HANDLER(CONCAT) { COLD(concat); }

/* ---- jumps and comparisons ---- */
HANDLER(JMP) {
    pc += np_e(insn);
    NEXT;
}
HANDLER(LOOP) {
    pc += np_e(insn);
    dispatch = L->dispatch;
    NEXT;
}

/* Each outcome has its own way on: one jump less than if they met again. */
#define BRANCH_ON(outcome, expected)                                                               \
    if (outcome) {                                                                                 \
        if (expected) JUMP_W1;                                                                     \
        else pc++;                                                                                 \
        NEXT;                                                                                      \
    }                                                                                              \
    if (expected) pc++;                                                                            \
    else JUMP_W1;                                                                                  \
    NEXT
#define BRANCH(outcome) BRANCH_ON(outcome, np_c(insn))

HANDLER(EQ) {
    const NpValue *left = RA, *right = RB;
    if (left->tag == right->tag) {
        if (left->tag == NP_INT) { BRANCH(left->v.i == right->v.i); }
        if (left->tag == NP_FLT) { BRANCH(left->v.n == right->v.n); }
        if (left->tag <= NP_TRUE) { BRANCH(true); }
        if (left->v.bits == right->v.bits) { BRANCH(true); }
        if (left->tag == NP_STR && (np_str(left)->is_short || np_str(right)->is_short)) { BRANCH(false); }
    } else if (!(left->tag & right->tag & NP_TAG_NUMBER)) {
        BRANCH(false);
    }
    COLD(compare);
}
#define ORDER(op)                                                                                  \
    const NpValue *left = RA, *right = RB;                                                         \
    if (NP_LIKELY(INTS(left, right))) { BRANCH(left->v.i op right->v.i); }                         \
    if (NP_LIKELY(FLTS(left, right))) { BRANCH(left->v.n op right->v.n); }                         \
    COLD(compare);
HANDLER(LT) { ORDER(<) }
HANDLER(LE) { ORDER(<=) }
HANDLER(EQK) {
    const NpValue *left = RA, *right = constants + np_b(insn);
    if (left->tag == right->tag && left->tag != NP_FLT) {
        if (left->tag <= NP_TRUE || left->v.bits == right->v.bits) { BRANCH(true); }
        if (left->tag != NP_STR || np_str(right)->is_short) { BRANCH(false); }
    } else if (!(left->tag & right->tag & NP_TAG_NUMBER)) {
        BRANCH(false);
    }
    BRANCH(np_raw_equal(left, right));
}
HANDLER(EQI) {
    const NpValue *left = RA;
    if (left->tag == NP_INT) { BRANCH(left->v.i == np_sb(insn)); }
    BRANCH(left->tag == NP_FLT && left->v.n == (double)np_sb(insn));
}
#define BRANCH_I(outcome) BRANCH_ON(outcome, np_c(insn) & 1)
#define ORDER_I(op)                                                                                \
    const NpValue *left = RA;                                                                      \
    if (NP_LIKELY(left->tag == NP_INT)) { BRANCH_I(left->v.i op np_sb(insn)); }                    \
    if (NP_LIKELY(left->tag == NP_FLT)) { BRANCH_I(left->v.n op (double)np_sb(insn)); }            \
    COLD(compare);
HANDLER(LTI) { ORDER_I(<) }
HANDLER(LEI) { ORDER_I(<=) }
HANDLER(GTI) { ORDER_I(>) }
HANDLER(GEI) { ORDER_I(>=) }
HANDLER(TEST) { BRANCH(!np_is_false(RA)); }
HANDLER(TESTSET) {
    const NpValue *from = RB;
    if (!np_is_false(from) == (np_c(insn) != 0)) {
        np_copy(RA, from);
        JUMP_W1;
    } else {
        pc++;
    }
    NEXT;
}

/* ---- calls ---- */
/* A C function: where it is one of builtins.def it is done here, at most. `insn` is a CALL, or a TAILCALL with C = 0. */
EXTRA(call_c) {
    NpValue *func = RA;
    if (NP_LIKELY(func->tag == NP_CFUNC || func->tag == NP_CCLOSURE)) {
        NpBuiltin *builtin = np_builtin_find(L->global, func->tag == NP_CFUNC ? func->v.f : np_ccl(func)->function);
        if (NP_LIKELY(builtin != NULL)) {
            L->frame->u.lua.pc = pc;
            int count = builtin(L, func, (int)(L->top - func) - 1);
            if (NP_LIKELY(count >= 0)) {
                int wanted = (int)np_c(pc[-1]) - 1;
                if (wanted < 0) L->top = func + count;
                for (; NP_UNLIKELY(count < wanted); count++) np_set_nil(func + count);
                dispatch = L->dispatch;
                NEXT;
            }
            if (count != NP_BUILTIN_NOT_PLAIN) {
                if (count == NP_BUILTIN_LEAVE) return;
                if (count == NP_BUILTIN_THREAD) L = L->global->running;
                RELOAD;
                NEXT;
            }
            insn = pc[-1];
        }
        TO(call_c_frame);
    }
    COLD(call);
}
/* A call of another C function, which has a frame. What resumes, yields or catches is left to np_vm_call. */
EXTRA(call_c_frame) {
    NpValue *func = RA;
    const NpGlobal *global = L->global;
    lua_CFunction function = func->tag == NP_CFUNC ? func->v.f : np_ccl(func)->function;
    NpFrame *frame = L->frame + 1;
    if (NP_UNLIKELY(function == global->resume_function || function == global->yield_function ||
                    function == global->wrap_function || function == global->pcall_function || L->hook_mask || frame == L->frames_end ||
                    np_stack_short(L, LUA_MINSTACK) || NP_STACK_MOVES))
        COLD(call);
    frame[-1].u.lua.pc = pc;
    frame->func = func;
    frame->top = L->top + LUA_MINSTACK;
    frame->nresults = (int16_t)((int)np_c(insn) - 1);
    frame->flags = NP_FRAME_C;
    frame->u.c.k = NULL;
    L->frame = frame;
    int count = function(L);
    np_gate_pass(L);
    np_call_check_count(L, count);
    if (NP_LIKELY(count >= 0)) np_call_post(L, L->frame, count);
    else (void)np_call_requested(L);
    RELOAD;
    NEXT;
}
HANDLER(CALL) {
    NpValue *func = RA, *top = func + np_b(insn);
    if (NP_LIKELY(top != func)) L->top = top;
    else top = L->top;
    if (NP_LIKELY(func->tag == NP_LCLOSURE)) {
        const NpProto *proto = np_lcl(func)->proto;
        NpFrame *caller = L->frame, *frame = caller + 1;
        if (NP_LIKELY(L->stack_last - top > proto->max_stack && frame != L->frames_end)) {
            ENTER_LUA((int16_t)(np_c(insn) - 1), 0);
        }
        COLD(call);
    }
    TO(call_c);
}
/* Where the results of a frame go: to the place of the function as it was called. */
#define RESULTS_AT(frame) ((frame)->func - (frame)->u.lua.below)
HANDLER(TAILCALL) {
    NpValue *func = RA, *top = func + np_b(insn);
    if (NP_LIKELY(top != func)) L->top = top;
    else top = L->top;
    if (np_c(insn) != 0) {
        if (NP_UNLIKELY(L->global->gc.barrier_on)) COLD(tail_call);
        np_func_close_plainly(L, base);
    }
    if (NP_LIKELY(func->tag == NP_LCLOSURE)) {
        const NpProto *proto = np_lcl(func)->proto;
        NpFrame *frame = L->frame;
        NpValue *to = RESULTS_AT(frame);
        if (NP_LIKELY(L->stack_last - top > proto->max_stack && L->gc_slot <= (size_t)(to - L->stack))) {
            frame->func = to;
            base = to + 1;
            for (const NpValue *from = func; from < top; from++, to++) np_copy(to, from);
            while (NP_UNLIKELY(to - base < proto->nparams)) np_set_nil(to++);
            L->top = to;
            frame->top = base + proto->max_stack;
            frame->flags = (uint16_t)((frame->flags | NP_FRAME_TAIL) & ~NP_FRAME_HOOK_SEEN);
            frame->u.lua.nextra = frame->u.lua.below = 0;
            constants = proto->constants;
            pc = proto->code;
            frame->u.lua.constants = constants;
            frame->u.lua.pc = pc;
            dispatch = L->dispatch;
            NEXT;
        }
        COLD(tail_call);
    }
    if (NP_LIKELY((func->tag == NP_CFUNC || func->tag == NP_CCLOSURE) && np_c(insn) == 0)) TO(call_c);
    COLD(tail_call);
}

#define PLAIN_RETURN(frame) NP_LIKELY(((frame)->flags & (0xffff & ~NP_FRAME_TAIL)) == 0)
#define RESUME_CALLER                                                                              \
    L->frame = frame - 1;                                                                          \
    pc = frame[-1].u.lua.pc;                                                                       \
    base = frame[-1].func + 1;                                                                     \
    constants = frame[-1].u.lua.constants;                                                         \
    NEXT

HANDLER(RETURN) {
    NpFrame *frame = L->frame;
    if (PLAIN_RETURN(frame) && np_c(insn) == 0) {
        NpValue *to = RESULTS_AT(frame);
        const NpValue *from = RA;
        int count = np_b(insn) ? (int)np_b(insn) - 1 : (int)(L->top - from);
        int wanted = frame->nresults;
        if (wanted < 0) {
            wanted = count;
            L->top = to + count;
        }
        for (; wanted > 0 && count > 0; wanted--, count--) np_copy(to++, from++);
        for (; wanted > 0; wanted--) np_set_nil(to++);
        RESUME_CALLER;
    }
    if (np_c(insn) != 0) TO(return_closing);
    TO(return_inside);
}
HANDLER(RETURN0) {
    NpFrame *frame = L->frame;
    if (PLAIN_RETURN(frame)) {
        NpValue *to = RESULTS_AT(frame);
        int wanted = frame->nresults;
        if (NP_UNLIKELY(wanted != 0)) {
            for (; wanted > 0; wanted--) np_set_nil(to++);
            L->top = to;
        }
        RESUME_CALLER;
    }
    TO(return_inside);
}
HANDLER(RETURN1) {
    NpFrame *frame = L->frame;
    if (PLAIN_RETURN(frame)) {
        int wanted = frame->nresults;
        /* base - 1 is known before the frame has been read: whoever uses the result does not wait for that. */
        if (NP_LIKELY(wanted == 1 && frame->u.lua.below == 0)) {
            np_copy(base - 1, RA);
            RESUME_CALLER;
        }
        NpValue *to = RESULTS_AT(frame);
        if (wanted != 0) {
            np_copy(to, RA);
            L->top = ++to;
            for (wanted--; wanted > 0; wanted--) np_set_nil(to++);
        }
        RESUME_CALLER;
    }
    TO(return_inside);
}
HANDLER(VARARGPREP) {
    /* The function and its parameters move above the extra arguments. */
    NpFrame *frame = L->frame;
    NpValue *func = base - 1, *top = L->top;
    int nparams = (int)np_a(insn), max_stack = np_lcl(func)->proto->max_stack;
    if (NP_UNLIKELY(L->stack_last - top <= max_stack + 1)) COLD(vararg_prep);
    np_copy(top, func);
    for (int i = 1; i <= nparams; i++) {
        np_copy(top + i, func + i);
        np_set_nil(func + i);
    }
    frame->u.lua.nextra = (int32_t)(top - base) - nparams;
    frame->u.lua.below = (int32_t)(top - func);
    frame->func = top;
    base = top + 1;
    frame->top = base + max_stack;
    L->top = base + nparams;
    NEXT;
}
HANDLER(VARARG) {
    int wanted = (int)np_c(insn) - 1, extra = L->frame->u.lua.nextra;
    NpValue *to = RA;
    const NpValue *from = base - 1 - extra;
    if (wanted < 0) {
        wanted = extra;
        if (NP_UNLIKELY(L->stack_last - to <= wanted)) COLD(vararg);
        L->top = to + wanted;
    }
    int copied = wanted < extra ? wanted : extra;
    for (int i = 0; i < copied; i++) np_copy(to + i, from + i);
    for (int i = copied; i < wanted; i++) np_set_nil(to + i);
    NEXT;
}

/* ---- loops ---- */
HANDLER(FORPREP) {
    NpValue *start = RA;
    if (NP_LIKELY(INTS(start, start + 1) && start[2].tag == NP_INT && start[2].v.i == 1)) {
        if (NP_UNLIKELY(start->v.i > start[1].v.i)) {
            JUMP_W1;
            NEXT;
        }
        start[1].v.i = (int64_t)((uint64_t)start[1].v.i - (uint64_t)start->v.i); /* as FORLOOP wants it */
        np_set_int(start + 3, start->v.i);
        pc++;
        NEXT;
    }
    COLD(for_prep);
}
HANDLER(FORLOOP) {
    NpValue *index = RA;
    if (NP_LIKELY(index[2].tag == NP_INT)) {
        /* The limit's slot counts the iterations left. */
        uint64_t left = (uint64_t)index[1].v.i;
        if (NP_LIKELY(left > 0)) {
            int64_t value = (int64_t)((uint64_t)index->v.i + (uint64_t)index[2].v.i);
            index[1].v.i = (int64_t)(left - 1);
            index->v.i = value;
            np_set_int(index + 3, value);
            JUMP_W1;
            dispatch = L->dispatch;
            NEXT;
        }
    } else {
        double step = index[2].v.n, value = index->v.n + step;
        if (step > 0 ? value <= index[1].v.n : index[1].v.n <= value) {
            index->v.n = value;
            np_set_flt(index + 3, value);
            JUMP_W1;
            dispatch = L->dispatch;
            NEXT;
        }
    }
    pc++;
    NEXT;
}
HANDLER(TFORPREP) {
    if (!np_is_false(RA + 3)) COLD(tfor_prep);
    JUMP_W1;
    NEXT;
}
HANDLER(TFORCALL) {
    /* pairs and ipairs need no call, and their TFORLOOP is done here as well. */
    NpValue *state = RA;
    if (NP_LIKELY(state->tag == NP_CFUNC && state[1].tag == NP_TABLE)) {
        if (state->v.f == L->global->next_function) {
            if (NP_UNLIKELY(!np_table_iterate(L, state))) COLD(tfor_call);
        } else if (state->v.f == L->global->ipairs_step && state[2].tag == NP_INT) {
            const NpTable *table = np_tab(state + 1);
            uint64_t at = (uint64_t)state[2].v.i;
            if (NP_UNLIKELY(at >= table->array_size || np_array_tags(table)[at] == NP_NIL)) COLD(tfor_call);
            np_set_int(state + 4, (int64_t)at + 1);
            state[5].v = table->array[at];
            state[5].tag = np_array_tags(table)[at];
        } else {
            COLD(tfor_call);
        }
        for (unsigned i = 2; NP_UNLIKELY(i < np_c(insn)); i++) np_set_nil(state + 4 + i);
        if (NP_LIKELY(state[4].tag != NP_NIL)) {
            np_copy(state + 2, state + 4);
            pc += 2 + (int32_t)pc[1];
            dispatch = L->dispatch;
        } else {
            pc += 2;
        }
        NEXT;
    }
    TO(tfor_function);
}
EXTRA(tfor_function) {
    NpValue *state = RA, *func = state + 4, *top = state + 7;
    if (NP_LIKELY(state->tag == NP_LCLOSURE)) {
        const NpProto *proto = np_lcl(state)->proto;
        NpFrame *caller = L->frame, *frame = caller + 1;
        if (NP_LIKELY(L->stack_last - top > proto->max_stack && frame != L->frames_end)) {
            for (int i = 0; i < 3; i++) np_copy(func + i, state + i);
            L->top = top;
            ENTER_LUA((int16_t)np_c(insn), 0);
        }
    }
    COLD(tfor_call);
}
HANDLER(TFORLOOP) {
    NpValue *state = RA;
    if (!np_is_nil(state + 4)) {
        np_copy(state + 2, state + 4);
        JUMP_W1;
        dispatch = L->dispatch;
        NEXT;
    }
    pc++;
    NEXT;
}

/* ---- closures and scopes ---- */
#include "runtime/vm_dict.h"
#include "runtime/vm_make.h"
#include "runtime/vm_meta.h"
HANDLER(CLOSE) { COLD(close); }
HANDLER(TBC) { COLD(mark_tbc); }

#undef RA
#undef RB
#undef RC
#undef KB
#undef KC
