/* Tests of runtime/inspect/types.c: every object is in one row, rows that read alike are one, no memory. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/inspect/types.h"
#include "runtime/mem/mem_os.h"

static lua_State *L;
static NpCensus census;

static const NpTypeRow *row_named(const char *name, unsigned kind) {
    for (size_t i = 0; i < census.count; i++)
        if (census.rows[i].class.kind == kind && strcmp(census.rows[i].name, name) == 0) return &census.rows[i];
    return NULL;
}

typedef struct Sum {
    size_t objects, bytes;
} Sum;

static void add(void *ctx, NpSpan *span, void *slot) {
    Sum *sum = ctx;
    (void)span;
    sum->objects++;
    sum->bytes += np_edges_size(slot);
}

TEST(every_object_is_in_one_row) {
    Sum sum = {0, 0};
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_dostring(L, "many = {} for i = 1, 500 do many[i] = load('return {f' .. i .. ' = 1}')() end\n"
                                "local one, two = {}, {} function one.__index() end function two.__index() end\n"
                                "for i = 1, 100 do many[i] = setmetatable({alike = 1}, i % 2 == 0 and one or two) end"),
               LUA_OK);
    REQUIRE(np_types_count(L, &census));
    np_heap_walk(&L->global->heap, false, add, &sum);
    size_t objects = 0, bytes = 0;
    for (size_t i = 0; i < census.count; i++) {
        objects += census.rows[i].count;
        bytes += census.rows[i].bytes;
        if (i > 0) EXPECT_LE(census.rows[i].bytes, census.rows[i - 1].bytes);
    }
    EXPECT_EQ(objects, sum.objects);
    EXPECT_EQ(bytes, sum.bytes);
    EXPECT_GT(census.count, 400); /* a shape for each of the tables */
    const NpTypeRow *alike = row_named("Table (shape: alike)", NP_TABLE);
    REQUIRE_NOT_NULL(alike);
    EXPECT_EQ(alike->count, 100);
    np_types_close(&census);
    lua_close(L);
}

TEST(every_refusal_is_told) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_dostring(L, "many = {} for i = 1, 2000 do many[i] = load('return {f' .. i .. ' = 1}')() end"), LUA_OK);
    lua_gc(L, LUA_GCCOLLECT);
    size_t ready = np_mem_process.ready;
    long refusals = 0;
    for (long nth = 1; nth < 400; nth++) {
        np_mem_fail_at(nth, ENOMEM);
        bool counted = np_types_count(L, &census);
        np_mem_fail_at(0, 0);
        np_types_close(&census);
        EXPECT_EQ(np_mem_process.ready, ready);
        if (!counted) refusals++;
    }
    EXPECT_GE(refusals, 3);
    lua_close(L);
}

UNIT_MAIN
