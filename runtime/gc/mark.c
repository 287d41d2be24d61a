/* mark.c: tracing: the mark stack, how each kind of object is scanned, the barrier's slow half.
 *
 * Owns: the mark stack, what refers to what. Does not: decide when to mark how much (gc.c), follow weak
 * references (weak.c).
 *
 * Large tables are scanned in slices of SLICE values; the rest goes back on the stack with its position.
 * Positions of the array part count from 0, those of slots and nodes from PART_TWO, so that they stay
 * right when the array grows in between. What moves a value behind the position (a rebuild) queues the
 * table again from its beginning: np_barrier_again.
 *
 * When the mark stack cannot grow the object stays marked but unscanned, and `overflow` is set. When the
 * stack has run empty then, the heap is walked and every marked object scanned again; so at any point
 * that can throw or collect, objects must be fit to be scanned (object.h). It ends because only an object
 * newly marked can set `overflow` again: the rest of a large table that finds no room is scanned at once.
 */
#include "runtime/gc/mark.h"

#include "runtime/call.h"
#include "runtime/dict.h"
#include "runtime/gc/barrier.h"
#include "runtime/meta.h"

enum { SLICE = 4096, RING = 16, FIRST_GRAY = 1024 };
#define PART_TWO (UINT64_C(1) << 40)
#define MODE_SHIFT 60
#define COLLECTABLE_TAGS (NP_TAG_COLLECTABLE * UINT64_C(0x0101010101010101))

/* ---- the mark stack ---- */

/* Once beyond the first size it is made as large as it was in the last cycle: a stack that grew by doubling each time
 * would have touched twice the memory it needs. */
static bool grow_gray(NpGlobal *global) {
    NpGc *gc = &global->gc;
    size_t least = gc->gray_count < FIRST_GRAY ? FIRST_GRAY : gc->gray_count + 1;
    void **items = (void **)&gc->gray;
    return (least > FIRST_GRAY && gc->gray_before > least &&
            np_list_reserve(&global->heap.mem, items, &gc->gray_capacity, gc->gray_count, sizeof(NpGrayEntry),
                            gc->gray_before)) ||
           np_list_reserve(&global->heap.mem, items, &gc->gray_capacity, gc->gray_count, sizeof(NpGrayEntry), least);
}

static NP_COLD void push_slow(NpGlobal *global, NpObj *obj, uint64_t next) {
    NpGc *gc = &global->gc;
    if (!grow_gray(global)) {
        gc->overflow = true;
        return;
    }
    gc->gray[gc->gray_count++] = (NpGrayEntry){obj, next};
}

static inline void push(NpGlobal *global, NpObj *obj, uint64_t next) {
    NpGc *gc = &global->gc;
    if (NP_LIKELY(gc->gray_count < gc->gray_capacity)) gc->gray[gc->gray_count++] = (NpGrayEntry){obj, next};
    else push_slow(global, obj, next);
}

/* The rest of an object being scanned; false when there is no room for it. */
static bool push_rest(NpGlobal *global, NpObj *obj, uint64_t next) {
    NpGc *gc = &global->gc;
    if (!np_list_reserve(&global->heap.mem, (void **)&gc->gray, &gc->gray_capacity, gc->gray_count,
                         sizeof(NpGrayEntry), gc->gray_count + 1))
        return false;
    gc->gray[gc->gray_count++] = (NpGrayEntry){obj, next};
    return true;
}

void np_mark_push(NpGlobal *global, NpObj *obj, uint64_t next) { push(global, obj, next); }

bool np_mark_open(NpGlobal *global) {
    NpGc *gc = &global->gc;
    return np_list_reserve(&global->heap.mem, (void **)&gc->gray, &gc->gray_capacity, 0, sizeof(NpGrayEntry),
                           FIRST_GRAY);
}

