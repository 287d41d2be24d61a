/* Tests of runtime/err.c: catching, the values of fixed errors, message handlers, errors of other threads. */
#include "tests/unit/unit.h"

#include "include/lua.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/strings.h"

static lua_State *open_state(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

static void throw_status(lua_State *L, void *arg) {
    L->n_c_calls += 5;
    np_err_throw(L, *(int *)arg);
}
static void do_nothing(lua_State *L, void *arg) { *(int *)arg = 1; }

TEST(protect_returns_what_was_thrown) {
    lua_State *L = open_state();
    int statuses[] = {LUA_ERRRUN, LUA_ERRMEM, LUA_ERRERR, LUA_ERRSYNTAX};
    uint32_t calls = L->n_c_calls;
    for (size_t i = 0; i < 4; i++) {
        EXPECT_EQ(np_err_protect(L, throw_status, &statuses[i]), statuses[i]);
        EXPECT_NULL(L->global->jump);
        EXPECT_EQ(L->n_c_calls, calls);
    }
    int done = 0;
    EXPECT_EQ(np_err_protect(L, do_nothing, &done), LUA_OK);
    EXPECT_EQ(done, 1);
    lua_close(L);
}

static void nest(lua_State *L, void *arg) {
    int *depth = arg;
    NpErrJump *mine = L->global->jump;
    int status = LUA_ERRRUN;
    if ((*depth)-- > 0) status = np_err_protect(L, nest, arg);
    if (L->global->jump != mine) *depth = 1000;
    np_err_throw(L, status);
}

TEST(protected_runs_nest) {
    lua_State *L = open_state();
    int depth = 50;
    EXPECT_EQ(np_err_protect(L, nest, &depth), LUA_ERRRUN);
    EXPECT_EQ(depth, -1);
    EXPECT_NULL(L->global->jump);
    lua_close(L);
}

TEST(values_of_statuses) {
    lua_State *L = open_state();
    lua_pushstring(L, "my message");
    NpValue *at = L->top + 3;
    np_err_set_value(L, LUA_ERRRUN, at);
    EXPECT_STR(np_str(at)->text, "my message");
    EXPECT_PTR(L->top, at + 1);
    /* The fixed ones need no memory. */
    np_heap_fail_at(&L->global->heap, 1);
    np_err_set_value(L, LUA_ERRMEM, at);
    EXPECT_STR(np_str(at)->text, "not enough memory");
    np_err_set_value(L, LUA_ERRERR, at);
    EXPECT_STR(np_str(at)->text, "error in error handling");
    np_heap_fail_at(&L->global->heap, 0);
    np_err_set_value(L, LUA_OK, at);
    EXPECT_EQ(at->tag, NP_NIL);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    np_err_set_value(L, LUA_ERRERR, at); /* and are never collected */
    EXPECT_STR(np_str(at)->text, "error in error handling");
    lua_close(L);
}

/* ---- message handlers ---- */

static int raise_text(lua_State *L) {
    lua_pushstring(L, "raised");
    return lua_error(L);
}
static int raise_nil(lua_State *L) {
    lua_pushnil(L);
    return lua_error(L);
}
static int raise_memory(lua_State *L) { np_err_memory(L); }
static int decorate(lua_State *L) {
    lua_pushfstring(L, "<%s>", lua_tostring(L, 1));
    return 1;
}
static int count_and_raise(lua_State *L) {
    lua_getglobal(L, "count");
    lua_pushinteger(L, lua_tointeger(L, -1) + 1);
    lua_setglobal(L, "count");
    return raise_text(L);
}

TEST(the_message_handler_sees_the_error_first) {
    lua_State *L = open_state();
    lua_pushcfunction(L, decorate);
    lua_pushcfunction(L, raise_text);
    EXPECT_EQ(lua_pcall(L, 0, 0, 1), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "<raised>");
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_EQ(L->errfunc, 0);
    lua_settop(L, 1);
    lua_pushcfunction(L, raise_nil);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT(lua_isnil(L, -1));
    lua_settop(L, 1);
    lua_pushcfunction(L, raise_memory); /* for these too, unlike in PUC Lua */
    EXPECT_EQ(lua_pcall(L, 0, 0, 1), LUA_ERRMEM);
    EXPECT_STR(lua_tostring(L, -1), "<not enough memory>");
    lua_close(L);
}

TEST(a_handler_that_fails_again_and_again) {
    lua_State *L = open_state();
    lua_pushinteger(L, 0);
    lua_setglobal(L, "count");
    lua_pushcfunction(L, count_and_raise);
    lua_pushcfunction(L, raise_text);
    EXPECT_EQ(lua_pcall(L, 0, 0, 1), LUA_ERRERR);
    EXPECT_EQ(lua_gettop(L), 2);
    lua_getglobal(L, "count");
    EXPECT_GE(lua_tointeger(L, -1), 10);
    EXPECT_LT(lua_tointeger(L, -1), 250);
    EXPECT_EQ(np_c_calls(L), 0);
    lua_close(L);
}

/* ---- other threads ---- */

static int call_in_other_thread(lua_State *L) {
    lua_State *other = lua_tothread(L, 1);
    lua_pushcfunction(other, raise_text);
    lua_call(other, 0, 0);
    return 0;
}

TEST(an_error_of_a_thread_nobody_resumed_goes_to_who_can_catch_it) {
    lua_State *L = open_state();
    lua_pushcfunction(L, call_in_other_thread);
    lua_newthread(L);
    EXPECT_EQ(lua_pcall(L, 1, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "raised");
    EXPECT_PTR(L->global->running, L);
    lua_close(L);
}

/* ---- nobody catches ---- */

static int panic(lua_State *L) {
    fprintf(stderr, "panic: %s\n", lua_tostring(L, -1));
    return 0;
}

static void raise_unprotected(lua_State *L, bool memory) {
    if (memory) np_err_memory(L);
    lua_pushstring(L, "uncaught");
    lua_error(L);
}

TEST(panic_comes_before_the_end) {
    lua_State *L = open_state();
    lua_atpanic(L, panic);
    EXPECT_DEATH(raise_unprotected(L, false), "panic: uncaught");
    EXPECT_DEATH(raise_unprotected(L, true), "panic: not enough memory");
    lua_atpanic(L, NULL);
    EXPECT_DEATH(raise_unprotected(L, false), "unprotected error");
    lua_close(L);
}

UNIT_MAIN
