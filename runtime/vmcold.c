/* vmcold.c: the interpreter's cold and warm paths.
 * Owns: filling of inline caches, metamethod calls from instructions (without recursion on the C stack), completion
 *       of interrupted instructions, calls and returns beyond the plain cases.
 * Does not: dispatch (vm.c). The contract is in vmcold.h. */
#include "runtime/vmcold.h"
#include "runtime/call.h"
#include "runtime/debuginfo.h"
#include "runtime/dict.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/meta.h"
#include "runtime/number.h"
#include "runtime/strings.h"
#include "runtime/table.h"
#include "runtime/vmslow.h"

enum {
    CONSTRUCTOR_WORDS = 4096, /* how far the fields of a constructor are looked for */
    ROOM_MOST = 1 << 24       /* elements that room is made for before they are there */
};

static NpValue *reg(lua_State *L, unsigned index) { return L->frame->func + 1 + index; }
static const NpValue *constant(lua_State *L, unsigned index) { return L->frame->u.lua.constants + index; }
static NpProto *proto_of(lua_State *L) { return np_frame_closure(L->frame)->proto; }

static void advance(lua_State *L, NpInstr insn) {
    L->frame->u.lua.pc += np_opcode_info[np_op(insn)].words - 1;
}

/* ---- metamethods ---- */
/* Pushes the frame of a metamethod, or runs it to its end when it is a C function. `third` may be NULL. */
NP_INLINE void call_method(lua_State *L, const NpValue *method, const NpValue *first, const NpValue *second,
                           const NpValue *third, int nresults) {
    NpFrame *caller = L->frame, *frame = caller + 1;
    NpValue *slot = caller->top;
    int nargs = third ? 3 : 2;
    if (NP_LIKELY(method->tag == NP_LCLOSURE)) {
        const NpProto *proto = np_lcl(method)->proto;
        /* Function and arguments may be more than the registers. */
        if (NP_LIKELY(L->stack_last - slot > 5 + proto->max_stack && frame != L->frames_end && !NP_STACK_MOVES)) {
            np_frame_begin_lua(frame, slot, proto, nresults, NP_FRAME_FINISH);
            np_copy(slot, method);
            np_copy(slot + 1, first);
            np_copy(slot + 2, second);
            if (third) np_copy(slot + 3, third);
            for (; NP_UNLIKELY(nargs < proto->nparams); nargs++) np_set_nil(slot + 1 + nargs);
            L->top = slot + 1 + nargs;
            L->frame = frame;
            return;
        }
    }
    NpCallee callee = {.nargs = nargs};
    np_copy(&callee.function, method);
    np_copy(&callee.first, first);
    np_copy(&callee.second, second);
    if (third) np_copy(&callee.third, third);
    L->top = slot;
    NpValue *func = np_slow_push_callee(L, &callee);
    if (!np_call_prepare(L, func, nresults, NP_FRAME_FINISH)) np_vm_finish(L, L->frame);
}

void np_vm_begin_method(lua_State *L, NpInstr insn) {
    int nresults = (np_opcode_info[np_op(insn)].flags & (NP_OPF_SA | NP_OPF_CMP)) != 0;
    if (!np_call_prepare(L, L->frame->top, nresults, NP_FRAME_FINISH)) np_vm_finish(L, L->frame);
}

static void call_from_instruction(lua_State *L, const NpCallee *callee, int nresults) {
    call_method(L, &callee->function, &callee->first, &callee->second, callee->nargs == 3 ? &callee->third : NULL, nresults);
}

/* ---- inline caches: reads ---- */
static NpInstr *cache_words(lua_State *L) { return (NpInstr *)L->frame->u.lua.pc; }

static void patch(NpInstr *words, NpOpcode op, unsigned slot, uint32_t shape) {
    words[-1] = (words[-1] & 0x00ffff00u) | op | slot << 24;
    words[0] = shape;
}

static uint32_t key_index(lua_State *L, NpInstr insn) {
    const NpInstr *words = L->frame->u.lua.pc;
    unsigned op = np_op(insn);
    if (op == NP_OP_GETFIELD_CHAIN || op == NP_OP_SELF_CHAIN) return proto_of(L)->chains[words[1]].key;
    return words[1];
}

/* The record along the __index chain that begins with a metatable (or NULL) that has the key in a slot, or NULL. Tables
 * passed on the way are marked as holders so that changes to them raise the epoch. */
static NpTable *chain_holder(lua_State *L, NpTable *metatable, NpString *key, unsigned *slot) {
    NpGlobal *global = L->global;
    for (int step = 0; step < 16; step++) {
        NpTable *table;
        NpValue index;
        if (!metatable || !np_meta_raw(L, metatable, NP_EVENT_INDEX, &index) || !np_is_table(&index)) return NULL;
        table = np_tab(&index);
        if (np_table_is_dict(table)) return NULL;
        np_table_make_holder(L, table);
        metatable = np_table_meta(global, table);
        int at = np_shape_find(np_shape_of(global, table), key);
        if (at < 0) continue;
        if (np_slot_tags(table)[at] == NP_NIL || np_table_gone(table, np_slot_values(table)[at], np_slot_tags(table)[at]))
            continue; /* deleted: a later store raises the epoch */
        *slot = (unsigned)at;
        return table;
    }
    return NULL;
}

