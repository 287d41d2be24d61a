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

UNIT_MAIN
