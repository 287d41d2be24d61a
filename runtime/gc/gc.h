/* gc.h: the collector as the rest of the runtime sees it (gc.c, mark.c, weak.c, final.c, verify.c).
 * Rule: only np_gc_check, np_gc_step, np_gc_full and np_gc_make_room are safe points. An allocation that the system or
 * the limit refuses collects too, but as if nothing had happened: no finaliser runs, nothing moves (limit.c). */
#ifndef NP_GC_H
#define NP_GC_H

#include "runtime/state.h"

/* Safe point [gc err stk]: does a slice of collection work when enough has been allocated. Everything live must be
 * reachable: in the stack below L->top, or from a root. May run finalisers. */
void np_gc_slice(lua_State *L);
NP_INLINE void np_gc_check(lua_State *L) {
    if (NP_UNLIKELY(L->global->heap.debt > 0)) np_gc_slice(L);
}
void np_gc_init(NpGlobal *global);
/* [gc err stk] A complete collection, finalisers included (unless emergency). */
void np_gc_full(lua_State *L, bool emergency);
/* [gc err stk] collectgarbage("step", n): true when a cycle was finished. */
bool np_gc_step(lua_State *L, int kilobytes);
/* [-] False inside a finaliser and while the state is closed. */
NP_INLINE bool np_gc_may_run(const NpGlobal *global) {
    return !(global->gc.stopped & (NP_GC_STOP_SELF | NP_GC_STOP_CLOSING));
}
/* [-] One slice of a whole collection and the release after it, without finalisers; `begin` with the first one. True when
 * all is done. For a thread other than the program's, while that one does nothing: L is where it waits. Small
 * strings and userdata that its frame has popped are kept. */
bool np_gc_idle_slice(lua_State *L, bool begin);
/* [-] Hands back all that is free, after moving buffers together, without collecting; the bytes released. */
size_t np_gc_release(lua_State *L);
/* [gc err stk] Collection work for about so many seconds (one step at least), finalisers as long as time is left; true
 * when a cycle was finished. Works while the collector is stopped. */
bool np_gc_run(lua_State *L, double seconds);
/* [err] Registers the object for finalisation if its (new) metatable has __gc. */
void np_gc_check_finalizer(lua_State *L, NpObj *obj, NpTable *metatable);
/* [gc err stk] At lua_close: runs every finaliser, also those registered meanwhile (bounded), in reverse order. */
void np_gc_close_all(lua_State *L);
/* ---- memory is short (limit.c) ---- */

/* [-] Keeps an object or buffer alive that is not yet reachable, while something else is allocated. Undone by
 * np_gc_drop, or by an error. */
NP_INLINE void np_gc_hold(lua_State *L, const void *what) {
    NpLimit *limit = &L->global->limit;
    CHECK1("L2", limit->held_count < NP_HELD_MAX);
    limit->held[limit->held_count++] = what;
}
NP_INLINE void np_gc_hold_value(lua_State *L, const NpValue *value) {
    np_gc_hold(L, value->tag & NP_TAG_COLLECTABLE ? value->v.p : NULL);
}
NP_INLINE void np_gc_drop(lua_State *L, unsigned count) { L->global->limit.held_count -= (uint8_t)count; }
/* [gc-free] An allocation of `size` bytes was refused: collects what it can. false: there is no use in trying again. */
bool np_gc_emergency(lua_State *L, size_t size);
/* [gc err stk] A safe point before an allocation of `bytes`: when they would not fit under the limit it collects, and
 * gives heap.onlimit's function a chance. The allocation may still fail. */
void np_gc_room_slow(lua_State *L, size_t bytes);
#define NP_GC_ROOM_FROM 32768 /* smaller requests are left to np_gc_check */
NP_INLINE void np_gc_make_room(lua_State *L, size_t bytes) {
    if (NP_UNLIKELY(bytes >= NP_GC_ROOM_FROM)) np_gc_room_slow(L, bytes);
}
/* [-] What the error is to say, from the moment a request is refused until np_limit_refused: it names the group whose
 * limit it was. */
