/* api_call.c: the C API's calls, errors, to-be-closed slots, warnings and the odds and ends of a state.
 * Does not: load or dump (compiler/load.c, api_load.c), switch coroutines (coro.c), open states (state.c). */
#include "runtime/api.h"
#include "runtime/call.h"
#include "runtime/err.h"

const char lua_ident[] = "$LuaVersion: " LUA_COPYRIGHT " $$LuaAuthors: " LUA_AUTHORS " $ (the API of; this is Neap)";

/* ---- calls ---- */

/* With LUA_MULTRET the results may reach beyond the slots the C function was given; they are its own now. */
static void own_results(lua_State *L, int nresults) {
    if (nresults <= LUA_MULTRET && L->frame->top < L->top) L->frame->top = L->top;
}

static void check_call(lua_State *L, int nargs, int nresults, const char *function) {
    NP_API_OPEN(L, function);
    NP_API_CHECK_IN(function, nargs >= 0 && L->top - L->frame->func > nargs + 1, "too few values on the stack");
    NP_API_CHECK_IN(function, L->status == LUA_OK, "calling in a thread that yielded or failed");
    NP_API_CHECK_IN(function, nresults == LUA_MULTRET || L->frame->top - L->top >= nresults - nargs - 1,
                    "the results do not fit the stack: lua_checkstack was not asked");
}

LUA_API void lua_callk(lua_State *L, int nargs, int nresults, lua_KContext ctx, lua_KFunction k) {
    NP_API_ENTER(L);
    check_call(L, nargs, nresults, __func__);
    NP_API_CHECK(!k || !np_frame_is_lua(L->frame), "a continuation inside a hook");
    NpValue *func = L->top - (nargs + 1);
    if (k && np_yieldable(L)) {
        L->frame->u.c.k = k;
        L->frame->u.c.ctx = ctx;
        np_call(L, func, nresults);
    } else {
        lua_State *running = L->global->running; /* after an error np_err_protect puts it back */
        L->global->running = L;
        np_call_no_yield(L, func, nresults);
        L->global->running = running;
    }
    own_results(L, nresults);
}

typedef struct PlainCall {
    ptrdiff_t func; /* offset in the stack */
    int nresults;
} PlainCall;

static void run_plain(lua_State *L, void *arg) {
    const PlainCall *call = arg;
    np_call_no_yield(L, np_stack_at(L, call->func), call->nresults);
}

/* The frame says where an error ends, so that it also does after a yield, when this C code is gone. */
static void call_catching(lua_State *L, ptrdiff_t func, int nresults, ptrdiff_t errfunc) {
    NpFrame *frame = L->frame;
    frame->u.c.catch_func = func;
    frame->u.c.old_errfunc = L->errfunc;
    frame->aux.catch_status = LUA_OK;
    frame->flags &= (uint16_t)~NP_FRAME_WAS_ALLOWHOOK;
    L->n_catch++;
    frame->flags |= (uint16_t)(NP_FRAME_CATCH | (L->allow_hook ? NP_FRAME_WAS_ALLOWHOOK : 0));
    L->errfunc = errfunc;
    np_call(L, np_stack_at(L, func), nresults);
    frame = L->frame; /* frames may have moved */
    frame->flags &= (uint16_t)~NP_FRAME_CATCH;
    L->n_catch--;
    L->errfunc = frame->u.c.old_errfunc;
}

LUA_API int lua_pcallk(lua_State *L, int nargs, int nresults, int msgh, lua_KContext ctx, lua_KFunction k) {
    NP_API_ENTER(L);
    check_call(L, nargs, nresults, __func__);
    NP_API_CHECK(!k || !np_frame_is_lua(L->frame), "a continuation inside a hook");
    ptrdiff_t errfunc = 0;
    if (msgh != 0) {
        const NpValue *handler = np_api_slot(L, msgh);
        NP_API_CHECK(np_type_of(handler) == LUA_TFUNCTION, "the message handler must be a function");
        errfunc = np_stack_save(L, handler);
    }
    PlainCall call = {np_stack_save(L, L->top - (nargs + 1)), nresults};
    int status = LUA_OK;
    if (k && np_yieldable(L)) {
        L->frame->u.c.k = k;
        L->frame->u.c.ctx = ctx;
        call_catching(L, call.func, nresults, errfunc);
    } else {
        status = np_call_protected(L, run_plain, &call, call.func, errfunc);
    }
    own_results(L, nresults);
    return status;
}

/* ---- errors ---- */

LUA_API int lua_error(lua_State *L) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    const NpValue *error = L->top - 1;
    /* The one message of a memory error means a memory error again. */
    if (np_is_str(error) && np_str(error) == L->global->memory_error) np_err_memory_again(L, L->global->memory_error);
    np_err_message(L);
}

LUA_API int lua_status(lua_State *L) {
    NP_API_ENTER(L);
    return L->status;
}

LUA_API lua_CFunction lua_atpanic(lua_State *L, lua_CFunction panicf) {
    NP_API_ENTER(L);
    lua_CFunction old = L->global->panic;
    L->global->panic = panicf;
    return old;
}

/* ---- to-be-closed slots ---- */

LUA_API void lua_toclose(lua_State *L, int idx) {
    NP_API_ENTER(L);
    NpValue *slot = np_api_slot(L, idx);
    NP_API_CHECK(slot > L->tbc && slot < L->top, "slots must be marked in order");
    np_call_mark_tbc(L, slot);
    if (L->frame->nresults >= LUA_MULTRET) L->frame->nresults = NP_ENCODE_TBC(L->frame->nresults);
}

LUA_API void lua_closeslot(lua_State *L, int idx) {
    NP_API_ENTER(L);
    NpValue *slot = np_api_slot(L, idx);
    NP_API_CHECK(L->tbc == slot, "only the last marked slot can be closed");
    np_set_nil(np_call_close(L, slot, -1, false));
}

/* ---- warnings ---- */

LUA_API void lua_setwarnf(lua_State *L, lua_WarnFunction f, void *ud) {
    NP_API_ENTER(L);
    L->global->warn = f;
    L->global->warn_data = ud;
}

LUA_API void lua_warning(lua_State *L, const char *msg, int tocont) {
    NP_API_ENTER(L);
    if (!L->global->warn) return;
    L->global->warn(L->global->warn_data, msg, tocont);
    np_gate_pass(L);
}

/* ---- the rest ---- */

LUA_API lua_Number lua_version(lua_State *L) { return LUA_VERSION_NUM; }

LUA_API lua_Alloc lua_getallocf(lua_State *L, void **ud) {
    NP_API_ENTER(L);
    const NpGlobal *global = L->global;
    bool granted = global->grant.ask != NULL;
    if (ud) *ud = granted ? global->grant.data : global->module_alloc_data;
    return granted ? global->grant.ask : global->module_alloc;
}

LUA_API void lua_setallocf(lua_State *L, lua_Alloc f, void *ud) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    bool back = f == global->module_alloc && ud == global->module_alloc_data;
    np_grant_change(&global->grant, back ? NULL : f, ud);
}

LUA_API void neap_setmodulealloc(lua_State *L, lua_Alloc f, void *ud) {
    NP_API_ENTER(L);
    L->global->module_alloc = f;
    L->global->module_alloc_data = ud;
}

LUA_API int lua_setcstacklimit(lua_State *L, unsigned int limit) { return (int)L->global->c_calls_max; }
