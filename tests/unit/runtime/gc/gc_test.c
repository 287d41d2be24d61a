/* gc_test.c: the cycle: phases, pacing, steps, limits, statistics. */
#include "runtime/gc/gc.h"

#include "runtime/dbg.h"
#include "tests/unit/runtime/gc/lua_state.h"

TEST(a_cycle_goes_through_its_phases) {
    NpGc *gc;
    unsigned seen = 0;
    open_state();
    RUN("keep = {}; for i = 1, 50000 do keep[i] = {'s' .. i} end");
    collect();
    gc = &L->global->gc;
    EXPECT_EQ(gc->phase, NP_GC_IDLE);
    EXPECT_FALSE(L->global->heap.marking);
    do {
        seen |= 1u << gc->phase;
        EXPECT_EQ(gc->barrier_on, gc->phase == NP_GC_MARK);
        EXPECT_EQ(L->global->heap.marking, gc->phase >= NP_GC_MARK && gc->phase <= NP_GC_STRINGS);
    } while (!np_gc_step(L, 0));
    EXPECT_EQ(seen & 1u << NP_GC_IDLE, 1u << NP_GC_IDLE);
    EXPECT_NE(seen & 1u << NP_GC_MARK, 0);
    EXPECT_NE(seen & 1u << NP_GC_STRINGS, 0);
    EXPECT_NE(seen & 1u << NP_GC_SWEEP, 0);
    np_gc_verify(L);
    close_state();
}

TEST(the_heap_stays_near_twice_what_lives) {
    size_t live, most = 0;
    open_state();
    RUN("keep = {}; for i = 1, 100000 do keep[i] = {i} end");
    collect();
    live = np_gc_count(L->global);
    lua_gc(L, LUA_GCRESTART);
    for (int i = 0; i < 200; i++) {
        size_t count;
        RUN("for i = 1, 20000 do local t = {i, {i}} keep[i] = t end");
        count = np_gc_count(L->global);
        if (count > most) most = count;
    }
    EXPECT_GT(L->global->gc.cycles, 3);
    EXPECT_LT(most, live * 13 / 4); /* three times and a little: where cycles begin moves with a few bytes more at the start */
    np_gc_verify(L);
    close_state();
}

TEST(a_large_step_is_a_whole_cycle_and_small_ones_are_many) {
    int small = 0, large = 0;
    open_state();
    RUN("keep = {}; for i = 1, 50000 do keep[i] = {i} end");
    collect();
    while (!lua_gc(L, LUA_GCSTEP, 20)) small++;
    while (!lua_gc(L, LUA_GCSTEP, 200)) large++;
    EXPECT_GT(small, large);
    EXPECT_TRUE(lua_gc(L, LUA_GCSTEP, 100000));
    close_state();
}

TEST(a_full_collection_in_the_midst_of_a_cycle) {
    static const NpGcPhase phases[] = {NP_GC_MARK, NP_GC_STRINGS, NP_GC_SWEEP};
    open_state();
    RUN("keep = {}; for i = 1, 20000 do keep[i] = {i, 's' .. i} end");
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        size_t count;
        collect();
        count = np_gc_count(L->global);
        advance_to(phases[i]);
        RUN("for i = 1, 5000 do keep[i] = {i, 's' .. i} end");
        collect();
        EXPECT_EQ(L->global->gc.phase, NP_GC_IDLE);
        EXPECT_LE(np_gc_count(L->global), count + 4096);
        np_gc_verify(L);
        np_heap_verify(&L->global->heap);
    }
    RUN("for i = 1, 20000 do assert(keep[i][1] == i and keep[i][2] == 's' .. i) end");
    close_state();
}

TEST(after_a_full_collection_memory_is_given_back) {
    size_t before, flood;
    open_state();
    collect();
    before = L->global->heap.mem.ready;
    RUN("local t = {}; for i = 1, 300000 do t[i] = {i, {i}} end");
    flood = L->global->heap.mem.ready;
    EXPECT_GT(flood, before + (20 << 20));
    collect();
    EXPECT_LT(L->global->heap.mem.ready, before + (3 << 20));
    close_state();
}

