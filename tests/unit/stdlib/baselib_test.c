/* baselib_test.c: what a host sees of the basic functions: the stack they leave, protected calls
 * with C continuations, readers, and the module in a state that has nothing else. */
#include "neap.h"

#include "tests/unit/stdlib/script.h"

TEST(opens_into_the_table_of_globals) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    REQUIRE_EQ(lua_gettop(L), 1);
    lua_pushglobaltable(L);
    EXPECT(lua_rawequal(L, 1, 2));
    lua_getfield(L, 1, "_G");
    EXPECT(lua_rawequal(L, 1, 3));
    lua_getfield(L, 1, "_VERSION");
    EXPECT_STR(lua_tostring(L, -1), LUA_VERSION);
    EXPECT_EQ(lua_getfield(L, 1, "string"), LUA_TNIL);
    lua_close(L);
}

TEST(pcall_returns_exactly_what_the_function_returned) {
    lua_State *L = open_state();
    lua_pushliteral(L, "below");
    lua_getglobal(L, "pcall");
    lua_getglobal(L, "select");
    lua_pushinteger(L, 2);
    lua_pushnil(L);
    lua_pushliteral(L, "b");
    lua_pushnil(L);
    lua_call(L, 5, LUA_MULTRET);
    REQUIRE_EQ(lua_gettop(L), 4);
    EXPECT_STR(lua_tostring(L, 1), "below");
    EXPECT(lua_toboolean(L, 2));
    EXPECT_STR(lua_tostring(L, 3), "b");
    EXPECT(lua_isnil(L, 4));
    lua_close(L);
}

static int raise_light(lua_State *L) {
    lua_pushlightuserdata(L, L);
    return lua_error(L);
}

TEST(pcall_and_xpcall_hand_over_any_error_value) {
    lua_State *L = open_state();
    lua_getglobal(L, "pcall");
    lua_pushcfunction(L, raise_light);
    lua_call(L, 1, LUA_MULTRET);
    REQUIRE_EQ(lua_gettop(L), 2);
    EXPECT_FALSE(lua_toboolean(L, 1));
    EXPECT_PTR(lua_touserdata(L, 2), L);
    lua_settop(L, 0);
    lua_getglobal(L, "xpcall");
    lua_pushcfunction(L, raise_light);
    lua_getglobal(L, "type");
    lua_call(L, 2, LUA_MULTRET);
    REQUIRE_EQ(lua_gettop(L), 2);
    EXPECT_STR(lua_tostring(L, 2), "userdata");
    lua_close(L);
}

static int after_yield(lua_State *L, int status, lua_KContext ctx) {
    lua_pushinteger(L, status);
    lua_pushinteger(L, (lua_Integer)ctx);
    return 2;
}

static int yield_once(lua_State *L) {
    return lua_yieldk(L, 0, 77, after_yield);
}

TEST(pcall_lets_c_functions_yield_through_it) {
    lua_State *L = open_state();
    lua_State *co = lua_newthread(L);
    int results;
    lua_getglobal(co, "pcall");
    lua_pushcfunction(co, yield_once);
    REQUIRE_EQ(lua_resume(co, L, 1, &results), LUA_YIELD);
    EXPECT_EQ(results, 0);
    REQUIRE_EQ(lua_resume(co, L, 0, &results), LUA_OK);
    REQUIRE_EQ(results, 3);
    EXPECT(lua_toboolean(co, -3));
    EXPECT_EQ(lua_tointeger(co, -2), LUA_YIELD);
    EXPECT_EQ(lua_tointeger(co, -1), 77);
    lua_close(L);
}

/* A C function that ends in a protected call of its argument, as baselib's own do. */
static int end_try(lua_State *L, int status, lua_KContext ctx) {
    lua_pushinteger(L, status == LUA_YIELD ? (lua_Integer)ctx : -status);
    return 1;
}

static int try_call(lua_State *L) {
    return neap_tailpcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 5, end_try);
}

TEST(tailpcallk_tells_success_from_errors) {
    lua_State *L = open_state();
    lua_pushcfunction(L, try_call);
    lua_setglobal(L, "try");
    EXPECT_STR(run(L, "return try(function() end)"), "5");
    EXPECT_STR(run(L, "return try(error, 'x')"), "-2");
    EXPECT_STR(run(L, "return try(try, try, error)"), "5");
    EXPECT_STR(run(L, "local co = coroutine.wrap(function() return try(coroutine.yield) end) co() return co()"), "5");
    EXPECT_STR(run(L, "local function f(n) if n == 0 then error('bottom') end local s, m = pcall(f, n - 1) "
                      "error(m, 0) end local s, m = pcall(f, 1000) return m:match('bottom')"), "bottom");
    lua_close(L);
}

TEST(load_keeps_the_pieces_of_its_reader_alive) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local n = 0 local f = assert(load(function() n = n + 1 collectgarbage() "
                      "if n == 1 then return 'return ' .. ('\"' .. ('x'):rep(1000)) end "
                      "if n < 20 then return ('y'):rep(1000) end "
                      "if n == 20 then return '\"' end end)) return #f()"), "19000");
    lua_close(L);
}

static void keep_warning(void *ud, const char *text, int more) {
    strcat((char *)ud, text);
    if (!more) strcat((char *)ud, ".");
}

TEST(warn_passes_pieces_and_their_end) {
    lua_State *L = open_state();
    char got[100] = "";
    lua_setwarnf(L, keep_warning, got);
    run(L, "warn('a', 'b', 1) warn('c') pcall(warn, 'd', {}) warn('@on')");
    EXPECT_STR(got, "ab1.c.@on.");
    lua_close(L);
}

UNIT_MAIN
