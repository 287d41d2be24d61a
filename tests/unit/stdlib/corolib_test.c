/* corolib_test.c: coroutines between C and Lua, and neap_tailresume under them. */
#include "neap.h"

#include "tests/unit/stdlib/script.h"

static int yield_all(lua_State *L) {
    return lua_yield(L, lua_gettop(L));
}

TEST(resume_runs_c_functions) {
    lua_State *L = open_state();
    lua_pushcfunction(L, yield_all);
    lua_setglobal(L, "yield_all");
    EXPECT_STR(run(L, "local co = coroutine.create(yield_all) local a, b, c = coroutine.resume(co, 1, 2) "
                      "local d, e = coroutine.resume(co, 'x') "
                      "return table.concat({tostring(a), b, c, tostring(d), e, coroutine.status(co)}, ' ')"),
               "true 1 2 true x dead");
    lua_close(L);
}

TEST(nothing_is_left_on_either_stack) {
    lua_State *L = open_state();
    lua_getglobal(L, "coroutine");
    lua_getfield(L, 1, "resume");
    lua_State *co = lua_newthread(L);
    lua_getglobal(co, "error");
    lua_pushliteral(L, "message");
    lua_call(L, 2, LUA_MULTRET);
    REQUIRE_EQ(lua_gettop(L), 3);
    EXPECT_FALSE(lua_toboolean(L, 2));
    EXPECT_STR(lua_tostring(L, 3), "message");
    EXPECT_EQ(lua_status(co), LUA_ERRRUN);
    lua_close(L);
}

/* A C function that ends in resuming its first argument; returns status and number of results. */
static int end_step(lua_State *L, lua_State *co, int status, int nres) {
    if (nres > 0) lua_xmove(co, L, 1);
    else lua_pushnil(L);
    if (nres > 1) lua_pop(co, nres - 1);
    lua_pushinteger(L, status);
    lua_pushinteger(L, nres);
    lua_rotate(L, -3, 2);
    return 3;
}

static int step(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    int nargs = lua_gettop(L) - 1;
    lua_xmove(L, co, nargs);
    return neap_tailresume(L, co, nargs, end_step);
}

TEST(tailresume_reports_every_outcome) {
    lua_State *L = open_state();
    lua_pushcfunction(L, step);
    lua_setglobal(L, "step");
    luaL_dostring(L, "co = coroutine.create(function(a) local b = coroutine.yield(a, 'top') error('E' .. b, 0) end)");
    EXPECT_STR(run(L, "return table.concat({step(co, 1)}, ' ')"), "1 2 top");
    EXPECT_STR(run(L, "return table.concat({step(co, 2)}, ' ')"), "2 1 E2");
    EXPECT_STR(run(L, "return table.concat({step(co)}, ' ')"), "2 1 cannot resume dead coroutine");
    EXPECT_STR(run(L, "return table.concat({step(coroutine.create(function() return 'r' end))}, ' ')"), "0 1 r");
    EXPECT_STR(run(L, "return (select(3, step(coroutine.running())))"), "cannot resume non-suspended coroutine");
    EXPECT_STR(run(L, "local co = coroutine.wrap(function() return pcall(step, coroutine.create(function() end)) end) "
                      "return select('#', co())"), "4");
    lua_close(L);
}

TEST(wrap_closes_what_died_and_keeps_the_error) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local log = '' local f = coroutine.wrap(function() "
                      "local x <close> = setmetatable({}, {__close = function(_, e) log = log .. e end}) error('E', 0) end) "
                      "local ok, m = pcall(f) return log .. '|' .. m"), "E|E");
    EXPECT_STR(run(L, "local t = {} local f = coroutine.wrap(function() error(t) end) local ok, m = pcall(f) return m == t"),
               "true");
    lua_close(L);
}

TEST(status_of_threads_that_c_made) {
    lua_State *L = open_state();
    lua_State *co = lua_newthread(L);
    lua_setglobal(L, "co");
    EXPECT_STR(run(L, "return coroutine.status(co)"), "dead");
    lua_getglobal(co, "print");
    EXPECT_STR(run(L, "return coroutine.status(co)"), "suspended");
    EXPECT_STR(run(L, "return coroutine.close(co)"), "true");
    EXPECT_EQ(lua_gettop(co), 0);
    lua_close(L);
}

UNIT_MAIN
