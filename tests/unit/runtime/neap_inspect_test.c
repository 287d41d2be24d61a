/* Tests of runtime/neap_inspect.c: results on the stack, errors while they are made. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/gc/heap.h"
#include "runtime/mem/mem_os.h"
#include "runtime/state.h"

static lua_State *L;

static int take_types(lua_State *state) { return neap_types(state) == NEAP_INSPECT_OK; }
static int take_why(lua_State *state) { return neap_why(state, 1, 5) == NEAP_INSPECT_OK; }

TEST(results_are_on_the_stack) {
    size_t bytes, objects;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    lua_createtable(L, 10, 0);
    EXPECT_GT(neap_size(L, -1), 10 * 9);
    REQUIRE_EQ(neap_retained(L, -1, &bytes, &objects), NEAP_INSPECT_OK);
    EXPECT_EQ(bytes, neap_size(L, -1));
    EXPECT_EQ(objects, 1);
    lua_pushinteger(L, 3);
    EXPECT_EQ(neap_size(L, -1), 0);
    REQUIRE_EQ(neap_retained(L, -1, &bytes, NULL), NEAP_INSPECT_OK);
    EXPECT_EQ(bytes, 0);
    REQUIRE_EQ(neap_why(L, -1, 3), NEAP_INSPECT_OK);
    EXPECT_EQ(lua_gettop(L), 3);
    EXPECT_EQ(lua_rawlen(L, -1), 0);
    REQUIRE_EQ(neap_types(L), NEAP_INSPECT_OK);
    EXPECT_GT(lua_rawlen(L, -1), 20);
    lua_close(L);
}

/* Whatever allocation fails while the results are made, what was found is given back. */
TEST(errors_while_results_are_made) {
    static const lua_CFunction takes[] = {take_types, take_why};
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_dostring(L, "x = {} y = {x, x, x}"), LUA_OK);
    for (int i = 0; i < 2; i++) {
        lua_gc(L, LUA_GCCOLLECT);
        size_t ready = np_mem_process.ready;
        int failures = 0, status = LUA_ERRMEM;
        for (long nth = 1; nth < 300 && status != LUA_OK; nth++) {
            lua_settop(L, 0);
            lua_pushcfunction(L, takes[i]);
            lua_getglobal(L, "x");
            np_heap_fail_at(&L->global->heap, nth);
            status = lua_pcall(L, 1, 1, 0);
            np_heap_fail_at(&L->global->heap, 0);
            EXPECT_EQ(np_mem_process.ready, ready);
            failures += status == LUA_ERRMEM;
        }
        EXPECT_EQ(status, LUA_OK);
        EXPECT_TRUE(lua_istable(L, -1));
        EXPECT_GE(failures, 1);
    }
    lua_close(L);
}

/* ---- neap_interrupt ---- */

static int answered;
static lua_State *answered_in;
static void answer(lua_State *state) {
    answered++;
    answered_in = state;
    lua_gc(state, LUA_GCCOUNT);
}

static int ask(lua_State *state) {
    neap_interrupt(state, answer);
    lua_pushinteger(state, answered);
    return 1;
}

static int count_calls(lua_State *state) {
    lua_pushinteger(state, answered);
    return 1;
}

/* Not while the C function runs that asked, but before the next instruction; once. */
TEST(what_is_asked_for_is_called_between_instructions) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    lua_register(L, "ask", ask);
    lua_register(L, "answered", count_calls);
    answered = 0;
    REQUIRE_EQ(luaL_dostring(L, "local a, b = ask(), answered() assert(a == 0 and b == 1) assert(answered() == 1)"), LUA_OK);
    REQUIRE_EQ(luaL_dostring(L, "local f = coroutine.wrap(function(...) local a = ask() coroutine.yield(a, answered(), ...) end)\n"
                                "local a, b, c = f('x') assert(a == 1 and b == 2 and c == 'x')"), LUA_OK);
    EXPECT_TRUE(answered_in != L);
    /* Asked while nothing runs: by the next Lua function, whichever thread that is in. */
    neap_interrupt(L, answer);
    EXPECT_EQ(answered, 2);
    REQUIRE_EQ(luaL_dostring(L, "return 1"), LUA_OK);
    EXPECT_EQ(answered, 3);
    lua_settop(L, 0);
    lua_close(L);
}

static lua_State *signalled;
static void on_alarm(int number) {
    (void)number;
    neap_interrupt(signalled, answer);
}

TEST(a_loop_without_calls_is_interrupted) {
    L = signalled = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    answered = 0;
    signal(SIGALRM, on_alarm);
    lua_pushcfunction(L, count_calls);
    lua_setglobal(L, "answered");
    alarm(1);
    REQUIRE_EQ(luaL_dostring(L, "local answered = answered local n = 0 repeat for i = 1, 1000 do n = n + i end until answered() > 0 return n"), LUA_OK);
    EXPECT_EQ(answered, 1);
    signal(SIGALRM, SIG_DFL);
    lua_close(L);
}

UNIT_MAIN
