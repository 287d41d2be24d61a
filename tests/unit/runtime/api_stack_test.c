/* Tests of runtime/api_stack.c: indices, moving values, pushing. */
#include "tests/unit/unit.h"

#include <stdarg.h>

#include "include/lauxlib.h"
#include "runtime/api.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

static void push_integers(lua_State *L, int n) {
    for (int i = 1; i <= n; i++) lua_pushinteger(L, i);
}

/* The stack holds exactly these integers. */
static void expect_stack(lua_State *L, const char *want) {
    char got[200] = "";
    for (int i = 1; i <= lua_gettop(L); i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), i > 1 ? " %d" : "%d", (int)lua_tointeger(L, i));
    EXPECT_STR(got, want);
}

TEST(settop) {
    lua_State *L = open();
    push_integers(L, 3);
    EXPECT_EQ(lua_gettop(L), 3);
    lua_settop(L, 5);
    EXPECT_EQ(lua_type(L, 4), LUA_TNIL);
    EXPECT_EQ(lua_type(L, 5), LUA_TNIL);
    EXPECT_EQ(lua_type(L, 6), LUA_TNONE);
    lua_settop(L, -4);
    expect_stack(L, "1 2");
    lua_settop(L, 0);
    EXPECT_EQ(lua_gettop(L), 0);
    lua_close(L);
}

TEST(indices) {
    lua_State *L = open();
    push_integers(L, 3);
    EXPECT_EQ(lua_absindex(L, -1), 3);
    EXPECT_EQ(lua_absindex(L, -3), 1);
    EXPECT_EQ(lua_absindex(L, 2), 2);
    EXPECT_EQ(lua_absindex(L, LUA_REGISTRYINDEX), LUA_REGISTRYINDEX);
    EXPECT_EQ(lua_tointeger(L, -1), 3);
    EXPECT_EQ(lua_type(L, LUA_REGISTRYINDEX), LUA_TTABLE);
    EXPECT_EQ(lua_type(L, lua_upvalueindex(1)), LUA_TNONE);
    EXPECT_EQ(lua_type(L, 19), LUA_TNONE);
    lua_close(L);
}

TEST(rotate) {
    lua_State *L = open();
    push_integers(L, 5);
    lua_rotate(L, 2, 1);
    expect_stack(L, "1 5 2 3 4");
    lua_rotate(L, 2, -1);
    expect_stack(L, "1 2 3 4 5");
    lua_rotate(L, 1, 3);
    expect_stack(L, "3 4 5 1 2");
    lua_rotate(L, -5, -3);
    expect_stack(L, "1 2 3 4 5");
    lua_rotate(L, 5, 1);
    lua_rotate(L, 3, 0);
    expect_stack(L, "1 2 3 4 5");
    lua_insert(L, 1);
    expect_stack(L, "5 1 2 3 4");
    lua_remove(L, 2);
    expect_stack(L, "5 2 3 4");
    lua_replace(L, 1);
    expect_stack(L, "4 2 3");
    lua_copy(L, 2, 3);
    lua_pushvalue(L, 1);
    expect_stack(L, "4 2 2 4");
    lua_close(L);
}

TEST(checkstack_makes_room_up_to_the_limit) {
    lua_State *L = open();
    EXPECT_EQ(lua_checkstack(L, 5000), 1);
    push_integers(L, 5000);
    EXPECT_EQ(lua_tointeger(L, 5000), 5000);
    EXPECT_EQ(lua_checkstack(L, LUAI_MAXSTACK), 0);
    EXPECT_EQ(lua_checkstack(L, 0x7fffffff), 0);
    EXPECT_EQ(lua_gettop(L), 5000);
    lua_close(L);
}

TEST(xmove) {
    lua_State *L = open();
    lua_State *other = lua_newthread(L);
    push_integers(L, 3);
    lua_xmove(L, other, 2);
    EXPECT_EQ(lua_gettop(L), 2);
    expect_stack(other, "2 3");
    lua_xmove(other, other, 2);
    expect_stack(other, "2 3");
    lua_xmove(other, L, 1);
    EXPECT_EQ(lua_tointeger(L, -1), 3);
    lua_close(L);
}

TEST(values) {
    lua_State *L = open();
    int here;
    lua_pushnil(L);
    lua_pushnumber(L, 2.5);
    lua_pushinteger(L, -9);
    lua_pushboolean(L, 42);
    lua_pushboolean(L, 0);
    lua_pushlightuserdata(L, &here);
    EXPECT_EQ(lua_type(L, 1), LUA_TNIL);
    EXPECT_NUM(lua_tonumber(L, 2), 2.5);
    EXPECT_EQ(lua_tointeger(L, 3), -9);
    EXPECT_EQ(lua_toboolean(L, 4), 1);
    EXPECT_EQ(lua_toboolean(L, 5), 0);
    EXPECT_PTR(lua_touserdata(L, 6), &here);
    EXPECT_EQ(lua_pushthread(L), 1);
    EXPECT_PTR(lua_tothread(L, 7), L);
    lua_State *other = lua_newthread(L);
    EXPECT_EQ(lua_pushthread(other), 0);
    lua_close(L);
}

TEST(strings) {
    lua_State *L = open();
    size_t length;
    EXPECT_NULL(lua_pushstring(L, NULL));
    EXPECT_EQ(lua_type(L, -1), LUA_TNIL);
    EXPECT_STR(lua_pushstring(L, "hello"), "hello");
    EXPECT_STR(lua_pushlstring(L, NULL, 0), "");
    lua_pushlstring(L, "a\0b", 3);
    EXPECT_MEM(lua_tolstring(L, -1, &length), "a\0b", 4);
    EXPECT_EQ(length, 3);
    /* Text at one address that changes must not be taken for the old one. */
    char buffer[8] = "one";
    lua_pushstring(L, buffer);
    strcpy(buffer, "two");
    lua_pushstring(L, buffer);
    EXPECT_STR(lua_tostring(L, -2), "one");
    EXPECT_STR(lua_tostring(L, -1), "two");
    lua_close(L);
}

static int sum_upvalues(lua_State *L) {
    lua_Integer sum = 0;
    for (int i = 1; lua_type(L, lua_upvalueindex(i)) != LUA_TNONE; i++) sum += lua_tointeger(L, lua_upvalueindex(i));
    lua_pushinteger(L, sum);
    lua_copy(L, -1, lua_upvalueindex(1));
    return 1;
}

TEST(closures) {
    lua_State *L = open();
    push_integers(L, 4);
    lua_pushcclosure(L, sum_upvalues, 3);
    EXPECT_EQ(lua_gettop(L), 2);
    lua_pushvalue(L, -1);
    lua_call(L, 0, 1);
    EXPECT_EQ(lua_tointeger(L, -1), 2 + 3 + 4);
    lua_pop(L, 1);
    lua_call(L, 0, 1);
    EXPECT_EQ(lua_tointeger(L, -1), 9 + 3 + 4);
    for (int i = 0; i < 255; i++) {
        lua_checkstack(L, 1);
        lua_pushinteger(L, 1);
    }
    lua_pushcclosure(L, sum_upvalues, 255);
    lua_call(L, 0, 1);
    EXPECT_EQ(lua_tointeger(L, -1), 255);
    lua_close(L);
}

UNIT_MAIN
