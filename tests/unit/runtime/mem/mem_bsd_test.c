/* mem_bsd_test.c: mem_bsd.c on the models of FreeBSD, NetBSD, OpenBSD, DragonFly and Solaris. */
#include <errno.h>

#include "tests/model/walk.h"

enum { LOST_MAX = 64 };

/* Makes the next fixed mapping of [v, v + n) fail after the trial elsewhere. */
static int map_and_lose(char *v, size_t count) {
    km_fail(KM_MMAP, 2, ENOMEM);
    return DO(sysMap(&walk.mem, v, pages(count)));
}

WALK(a_lost_range_is_touched_no_more) {
    char *v;
    long maps;
    begin(KM_HOSTILE, 0);
    v = reserve(8);
    REQUIRE_EQ(DO(sysMap(&walk.mem, v, pages(2))), 0);
    EXPECT_EQ(map_and_lose(v + pages(2), 3), NP_MEM_LOST);
    expect_counters(8, 2, 0);
    maps = km_calls(KM_ANY);
    EXPECT_EQ(DO(sysMap(&walk.mem, v + pages(4), pages(2))), NP_MEM_LOST);
    EXPECT_EQ(DO(sysMap(&walk.mem, v + pages(2), pages(1))), NP_MEM_LOST);
    EXPECT_EQ(km_calls(KM_ANY), maps);
    EXPECT_EQ(DO(sysMap(&walk.mem, v + pages(5), pages(3))), 0); /* what lies behind it is fine */
    expect_counters(8, 5, 0);
    EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(8), pages(5), 0)), 0);
    expect_system(v, 'N');
    expect_system(v + pages(7), 'N');
    walk.leaks = true; /* what the failure left of the lost pages stays */
    finish();
}

WALK(what_falls_into_the_gap_of_a_lost_range_is_not_handed_out) {
    enum { COUNT = 200 };
    char *v, *more[COUNT];
    size_t count = 0;
    begin(KM_HOSTILE | KM_IGNORE_HINTS, 0);
    v = reserve(64);
    EXPECT_EQ(map_and_lose(v, 64), NP_MEM_LOST);
    for (; count < COUNT; count++) {
        void *got;
        if (count % 2) REQUIRE_EQ(DO(sysAlloc(&walk.mem, pages(1), &got)), 0);
        else REQUIRE_EQ(DO(sysReserve(&walk.mem, v, pages(1), &got)), 0);
        more[count] = got;
        EXPECT_TRUE(more[count] + pages(1) <= v || more[count] >= v + pages(64));
    }
    for (size_t i = 0; i < count; i++)
        EXPECT_EQ(DO(sysFreeRegion(&walk.mem, more[i], pages(1), i % 2 ? pages(1) : 0, i % 2 ? pages(1) : 0)), 0);
    EXPECT_EQ(DO(sysUnreserve(&walk.mem, v, pages(64))), 0);
    walk.leaks = true;
    finish();
}

WALK(a_shortage_loses_nothing) {
    char *v;
    begin(KM_HOSTILE, 0);
    v = reserve(8);
    km_fail(KM_MMAP, 1, ENOMEM); /* the trial */
    EXPECT_EQ(DO(sysMap(&walk.mem, v, pages(8))), ENOMEM);
    EXPECT_EQ(DO(sysMap(&walk.mem, v, pages(8))), 0);
    EXPECT_EQ(DO(sysFreePrepared(&walk.mem, v, pages(8))), 0);
    finish();
}

WALK(with_too_many_losses_nothing_more_is_mapped) {
    char *v[LOST_MAX + 1];
    begin(KM_HOSTILE, 0);
    for (int i = 0; i < LOST_MAX; i++) {
        v[i] = reserve(2);
        EXPECT_EQ(map_and_lose(v[i], 2), NP_MEM_LOST);
    }
    v[LOST_MAX] = reserve(2);
    km_fail(KM_MMAP, 0, 0);
    EXPECT_EQ(DO(sysMap(&walk.mem, v[LOST_MAX], pages(2))), ENOMEM);
    EXPECT_EQ(DO(sysUnreserve(&walk.mem, v[0], pages(2))), 0); /* and one less is one more */
    EXPECT_EQ(DO(sysMap(&walk.mem, v[LOST_MAX], pages(2))), 0);
    EXPECT_EQ(DO(sysFreePrepared(&walk.mem, v[LOST_MAX], pages(2))), 0);
    for (int i = 1; i < LOST_MAX; i++) EXPECT_EQ(DO(sysUnreserve(&walk.mem, v[i], pages(2))), 0);
    walk.leaks = true;
    finish();
}

WALK(only_what_is_mapped_is_charged) {
    size_t before;
    char *v;
    begin(KM_HOSTILE, 0);
    before = km_charge();
    v = reserve(64);
    EXPECT_LE(km_charge() - before, pages(1)); /* the shadow's map of the region */
    before = km_charge();
    EXPECT_EQ(DO(sysMap(&walk.mem, v, pages(16))), 0);
    if (KM_PROFILE == KM_SOLARIS) EXPECT_EQ(km_charge() - before, pages(16));
    EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(64), pages(16), 0)), 0);
    finish();
}

WALK(without_swap_mapping_is_refused_and_the_heap_goes_on) {
    char *v;
    void *alone;
    if (KM_PROFILE != KM_SOLARIS) return; /* the others charge nothing */
    begin(KM_HOSTILE, pages(400));
    v = reserve(1000);
    EXPECT_EQ(DO(sysMap(&walk.mem, v, pages(300))), 0);
    EXPECT_EQ(DO(sysMap(&walk.mem, v + pages(300), pages(300))), EAGAIN);
    EXPECT_EQ(DO(sysAlloc(&walk.mem, pages(300), &alone)), EAGAIN);
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(300), pages(300))), 0);
    memset(v, 1, pages(300));
    EXPECT_EQ(DO(sysMap(&walk.mem, v + pages(300), pages(10))), 0);
    EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(1000), pages(310), pages(300))), 0);
    finish();
}

WALK(what_the_system_tells) {
    begin(0, 0);
    EXPECT_STR(np_os_system_name(), "bsd");
    EXPECT_TRUE(np_os_unused_releases());
    EXPECT_EQ(np_os_huge_page_size(), 0);
    EXPECT_EQ(np_os_resident_bytes(), 0);
    EXPECT_GT(np_os_peak_resident_bytes(), 100 << 10);
    finish();
}

WALK_MAIN
