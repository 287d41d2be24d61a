/* release_test.c: what is free goes back, by pages and by holes; what is kept is kept. */
#include <sys/mman.h>

#include "runtime/gc/heap_priv.h"
#include "tests/unit/unit.h"

static NpHeap heap;

static void collect(void **live, size_t count) {
    np_heap_sweep_step(&heap, SIZE_MAX);
    np_heap_mark_begin(&heap);
    for (size_t i = 0; i < count; i++) np_mark_set(live[i]);
    np_heap_mark_end(&heap);
    np_heap_sweep_step(&heap, SIZE_MAX);
}

#define KEEPS "the system takes nothing back before a whole range is freed"
#define LATER "the system takes what is given back when it likes, or never"

static bool in_core(void *p) {
    unsigned char bits[NP_MEM_PAGE_MAX / 4096] = {0};
    void *start = (void *)NP_ALIGN_DOWN((uintptr_t)p, np_os_page_size());
    REQUIRE_EQ(mincore(start, np_os_page_size(), bits), 0);
    return bits[0] & 1;
}

TEST(the_flood_ebbs) {
    enum { COUNT = 400000 };
    size_t resident = np_os_resident_bytes(), flood, after;
    void *keep = NULL;
    NpHeapStats stats;
    if (!np_os_unused_releases()) SKIP(KEEPS);
    if (needZeroAfterSysUnused()) SKIP(LATER);
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < COUNT; i++) {
        char *p = np_heap_alloc(&heap, 80, NP_SPAN_OBJ);
        REQUIRE_NOT_NULL(p);
        memset(p, 1, 80);
        if (i == COUNT / 2) keep = p;
    }
    flood = np_os_resident_bytes();
    EXPECT_GE(flood, resident + COUNT * 70);
    collect(&keep, 1);
    while (!np_heap_release_done(&heap, 0)) {
        size_t got = np_heap_release(&heap, 256, 0);
        EXPECT_LE(got, 3 << 20); /* a slice: 256 pages and some tables */
    }
    np_heap_verify(&heap);
    after = np_os_resident_bytes();
#if !NP_ASAN
    EXPECT_LE(after, resident + (4 << 20));
#else
    (void)after;
#endif
    np_heap_stats(&heap, &stats);
    EXPECT_EQ(stats.in_use, 80);
    EXPECT_EQ(stats.free_bytes, heap.priv->pages.unit_pages * NP_PAGE_BYTES - NP_PAGE_BYTES); /* beside `keep` */
    EXPECT_EQ(stats.spans_bytes, np_os_page_size() <= 4096 ? 4096 : NP_PAGE_BYTES);
    EXPECT_GE(stats.released_total, COUNT * 80 / 2);
    EXPECT_EQ(*(char *)keep, 1);
    np_heap_close(&heap);
}

TEST(holes_between_survivors) {
    enum { COUNT = 20000 };
    static void *live[COUNT];
    static char *all[COUNT];
    size_t lived = 0, holes;
    if (np_os_page_size() > 4096) SKIP("every system page has a survivor");
    if (!np_os_unused_releases()) SKIP(KEEPS);
    if (needZeroAfterSysUnused()) SKIP(LATER);
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < COUNT; i++) {
        all[i] = np_heap_alloc(&heap, 112, NP_SPAN_OBJ);
        memset(all[i], i & 127, 112);
        if (i % 73 == 5) live[lived++] = all[i]; /* one in every page of 73 slots */
    }
    collect(live, lived);
    EXPECT_EQ(heap.hole_bytes, 0);
    while (!np_heap_release_done(&heap, 0)) np_heap_release(&heap, 64, 0);
    np_heap_verify(&heap);
    holes = heap.hole_bytes;
    EXPECT_GE(holes, COUNT / 73 * 4096);
    EXPECT_TRUE(in_core(all[5]));
    EXPECT_FALSE(in_core(all[70]));
    for (size_t i = 0; i < lived; i++) EXPECT_EQ(*(char *)live[i], *((char *)live[i] + 111));
    EXPECT_EQ(np_heap_release(&heap, 10000, 0), 0); /* nothing twice */
    /* allocation goes into the holes, and the survivors stay as they are */
    for (int i = 0; i < COUNT - (int)lived; i++) {
        char *p = np_heap_alloc(&heap, 112, NP_SPAN_OBJ);
        REQUIRE_NOT_NULL(p);
        memset(p, 99, 112);
    }
    EXPECT_EQ(heap.hole_bytes, 0);
    for (size_t i = 0; i < lived; i++) EXPECT_EQ(*(char *)live[i], (5 + (int)i * 73) & 127);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

/* Of spans of 40 KiB with four slots only the first slots live. */
TEST(holes_are_whole_system_pages) {
    enum { SPANS = 200, SLOT = 9360 };
    static void *live[SPANS];
    char *all[4 * SPANS];
    size_t page = np_os_page_size(), round = 0;
    if (page > 16384) SKIP("no span has a whole system page that is free");
    if (!np_os_unused_releases()) SKIP(KEEPS);
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < 4 * SPANS; i++) {
        all[i] = np_heap_alloc(&heap, SLOT, NP_SPAN_OBJ);
        memset(all[i], i / 4 & 127, SLOT);
        if (i % 4 == 0) live[i / 4] = all[i];
    }
    EXPECT_EQ(np_span_of(live[0])->npages, 5);
    while (round++ < 3) {
        collect(live, SPANS);
        while (!np_heap_release_done(&heap, 0)) np_heap_release(&heap, 64, 0);
        np_heap_verify(&heap);
        EXPECT_GE(heap.hole_bytes, (SPANS - 1) * (page < 8192 ? 6 * page : page)); /* the last may be current */
        EXPECT_EQ(heap.hole_bytes % page, 0);
        for (int i = 0; i < 3 * SPANS; i++) {
            char *p = np_heap_alloc(&heap, SLOT, NP_SPAN_OBJ);
            REQUIRE_NOT_NULL(p);
            memset(p, 99, SLOT);
            np_heap_verify(&heap);
        }
        EXPECT_EQ(heap.hole_bytes, 0);
        for (int i = 0; i < SPANS; i++) EXPECT_EQ(*((char *)live[i] + SLOT - 1), i & 127);
    }
    np_heap_close(&heap);
}

