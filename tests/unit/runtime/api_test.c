/* api_test.c: wrong use of the C API, which a build with CHECK names and ends the process for. */
#include "runtime/api.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "tests/unit/unit.h"

#if CHECK >= 1
#define MISUSE(statement, function, sentence)                                                      \
    EXPECT_DEATH(statement, "neap: fatal: " function ": wrong use of the C API: " sentence)

static lua_State *open(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    return L;
}

TEST(indices) {
    lua_State *L = open();
    lua_pushinteger(L, 1);
    MISUSE(lua_pushvalue(L, 0), "lua_pushvalue", "invalid index");
    MISUSE(lua_tointeger(L, -2), "lua_tointegerx", "invalid index");
    MISUSE(lua_type(L, 1000), "lua_type", "unacceptable index");
    MISUSE(lua_toboolean(L, lua_upvalueindex(300)), "lua_toboolean", "upvalue index too large");
    MISUSE(lua_rotate(L, 3, 1), "lua_rotate", "rotate needs an index in the stack");
    MISUSE(lua_rotate(L, 1, 2), "lua_rotate", "rotation by more than there are values");
    MISUSE(lua_copy(L, 1, 5), "lua_copy", "invalid index");
    MISUSE(lua_replace(L, lua_upvalueindex(1)), "lua_copy", "invalid index");
    MISUSE(lua_rawgeti(L, 1, 1), "lua_rawgeti", "a table is expected");
    MISUSE(lua_rawset(L, 1), "lua_rawset", "too few values on the stack");
    MISUSE(lua_next(L, 1), "lua_next", "a table is expected");
    lua_close(L);
}

TEST(the_stack_s_ends) {
    lua_State *L = open();
    MISUSE(for (int i = 0; i < 50; i++) lua_pushinteger(L, i), "lua_pushinteger", "stack overflow: lua_checkstack was not asked");
    lua_checkstack(L, 100);
    for (int i = 0; i < 100; i++) lua_pushinteger(L, i);
    lua_settop(L, 0);
    lua_State *full = lua_newthread(L);
    while (full->top < full->frame->top) lua_pushnil(full);
    MISUSE(lua_pushnil(full), "lua_pushnil", "stack overflow");
    MISUSE(lua_getglobal(full, "print"), "lua_getglobal", "stack overflow");
    MISUSE(lua_newthread(full), "lua_newthread", "stack overflow");
    MISUSE(lua_pushfstring(full, "x"), "lua_pushfstring", "stack overflow");
    MISUSE(luaL_loadstring(full, "x = 1"), "lua_load", "stack overflow");
    MISUSE(lua_xmove(L, full, 1), "lua_xmove", "stack overflow");
    MISUSE(lua_settop(L, 500), "lua_settop", "new top too large");
    MISUSE(lua_pop(L, 3), "lua_settop", "invalid new top");
    MISUSE(lua_xmove(L, full, 4), "lua_xmove", "too few values on the stack");
    MISUSE(lua_checkstack(L, -1), "lua_checkstack", "a negative number of slots");
    lua_close(L);
}

TEST(missing_operands) {
    lua_State *L = open();
    lua_newtable(L);
    MISUSE(lua_setfield(L, 1, "x"); lua_setfield(L, 1, "x"), "lua_setfield", "too few values on the stack");
    MISUSE(lua_settop(L, 0); lua_setglobal(L, "x"), "lua_setglobal", "too few values on the stack");
    MISUSE(lua_arith(L, LUA_OPADD), "lua_arith", "too few values on the stack");
    MISUSE(lua_arith(L, 99), "lua_arith", "no such operator");
    MISUSE(lua_compare(L, 1, 1, 9), "lua_compare", "no such comparison");
    MISUSE(lua_concat(L, 3), "lua_concat", "too few values on the stack");
    MISUSE(lua_pushcclosure(L, luaopen_base, 2), "lua_pushcclosure", "too few values on the stack");
    MISUSE(lua_pushcclosure(L, luaopen_base, 256), "lua_pushcclosure", "not between 0 and 255 upvalues");
    MISUSE(lua_pushcfunction(L, NULL), "lua_pushcclosure", "no function");
    MISUSE(lua_pushinteger(L, 1); lua_setmetatable(L, 1), "lua_setmetatable", "a table or nil is expected");
    MISUSE(lua_newuserdatauv(L, 1, -1), "lua_newuserdatauv", "invalid number of user values");
    MISUSE(lua_getiuservalue(L, 1, 1), "lua_getiuservalue", "a full userdata is expected");
    MISUSE(lua_createtable(L, -1, 0), "lua_createtable", "a negative size");
    MISUSE(lua_settop(L, 0); lua_error(L), "lua_error", "too few values on the stack");
    lua_close(L);
}