static inline void shade(NpGlobal *global, NpObj *obj, uint8_t kind) {
    if (np_mark_set(obj) && kind != NP_STR) push(global, obj, 0);
}
static inline void shade_payload(NpGlobal *global, NpPayload payload, uint8_t tag) {
    if (tag & NP_TAG_COLLECTABLE) shade(global, payload.obj, tag);
}
static inline void shade_value(NpGlobal *global, const NpValue *value) { shade_payload(global, value->v, value->tag); }
static inline void shade_string(const NpString *string) {
    if (string) np_mark_set(string);
}
static inline void mark_buffer(const void *buffer) {
    if (buffer) np_mark_set(buffer);
}

void np_barrier_shade(NpGlobal *global, NpObj *obj) {
    if (!np_mark_set(obj) || obj->kind == NP_STR) return;
    CHECK1("G1", global->gc.barrier_on);
    push(global, obj, 0);
}

void np_barrier_again(NpGlobal *global, NpObj *owner) {
    if (!global->gc.barrier_on || (owner->flags & NP_FLAG_REGRAY) || !np_mark_test(owner)) return;
    owner->flags |= NP_FLAG_REGRAY;
    push(global, owner, 0);
}

/* ---- tables ---- */

/* Values [from, to) with their tags. Eight tags are looked at together: arrays of numbers are skipped. */
static void scan_values(NpGlobal *global, const NpPayload *values, const uint8_t *tags, size_t from, size_t to) {
    size_t i = from;
    for (; i + 8 <= to; i += 8) {
        uint64_t eight;
        memcpy(&eight, tags + i, 8);
        eight &= COLLECTABLE_TAGS;
        if (eight == 0) continue;
        for (size_t at = i; at < i + 8; at++) shade_payload(global, values[at], tags[at]);
    }
    for (; i < to; i++) shade_payload(global, values[i], tags[i]);
}

/* A deleted entry's key may die; it is then only compared by its address. */
static inline void forget_key(NpDictNode *node) {
    if ((node->key_tag & NP_TAG_COLLECTABLE) && !node->dead_key) node->dead_key = 1;
}

static void scan_nodes(NpGlobal *global, NpDict *dict, size_t from, size_t to, bool values) {
    for (size_t i = from; i < to; i++) {
        NpDictNode *node = &dict->nodes[i];
        if (node->value_tag == NP_NIL) {
            forget_key(node);
            continue;
        }
        shade_payload(global, node->key, node->key_tag);
        if (values) shade_payload(global, node->value, node->value_tag);
    }
}

static void mark_shape(NpGlobal *global, uint32_t id) {
    NpShape *shape = &global->shape_table.shapes[id];
    if (shape->marked) return;
    shape->marked = 1;
    if (shape->metatable) shade(global, (NpObj *)shape->metatable, NP_TABLE);
    if (shape->keys) shade(global, (NpObj *)shape->keys, NP_KEYS);
    shade_string(shape->key);
}

/* What is marked in a table at once, whatever its mode; the mode. */
static unsigned scan_table_head(NpGlobal *global, NpTable *table) {
    NpTable *metatable;
    unsigned mode;
    table->flags &= (uint8_t)~NP_FLAG_REGRAY;
    mark_buffer(table->slots);
    mark_buffer(table->array);
    if (np_table_is_dict(table)) {
        metatable = ((NpDict *)table->slots)->metatable;
        if (metatable) shade(global, (NpObj *)metatable, NP_TABLE);
    } else {
        mark_shape(global, table->shape);
        metatable = np_shape_of(global, table)->metatable;
    }
    if (NP_LIKELY(!metatable)) return 0;
    mode = np_weak_mode(global, metatable);
    return mode && np_weak_note(global, table, mode) ? mode : 0;
}

/* Nodes or slots from position `from`; the bytes looked at. */
static size_t scan_part_two(NpGlobal *global, NpTable *table, size_t from, unsigned mode) {
    if (np_table_is_dict(table)) {
        NpDict *dict = table->slots;
        size_t to = from < dict->size && dict->size - from > SLICE ? from + SLICE : dict->size;
        bool pending = false;
        if (from >= to) return 0;
        if (to < dict->size && !push_rest(global, (NpObj *)table, (PART_TWO + to) | (uint64_t)mode << MODE_SHIFT))
            to = dict->size;
        if (mode == 0) scan_nodes(global, dict, from, to, true);
        else if (mode == NP_WEAK_VALUES) scan_nodes(global, dict, from, to, false);
        else if (mode == NP_WEAK_KEYS) np_weak_scan_nodes(global, dict, from, to, &pending);
        return (to - from) * sizeof(NpDictNode);
    }
    if (!(mode & NP_WEAK_VALUES) && table->slots)
        scan_values(global, np_slot_values(table), np_slot_tags(table), from, np_shape_of(global, table)->count);
    return table->slot_capacity * 9u;
}

