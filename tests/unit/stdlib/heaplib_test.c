/* heaplib_test.c: heap.stats() shows what neap_stats says, and neap_stats keeps its contract. */
#include "neap.h"

#include "tests/unit/stdlib/script.h"

static lua_Integer figure(lua_State *L, const char *name) {
    lua_getglobal(L, "heap");
    lua_getfield(L, -1, "stats");
    lua_call(L, 0, 1);
    EXPECT_EQ(lua_getfield(L, -1, name), LUA_TNUMBER);
    EXPECT(lua_isinteger(L, -1));
    lua_Integer value = lua_tointeger(L, -1);
    lua_pop(L, 3);
    return value;
}

TEST(the_module_is_loaded_and_global) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "return require('heap') == heap and package.loaded.heap == heap"), "true");
    lua_close(L);
}

TEST(shows_what_c_sees) {
    lua_State *L = open_state();
    neap_Stats stats;
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCSTOP);
    neap_stats(L, &stats);
    EXPECT_EQ(figure(L, "collections"), stats.collections);
    EXPECT_EQ(figure(L, "reserved"), stats.reserved);
    EXPECT_GE(figure(L, "allocated"), stats.allocated_total);
    EXPECT_GE(figure(L, "live"), stats.live);
    EXPECT_STR(run(L, "return heap.stats().system"), stats.system);
    for (int i = 0; i < stats.ntypes; i++) {
        char chunk[200];
        snprintf(chunk, sizeof chunk, "return math.type(heap.stats().objects['%s'].bytes)", stats.types[i].name);
        EXPECT_STR(run(L, chunk), "integer");
    }
    lua_close(L);
}

TEST(the_figures_are_consistent) {
    lua_State *L = open_state();
    neap_Stats stats;
    run(L, "keep = {} for i = 1, 5000 do keep[i] = {i, 'string ' .. i, function() return i end} end");
    lua_gc(L, LUA_GCCOLLECT);
    neap_stats(L, &stats);
    EXPECT_LE(stats.live, stats.ready);
    EXPECT_LE(stats.ready, stats.mapped);
    EXPECT_LE(stats.mapped, stats.reserved);
    EXPECT_LE(stats.released, stats.mapped);
    EXPECT_LE(stats.live, stats.allocated_total);
    EXPECT_LE(stats.resident, stats.peak_resident);
    EXPECT(stats.longest_stop <= stats.total_stop);
    EXPECT_GT(stats.ntypes, 0);
    EXPECT_LE(stats.ntypes, NEAP_MAX_TYPES);
    EXPECT_GT(stats.nclasses, 0);
    EXPECT_LE(stats.nclasses, NEAP_MAX_CLASSES);
    size_t objects = 0;
    for (int i = 0; i < stats.ntypes; i++) objects += stats.types[i].objects;
    EXPECT_GT(objects, 15000);
    for (int i = 0; i < stats.nclasses; i++) EXPECT_LE(stats.classes[i].live_slots, stats.classes[i].slots);
    lua_close(L);
}

TEST(release_gives_back_what_died) {
    lua_State *L = open_state();
    neap_Stats full, empty;
    run(L, "keep = {} for i = 1, 20000 do keep[i] = ('x'):rep(100) .. i end");
    neap_stats(L, &full);
    run(L, "keep = nil");
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    neap_release(L);
    neap_stats(L, &empty);
    EXPECT_LT(empty.live, full.live / 2);
    EXPECT_LT(empty.ready, full.ready);
    EXPECT_LE(neap_release(L), (size_t)1 << 20);
    EXPECT_STR(run(L, "return math.type(heap.release())"), "integer");
    EXPECT_STR(run(L, "local t = {} for i = 1, 1000 do t[i] = {i} end return #t"), "1000");
    lua_close(L);
}

UNIT_MAIN
