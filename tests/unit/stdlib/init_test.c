/* init_test.c: luaL_openlibs opens everything, twice without harm, and leaves the stack alone. */
#include "neap.h"

#include "tests/unit/stdlib/script.h"

TEST(opens_every_library) {
    static const char *const names[] = {LUA_GNAME,      LUA_COLIBNAME,  LUA_LOADLIBNAME, LUA_STRLIBNAME,
                                        LUA_UTF8LIBNAME, LUA_TABLIBNAME, LUA_MATHLIBNAME, LUA_IOLIBNAME,
                                        LUA_OSLIBNAME,  LUA_DBLIBNAME,  NEAP_HEAPLIBNAME};
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    lua_pushliteral(L, "mine");
    luaL_openlibs(L);
    EXPECT_EQ(lua_gettop(L), 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        EXPECT_EQ(lua_getglobal(L, names[i]), LUA_TTABLE);
        EXPECT_EQ(lua_getfield(L, 2, names[i]), LUA_TTABLE);
        EXPECT(lua_rawequal(L, -1, -2));
        lua_pop(L, 2);
    }
    lua_close(L);
}

TEST(opening_again_changes_nothing) {
    lua_State *L = open_state();
    run(L, "before = string");
    luaL_openlibs(L);
    EXPECT_STR(run(L, "return before == string and string.format == ('').format"), "true");
    lua_close(L);
}

UNIT_MAIN