TEST(calls) {
    lua_State *L = open(), *co = lua_newthread(L);
    int nresults;
    lua_Debug ar;
    lua_pushcfunction(L, luaopen_base);
    MISUSE(lua_call(L, 3, 0), "lua_callk", "too few values on the stack");
    MISUSE(lua_pcall(L, 2, 0, 0), "lua_pcallk", "too few values on the stack");
    MISUSE(lua_call(L, 0, 100), "lua_callk", "the results do not fit the stack");
    MISUSE(lua_pcall(L, 0, 0, 1), "lua_pcallk", "the message handler must be a function");
    luaL_loadstring(co, "coroutine.yield()");
    MISUSE(lua_resume(co, L, 1, &nresults); lua_resume(co, L, 7, &nresults), "lua_resume", "too few values on the stack");
    REQUIRE_EQ(lua_resume(co, L, 0, &nresults), LUA_YIELD);
    MISUSE(lua_pushcfunction(co, luaopen_base); lua_call(co, 0, 0), "lua_callk", "calling in a thread that yielded or failed");
    MISUSE(lua_getinfo(L, ">S", (lua_pushinteger(L, 1), &ar)), "lua_getinfo", "a function is expected on the top");
    memset(&ar, 0, sizeof ar);
    MISUSE(lua_getlocal(L, &ar, 1), "lua_getlocal", "the activation has ended or belongs to another thread");
    lua_close(L);
}

static int returns_too_much(lua_State *L) { return lua_gettop(L) + 1; }
static int returns_less_than_nothing(lua_State *L) { return -1 - lua_gettop(L); }
static int forgets_to_return(lua_State *L) {
    neap_tailpcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, NULL);
    return 0;
}
static int yields_what_is_not_there(lua_State *L) { return lua_yield(L, 3); }
static int continues(lua_State *L, int status, lua_KContext ctx) { return 0; }
static void yields_values(lua_State *L, lua_Debug *ar) { lua_yieldk(L, 0, 0, continues); }

static void run(lua_State *L, lua_CFunction function, const char *text) {
    lua_register(L, "f", function);
    (void)luaL_dostring(L, text);
}

TEST(what_c_functions_return) {
    lua_State *L = open();
    MISUSE(run(L, returns_too_much, "f(1, 2)"), "lua_CFunction", "more results than values on the stack");
    MISUSE(run(L, returns_less_than_nothing, "f(1)"), "lua_CFunction", "a negative number of results");
    MISUSE(run(L, returns_less_than_nothing, "f()"), "lua_CFunction", "a negative number of results");
    MISUSE(run(L, forgets_to_return, "f(print)"), "neap_tailpcallk", "what it returned was not returned at once");
    MISUSE(run(L, yields_what_is_not_there, "coroutine.wrap(f)()"), "lua_yieldk", "too few values on the stack");
    lua_close(L);
}

TEST(hooks_that_yield) {
    lua_State *L = open(), *co = lua_newthread(L);
    int nresults;
    luaL_loadstring(co, "local x = 1");
    lua_sethook(co, yields_values, LUA_MASKLINE, 0);
    MISUSE(lua_resume(co, L, 0, &nresults), "lua_yieldk", "a hook yields no values and has no continuation");
    lua_close(L);
}

static int closes_nothing(lua_State *L) { return 0; }

TEST(slots_to_be_closed) {
    lua_State *L = open();
    for (int i = 0; i < 2; i++) {
        lua_newtable(L);
        lua_newtable(L);
        lua_pushcfunction(L, closes_nothing);
        lua_setfield(L, -2, "__close");
        lua_setmetatable(L, -2);
    }
    lua_toclose(L, 2);
    MISUSE(lua_toclose(L, 1), "lua_toclose", "slots must be marked in order");
    MISUSE(lua_toclose(L, 2), "lua_toclose", "slots must be marked in order");
    MISUSE(lua_closeslot(L, 1), "lua_closeslot", "only the last marked slot can be closed");
    MISUSE(lua_rotate(L, 1, 1), "lua_rotate", "moving a to-be-closed slot");
    lua_settop(L, 0);
    lua_close(L);
}

TEST(a_closed_state) {
    lua_State *L = open();
    lua_close(L);
    MISUSE(lua_pushnil(L), "lua_pushnil", "the state has been closed");
    MISUSE(lua_gettop(L), "lua_gettop", "the state has been closed");
    MISUSE(lua_getglobal(L, "x"), "lua_getglobal", "the state has been closed");
    MISUSE(lua_pcall(L, 0, 0, 0), "lua_pcallk", "the state has been closed");
    MISUSE(lua_close(L), "lua_close", "the state has been closed");
    lua_State *again = open(); /* most likely at the same address */
    lua_pushnil(again);
    lua_close(again);
}
#else
TEST(nothing_is_checked) { SKIP("wrong use is noticed in builds with CHECK only"); }
#endif

UNIT_MAIN