/* An entry for an instruction that has none. One that gives its own up marks it free: instructions that see now an
 * own field, now one of a class must not add to the list for ever. */
static uint32_t take_chain(lua_State *L, NpProto *proto) {
    if (proto->nchains == proto->chain_capacity) {
        for (int32_t i = 0; i < proto->nchains; i++)
            if (proto->chains[i].key == NP_CHAIN_FREE) return (uint32_t)i;
        int capacity = proto->chain_capacity ? proto->chain_capacity * 2 : 4;
        proto->chains = np_mem_regrow(L, proto->chains, (size_t)proto->chain_capacity * sizeof(NpChainCache),
                                      (size_t)capacity * sizeof(NpChainCache));
        proto->chain_capacity = capacity;
    }
    return (uint32_t)proto->nchains++;
}

static bool is_chain(NpInstr insn) { return np_op(insn) == NP_OP_GETFIELD_CHAIN || np_op(insn) == NP_OP_SELF_CHAIN; }

static void fill_chain(lua_State *L, NpInstr insn, NpOpcode op, uint32_t shape, NpTable *holder, unsigned slot,
                       uint32_t key) {
    NpProto *proto = proto_of(L);
    NpInstr *words = cache_words(L);
    uint32_t at = is_chain(insn) ? words[1] : take_chain(L, proto);
    proto->chains[at] = (NpChainCache){.holder = holder, .epoch = L->global->meta_epoch, .key = key, .slot = (uint8_t)slot};
    patch(words, op, 0, shape);
    words[1] = at;
}

static void remember(lua_State *L, uint32_t shape, NpString *key, NpTable *holder, unsigned slot) {
    NpAccessEntry *entry = np_access_entry(L->global->access, shape, key);
    *entry = (NpAccessEntry){.shape = shape, .epoch = L->global->meta_epoch, .key = key, .holder = holder, .slot = slot};
}

static bool index_is_function(lua_State *L, NpTable *metatable) {
    NpValue index;
    return np_meta_raw(L, metatable, NP_EVENT_INDEX, &index) && np_lua_type[index.tag] == LUA_TFUNCTION;
}

/* Specialises the site for the record's shape, and enters what was found into the table of recent accesses. */
static void cache_get(lua_State *L, NpInstr insn, NpTable *table, NpString *key, uint32_t key_at) {
    static const uint8_t own_form[] = {[0] = NP_OP_GETFIELD_OWN, [1] = NP_OP_SELF_OWN, [2] = NP_OP_GETTABUP_OWN};
    unsigned base = np_opcode_info[np_op(insn)].base;
    unsigned which = base == NP_OP_GETFIELD ? 0 : base == NP_OP_SELF ? 1 : 2;
    NpShape *shape = np_shape_of(L->global, table);
    int slot = np_shape_find(shape, key);
    if (slot >= 0) {
        if (np_slot_tags(table)[slot] == NP_NIL && shape->metatable) return;
        remember(L, table->shape, key, NULL, (unsigned)slot);
        if (is_chain(insn)) proto_of(L)->chains[cache_words(L)[1]].key = NP_CHAIN_FREE;
        patch(cache_words(L), own_form[which], (unsigned)slot, table->shape);
        cache_words(L)[1] = key_at;
        return;
    }
    if (!shape->metatable) {
        remember(L, table->shape, key, NULL, NP_ACCESS_ABSENT);
        return;
    }
    if (index_is_function(L, shape->metatable)) {
        remember(L, table->shape, key, NULL, NP_ACCESS_CALL);
        return;
    }
    if (which == 2) return;
    unsigned holder_slot;
    NpTable *holder = chain_holder(L, shape->metatable, key, &holder_slot);
    if (!holder) return;
    remember(L, table->shape, key, holder, holder_slot);
    fill_chain(L, insn, which == 0 ? NP_OP_GETFIELD_CHAIN : NP_OP_SELF_CHAIN, table->shape, holder, holder_slot, key_at);
}

/* The same for what has no shape, strings among them, and is known to lack the key: only the table of recent accesses. */
static void cache_get_through(lua_State *L, NpTable *metatable, NpString *key) {
    unsigned holder_slot;
    NpTable *holder = chain_holder(L, metatable, key, &holder_slot);
    if (!holder) return;
    *np_access_entry_dict(L->global->access, metatable, key) =
        (NpAccessEntry){.shape = NP_SHAPE_DICT, .epoch = L->global->meta_epoch, .key = key, .holder = holder,
                        .metatable = metatable, .slot = holder_slot};
}

static void cache_get_dict(lua_State *L, NpTable *table, NpString *key) {
    NpDict *dict = table->slots;
    const NpDictNode *node = np_dict_find_short(dict, key);
    if (dict->metatable && !(node && node->value_tag != NP_NIL)) cache_get_through(L, dict->metatable, key);
}

