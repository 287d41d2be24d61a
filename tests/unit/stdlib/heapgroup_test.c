/* heapgroup_test.c: heap.group and its methods check what they are given; tests/lua/lib/heap_groups.lua has the rest. */
#include "neap.h"

#include "tests/unit/stdlib/script.h"

TEST(a_group_and_its_figures) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "g = heap.group('one', {limit = '1MiB'}) return tostring(g)"), "heap.group: one");
    EXPECT_STR(run(L, "return g:limit()"), "1048576");
    EXPECT_STR(run(L, "g:limit(false) return g:limit()"), "false");
    EXPECT_STR(run(L, "return g:stats().limit"), "false");
    EXPECT_STR(run(L, "return g:stats().name"), "one");
    EXPECT_STR(run(L, "return select('#', g:run(function(...) return ... end, nil, 2, nil))"), "3");
    lua_close(L);
}

TEST(wrong_arguments) {
    static const struct { const char *code, *message; } cases[] = {
        {"heap.group()", "string expected"},
        {"heap.group('a\\0b')", "a name without zeros expected"},
        {"heap.group('a', 5)", "table expected"},
        {"heap.group('a', {limits = 5})", "heap.group: unknown field 'limits'"},
        {"heap.group('a', {limit = -5})", "heap.group: limit (-5) is not positive"},
        {"heap.group('a', {limit = 'much'})", "heap.group: limit (much) is not a size"},
        {"heap.group('a').run(io.stdout, print)", "heap.group expected"},
        {"heap.group('a'):run()", "value expected"},
        {"heap.group('a'):limit(true)", "group:limit: limit (true) is true"},
        {"g = heap.group('a') t = g:run(function() return {1} end) g:limit(1)", "group:limit: limit (1) is less than what is in use"},
        {"heap.group('a'):run(5)", "attempt to call a number value"},
        {"local mt = debug.getmetatable(heap.group('a')) mt.__index.run(debug.setmetatable(io.stdout, mt), print)",
         "a group expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lua_State *L = open_state();
        EXPECT_NE(luaL_dostring(L, cases[i].code), LUA_OK);
        EXPECT_CONTAINS(lua_tostring(L, -1), cases[i].message);
        lua_close(L);
    }
}

UNIT_MAIN
