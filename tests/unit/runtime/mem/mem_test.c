/* mem_test.c: the four states, the counters, the limit, failure injection. */
#include "runtime/mem/mem_os.h"

#include <errno.h>

#include "runtime/dbg.h"
#include "tests/unit/unit.h"

/* The registry is kept in every variant, as NEAPDEBUG=memcheck does. */
__attribute__((constructor)) static void follow(void) { np_dbg.memcheck = 1; }

static size_t page(void) { return np_os_page_size(); }

static void expect_counters(const NpMem *mem, size_t reserved, size_t mapped, size_t ready) {
    EXPECT_EQ(mem->reserved, reserved);
    EXPECT_EQ(mem->mapped, mapped);
    EXPECT_EQ(mem->ready, ready);
    np_mem_verify(mem);
}

/* True where all memory that there is can be touched, and is kept when it is freed. */
static bool only_a_break(void) { return strcmp(np_os_system_name(), "sbrk") == 0; }

TEST(alloc_is_zeroed_and_counted) {
    NpMem mem = {0};
    void *v;
    char *bytes;
    REQUIRE_EQ(sysAlloc(&mem, 4 * page(), &v), 0);
    expect_counters(&mem, 4 * page(), 4 * page(), 4 * page());
    bytes = v;
    EXPECT_EQ(bytes[0], 0);
    EXPECT_EQ(bytes[4 * page() - 1], 0);
    bytes[0] = 1;
    EXPECT_EQ(sysFree(&mem, v, 4 * page()), 0);
    expect_counters(&mem, 0, 0, 0);
    EXPECT_EQ(mem.ready_peak, 4 * page());
}

TEST(every_edge_of_the_state_machine) {
    NpMem mem = {0};
    size_t n = 8 * page();
    void *v;
    char *bytes;
    REQUIRE_EQ(sysReserve(&mem, NULL, n, &v), 0);
    bytes = v;
    expect_counters(&mem, n, 0, 0);
    EXPECT_EQ(sysMap(&mem, v, n / 2), 0);
    expect_counters(&mem, n, n / 2, 0);
    EXPECT_EQ(sysUsed(&mem, v, n / 2, n / 2), 0);
    expect_counters(&mem, n, n / 2, n / 2);
    memset(bytes, 7, n / 2);
    EXPECT_EQ(sysUnused(&mem, bytes + page(), page()), 0);
    expect_counters(&mem, n, n / 2, n / 2 - page());
    EXPECT_EQ(bytes[0], 7);
    EXPECT_EQ(sysUsed(&mem, v, 3 * page(), page()), 0); /* a mix of Ready and Prepared */
    expect_counters(&mem, n, n / 2, n / 2);
    if (!needZeroAfterSysUnused()) EXPECT_EQ(bytes[page()], 0);
    EXPECT_EQ(bytes[2 * page()], 7);
    EXPECT_EQ(sysUsed(&mem, v, page(), 0), 0); /* nothing to do */
    EXPECT_EQ(sysFreeRegion(&mem, v, n, n / 2, n / 2), 0);
    expect_counters(&mem, 0, 0, 0);
}

TEST(free_from_each_state) {
    NpMem mem = {0};
    void *v;
    REQUIRE_EQ(sysReserve(&mem, NULL, page(), &v), 0);
    EXPECT_EQ(sysUnreserve(&mem, v, page()), 0);
    expect_counters(&mem, 0, 0, 0);
    REQUIRE_EQ(sysReserve(&mem, NULL, page(), &v), 0);
    EXPECT_EQ(sysMap(&mem, v, page()), 0);
    EXPECT_EQ(sysFreePrepared(&mem, v, page()), 0);
    expect_counters(&mem, 0, 0, 0);
}

TEST(fault_makes_a_touch_trap_and_stays_charged) {
    NpMem mem = {0};
    void *v;
    REQUIRE_EQ(sysAlloc(&mem, page(), &v), 0);
    EXPECT_EQ(sysFault(&mem, v, page()), 0);
    expect_counters(&mem, page(), page(), 0);
    if (!only_a_break()) EXPECT_DEATH(*(volatile char *)v = 1, "");
    EXPECT_EQ(sysFreeRegion(&mem, v, page(), page(), 0), 0);
}

TEST(reserved_memory_traps) {
    NpMem mem = {0};
    void *v;
    if (only_a_break()) SKIP("all memory can be touched on this system");
    REQUIRE_EQ(sysReserve(&mem, NULL, page(), &v), 0);
    EXPECT_DEATH(*(volatile char *)v = 1, "");
    EXPECT_EQ(sysUnreserve(&mem, v, page()), 0);
}