/* The handlers have looked in vain at what the site and the table of recent accesses know. */
void np_vm_get_field(lua_State *L, NpInstr insn) {
    NpFrame *frame = L->frame;
    unsigned base = np_opcode_info[np_op(insn)].base;
    uint32_t key_at = key_index(L, insn);
    const NpValue *key = constant(L, key_at);
    const NpValue *object = base == NP_OP_GETTABUP ? np_frame_closure(frame)->upvalue[np_b(insn)]->at : reg(L, np_b(insn));
    if (base == NP_OP_SELF) np_copy(reg(L, np_a(insn) + 1), object);
    if (np_is_table(object)) {
        NpTable *table = np_tab(object);
        if (np_table_is_dict(table)) {
            cache_get_dict(L, table, np_str(key));
        } else {
            const NpAccessEntry *entry = np_access_entry(L->global->access, table->shape, np_str(key));
            NpValue method;
            if (entry->shape == table->shape && entry->key == np_str(key) && entry->slot == NP_ACCESS_CALL &&
                entry->epoch == L->global->meta_epoch &&
                np_vm_method(L, np_shape_of(L->global, table)->metatable, NP_EVENT_INDEX, &method)) {
                call_method(L, &method, object, key, NULL, 1);
                return;
            }
            cache_get(L, insn, table, np_str(key), key_at);
        }
    } else if (base == NP_OP_SELF && np_is_str(object)) {
        cache_get_through(L, L->global->type_meta[LUA_TSTRING], np_str(key));
    }
    NpCallee callee;
    if (np_slow_find(L, object, key, reg(L, np_a(insn)), &callee)) advance(L, insn);
    else call_from_instruction(L, &callee, 1);
}

/* ---- weak tables that are being cleared ---- */
void np_vm_guard(lua_State *L, NpInstr insn) {
    const NpValue *object, *key;
    NpValue integer;
    np_set_nil(&integer);
    key = &integer;
    switch (np_opcode_info[np_op(insn)].base) {
    case NP_OP_GETTABUP: case NP_OP_SETTABUP:
        object = np_frame_closure(L->frame)->upvalue[np_b(insn)]->at;
        key = constant(L, key_index(L, insn));
        break;
    case NP_OP_GETFIELD: case NP_OP_SELF:
        object = reg(L, np_b(insn));
        key = constant(L, key_index(L, insn));
        break;
    case NP_OP_SETFIELD:
        object = reg(L, np_a(insn));
        key = constant(L, key_index(L, insn));
        break;
    case NP_OP_GETINDEX:
        object = reg(L, np_b(insn));
        key = reg(L, np_c(insn));
        break;
    case NP_OP_SETINDEX:
        object = reg(L, np_a(insn));
        key = reg(L, np_b(insn));
        break;
    case NP_OP_GETINT:
        object = reg(L, np_b(insn));
        np_set_int(&integer, np_c(insn));
        break;
    case NP_OP_SETINT:
        object = reg(L, np_a(insn));
        np_set_int(&integer, np_b(insn));
        break;
    case NP_OP_TFORCALL: /* ipairs; a walk by next looks for itself */
        object = reg(L, np_a(insn) + 1);
        if (np_is_int(object + 1)) np_set_int(&integer, object[1].v.i + 1);
        break;
    default: return;
    }
    if (!np_is_table(object) || !(np_tab(object)->flags & NP_FLAG_WEAK)) return;
    int64_t whole;
    if (key->tag == NP_FLT && np_number_flt_to_int(key->v.n, &whole, NP_ROUND_EXACT)) {
        np_set_int(&integer, whole);
        key = &integer;
    }
    np_table_purge(L, np_tab(object), key);
}

/* ---- inline caches: writes ---- */
/* A store that adds a field, of which the site or the table of recent accesses knows what it makes of the table's shape, but not
 * in the loop: for want of room, or because the shape has to be marked. */
static bool add_known(lua_State *L, NpInstr insn, NpTable *table, const NpString *key) {
    NpGlobal *global = L->global;
    const NpInstr *words = cache_words(L);
    const NpValue *value = reg(L, np_b(insn));
    const bool at_site = (np_op(insn) == NP_OP_SETFIELD_ADD || np_op(insn) == NP_OP_SETFIELD_ADDM) && table->shape == words[0];
    const NpAccessEntry *entry = np_access_entry_add(global->access, table->shape, key);
    if (!at_site && (entry->shape != (table->shape | NP_ACCESS_ADDS) || entry->key != key ||
                     (++global->access_misses & NP_ACCESS_RETRY) == 0))
        return false;
    const uint32_t after = at_site ? words[2] : entry->epoch;
    const unsigned slot = at_site ? np_c(insn) : entry->slot;
    const NpShape *shape = &global->shape_table.shapes[after];
    if (np_is_nil(value) || shape->state != NP_SHAPE_LIVE || !np_shape_is_touched(global, after)) return false;
    if (shape->metatable && !(shape->metatable->absent & 1u << NP_EVENT_NEWINDEX)) return false;
    np_table_grow_slots(L, table, slot);
    np_slot_values(table)[slot] = value->v;
    np_slot_tags(table)[slot] = value->tag;
    table->shape = after;
    np_barrier(global, table, value);
    advance(L, insn);
    return true;
}

