/* barrier.h: the write barrier, its rule and its legal omissions.
 *
 * Rule: while the collector traces (barrier_on), whoever stores a reference to a heap object into a heap
 * object shades the stored object: it is marked and queued (Dijkstra's insertion barrier). Stacks are not
 * barriered: they are scanned again in the atomic phase.
 * With the rule, a table or stack can be scanned in slices and new objects can be black.
 *
 * Legal omissions, tagged NOBARRIER(reason) where they occur:
 *   fresh    the object stored into was made after the last safe point and is not yet reachable by the collector's
 *            queue as scanned ... only when it is black by allocation and the value is black too (fresh itself)
 *   leaf     the value cannot be a heap object
 *   moved    the value was already in this same object and the object is queued again (np_barrier_again)
 */
#ifndef NP_BARRIER_H
#define NP_BARRIER_H

#include "runtime/state.h"

/* [-] Marks and queues the object; mark.c. Never fails: when the mark stack cannot grow the object is left to a rescan. */
NP_COLD void np_barrier_shade(NpGlobal *global, NpObj *obj);
/* [-] Queues an owner to be scanned from its beginning again (its values moved about); mark.c. */
NP_COLD void np_barrier_again(NpGlobal *global, NpObj *owner);

/* After storing `value` into owner. */
NP_INLINE void np_barrier(NpGlobal *global, const void *owner, const NpValue *value) {
    (void)owner;
    if (NP_UNLIKELY(global->gc.barrier_on) && np_is_collectable(value)) np_barrier_shade(global, value->v.obj);
}
NP_INLINE void np_barrier_obj(NpGlobal *global, const void *owner, const void *obj) {
    (void)owner;
    if (NP_UNLIKELY(global->gc.barrier_on)) np_barrier_shade(global, (NpObj *)obj);
}

#endif
