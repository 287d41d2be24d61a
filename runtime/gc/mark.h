/* mark.h: marking, shared by the files of the collector (mark.c weak.c final.c gc.c); nobody else includes it.
 *
 * Colours. White: mark bit clear. Gray: marked and on the mark stack, or scanned in part. Black: marked
 * and scanned. Objects made while heap.marking are black. Invariant G1 (barrier.h): in MARK no black
 * object refers to a white one, but for stacks, which are scanned again, and for weak references.
 */
#ifndef NP_GC_MARK_H
#define NP_GC_MARK_H

#include "runtime/gc/list.h"
#include "runtime/state.h"
#include "runtime/table.h"

/* [-] Queues a marked object; when there is no room, notes that the heap must be searched for it. */
void np_mark_push(NpGlobal *global, NpObj *obj, uint64_t next);

NP_INLINE void np_mark_shade(NpGlobal *global, NpObj *obj, uint8_t kind) {
    if (np_mark_set(obj) && kind != NP_STR) np_mark_push(global, obj, 0);
}
NP_INLINE void np_mark_payload(NpGlobal *global, NpPayload payload, uint8_t tag) {
    if (tag & NP_TAG_COLLECTABLE) np_mark_shade(global, payload.obj, tag);
}

/* [-] Makes a first mark stack; false: no memory, and marking will have to search the heap. */
bool np_mark_open(NpGlobal *global);
/* [-] Clears the marks of shapes, shades the roots. */
void np_mark_roots(NpGlobal *global);
/* [-] The same for what an allocation on thread L may have in its hands (limit.c). */
void np_mark_unrooted(NpGlobal *global, lua_State *L);
/* [-] Scans queued objects, about `work` bytes of them; the bytes scanned. The queue is empty when it is less. */
size_t np_mark_some(NpGlobal *global, size_t work);
/* [-] Scans until nothing is queued. */
void np_mark_all(NpGlobal *global);
/* [-] Scans again what may have changed without a barrier: stacks; marks through open upvalues. */
void np_mark_again(NpGlobal *global, lua_State *L);
/* [-] At the end of ATOMIC: closes the upvalues whose thread is dead, clears the unused parts of stacks. */
void np_mark_finish(NpGlobal *global);

/* ---- weak.c ---- */
enum { NP_WEAK_VALUES = 1, NP_WEAK_KEYS = 2 }; /* bits of a mode */
/* [-] The __mode of a table with this metatable (may be NULL). */
unsigned np_weak_mode(NpGlobal *global, NpTable *metatable);
/* [-] Notes a weak table of a mode for ATOMIC; false when there is no memory: it must be scanned as a strong one. */
bool np_weak_note(NpGlobal *global, NpTable *table, unsigned mode);
/* [-] ATOMIC: tables that have changed their mode are scanned anew; ephemerons are followed to the end. */
void np_weak_converge(NpGlobal *global);
/* [-] ATOMIC: drops dead values from the tables noted from index `from` on; keys too when `keys`. */
void np_weak_clear_values(NpGlobal *global, size_t from);
void np_weak_clear_keys(NpGlobal *global);
/* [-] Marks what nodes [from, to) of an ephemeron table lead to; true if something was marked. *pending:
 * some key is not marked yet. */
bool np_weak_scan_nodes(NpGlobal *global, NpDict *dict, size_t from, size_t to, bool *pending);

/* ---- final.c ---- */
/* [-] ATOMIC: dead objects with __gc go to the end of to_finalize, latest registered first; all of them
 * when `all`. */
void np_final_separate(NpGlobal *global, bool all);
/* [-] Gives memory of both lists back after they have become short. */
void np_final_trim(NpGlobal *global);
/* [-] Shades what waits for its finaliser. */
void np_final_mark(NpGlobal *global);
/* [gc err stk] Calls up to `most` waiting finalisers; true when none is left. */
bool np_final_call_some(lua_State *L, size_t most);
/* [-] "error in <where> (message)" as a warning; pops the message. */
void np_final_warn(lua_State *L, const char *where);
NP_INLINE bool np_final_waiting(const NpGlobal *global) {
    return global->gc.first_to_finalize < global->gc.to_finalize.count;
}

#endif