void np_vm_set_field(lua_State *L, NpInstr insn) {
    NpFrame *frame = L->frame;
    bool up = np_opcode_info[np_op(insn)].base == NP_OP_SETTABUP;
    NpInstr *words = cache_words(L);
    const NpValue *key = constant(L, words[1]);
    const NpValue *object = up ? np_frame_closure(frame)->upvalue[np_b(insn)]->at : reg(L, np_a(insn));
    const NpValue *value = up ? reg(L, np_a(insn)) : reg(L, np_b(insn));
    if (np_is_table(object) && !np_table_is_dict(np_tab(object)) &&
        !(np_tab(object)->flags & (NP_FLAG_META | NP_FLAG_HOLDER))) {
        NpTable *table = np_tab(object);
        if (!up && add_known(L, insn, table, np_str(key))) return;
        NpShape *shape = np_shape_of(L->global, table);
        uint32_t before = table->shape;
        int slot = np_shape_find(shape, np_str(key));
        bool present = slot >= 0 && np_slot_tags(table)[slot] != NP_NIL;
        NpTable *metatable = shape->metatable;
        NpValue method;
        if (!present && np_vm_method(L, metatable, NP_EVENT_NEWINDEX, &method)) {
            if (np_lua_type[method.tag] == LUA_TFUNCTION) {
                call_method(L, &method, object, key, value, 0);
                return;
            }
        } else if (slot >= 0) {
            remember(L, before, np_str(key), NULL, (unsigned)slot);
            patch(words, up ? NP_OP_SETTABUP_OWN : metatable ? NP_OP_SETFIELD_OWN : NP_OP_SETFIELD_PLAIN, (unsigned)slot, before);
            np_table_set_str(L, table, np_str(key), value, true);
            advance(L, insn);
            return;
        } else if (value->tag != NP_NIL) {
            np_table_set_str(L, table, np_str(key), value, true);
            if (!up && !np_table_is_dict(table)) {
                slot = np_shape_find(np_shape_of(L->global, table), np_str(key));
                patch(words, metatable ? NP_OP_SETFIELD_ADDM : NP_OP_SETFIELD_ADD, (unsigned)slot, before);
                words[2] = table->shape;
                if (!metatable)
                    *np_access_entry_add(L->global->access, before, np_str(key)) =
                        (NpAccessEntry){.shape = before | NP_ACCESS_ADDS, .epoch = table->shape, .key = np_str(key), .slot = (uint32_t)slot};
            }
            advance(L, insn);
            return;
        }
    }
    NpCallee callee;
    if (np_slow_store(L, object, key, value, true, &callee)) advance(L, insn);
    else call_from_instruction(L, &callee, 0);
}

/* ---- computed keys ---- */
void np_vm_get_index(lua_State *L, NpInstr insn) {
    NpValue integer;
    const NpValue *key = reg(L, np_c(insn));
    if (np_op(insn) == NP_OP_GETINT) {
        np_set_int(&integer, np_c(insn));
        key = &integer;
    }
    NpCallee callee;
    if (!np_slow_find(L, reg(L, np_b(insn)), key, reg(L, np_a(insn)), &callee)) call_from_instruction(L, &callee, 1);
}

void np_vm_set_index(lua_State *L, NpInstr insn) {
    NpValue integer;
    const NpValue *key = reg(L, np_b(insn));
    if (np_op(insn) == NP_OP_SETINT) {
        np_set_int(&integer, np_b(insn));
        key = &integer;
    }
    if (NP_UNLIKELY(np_slow_needs_room(L->global, reg(L, np_a(insn))))) {
        L->top = L->frame->top;
        np_slow_make_room(L, reg(L, np_a(insn)), key);
        if (np_op(insn) != NP_OP_SETINT) key = reg(L, np_b(insn));
    }
    NpCallee callee;
    if (!np_slow_store(L, reg(L, np_a(insn)), key, reg(L, np_c(insn)), false, &callee))
        call_from_instruction(L, &callee, 0);
}

/* ---- operators ---- */
int np_vm_arith_op(unsigned op) {
    static const uint8_t ops[] = {LUA_OPADD, LUA_OPSUB, LUA_OPMUL, LUA_OPMOD, LUA_OPPOW, LUA_OPDIV,
                                  LUA_OPIDIV, LUA_OPBAND, LUA_OPBOR, LUA_OPBXOR, LUA_OPSHL, LUA_OPSHR};
    static const uint8_t with_left_constant[] = {LUA_OPADD, LUA_OPSUB, LUA_OPMUL, LUA_OPDIV};
    if (op == NP_OP_UNM) return LUA_OPUNM;
    if (op == NP_OP_BNOT) return LUA_OPBNOT;
    if (op >= NP_OP_KADD) return with_left_constant[op - NP_OP_KADD];
    return ops[op >= NP_OP_ADDK ? op - NP_OP_ADDK : op - NP_OP_ADD];
}
_Static_assert(NP_OP_SHR - NP_OP_ADD == 11 && NP_OP_SHRK - NP_OP_ADDK == 11 && NP_OP_ADDK == NP_OP_SHR + 1 &&
                   NP_OP_KADD == NP_OP_SHRK + 1 && NP_OP_KDIV - NP_OP_KADD == 3 && NP_OP_UNM > NP_OP_KDIV,
               "order of the arithmetic opcodes");

void np_vm_arith(lua_State *L, NpInstr insn) {
    NpOperands operand = np_vm_arith_operands(L->frame, insn);
    NpCallee callee;
    if (!np_slow_arith_step(L, np_vm_arith_op(np_op(insn)), operand.left, operand.right, reg(L, np_a(insn)), &callee))
        call_from_instruction(L, &callee, 1);
}

