/* mark.h: marking, shared by the files of the collector (mark.c threads.c weak.c ephemeron.c final.c gc.c); nobody else includes it.
 *
 * Colours. White: mark bit clear. Gray: marked and on the mark stack, or scanned in part. Black: marked
 * and scanned. Objects made while heap.marking are black. Invariant G1 (barrier.h): in MARK no black
 * object refers to a white one, but for stacks that may have changed since they were scanned, and for weak
 * references.
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
/* [-] Begins a marking: shades the roots. */
void np_mark_begin(NpGlobal *global);
/* [-] Besides, what an allocation on thread L may have in its hands (limit.c). */
void np_mark_unrooted(NpGlobal *global, lua_State *L);
/* [-] Scans queued objects, about `work` bytes of them; the bytes scanned. The queue is empty when it is less. */
size_t np_mark_some(NpGlobal *global, size_t work);
/* [-] Scans until nothing is queued. */
void np_mark_all(NpGlobal *global);
/* [-] When nothing is queued: a piece of what else is to be looked at, its bytes added to *done; true when all that can
 * be reached is marked. */
bool np_mark_finish(NpGlobal *global, lua_State *L, size_t *done);
/* [-] The same in RESURRECT, where threads do not matter: what is marked there cannot be seen by the program. */
bool np_mark_finish_resurrected(NpGlobal *global, size_t *done);
/* [-] Marks are complete: groups whose handle is dead have no owner any more. */
void np_mark_drop_owners(NpGlobal *global);
/* [-] Marking is over: gives the memory of a large mark stack back, in slices; true when that is done. `all`: of any, at once. */
bool np_mark_trim(NpGlobal *global, bool all);
/* [-] Gives a marking up. */
void np_mark_cancel(NpGlobal *global);
/* [-] Queues a table to be scanned from its beginning as a strong one. */
void np_mark_strongly(NpGlobal *global, NpTable *table);

/* ---- threads.c ---- */
/* [-] A slice of a thread's stack; its bytes. *clean: the top was reached. */
size_t np_threads_scan(NpGlobal *global, lua_State *L, bool *clean);
/* [-] A slice of what may have changed since it was scanned; true when there is nothing of the kind left. */
bool np_threads_again(NpGlobal *global, size_t *done);
/* [-] STACKS: a slice of the unused parts; true when all are clear. */
bool np_threads_clear(NpGlobal *global);

/* ---- weak.c: passes over the noted tables, in slices whose bytes are added to *done; true: at the end ---- */
/* [-] Notes a weak table of a mode; false when there is no memory: it must be scanned as a strong one. */
bool np_weak_note(NpGlobal *global, NpTable *table, unsigned mode);
/* [-] Marks what nodes [from, to) of an ephemeron table lead to so far. */
void np_weak_scan_nodes(NpGlobal *global, NpDict *dict, size_t from, size_t to);
bool np_weak_follow(NpGlobal *global, size_t *done);
bool np_weak_check_modes(NpGlobal *global, size_t *done);
bool np_weak_clear_values(NpGlobal *global, size_t *done);
bool np_weak_clear_keys(NpGlobal *global, size_t *done);
/* [-] Without memory for the map: follows ephemerons to the end, at once. */
void np_weak_converge(NpGlobal *global);
/* [-] Entries of the table have moved: a pass that is in its midst begins it again. */
void np_weak_moved(NpGlobal *global, const NpTable *table);
/* [-] A node of a noted table is about to move: what the present pass would do to it. */
void np_weak_visit(NpGlobal *global, NpTable *table, NpDictNode *node);
/* [-] The marking is given up. */
void np_weak_forget(NpGlobal *global);

/* ---- ephemeron.c ---- */
/* [-] The value is to be marked when the key is; false: no memory. */
bool np_waiting_add(NpGlobal *global, NpObj *key, NpObj *value);
/* [-] The object has been marked. Only while gc.waiting.heads is set. */
void np_waiting_key(NpGlobal *global, const NpObj *key);
/* [-] Gives a slice (or all) of the map's memory back; true when all of it is. */
bool np_waiting_free(NpGlobal *global, bool all);

/* ---- final.c ---- */
/* [-] FINAL begins. */
void np_final_begin(NpGlobal *global);
/* [-] A slice of taking dead objects with __gc off their list, latest registered first; true at the end. */
bool np_final_separate(NpGlobal *global, size_t *done);
/* [-] Shades a slice of the queue from final_at on; true at its end. */
bool np_final_mark(NpGlobal *global, size_t *done);
/* [-] What is in the queue may be called. */
NP_INLINE void np_final_release(NpGlobal *global) { global->gc.final_ready = global->gc.to_finalize.count; }
/* [-] Gives memory of both lists back after they have become short. */
void np_final_trim(NpGlobal *global);
/* [gc err stk] Calls up to `most` waiting finalisers; true when none is left. */
bool np_final_call_some(lua_State *L, size_t most);
/* [-] "error in <where> (message)" as a warning; pops the message. */
void np_final_warn(lua_State *L, const char *where);
NP_INLINE bool np_final_waiting(const NpGlobal *global) {
    return global->gc.first_to_finalize < global->gc.final_ready;
}

#endif
