/* verify.c: an independent walk over everything that can be reached.
 *
 * Owns: its own idea of what refers to what, and a set of its own (outside the heap, charged to the
 *       process) of what it has seen. Shares no code with mark.c on purpose.
 * Does not: change anything. Without memory for its set it checks nothing.
 *
 * Every object and buffer that is reached must lie in an allocated slot of the right kind of span, and
 * after STACKS until the sweep begins must be marked. At that point weak references
 * count like others: those to the dead have been dropped.
 */
#include "runtime/dbg.h"
#include "runtime/dict.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/list.h"
#include "runtime/gc/span.h"
#include "runtime/mem/mem_os.h"
#include "runtime/table.h"

typedef struct Verify {
    NpGlobal *global;
    uintptr_t *set; /* open addressing */
    size_t mask, count;
    size_t set_bytes;
    NpObjList todo;
    NpObj *parent;
    bool marks; /* mark bits are complete */
    bool failed;
} Verify;

static bool new_set(Verify *verify, size_t slots) {
    uintptr_t *old = verify->set;
    size_t old_mask = verify->mask, old_bytes = verify->set_bytes;
    void *fresh;
    size_t bytes = NP_ALIGN_UP(slots * sizeof(uintptr_t), np_os_page_size());
    if (sysAlloc(&np_mem_process, bytes, &fresh) != 0) return false;
    verify->set = fresh;
    verify->mask = slots - 1;
    verify->set_bytes = bytes;
    if (!old) return true;
    for (size_t i = 0; i <= old_mask; i++) {
        size_t at = (old[i] >> 4) * 0x9E3779B97F4A7C15u >> 20 & verify->mask;
        if (!old[i]) continue;
        while (verify->set[at]) at = (at + 1) & verify->mask;
        verify->set[at] = old[i];
    }
    np_mem_discard_ready(&np_mem_process, old, old_bytes);
    return true;
}