/* The position carries the mode that the table was noted with: it may have another by now. */
static size_t scan_table(NpGlobal *global, NpTable *table, uint64_t next) {
    size_t work = sizeof(NpTable);
    uint64_t kept;
    unsigned mode = next == 0 ? scan_table_head(global, table) : (unsigned)(next >> MODE_SHIFT);
    kept = (uint64_t)mode << MODE_SHIFT;
    next &= (UINT64_C(1) << MODE_SHIFT) - 1;
    if (next < PART_TWO) {
        size_t to = table->array_size;
        if (next < to) {
            if (to - next > SLICE) to = next + SLICE;
            /* The rest goes below what the slice leads to, or the stack would grow by the whole table. */
            if (to < table->array_size && !push_rest(global, (NpObj *)table, to | kept)) to = table->array_size;
            if (!(mode & NP_WEAK_VALUES)) scan_values(global, table->array, np_array_tags(table), next, to);
            work += (to - next) * 9;
            if (to < table->array_size) return work;
        }
        next = PART_TWO;
    }
    return table->slots ? work + scan_part_two(global, table, next - PART_TWO, mode) : work;
}

/* ---- functions ---- */

static bool is_dead(const NpGlobal *global, NpInstr word) {
    return word < global->shape_table.used && global->shape_table.shapes[word].state == NP_SHAPE_DEAD;
}

/* Empties the caches that name a shape that died, before its number is used again. A shape that a
 * store leads to is kept alive by the store. */
static void scan_caches(NpGlobal *global, NpProto *proto) {
    for (int32_t pc = 0; pc < proto->ncode;) {
        NpInstr *insn = &proto->code[pc];
        unsigned op = np_op(*insn);
        const NpOpInfo *info = &np_opcode_info[op];
        pc += info->words;
        if (!(info->flags & NP_OPF_KW) || insn[1] == NP_SHAPE_NONE) continue;
        if (is_dead(global, insn[1]) || (info->words == 4 && is_dead(global, insn[3]))) {
            if (op == NP_OP_GETFIELD_CHAIN || op == NP_OP_SELF_CHAIN) {
                NpChainCache *chain = &proto->chains[insn[2]];
                insn[2] = chain->key;
                chain->key = NP_CHAIN_FREE;
            }
            *insn = np_make_abc((NpOpcode)info->base, np_a(*insn), np_b(*insn), 0);
            insn[1] = NP_SHAPE_NONE;
            if (info->words == 4) insn[3] = NP_SHAPE_NONE;
        } else if (op == NP_OP_SETFIELD_ADD) {
            mark_shape(global, insn[3]);
        }
    }
}

static size_t scan_proto(NpGlobal *global, NpProto *proto) {
    proto->flags &= (uint8_t)~NP_FLAG_REGRAY;
    shade_string(proto->source);
    mark_buffer(proto->code);
    mark_buffer(proto->constants);
    mark_buffer(proto->protos);
    mark_buffer(proto->upvalues);
    mark_buffer(proto->lines);
    mark_buffer(proto->locvars);
    mark_buffer(proto->chains);
    for (int32_t i = 0; i < proto->nconstants; i++) shade_value(global, &proto->constants[i]);
    for (int32_t i = 0; i < proto->nprotos; i++)
        if (proto->protos[i]) shade(global, (NpObj *)proto->protos[i], NP_PROTO);
    if (proto->upvalues)
        for (int i = 0; i < proto->nupvalues; i++) shade_string(proto->upvalues[i].name);
    for (int32_t i = 0; i < proto->nlocvars; i++) shade_string(proto->locvars[i].name);
    if (proto->code) scan_caches(global, proto);
    return sizeof *proto + (size_t)proto->ncode * sizeof(NpInstr) + (size_t)proto->nconstants * sizeof(NpValue);
}