TEST(a_limit_is_met_with_collections_then_with_an_error_that_can_be_caught) {
    open_state();
    lua_gc(L, LUA_GCRESTART);
    collect();
    np_heap_set_limit(&L->global->heap, 16 << 20);
    RUN("for i = 1, 2000000 do local t = {i} end"); /* 100 MB of garbage pass through 16 */
    EXPECT_LE(L->global->heap.mem.ready_peak, 16 << 20);
    RUN("local ok, e = pcall(function() local t = {}; for i = 1, 1e8 do t[i] = {i} end end)\n"
        "assert(not ok and e == 'not enough memory', e)");
    EXPECT_LE(L->global->heap.mem.ready, 16 << 20);
    RUN("local t = {}; for i = 1, 50000 do t[i] = {i} end"); /* and life goes on */
    for (int i = 0; i < 20; i++)
        RUN("local ok, e = pcall(string.rep, 'x', 1 << 24); assert(not ok and e == 'not enough memory', e)\n"
            "local t = {}; for i = 1, 1000 do t[i] = {i} end");
    np_gc_verify(L);
    np_heap_verify(&L->global->heap);
    close_state();
}

TEST(one_large_object_does_not_force_a_whole_collection_but_many_do) {
    NpGc *gc;
    open_state();
    gc = &L->global->gc;
    collect();
    lua_gc(L, LUA_GCRESTART);
    RUN("keep = {string.rep('x', 16 << 20)}; local t = {}");
    for (int i = 0; i < 20; i++) RUN("for i = 1, 100 do local t = {i} end");
    EXPECT_EQ(gc->forced_at, 0);
    RUN("keep = {}; for i = 1, 300000 do keep[i] = {i} end"); /* so that a cycle takes more than a few slices */
    collect();
    lua_gc(L, LUA_GCRESTART);
    RUN("local t = {}; for i = 1, 6 do t[i] = string.rep('x', (40 << 20) + i) end");
    EXPECT_GT(gc->forced_at, 0);
    close_state();
}

TEST(a_limit_makes_cycles_begin_early) {
    NpGc *gc;
    size_t live, lead;
    open_state();
    gc = &L->global->gc;
    RUN("keep = {}; for i = 1, 100000 do keep[i] = {i} end");
    collect();
    EXPECT_FALSE(gc->pressed);
    live = gc->live_bytes;
    EXPECT_EQ(neap_setlimit(L, live / 8 * 15, 0), NEAP_LIMIT_OK);
    collect();
    EXPECT_TRUE(gc->pressed);
    EXPECT_LE(gc->goal, NP_NEAR_LIMIT(L->global->heap.mem.limit));
    lead = gc->goal - (L->global->heap.in_use - (size_t)L->global->heap.debt);
    EXPECT_GE(lead, gc->last_marked / 4); /* without a limit: a sixth */
    close_state();
}

TEST(whole_collections_are_forced_in_the_last_of_a_limit_only) {
    size_t mib = (size_t)1 << 20;
    EXPECT_EQ(NP_FORCED_FROM(4 * mib), 4 * mib / 8 * 7);
    EXPECT_EQ(NP_FORCED_FROM(16 * mib), 15 * mib);
    EXPECT_EQ(NP_FORCED_FROM(64 * mib), 62 * mib);
}

TEST(a_stopped_collector_stays_stopped) {
    uint32_t cycles;
    open_state();
    cycles = L->global->gc.cycles;
    RUN("for i = 1, 100000 do local t = {i} end");
    EXPECT_EQ(L->global->gc.cycles, cycles);
    EXPECT_EQ(L->global->gc.phase, NP_GC_IDLE);
    close_state();
}

TEST(kinds_are_counted_with_their_buffers) {
    NpGc *gc;
    size_t tables, bytes;
    open_state();
    collect();
    gc = &L->global->gc;
    np_gc_count_kinds(L->global);
    tables = gc->live_objects[NP_TABLE & 63];
    bytes = gc->live_kind_bytes[NP_TABLE & 63];
    RUN("keep = {}; for i = 1, 1000 do keep[i] = {} end; s = ('x'):rep(100000)");
    collect();
    np_gc_count_kinds(L->global);
    EXPECT_EQ(gc->live_objects[NP_TABLE & 63], tables + 1001);
    EXPECT_GE(gc->live_kind_bytes[NP_TABLE & 63], bytes + 1001 * 32 + 1000 * 9);
    EXPECT_GE(gc->live_kind_bytes[NP_STR & 63], 100000);
    EXPECT_EQ(gc->live_objects[NP_THREAD & 63], 1);
    close_state();
}

TEST(time_is_counted) {
    open_state();
    collect();
    EXPECT_GT(L->global->gc.cycles, 0);
    EXPECT(L->global->gc.meter.longest > 0 && L->global->gc.meter.total >= L->global->gc.meter.longest);
    close_state();
}

UNIT_MAIN
