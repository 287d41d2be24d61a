/*
 * corolib.c - coroutines (manual 6.2).
 *
 * Owns: the `coroutine` module.
 * Does not: switch stacks; resume and wrap ask for that with neap_tailresume. Each resume within a resume takes a level of
 * the C stack all the same; a yield gives it back (runtime/coro.c).
 */
#define LUA_LIB

#include <stdbool.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"
#include "neap.h"

typedef enum { CO_RUNNING, CO_SUSPENDED, CO_NORMAL, CO_DEAD } CoState;

static const char *const state_names[] = {"running", "suspended", "normal", "dead"};

static lua_State *check_thread(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co != NULL, 1, "thread");
    return co;
}

static CoState state_of(lua_State *L, lua_State *co) {
    if (co == L)
        return CO_RUNNING;
    int status = lua_status(co);
    if (status == LUA_YIELD)
        return CO_SUSPENDED;
    if (status != LUA_OK)
        return CO_DEAD;
    lua_Debug frame;
    if (lua_getstack(co, 0, &frame))
        return CO_NORMAL;
    return lua_gettop(co) > 0 ? CO_SUSPENDED /* not started */ : CO_DEAD;
}

/* Moves the top nargs values of L to co. false: too many for co's stack, nothing moved. */
static bool move_arguments(lua_State *L, lua_State *co, int nargs) {
    if (!lua_checkstack(co, nargs))
        return false;
    lua_xmove(L, co, nargs);
    return true;
}

/* ---- resume ---- */

/* Results of a resume that failed, the error value on top of L. */
static int push_failure(lua_State *L) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int end_resume(lua_State *L, lua_State *co, int status, int nres) {
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return push_failure(L);
    }
    if (!lua_checkstack(L, nres + 1)) {
        lua_pop(co, nres);
        lua_pushliteral(L, "too many results to resume");
        return push_failure(L);
    }
    lua_pushboolean(L, 1);
    lua_xmove(co, L, nres);
    return nres + 1;
}

static int co_resume(lua_State *L) {
    lua_State *co = check_thread(L);
    int nargs = lua_gettop(L) - 1;
    if (!move_arguments(L, co, nargs)) {
        lua_pushliteral(L, "too many arguments to resume");
        return push_failure(L);
    }
    return neap_tailresume(L, co, nargs, end_resume);
}

/* ---- wrap ---- */

/* Raises the error value on top of L again, a string with the caller's position before it. */
static int propagate(lua_State *L, bool add_position) {
    if (add_position && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int end_wrap(lua_State *L, lua_State *co, int status, int nres) {
    if (status == LUA_OK || status == LUA_YIELD) {
        if (!lua_checkstack(L, nres)) {
            lua_pop(co, nres);
            lua_pushliteral(L, "too many results to resume");
            return propagate(L, true);
        }
        lua_xmove(co, L, nres);
        return nres;
    }
    int died = lua_status(co); /* LUA_OK or LUA_YIELD when it could not be resumed at all */
    if (died == LUA_OK || died == LUA_YIELD) {
        lua_xmove(co, L, 1);
    } else {
        lua_closethread(co, L); /* leaves the error value, or the one of a __close that failed */
        lua_xmove(co, L, 1);
    }
    return propagate(L, died != LUA_ERRMEM);
}

static int resume_wrapped(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int nargs = lua_gettop(L);
    if (!move_arguments(L, co, nargs)) {
        lua_pushliteral(L, "too many arguments to resume");
        return propagate(L, true);
    }
    return neap_tailresume(L, co, nargs, end_wrap);
}

/* ---- The rest ---- */

static int co_create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int co_wrap(lua_State *L) {
    co_create(L);
    lua_pushcclosure(L, resume_wrapped, 1);
    return 1;
}

static int co_yield(lua_State *L) {
    return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L) {
    lua_pushstring(L, state_names[state_of(L, check_thread(L))]);
    return 1;
}

static int co_isyieldable(lua_State *L) {
    lua_State *co = lua_isnone(L, 1) ? L : check_thread(L);
    lua_pushboolean(L, lua_isyieldable(co));
    return 1;
}

static int co_running(lua_State *L) {
    int is_main = lua_pushthread(L);
    lua_pushboolean(L, is_main);
    return 2;
}

static int co_close(lua_State *L) {
    lua_State *co = check_thread(L);
    CoState state = state_of(L, co);
    if (state != CO_DEAD && state != CO_SUSPENDED)
        return luaL_error(L, "cannot close a %s coroutine", state_names[state]);
    if (lua_closethread(co, L) == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_xmove(co, L, 1);
    return push_failure(L);
}

static const luaL_Reg functions[] = {
    {"close", co_close},
    {"create", co_create},
    {"isyieldable", co_isyieldable},
    {"resume", co_resume},
    {"running", co_running},
    {"status", co_status},
    {"wrap", co_wrap},
    {"yield", co_yield},
    {NULL, NULL},
};

LUAMOD_API int luaopen_coroutine(lua_State *L) {
    neap_setcoroutines(L, co_yield, co_resume, end_resume, resume_wrapped, end_wrap);
    luaL_newlib(L, functions);
    return 1;
}