static size_t scan_lclosure(NpGlobal *global, NpLClosure *closure) {
    if (closure->proto) shade(global, (NpObj *)closure->proto, NP_PROTO);
    for (int i = 0; i < closure->nupvalues; i++)
        if (closure->upvalue[i]) shade(global, (NpObj *)closure->upvalue[i], NP_UPVAL);
    return sizeof *closure + closure->nupvalues * sizeof(NpUpval *);
}

static size_t scan_cclosure(NpGlobal *global, NpCClosure *closure) {
    for (int i = 0; i < closure->nupvalues; i++) shade_value(global, &closure->upvalue[i]);
    return sizeof *closure + closure->nupvalues * sizeof(NpValue);
}

/* An open upvalue's variable is in a stack, which is scanned if its thread lives. If it does not, the
 * variable lives by the upvalue alone: ATOMIC looks at those noted here. */
static size_t scan_upval(NpGlobal *global, NpUpval *upval) {
    if (upval->at == &upval->u.closed) shade_value(global, upval->at);
    else {
        if (global->gc.phase == NP_GC_ATOMIC) shade_value(global, upval->at);
        if (!np_list_push(global, &global->gc.upvals, (NpObj *)upval))
            shade(global, (NpObj *)np_state_thread(upval->u.open.owner), NP_THREAD);
    }
    return sizeof *upval;
}

/* ---- threads, userdata, keys ---- */

static size_t scan_stack(NpGlobal *global, lua_State *L) {
    if (!L->stack) return 0; /* not yet made */
    mark_buffer(L->stack);
    mark_buffer(L->frames);
    for (const NpValue *slot = L->stack; slot < L->top; slot++) shade_value(global, slot);
    /* Their variables have just been marked, and they must outlive the list they are in. */
    for (NpUpval *upval = L->open_upvalues; upval; upval = upval->u.open.next) np_mark_set(upval);
    return (size_t)((char *)L->top - (char *)L->stack);
}

/* Nil above the top of a stack that has been scanned for good: a value that dies now must not be found there when a
 * later frame begins with whatever its registers hold (K1). */
static void clear_unused(lua_State *L) {
    const NpGlobal *global = L->global;
    if (!L->stack) return;
    /* All of it was marked (np_mark_unrooted), and registers above top may be in use. */
    if (NP_UNLIKELY(global->gc.unrooted) && (L == global->limit.thread || L == global->running)) return;
    for (NpValue *slot = L->top; slot < L->stack_last + NP_STACK_EXTRA; slot++) np_set_nil(slot);
    L->gc_seen_top = L->top;
}

static size_t scan_thread(NpGlobal *global, NpThread *thread) {
    thread->flags &= (uint8_t)~NP_FLAG_REGRAY;
    /* Without memory for the list, ATOMIC finds it by walking the heap. */
    if (global->gc.phase == NP_GC_MARK) {
        /* in an emergency the running code keeps pointers into stacks */
        if (np_thread_state(thread)->stack && !global->gc.unrooted) np_stack_shrink(np_thread_state(thread));
        if (!np_list_push(global, &global->gc.again, (NpObj *)thread)) global->gc.again_lost = true;
    } else {
        clear_unused(np_thread_state(thread)); /* those in the list: np_mark_finish */
    }
    return sizeof(NpThread) + sizeof(lua_State) + scan_stack(global, np_thread_state(thread));
}

static size_t scan_udata(NpGlobal *global, NpUdata *udata) {
    if (udata->metatable) shade(global, (NpObj *)udata->metatable, NP_TABLE);
    for (int i = 0; i < udata->nuservalues; i++) shade_value(global, &udata->uservalue[i]);
    return sizeof *udata + udata->nuservalues * sizeof(NpValue);
}

