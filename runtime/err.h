/* err.h: throwing, protected calls, and the wording of runtime errors (err.c, errmsg.c).
 * Rule: a Lua error is only ever raised through np_err_throw. */
#ifndef NP_ERR_H
#define NP_ERR_H

#include <stdarg.h>
#include "runtime/gate.h"

typedef struct NpErrJump {
    struct NpErrJump *previous;
    jmp_buf buf;
    volatile int status;
    lua_State *volatile L; /* thread that was running when it was set, or, in the loop right above, has been resumed since */
    unsigned level; /* C calls of that thread below the loop right above, which runs at level + 1 */
    unsigned depth; /* how many resumes L is away from the thread of then (coro.c) */
} NpErrJump;

/* Misuse of the C API by C code, nothing a script can cause: a sentence that names the function and what is wrong, and the
 * end of the process, in builds with CHECK only. */
#if CHECK >= 1
#define NP_API_CHECK_IN(function, cond, sentence)                                                  \
    ((cond) ? (void)0 : np_fatal("%s: wrong use of the C API: %s", function, sentence))
#else
#define NP_API_CHECK_IN(function, cond, sentence) ((void)(function))
#endif
#define NP_API_CHECK(cond, sentence) NP_API_CHECK_IN(__func__, cond, sentence)
/* A main thread whose lua_close was called already. Of its coroutines nothing is known. */
#define NP_API_OPEN(L, function)                                                                   \
    NP_API_CHECK_IN(function, !np_state_is_closed(L), "the state has been closed")
/* How a function of the API begins. */
#define NP_API_ENTER(L) (NP_API_OPEN(L, __func__), np_gate_pass(L))
#define NP_API_NEED(L, n) NP_API_CHECK((L)->top - (L)->frame->func > (n), "too few values on the stack")
/* That another value may be pushed: for functions that do it otherwise than by np_api_push. */
#define NP_API_ROOM(L) NP_API_CHECK((L)->top < (L)->frame->top, NP_API_NO_ROOM)
#define NP_API_NO_ROOM "stack overflow: lua_checkstack was not asked"

/* Raises `status` (LUA_ERRRUN, LUA_ERRMEM, LUA_ERRERR, or LUA_YIELD inside call.c); the error value is at L->top - 1. */
NP_NORETURN void np_err_throw(lua_State *L, int status);
/* Runs f(L, arg) and returns its status: LUA_OK or what was thrown. Stack and frames are left as the throw
 * left them; the caller unwinds. */
#define NP_ERR_NO_RECOVERY 0xffffu /* NpErrJump.level of a plain np_err_protect: CATCH frames above it must not be relied on */
int np_err_protect(lua_State *L, void (*f)(lua_State *L, void *arg), void *arg);
/* The same for callers that go on with np_call_recover when it fails, and see to global->running. */
int np_err_protect_recovering(lua_State *L, void (*f)(lua_State *L, void *arg), void *arg);
/* Puts the value for `status` (message at top - 1, or the fixed one for memory) at `at`, and sets top past it. */
void np_err_set_value(lua_State *L, int status, NpValue *at);

/* Runtime error with "chunk:line: " of the running Lua function put before; calls the message handler. */
NP_NORETURN NP_COLD void np_err_run(lua_State *L, const char *format, ...) NP_PRINTF(2, 3);
NP_NORETURN NP_COLD void np_err_memory(lua_State *L);
/* The same error once more, after it was caught: nothing has been refused. `text` is its message. */
NP_NORETURN NP_COLD void np_err_memory_again(lua_State *L, NpString *text);
/* The value at top - 1 is the error; calls the message handler, then throws. */
NP_NORETURN NP_COLD void np_err_message(lua_State *L);
/* "attempt to <what> a <type> value (local 'x')" */
NP_NORETURN NP_COLD void np_err_type(lua_State *L, const NpValue *value, const char *what);
NP_NORETURN NP_COLD void np_err_call(lua_State *L, const NpValue *value);
NP_NORETURN NP_COLD void np_err_for(lua_State *L, const NpValue *value, const char *what); /* "bad 'for' initial value (number expected, got nil)" */
NP_NORETURN NP_COLD void np_err_concat(lua_State *L, const NpValue *a, const NpValue *b);
NP_NORETURN NP_COLD void np_err_arith(lua_State *L, const NpValue *a, const NpValue *b, const char *what); /* "perform arithmetic on" */
NP_NORETURN NP_COLD void np_err_to_int(lua_State *L, const NpValue *a, const NpValue *b); /* "number%s has no integer representation" */
NP_NORETURN NP_COLD void np_err_compare(lua_State *L, const NpValue *a, const NpValue *b);
/* [gc-free, err] Pushes a formatted string (the conversions of lua_pushfstring) and returns its text. */
const char *np_err_vformat(lua_State *L, const char *format, va_list arguments);
const char *np_err_format(lua_State *L, const char *format, ...);
/* Writes Lua's short form of a chunk name into out[LUA_IDSIZE]. */
void np_err_chunk_id(char *out, const char *source, size_t length);

#endif
