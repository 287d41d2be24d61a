/* Tests of runtime/arraysort.c: every kind and pattern of arrays, against the order of <. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/arraysort.h"

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

/* The table that the chunk returns; its elements are what `check` counts before and after. */
static const char make[] =
    "local kind, pattern, n = ...\n"
    "local state = 12345\n"
    "local function random() state = (state * 1103515245 + 12345) & 0x7fffffff return state >> 8 end\n"
    "local patterns = {\n"
    "    function(i) return random() end, function(i) return i end, function(i) return -i end, function(i) return 7 end,\n"
    "    function(i) return i < n / 2 and i or n - i end, function(i) return i % 3 end, function(i) return random() % 5 end,\n"
    "    function(i) return i == n and 0 or i end, function(i) return i & 1 == 0 and i or -i end }\n"
    "local kinds = { function(x) return x end, function(x) return x / 4 end, function(x) return string.format('%x', x & 0xffffff) end,\n"
    "    function(x) return ('\\0k'):rep(x % 9) .. x % 13 end }\n"
    "local t = table.move({}, 1, 0, 1)\n"
    "for i = 1, n do t[i] = kinds[kind](patterns[pattern](i)) end\n"
    "return t";
static const char check[] =
    "local before, after, n = ...\n"
    "local count = {}\n"
    "for i = 1, n do count[before[i]] = (count[before[i]] or 0) + 1 count[after[i]] = (count[after[i]] or 0) - 1 end\n"
    "for _, left in pairs(count) do if left ~= 0 then return 'other elements' end end\n"
    "for i = 2, n do if after[i] < after[i - 1] then return 'order at ' .. i end end";

static void sort_one(lua_State *L, int kind, int pattern, int n) {
    for (int copy = 0; copy < 2; copy++) {
        REQUIRE_EQ(luaL_loadstring(L, make), LUA_OK);
        lua_pushinteger(L, kind);
        lua_pushinteger(L, pattern);
        lua_pushinteger(L, n);
        lua_call(L, 3, 1);
    }
    NpTable *table = np_tab(L->top - 1);
    REQUIRE(np_arraysort_sort(L->global, table, (uint64_t)n));
    REQUIRE_EQ(luaL_loadstring(L, check), LUA_OK);
    lua_insert(L, 1);
    lua_pushinteger(L, n);
    lua_call(L, 3, 1);
    EXPECT_STR(lua_tostring(L, -1), NULL);
    lua_settop(L, 0);
}

TEST(every_kind_and_pattern) {
    static const int sizes[] = {1, 2, 3, 16, 17, 18, 40, 333, 3000};
    lua_State *L = open_state();
    for (int kind = 1; kind <= 4; kind++)
        for (int pattern = 1; pattern <= 9; pattern++)
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) sort_one(L, kind, pattern, sizes[i]);
    lua_close(L);
}

TEST(not_numbers_do_no_harm) {
    lua_State *L = open_state();
    EXPECT_EQ(luaL_dostring(L,
        "local t, n = {}, 0 for i = 1, 500 do t[i] = i % 3 == 0 and 0/0 or (i * 7919 % 1000) / 2 end\n"
        "table.sort(t) for i = 1, 500 do if t[i] ~= t[i] then n = n + 1 end end return n"), LUA_OK);
    EXPECT_EQ(lua_tointeger(L, -1), 166);
    lua_close(L);
}

TEST(what_is_mixed_is_left_alone) {
    lua_State *L = open_state();
    static const char *const mixed[] = {"return {3, 2.5, 1}", "return {'b', 'a', 1}", "return {3, 2, nil, 1}", "return {{}, {}}",
                                        "return {true, false}"};
    for (size_t i = 0; i < sizeof mixed / sizeof *mixed; i++) {
        REQUIRE_EQ(luaL_dostring(L, mixed[i]), LUA_OK);
        NpTable *table = np_tab(L->top - 1);
        EXPECT_TRUE(!np_arraysort_sort(L->global, table, i == 2 ? 4 : 2 + (i < 2)));
        EXPECT_TRUE(!np_arraysort_sort(L->global, table, 1000));
        lua_settop(L, 0);
    }
    lua_close(L);
}

UNIT_MAIN
