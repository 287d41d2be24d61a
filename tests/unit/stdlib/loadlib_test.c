/* loadlib_test.c: openers that C registered, the environment's say in the paths, and states side by
 * side. */
#include "tests/unit/stdlib/script.h"

static int open_mine(lua_State *L) {
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "name");
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "extra");
    return 1;
}

TEST(preloaded_openers_get_name_and_origin) {
    lua_State *L = open_state();
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open_mine);
    lua_setfield(L, -2, "a.mine");
    EXPECT_STR(run(L, "local m, e = require('a.mine') return m.name .. ' ' .. m.extra .. ' ' .. e"), "a.mine :preload: :preload:");
    EXPECT_STR(run(L, "return require('a.mine') == package.loaded['a.mine']"), "true");
    lua_close(L);
}

TEST(requiref_and_require_agree) {
    lua_State *L = open_state();
    luaL_requiref(L, "mine", open_mine, 0);
    EXPECT_STR(run(L, "return require('mine').name"), "mine");
    EXPECT_STR(run(L, "return mine"), "nil");
    lua_close(L);
}

static const char *path_with(const char *variable, const char *value, bool no_environment) {
    static char result[2000];
    setenv(variable, value, 1);
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    if (no_environment) {
        lua_pushboolean(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    luaL_openlibs(L);
    snprintf(result, sizeof result, "%s", run(L, "return package.path"));
    lua_close(L);
    unsetenv(variable);
    return result;
}

TEST(paths_from_the_environment) {
    unsetenv("LUA_PATH");
    unsetenv("LUA_PATH_5_4");
    EXPECT_STR(path_with("UNRELATED", "x", false), LUA_PATH_DEFAULT);
    EXPECT_STR(path_with("LUA_PATH", "x", false), "x");
    EXPECT_STR(path_with("LUA_PATH", "", false), "");
    EXPECT_STR(path_with("LUA_PATH", ";;", false), LUA_PATH_DEFAULT);
    EXPECT_STR(path_with("LUA_PATH", "a;;b", false), "a;" LUA_PATH_DEFAULT ";b");
    EXPECT_STR(path_with("LUA_PATH", ";;b", false), LUA_PATH_DEFAULT ";b");
    EXPECT_STR(path_with("LUA_PATH", "a;;", false), "a;" LUA_PATH_DEFAULT);
    EXPECT_STR(path_with("LUA_PATH", "x", true), LUA_PATH_DEFAULT);
    setenv("LUA_PATH", "less", 1);
    EXPECT_STR(path_with("LUA_PATH_5_4", "more", false), "more");
    unsetenv("LUA_PATH");
}

TEST(a_library_that_is_none) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local f, m, w = package.loadlib('/etc/passwd', 'luaopen_x') return tostring(f) .. w"), "nilopen");
    EXPECT_STR(run(L, "local f, m, w = package.loadlib('/no/such/file', '*') return tostring(f) .. w"), "nilopen");
    EXPECT_CONTAINS(run(L, "package.cpath = '/etc/passwd' require('x')"), "error loading module 'x' from file '/etc/passwd':\n\t");
    lua_close(L);
}

/* libm is everywhere, is no Lua module, and can be opened all the same. */
TEST(a_library_without_the_function) {
    lua_State *L = open_state();
    const char *opened = run(L, "return package.loadlib('libm.so.6', '*')");
    if (strcmp(opened, "true") != 0) SKIP("this system has no libm.so.6");
    EXPECT_STR(run(L, "local f, m, w = package.loadlib('libm.so.6', 'luaopen_m') return tostring(f) .. w"), "nilinit");
    EXPECT_STR(run(L, "return type(package.loadlib('libm.so.6', 'cos'))"), "function");
    lua_close(L);
}

UNIT_MAIN