NpString *np_limit_text(const NpGlobal *global);
/* [gc err stk] "not enough memory" is about to be raised: opens the reserve, calls heap.onlimit's function if that has
 * not been done; or when it was a group's limit, lets that be passed a little. */
void np_limit_refused(lua_State *L);
/* [-] Calls the host's function for such an error (neap_onmemoryerror), unless the compiler runs: np_load does it then. */
void np_limit_tell(lua_State *L);
/* [gc] Sets the limits; 0 stands for none. 0, or what is wrong with them (enum NpLimitError). */
int np_limit_set(lua_State *L, size_t hard, size_t soft);
enum NpLimitError { NP_LIMIT_OK, NP_LIMIT_IN_USE, NP_LIMIT_SOFT_ABOVE };
/* Used beyond this part of a limit whole collections are forced: the last 32nd, but at least a MiB, and no more than an eighth. */
#define NP_FORCED_FROM(limit) \
    ((limit) - ((limit) / 32 > ((size_t)1 << 20) ? (limit) / 32 : (limit) / 8 < ((size_t)1 << 20) ? (limit) / 8 : (size_t)1 << 20))
/* [-] What the collector has to stay below: the least of the limits, or 0. */
size_t np_limit_least(const NpGlobal *global);
/* [-] For gc.c: a whole collection is due because a limit is near. */
bool np_limit_due(NpGlobal *global);
/* [-] Around whole collections that np_limit_due asked for. */
void np_limit_collecting(NpGlobal *global, bool begins);
/* [gc err stk] For gc.c, after such a collection: calls heap.onlimit's function when too much is still in use. */
void np_limit_check(lua_State *L);
/* [-] Sets a part of the heap aside for the time when memory is short, unless that is done. */
void np_limit_set_aside(NpGlobal *global);
/* [-] The bucket at CPU time `now`: before and after a collection; is it full? */
void np_bucket_drain(NpBucket *bucket, double now);
void np_bucket_fill(NpBucket *bucket, double now);
bool np_bucket_full(const NpBucket *bucket);

/* ---- the rest ---- */
/* [gc-free] For limit.c: a whole cycle while running code may hold objects where nobody looks. */
void np_gc_unrooted(lua_State *L);

/* [-] Bytes in use, as collectgarbage("count") reports. */
size_t np_gc_count(const NpGlobal *global);
/* [-] The buffers that an object owns; how many. */
#define NP_GC_BUFFERS 6
unsigned np_gc_buffers(const NpObj *obj, const void *out[NP_GC_BUFFERS]);
/* [-] Finishes a sweep that is under way, so that the heap can be walked. */
void np_gc_end_sweep(NpGlobal *global);
/* [-] Counts what is in the heap by kind into gc.live_objects and live_kind_bytes: finishes the sweep and walks it. */
void np_gc_count_kinds(NpGlobal *global);
/* [-] The allocation debt so that the next cycle starts at the right heap size (after a change of knobs). */
void np_gc_set_debt(NpGlobal *global);
/* [-] Frees collector memory (close). */
void np_gc_close(NpGlobal *global);
/* [-] Finishes the phases after marking at once up to (not including) `phase`, at most STACKS; nothing when they are over. */
void np_gc_settle(NpGlobal *global, NpGcPhase phase);
/* [-] A thread has yielded; while marking is being finished it is scanned now rather than later. */
void np_gc_yielded(lua_State *L);
/* [-] After marking: what nobody can reach any more, although it may still be found in the dead part of a stack. */
NP_INLINE bool np_gc_is_dead(const NpGlobal *global, const NpValue *value) {
    return global->heap.marking && !global->gc.barrier_on && np_is_collectable(value) && !np_mark_test(value->v.obj);
}
/* [-] The __mode of a table with this metatable (may be NULL), as flags NP_FLAG_WEAK_*. */
unsigned np_weak_mode(NpGlobal *global, NpTable *metatable);
/* [-] Independent re-mark; np_fatal with parent and child printed when a reachable object is unmarked or freed. */
void np_gc_verify(lua_State *L);

#endif