TEST(aligned_reservations) {
    NpMem mem = {0};
    size_t align = (size_t)64 << 20;
    void *v[4], *hint = NULL;
    for (int i = 0; i < 4; i++) {
        REQUIRE_EQ(sysReserveAligned(&mem, hint, align, align, &v[i]), 0);
        EXPECT_EQ((uintptr_t)v[i] % align, 0);
        hint = (char *)v[i] + (i % 2 ? page() : align); /* a hint that cannot be aligned, too */
    }
    expect_counters(&mem, 4 * align, 0, 0);
    for (int i = 0; i < 4; i++) EXPECT_EQ(sysUnreserve(&mem, v[i], align), 0);
    EXPECT_NE(sysReserveAligned(&mem, NULL, SIZE_MAX - align + 1, align, &v[0]), 0);
    expect_counters(&mem, 0, 0, 0);
}

TEST(the_limit_refuses_and_changes_nothing) {
    NpMem mem = {.limit = 10 * page()};
    void *v, *other;
    REQUIRE_EQ(sysAlloc(&mem, 8 * page(), &v), 0);
    EXPECT_EQ(sysAlloc(&mem, 3 * page(), &other), NP_MEM_LIMIT);
    expect_counters(&mem, 8 * page(), 8 * page(), 8 * page());
    REQUIRE_EQ(sysReserve(&mem, NULL, 4 * page(), &other), 0); /* address space is free */
    EXPECT_EQ(sysMap(&mem, other, 4 * page()), 0);
    EXPECT_EQ(sysUsed(&mem, other, 4 * page(), 4 * page()), NP_MEM_LIMIT);
    EXPECT_EQ(sysUsed(&mem, other, 2 * page(), 2 * page()), 0);
    expect_counters(&mem, 12 * page(), 12 * page(), 10 * page());
    EXPECT_EQ(sysUnused(&mem, v, 8 * page()), 0);
    EXPECT_EQ(sysUsed(&mem, (char *)other + 2 * page(), 2 * page(), 2 * page()), 0);
    mem.limit = 1; /* lowered beneath what is in use: nothing happens until the next request */
    EXPECT_EQ(sysUsed(&mem, v, page(), page()), NP_MEM_LIMIT);
    EXPECT_EQ(sysFree(&mem, other, 4 * page()), 0);
    EXPECT_EQ(sysFreePrepared(&mem, v, 8 * page()), 0);
    expect_counters(&mem, 0, 0, 0);
}

/* Goes once through all fallible calls; true when every one of them succeeded. Whatever fails,
 * the rest is undone and the counters return to 0. */
static bool all_calls(NpMem *mem) {
    bool fine = true;
    size_t n = 4 * page(), mapped = 0, ready = 0;
    void *v, *w;
    if (sysAlloc(mem, n, &v) != 0) fine = false;
    else {
        if (sysUnused(mem, v, page()) != 0) fine = false;
        else if (sysUsed(mem, v, page(), page()) != 0) {
            fine = false;
            ready = n - page();
        }
        if (ready == 0) ready = n;
        while (sysFreeRegion(mem, v, n, n, ready) != 0) fine = false;
    }
    ready = 0;
    if (sysReserveAligned(mem, NULL, n, 16 * page(), &w) != 0) return false;
    if (sysMap(mem, w, n) != 0) fine = false;
    else {
        mapped = n;
        if (sysUsed(mem, w, n, n) != 0) fine = false;
        else {
            ready = n;
            if (sysFault(mem, w, n) != 0) fine = false;
            else ready = 0;
        }
    }
    np_mem_verify(mem);
    while (sysFreeRegion(mem, w, n, mapped, ready) != 0) fine = false;
    return fine;
}

TEST(failing_each_call_in_turn_leaves_counters_right) {
    NpMem mem = {0};
    long nth = 1, calls;
    np_mem_fail_at(0, 0);
    EXPECT_TRUE(all_calls(&mem));
    calls = np_mem_calls();
    EXPECT_GE(calls, 8);
    for (; nth <= calls; nth++) {
        np_mem_fail_at(nth, nth % 2 ? ENOMEM : EAGAIN);
        EXPECT_FALSE(all_calls(&mem));
        expect_counters(&mem, 0, 0, 0);
    }
    np_mem_fail_at(0, 0);
    EXPECT_TRUE(all_calls(&mem));
}

