/* profile_test.c: sums of samples of the heap, and that a profile begins and ends cleanly. */
#include "runtime/inspect/profile.h"

#include "tests/unit/runtime/gc/lua_state.h"

static NpSiteCounts sum(void) {
    NpSiteCounts all = {0};
    const NpSites *sites = L->global->sites;
    for (uint32_t at = 1; sites && at <= sites->stacks.count; at++) {
        const NpSiteCounts *counts = &np_sites_stack_at(sites, at)->counts;
        all.allocated_count += counts->allocated_count;
        all.allocated_bytes += counts->allocated_bytes;
        all.count += counts->count;
        all.bytes += counts->bytes;
        all.samples += counts->samples;
        all.nanoseconds += counts->nanoseconds;
    }
    return all;
}

static NpHeapStats stats(void) {
    NpHeapStats now;
    np_heap_stats(&L->global->heap, &now);
    return now;
}

/* With every byte a sample the sums are exact. A buffer that goes back to its run has been allocated, but not claimed. */
TEST(a_rate_of_one_is_exact) {
    NpHeapStats before;
    NpSiteCounts all;
    open_state();
    RUN("t = {} for i = 1, 200 do t[i] = {i} end t = nil"); /* tables of strings and shapes are large enough */
    collect();
    before = stats();
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 1));
    RUN("t = {} for i = 1, 200 do t[i] = {i} end for i = 1, 200 do local x = {} end");
    all = sum();
    EXPECT((size_t)all.allocated_bytes >= stats().claimed_total - before.claimed_total);
    EXPECT_EQ((size_t)all.bytes, stats().in_use - before.in_use);
    EXPECT(all.allocated_count > 600);
    RUN("t = nil");
    collect();
    EXPECT(sum().bytes < all.bytes / 4);
    EXPECT(sum().allocated_count >= all.allocated_count);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 0));
    EXPECT(L->global->sites == NULL && L->global->heap.notes == NULL);
    close_state();
}

/* A stack that was high is cut where it is. */
TEST(what_is_cut_off_is_not_held_any_more) {
    size_t before, deep;
    open_state();
    collect(); /* what was there before is not known to the profile */
    collect();
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 1));
    RUN("co = coroutine.wrap(function()\n"
        "    local t = table.pack(('x'):rep(100000):byte(1, -1))\n"
        "    local few = function(...) coroutine.yield() end\n"
        "    coroutine.yield()\n"
        "    few(table.unpack(t, 1, 5000))\n"
        "end)\n"
        "co()");
    deep = (size_t)sum().bytes;
    before = stats().in_use;
    RUN("co()"); /* still more than what would be copied */
    collect();
    collect();
    EXPECT(sum().bytes < (double)deep / 2);
    EXPECT_EQ((size_t)sum().bytes - stats().in_use, deep - before);
    close_state();
}

/* The host's profile outlives the program's, which outlives it. */
TEST(two_owners) {
    long before;
    open_state();
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 1));
    RUN("kept = {{}, {}}");
    before = (long)sum().count;
    EXPECT(before >= 3);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_PROGRAM, 4096));
    EXPECT_EQ((long)sum().count, before);
    EXPECT_EQ(L->global->sites->rate, 1);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_PROGRAM, 0));
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_PROGRAM, 0));
    EXPECT_EQ((long)sum().count, before);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_PROGRAM, 1));
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 0));
    EXPECT_EQ((long)sum().count, before);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_PROGRAM, 2));
    EXPECT_EQ((long)sum().count, 0);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_PROGRAM, 0));
    EXPECT(L->global->sites == NULL);
    close_state();
}

TEST(samples_stand_for_all) {
    size_t before, truth;
    double estimate;
    open_state();
    before = stats().claimed_total;
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 2048));
    RUN("for i = 1, 100000 do local x = {i} end");
    truth = stats().claimed_total - before;
    estimate = sum().allocated_bytes;
    EXPECT(estimate > (double)truth * 0.8 && estimate < (double)truth * 1.2);
    close_state();
}

/* A profile that is begun again has nothing of the one before. */
TEST(begun_again) {
    open_state();
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 1));
    RUN("t = {} for i = 1, 100 do t[i] = {} end");
    EXPECT(sum().allocated_count > 100);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 1 << 20));
    EXPECT_EQ((long)sum().allocated_count, 0);
    RUN("t = nil");
    collect(); /* samples of the first one die */
    EXPECT(sum().bytes > -1 && sum().bytes < 1);
    close_state();
}

TEST(no_memory) {
    open_state();
    for (long nth = 1; nth < 20; nth++) {
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        if (!np_profile_heap(L->global, NP_PROFILE_HOST, 1)) EXPECT(L->global->sites == NULL);
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        (void)luaL_dostring(L, "t = {} for i = 1, 100 do t[i] = {} end");
        np_mem_fail_at(0, 0);
        lua_settop(L, 0);
        REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 0));
    }
    np_heap_verify(&L->global->heap);
    close_state();
}

TEST(cpu_samples_by_hand) {
    open_state();
    REQUIRE_EQ(np_profile_cpu(L->global, 1), NP_PROFILE_OK); /* its first tick does not come */
    EXPECT_EQ(np_profile_cpu(L->global, 1), NP_PROFILE_OK);
    EXPECT_EQ(np_profile_period(), 1000000000u);
    raise(SIGPROF);
    EXPECT_EQ(L->global->sample_due, 1);
    RUN("local x = 1");
    EXPECT_EQ(L->global->sample_due, 0);
    EXPECT_EQ(sum().samples, 1);
    raise(SIGPROF);
    raise(SIGPROF);
    np_profile_flush(L->global);
    EXPECT_EQ(sum().samples, 3);
    L->global->gc.meter.busy = true;
    raise(SIGPROF);
    L->global->gc.meter.busy = false;
    RUN("local x = 1");
    EXPECT_EQ(sum().samples, 4);
    EXPECT(np_profile_duration() > 0);
    REQUIRE_EQ(np_profile_cpu(L->global, 0), NP_PROFILE_OK);
    EXPECT(L->global->sites == NULL);
    close_state();
}

/* A heap profile and a CPU profile share the tables. */
TEST(both) {
    open_state();
    REQUIRE_EQ(np_profile_cpu(L->global, 1), NP_PROFILE_OK);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 1));
    RUN("x = {}");
    REQUIRE_EQ(np_profile_cpu(L->global, 0), NP_PROFILE_OK);
    EXPECT(sum().allocated_count >= 1);
    REQUIRE_EQ(np_profile_cpu(L->global, 1), NP_PROFILE_OK);
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 0));
    REQUIRE_NOT_NULL(L->global->sites);
    close_state(); /* while it is taken */
}

UNIT_MAIN
