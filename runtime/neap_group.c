/* neap_group.c: groups as neap.h shows them: handles, calls inside a group, figures.
 *
 * Owns: what a handle is, and that the group that was charged before a call is charged again after it, however it ends.
 * Does not: count or refuse (gc/heapgroup.c, gc/limit.c), change groups with coroutines (coro.c) and finalisers (final.c).
 *
 * Which group is charged is one fact of the whole state, NpHeap.group. A call in a group catches what comes out of it,
 * changes back, and throws it on: so every way out of the call is seen. A thread that yields keeps its group. */
#include "include/neap.h"
#include "runtime/api.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/gc/gc.h"
#include "runtime/strings.h"

/* The block of a handle. Any userdata may look like one: it is one if the group says so. */
typedef struct Handle { unsigned id; } Handle;

static NpHeapGroup *group_at(lua_State *L, int index) {
    const NpValue *value = np_api_slot(L, index);
    NpUdata *udata;
    NpHeapGroup *group;
    if (value->tag != NP_UDATA) return NULL;
    udata = np_udata(value);
    if (udata->size != sizeof(Handle)) return NULL;
    group = np_heap_group_at(&L->global->heap, ((Handle *)np_udata_block(udata))->id);
    return group && group->owner == udata ? group : NULL;
}

static NpHeapGroup *need_group(lua_State *L, int index) {
    NpHeapGroup *group = group_at(L, index);
    NP_API_CHECK(group, "a group is expected");
    return group;
}

int neap_group_is(lua_State *L, int index) {
    NP_API_ENTER(L);
    return group_at(L, index) != NULL;
}

void neap_group_new(lua_State *L, const char *name, size_t limit) {
    NP_API_ENTER(L);
    NpHeap *heap = &L->global->heap;
    Handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    NpHeapGroup *group;
    lua_pushstring(L, name);
    lua_pushfstring(L, "not enough memory (group '%s')", name);
    group = np_heap_group_new(heap);
    if (!group && np_gc_emergency(L, 0)) group = np_heap_group_new(heap);
    if (!group) np_err_memory(L);
    handle->id = group->id;
    group->limit = limit;
    group->owner = np_udata(L->top - 3);
    group->name = np_str(L->top - 2);
    group->message = np_str(L->top - 1);
    /* NOBARRIER(root): names and messages of groups are looked at again when marking ends; the stack holds them now */
    lua_pop(L, 2);
}

/* ---- calls ---- */

static void back_to(lua_State *L, unsigned group) {
    np_heap_group_switch(&L->global->heap, group);
    np_stack_go_home(L);
}

/* The error value is at the top, and the handler has been called. */
static NP_NORETURN void throw_on(lua_State *L, int status) {
    if (status == LUA_ERRMEM) np_copy(&L->global->limit.message, L->top - 1);
    np_err_throw(L, status);
}

void neap_group_call(lua_State *L, int index, int nargs, int nresults) {
    NP_API_ENTER(L);
    const NpHeapGroup *group = need_group(L, index);
    unsigned old = np_heap_group_switch(&L->global->heap, group->id);
    int status = np_call_plain_protected(L, L->top - nargs - 1, nresults, L->errfunc);
    back_to(L, old);
    if (status != LUA_OK) throw_on(L, status);
}

static int finish_call(lua_State *L, int status, lua_KContext old) {
    back_to(L, (unsigned)old);
    if (status != LUA_YIELD) throw_on(L, status);
    return (int)(L->top - np_stack_at(L, L->frame->u.c.catch_func));
}

int neap_group_tailcall(lua_State *L, int index, int nargs) {
    NP_API_ENTER(L);
    const NpHeapGroup *group = need_group(L, index);
    if (L->n_catch >= NP_CATCH_MAX) np_err_run(L, "C stack overflow"); /* later nobody would change the group back */
    NpValue *func = L->top - nargs - 1;
    unsigned old = np_heap_group_switch(&L->global->heap, group->id);
    L->frame->u.c.catch_func = np_stack_save(L, func); /* also where no frame catches: the place of the first result */
    return np_call_tail_protected(L, func, LUA_MULTRET, L->errfunc, (lua_KContext)old, finish_call);
}

/* ---- figures ---- */

int neap_group_setlimit(lua_State *L, int index, size_t limit) {
    NP_API_ENTER(L);
    NpHeapGroup *group = need_group(L, index);
    if (limit && np_heap_group_bytes(&L->global->heap, group) > limit) np_gc_full(L, true);
    if (limit && np_heap_group_bytes(&L->global->heap, group) > limit) return NEAP_LIMIT_IN_USE;
    group->limit = limit;
    return NEAP_LIMIT_OK;
}

static void fill(lua_State *L, NpHeapGroup *group, neap_GroupStats *out) {
    const NpString *name = group->name;
    out->bytes = np_heap_group_bytes(&L->global->heap, group);
    out->objects = group->objects;
    out->peak = group->peak;
    out->name = name ? name->text : "";
    out->limit = group->limit;
    out->limit_hits = group->hits;
    out->dropped = group->owner == NULL;
}

void neap_group_stats(lua_State *L, int index, neap_GroupStats *out) {
    NP_API_ENTER(L);
    np_heap_groups_census(&L->global->heap);
    fill(L, need_group(L, index), out);
}

int neap_group_next(lua_State *L, int previous, neap_GroupStats *out) {
    NP_API_ENTER(L);
    if (previous == 0) np_heap_groups_census(&L->global->heap);
    unsigned id = (unsigned)previous + 1, end = np_heap_group_end(&L->global->heap);
    while (id < end && !np_heap_group_at(&L->global->heap, id)) id++;
    if (id >= end) return 0;
    fill(L, np_heap_group_at(&L->global->heap, id), out);
    return (int)id;
}
