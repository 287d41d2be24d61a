/* coro.c: coroutines: resume, yield, close.
 * Owns: the switch between threads. Does not: create threads (state.c) or run their frames (call.c, vm.c).
 *
 * A resume by lua_resume takes one level of the C stack; a yield is a throw to it. Frames of C functions between the two
 * are lost and go on with their continuations (manual 4.5). When there are none, which the level of C calls tells as it
 * does for protected calls (call.c), nothing has to be thrown: np_coro_yield makes the frame of the C function that
 * yields, and everything up to the resume returns when it sees that status is LUA_YIELD.
 *
 * A resume by an instruction of the loop right above the innermost setjmp (NpErrJump) does not even take that
 * (np_coro_enter): the loop goes on with the other thread, whose number of C calls is one more than that of its resumer,
 * as if there were a level between them. NpErrJump.L, level and depth follow, so that all that is asked of them is
 * answered for the thread that runs. A yield, or the end of the coroutine, goes back the same way. The resumer has
 * the frame of the C function that resumes on top meanwhile. What is thrown, an error or a yield that has to leave C
 * functions, ends the loop; np_call_recover then deals with one thread after the other, down to the one that the loop
 * began with. */
#include "runtime/call.h"
#include "include/neap.h"
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/strings.h"

static int resume_error(lua_State *L, const char *message, int nargs) {
    L->top -= nargs;
    np_set_obj(L->top, np_string_from(L, message), NP_STR);
    L->top++;
    return LUA_ERRRUN;
}

static void resume_body(lua_State *L, void *arg) {
    int nargs = *(int *)arg;
    NpValue *first = L->top - nargs;
    NpFrame *frame = L->frame;
    if (L->status == LUA_OK) {
        np_call(L, first - 1, LUA_MULTRET);
        return; /* or it has yielded, as at the end */
    }
    L->status = LUA_OK;
    L->n_c_calls++;
    if (np_frame_is_lua(frame)) {
        /* It yielded inside a hook. */
        L->top = first;
        np_vm_execute(L, frame);
        if (L->status == LUA_YIELD) return;
    } else {
        int n = nargs;
        if (frame->u.c.k) {
            n = frame->u.c.k(L, LUA_YIELD, frame->u.c.ctx);
            np_gate_pass(L);
        }
        if (n == NP_RET_CALL) np_call_requested(L);
        else np_call_post(L, L->frame, n);
    }
    L->n_c_calls--;
    ptrdiff_t base = 0;
    np_call_unroll(L, &base);
}

/* L can be resumed. */
static int run(lua_State *L, lua_State *from, int nargs, int *nresults) {
    lua_State *running = L->global->running;
    unsigned group = np_heap_group_switch(&L->global->heap, L->group);
    L->global->running = L;
    L->resumer = from;
    int status = np_err_protect_recovering(L, resume_body, &nargs);
    status = np_call_recover(L, status, 0);
    if (status == LUA_OK && L->status == LUA_YIELD) status = LUA_YIELD;
    L->global->running = from ? from : running;
    L->resumer = NULL;
    if (NP_UNLIKELY(status > LUA_YIELD)) {
        L->status = (uint8_t)status;
        np_err_set_value(L, status, L->top);
        L->frame->top = L->top;
    }
    L->group = L->global->heap.group->id;
    np_heap_group_switch(&L->global->heap, group);
    np_gc_yielded(L);
    *nresults = status == LUA_YIELD ? L->frame->aux.nyield : (int)(L->top - (L->frame->func + 1));
    return status;
}

