/* Tests of runtime/inspect/retained.c: what is said to be freed is what a collection frees. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/gc/gc.h"
#include "runtime/inspect/edges.h"
#include "runtime/inspect/retained.h"
#include "runtime/mem/mem_os.h"

static lua_State *L;

typedef struct Sum {
    size_t objects, bytes;
} Sum;

static void add(void *ctx, NpSpan *span, void *slot) {
    Sum *sum = ctx;
    (void)span;
    sum->objects++;
    sum->bytes += np_edges_size(slot);
}

static Sum all(void) {
    Sum sum = {0, 0};
    np_gc_full(L, true);
    np_heap_walk(&L->global->heap, false, add, &sum);
    return sum;
}

/* The global x is asked about, then dropped. */
static void check_program(const char *program, size_t at_least) {
    size_t bytes, objects;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_dostring(L, program), LUA_OK);
    lua_getglobal(L, "x");
    NpObj *obj = L->top[-1].v.obj;
    lua_settop(L, 0);
    REQUIRE(np_retained_by(L, obj, &bytes, &objects));
    Sum before = all();
    lua_pushnil(L);
    lua_setglobal(L, "x");
    Sum after = all();
    EXPECT_EQ(bytes, before.bytes - after.bytes);
    EXPECT_EQ(objects, before.objects - after.objects);
    EXPECT_GE(objects, at_least);
    lua_close(L);
}

TEST(a_tree) { check_program("x = {} for i = 1, 100 do x[i] = {tostring(i) .. ' is a number of its own'} end", 201); }
TEST(a_cycle_with_something_shared) { check_program("shared = {{}} x = {} local y = {x, shared} x[1] = y x[2] = {y}", 3); }
TEST(weak_references_hold_nothing) {
    check_program("x = {{}, {}} weak = setmetatable({x, x[1]}, {__mode = 'v'})", 3);
}
TEST(values_of_ephemerons) {
    check_program("x = {} local e = setmetatable({}, {__mode = 'k'}) keep = e e[x] = {{'value'}} e[{}] = {}", 3);
}
TEST(a_coroutine_with_its_locals) {
    check_program("x = coroutine.create(function() local t = {{}} local f = function() return t end coroutine.yield() end)\n"
                  "coroutine.resume(x)", 5);
}
TEST(a_closure) { check_program("do local t = {{}, {}} x = function() return t end end", 6); }

TEST(every_refusal_is_told) {
    size_t bytes, objects;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    NpObj *registry = L->global->registry.v.obj;
    REQUIRE(np_retained_by(L, registry, &bytes, &objects));
    EXPECT_EQ(objects, 2); /* and the globals */
    np_gc_full(L, true);
    int refusals = 0;
    for (long nth = 1; nth < 30; nth++) {
        np_mem_fail_at(nth, ENOMEM);
        if (!np_retained_by(L, registry, &bytes, &objects)) refusals++;
        np_mem_fail_at(0, 0);
    }
    EXPECT_GE(refusals, 2);
    lua_close(L);
}

UNIT_MAIN
