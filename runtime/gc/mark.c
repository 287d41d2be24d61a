/* mark.c: tracing: the mark stack, how each kind of object is scanned, the barrier's slow half.
 *
 * Owns: the mark stack, what refers to what. Does not: decide when to mark how much (gc.c), follow weak
 * references (weak.c, ephemeron.c), know which part of a stack to look at (threads.c).
 *
 * Large tables, functions and userdata are scanned in slices of SLICE values; the rest goes back on the stack with its
 * position; stacks remember theirs (threads.c).
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
#include "runtime/gc/gc.h"
#include "runtime/meta.h"

enum { SLICE = 4096, QUEUE = 16, BLOCK = 1024, KEEP_BLOCKS = 4, FREE_BLOCKS = 64 };
#define PART_TWO (UINT64_C(1) << 40)
#define MODE_SHIFT 60 /* above it: MODE_KNOWN and the mode */
#define MODE_KNOWN UINT64_C(4)
#define COLLECTABLE_TAGS (NP_TAG_COLLECTABLE * UINT64_C(0x0101010101010101))

/* ---- the mark stack ---- */

static size_t block_bytes(void) { return NP_ALIGN_UP(BLOCK * sizeof(NpGrayEntry), np_os_page_size()); }

static inline NpGrayEntry *gray_at(const NpGc *gc, size_t index) {
    return (NpGrayEntry *)(void *)gc->gray.items[index / BLOCK] + index % BLOCK;
}

/* By a block at a time, so that nothing has to be moved however large it gets. */
static bool grow_gray(NpGlobal *global) {
    NpGc *gc = &global->gc;
    void *block;
    if (sysAlloc(&global->heap.mem, block_bytes(), &block) != 0) return false;
    if (!np_list_push(global, &gc->gray, block)) {
        np_mem_discard_ready(&global->heap.mem, block, block_bytes());
        return false;
    }
    gc->gray_capacity += BLOCK;
    return true;
}

static NP_COLD void push_slow(NpGlobal *global, NpObj *obj, uint64_t next) {
    NpGc *gc = &global->gc;
    if (!grow_gray(global)) {
        gc->overflow = true;
        return;
    }
    *gray_at(gc, gc->gray_count++) = (NpGrayEntry){obj, next};
}

static inline void push(NpGlobal *global, NpObj *obj, uint64_t next) {
    NpGc *gc = &global->gc;
    if (NP_LIKELY(gc->gray_count < gc->gray_capacity)) *gray_at(gc, gc->gray_count++) = (NpGrayEntry){obj, next};
    else push_slow(global, obj, next);
}

/* The rest of an object being scanned; false when there is no room for it. */
static bool push_rest(NpGlobal *global, NpObj *obj, uint64_t next) {
    NpGc *gc = &global->gc;
    if (gc->gray_count == gc->gray_capacity && !grow_gray(global)) return false;
    *gray_at(gc, gc->gray_count++) = (NpGrayEntry){obj, next};
    return true;
}

void np_mark_push(NpGlobal *global, NpObj *obj, uint64_t next) { push(global, obj, next); }

bool np_mark_open(NpGlobal *global) { return grow_gray(global); }

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

void np_barrier_moved(NpGlobal *global, NpTable *table, NpDictNode *node) {
    if (table->flags & NP_FLAG_WEAK) {
        np_weak_visit(global, table, node);
    } else if (global->gc.barrier_on) {
        /* The collector may have looked at the place it moves to but not at the one it comes from. */
        shade_payload(global, node->key, node->key_tag);
        shade_payload(global, node->value, node->value_tag);
    }
}

void np_barrier_again(NpGlobal *global, NpObj *owner) {
    if (owner->kind == NP_TABLE && (owner->flags & NP_FLAG_WEAK)) np_weak_moved(global, (NpTable *)owner);
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
    if (shape->marked == global->gc.epoch) return;
    shape->marked = global->gc.epoch;
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
    if (table->flags & NP_FLAG_WEAK) return table->flags & NP_FLAG_WEAK;
    if (NP_LIKELY(!metatable)) return 0;
    mode = np_weak_mode(global, metatable);
    return mode && np_weak_note(global, table, mode) ? mode : 0;
}

