/* neap_group_test.c: groups from C: every way out of a call changes back, figures follow. */
#include "include/neap.h"

#include "tests/unit/runtime/gc/lua_state.h"

static unsigned running(void) { return L->global->heap.group->id; }

static int fill(lua_State *state) {
    lua_createtable(state, (int)lua_tointeger(state, 1), 0);
    return 1;
}

static int fail(lua_State *state) {
    lua_settop(state, 1);
    return lua_error(state);
}

static neap_GroupStats stats_of(int index) {
    neap_GroupStats stats;
    neap_group_stats(L, index, &stats);
    return stats;
}

TEST(a_call_charges_its_group_and_changes_back) {
    open_state();
    neap_group_new(L, "one", 0);
    EXPECT_TRUE(neap_group_is(L, 1));
    EXPECT_EQ(stats_of(1).bytes, 0);
    lua_pushcfunction(L, fill);
    lua_pushinteger(L, 1000);
    neap_group_call(L, 1, 1, 1);
    EXPECT_EQ(running(), 0);
    EXPECT_GE(stats_of(1).bytes, 9000);
    EXPECT_EQ(stats_of(1).objects, 1);
    EXPECT_STR(stats_of(1).name, "one");
    EXPECT_EQ(lua_gettop(L), 2);
    lua_settop(L, 1);
    collect();
    EXPECT_EQ(stats_of(1).bytes, 0);
    EXPECT_GE(stats_of(1).peak, 9000);
    close_state();
}

static int call_in_group(lua_State *state) {
    neap_group_call(state, 1, 1, LUA_MULTRET);
    return 0;
}

TEST(an_error_changes_back) {
    open_state();
    neap_group_new(L, "one", 0);
    lua_pushcfunction(L, call_in_group);
    lua_pushvalue(L, 1);
    lua_pushcfunction(L, fail);
    lua_pushliteral(L, "wrong");
    EXPECT_EQ(lua_pcall(L, 3, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "wrong");
    EXPECT_EQ(running(), 0);
    close_state();
}

static int handler(lua_State *state) {
    lua_pushinteger(state, running());
    lua_setglobal(state, "seen");
    lua_pushliteral(state, "handled");
    return 1;
}

TEST(a_memory_error_names_the_group_and_calls_the_handler_in_it) {
    open_state();
    neap_group_new(L, "small", 64 << 10);
    for (int i = 0; i < 3; i++) {
        lua_settop(L, 1);
        lua_pushcfunction(L, handler);
        lua_pushcfunction(L, call_in_group);
        lua_pushvalue(L, 1);
        lua_pushcfunction(L, fill);
        lua_pushinteger(L, 100000);
        EXPECT_EQ(lua_pcall(L, 3, 0, i < 2 ? 2 : 0), LUA_ERRMEM);
        EXPECT_STR(lua_tostring(L, -1), i < 2 ? "handled" : "not enough memory (group 'small')");
        EXPECT_EQ(running(), 0);
    }
    lua_getglobal(L, "seen");
    EXPECT_EQ(lua_tointeger(L, -1), 1);
    EXPECT_EQ(stats_of(1).limit_hits, 3);
    lua_pushcfunction(L, fill); /* the state is unharmed */
    lua_pushinteger(L, 100000);
    EXPECT_EQ(lua_pcall(L, 1, 1, 0), LUA_OK);
    close_state();
}

TEST(limits_are_set_and_refused) {
    open_state();
    neap_group_new(L, "one", 0);
    lua_pushcfunction(L, fill);
    lua_pushinteger(L, 1000);
    neap_group_call(L, 1, 1, 1);
    EXPECT_EQ(neap_group_setlimit(L, 1, 4000), NEAP_LIMIT_IN_USE);
    EXPECT_EQ(stats_of(1).limit, 0);
    lua_pop(L, 1);
    EXPECT_EQ(neap_group_setlimit(L, 1, 4000), NEAP_LIMIT_OK); /* it collects */
    EXPECT_EQ(stats_of(1).limit, 4000);
    EXPECT_EQ(neap_group_setlimit(L, 1, 0), NEAP_LIMIT_OK);
    close_state();
}

TEST(nothing_else_is_a_group) {
    open_state();
    neap_group_new(L, "one", 0);
    memcpy(lua_newuserdatauv(L, sizeof(unsigned), 0), lua_touserdata(L, 1), sizeof(unsigned));
    EXPECT_FALSE(neap_group_is(L, 2));
    *(unsigned *)lua_newuserdatauv(L, sizeof(unsigned), 0) = 0xdeadbeef;
    EXPECT_FALSE(neap_group_is(L, 3));
    lua_pushinteger(L, 1);
    EXPECT_FALSE(neap_group_is(L, 4));
    EXPECT_FALSE(neap_group_is(L, 9));
    close_state();
}

TEST(all_groups_one_by_one) {
    neap_GroupStats stats;
    open_state();
    EXPECT_EQ(neap_group_next(L, 0, &stats), 0);
    neap_group_new(L, "one", 0);
    neap_group_new(L, "two", 1 << 20);
    int first = neap_group_next(L, 0, &stats);
    EXPECT_STR(stats.name, "one");
    EXPECT_GT(neap_group_next(L, first, &stats), first);
    EXPECT_STR(stats.name, "two");
    EXPECT_EQ(stats.limit, 1 << 20);
    EXPECT_EQ(neap_group_next(L, first + 1, &stats), 0);
    /* a dropped group is shown while something of it lives */
    lua_pushcfunction(L, fill);
    lua_pushinteger(L, 100);
    neap_group_call(L, 1, 1, 1);
    lua_replace(L, 1);
    collect();
    EXPECT_EQ(neap_group_next(L, 0, &stats), first);
    EXPECT(stats.dropped && stats.bytes > 900);
    lua_settop(L, 0);
    collect();
    collect();
    EXPECT_EQ(neap_group_next(L, 0, &stats), 0);
    close_state();
}

TEST(a_thread_keeps_its_group) {
    int results;
    open_state();
    RUN("g = heap.group('one') co = coroutine.create(function() g:run(function() coroutine.yield() t = {1} end) u = {1} end)");
    lua_getglobal(L, "co");
    lua_State *co = lua_tothread(L, -1);
    EXPECT_EQ(lua_resume(co, L, 0, &results), LUA_YIELD);
    EXPECT_EQ(running(), 0);
    EXPECT_EQ(co->group, 1);
    EXPECT_EQ(lua_resume(co, L, 0, &results), LUA_OK);
    EXPECT_EQ(running(), 0);
    EXPECT_EQ(co->group, 0);
    EXPECT_EQ(np_heap_group_of(object("t")), 1);
    EXPECT_EQ(np_heap_group_of(object("u")), 0);
    lua_settop(L, 0);
    close_state();
}

UNIT_MAIN
