/* Tests of runtime/api_call.c: calls, protected calls with and without continuations, errors, to-be-closed slots. */
#include "tests/unit/unit.h"

#include "include/lua.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

/* Returns its arguments in reverse. */
static int reversed(lua_State *L) {
    int n = lua_gettop(L);
    lua_checkstack(L, n);
    for (int i = n; i >= 1; i--) lua_pushvalue(L, i);
    return n;
}

static int fails(lua_State *L) {
    lua_settop(L, 1);
    return lua_error(L);
}

TEST(calls_adjust_results) {
    lua_State *L = open();
    for (int wanted = -1; wanted < 5; wanted++) {
        lua_pushcfunction(L, reversed);
        for (int i = 1; i <= 3; i++) lua_pushinteger(L, i);
        lua_call(L, 3, wanted);
        EXPECT_EQ(lua_gettop(L), wanted < 0 ? 3 : wanted);
        for (int i = 1; i <= lua_gettop(L); i++) EXPECT_EQ(lua_tointeger(L, i), i <= 3 ? 4 - i : 0);
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(many_results) {
    lua_State *L = open();
    lua_checkstack(L, 10000);
    lua_pushcfunction(L, reversed);
    for (int i = 1; i <= 5000; i++) lua_pushinteger(L, i);
    lua_call(L, 5000, LUA_MULTRET);
    EXPECT_EQ(lua_gettop(L), 5000);
    EXPECT_EQ(lua_tointeger(L, 1), 5000);
    lua_close(L);
}

TEST(errors_of_any_type_are_caught) {
    lua_State *L = open();
    lua_pushstring(L, "below");
    lua_pushcfunction(L, fails);
    lua_pushinteger(L, 42);
    EXPECT_EQ(lua_pcall(L, 1, 5, 0), LUA_ERRRUN);
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_EQ(lua_tointeger(L, -1), 42);
    EXPECT_STR(lua_tostring(L, 1), "below");
    lua_pushcfunction(L, fails);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_EQ(lua_type(L, -1), LUA_TNIL);
    lua_pushinteger(L, 3);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "attempt to call a number value");
    EXPECT_EQ(lua_status(L), LUA_OK);
    lua_close(L);
}

static int handler(lua_State *L) {
    lua_pushfstring(L, "<%s>", lua_tostring(L, 1));
    return 1;
}

TEST(message_handlers) {
    lua_State *L = open();
    lua_pushcfunction(L, handler);
    lua_pushcfunction(L, fails);
    lua_pushstring(L, "oops");
    EXPECT_EQ(lua_pcall(L, 1, 0, 1), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "<oops>");
    lua_settop(L, 1);
    lua_pushcfunction(L, fails);
    lua_pushstring(L, "negative index");
    EXPECT_EQ(lua_pcall(L, 1, 0, -3), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "<negative index>");
    lua_settop(L, 0);
    lua_pushcfunction(L, fails); /* as its own handler it fails again and again */
    lua_pushcfunction(L, fails);
    lua_pushstring(L, "again");
    int status = lua_pcall(L, 1, 0, 1);
    EXPECT_EQ(status, LUA_ERRERR);
    lua_close(L);
}

static int deep(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, deep, 1);
    lua_call(L, 0, 0);
    return 0;
}

TEST(endless_recursion_in_c) {
    lua_State *L = open();
    lua_pushnil(L);
    lua_pushcclosure(L, deep, 1);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_CONTAINS(lua_tostring(L, -1), "C stack overflow");
    lua_close(L);
}

/* ---- continuations ---- */

static int yields(lua_State *L) { return lua_yield(L, lua_gettop(L)); }

static int after_yield_and_fail(lua_State *L, int status, lua_KContext ctx) {
    (void)status, (void)ctx;
    lua_pushstring(L, "late");
    return lua_error(L);
}

static int yields_then_fails(lua_State *L) { return lua_yieldk(L, 0, 0, after_yield_and_fail); }

static int report(lua_State *L, int status, lua_KContext ctx) {
    lua_pushinteger(L, status);
    lua_pushinteger(L, (lua_Integer)ctx);
    return lua_gettop(L);
}

static int protects(lua_State *L) {
    int status = lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 99, report);
    return report(L, status, 0);
}

static int calls(lua_State *L) {
    lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 55, report);
    return report(L, LUA_OK, 0);
}

/* Runs outer(inner, 7) in a coroutine to its end; leaves its results. */
static lua_State *in_coroutine(lua_State *L, lua_CFunction outer, lua_CFunction inner, int yields_expected) {
    lua_State *co = lua_newthread(L);
    int nresults, nyields = 0;
    lua_pushcfunction(co, outer);
    lua_pushcfunction(co, inner);
    lua_pushinteger(co, 7);
    int status = lua_resume(co, L, 2, &nresults);
    for (; status == LUA_YIELD; nyields++) status = lua_resume(co, L, nresults, &nresults);
    EXPECT_EQ(status, LUA_OK);
    EXPECT_EQ(nyields, yields_expected);
    EXPECT_EQ(lua_gettop(co), nresults);
    return co;
}

TEST(pcallk) {
    lua_State *L = open();
    lua_State *co = in_coroutine(L, protects, reversed, 0);
    EXPECT_EQ(lua_tointeger(co, 1), 7);
    EXPECT_EQ(lua_tointeger(co, 2), LUA_OK);
    EXPECT_EQ(lua_tointeger(co, 3), 0);
    co = in_coroutine(L, protects, yields, 1);
    EXPECT_EQ(lua_tointeger(co, 1), 7);
    EXPECT_EQ(lua_tointeger(co, 2), LUA_YIELD);
    EXPECT_EQ(lua_tointeger(co, 3), 99);
    co = in_coroutine(L, protects, fails, 0); /* no yield, but the continuation gets the error */
    EXPECT_EQ(lua_tointeger(co, 1), 7);
    EXPECT_EQ(lua_tointeger(co, 2), LUA_ERRRUN);
    EXPECT_EQ(lua_tointeger(co, 3), 99);
    co = in_coroutine(L, protects, yields_then_fails, 1);
    EXPECT_STR(lua_tostring(co, 1), "late");
    EXPECT_EQ(lua_tointeger(co, 2), LUA_ERRRUN);
    lua_close(L);
}