/* Nodes or slots from position `from`; the bytes looked at. */
static size_t scan_part_two(NpGlobal *global, NpTable *table, size_t from, unsigned mode, uint64_t kept) {
    if (np_table_is_dict(table)) {
        NpDict *dict = table->slots;
        size_t to = from < dict->size && dict->size - from > SLICE ? from + SLICE : dict->size;
        if (from >= to) return 0;
        if (to < dict->size && !push_rest(global, (NpObj *)table, (PART_TWO + to) | kept))
            to = dict->size;
        if (mode == 0) scan_nodes(global, dict, from, to, true);
        else if (mode == NP_FLAG_WEAK_VALUES) scan_nodes(global, dict, from, to, false);
        else if (mode == NP_FLAG_WEAK_KEYS) np_weak_scan_nodes(global, dict, from, to);
        return (to - from) * sizeof(NpDictNode);
    }
    if (!(mode & NP_FLAG_WEAK_VALUES) && table->slots)
        scan_values(global, np_slot_values(table), np_slot_tags(table), from, np_shape_of(global, table)->count);
    return table->slot_capacity * 9u;
}

/* The position carries the mode that the table was noted with. */
static size_t scan_table(NpGlobal *global, NpTable *table, uint64_t next) {
    size_t work = sizeof(NpTable);
    uint64_t kept;
    unsigned mode = next == 0 ? scan_table_head(global, table) : (unsigned)(next >> MODE_SHIFT & 3) * NP_FLAG_WEAK_VALUES;
    kept = (MODE_KNOWN | mode / NP_FLAG_WEAK_VALUES) << MODE_SHIFT;
    next &= (UINT64_C(1) << MODE_SHIFT) - 1;
    if (next < PART_TWO) {
        size_t to = table->array_size;
        if (next < to) {
            if (to - next > SLICE) to = next + SLICE;
            /* The rest goes below what the slice leads to, or the stack would grow by the whole table. */
            if (to < table->array_size && !push_rest(global, (NpObj *)table, to | kept)) to = table->array_size;
            if (!(mode & NP_FLAG_WEAK_VALUES)) scan_values(global, table->array, np_array_tags(table), next, to);
            work += (to - next) * 9;
            if (to < table->array_size) return work;
        }
        next = PART_TWO;
    }
    return table->slots ? work + scan_part_two(global, table, next - PART_TWO, mode, kept) : work;
}

void np_mark_strongly(NpGlobal *global, NpTable *table) { push(global, (NpObj *)table, MODE_KNOWN << MODE_SHIFT); }

/* ---- functions ---- */

static bool is_dead(const NpGlobal *global, NpInstr word) {
    return word < global->shape_table.used && global->shape_table.shapes[word].state == NP_SHAPE_DEAD;
}

/* Empties the caches that name a shape that died, before its number is used again. A shape that a
 * store leads to is kept alive by the store, one that a constructor gives by the constructor. From word `pc` to `end` or a little beyond; where it stopped. */
