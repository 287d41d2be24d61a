/* call.h: calls, frames, protected calls, coroutines (call.c, coro.c, stack.c).
 * Tags: [gc] may collect, [err] may throw, [stk] may move the stack. */
#ifndef NP_CALL_H
#define NP_CALL_H

#include "runtime/dbg.h"
#include "runtime/err.h"
#include "runtime/state.h"

/* ---- stack.c ---- */
/* [err stk] Makes room for n more slots above top; throws "stack overflow". */
void np_stack_grow(lua_State *L, int n);
/* With NEAPDEBUG=movestack, in builds with checks, every place that may move the stack or the frames does, so that a
 * stale pointer shows. */
#if CHECK >= 1
#define NP_STACK_MOVES np_dbg_on(movestack)
#else
#define NP_STACK_MOVES false
#endif
/* [-] Is there less room than for n + 1 slots above top? */
NP_INLINE bool np_stack_short(const lua_State *L, int n) {
    return NP_UNLIKELY(L->stack_last - L->top <= n) || NP_STACK_MOVES;
}
NP_INLINE void np_stack_need(lua_State *L, int n) {
    if (np_stack_short(L, n)) np_stack_grow(L, n);
}
/* [-] false instead of throwing */
bool np_stack_try_grow(lua_State *L, int n);
/* [-] Gives memory back after deep recursion. */
void np_stack_shrink(lua_State *L);
/* [err] Makes room for one more frame. Frames may move. */
void np_stack_grow_frames(lua_State *L);
/* [err] Pushes a frame, contents undefined, and returns it (L->frame). Frames may move. */
NP_INLINE NpFrame *np_stack_push_frame(lua_State *L) {
    if (NP_UNLIKELY(L->frame + 1 == L->frames_end) || NP_STACK_MOVES) np_stack_grow_frames(L);
    return ++L->frame;
}
/* [stk] Stack and frames that grew while another group was charged are charged to the thread's own from now on. */
void np_stack_go_home(lua_State *L);
void np_stack_init(lua_State *L, lua_State *from); /* [err] first stack of a fresh thread */

NP_INLINE ptrdiff_t np_stack_save(lua_State *L, const NpValue *slot) { return (const char *)slot - (const char *)L->stack; }
NP_INLINE NpValue *np_stack_at(lua_State *L, ptrdiff_t offset) { return (NpValue *)((char *)L->stack + offset); }

/* [-] Makes `frame`, above L->frame, that of a Lua function about to run from its beginning: its function is at `func`. */
NP_INLINE void np_frame_begin_lua(NpFrame *frame, NpValue *func, const NpProto *proto, int nresults, unsigned flags) {
    frame->func = func;
    frame->top = func + 1 + proto->max_stack;
    frame->nresults = (int16_t)nresults;
    frame->flags = (uint16_t)flags;
    frame->u.lua.pc = proto->code;
    frame->u.lua.constants = proto->constants;
    frame->u.lua.nextra = frame->u.lua.below = 0;
}

/* ---- call.c ---- */
/* [gc err stk] Calls the function at `func` with the arguments between it and top; nresults as lua_call.
 * Results start at func's old place. For C code: enters a new interpreter loop for Lua functions. Yieldable or not. */
void np_call(lua_State *L, NpValue *func, int nresults);
void np_call_no_yield(lua_State *L, NpValue *func, int nresults);
/* [gc err stk] Protected run of f: catches, closes, restores the frame and stack to old_top; errfunc a slot offset or 0. */
int np_call_protected(lua_State *L, void (*f)(lua_State *, void *), void *arg, ptrdiff_t old_top, ptrdiff_t errfunc);
/* [gc err stk] A protected call of the function at func with the values above it; the status. */
int np_call_plain_protected(lua_State *L, NpValue *func, int nresults, ptrdiff_t errfunc);
/* [gc err stk] What neap_tailpcallk does, with a slot offset for the handler. */
int np_call_tail_protected(lua_State *L, NpValue *func, int nresults, ptrdiff_t errfunc, lua_KContext ctx, lua_KFunction k);
/* [gc err stk] Closes upvalues and to-be-closed variables >= level. status: LUA_OK or the error (value at top - 1),
 * as luaF_close. Returns the slot, which may have moved. */
NpValue *np_call_close(lua_State *L, NpValue *level, int status, bool yieldable);
/* [err] Marks the slot to be closed; throws "variable 'x' got a non-closable value". */
void np_call_mark_tbc(lua_State *L, NpValue *slot);
/* [gc err stk] Hook call for an event at a line (-1: none). */
void np_call_hook(lua_State *L, int event, int line, int first_transfer, int ntransfer);
/* [-] How many C levels a C stack of so many bytes has room for, at most NP_C_CALLS_MAX; 0 bytes: not known. */
unsigned np_call_levels(size_t stack_bytes);
/* [err] One more C level; throws "C stack overflow" past c_calls_max. */
void np_call_enter_c(lua_State *L);
NP_INLINE unsigned np_c_calls(const lua_State *L) { return L->n_c_calls & 0xffff; }
NP_INLINE bool np_yieldable(const lua_State *L) { return (L->n_c_calls & 0xffff0000u) == 0; }
#define NP_NOT_YIELDABLE 0x10000u

/* What a C function returns after neap_tailpcallk has prepared a call: the function at u.c.catch_func of its frame
 * is to be called with the values above it, then the frame finished (np_call_finish_c). */
#define NP_RET_CALL (-2)
/* nresults of a C frame with a to-be-closed slot (lua_toclose). */
#define NP_ENCODE_TBC(n) ((int16_t)(-(n)-3))
#define NP_DECODE_TBC(n) (-(n)-3)