void np_vm_length(lua_State *L, NpInstr insn) {
    NpCallee callee;
    if (!np_slow_length_step(L, reg(L, np_b(insn)), reg(L, np_a(insn)), &callee)) call_from_instruction(L, &callee, 1);
}

/* `left` values remain at the top; metamethods that are C functions run here, others get a frame. */
static void go_on_concat(lua_State *L, NpInstr insn, int left) {
    NpCallee callee;
    left = np_slow_concat_step(L, left, &callee);
    if (left > 1) {
        NpValue *func = np_slow_push_callee(L, &callee);
        if (!np_call_prepare(L, func, 1, NP_FRAME_FINISH)) np_vm_finish(L, L->frame);
        return;
    }
    np_copy(reg(L, np_a(insn)), L->top - 1);
    L->top = reg(L, (np_a(insn) > np_b(insn) ? np_a(insn) : np_b(insn)) + 1);
    np_gc_check(L);
}

void np_vm_concat(lua_State *L, NpInstr insn) {
    L->top = reg(L, np_b(insn) + np_c(insn));
    go_on_concat(L, insn, (int)np_c(insn));
}

static void jump_if(lua_State *L, NpInstr insn, bool outcome) {
    const NpInstr *pc = L->frame->u.lua.pc;
    L->frame->u.lua.pc = pc + 1 + (outcome == (np_c(insn) & 1) ? (int32_t)pc[0] : 0);
}

void np_vm_compare(lua_State *L, NpInstr insn) {
    NpValue immediate;
    const NpValue *left = reg(L, np_a(insn)), *right = reg(L, np_b(insn));
    int op = LUA_OPLE;
    switch (np_op(insn)) {
    case NP_OP_EQ: op = LUA_OPEQ; break;
    case NP_OP_LT: op = LUA_OPLT; break;
    case NP_OP_LE: break;
    default:
        if (np_c(insn) & 2) np_set_flt(&immediate, np_sb(insn));
        else np_set_int(&immediate, np_sb(insn));
        right = &immediate;
        if (np_op(insn) == NP_OP_LTI || np_op(insn) == NP_OP_GTI) op = LUA_OPLT;
        if (np_op(insn) == NP_OP_GTI || np_op(insn) == NP_OP_GEI) right = left, left = &immediate;
        break;
    }
    NpCallee callee;
    bool result;
    if (left->tag == NP_TABLE && right->tag == NP_TABLE && left->v.p != right->v.p) {
        static const uint8_t events[] = {[LUA_OPEQ] = NP_EVENT_EQ, [LUA_OPLT] = NP_EVENT_LT, [LUA_OPLE] = NP_EVENT_LE};
        if (np_vm_method(L, np_table_meta(L->global, np_tab(left)), events[op], &callee.function)) {
            call_method(L, &callee.function, left, right, NULL, 1);
            return;
        }
    }
    if (np_slow_compare_step(L, op, left, right, &result, &callee)) jump_if(L, insn, result);
    else {
        if (callee.negate) L->frame->flags |= NP_FRAME_NEGATE;
        call_from_instruction(L, &callee, 1);
    }
}

/* ---- objects ---- */
/* A safe point at which registers from `live` up are dead (opcodes.def: NEWTABLE, CLOSURE). */
static void check_gc(lua_State *L, unsigned live) {
    if (L->global->heap.debt <= 0) return;
    L->top = reg(L, live);
    np_gc_slice(L);
}

/* The shape that a constructor's fields will give its table: their keys are those of the SETFIELDs that follow for its
 * register. A wrong guess, as code that was not compiled here can provoke, costs memory and nothing else: a key too many has no
 * value. NP_SHAPE_NONE: there is none, or it is too far to look. */
static uint32_t shape_to_be(lua_State *L, NpInstr insn) {
    const NpProto *proto = proto_of(L);
    const NpInstr *pc = L->frame->u.lua.pc, *end = proto->code + proto->ncode;
    uint32_t shape = NP_SHAPE_ROOT;
    if (end - pc > CONSTRUCTOR_WORDS) end = pc + CONSTRUCTOR_WORDS;
    unsigned left = np_b(insn);
    for (pc++; left > 0 && pc < end; pc += np_opcode_info[np_op(*pc)].words) {
        if (np_opcode_info[np_op(*pc)].base != NP_OP_SETFIELD || np_a(*pc) != np_a(insn)) continue;
        NpString *key = np_str(&proto->constants[pc[2]]);
        if (np_shape_find(&L->global->shape_table.shapes[shape], key) < 0) shape = np_shape_add_key(L, shape, key, true);
        if (shape == NP_SHAPE_DICT) return NP_SHAPE_NONE;
        left--;
    }
    return left == 0 ? shape : NP_SHAPE_NONE;
}

static void give_shape(lua_State *L, NpTable *table, uint32_t shape) {
    np_shape_touch(L->global, shape);
    if (table->slots) memset(np_slot_tags(table), NP_NIL, table->slot_capacity);
    table->shape = shape;
}