/* True when p was not in the set before. */
static bool add(Verify *verify, const void *p) {
    size_t at = ((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15u >> 20 & verify->mask;
    for (; verify->set[at]; at = (at + 1) & verify->mask)
        if (verify->set[at] == (uintptr_t)p) return false;
    verify->set[at] = (uintptr_t)p;
    if (++verify->count * 2 > verify->mask && !new_set(verify, (verify->mask + 1) * 2)) verify->failed = true;
    return true;
}

static NP_NORETURN void complain(const Verify *verify, const void *p, const char *what) {
    const NpObj *parent = verify->parent;
    if (parent)
        np_fatal("gc: %p (kind 0x%x), to which the object %p (kind 0x%x) refers, %s", p, *(const uint8_t *)p,
                 (const void *)parent, parent->kind, what);
    np_fatal("gc: %p (kind 0x%x), a root, %s", p, *(const uint8_t *)p, what);
}

static bool in_heap(const Verify *verify, const void *p) {
    return p && ((uintptr_t)p & (NP_GRANULE - 1)) == 0 && np_arena_of(p)->heap == &verify->global->heap;
}

static const NpSpan *check_slot(const Verify *verify, const void *p, bool buffer) {
    const NpSpan *span;
    if (!in_heap(verify, p)) complain(verify, p, "is not in this heap");
    span = np_span_of(p);
    if (!span) complain(verify, p, "lies in a free page");
    if (!np_bits_test(np_arena_of(p)->alloc, np_granule_of(p))) complain(verify, p, "is a free slot");
    if ((span->kind == NP_SPAN_BUF) != buffer) complain(verify, p, "is in the wrong kind of span");
    if (verify->marks && !np_mark_test(p)) complain(verify, p, "is not marked");
    return span;
}

static void reach(Verify *verify, NpObj *obj, uint8_t kind) {
    const NpSpan *span;
    if (!obj || verify->failed || !add(verify, obj)) return;
    span = check_slot(verify, obj, false);
    if (obj->kind != kind) complain(verify, obj, "is of another kind than its reference says");
    if ((span->kind == NP_SPAN_LEAF) != (kind == NP_STR)) complain(verify, obj, "is in the wrong kind of span");
    if (kind != NP_STR && !np_list_push(verify->global, &verify->todo, obj)) verify->failed = true;
}

static void reach_value(Verify *verify, NpPayload payload, uint8_t tag) {
    if (tag & NP_TAG_COLLECTABLE) reach(verify, payload.obj, tag);
}

static void reach_buffer(Verify *verify, const void *buffer, size_t bytes) {
    if (!buffer || verify->failed) return;
    if (!add(verify, buffer)) complain(verify, buffer, "has another owner besides");
    check_slot(verify, buffer, true);
    if (np_heap_slot_bytes(buffer) < bytes) complain(verify, buffer, "is shorter than its owner says");
}

static void table_edges(Verify *verify, NpTable *table) {
    const NpShape *shape;
    reach_buffer(verify, table->array, (size_t)table->array_size * 9);
    for (uint32_t i = 0; i < table->array_size; i++) reach_value(verify, table->array[i], np_array_tags(table)[i]);
    if (np_table_is_dict(table)) {
        NpDict *dict = table->slots;
        reach_buffer(verify, dict, np_dict_bytes(dict->size));
        reach(verify, (NpObj *)dict->metatable, NP_TABLE);
        for (uint32_t i = 0; i < dict->size; i++) {
            const NpDictNode *node = &dict->nodes[i];
            if (node->value_tag == NP_NIL) continue;
            if (node->dead_key) complain(verify, table, "has a live entry with a dead key");
            reach_value(verify, node->key, node->key_tag);
            reach_value(verify, node->value, node->value_tag);
        }
        return;
    }
    shape = np_shape_of(verify->global, table);
    if (table->shape >= verify->global->shape_table.used || shape->state != NP_SHAPE_LIVE)
        complain(verify, table, "has a shape that is not alive");
    if (verify->marks && table->shape != NP_SHAPE_ROOT && shape->marked != verify->global->gc.epoch) /* the root is never swept */
        complain(verify, table, "has a shape that is not marked");
    reach_buffer(verify, table->slots, table->slot_capacity * 9u);
    reach(verify, (NpObj *)shape->metatable, NP_TABLE);
    reach(verify, (NpObj *)shape->keys, NP_KEYS);
    for (int i = 0; i < shape->count; i++) reach_value(verify, np_slot_values(table)[i], np_slot_tags(table)[i]);
}

static void proto_edges(Verify *verify, NpProto *proto) {
    reach(verify, (NpObj *)proto->source, NP_STR);
    reach_buffer(verify, proto->constants, (size_t)proto->nconstants * sizeof(NpValue));
    reach_buffer(verify, proto->protos, (size_t)proto->nprotos * sizeof(NpProto *));
    reach_buffer(verify, proto->upvalues, proto->nupvalues * sizeof(NpUpvalDesc));
    reach_buffer(verify, proto->lines, (size_t)proto->nlines * sizeof(NpLineRun));
    reach_buffer(verify, proto->locvars, (size_t)proto->nlocvars * sizeof(NpLocVar));
    reach_buffer(verify, proto->chains, (size_t)proto->chain_capacity * sizeof(NpChainCache));
    for (int32_t i = 0; i < proto->nconstants; i++) reach_value(verify, proto->constants[i].v, proto->constants[i].tag);
    for (int32_t i = 0; i < proto->nprotos; i++) reach(verify, (NpObj *)proto->protos[i], NP_PROTO);
    for (int i = 0; proto->upvalues && i < proto->nupvalues; i++) reach(verify, (NpObj *)proto->upvalues[i].name, NP_STR);
    for (int32_t i = 0; i < proto->nlocvars; i++) reach(verify, (NpObj *)proto->locvars[i].name, NP_STR);
}

static void thread_edges(Verify *verify, NpThread *thread) {
    lua_State *L = np_thread_state(thread);
    if (!L->stack) return;
    reach_buffer(verify, L->stack, (size_t)(L->stack_last + NP_STACK_EXTRA - L->stack) * sizeof(NpValue));
    reach_buffer(verify, L->frames, (size_t)((char *)L->frames_end - (char *)L->frames));
    for (const NpValue *slot = L->stack; slot < L->top; slot++) reach_value(verify, slot->v, slot->tag);
    for (NpUpval *upval = L->open_upvalues; upval; upval = upval->u.open.next) reach(verify, (NpObj *)upval, NP_UPVAL);
}

static void edges(Verify *verify, NpObj *obj) {
    switch (obj->kind) {
        case NP_TABLE: table_edges(verify, (NpTable *)obj); break;
        case NP_PROTO: proto_edges(verify, (NpProto *)obj); break;
        case NP_THREAD: thread_edges(verify, (NpThread *)obj); break;
        case NP_LCLOSURE: {
            NpLClosure *closure = (NpLClosure *)obj;
            reach(verify, (NpObj *)closure->proto, NP_PROTO);
            for (int i = 0; i < closure->nupvalues; i++) reach(verify, (NpObj *)closure->upvalue[i], NP_UPVAL);
            break;
        }
        case NP_CCLOSURE: {
            NpCClosure *closure = (NpCClosure *)obj;
            for (int i = 0; i < closure->nupvalues; i++)
                reach_value(verify, closure->upvalue[i].v, closure->upvalue[i].tag);
            break;
        }
        case NP_UPVAL: {
            NpUpval *upval = (NpUpval *)obj;
            if (upval->at != &upval->u.closed)
                reach(verify, (NpObj *)np_state_thread(upval->u.open.owner), NP_THREAD);
            reach_value(verify, upval->at->v, upval->at->tag);
            break;
        }
        case NP_UDATA: {
            NpUdata *udata = (NpUdata *)obj;
            reach(verify, (NpObj *)udata->metatable, NP_TABLE);
            for (int i = 0; i < udata->nuservalues; i++)
                reach_value(verify, udata->uservalue[i].v, udata->uservalue[i].tag);
            break;
        }
        case NP_KEYS: {
            NpKeys *keys = (NpKeys *)obj;
            reach_buffer(verify, keys->index, keys->index_mask + 1);
            for (int i = 0; i < keys->count; i++) reach(verify, (NpObj *)keys->key[i], NP_STR);
            break;
        }
        default: complain(verify, obj, "is of no kind that could refer");
    }
}

static void roots(Verify *verify, lua_State *L) {
    NpGlobal *global = verify->global;
    NpGc *gc = &global->gc;
    reach_value(verify, global->registry.v, global->registry.tag);
    reach(verify, (NpObj *)np_state_thread(global->main_thread), NP_THREAD);
    reach(verify, (NpObj *)np_state_thread(L), NP_THREAD);
    for (int i = 0; i < LUA_NUMTYPES; i++) reach(verify, (NpObj *)global->type_meta[i], NP_TABLE);
    for (int i = 0; i < NP_EVENT_COUNT; i++) reach(verify, (NpObj *)global->event_names[i], NP_STR);
    for (int i = 0; i < LUA_NUMTYPES; i++) reach(verify, (NpObj *)global->type_names[i], NP_STR);
    reach(verify, (NpObj *)global->memory_error, NP_STR);
    reach(verify, (NpObj *)global->handler_error, NP_STR);
    for (unsigned id = 1; id < np_heap_group_end(&global->heap); id++) {
        const NpHeapGroup *group = np_heap_group_at(&global->heap, id);
        if (group) reach(verify, group->name, NP_STR);
        if (group) reach(verify, group->message, NP_STR);
    }
    for (size_t i = gc->first_to_finalize; i < gc->to_finalize.count; i++)
        reach(verify, gc->to_finalize.items[i], gc->to_finalize.items[i]->kind);
    for (size_t i = 0; i < gc->finalizable.count; i++)
        if (gc->finalizable.items[i]) check_slot(verify, gc->finalizable.items[i], false);
    reach_buffer(verify, global->strings.slots, ((size_t)global->strings.mask + 1) * sizeof(NpString *));
    if (global->strings.old)
        reach_buffer(verify, global->strings.old, ((size_t)global->strings.old_mask + 1) * sizeof(NpString *));
    reach_buffer(verify, global->shape_table.transitions,
                 ((size_t)global->shape_table.transition_mask + 1) * sizeof(uint32_t));
}

void np_gc_verify(lua_State *L) {
    NpGlobal *global = L->global;
    Verify verify = {.global = global};
    verify.marks = global->heap.marking && global->gc.phase >= NP_GC_STACKS;
    if (!new_set(&verify, 4096)) return;
    roots(&verify, L);
    while (verify.todo.count > 0 && !verify.failed) {
        verify.parent = verify.todo.items[--verify.todo.count];
        edges(&verify, verify.parent);
    }
    np_list_close(&global->heap.mem, (void **)&verify.todo.items, &verify.todo.capacity, sizeof(NpObj *));
    np_mem_discard_ready(&np_mem_process, verify.set, verify.set_bytes);
}
