/* Tests of runtime/api_table.c: reading and writing tables, metatables, userdata. */
#include "tests/unit/unit.h"

#include "include/lua.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

TEST(plain_tables) {
    lua_State *L = open();
    lua_createtable(L, 0, 0);
    lua_pushinteger(L, 10);
    lua_setfield(L, 1, "x");
    lua_pushinteger(L, 20);
    lua_seti(L, 1, 1);
    lua_pushnumber(L, 2);
    lua_pushinteger(L, 30);
    lua_settable(L, 1);
    lua_pushinteger(L, 40);
    lua_rawsetp(L, 1, L);
    EXPECT_EQ(lua_getfield(L, 1, "x"), LUA_TNUMBER);
    EXPECT_EQ(lua_tointeger(L, -1), 10);
    EXPECT_EQ(lua_geti(L, 1, 2), LUA_TNUMBER);
    EXPECT_EQ(lua_tointeger(L, -1), 30);
    EXPECT_EQ(lua_rawgeti(L, 1, 1), LUA_TNUMBER);
    EXPECT_EQ(lua_rawgetp(L, 1, L), LUA_TNUMBER);
    EXPECT_EQ(lua_tointeger(L, -1), 40);
    EXPECT_EQ(lua_getfield(L, 1, "y"), LUA_TNIL);
    lua_pushstring(L, "x");
    EXPECT_EQ(lua_gettable(L, 1), LUA_TNUMBER);
    EXPECT_EQ(lua_tointeger(L, -1), 10);
    lua_pushstring(L, "z");
    EXPECT_EQ(lua_rawget(L, 1), LUA_TNIL);
    EXPECT_EQ(lua_gettop(L), 8);
    lua_close(L);
}

TEST(globals) {
    lua_State *L = open();
    lua_pushinteger(L, 5);
    lua_setglobal(L, "answer");
    EXPECT_EQ(lua_getglobal(L, "answer"), LUA_TNUMBER);
    lua_pushglobaltable(L);
    EXPECT_EQ(lua_getfield(L, -1, "answer"), LUA_TNUMBER);
    EXPECT_EQ(lua_tointeger(L, -1), 5);
    lua_close(L);
}

TEST(next_visits_every_entry_once) {
    lua_State *L = open();
    int seen = 0, sum = 0;
    lua_createtable(L, 0, 0);
    for (int i = 1; i <= 10; i++) {
        lua_pushinteger(L, i);
        lua_rawseti(L, 1, i);
        lua_pushinteger(L, 100 * i);
        lua_pushfstring(L, "k%d", i);
        lua_insert(L, -2);
        lua_rawset(L, 1);
    }
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        seen++;
        sum += (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    EXPECT_EQ(seen, 20);
    EXPECT_EQ(sum, 55 + 5500);
    EXPECT_EQ(lua_gettop(L), 1);
    lua_close(L);
}

static int index_function(lua_State *L) {
    lua_pushfstring(L, "no %s", lua_tostring(L, 2));
    return 1;
}

static int store_function(lua_State *L) {
    lua_pushvalue(L, 3);
    lua_setglobal(L, "stored");
    return 0;
}

TEST(metamethods) {
    lua_State *L = open();
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 0);
    lua_pushcfunction(L, index_function);
    lua_setfield(L, 2, "__index");
    lua_pushcfunction(L, store_function);
    lua_setfield(L, 2, "__newindex");
    lua_setmetatable(L, 1);
    lua_getfield(L, 1, "apple");
    EXPECT_STR(lua_tostring(L, -1), "no apple");
    lua_geti(L, 1, 7);
    EXPECT_STR(lua_tostring(L, -1), "no 7");
    lua_pushstring(L, "pear");
    lua_gettable(L, 1);
    EXPECT_STR(lua_tostring(L, -1), "no pear");
    lua_settop(L, 1);
    lua_pushinteger(L, 1);
    lua_setfield(L, 1, "a");
    lua_getglobal(L, "stored");
    EXPECT_EQ(lua_tointeger(L, -1), 1);
    lua_pushinteger(L, 2);
    lua_seti(L, 1, 4);
    lua_getglobal(L, "stored");
    EXPECT_EQ(lua_tointeger(L, -1), 2);
    lua_pushinteger(L, 9);
    lua_pushinteger(L, 3);
    lua_settable(L, 1);
    lua_getglobal(L, "stored");
    EXPECT_EQ(lua_tointeger(L, -1), 3);
    EXPECT_EQ(lua_gettop(L), 4);
    lua_pushnil(L);
    EXPECT_EQ(lua_next(L, 1), 0); /* nothing went into the table itself */
    lua_close(L);
}

TEST(metatables) {
    lua_State *L = open();
    lua_createtable(L, 0, 0);
    EXPECT_EQ(lua_getmetatable(L, 1), 0);
    lua_createtable(L, 0, 0);
    lua_pushvalue(L, 2);
    EXPECT_EQ(lua_setmetatable(L, 1), 1);
    EXPECT_EQ(lua_getmetatable(L, 1), 1);
    EXPECT_EQ(lua_rawequal(L, 2, 3), 1);
    lua_pushnil(L);
    lua_setmetatable(L, 1);
    EXPECT_EQ(lua_getmetatable(L, 1), 0);
    EXPECT_EQ(lua_getmetatable(L, 9), 0);
    lua_close(L);
}

TEST(userdata) {
    lua_State *L = open();
    char *block = lua_newuserdatauv(L, 100, 3);
    memset(block, 0x5a, 100);
    EXPECT_EQ(lua_getiuservalue(L, 1, 1), LUA_TNIL);
    EXPECT_EQ(lua_getiuservalue(L, 1, 4), LUA_TNONE);
    EXPECT_EQ(lua_type(L, -1), LUA_TNIL);
    EXPECT_EQ(lua_getiuservalue(L, 1, 0), LUA_TNONE);
    lua_settop(L, 1);
    for (int i = 1; i <= 3; i++) {
        lua_pushinteger(L, i * 11);
        EXPECT_EQ(lua_setiuservalue(L, 1, i), 1);
    }
    lua_pushinteger(L, 5);
    EXPECT_EQ(lua_setiuservalue(L, 1, 4), 0);
    EXPECT_EQ(lua_gettop(L), 1);
    EXPECT_EQ(lua_getiuservalue(L, 1, 3), LUA_TNUMBER);
    EXPECT_EQ(lua_tointeger(L, -1), 33);
    for (int i = 0; i < 100; i++) EXPECT_EQ(block[i], 0x5a);
    lua_newuserdatauv(L, 0, 0);
    EXPECT_NOT_NULL(lua_touserdata(L, -1));
    lua_close(L);
}

TEST(survives_collections) {
    lua_State *L = open();
    lua_createtable(L, 0, 0);
    for (int i = 0; i < 3000; i++) {
        lua_pushfstring(L, "key number %d with a long tail that is not interned", i);
        lua_createtable(L, 1, 1);
        lua_pushinteger(L, i);
        lua_setfield(L, -2, "value");
        lua_rawset(L, 1);
        if (i % 500 == 0) lua_gc(L, LUA_GCCOLLECT);
    }
    lua_gc(L, LUA_GCCOLLECT);
    for (int i = 0; i < 3000; i++) {
        lua_pushfstring(L, "key number %d with a long tail that is not interned", i);
        REQUIRE_EQ(lua_rawget(L, 1), LUA_TTABLE);
        lua_getfield(L, -1, "value");
        REQUIRE_EQ(lua_tointeger(L, -1), i);
        lua_settop(L, 1);
    }
    lua_close(L);
}

UNIT_MAIN
