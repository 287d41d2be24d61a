/* barrier.h: the barriers, their rules and the legal omissions.
 *
 * Heap objects. While the collector traces (barrier_on), whoever stores a reference to a heap object into a heap
 * object shades the stored object: it is marked and queued (Dijkstra's insertion barrier). With the rule a table
 * can be scanned in slices, and new objects can be black.
 *
 * Stacks are stored into without a barrier. Instead, whoever is about to change a stack that the collector takes to
 * be as it was scanned says so first, and the collector scans again what may have changed, before marking ends:
 *   - a thread whose bytecode goes on compares its `attention` with the collector's (np_vm_attend in vm.c);
 *   - what the C API pushes goes through np_api_push, which calls np_barrier_touch for a thread scanned;
 *   - the return from the frame flagged NP_FRAME_SCANNED, and whoever cuts frames off otherwise, calls
 *     np_barrier_lower: below that frame nothing has changed since it was scanned;
 *   - whoever stores into a variable of another frame (an open upvalue, debug.setlocal) shades, as for heap objects.
 *
 * Weak tables have a read barrier, but only from the end of marking until they have been cleared (weak_window): an
 * entry whose key or value is not marked reads as absent (np_table_gone in table.h). The interpreter's own reads
 * then go by way of np_vm_guard.
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
/* [-] A node of the table's dictionary is about to move to another place in it; mark.c. It may have lost its value afterwards. */
NP_COLD void np_barrier_moved(NpGlobal *global, NpTable *table, NpDictNode *node);

/* [-] The thread's stack is about to change; threads.c. */
NP_RARE void np_barrier_touch(lua_State *L);
/* [-] The thread's frames have been cut back to below the flagged one; threads.c. */
NP_COLD void np_barrier_lower(lua_State *L);

/* lua_State.attention of a thread that has not changed since the collector looked at it; a collector's own is another. */
#define NP_ATTENTION_SCANNED 0xff
#define NP_ATTENTION_TOUCHED 0xfe /* changed, but its dispatch table may be out of date */

NP_INLINE void np_barrier_push(lua_State *L) {
    if (NP_UNLIKELY(L->attention == NP_ATTENTION_SCANNED)) np_barrier_touch(L);
}
/* After L->frame was set to a lower frame without returning. */
NP_INLINE void np_barrier_cut(lua_State *L) {
    if (NP_UNLIKELY(L->gc_frame > L->frame - L->frames)) np_barrier_lower(L);
}

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
