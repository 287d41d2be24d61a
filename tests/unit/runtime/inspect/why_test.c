/* Tests of runtime/inspect/why.c: the text of paths. tests/lua/lib/heap_why.lua has most of them. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/inspect/why.h"
#include "runtime/mem/mem_os.h"

static lua_State *L;
static char paths[10][NP_WHY_MOST];
static int count;

static bool keep(void *ctx, const char *path, size_t length) {
    (void)ctx;
    EXPECT_EQ(strlen(path), length);
    strcpy(paths[count++], path);
    return count < 10;
}

static NpObj *value_of(const char *expression) {
    char chunk[200];
    snprintf(chunk, sizeof chunk, "return %s", expression);
    if (luaL_dostring(L, chunk) != LUA_OK) return NULL;
    NpObj *obj = L->top[-1].v.obj;
    lua_settop(L, 0);
    return obj;
}

static void open_with(const char *program) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_dostring(L, program), LUA_OK);
    count = 0;
}

TEST(paths_from_the_registry) {
    open_with("local cache = {entries = {}} package.loaded.cache = cache\n"
              "for i = 1, 20 do cache.entries[i] = {session = {}} end");
    REQUIRE(np_why(L, value_of("require'cache'.entries[17].session"), 3, keep, NULL));
    EXPECT_EQ(count, 1);
    EXPECT_STR(paths[0], "registry > package.loaded > cache > entries[17] > .session");
    lua_close(L);
}

TEST(shortest_first_one_for_each_reference) {
    open_with("x = {} t = {x, {{x}}, x, a = {['odd key'] = x}}");
    REQUIRE(np_why(L, value_of("x"), 10, keep, NULL));
    EXPECT_EQ(count, 5);
    EXPECT_STR(paths[0], "registry > globals > x");
    EXPECT_STR(paths[1], "registry > globals > t[1]");
    EXPECT_STR(paths[2], "registry > globals > t[3]");
    EXPECT_STR(paths[3], "registry > globals > t > .a[\"odd key\"]");
    EXPECT_STR(paths[4], "registry > globals > t[2][1][1]");
    count = 0;
    REQUIRE(np_why(L, value_of("x"), 2, keep, NULL));
    EXPECT_EQ(count, 2);
    lua_close(L);
}

TEST(user_values_and_metatables) {
    open_with("x = {}");
    lua_newuserdatauv(L, 1, 2);
    lua_getglobal(L, "x");
    lua_setiuservalue(L, -2, 2);
    lua_createtable(L, 0, 0);
    lua_getglobal(L, "x");
    lua_setmetatable(L, -2);
    lua_setiuservalue(L, -2, 1);
    lua_setglobal(L, "u");
    lua_pushnil(L);
    lua_getglobal(L, "x");
    NpObj *x = L->top[-1].v.obj;
    lua_settop(L, 0);
    lua_pushnil(L);
    lua_setglobal(L, "x");
    REQUIRE(np_why(L, x, 10, keep, NULL));
    EXPECT_EQ(count, 2);
    EXPECT_STR(paths[0], "registry > globals > u > user value 2");
    EXPECT_STR(paths[1], "registry > globals > u > user value 1 > metatable");
    lua_close(L);
}

TEST(the_middle_of_a_long_path_is_left_out) {
    open_with("list = {} local at = list for i = 1, 1000 do at.next = {} at = at.next end last = setmetatable({at}, {__mode = 'v'})");
    REQUIRE(np_why(L, value_of("last[1]"), 1, keep, NULL));
    EXPECT_EQ(count, 1);
    EXPECT_CONTAINS(paths[0], "registry > globals > list > .next > ");
    EXPECT_CONTAINS(paths[0], " more steps ... > .next");
    EXPECT_LT(strlen(paths[0]), 500);
    lua_close(L);
}

TEST(what_nothing_refers_to_has_no_path_and_refusals_are_told) {
    open_with("x = {}");
    NpObj *x = value_of("x");
    bool found = true;
    for (long nth = 1; nth < 30 && found; nth++) { /* the collection before the walk does without what it is refused */
        count = 0;
        np_mem_fail_at(nth, ENOMEM);
        found = np_why(L, x, 1, keep, NULL);
        np_mem_fail_at(0, 0);
    }
    EXPECT_FALSE(found);
    EXPECT_EQ(count, 0);
    lua_createtable(L, 0, 0); /* on the stack of the host, which does not count */
    REQUIRE(np_why(L, L->top[-1].v.obj, 1, keep, NULL));
    EXPECT_EQ(count, 0);
    lua_close(L);
}

UNIT_MAIN