static size_t scan_keys(NpKeys *keys) {
    mark_buffer(keys->index);
    for (int i = 0; i < keys->count; i++) shade_string(keys->key[i]);
    return sizeof *keys + keys->count * sizeof(NpString *);
}

static size_t scan(NpGlobal *global, NpObj *obj, uint64_t next) {
    switch (obj->kind) {
        case NP_TABLE: return scan_table(global, (NpTable *)obj, next);
        case NP_LCLOSURE: return scan_lclosure(global, (NpLClosure *)obj);
        case NP_UPVAL: return scan_upval(global, (NpUpval *)obj);
        case NP_CCLOSURE: return scan_cclosure(global, (NpCClosure *)obj);
        case NP_UDATA: return scan_udata(global, (NpUdata *)obj);
        case NP_THREAD: return scan_thread(global, (NpThread *)obj);
        case NP_PROTO: return scan_proto(global, (NpProto *)obj);
        case NP_KEYS: return scan_keys((NpKeys *)obj);
        default: np_fatal("gc: an object of unknown kind 0x%x at %p", obj->kind, (void *)obj);
    }
}

/* ---- the loop ---- */

/* Asks for what scanning the object will read besides its header. */
static inline void prefetch_parts(const NpObj *obj) {
    if (obj->kind == NP_TABLE) {
        const NpTable *table = (const NpTable *)obj;
        __builtin_prefetch(table->slots);
        __builtin_prefetch(table->array);
    }
}

/* On their way from the stack objects pass through a ring: when they enter it their header is asked
 * for, halfway round their buffers, and when they leave it both have come out of memory. */
static size_t drain(NpGlobal *global, size_t work) {
    NpGc *gc = &global->gc;
    NpGrayEntry ring[RING];
    unsigned at = 0, held = 0;
    size_t done = 0;
    memset(ring, 0, sizeof ring);
    while (done < work) {
        NpGrayEntry entry = {NULL, 0}, due;
        const NpObj *halfway = ring[(at + RING / 2) % RING].obj;
        if (gc->gray_count > 0) {
            entry = gc->gray[--gc->gray_count];
            __builtin_prefetch(entry.obj);
            held++;
        } else if (held == 0) {
            break;
        }
        if (halfway) prefetch_parts(halfway);
        due = ring[at];
        ring[at] = entry;
        at = (at + 1) % RING;
        if (!due.obj) continue;
        held--;
        done += scan(global, due.obj, due.next);
    }
    for (unsigned i = 0; i < RING; i++)
        if (ring[i].obj) push(global, ring[i].obj, ring[i].next);
    gc->marked_bytes += done;
    return done;
}

static void rescan(void *ctx, NpSpan *span, void *slot) {
    NpGlobal *global = ctx;
    if (span->kind == NP_SPAN_LEAF || !np_mark_test(slot)) return;
    scan(global, slot, 0);
    drain(global, SIZE_MAX);
}

static NP_COLD void search_heap(NpGlobal *global) {
    while (global->gc.overflow) {
        global->gc.overflow = false;
        np_heap_walk(&global->heap, false, rescan, global);
    }
}

size_t np_mark_some(NpGlobal *global, size_t work) {
    size_t done = drain(global, work);
    if (done < work && NP_UNLIKELY(global->gc.overflow) && global->gc.gray_count == 0) search_heap(global);
    return done;
}

void np_mark_all(NpGlobal *global) { np_mark_some(global, SIZE_MAX); }

/* ---- beginning and end ---- */

static void shade_roots(NpGlobal *global) {
    shade_value(global, &global->registry);
    shade(global, (NpObj *)np_state_thread(global->main_thread), NP_THREAD);
    if (global->running) shade(global, (NpObj *)np_state_thread(global->running), NP_THREAD);
    for (int i = 0; i < LUA_NUMTYPES; i++)
        if (global->type_meta[i]) shade(global, (NpObj *)global->type_meta[i], NP_TABLE);
    for (int i = 0; i < NP_EVENT_COUNT; i++) shade_string(global->event_names[i]);
    shade_string(global->memory_error);
    shade_string(global->handler_error);
    shade_string(global->limit.word_hard);
    shade_string(global->limit.word_soft);
    shade_value(global, &global->limit.on_limit);
    shade_value(global, &global->limit.message);
    mark_buffer(global->heap.reserve);
    mark_buffer(global->strings.slots);
    mark_buffer(global->shape_table.transitions);
    np_final_mark(global);
}