TEST(trimming_tells_what_left_memory) {
    NpMem mem = {0};
    size_t n = 16 * page(), dropped = 1;
    void *v;
    REQUIRE_EQ(sysAlloc(&mem, n, &v), 0);
    memset(v, 1, n / 2);
    if (np_os_core_bytes(v, n) == 0) SKIP("the system does not tell what is in memory");
    EXPECT_EQ(np_os_core_bytes(v, n), n / 2);
    EXPECT_EQ(np_mem_trim_range(&mem, (char *)v + n / 4, n / 2, &dropped), 0);
    EXPECT_EQ(dropped, np_os_unused_releases() && !needZeroAfterSysUnused() ? n / 4 : 0);
    expect_counters(&mem, n, n, n / 2);
    np_mem_fail_at(1, EAGAIN);
    EXPECT_EQ(np_mem_trim_range(&mem, v, n / 4, &dropped), EAGAIN);
    EXPECT_EQ(dropped, 0);
    np_mem_fail_at(0, 0);
    np_dbg.memtrace = 1;
    if (!needZeroAfterSysUnused()) EXPECT_DEATH((sysUnused(&mem, v, n / 4), abort()), "bytes left memory");
    np_dbg.memtrace = NP_DBG_UNSET;
    EXPECT_EQ(sysFreeRegion(&mem, v, n, n, n / 2), 0);
}

TEST(what_the_system_refuses_to_take_back_is_tried_again) {
    NpMem mem = {0}, before = np_mem_process;
    size_t n = 8 * page();
    void *v, *w, *x;
    REQUIRE_EQ(sysAlloc(&mem, n, &v), 0);
    REQUIRE_EQ(sysReserve(&mem, NULL, 2 * n, &w), 0);
    REQUIRE_EQ(sysMap(&mem, w, n), 0);
    REQUIRE_EQ(sysUsed(&mem, w, page(), page()), 0);
    memset(v, 1, n);
    np_mem_fail_at(1, ENOMEM);
    np_mem_discard_ready(&mem, v, n);
    np_mem_fail_at(1, ENOMEM);
    np_mem_discard(&mem, w, 2 * n, n, page());
    expect_counters(&mem, 0, 0, 0);
    expect_counters(&np_mem_process, before.reserved + 3 * n, before.mapped + 2 * n, before.ready);
    EXPECT_EQ(np_mem_state_of(v), 'P');
    EXPECT_EQ(np_mem_state_of((char *)w + n), 'R');
    if (np_os_unused_releases() && !needZeroAfterSysUnused()) EXPECT_EQ(np_os_core_bytes(v, n), 0);
    REQUIRE_EQ(sysAlloc(&mem, n, &x), 0);
    np_mem_fail_at(2, ENOMEM); /* the first goes through, what waited is refused again */
    np_mem_discard_ready(&mem, x, n);
    np_mem_fail_at(0, 0);
    expect_counters(&np_mem_process, before.reserved + 3 * n, before.mapped + 2 * n, before.ready);
    REQUIRE_EQ(sysReserveAligned(&mem, NULL, n, n, &x), 0); /* asking for address space tries too */
    expect_counters(&np_mem_process, before.reserved, before.mapped, before.ready);
    np_mem_discard(&mem, x, n, 0, 0);
    EXPECT_EQ(np_mem_state_of(v), 'N');
    EXPECT_EQ(np_mem_state_of(w), 'N');
    expect_counters(&mem, 0, 0, 0);
}

TEST(more_refusals_than_are_remembered_stay_counted) {
    NpMem mem = {0}, before = np_mem_process;
    void *v;
    for (int i = 0; i < 70; i++) {
        REQUIRE_EQ(sysAlloc(&mem, page(), &v), 0);
        np_mem_fail_at(1, EAGAIN);
        np_mem_discard_ready(&mem, v, page());
        np_mem_fail_at(0, 0);
        EXPECT_EQ(np_mem_process.reserved, before.reserved + (size_t)(i + 1) * page());
    }
    REQUIRE_EQ(sysAlloc(&mem, page(), &v), 0);
    np_mem_discard_ready(&mem, v, page());
    expect_counters(&mem, 0, 0, 0);
    EXPECT_EQ(np_mem_process.reserved, before.reserved + 6 * page());
    np_mem_verify(&np_mem_process);
}

TEST(errors_have_names) {
    EXPECT_STR(np_mem_error(NP_MEM_LIMIT), "over the limit");
    EXPECT_STR(np_mem_error(NP_MEM_LOST), "a range that the system has spoilt");
    EXPECT_STR(np_mem_error(ENOMEM), "no memory");
    EXPECT_STR(np_mem_error(ENXIO), "refused by the system");
}

