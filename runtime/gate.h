/* gate.h: what stops the program where it comes back to Neap while the helper thread has the heap (idle_unix.c).
 *
 * Rule: every function of the C API begins with NP_API_ENTER (err.h), and np_gate_pass follows every call of a function
 * that is not Neap's, after which its own code goes on: C functions, continuations, hooks, readers, writers. Those are left
 * out that touch nothing the collector does and may be called from signal handlers or without the host's own lock
 * (lua_sethook and its like, neap_interrupt). tools/check_gate holds the tree to it. */
#ifndef NP_GATE_H
#define NP_GATE_H

#include "runtime/state.h"

/* States of this process in which somebody waits for the next call: the helper, which has the heap or wants to know that
 * the program goes on. Changed by atomic operations and read without: the thread that has slept sees it all the same, and
 * no other is there (NpOsSleepers in mem_os.h). */
extern NP_HIDDEN int np_gate_watched;

/* [-] Waits until the heap is the program's again, and tells the helper that the program goes on. Keeps errno. */
NP_RARE void np_gate_wait(lua_State *L);
NP_INLINE void np_gate_pass(lua_State *L) {
    if (NP_UNLIKELY(np_gate_watched != 0)) np_gate_wait(L);
}

/* [-] At safe points, when neap_idle has asked for it: starts the helper if there is none, the heap is large enough and the
 * system tells of waits that are not announced. */
NP_COLD void np_idle_start(NpGlobal *global);

#endif