int lua_resume(lua_State *L, lua_State *from, int nargs, int *nresults) {
    NP_API_ENTER(L);
    if (L->status == LUA_OK) {
        if (L->frame != L->frames) return resume_error(L, "cannot resume non-suspended coroutine", nargs);
        if (L->top - (L->frame->func + 1) == nargs) return resume_error(L, "cannot resume dead coroutine", nargs);
    } else if (L->status != LUA_YIELD) {
        return resume_error(L, "cannot resume dead coroutine", nargs);
    }
    NP_API_CHECK(nargs >= 0 && L->top - L->frame->func > nargs + (L->status == LUA_OK), "too few values on the stack");
    L->n_c_calls = from ? np_c_calls(from) : 0;
    if (np_c_calls(L) >= L->global->c_calls_max) return resume_error(L, "C stack overflow", nargs);
    return run(L, from, nargs, nresults);
}

/* ---- the functions of the coroutine library, called from Lua ---- */
static NpFrame *push_c_frame(lua_State *L, NpValue *func, int nresults) {
    NpFrame *frame = ++L->frame;
    frame->func = func;
    frame->top = L->top + LUA_MINSTACK;
    frame->nresults = (int16_t)nresults;
    frame->flags = NP_FRAME_C;
    frame->u.c.k = NULL;
    return frame;
}

/* Is the loop that runs right above the innermost setjmp, so that it may go from one thread to another? */
static bool may_switch(const lua_State *L) {
    const NpErrJump *jump = L->global->jump;
    return jump && jump->L == L && jump->level + 1 == np_c_calls(L);
}

bool np_coro_is_entered(const lua_State *L) { return may_switch(L) && L->global->jump->depth > 0; }

/* For such a frame. No C function runs in it; a host that gives a thread its values has LUA_MINSTACK slots all the same, with
 * those kept beyond stack_last, so that the stack of a small coroutine does not grow when it yields. */
static bool has_room(const lua_State *L) {
    return !np_stack_short(L, LUA_MINSTACK - NP_STACK_EXTRA) && L->frames_end - L->frame > 1;
}

/* The running thread is to be `to`, whose group is charged. */
static void switch_to(lua_State *to) {
    NpGlobal *global = to->global;
    global->running = to;
    np_heap_group_switch(&global->heap, to->group);
    if (NP_UNLIKELY(global->asked != NULL)) np_vm_choose_dispatch(to);
}

/* `co` was resumed by np_coro_resume or np_coro_enter, for the frame of a C function that is on top of L. It has `count`
 * values for it, and the C function returns. */
NP_INLINE void deliver(lua_State *L, lua_State *co, int status, int count) {
    np_barrier_push(L);
    NpFrame *frame = L->frame;
    NpValue *func = frame->func, *to = func;
    bool wrapped = func->tag == NP_CCLOSURE;
    if (NP_UNLIKELY(status > LUA_YIELD || L->stack_last - func <= count + 1 || L->hook_mask)) {
        NpGlobal *global = L->global;
        np_stack_need(L, LUA_MINSTACK);
        L->frame->top = L->top + LUA_MINSTACK;
        count = (wrapped ? global->end_wrap : global->end_resume)(L, co, status, status > LUA_YIELD ? 1 : count);
        np_gate_pass(L);
        np_call_post(L, L->frame, count);
        return;
    }
    const NpValue *from = co->top - count;
    int nresults = frame->nresults;
    co->top -= count;
    if (!wrapped) np_set_bool(to++, true);
    NpValue *end = nresults < 0 ? to + count : func + nresults;
    for (; to < end && count > 0; count--) np_copy(to++, from++);
    while (to < end) np_set_nil(to++);
    L->top = end;
    L->frame--;
}

void np_coro_leave(lua_State *L, int status) {
    NpGlobal *global = L->global;
    lua_State *to = L->resumer;
    if (NP_UNLIKELY(status > LUA_YIELD)) {
        L->status = (uint8_t)status;
        np_err_set_value(L, status, L->top);
        L->frame->top = L->top;
    }
    L->resumer = NULL;
    L->group = global->heap.group->id;
    NpErrJump *jump = global->jump;
    jump->L = to;
    jump->level--;
    jump->depth--;
    switch_to(to);
    if (NP_UNLIKELY(global->gc.finishing)) np_gc_yielded(L);
    deliver(to, L, status, status == LUA_YIELD ? L->frame->aux.nyield : (int)(L->top - (L->frame->func + 1)));
}

