/* strlib_test.c: positions, and the string functions as C sees them. */
#include "stdlib/strlib.h"

#include "tests/unit/stdlib/script.h"

TEST(first_positions) {
    EXPECT_EQ(str_first_position(1, 5), 1);
    EXPECT_EQ(str_first_position(0, 5), 1);
    EXPECT_EQ(str_first_position(6, 5), 6);
    EXPECT_EQ(str_first_position(-1, 5), 5);
    EXPECT_EQ(str_first_position(-5, 5), 1);
    EXPECT_EQ(str_first_position(-6, 5), 1);
    EXPECT_EQ(str_first_position(-1, 0), 1);
    EXPECT_EQ(str_first_position(LUA_MAXINTEGER, 5), LUA_MAXINTEGER);
    EXPECT_EQ(str_first_position(LUA_MININTEGER, 5), 1);
}

TEST(last_positions) {
    EXPECT_EQ(str_last_position(3, 5), 3);
    EXPECT_EQ(str_last_position(0, 5), 0);
    EXPECT_EQ(str_last_position(6, 5), 5);
    EXPECT_EQ(str_last_position(-1, 5), 5);
    EXPECT_EQ(str_last_position(-5, 5), 1);
    EXPECT_EQ(str_last_position(-6, 5), 0);
    EXPECT_EQ(str_last_position(-1, 0), 0);
    EXPECT_EQ(str_last_position(LUA_MAXINTEGER, 5), 5);
    EXPECT_EQ(str_last_position(LUA_MININTEGER, 5), 0);
}

TEST(opening_gives_strings_their_metatable) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    lua_pushliteral(L, "x");
    EXPECT_EQ(lua_getmetatable(L, 1), 0);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    EXPECT_EQ(lua_gettop(L), 2);
    REQUIRE_EQ(lua_getmetatable(L, 1), 1);
    lua_getfield(L, -1, "__index");
    EXPECT_TRUE(lua_rawequal(L, -1, 2));
    lua_close(L);
}

TEST(a_whole_slice_is_the_string_itself) {
    lua_State *L = open_state();
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "sub");
    lua_pushfstring(L, "%s", "a string that is long enough to have its own memory, surely");
    lua_pushvalue(L, -1);
    lua_insert(L, 1);
    lua_pushinteger(L, -1000);
    lua_call(L, 2, 1);
    EXPECT_PTR(lua_tostring(L, -1), lua_tostring(L, 1));
    lua_close(L);
}

TEST(repetition_of_every_shape) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "for unit = 0, 5 do for sep = 0, 3 do for n = 0, 70 do\n"
                      "  local u, s, list = ('abcde'):sub(1, unit), ('<=>'):sub(1, sep), {}\n"
                      "  for i = 1, n do list[i] = u end\n"
                      "  local want, got = table.concat(list, s), u:rep(n, s)\n"
                      "  if want ~= got then return u .. s .. n .. got end\n"
                      "end end end return 'right'"),
               "right");
    lua_close(L);
}

TEST(dump_reports_what_it_cannot_dump) {
    lua_State *L = open_state();
    EXPECT_CONTAINS(run(L, "string.dump(print)"), "unable to dump given function");
    EXPECT_STR(run(L, "return load(string.dump(function(...) return ... end))('x')"), "x");
    lua_close(L);
}

UNIT_MAIN
