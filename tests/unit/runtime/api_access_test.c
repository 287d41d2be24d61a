/* Tests of runtime/api_access.c: types, conversions, comparison, operators, upvalues. */
#include "tests/unit/unit.h"

#include "include/lua.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

static int nothing(lua_State *L) { return 0; }

TEST(types) {
    lua_State *L = open();
    lua_pushinteger(L, 1);
    lua_pushnumber(L, 1);
    lua_pushstring(L, "0x10");
    lua_pushstring(L, "text");
    lua_pushcfunction(L, nothing);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, nothing, 1);
    lua_newuserdatauv(L, 4, 0);
    lua_pushlightuserdata(L, L);
    static const char want[][7] = {/* isnumber isstring iscfunction isinteger isuserdata */
                                   "11010", "11000", "11000", "01000", "00100", "00100", "00001", "00001", "00000"};
    for (int i = 1; i <= 9; i++) {
        char got[6];
        snprintf(got, sizeof got, "%d%d%d%d%d", lua_isnumber(L, i), lua_isstring(L, i), lua_iscfunction(L, i),
                 lua_isinteger(L, i), lua_isuserdata(L, i));
        EXPECT_STR(got, want[i - 1]);
    }
    lua_close(L);
}

TEST(numbers) {
    lua_State *L = open();
    int is;
    lua_pushnumber(L, 3);
    EXPECT_EQ(lua_tointegerx(L, 1, &is), 3);
    EXPECT_EQ(is, 1);
    lua_pushnumber(L, 3.5);
    EXPECT_EQ(lua_tointegerx(L, 2, &is), 0);
    EXPECT_EQ(is, 0);
    lua_pushstring(L, "12.0");
    EXPECT_EQ(lua_tointegerx(L, 3, &is), 12);
    EXPECT_NUM(lua_tonumberx(L, 3, &is), 12);
    lua_pushstring(L, "x");
    EXPECT_NUM(lua_tonumberx(L, 4, &is), 0);
    EXPECT_EQ(is, 0);
    EXPECT_EQ(lua_tointeger(L, 9), 0);
    EXPECT_EQ(lua_stringtonumber(L, "0x1p4"), 6);
    EXPECT_NUM(lua_tonumber(L, -1), 16);
    EXPECT_EQ(lua_gettop(L), 5);
    EXPECT_EQ(lua_stringtonumber(L, "1 x"), 0);
    EXPECT_EQ(lua_gettop(L), 5);
    lua_close(L);
}

TEST(tolstring_converts_in_place) {
    lua_State *L = open();
    size_t length = 99;
    lua_pushinteger(L, -12);
    EXPECT_STR(lua_tolstring(L, 1, &length), "-12");
    EXPECT_EQ(length, 3);
    EXPECT_EQ(lua_type(L, 1), LUA_TSTRING);
    lua_pushnumber(L, 2);
    EXPECT_STR(lua_tostring(L, 2), "2.0");
    lua_pushnil(L);
    EXPECT_NULL(lua_tolstring(L, 3, &length));
    EXPECT_EQ(length, 0);
    lua_close(L);
}

TEST(pointers_and_lengths) {
    lua_State *L = open();
    lua_pushlstring(L, "ab\0c", 4);
    EXPECT_EQ(lua_rawlen(L, 1), 4);
    void *block = lua_newuserdatauv(L, 24, 2);
    EXPECT_EQ(lua_rawlen(L, 2), 24);
    EXPECT_EQ((uintptr_t)block % 16, 0);
    EXPECT_PTR(lua_touserdata(L, 2), block);
    EXPECT_PTR(lua_topointer(L, 2), block);
    lua_createtable(L, 0, 0);
    for (int i = 1; i <= 5; i++) {
        lua_pushboolean(L, 1);
        lua_rawseti(L, 3, i);
    }
    EXPECT_EQ(lua_rawlen(L, 3), 5);
    EXPECT_NOT_NULL(lua_topointer(L, 3));
    lua_pushinteger(L, 1);
    EXPECT_NULL(lua_topointer(L, 4));
    EXPECT_EQ(lua_rawlen(L, 4), 0);
    lua_pushcfunction(L, nothing);
    EXPECT(lua_tocfunction(L, 5) == nothing);
    EXPECT(lua_tocfunction(L, 3) == NULL);
    EXPECT_NULL(lua_tothread(L, 3));
    EXPECT_NULL(lua_touserdata(L, 3));
    lua_close(L);
}