void np_vm_new_table(lua_State *L, NpInstr insn) {
    NpInstr *words = cache_words(L);
    bool is_known = np_op(insn) == NP_OP_NEWTABLE_AS;
    uint32_t narray = is_known ? 0 : words[0], shape = NP_SHAPE_NONE;
    /* Sizes come from the program text, so a hostile one could ask for anything: more grows as it is filled. */
    if (narray > ROOM_MOST) narray = ROOM_MOST;
    NpTable *table = np_table_new(L, narray, np_b(insn));
    np_set_obj(reg(L, np_a(insn)), table, NP_TABLE);
    if (is_known) {
        shape = words[0];
    } else if (narray == 0 && np_b(insn) <= NP_SHAPE_MAX_KEYS) {
        shape = shape_to_be(L, insn);
        if (shape != NP_SHAPE_NONE) {
            words[-1] = (words[-1] & ~(NpInstr)0xff) | NP_OP_NEWTABLE_AS;
            words[0] = shape;
        }
    }
    if (shape != NP_SHAPE_NONE) give_shape(L, table, shape);
    advance(L, insn);
    check_gc(L, np_a(insn) < np_c(insn) ? np_c(insn) : np_a(insn) + 1);
}

void np_vm_set_list(lua_State *L, NpInstr insn) {
    NpValue *first = reg(L, np_a(insn));
    NpTable *table = np_tab(first);
    int64_t offset = L->frame->u.lua.pc[0];
    int count = np_b(insn) ? (int)np_b(insn) : (int)(L->top - first) - 1;
    int64_t end = offset + count;
    if (end > (int64_t)table->array_size && end < 1 << 30)
        np_table_grow_array(L, table, (uint32_t)(end <= ROOM_MOST ? end : end + end / 8));
    for (int i = 1; i <= count; i++) np_table_set_int(L, table, offset + i, first + i);
    advance(L, insn);
}

void np_vm_closure(lua_State *L, NpInstr insn) {
    NpLClosure *enclosing = np_frame_closure(L->frame);
    NpProto *proto = enclosing->proto->protos[np_d(insn)];
    NpLClosure *closure = np_func_new_lua(L, proto);
    np_gc_hold(L, closure);
    for (int i = 0; i < proto->nupvalues; i++) {
        const NpUpvalDesc *desc = &proto->upvalues[i];
        NpUpval *upval = desc->from_stack ? np_func_find_upval(L, reg(L, desc->index)) : enclosing->upvalue[desc->index];
        closure->upvalue[i] = upval;
        np_barrier_obj(L->global, closure, upval);
    }
    np_gc_drop(L, 1);
    /* Only now: without memory for an upvalue, a variable must not be left with half a function. */
    np_set_obj(reg(L, np_a(insn)), closure, NP_LCLOSURE);
    check_gc(L, np_a(insn) + 1);
}

/* ---- loops ---- */
static bool float_loop(lua_State *L, NpValue *start, NpValue *limit, NpValue *step) {
    double first, last, by;
    /* Strings that read as numbers will do. */
    if (!np_number_to_flt(limit, &last)) np_err_for(L, limit, "limit");
    if (!np_number_to_flt(step, &by)) np_err_for(L, step, "step");
    if (!np_number_to_flt(start, &first)) np_err_for(L, start, "initial value");
    if (by == 0) np_err_run(L, "'for' step is zero");
    if (by > 0 ? last < first : first < last) return false;
    np_set_flt(limit, last);
    np_set_flt(step, by);
    np_set_flt(start, first);
    np_set_flt(start + 3, first);
    return true;
}

/* Clips a limit to the integers; false when the loop does not run at all. */
static bool integer_limit(lua_State *L, const NpValue *limit, int64_t start, int64_t step, int64_t *out) {
    if (!np_number_to_int(limit, out, step < 0 ? NP_ROUND_CEIL : NP_ROUND_FLOOR)) {
        double number;
        if (!np_number_to_flt(limit, &number)) np_err_for(L, limit, "limit");
        if (number > 0) {
            if (step < 0) return false;
            *out = INT64_MAX;
        } else {
            if (number != number || step > 0) return false;
            *out = INT64_MIN;
        }
    }
    return step > 0 ? start <= *out : start >= *out;
}

static bool prepare_loop(lua_State *L, NpValue *start) {
    NpValue *limit = start + 1, *step = start + 2;
    if (!np_is_int(start) || !np_is_int(step)) return float_loop(L, start, limit, step);
    int64_t last;
    if (step->v.i == 0) np_err_run(L, "'for' step is zero");
    if (!integer_limit(L, limit, start->v.i, step->v.i, &last)) return false;
    /* The limit's slot becomes the number of iterations still to come: no overflow to watch for in the loop. */
    uint64_t distance = step->v.i > 0 ? (uint64_t)last - (uint64_t)start->v.i : (uint64_t)start->v.i - (uint64_t)last;
    uint64_t size = step->v.i > 0 ? (uint64_t)step->v.i : (uint64_t)(-(step->v.i + 1)) + 1u;
    np_set_int(limit, (int64_t)(size == 1 ? distance : distance / size));
    np_set_int(start + 3, start->v.i);
    return true;
}

void np_vm_for_prep(lua_State *L, NpInstr insn) {
    bool runs = prepare_loop(L, reg(L, np_a(insn)));
    const NpInstr *pc = L->frame->u.lua.pc;
    L->frame->u.lua.pc = pc + 1 + (runs ? 0 : (int32_t)pc[0]);
}

