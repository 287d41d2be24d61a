/* final.c: finalisers (manual 2.5.3).
 *
 * Owns: the list of objects marked for finalisation, in that order, and the queue of those found dead. Both are
 * gone over in slices. What has been found dead in this cycle stands in the queue behind final_ready until all that
 * it refers to is marked and weak tables have been cleared; then it may be called.
 * Does not: decide when finalisers run (gc.c, at safe points).
 *
 * An object is on at most one of the two, as NP_FLAG_FINALIZER says; when its finaliser is called it
 * leaves the queue and is an ordinary object again, which may be marked for finalisation anew.
 * Invariant F1: to_finalize has room for every object of both lists, so that FINAL needs no memory.
 */
#include "include/lua.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/mark.h"
#include "runtime/meta.h"

#define SLICE_BYTES ((size_t)64 << 10)
#define ITEM_BYTES ((size_t)64) /* what looking at an object of a list counts as: it is somewhere in memory */

static bool reserve(NpGlobal *global, NpObjList *list, size_t wanted) {
    return np_list_reserve(&global->heap.mem, (void **)&list->items, &list->capacity, list->count, sizeof(NpObj *),
                           wanted);
}

static bool register_object(NpGlobal *global, NpObj *obj) {
    NpGc *gc = &global->gc;
    return reserve(global, &gc->to_finalize, gc->finalizable.count + gc->to_finalize.count + 1) &&
           np_list_push(global, &gc->finalizable, obj);
}

void np_gc_check_finalizer(lua_State *L, NpObj *obj, NpTable *metatable) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    NpValue method;
    if (!metatable || (obj->flags & NP_FLAG_FINALIZER) || (gc->stopped & NP_GC_STOP_CLOSING)) return;
    if (!np_meta_raw(L, metatable, NP_EVENT_GC, &method)) return;
    if (!register_object(global, obj) && !(np_gc_emergency(L, 0) && register_object(global, obj))) np_err_memory(L);
    obj->flags |= NP_FLAG_FINALIZER;
}

/* The part of the queue that was called already is cut off when it is half of it. */
static void compact(NpGc *gc) {
    NpObjList *queue = &gc->to_finalize;
    size_t rest = queue->count - gc->first_to_finalize;
    if (gc->first_to_finalize == 0 || gc->first_to_finalize < rest) return;
    memmove(queue->items, queue->items + gc->first_to_finalize, rest * sizeof(NpObj *));
    queue->count = rest;
    gc->final_ready -= gc->first_to_finalize;
    gc->first_to_finalize = 0;
}

void np_final_begin(NpGlobal *global) {
    NpGc *gc = &global->gc;
    compact(gc);
    CHECK1("F1", gc->to_finalize.count + gc->finalizable.count <= gc->to_finalize.capacity);
    gc->final_ready = gc->to_finalize.count;
    gc->final_at = gc->finalizable.count;
    gc->final_kept = 0;
    gc->final_taken = false;
}

void np_final_trim(NpGlobal *global) {
    NpGc *gc = &global->gc;
    compact(gc);
    np_list_trim(global, &gc->to_finalize, gc->finalizable.count + gc->to_finalize.count);
    np_list_trim(global, &gc->finalizable, gc->finalizable.count);
}

/* Backwards over the list, leaving holes; then forwards, closing them. What is registered meanwhile is black and at its end. */
bool np_final_separate(NpGlobal *global, size_t *done) {
    NpGc *gc = &global->gc;
    NpObjList *from = &gc->finalizable, *to = &gc->to_finalize;
    for (; !gc->final_taken; gc->final_at--) {
        if (gc->final_at == 0) {
            gc->final_taken = true;
            if (to->count == gc->final_ready) return true;
            break;
        }
        NpObj **item = &from->items[gc->final_at - 1];
        if (*done >= SLICE_BYTES) return false;
        *done += ITEM_BYTES;
        if (np_mark_test(*item)) continue;
        to->items[to->count++] = *item;
        *item = NULL;
    }
    for (; gc->final_at < from->count; gc->final_at++) {
        if (*done >= SLICE_BYTES) return false;
        *done += sizeof(NpObj *);
        if (from->items[gc->final_at]) from->items[gc->final_kept++] = from->items[gc->final_at];
    }
    from->count = gc->final_kept;
    return true;
}

bool np_final_mark(NpGlobal *global, size_t *done) {
    NpGc *gc = &global->gc;
    if (gc->final_at < gc->first_to_finalize) gc->final_at = gc->first_to_finalize;
    for (; gc->final_at < gc->to_finalize.count; gc->final_at++) {
        NpObj *obj = gc->to_finalize.items[gc->final_at];
        if (*done >= SLICE_BYTES) return false;
        *done += ITEM_BYTES;
        np_mark_shade(global, obj, obj->kind);
    }
    return true;
}

static void call_method(lua_State *L, void *arg) {
    (void)arg;
    np_call_no_yield(L, L->top - 2, 0);
}

void np_final_warn(lua_State *L, const char *where) {
    const NpValue *error = L->top - 1;
    const char *message = np_is_str(error) ? np_str(error)->text : "error object is not a string";
    lua_warning(L, "error in ", 1);
    lua_warning(L, where, 1);
    lua_warning(L, " (", 1);
    lua_warning(L, message, 1);
    lua_warning(L, ")", 0);
    L->top--;
}

static void call_one(lua_State *L) {
    NpGc *gc = &L->global->gc;
    NpObj *obj = gc->to_finalize.items[gc->first_to_finalize++];
    NpValue value, method;
    uint8_t allow_hook = L->allow_hook, stopped = gc->stopped;
    ptrdiff_t old_top;
    unsigned group;
    int status;
    obj->flags &= (uint8_t)~NP_FLAG_FINALIZER;
    obj->flags |= NP_FLAG_FINALIZED;
    np_set_obj(&value, obj, obj->kind);
    np_meta_get(L, &value, NP_EVENT_GC, &method);
    if (np_is_nil(&method)) return;
    /* Two of the extra slots that every stack has beyond its end are enough. */
    old_top = np_stack_save(L, L->top);
    gc->stopped |= NP_GC_STOP_SELF;
    L->allow_hook = 0;
    np_copy(L->top++, &method);
    np_copy(L->top++, &value);
    L->frame->flags |= NP_FRAME_FIN;
    group = np_heap_group_switch(&L->global->heap, np_heap_group_of(obj));
    status = np_call_protected(L, call_method, NULL, old_top, 0);
    np_heap_group_switch(&L->global->heap, group);
    L->frame->flags &= (uint16_t)~NP_FRAME_FIN;
    L->allow_hook = allow_hook;
    gc->stopped = stopped;
    if (status != LUA_OK) np_final_warn(L, "__gc");
}

bool np_final_call_some(lua_State *L, size_t most) {
    NpGlobal *global = L->global;
    while (most-- > 0 && np_final_waiting(global)) call_one(L);
    if (!np_final_waiting(global)) {
        NpGc *gc = &global->gc;
        if (gc->first_to_finalize == gc->to_finalize.count)
            gc->to_finalize.count = gc->first_to_finalize = gc->final_ready = 0;
        return true;
    }
    return false;
}

void np_gc_close_all(lua_State *L) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    NpObjList *from = &gc->finalizable, *to = &gc->to_finalize;
    np_gc_settle(global, NP_GC_STACKS);
    gc->stopped |= NP_GC_STOP_CLOSING;
    while (from->count > 0) to->items[to->count++] = from->items[--from->count];
    np_final_release(global);
    np_final_call_some(L, SIZE_MAX);
}
