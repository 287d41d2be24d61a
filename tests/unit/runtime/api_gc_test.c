/* Tests of runtime/api_gc.c: lua_gc in all its requests. */
#include "tests/unit/unit.h"

#include "include/lua.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

static long count_bytes(lua_State *L) { return lua_gc(L, LUA_GCCOUNT) * 1024L + lua_gc(L, LUA_GCCOUNTB); }

TEST(a_collection_frees_garbage) {
    lua_State *L = open();
    lua_gc(L, LUA_GCSTOP);
    EXPECT_EQ(lua_gc(L, LUA_GCISRUNNING), 0);
    long before = count_bytes(L);
    for (int i = 0; i < 10000; i++) {
        lua_createtable(L, 4, 4);
        lua_pop(L, 1);
    }
    EXPECT_GT(count_bytes(L), before + 500000);
    EXPECT_EQ(lua_gc(L, LUA_GCCOLLECT), 0);
    EXPECT_LT(count_bytes(L), before + 100000);
    EXPECT_EQ(lua_gc(L, LUA_GCRESTART), 0);
    EXPECT_EQ(lua_gc(L, LUA_GCISRUNNING), 1);
    lua_close(L);
}

TEST(knobs_return_what_they_were) {
    lua_State *L = open();
    EXPECT_EQ(lua_gc(L, LUA_GCSETPAUSE, 150), 200);
    EXPECT_EQ(lua_gc(L, LUA_GCSETPAUSE, 200), 150);
    EXPECT_EQ(lua_gc(L, LUA_GCSETSTEPMUL, 300), 100);
    EXPECT_EQ(lua_gc(L, LUA_GCSETSTEPMUL, 100), 300);
    EXPECT_EQ(lua_gc(L, LUA_GCGEN, 0, 0), LUA_GCINC);
    EXPECT_EQ(lua_gc(L, LUA_GCINC, 120, 0, 0), LUA_GCGEN);
    EXPECT_EQ(lua_gc(L, LUA_GCINC, 0, 0, 0), LUA_GCINC);
    EXPECT_EQ(lua_gc(L, LUA_GCSETPAUSE, 200), 120);
    EXPECT_EQ(lua_gc(L, 99), -1);
    lua_close(L);
}

TEST(steps_finish_a_cycle) {
    lua_State *L = open();
    lua_gc(L, LUA_GCSTOP);
    for (int i = 0; i < 20000; i++) {
        lua_createtable(L, 1, 0);
        lua_pop(L, 1);
    }
    int steps = 0;
    while (!lua_gc(L, LUA_GCSTEP, 1) && steps < 100000) steps++;
    EXPECT_LT(steps, 100000);
    EXPECT_EQ(lua_gc(L, LUA_GCISRUNNING), 0);
    lua_close(L);
}

static int answers[2];

static int finaliser(lua_State *L) {
    answers[0] = lua_gc(L, LUA_GCCOUNT);
    answers[1] = lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

TEST(inside_a_finaliser_there_is_no_collector) {
    lua_State *L = open();
    answers[0] = answers[1] = 7;
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, finaliser);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
    EXPECT_EQ(answers[0], -1);
    EXPECT_EQ(answers[1], -1);
    lua_close(L);
}

UNIT_MAIN
