/* Tests of runtime/inspect/reach.c: what is left out, ephemerons, paths, no memory. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/inspect/reach.h"
#include "runtime/mem/mem_os.h"

static lua_State *L;

static NpObj *global(const char *name) {
    NpObj *obj;
    lua_getglobal(L, name);
    obj = L->top[-1].v.obj;
    lua_pop(L, 1);
    return obj;
}

static void open_with(const char *program) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_dostring(L, program), LUA_OK);
    np_inspect_settle(L);
}

TEST(an_object_left_out_hides_what_only_it_leads_to) {
    open_with("a = {} b = {} a.only = {} shared = {} a.shared = shared only = setmetatable({a.only}, {__mode = 'v'})");
    lua_getglobal(L, "only");
    lua_rawgeti(L, -1, 1);
    NpObj *inner = L->top[-1].v.obj;
    lua_settop(L, 0);
    NpReach reach = {.L = L, .except = global("a")};
    REQUIRE(np_reach_walk(&reach));
    EXPECT_FALSE(np_mark_test(inner));
    EXPECT_TRUE(np_mark_test(global("shared")));
    EXPECT_TRUE(np_mark_test(global("b")));
    np_reach_close(&reach);
    EXPECT_FALSE(np_mark_test(global("b"))); /* the marks are gone */
    lua_close(L);
}

/* A chain: each key is in the value of the one before, so that a walk over the table finds one more each time. */
TEST(ephemerons_are_followed_to_the_end) {
    open_with("weak = setmetatable({}, {__mode = 'k'}) first = {} local key = first\n"
              "for i = 1, 50 do local next = {} weak[key] = {next} key = next end last = setmetatable({key}, {__mode = 'v'})");
    lua_getglobal(L, "last");
    lua_rawgeti(L, -1, 1);
    NpObj *last = L->top[-1].v.obj;
    lua_settop(L, 0);
    NpReach whole = {.L = L};
    REQUIRE(np_reach_walk(&whole));
    EXPECT_TRUE(np_mark_test(last));
    np_reach_close(&whole);
    NpReach without = {.L = L, .except = global("first")};
    REQUIRE(np_reach_walk(&without));
    EXPECT_FALSE(np_mark_test(last));
    np_reach_close(&without);
    lua_close(L);
}

TEST(parents_lead_to_a_root) {
    open_with("t = {} t.a = {} t.a.b = {}");
    NpObj *t = global("t");
    lua_getglobal(L, "t");
    lua_getfield(L, -1, "a");
    lua_getfield(L, -1, "b");
    NpObj *a = L->top[-2].v.obj, *b = L->top[-1].v.obj;
    lua_settop(L, 0);
    NpReach reach = {.L = L, .want_parents = true};
    REQUIRE(np_reach_walk(&reach));
    EXPECT_TRUE(np_reach_parent(&reach, b) == a);
    EXPECT_TRUE(np_reach_parent(&reach, a) == t);
    EXPECT_NULL(np_reach_parent(&reach, L->global->registry.v.obj));
    np_reach_close(&reach);
    lua_close(L);
}

TEST(every_refusal_is_told_and_leaves_no_marks) {
    open_with("weak = setmetatable({}, {__mode = 'k'}) first = {} weak[{}] = {} weak[first] = {{}}");
    size_t ready = np_mem_process.ready;
    long refusals = 0;
    for (long nth = 1; nth < 20; nth++) {
        NpReach reach = {.L = L, .want_parents = true};
        np_mem_fail_at(nth, ENOMEM);
        bool walked = np_reach_walk(&reach);
        np_mem_fail_at(0, 0);
        np_reach_close(&reach);
        EXPECT_FALSE(np_mark_test(global("first")));
        EXPECT_EQ(np_mem_process.ready, ready);
        if (walked) break;
        refusals = nth;
    }
    EXPECT_GE(refusals, 3);
    EXPECT_LT(refusals, 19);
    lua_close(L);
}

UNIT_MAIN