/* [gc err stk] Prepares a call: a Lua function gets a frame (returned), a C function is run and its results moved
 * into place (NULL is returned). flags are added to the frame's. A C function that returned NP_RET_CALL leaves its
 * frame in place, and the frame of the Lua function it calls is returned, or it is completed. */
NpFrame *np_call_prepare(lua_State *L, NpValue *func, int nresults, unsigned flags);
/* [gc err stk] Carries out what a C function asked for with NP_RET_CALL: the frame of the Lua function it wants called,
 * or NULL when that was a C function, and the C frame is finished. */
NpFrame *np_call_requested(lua_State *L);
/* What a C function, whose frame is L's, may return: so many results, or NP_RET_CALL after it has asked for a call. */
NP_INLINE void np_call_check_count(const lua_State *L, int n) {
    NP_API_CHECK_IN("neap_tailpcallk", n < 0 || !(L->frame->flags & NP_FRAME_CATCH), "what it returned was not returned at once");
    NP_API_CHECK_IN("lua_CFunction", n >= 0 || (n == NP_RET_CALL && (L->frame->flags & NP_FRAME_CATCH)),
                    "a negative number of results");
}
/* [gc err stk] Moves the n results at top - n to the frame's function slot, as many as wanted, and pops the frame. */
void np_call_post(lua_State *L, NpFrame *frame, int n);
/* [gc err stk] Goes on with a C frame whose callee has returned, or that caught an error: runs its continuation
 * and pops the frame. */
void np_call_finish_c(lua_State *L, NpFrame *frame);
/* [-] The same, without moving anything, for the frame of a plain pcall whose callee lay right above it and has returned.
 * false: it is another frame, or hooks are on, and nothing has been done. */
bool np_call_finish_pcall(lua_State *L, NpFrame *frame);
/* [gc err stk] The value at func is not a function: puts its __call in front; throws when there is none. */
NpValue *np_call_meta_call(lua_State *L, NpValue *func);

/* [gc err stk] Runs frames until only those up to *base_index (ptrdiff_t) are left; under np_err_protect. */
void np_call_unroll(lua_State *L, void *base_index);
/* [-] pcall(f, ...) of a Lua function, in the plain case: both frames at once, f called where it lies. NULL: not so, and
 * nothing has been done; then it is a call of a C function like any other. */
NpFrame *np_call_push_pcall(lua_State *L, NpValue *func, int nresults, unsigned flags);
/* [gc stk] After an error: goes on from the innermost CATCH frame above frame index `base`, repeatedly. Returns LUA_OK,
 * LUA_YIELD or the error that nothing caught. */
int np_call_recover(lua_State *L, int status, ptrdiff_t base);
/* [gc stk] Closes all variables from slot offset `level` up, whatever their methods do; returns the status to report. */
int np_call_close_protected(lua_State *L, ptrdiff_t level, int status);

/* ---- coro.c ---- */
/* What has become of a call of one of the coroutine library's functions by the interpreter loop:
 *   NOT       nothing has been done; it is a C function like any other
 *   DONE      results are in place, as after any call
 *   SWITCHED  the loop has to go on with the thread that now runs (NpGlobal.running)
 *   LEAVE     the loop has to be left: the thread it began with has yielded */
typedef enum { NP_CORO_NOT, NP_CORO_DONE, NP_CORO_SWITCHED, NP_CORO_LEAVE } NpCoroStep;
/* [gc err stk] `func` is yield. */
NpCoroStep np_coro_yield(lua_State *L, NpValue *func, int nresults);
/* [gc err stk] `func` is resume, or a function made by wrap. */
NpCoroStep np_coro_resume(lua_State *L, NpValue *func, int nresults);
/* [-] Was the running thread resumed by the loop that runs it? */
bool np_coro_is_entered(const lua_State *L);
/* [gc err stk] Back to the resumer of such a thread, which has yielded, ended (LUA_OK) or failed with `status`, with what it
 * has for it. Errors are the resumer's. */
void np_coro_leave(lua_State *L, int status);
/* [-] First in a protected call on L: what goes on is the thread co, which L resumed, or others that it resumed. */
void np_coro_reenter(lua_State *L, lua_State *co);

/* ---- vm.c ---- */
/* [gc err stk] Runs the Lua frame L->frame (flag ENTRY set) until it returns. One of the upward calls of docs/FLOORS. */
void np_vm_execute(lua_State *L, NpFrame *frame);
/* [gc err stk] Completes the instruction that the Lua frame was in when a metamethod it called returned or yielded. */
void np_vm_finish(lua_State *L, NpFrame *frame);
/* [-] Chooses L->dispatch after the hooks changed. */
void np_vm_choose_dispatch(lua_State *L);
/* [-] For signal handlers: before their next instruction the Lua functions that run look whether there are hooks now (those
 * of all states of the process do, and one of them is enough), or, with `sample`, until the state whose
 * NpGlobal.sample_due is set has done so and takes the sample. */
void np_vm_poke(bool sample);
void np_vm_unpoke(void);
/* [-] Takes the CPU sample that is due. */
void np_call_sample(lua_State *L);
/* Which of the ways of dispatch this build has, in words. */
extern const char np_vm_dispatch_name[];

/* ---- state.c ---- */
lua_State *np_state_new_thread(lua_State *L); /* [gc-free, err] not anchored */
int np_state_reset_thread(lua_State *L, int status); /* closes a coroutine; see lua_closethread */

#endif
