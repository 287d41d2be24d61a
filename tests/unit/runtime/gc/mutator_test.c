/* mutator_test.c: the randomised mutator (tests/lua/gc/mutator.lua) with what Lua alone cannot make: userdata with user
 * values, whose bytes the host writes and reads, and values that only the registry holds.
 *
 *     NEAP_MUTATOR="600 12345" out/asan/unit/runtime/gc/mutator_test
 *
 * runs it for 600 seconds, each time with another seed from 12345 on, and prints the seeds and the number of steps. */
#include <time.h>

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "tests/unit/unit.h"

enum { BRIEF = 1500, LONG = 8000 }; /* steps */

/* userdata.make(bytes, user values, number): every byte is made of the number. */
static int make(lua_State *L) {
    size_t size = (size_t)luaL_checkinteger(L, 1) + sizeof(lua_Integer);
    lua_Integer number = luaL_checkinteger(L, 3);
    char *bytes = lua_newuserdatauv(L, size, (int)luaL_checkinteger(L, 2));
    memcpy(bytes, &number, sizeof number);
    memset(bytes + sizeof number, (int)(number % 251), size - sizeof number);
    return 1;
}

/* userdata.number(u): what make was given; an error when a byte has changed. */
static int number(lua_State *L) {
    const unsigned char *bytes = lua_touserdata(L, 1);
    size_t size = lua_rawlen(L, 1);
    lua_Integer n;
    memcpy(&n, bytes, sizeof n);
    for (size_t i = sizeof n; i < size; i++)
        if (bytes[i] != n % 251) return luaL_error(L, "byte %d of userdata %d has changed", (int)i, (int)n);
    lua_pushinteger(L, n);
    return 1;
}

static int set(lua_State *L) {
    lua_settop(L, 3);
    lua_pushboolean(L, lua_setiuservalue(L, 1, (int)luaL_checkinteger(L, 2)));
    return 1;
}

static int get(lua_State *L) {
    lua_getiuservalue(L, 1, (int)luaL_checkinteger(L, 2));
    return 1;
}

static int meta(lua_State *L) {
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* userdata.hold(v) -> reference; userdata.held(reference) -> v; userdata.let_go(reference) */
static int hold(lua_State *L) {
    lua_settop(L, 1);
    lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
    return 1;
}

static int held(lua_State *L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, luaL_checkinteger(L, 1));
    return 1;
}

static int let_go(lua_State *L) {
    luaL_unref(L, LUA_REGISTRYINDEX, (int)luaL_checkinteger(L, 1));
    return 0;
}

static const luaL_Reg functions[] = {{"make", make}, {"number", number}, {"set", set},       {"get", get},  {"meta", meta},
                                     {"hold", hold}, {"held", held},     {"let_go", let_go}, {NULL, NULL}};

/* Runs the script; an error is shown and noted. */
static void mutate(long steps, long seed) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    luaL_newlib(L, functions);
    lua_setglobal(L, "userdata");
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, steps);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, seed);
    lua_rawseti(L, -2, 2);
    lua_setglobal(L, "arg");
    if (luaL_dofile(L, "tests/lua/gc/mutator.lua")) EXPECT_STR(lua_tostring(L, -1), "no error");
    lua_close(L);
}

TEST(userdata_and_all_else) {
    const char *asked = getenv("NEAP_MUTATOR");
    long seconds = 0, seed = 1, runs = 0;
    time_t begin = time(NULL);
    if (asked) sscanf(asked, "%ld %ld", &seconds, &seed);
    do {
        mutate(asked ? LONG : BRIEF, seed + runs++);
    } while (!unit.failed && time(NULL) - begin < seconds);
    if (asked) printf("# seeds %ld to %ld, %ld steps\n", seed, seed + runs - 1, runs * LONG);
}

UNIT_MAIN