/* A call of anything, with the results where the function is. As np_vm_call. */
static lua_State *call_any(lua_State *L, NpValue *func, int nresults) {
    const NpGlobal *global = L->global;
    lua_CFunction function = func->tag == NP_CFUNC ? func->v.f : func->tag == NP_CCLOSURE ? np_ccl(func)->function : NULL;
    NpCoroStep step = NP_CORO_NOT;
    if (function && (function == global->resume_function || function == global->wrap_function))
        step = np_coro_resume(L, func, nresults);
    else if (function && function == global->yield_function)
        step = np_coro_yield(L, func, nresults);
    switch (step) {
    case NP_CORO_DONE: return L;
    case NP_CORO_SWITCHED: return global->running;
    case NP_CORO_LEAVE: return NULL;
    case NP_CORO_NOT: break;
    }
    (void)np_call_prepare(L, func, nresults, 0);
    return L;
}

lua_State *np_vm_tfor_call(lua_State *L, NpInstr insn) {
    NpValue *state = reg(L, np_a(insn));
    np_copy(state + 4, state);
    np_copy(state + 5, state + 1);
    np_copy(state + 6, state + 2);
    L->top = state + 7;
    return call_any(L, state + 4, (int)np_c(insn));
}

/* ---- variable arguments ---- */
void np_vm_hook_entry(lua_State *L) {
    NpFrame *frame = L->frame;
    if (frame->flags & NP_FRAME_HOOK_SEEN) return;
    frame->flags |= NP_FRAME_HOOK_SEEN;
    if (L->hook_mask & LUA_MASKCALL) {
        int event = frame->flags & NP_FRAME_TAIL ? LUA_HOOKTAILCALL : LUA_HOOKCALL;
        np_call_hook(L, event, -1, 1, proto_of(L)->nparams);
    }
    np_debug_note_entry(L); /* after the hook, whose own calls moved the mark */
}

void np_vm_vararg_prep(lua_State *L, NpInstr insn) {
    int nparams = (int)np_a(insn);
    NpFrame *frame = L->frame;
    int nargs = (int)(L->top - frame->func) - 1;
    int nextra = nargs - nparams;
    if (nextra < 0) nextra = 0;
    NpProto *proto = proto_of(L);
    np_stack_need(L, proto->max_stack + 1);
    frame = L->frame;
    /* The function and its parameters move above the extra arguments. */
    np_copy(L->top++, frame->func);
    for (int i = 1; i <= nparams; i++) {
        np_copy(L->top++, frame->func + i);
        np_set_nil(frame->func + i);
    }
    frame->func += nargs + 1;
    frame->top += nargs + 1;
    frame->u.lua.nextra = nargs - nparams;
    frame->u.lua.below = nargs + 1;
    CHECK1("C4", nargs >= nparams);
    if (L->hook_mask) {
        L->frame->u.lua.pc++; /* the hook is shown the line on which the function's own code begins */
        np_vm_hook_entry(L);
        L->frame->u.lua.pc--;
    }
}

void np_vm_vararg(lua_State *L, NpInstr insn) {
    int wanted = (int)np_c(insn) - 1;
    int nextra = L->frame->u.lua.nextra;
    if (wanted < 0) {
        wanted = nextra;
        L->top = reg(L, np_a(insn));
        np_stack_need(L, wanted);
        L->top = reg(L, np_a(insn)) + wanted;
    }
    NpValue *to = reg(L, np_a(insn));
    const NpValue *from = L->frame->func - nextra;
    int i = 0;
    for (; i < wanted && i < nextra; i++) np_copy(to + i, from + i);
    for (; i < wanted; i++) np_set_nil(to + i);
}

/* ---- closing, returning, calling ---- */
void np_vm_close(lua_State *L, NpInstr insn) {
    L->top = L->frame->top; /* the methods are called above all registers */
    np_call_close(L, reg(L, np_a(insn)), -1, true);
}

/* After a frame with `flags` was popped: as np_vm_return. */
static lua_State *returned(lua_State *L, unsigned flags) {
    for (;;) {
        NpFrame *caller = L->frame;
        if (flags & NP_FRAME_ENTRY) {
            if (!np_coro_is_entered(L)) return NULL;
            if (caller == L->frames) {
                lua_State *to = L->resumer;
                np_coro_leave(L, LUA_OK);
                return to;
            }
            /* The C function that called it has lost its own part of the C stack by a yield. */
        } else if (!(flags & NP_FRAME_FINISH)) {
            return L;
        }
        if (np_frame_is_lua(caller)) {
            np_vm_finish(L, caller);
            return L;
        }
        bool finish = (flags & NP_FRAME_FINISH) != 0;
        flags = caller->flags;
        if (NP_LIKELY(finish && np_call_finish_pcall(L, caller))) continue;
        ptrdiff_t index = caller - L->frames;
        np_call_finish_c(L, caller);
        if (L->frame - L->frames >= index) return L; /* it asked for another call, which has a frame now */
    }
}

static unsigned return_count(NpInstr insn) {
    switch (np_op(insn)) {
    case NP_OP_RETURN0: return 1;
    case NP_OP_RETURN1: return 2;
    default: return np_b(insn);
    }
}

