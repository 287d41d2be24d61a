/* retained.c: see retained.h. */
#include "runtime/inspect/retained.h"

#include "runtime/inspect/reach.h"

typedef struct Rest {
    const NpObj *obj;
    size_t bytes, objects;
} Rest;

/* What the walk has not met; the object itself is marked, but not for having been met. */
static void add_unmet(void *ctx, NpSpan *span, void *slot) {
    Rest *rest = ctx;
    (void)span;
    if (np_mark_test(slot) && slot != rest->obj) return;
    rest->bytes += np_edges_size(slot);
    rest->objects++;
}

bool np_retained_by(lua_State *L, NpObj *obj, size_t *bytes, size_t *objects) {
    NpReach reach = {.L = L, .except = obj, .without_caller = true};
    Rest rest = {obj, 0, 0};
    bool walked;
    np_inspect_settle(L);
    walked = np_reach_walk(&reach);
    if (walked) np_heap_walk(&L->global->heap, false, add_unmet, &rest);
    np_reach_close(&reach);
    *bytes = rest.bytes;
    *objects = rest.objects;
    return walked;
}