/* A free page next to one in use cannot go where the system's pages are larger; asking again is no work. */
TEST(parts_of_system_pages_are_not_asked_for_again) {
    void *live[1000];
    size_t lived = 0, step = 3;
    if (!np_os_unused_releases()) SKIP(KEEPS);
    REQUIRE(np_heap_init(&heap));
    for (size_t i = 0; i < sizeof live / sizeof *live * step; i++) {
        void *p = np_heap_alloc(&heap, 8192, NP_SPAN_OBJ);
        if (i % step == 0) live[lived++] = p;
    }
    collect(live, lived);
    while (!np_heap_release_done(&heap, 0)) REQUIRE(np_heap_release(&heap, SIZE_MAX, 0) > 0 || np_heap_release_done(&heap, 0));
    np_heap_verify(&heap);
    EXPECT_EQ(np_heap_release(&heap, SIZE_MAX, 0), 0);
    /* all of it can go once the neighbours are free */
    collect(live, 1);
    EXPECT_FALSE(np_heap_release_done(&heap, 0));
    while (!np_heap_release_done(&heap, 0)) np_heap_release(&heap, 7, 0);
    EXPECT_LE(np_pages_free_ready(&heap.priv->pages), np_os_page_size());
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(what_is_to_be_kept_is_kept) {
    NpHeapStats stats;
    if (!np_os_unused_releases()) SKIP(KEEPS);
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < 100000; i++) memset(np_heap_alloc(&heap, 100, NP_SPAN_OBJ), 1, 100);
    collect(NULL, 0);
    while (!np_heap_release_done(&heap, 2 << 20)) np_heap_release(&heap, 100, 2 << 20);
    np_heap_stats(&heap, &stats);
    EXPECT_GT(stats.free_bytes, (2 << 20) - 3 * NP_PAGE_BYTES);
    EXPECT_LE(stats.free_bytes, 2 << 20);
    EXPECT_EQ(np_heap_release(&heap, 10000, 2 << 20), 0);
    np_heap_close(&heap);
}

TEST(a_system_that_takes_no_pages_gets_whole_arenas) {
    enum { SLOT = 4096 };
    size_t count = 3 * NP_ARENA_BYTES / SLOT, reserved;
    void *keep = NULL;
    NpHeapStats before, after;
    if (np_os_unused_releases()) SKIP("the system takes single pages");
    REQUIRE(np_heap_init(&heap));
    for (size_t i = 0; i < count; i++) {
        void *p = np_heap_alloc(&heap, SLOT, NP_SPAN_OBJ);
        REQUIRE_NOT_NULL(p);
        if (i == 0) keep = p;
    }
    np_heap_stats(&heap, &before);
    reserved = before.reserved_bytes;
    collect(&keep, 1);
    while (!np_heap_release_done(&heap, 0)) EXPECT_GT(np_heap_release(&heap, SIZE_MAX, 0), 0);
    EXPECT_EQ(np_heap_release(&heap, SIZE_MAX, 0), 0);
    np_heap_stats(&heap, &after);
    EXPECT_LE(after.reserved_bytes, reserved - 2 * NP_ARENA_BYTES);
    EXPECT_GE(after.free_bytes, NP_ARENA_BYTES / 2); /* of the arena that stays: Ready, not released */
    EXPECT_EQ(heap.hole_bytes, 0);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(a_growing_buffer_leaves_no_trail) {
    size_t size = 1 << 20;
    char *old = NULL;
    NpHeapStats stats;
    REQUIRE(np_heap_init(&heap));
    while (size < (32 << 20)) {
        char *buf = np_heap_alloc(&heap, size, NP_SPAN_BUF);
        REQUIRE_NOT_NULL(buf);
        memset(buf, 1, size);
        np_heap_free_buf(&heap, old, size / 3 * 2);
        old = buf;
        size += size / 2;
    }
    np_heap_stats(&heap, &stats);
    if (np_os_unused_releases()) EXPECT_LE(stats.free_bytes, (3 << 20) + stats.in_use / 8);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(a_limit_fills_no_hole) {
    void *live[400], *p;
    int lived = 0, got = 0;
    if (!np_os_unused_releases()) SKIP(KEEPS);
    if (np_os_page_size() > 4096) SKIP("a slot is smaller than the system's page");
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < 400; i++) {
        p = np_heap_alloc(&heap, 4096, NP_SPAN_OBJ);
        memset(p, 1, 4096);
        if (i % 2) live[lived++] = p;
    }
    collect(live, (size_t)lived);
    while (!np_heap_release_done(&heap, 0)) np_heap_release(&heap, 100, 0);
    np_heap_set_limit(&heap, heap.mem.ready + 50 * 4096);
    while ((p = np_heap_alloc(&heap, 4096, NP_SPAN_OBJ)) != NULL) got++;
    EXPECT_LE(got, 50);
    EXPECT_GE(got, 40);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

UNIT_MAIN
