/* err.c: raising errors and catching them.
 * Owns: the chain of setjmp points, the message handler's call, the values of the fixed errors.
 * Does not: word messages (errmsg.c) or unwind frames (call.c). */
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/call.h"
#include "runtime/gc/gc.h"
#include "runtime/strings.h"

/* In the middle of a Lua instruction top need not be past the registers, which may be variables of closures, or to be
 * closed. The errors with a message have seen to that before they pushed it. */
static void settle_top(lua_State *L) {
    if (L->frame && np_frame_is_lua(L->frame) && L->top < L->frame->top) L->top = L->frame->top;
}

void np_err_throw(lua_State *L, int status) {
    NpGlobal *global = L->global;
    if (status == LUA_ERRMEM || status == LUA_ERRERR) settle_top(L);
    NpErrJump *jump = global->jump;
    global->limit.held_count = 0;
    global->limit.handling = false;
    if (!jump) {
        /* Nobody catches: the host's panic function, then the end, as the manual says (lua_atpanic). */
        if (global->panic) {
            if (status == LUA_ERRMEM || status == LUA_ERRERR) np_err_set_value(L, status, L->top);
            global->panic(L);
        }
        np_fatal("unprotected error in a call to the Lua API");
    }
    if (jump->L != L && status != LUA_YIELD) {
        /* Raised in a thread that runs outside any resume: the value goes to the thread that can catch it. */
        np_err_set_value(L, status, L->top);
        np_barrier_push(jump->L);
        np_copy(jump->L->top, L->top - 1);
        jump->L->top++;
    }
    jump->status = status;
    longjmp(jump->buf, 1);
}

static int protect(lua_State *L, void (*f)(lua_State *L, void *arg), void *arg, unsigned level) {
    NpErrJump jump;
    uint32_t n_c_calls = L->n_c_calls;
    jump.previous = L->global->jump;
    jump.status = LUA_OK;
    jump.L = L;
    jump.level = level;
    jump.depth = 0;
    L->global->jump = &jump;
    if (setjmp(jump.buf) == 0) f(L, arg);
    L->global->jump = jump.previous;
    L->global->failed = jump.L;
    if (jump.status != LUA_OK) L->global->running = jump.L; /* until it is known who catches: a signal may ask meanwhile */
    L->n_c_calls = n_c_calls;
    return jump.status;
}

int np_err_protect(lua_State *L, void (*f)(lua_State *L, void *arg), void *arg) {
    lua_State *running = L->global->running; /* L, unless a host calls in a thread that it has not resumed */
    L->global->running = L;
    int status = protect(L, f, arg, NP_ERR_NO_RECOVERY);
    L->global->running = running;
    return status;
}

int np_err_protect_recovering(lua_State *L, void (*f)(lua_State *L, void *arg), void *arg) {
    return protect(L, f, arg, np_c_calls(L));
}

void np_err_set_value(lua_State *L, int status, NpValue *at) {
    switch (status) {
    case LUA_ERRMEM: np_copy(at, &L->global->limit.message); break;
    case LUA_ERRERR: np_set_obj(at, L->global->handler_error, NP_STR); break;
    case LUA_OK: np_set_nil(at); break; /* only while closing a thread */
    default: np_copy(at, L->top - 1); break;
    }
    L->global->limit.caught = true;
    L->top = at + 1;
}

/* Calls the message handler with the value at top - 1, which it replaces. */
static void call_handler(lua_State *L) {
    NpValue *handler = np_stack_at(L, L->errfunc);
    np_copy(L->top, L->top - 1);
    np_copy(L->top - 1, handler);
    L->top++;
    np_call_no_yield(L, L->top - 2, 1);
}

/* The handler is called, unlike in PUC Lua: the reserve is there for it. An error in it is the error then; a second one
 * for want of memory has no handler. */
void np_err_memory_again(lua_State *L, NpString *text) {
    NpLimit *limit = &L->global->limit;
    np_set_obj(&limit->message, text, NP_STR);
    if (L->errfunc != 0 && !limit->handling) {
        limit->handling = true;
        settle_top(L);
        np_set_obj(L->top, text, NP_STR);
        L->top++;
        call_handler(L);
        np_copy(&limit->message, L->top - 1);
    }
    np_err_throw(L, LUA_ERRMEM);
}

void np_err_memory(lua_State *L) {
    settle_top(L);
    L->global->limit.held_count = 0;
    NpString *text = np_limit_text(L->global);
    np_limit_refused(L);
    np_err_memory_again(L, text);
}

void np_err_message(lua_State *L) {
    if (L->errfunc != 0) call_handler(L);
    np_err_throw(L, LUA_ERRRUN);
}
