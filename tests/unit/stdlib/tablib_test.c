/* tablib_test.c: raw and metamethod access through the table library, counted; edges of the integer
 * range; the stack after each call. */
#include "tests/unit/stdlib/script.h"

static int reads, writes;

static int count_index(lua_State *L) {
    reads++;
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

static int count_newindex(lua_State *L) {
    writes++;
    lua_rawset(L, lua_upvalueindex(1));
    return 0;
}

/* Userdata that behaves like a table {1, 2, 3, 4}, as global `p`. */
static void make_proxy(lua_State *L) {
    reads = writes = 0;
    luaL_dostring(L, "store = {1, 2, 3, 4}");
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 3);
    lua_getglobal(L, "store");
    lua_pushcclosure(L, count_index, 1);
    lua_setfield(L, -2, "__index");
    lua_getglobal(L, "store");
    lua_pushcclosure(L, count_newindex, 1);
    lua_setfield(L, -2, "__newindex");
    luaL_loadstring(L, "return #store");
    lua_setfield(L, -2, "__len");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "p");
}

TEST(userdata_with_metamethods_will_do) {
    lua_State *L = open_state();
    make_proxy(L);
    EXPECT_STR(run(L, "table.insert(p, 2, 'x') return table.concat(store, ' ')"), "1 x 2 3 4");
    EXPECT_EQ(reads, 3);
    EXPECT_EQ(writes, 4);
    make_proxy(L);
    EXPECT_STR(run(L, "local r = table.remove(p, 1) return r .. ':' .. table.concat(p, ' ')"), "1:2 3 4");
    make_proxy(L);
    EXPECT_STR(run(L, "table.sort(p, function(a, b) return a > b end) return table.concat(store, ' ')"), "4 3 2 1");
    make_proxy(L);
    EXPECT_STR(run(L, "return table.concat(table.move(p, 2, 4, 1, {}), ' ') .. select('#', table.unpack(p))"), "2 3 44");
    lua_close(L);
}

TEST(only_the_metamethods_in_use_are_needed) {
    lua_State *L = open_state();
    lua_newuserdatauv(L, 0, 0);
    luaL_dostring(L, "return {__index = function(_, k) return k end}");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "u");
    EXPECT_STR(run(L, "return table.concat(table.move(u, 1, 3, 1, {}), ' ')"), "1 2 3");
    EXPECT_CONTAINS(run(L, "table.concat(u)"), "bad argument #1 to 'concat' (table expected, got userdata)");
    EXPECT_CONTAINS(run(L, "table.insert(u, 1)"), "table expected, got userdata");
    EXPECT_CONTAINS(run(L, "table.move({}, 1, 1, 1, u)"), "bad argument #5 to 'move' (table expected, got userdata)");
    lua_close(L);
}

TEST(positions_at_the_ends_of_the_range) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local m = math.maxinteger local t = setmetatable({}, {__len = function() return m end}) "
                      "return pcall(table.insert, t, m, 1)"), "true");
    EXPECT_STR(run(L, "return select('#', table.unpack({}, math.mininteger, math.mininteger + 9))"), "10");
    EXPECT_STR(run(L, "return select('#', table.unpack({}, math.maxinteger - 4))"), "0");
    EXPECT_CONTAINS(run(L, "return table.unpack({}, 0, math.maxinteger)"), "too many results to unpack");
    lua_close(L);
}

TEST(pack_and_unpack_leave_exactly_their_results) {
    lua_State *L = open_state();
    lua_getglobal(L, "table");
    lua_getfield(L, 1, "unpack");
    lua_getfield(L, 1, "pack");
    lua_pushnil(L);
    lua_pushinteger(L, 8);
    lua_pushnil(L);
    lua_call(L, 3, 1);
    lua_getfield(L, -1, "n");
    EXPECT_EQ(lua_tointeger(L, -1), 3);
    lua_pop(L, 1);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 3);
    lua_call(L, 3, LUA_MULTRET);
    REQUIRE_EQ(lua_gettop(L), 4);
    EXPECT(lua_isnil(L, 2));
    EXPECT_EQ(lua_tointeger(L, 3), 8);
    EXPECT(lua_isnil(L, 4));
    lua_close(L);
}

UNIT_MAIN