TEST(illegal_transitions_are_fatal) {
    NpMem mem = {0}, other = {0};
    size_t n = 4 * page();
    void *v, *w;
    REQUIRE_EQ(sysReserve(&mem, NULL, n, &v), 0);
    REQUIRE_EQ(sysAlloc(&mem, n, &w), 0);
    EXPECT_EQ(np_mem_state_of(v), 'R');
    EXPECT_EQ(np_mem_state_of(w), 'U');
    EXPECT_EQ(np_mem_state_of(&mem), 'N');
    EXPECT_DEATH(sysUsed(&mem, v, n, n), "sysUsed of pages that are neither");
    EXPECT_DEATH(sysUnused(&mem, v, n), "sysUnused of a page that is Reserved, not Ready");
    EXPECT_DEATH(sysMap(&mem, w, n), "sysMap of a page that is Ready, not Reserved");
    EXPECT_DEATH(sysMap(&other, v, n), "charged to another owner");
    EXPECT_DEATH(sysFree(&mem, v, n), "sysFree says");
    EXPECT_DEATH(sysFree(&mem, w, n / 2), "not a whole region");
    if (CHECK >= 1) EXPECT_DEATH(sysMap(&mem, &mem, 0), "M0");
    if (CHECK >= 1) EXPECT_DEATH(sysMap(&mem, (char *)v + 1, page()), "M0");
    EXPECT_DEATH(sysMap(&mem, v, n + page()), "");
    REQUIRE_EQ(sysMap(&mem, v, n), 0);
    EXPECT_DEATH(sysMap(&mem, v, n), "sysMap of a page that is Prepared");
    EXPECT_DEATH(sysUsed(&mem, v, n, page()), "sysUsed says");
    REQUIRE_EQ(sysFault(&mem, w, n), 0);
    EXPECT_DEATH(sysMap(&mem, w, n), "sysMap of a page that is faulting");
    EXPECT_EQ(sysFreePrepared(&mem, v, n), 0);
    EXPECT_EQ(sysFreeRegion(&mem, w, n, n, 0), 0);
    EXPECT_DEATH(sysFree(&mem, w, n), "not ours");
    EXPECT_DEATH(sysFree(&mem, w, n), "mem_test.c:"); /* who freed it before */
}

TEST(wrong_counters_are_noticed) {
    NpMem mem = {0};
    void *v;
    REQUIRE_EQ(sysAlloc(&mem, page(), &v), 0);
    EXPECT_DEATH((mem.ready--, np_mem_verify(&mem)), "counters say");
    EXPECT_EQ(sysFree(&mem, v, page()), 0);
}

TEST(random_walk_keeps_counters_and_shadow_together) {
    enum { PAGES = 64, STEPS = 20000 };
    NpMem mem = {0};
    uint64_t seed = 1;
    char state[PAGES];
    void *v;
    char *base;
    size_t n = PAGES * page();
    REQUIRE_EQ(sysReserve(&mem, NULL, n, &v), 0);
    base = v;
    memset(state, 'R', sizeof state);
    for (int step = 0; step < STEPS; step++) {
        size_t first = unit_random(&seed) % PAGES, count = 1 + unit_random(&seed) % 6, prepared = 0;
        bool same = true, usable = true;
        if (first + count > PAGES) count = PAGES - first;
        for (size_t i = first; i < first + count; i++) {
            same = same && state[i] == state[first];
            usable = usable && state[i] != 'R';
            prepared += state[i] == 'P';
        }
        void *at = base + first * page();
        if (unit_random(&seed) % 16 == 0) np_mem_fail_at(1, ENOMEM);
        if (same && state[first] == 'R') {
            if (sysMap(&mem, at, count * page()) == 0) memset(state + first, 'P', count);
        } else if (same && state[first] == 'U' && unit_random(&seed) % 2) {
            if (sysUnused(&mem, at, count * page()) == 0) memset(state + first, 'P', count);
        } else if (usable) {
            if (sysUsed(&mem, at, count * page(), prepared * page()) == 0) {
                memset(state + first, 'U', count);
                memset(at, step, count * page());
            }
        }
        np_mem_fail_at(0, 0);
        for (size_t i = 0; i < PAGES; i++)
            if (np_mem_state_of(base + i * page()) != state[i]) EXPECT_EQ(np_mem_state_of(base + i * page()), state[i]);
        if (step % 64 == 0) np_mem_verify(&mem);
    }
    EXPECT_EQ(sysFreeRegion(&mem, v, n, mem.mapped, mem.ready), 0);
    expect_counters(&mem, 0, 0, 0);
}

UNIT_MAIN