void np_mark_roots(NpGlobal *global) {
    NpShapeTable *table = &global->shape_table;
    for (uint32_t id = NP_SHAPE_ROOT + 1; id < table->used; id++) table->shapes[id].marked = 0;
    global->gc.marked_bytes = 0;
    shade_roots(global);
}

/* Every slot of a stack is nil or a value that is still there (K1), so registers above top can be marked too. */
static void shade_whole_stack(NpGlobal *global, lua_State *L) {
    if (!L || !L->stack) return;
    shade(global, (NpObj *)np_state_thread(L), NP_THREAD);
    for (const NpValue *slot = L->stack; slot < L->stack_last + NP_STACK_EXTRA; slot++) shade_value(global, slot);
}

void np_mark_unrooted(NpGlobal *global, lua_State *L) {
    const NpLimit *limit = &global->limit;
    const NpStringTable *strings = &global->strings;
    NpShapeTable *shapes = &global->shape_table;
    shade_whole_stack(global, L);
    if (global->running != L) shade_whole_stack(global, global->running);
    for (unsigned i = 0; i < limit->held_count; i++) {
        NpObj *held = (NpObj *)(uintptr_t)limit->held[i];
        if (!held) continue;
        if (np_span_of(held)->kind == NP_SPAN_BUF) np_mark_set(held);
        else shade(global, held, held->kind);
    }
    for (uint32_t i = 0; strings->slots && i <= strings->mask; i++)
        if (strings->slots[i] && strings->slots[i] != NP_STRING_GONE) np_mark_set(strings->slots[i]);
    for (uint32_t id = NP_SHAPE_ROOT + 1; id < shapes->used; id++)
        if (shapes->shapes[id].state == NP_SHAPE_LIVE) mark_shape(global, id);
}

void np_mark_again(NpGlobal *global, lua_State *L) {
    NpGc *gc = &global->gc;
    CHECK1("G1", gc->phase == NP_GC_ATOMIC);
    shade_roots(global);
    shade(global, (NpObj *)np_state_thread(L), NP_THREAD);
    np_mark_all(global);
    for (size_t i = 0; i < gc->again.count; i++) {
        scan_stack(global, np_thread_state((NpThread *)gc->again.items[i]));
        np_mark_all(global);
    }
    gc->overflow |= gc->again_lost;
    gc->again_lost = false;
    np_mark_all(global);
    for (size_t i = 0; i < gc->upvals.count; i++) shade_value(global, ((NpUpval *)gc->upvals.items[i])->at);
    np_mark_all(global);
}

void np_mark_finish(NpGlobal *global) {
    NpGc *gc = &global->gc;
    for (size_t i = 0; i < gc->upvals.count; i++) {
        NpUpval *upval = (NpUpval *)gc->upvals.items[i];
        NpValue *slot = upval->at;
        if (slot == &upval->u.closed || np_mark_test(np_state_thread(upval->u.open.owner))) continue;
        np_copy(&upval->u.closed, slot);
        upval->at = &upval->u.closed;
    }
    /* The dead thread's own list of open upvalues dies with it. */
    for (size_t i = 0; i < gc->again.count; i++) clear_unused(np_thread_state((NpThread *)gc->again.items[i]));
    np_list_clear(global, &gc->upvals);
    np_list_clear(global, &gc->again);
    if (gc->gray_capacity > 4 * FIRST_GRAY) {
        /* half as large as it was when it may have been larger than needed */
        gc->gray_before = gc->gray_capacity > gc->gray_before ? gc->gray_capacity : gc->gray_capacity / 2;
        np_list_close(&global->heap.mem, (void **)&gc->gray, &gc->gray_capacity, sizeof(NpGrayEntry));
        (void)np_mark_open(global); /* now, while what it takes is there */
    }
}