TEST(comparison) {
    lua_State *L = open();
    lua_pushinteger(L, 1);
    lua_pushnumber(L, 1);
    lua_pushstring(L, "1");
    EXPECT_EQ(lua_rawequal(L, 1, 2), 1);
    EXPECT_EQ(lua_rawequal(L, 1, 3), 0);
    EXPECT_EQ(lua_rawequal(L, 1, 9), 0);
    EXPECT_EQ(lua_rawequal(L, 8, 9), 0);
    EXPECT_EQ(lua_compare(L, 1, 2, LUA_OPEQ), 1);
    EXPECT_EQ(lua_compare(L, 1, 2, LUA_OPLT), 0);
    EXPECT_EQ(lua_compare(L, 1, 2, LUA_OPLE), 1);
    EXPECT_EQ(lua_compare(L, 1, 9, LUA_OPEQ), 0);
    lua_close(L);
}

static int always(lua_State *L) {
    lua_pushinteger(L, 77);
    return 1;
}

TEST(operators) {
    lua_State *L = open();
    lua_pushinteger(L, 7);
    lua_pushinteger(L, 2);
    lua_arith(L, LUA_OPIDIV);
    EXPECT_EQ(lua_tointeger(L, -1), 3);
    lua_arith(L, LUA_OPUNM);
    EXPECT_EQ(lua_tointeger(L, -1), -3);
    lua_arith(L, LUA_OPBNOT);
    EXPECT_EQ(lua_tointeger(L, -1), 2);
    lua_pushnumber(L, 10);
    lua_arith(L, LUA_OPMUL);
    EXPECT_EQ(lua_tointeger(L, -1), 20);
    EXPECT_EQ(lua_gettop(L), 1);
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 0);
    lua_pushcfunction(L, always);
    lua_setfield(L, -2, "__add");
    lua_pushcfunction(L, always);
    lua_setfield(L, -2, "__len");
    lua_pushcfunction(L, always);
    lua_setfield(L, -2, "__eq");
    lua_setmetatable(L, -2);
    lua_len(L, 2);
    EXPECT_EQ(lua_tointeger(L, -1), 77);
    lua_pop(L, 1);
    lua_createtable(L, 0, 0);
    EXPECT_EQ(lua_compare(L, 2, 3, LUA_OPEQ), 1);
    EXPECT_EQ(lua_rawequal(L, 2, 3), 0);
    lua_arith(L, LUA_OPADD);
    EXPECT_EQ(lua_tointeger(L, -1), 77);
    lua_close(L);
}

TEST(concatenation) {
    lua_State *L = open();
    lua_concat(L, 0);
    EXPECT_STR(lua_tostring(L, -1), "");
    lua_pushinteger(L, 5);
    lua_concat(L, 1);
    EXPECT_EQ(lua_type(L, -1), LUA_TNUMBER);
    lua_pushstring(L, "-");
    lua_pushnumber(L, 2);
    lua_concat(L, 3);
    EXPECT_STR(lua_tostring(L, -1), "5-2.0");
    EXPECT_EQ(lua_gettop(L), 2);
    lua_close(L);
}

TEST(upvalues_of_c_functions) {
    lua_State *L = open();
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 2);
    lua_pushcclosure(L, nothing, 2);
    EXPECT_STR(lua_getupvalue(L, 1, 2), "");
    EXPECT_EQ(lua_tointeger(L, -1), 2);
    EXPECT_NULL(lua_getupvalue(L, 1, 3));
    EXPECT_NULL(lua_getupvalue(L, 1, 0));
    EXPECT_EQ(lua_gettop(L), 2);
    lua_pushinteger(L, 9);
    EXPECT_STR(lua_setupvalue(L, 1, 1), "");
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_NULL(lua_setupvalue(L, 1, 3));
    lua_getupvalue(L, 1, 1);
    EXPECT_EQ(lua_tointeger(L, -1), 9);
    EXPECT(lua_upvalueid(L, 1, 1) != lua_upvalueid(L, 1, 2));
    EXPECT_NULL(lua_upvalueid(L, 1, 3));
    lua_pushcfunction(L, nothing);
    EXPECT_NULL(lua_upvalueid(L, -1, 1));
    lua_close(L);
}

UNIT_MAIN