void np_coro_reenter(lua_State *L, lua_State *co) {
    NpErrJump *jump = L->global->jump;
    for (const lua_State *thread = co; thread != L; thread = thread->resumer) jump->depth++;
    jump->level += jump->depth;
    jump->L = co;
    uint32_t calls = jump->level + 1;
    for (lua_State *thread = co; thread != L; thread = thread->resumer) thread->n_c_calls = calls--;
    L->global->running = co;
}

NpCoroStep np_coro_yield(lua_State *L, NpValue *func, int nresults) {
    if (!np_yieldable(L) || L->hook_mask || !may_switch(L) || !has_room(L)) return NP_CORO_NOT;
    NpFrame *frame = push_c_frame(L, func, nresults);
    frame->aux.nyield = (int)(L->top - func) - 1;
    L->status = LUA_YIELD;
    if (L->global->jump->depth == 0) return NP_CORO_LEAVE;
    np_coro_leave(L, LUA_YIELD);
    return NP_CORO_SWITCHED;
}

/* Is it waiting in a yield without a continuation, or not started yet? */
static bool is_plainly_resumable(const lua_State *co) {
    if (co->status == LUA_YIELD) return !np_frame_is_lua(co->frame) && !co->frame->u.c.k && !co->hook_mask;
    return co->status == LUA_OK && co->frame == co->frames && co->top - (co->frame->func + 1) == 1 && !co->hook_mask;
}

/* Would a Lua frame be the innermost one, once it is resumed? */
static bool goes_on_in_lua(const lua_State *co) {
    return co->status == LUA_YIELD ? np_frame_is_lua(co->frame - 1) : co->top[-1].tag == NP_LCLOSURE;
}

/* `co`, whose innermost frame is that of a yield called by Lua, has those values as the results of it. */
NP_INLINE void answer_yield(lua_State *co, const NpValue *from, int nargs) {
    NpFrame *frame = co->frame, *caller = frame - 1;
    NpValue *to = frame->func, *end = to + (frame->nresults < 0 ? nargs : frame->nresults);
    for (; to < end && nargs > 0; nargs--) np_copy(to++, from++);
    while (to < end) np_set_nil(to++);
    co->top = end;
    co->frame = caller;
    co->status = LUA_OK;
}

/* Goes on with `co`, which is given the values from `first` up to L->top. func: the function that resumes it. */
static void enter(lua_State *L, lua_State *co, NpValue *func, NpValue *first, int nresults) {
    NpErrJump *jump = L->global->jump;
    int nargs = (int)(L->top - first);
    bool fresh = co->status == LUA_OK;
    if (!fresh) answer_yield(co, first, nargs);
    else for (int i = 0; i < nargs; i++) np_copy(co->top++, first + i);
    L->top = first;
    push_c_frame(L, func, nresults);
    L->group = L->global->heap.group->id;
    co->resumer = L;
    co->n_c_calls = np_c_calls(L) + 1;
    jump->L = co;
    jump->level++;
    jump->depth++;
    switch_to(co);
    if (fresh) {
        (void)np_call_prepare(co, co->top - nargs - 1, LUA_MULTRET, NP_FRAME_ENTRY);
    } else {
        unsigned op = np_op(co->frame->u.lua.pc[-1]);
        if (NP_UNLIKELY(op != NP_OP_CALL && op != NP_OP_TAILCALL)) np_vm_finish(co, co->frame);
    }
}

