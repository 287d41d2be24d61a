/* gc.h: the collector as the rest of the runtime sees it (gc.c, mark.c, weak.c, final.c, verify.c).
 * Rule: only np_gc_check, np_gc_step and np_gc_full collect; allocation never does. */
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
/* [err] Registers the object for finalisation if its (new) metatable has __gc. */
void np_gc_check_finalizer(lua_State *L, NpObj *obj, NpTable *metatable);
/* [gc err stk] At lua_close: runs every finaliser, also those registered meanwhile (bounded), in reverse order. */
void np_gc_close_all(lua_State *L);
/* [-] Bytes in use, as collectgarbage("count") reports. */
size_t np_gc_count(const NpGlobal *global);
/* [-] Counts what is in the heap by kind into gc.live_objects and live_kind_bytes: finishes the sweep and walks it. */
void np_gc_count_kinds(NpGlobal *global);
/* [-] The allocation debt so that the next cycle starts at the right heap size (after a change of knobs). */
void np_gc_set_debt(NpGlobal *global);
/* [-] Frees collector memory (close). */
void np_gc_close(NpGlobal *global);
/* [-] Independent re-mark; np_fatal with parent and child printed when a reachable object is unmarked or freed. */
void np_gc_verify(lua_State *L);

#endif