static int32_t scan_caches(NpGlobal *global, NpProto *proto, int32_t pc, int32_t end) {
    while (pc < end) {
        NpInstr *insn = &proto->code[pc];
        unsigned op = np_op(*insn);
        const NpOpInfo *info = &np_opcode_info[op];
        pc += info->words;
        if (op == NP_OP_NEWTABLE_AS) {
            if (!is_dead(global, insn[1])) {
                mark_shape(global, insn[1]);
                continue;
            }
            *insn = np_make_abc(NP_OP_NEWTABLE, np_a(*insn), np_b(*insn), np_c(*insn));
            insn[1] = 0; /* elements of an array */
        }
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
    return pc;
}

static void scan_proto_head(NpGlobal *global, NpProto *proto) {
    proto->flags &= (uint8_t)~NP_FLAG_REGRAY;
    shade_string(proto->source);
    mark_buffer(proto->constants);
    mark_buffer(proto->protos);
    mark_buffer(proto->upvalues);
    mark_buffer(proto->lines);
    mark_buffer(proto->locvars);
    mark_buffer(proto->chains);
    if (proto->upvalues)
        for (int i = 0; i < proto->nupvalues; i++) shade_string(proto->upvalues[i].name);
}

/* Positions count through constants, inner functions, variables and code, in this order. */
static size_t scan_proto(NpGlobal *global, NpProto *proto, size_t next) {
    size_t constants = (size_t)proto->nconstants, protos = constants + (size_t)proto->nprotos;
    size_t variables = protos + (size_t)proto->nlocvars, all = variables + (proto->code ? (size_t)proto->ncode : 0);
    size_t at = next, to = all - next > SLICE ? next + SLICE : all;
    if (next == 0) scan_proto_head(global, proto);
    if (to < all && !push_rest(global, (NpObj *)proto, to)) to = all;
    /* The place for the rest is on the stack before what is found; where it begins is known when the code was read. */
    size_t rest = to < all ? global->gc.gray_count - 1 : SIZE_MAX;
    for (; at < to && at < constants; at++) shade_value(global, &proto->constants[at]);
    for (; at < to && at < protos; at++)
        if (proto->protos[at - constants]) shade(global, (NpObj *)proto->protos[at - constants], NP_PROTO);
    for (; at < to && at < variables; at++) shade_string(proto->locvars[at - protos].name);
    if (at < to) at = variables + (size_t)scan_caches(global, proto, (int32_t)(at - variables), (int32_t)(to - variables));
    if (rest != SIZE_MAX) gray_at(&global->gc, rest)->next = at;
    return sizeof *proto + (at - next) * sizeof(NpValue);
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

/* An open upvalue keeps its thread alive, in whose stack the variable is, and the next of the thread's list:
 * otherwise the list would have to be gone through at once. */
static size_t scan_upval(NpGlobal *global, NpUpval *upval) {
    if (upval->at == &upval->u.closed) {
        shade_value(global, upval->at);
    } else {
        shade(global, (NpObj *)np_state_thread(upval->u.open.owner), NP_THREAD);
        if (upval->u.open.next) shade(global, (NpObj *)upval->u.open.next, NP_UPVAL);
    }
    return sizeof *upval;
}

/* ---- threads, userdata, keys ---- */

static size_t scan_thread(NpGlobal *global, NpThread *thread) {
    bool clean;
    size_t done = 0;
    thread->flags &= (uint8_t)~NP_FLAG_REGRAY;
    do {
        done += np_threads_scan(global, np_thread_state(thread), &clean);
    } while (!clean && !push_rest(global, (NpObj *)thread, 0));
    return sizeof(NpThread) + done;
}

static size_t scan_udata(NpGlobal *global, NpUdata *udata, size_t next) {
    size_t to = udata->nuservalues - next > SLICE ? next + SLICE : udata->nuservalues;
    if (udata->metatable) shade(global, (NpObj *)udata->metatable, NP_TABLE);
    if (to < udata->nuservalues && !push_rest(global, (NpObj *)udata, to)) to = udata->nuservalues;
    for (size_t i = next; i < to; i++) shade_value(global, &udata->uservalue[i]);
    return sizeof *udata + (to - next) * sizeof(NpValue);
}

static size_t scan_keys(NpKeys *keys) {
    mark_buffer(keys->index);
    for (int i = 0; i < keys->count; i++) shade_string(keys->key[i]);
    return sizeof *keys + keys->count * sizeof(NpString *);
}

static size_t scan(NpGlobal *global, NpObj *obj, uint64_t next) {
    if (NP_UNLIKELY(global->gc.waiting.heads != NULL)) np_waiting_key(global, obj);
    switch (obj->kind) {
        case NP_TABLE: return scan_table(global, (NpTable *)obj, next);
        case NP_LCLOSURE: return scan_lclosure(global, (NpLClosure *)obj);
        case NP_UPVAL: return scan_upval(global, (NpUpval *)obj);
        case NP_CCLOSURE: return scan_cclosure(global, (NpCClosure *)obj);
        case NP_UDATA: return scan_udata(global, (NpUdata *)obj, (size_t)next);
        case NP_THREAD: return scan_thread(global, (NpThread *)obj);
        case NP_PROTO: return scan_proto(global, (NpProto *)obj, (size_t)next);
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

/* On their way from the stack objects wait in a queue, as long as there are others to go on with: when they enter it their
 * header is asked for, halfway their buffers, and when they leave it both have come out of memory. */
static size_t drain(NpGlobal *global, size_t work) {
    NpGc *gc = &global->gc;
    NpGrayEntry queue[QUEUE];
    unsigned first = 0, held = 0;
    size_t done = 0;
    while (done < work) {
        for (; held < QUEUE && gc->gray_count > 0; held++) {
            NpGrayEntry *entry = &queue[(first + held) % QUEUE];
            *entry = *gray_at(gc, --gc->gray_count);
            __builtin_prefetch(entry->obj);
        }
        if (held == 0) break;
        if (held > QUEUE / 2) prefetch_parts(queue[(first + QUEUE / 2) % QUEUE].obj);
        const NpGrayEntry due = queue[first];
        first = (first + 1) % QUEUE;
        held--;
        done += scan(global, due.obj, due.next);
    }
    for (; held > 0; held--, first = (first + 1) % QUEUE) push(global, queue[first].obj, queue[first].next);
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

/* A group's name and message live as long as its record. */
static void shade_groups(NpGlobal *global) {
    for (unsigned id = 1; id < np_heap_group_end(&global->heap); id++) {
        const NpHeapGroup *group = np_heap_group_at(&global->heap, id);
        if (!group) continue;
        if (group->name) shade_string(group->name);
        if (group->message) shade_string(group->message);
    }
}

void np_mark_drop_owners(NpGlobal *global) {
    for (unsigned id = 1; id < np_heap_group_end(&global->heap); id++) {
        NpHeapGroup *group = np_heap_group_at(&global->heap, id);
        if (group && group->owner && !np_mark_test(group->owner)) group->owner = NULL;
    }
}

static void shade_roots(NpGlobal *global) {
    shade_value(global, &global->registry);
    shade(global, (NpObj *)np_state_thread(global->main_thread), NP_THREAD);
    if (global->running) shade(global, (NpObj *)np_state_thread(global->running), NP_THREAD);
    for (int i = 0; i < LUA_NUMTYPES; i++)
        if (global->type_meta[i]) shade(global, (NpObj *)global->type_meta[i], NP_TABLE);
    for (int i = 0; i < NP_EVENT_COUNT; i++) shade_string(global->event_names[i]);
    for (int i = 0; i < LUA_NUMTYPES; i++) shade_string(global->type_names[i]);
    shade_string(global->memory_error);
    shade_string(global->handler_error);
    shade_string(global->limit.word_hard);
    shade_string(global->limit.word_soft);
    shade_value(global, &global->limit.on_limit);
    shade_value(global, &global->limit.message);
    shade_groups(global);
    mark_buffer(global->heap.reserve);
    mark_buffer(global->strings.slots);
    mark_buffer(global->strings.old);
    mark_buffer(global->shape_table.transitions);
}

void np_mark_begin(NpGlobal *global) {
    NpGc *gc = &global->gc;
    gc->epoch = gc->epoch % 255 + 1;
    gc->marked_bytes = 0;
    gc->finishing = gc->modes_changed = gc->threads_lost = gc->waiting_lost = false;
    gc->finish_tries = 0;
    gc->weak.count = gc->weak_at = gc->weak_position = gc->weak_nodes = 0;
    gc->modes_at = 0;
    gc->threads.count = gc->again.count = 0;
    gc->final_at = gc->first_to_finalize;
    shade_roots(global);
}

/* What follows is dead. In the midst of an instruction, registers above top may be in use. */
static const NpValue *live_end(const lua_State *L) {
    return L->frame && np_frame_is_lua(L->frame) && L->top < L->frame->top ? L->frame->top : L->top;
}

/* Every slot of a stack is nil or a value that is still there (K1), so registers above top can be marked too. */
static void shade_registers(NpGlobal *global, lua_State *L) {
    if (!L || !L->stack) return;
    shade(global, (NpObj *)np_state_thread(L), NP_THREAD);
    for (const NpValue *slot = L->stack; slot < live_end(L); slot++) shade_value(global, slot);
}

void np_mark_unrooted(NpGlobal *global, lua_State *L) {
    const NpLimit *limit = &global->limit;
    const NpStringTable *strings = &global->strings;
    NpShapeTable *shapes = &global->shape_table;
    shade_registers(global, L);
    if (global->running != L) shade_registers(global, global->running);
    for (unsigned i = 0; i < limit->held_count; i++) {
        NpObj *held = (NpObj *)(uintptr_t)limit->held[i];
        if (!held) continue;
        if (np_span_of(held)->kind == NP_SPAN_BUF) np_mark_set(held);
        else shade(global, held, held->kind);
    }
    for (uint32_t i = 0; strings->slots && i <= strings->mask; i++)
        if (strings->slots[i] && strings->slots[i] != NP_STRING_GONE) np_mark_set(strings->slots[i]);
    for (uint32_t i = strings->old_at; strings->old && i <= strings->old_mask; i++)
        if (strings->old[i] && strings->old[i] != NP_STRING_GONE) np_mark_set(strings->old[i]);
    for (uint32_t id = NP_SHAPE_ROOT + 1; id < shapes->used; id++)
        if (shapes->shapes[id].state == NP_SHAPE_LIVE) mark_shape(global, id);
}

/* Without memory for a list: all that is marked is scanned again, threads from their bottom. */
static void search_for_threads(NpGlobal *global) {
    global->gc.epoch = global->gc.epoch % 255 + 1;
    global->gc.overflow = true;
    search_heap(global);
}

/* What a C function may have popped and goes on using before it calls the API again, which PUC Lua's manual does not allow
 * but its collector does: texts and blocks. Above the top is also what earlier calls left there, so nothing that is large,
 * or leads to more, is kept for it. */
static void shade_popped(NpGlobal *global, lua_State *L) {
    enum { POPPED_MOST = 64 << 10 };
    for (const NpValue *slot = L->top; slot < L->frame->top; slot++) /* K1 */
        if (slot->tag == NP_STR ? np_str(slot)->length <= POPPED_MOST
                                : slot->tag == NP_UDATA && np_udata(slot)->size <= POPPED_MOST && np_udata(slot)->nuservalues == 0)
            shade_value(global, slot);
}

bool np_mark_finish(NpGlobal *global, lua_State *L, size_t *done) {
    NpGc *gc = &global->gc;
    gc->finishing = true;
    if (!np_final_mark(global, done)) return false;
    if (!np_threads_again(global, done)) return false;
    if (gc->gray_count > 0 || !np_weak_check_modes(global, done)) return false;
    if (gc->gray_count > 0 || !np_weak_follow(global, done)) return false;
    shade_roots(global);
    shade(global, (NpObj *)np_state_thread(L), NP_THREAD);
    if (gc->keep_popped) shade_popped(global, L);
    if (gc->gray_count > 0 || gc->overflow || gc->modes_changed) return false;
    if (gc->threads_lost) search_for_threads(global);
    if (gc->threads_lost || gc->waiting_lost) np_weak_converge(global);
    return true;
}

bool np_mark_finish_resurrected(NpGlobal *global, size_t *done) {
    NpGc *gc = &global->gc;
    if (!np_final_mark(global, done)) return false;
    if (gc->gray_count > 0 || !np_weak_follow(global, done)) return false;
    if (gc->gray_count > 0 || gc->overflow) return false;
    if (gc->waiting_lost) np_weak_converge(global);
    return true;
}

bool np_mark_trim(NpGlobal *global, bool all) {
    NpGc *gc = &global->gc;
    NpMem *mem = &global->heap.mem;
    size_t keep = all ? 0 : KEEP_BLOCKS;
    CHECK1("G1", gc->gray_count == 0);
    for (int i = 0; gc->gray.count > keep && (all || i < FREE_BLOCKS); i++) {
        np_mem_discard_ready(mem, gc->gray.items[--gc->gray.count], block_bytes());
        gc->gray_capacity -= BLOCK;
    }
    return gc->gray.count <= keep;
}

void np_mark_cancel(NpGlobal *global) {
    NpGc *gc = &global->gc;
    np_heap_mark_cancel(&global->heap);
    np_weak_forget(global);
    (void)np_waiting_free(global, true);
    gc->gray_count = 0;
    gc->overflow = gc->finishing = gc->barrier_on = false;
}
