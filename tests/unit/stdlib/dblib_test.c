/* dblib_test.c: hooks and user values that C set, looked at from Lua, and threads as subjects. */
#include "tests/unit/stdlib/script.h"

static int events;

static void count_event(lua_State *L, lua_Debug *event) {
    events++;
}

TEST(hooks_of_c_show_as_external) {
    lua_State *L = open_state();
    events = 0;
    lua_sethook(L, count_event, LUA_MASKCALL | LUA_MASKLINE, 0);
    EXPECT_STR(run(L, "local h, m, c = debug.gethook() return h .. ' ' .. m .. ' ' .. c"), "external hook cl 0");
    EXPECT_GT(events, 0);
    run(L, "debug.sethook()");
    EXPECT_NULL((void *)lua_gethook(L));
    lua_close(L);
}

TEST(user_values) {
    lua_State *L = open_state();
    lua_newuserdatauv(L, 8, 2);
    lua_setglobal(L, "u");
    EXPECT_STR(run(L, "return debug.setuservalue(u, 'two', 2) == u"), "true");
    EXPECT_STR(run(L, "local v, ok = debug.getuservalue(u, 2) return v .. tostring(ok)"), "twotrue");
    EXPECT_STR(run(L, "local v, ok = debug.getuservalue(u) return tostring(v) .. tostring(ok)"), "niltrue");
    EXPECT_STR(run(L, "return select('#', debug.getuservalue(u, 3))"), "1");
    EXPECT_STR(run(L, "return debug.setuservalue(u, 1, 3)"), "nil");
    EXPECT_STR(run(L, "return debug.setuservalue(u, 1, 0)"), "nil");
    lua_close(L);
}

TEST(another_thread_keeps_its_stack) {
    lua_State *L = open_state();
    luaL_dostring(L, "co = coroutine.create(function(a) local b = a coroutine.yield() return a, b end) coroutine.resume(co, 1)");
    lua_getglobal(L, "co");
    lua_State *co = lua_tothread(L, -1);
    int top = lua_gettop(co);
    EXPECT_STR(run(L, "local i = debug.getinfo(co, 1, 'Slnfutr') return i.what"), "Lua");
    EXPECT_STR(run(L, "return type(debug.getinfo(co, 1, 'fL').activelines)"), "table");
    EXPECT_STR(run(L, "return debug.getinfo(co, print).what"), "C");
    EXPECT_STR(run(L, "local n, v = debug.getlocal(co, 1, 2) return n .. v"), "b1");
    EXPECT_STR(run(L, "return debug.setlocal(co, 1, 2, 'B')"), "b");
    EXPECT_STR(run(L, "return tostring(debug.setlocal(co, 1, 50, 'B'))"), "nil");
    EXPECT_STR(run(L, "debug.sethook(co, print, 'c') return debug.gethook(co) == print"), "true");
    run(L, "debug.sethook(co)");
    EXPECT_CONTAINS(run(L, "return debug.traceback(co)"), "coroutine.yield");
    EXPECT_EQ(lua_gettop(co), top);
    EXPECT_STR(run(L, "return select(3, coroutine.resume(co))"), "B");
    lua_close(L);
}

TEST(hooks_do_not_keep_dead_threads) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local weak = setmetatable({}, {__mode = 'k'}) "
                      "for i = 1, 10 do local co = coroutine.create(print) weak[co] = true debug.sethook(co, print, 'l') end "
                      "collectgarbage() collectgarbage() return next(weak)"), "nil");
    lua_close(L);
}

UNIT_MAIN