TEST(callk) {
    lua_State *L = open();
    lua_State *co = in_coroutine(L, calls, reversed, 0);
    EXPECT_EQ(lua_tointeger(co, 2), LUA_OK);
    co = in_coroutine(L, calls, yields, 1);
    EXPECT_EQ(lua_tointeger(co, 1), 7);
    EXPECT_EQ(lua_tointeger(co, 2), LUA_YIELD);
    EXPECT_EQ(lua_tointeger(co, 3), 55);
    lua_close(L);
}

static int calls_plainly(lua_State *L) {
    lua_call(L, 1, 0);
    return 0;
}

TEST(a_yield_across_a_plain_call_is_an_error) {
    lua_State *L = open();
    lua_State *co = lua_newthread(L);
    int nresults;
    lua_pushcfunction(co, calls_plainly);
    lua_pushcfunction(co, yields);
    lua_pushinteger(co, 1);
    EXPECT_EQ(lua_resume(co, L, 2, &nresults), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(co, -1), "attempt to yield across a C-call boundary");
    EXPECT_EQ(lua_status(co), LUA_ERRRUN);
    lua_close(L);
}

/* ---- to-be-closed slots ---- */

static char closed[64];

static int close_one(lua_State *L) {
    lua_getiuservalue(L, 1, 1);
    snprintf(closed + strlen(closed), sizeof closed - strlen(closed), "%s%s ", lua_tostring(L, -1),
             lua_isnil(L, 2) ? "" : "!");
    return 0;
}

static void push_closable(lua_State *L, const char *name) {
    lua_newuserdatauv(L, 0, 1);
    lua_pushstring(L, name);
    lua_setiuservalue(L, -2, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, close_one);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
}

static int with_closables(lua_State *L) {
    bool fail = lua_toboolean(L, 1);
    push_closable(L, "a");
    lua_toclose(L, -1);
    push_closable(L, "b");
    lua_toclose(L, -1);
    push_closable(L, "c");
    lua_toclose(L, -1);
    lua_pop(L, 1);
    lua_closeslot(L, -1);
    if (fail) {
        lua_pushstring(L, "failed");
        return lua_error(L);
    }
    lua_pushinteger(L, 5);
    lua_pushinteger(L, 6);
    return 2;
}

TEST(slots_are_closed) {
    lua_State *L = open();
    closed[0] = '\0';
    lua_pushcfunction(L, with_closables);
    lua_call(L, 0, 2);
    EXPECT_STR(closed, "c b a ");
    EXPECT_EQ(lua_tointeger(L, 1), 5);
    EXPECT_EQ(lua_tointeger(L, 2), 6);
    closed[0] = '\0';
    lua_pushcfunction(L, with_closables);
    lua_pushboolean(L, 1);
    EXPECT_EQ(lua_pcall(L, 1, 0, 0), LUA_ERRRUN);
    EXPECT_STR(closed, "c b a! ");
    lua_close(L);
}

static int closes_a_number(lua_State *L) {
    lua_pushinteger(L, 1);
    lua_toclose(L, -1);
    return 0;
}

TEST(what_cannot_be_closed) {
    lua_State *L = open();
    lua_pushcfunction(L, closes_a_number);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_CONTAINS(lua_tostring(L, -1), "got a non-closable value");
    lua_close(L);
}

/* ---- the rest ---- */

static char warned[64];

static void on_warning(void *ud, const char *msg, int tocont) {
    strcat(warned, msg);
    if (!tocont) strcat(warned, ud);
}

TEST(warnings) {
    lua_State *L = open();
    lua_warning(L, "nobody listens", 0);
    lua_setwarnf(L, on_warning, "!");
    lua_warning(L, "one ", 1);
    lua_warning(L, "two", 0);
    EXPECT_STR(warned, "one two!");
    lua_close(L);
}

static int panics(lua_State *L) {
    fprintf(stderr, "panic: %s\n", lua_tostring(L, -1));
    _exit(3);
}

TEST(panic) {
    lua_State *L = open();
    EXPECT(lua_atpanic(L, panics) == NULL);
    EXPECT(lua_atpanic(L, panics) == panics);
    lua_pushstring(L, "nobody catches me");
    EXPECT_DEATH(lua_error(L), "panic: nobody catches me");
    lua_close(L);
}

static void *refuse(void *ud, void *block, size_t old_size, size_t new_size) { return NULL; }

TEST(odds_and_ends) {
    int data;
    void *ud;
    lua_State *L = lua_newstate(NULL, &data);
    EXPECT_NUM(lua_version(NULL), 504);
    EXPECT(lua_getallocf(L, &ud) == NULL);
    lua_setallocf(L, NULL, NULL);
    lua_getallocf(L, &ud);
    EXPECT_NULL(ud);
    lua_setallocf(L, refuse, &data);
    EXPECT(lua_getallocf(L, &ud) == refuse);
    EXPECT_PTR(ud, &data);
    EXPECT_EQ(lua_setcstacklimit(L, 5), 200);
    EXPECT_CONTAINS(lua_ident, "Lua 5.4");
    lua_close(L);
}

UNIT_MAIN