lua_State *np_vm_return(lua_State *L, NpInstr insn) {
    NpValue *first = reg(L, np_a(insn));
    unsigned count = return_count(insn);
    int n = count ? (int)count - 1 : (int)(L->top - first);
    if (np_op(insn) == NP_OP_RETURN && np_c(insn)) {
        L->frame->aux.nclose = n; /* in case a __close yields */
        if (L->top < L->frame->top) L->top = L->frame->top;
        np_call_close(L, np_frame_base(L->frame), -1, true);
        first = reg(L, np_a(insn));
    }
    NpFrame *frame = L->frame;
    L->top = first + n;
    frame->func -= frame->u.lua.below;
    unsigned flags = frame->flags;
    if (NP_UNLIKELY(L->hook_mask)) {
        np_call_post(L, frame, n);
    } else {
        NpValue *to = frame->func;
        int wanted = frame->nresults == LUA_MULTRET ? n : frame->nresults;
        L->top = to + wanted;
        for (; wanted > 0 && n > 0; wanted--, n--) np_copy(to++, first++);
        for (; wanted > 0; wanted--) np_set_nil(to++);
        L->frame = frame - 1;
    }
    np_barrier_cut(L);
    return flags & (NP_FRAME_ENTRY | NP_FRAME_FINISH) ? returned(L, flags) : L;
}

lua_State *np_vm_call(lua_State *L, NpInstr insn) {
    NpValue *func = reg(L, np_a(insn));
    if (np_b(insn)) L->top = func + np_b(insn);
    return call_any(L, func, (int)np_c(insn) - 1);
}

/* A C function in tail position is an ordinary call with all results: the RETURN that follows every TAILCALL returns
 * them. A Lua function takes over the frame. */
lua_State *np_vm_tail_call(lua_State *L, NpInstr insn) {
    NpValue *func = reg(L, np_a(insn));
    if (np_b(insn)) L->top = func + np_b(insn);
    if (np_c(insn)) np_func_close_upvals(L, np_frame_base(L->frame));
    while (func->tag != NP_LCLOSURE) {
        if (func->tag == NP_CCLOSURE || func->tag == NP_CFUNC) {
            return call_any(L, func, LUA_MULTRET);
        }
        func = np_call_meta_call(L, func);
    }
    NpProto *callee = np_lcl(func)->proto;
    int nargs = (int)(L->top - func) - 1;
    ptrdiff_t saved = np_stack_save(L, func);
    np_stack_need(L, callee->max_stack);
    func = np_stack_at(L, saved);
    NpFrame *frame = L->frame;
    frame->func -= frame->u.lua.below;
    if (L->gc_slot > (size_t)(frame->func - L->stack)) L->gc_slot = (uint32_t)(frame->func - L->stack); /* about to change */
    for (int i = 0; i <= nargs; i++) np_copy(frame->func + i, func + i);
    NpValue *base = frame->func + 1;
    for (; nargs < callee->nparams; nargs++) np_set_nil(base + nargs);
    L->top = base + nargs;
    frame->top = base + callee->max_stack;
    frame->u.lua.pc = callee->code;
    frame->u.lua.constants = callee->constants;
    frame->u.lua.nextra = frame->u.lua.below = 0;
    frame->flags |= NP_FRAME_TAIL;
    frame->flags &= (uint16_t)~NP_FRAME_HOOK_SEEN;
    return L;
}

/* ---- completing an instruction whose metamethod has returned ---- */
void np_vm_finish(lua_State *L, NpFrame *frame) {
    const NpInstr *pc = frame->u.lua.pc;
    if (pc == np_frame_closure(frame)->proto->code) return; /* has not begun */
    NpInstr insn = pc[-1];
    switch (np_opcode_info[np_op(insn)].base) {
    case NP_OP_EQ: case NP_OP_LT: case NP_OP_LE: case NP_OP_LTI: case NP_OP_LEI: case NP_OP_GTI: case NP_OP_GEI:
        L->top--;
        jump_if(L, insn, np_is_false(L->top) == ((frame->flags & NP_FRAME_NEGATE) != 0));
        frame->flags &= (uint16_t)~NP_FRAME_NEGATE;
        break;
    case NP_OP_CONCAT: {
        NpValue *top = L->top - 1;
        np_copy(top - 2, top);
        L->top = top - 1;
        go_on_concat(L, insn, (int)(L->top - reg(L, np_b(insn))));
        break;
    }
    case NP_OP_SETFIELD: case NP_OP_SETTABUP: case NP_OP_SETINDEX: case NP_OP_SETINT:
        advance(L, insn);
        break;
    case NP_OP_CLOSE:
        frame->u.lua.pc--; /* repeated for what is left to close */
        break;
    case NP_OP_RETURN:
        L->top = reg(L, np_a(insn)) + frame->aux.nclose;
        frame->u.lua.pc--;
        break;
    case NP_OP_CALL: case NP_OP_TAILCALL: case NP_OP_TFORCALL:
        break; /* its results are in place */
    default:
        if (np_opcode_info[np_op(insn)].flags & NP_OPF_CAN) {
            L->top--;
            np_copy(reg(L, np_a(insn)), L->top);
            advance(L, insn);
        }
        break;
    }
}