NpCoroStep np_coro_resume(lua_State *L, NpValue *func, int nresults) {
    bool wrapped = func->tag == NP_CCLOSURE;
    const NpValue *thread = wrapped ? &np_ccl(func)->upvalue[0] : func + 1;
    if (L->top <= thread && !wrapped) return NP_CORO_NOT;
    if (thread->tag != NP_THREAD || L->hook_mask) return NP_CORO_NOT;
    lua_State *co = np_thread_state(np_thread(thread));
    NpValue *first = func + (wrapped ? 1 : 2);
    int nargs = (int)(L->top - first), count;
    if (co == L || !is_plainly_resumable(co) || !has_room(L) || np_stack_short(co, nargs) ||
        np_c_calls(L) >= L->global->c_calls_max - 1)
        return NP_CORO_NOT;
    np_barrier_push(co);
    if (NP_LIKELY(may_switch(L) && goes_on_in_lua(co))) {
        enter(L, co, func, first, nresults);
        return NP_CORO_SWITCHED;
    }
    for (int i = 0; i < nargs; i++) np_copy(co->top++, first + i);
    L->top = first;
    push_c_frame(L, func, nresults);
    co->n_c_calls = np_c_calls(L);
    int status = run(co, L, nargs, &count);
    deliver(L, co, status, count);
    return NP_CORO_DONE;
}

int lua_isyieldable(lua_State *L) {
    NP_API_ENTER(L);
    return np_yieldable(L);
}

int lua_yieldk(lua_State *L, int nresults, lua_KContext ctx, lua_KFunction k) {
    NP_API_ENTER(L);
    NpFrame *frame = L->frame;
    NP_API_CHECK(nresults >= 0 && L->top - frame->func > nresults, "too few values on the stack");
    if (NP_UNLIKELY(!np_yieldable(L))) {
        if (L != L->global->main_thread) np_err_run(L, "attempt to yield across a C-call boundary");
        np_err_run(L, "attempt to yield from outside a coroutine");
    }
    L->status = LUA_YIELD;
    frame->aux.nyield = nresults;
    NP_API_CHECK(!np_frame_is_lua(frame) || (nresults == 0 && !k), "a hook yields no values and has no continuation");
    if (np_frame_is_lua(frame)) return 0; /* from a hook: the interpreter loop sees the status */
    frame->u.c.k = k;
    frame->u.c.ctx = ctx;
    np_err_throw(L, LUA_YIELD);
}

int np_state_reset_thread(lua_State *L, int status) {
    np_barrier_touch(L);
    L->frame = L->frames;
    np_barrier_cut(L);
    np_set_nil(L->stack);
    L->frame->func = L->stack;
    L->frame->flags = NP_FRAME_C;
    if (status == LUA_YIELD) status = LUA_OK;
    L->status = LUA_OK; /* so that it can run __close methods */
    L->errfunc = 0;
    L->n_catch = 0;
    status = np_call_close_protected(L, (ptrdiff_t)sizeof(NpValue), status);
    if (status != LUA_OK) np_err_set_value(L, status, L->stack + 1);
    else L->top = L->stack + 1;
    L->frame->top = L->top + LUA_MINSTACK;
    if (L->frame->top > L->stack_last) np_stack_need(L, LUA_MINSTACK);
    np_stack_shrink(L);
    L->frame->top = L->top + LUA_MINSTACK;
    return status;
}

int lua_closethread(lua_State *L, lua_State *from) {
    NP_API_ENTER(L);
    lua_State *running = L->global->running;
    unsigned group = np_heap_group_switch(&L->global->heap, L->group);
    L->n_c_calls = from ? np_c_calls(from) : 0;
    int status = np_state_reset_thread(L, L->status);
    L->global->running = running;
    L->group = (uint16_t)np_heap_group_of(np_state_thread(L)); /* where it was made */
    np_heap_group_switch(&L->global->heap, group);
    return status;
}

int lua_resetthread(lua_State *L) {
    NP_API_ENTER(L);
    return lua_closethread(L, NULL);
}

int neap_tailresume(lua_State *L, lua_State *co, int nargs, neap_ResumeK k) {
    NP_API_ENTER(L);
    int nresults = 0;
    int status = lua_resume(co, L, nargs, &nresults);
    return k(L, co, status, status > LUA_YIELD ? 1 : nresults); /* an error: one value, on top */
}
