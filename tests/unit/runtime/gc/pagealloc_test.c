/* pagealloc_test.c: runs of pages, growth, giving back. */
#include "runtime/gc/pagealloc.h"

#include <errno.h>

#include "runtime/dbg.h"
#include "tests/unit/unit.h"

static NpMem mem;
static NpPages pages;

static void start(void) {
    memset(&mem, 0, sizeof mem);
    np_pages_init(&pages, NULL, &mem);
}

static void finish(void) {
    np_pages_verify(&pages);
    np_mem_verify(&mem);
    np_pages_close(&pages);
    EXPECT_EQ(mem.reserved, 0);
    EXPECT_EQ(mem.mapped, 0);
    EXPECT_EQ(mem.ready, 0);
    EXPECT_EQ(pages.meta_ready, 0);
}

static void touch(NpSpan *span) {
    NP_UNPOISON(span->base, span->npages * NP_PAGE_BYTES);
    memset(span->base, 0x5A, span->npages * NP_PAGE_BYTES);
}

TEST(nothing_is_reserved_before_the_first_page) {
    start();
    EXPECT_EQ(mem.reserved, 0);
    finish();
}

TEST(first_fit_takes_the_lowest_address) {
    NpSpan a = {0}, b = {0}, c = {0}, d = {0}, e = {0};
    start();
    REQUIRE(np_pages_alloc(&pages, 2, &a));
    REQUIRE(np_pages_alloc(&pages, 3, &b));
    REQUIRE(np_pages_alloc(&pages, 1, &c));
    EXPECT_PTR(b.base, a.base + 2 * NP_PAGE_BYTES);
    EXPECT_PTR(c.base, b.base + 3 * NP_PAGE_BYTES);
    EXPECT_PTR(np_span_of(b.base + 20000), &b);
    EXPECT_LE(mem.mapped, (size_t)4 << 20);
    touch(&a);
    touch(&b);
    np_pages_free(&pages, &b);
    np_pages_verify(&pages);
    EXPECT_NULL(np_span_of(b.base));
    REQUIRE(np_pages_alloc(&pages, 4, &d)); /* too long for the gap */
    EXPECT_PTR(d.base, c.base + NP_PAGE_BYTES);
    REQUIRE(np_pages_alloc(&pages, 2, &e));
    EXPECT_PTR(e.base, b.base);
    finish();
}

TEST(growth_is_by_steps_and_costs_no_memory) {
    NpSpan span = {0};
    size_t ready;
    start();
    REQUIRE(np_pages_alloc(&pages, 1, &span));
    ready = mem.ready;
    EXPECT_LE(ready, (256 << 10) + 3 * np_os_page_size()); /* the page and two parts of bitmaps */
    EXPECT_GE(pages.mapped_pages, 100);
    EXPECT_EQ(np_pages_free_ready(&pages), (pages.unit_pages - 1) * NP_PAGE_BYTES); /* ready along with it */
    finish();
}

TEST(more_than_one_arena) {
    enum { COUNT = 20, EACH = 1000 };
    static NpSpan spans[COUNT];
    start();
    for (int i = 0; i < COUNT; i++) REQUIRE(np_pages_alloc(&pages, EACH, &spans[i]));
    EXPECT_GE(pages.count, 3);
    np_pages_verify(&pages);
    for (int i = 0; i < COUNT; i++) EXPECT_PTR(np_span_of(spans[i].base + (EACH - 1) * NP_PAGE_BYTES), &spans[i]);
    for (int i = 0; i < COUNT; i++) np_pages_free(&pages, &spans[i]);
    np_pages_verify(&pages);
    EXPECT_EQ(np_pages_free_ready(&pages), (size_t)COUNT * EACH * NP_PAGE_BYTES);
    finish();
}

TEST(release_goes_from_the_top_in_slices_and_never_twice) {
    enum { COUNT = 10 };
    NpSpan spans[COUNT] = {{0}};
    size_t budget, keep = 3 * 64 * NP_PAGE_BYTES;
    uint64_t sum;
    start();
    for (int i = 0; i < COUNT; i++) {
        REQUIRE(np_pages_alloc(&pages, 64, &spans[i]));
        touch(&spans[i]);
    }
    for (int i = 1; i < COUNT; i++) np_pages_free(&pages, &spans[i]);
    budget = 40;
    sum = np_pages_release(&pages, keep, &budget);
    EXPECT_EQ(sum, 40 * NP_PAGE_BYTES);
    EXPECT_EQ(budget, 0);
    np_pages_verify(&pages);
    budget = 100000;
    sum += np_pages_release(&pages, keep, &budget);
    EXPECT_GE(sum, 6 * 64 * NP_PAGE_BYTES); /* bitmaps come on top */
    EXPECT_EQ(np_pages_free_ready(&pages), keep);
    np_pages_verify(&pages);
    /* what is kept is the low end */
    if (np_mem_state_of(spans[1].base) != '?') {
        EXPECT_EQ(np_mem_state_of(spans[1].base), 'U');
        EXPECT_EQ(np_mem_state_of(spans[COUNT - 1].base), 'P');
    }
    EXPECT_EQ(np_pages_release(&pages, keep, &budget), 0);
    budget = SIZE_MAX;
    np_pages_release(&pages, 0, &budget);
    EXPECT_EQ(np_pages_free_ready(&pages), 0);
    np_pages_verify(&pages);
    /* taken again, all of it is usable */
    for (int i = 1; i < COUNT; i++) {
        REQUIRE(np_pages_alloc(&pages, 64, &spans[i]));
        touch(&spans[i]);
        EXPECT_EQ(np_arena_of(spans[i].base)->mark[np_granule_of(spans[i].base) / 64], 0);
    }
    finish();
}

TEST(an_empty_arena_is_given_up) {
    enum { COUNT = 3, EACH = 8000 };
    static NpSpan spans[COUNT];
    size_t budget = SIZE_MAX, reserved;
    start();
    for (int i = 0; i < COUNT; i++) REQUIRE(np_pages_alloc(&pages, EACH, &spans[i]));
    EXPECT_EQ(pages.count, 3);
    reserved = mem.reserved;
    np_pages_free(&pages, &spans[1]);
    np_pages_release(&pages, 0, &budget);
    EXPECT_EQ(pages.count, 2);
    EXPECT_EQ(mem.reserved, reserved - NP_ARENA_BYTES);
    np_pages_verify(&pages);
    REQUIRE(np_pages_alloc(&pages, EACH, &spans[1]));
    np_pages_verify(&pages);
    finish();
}

TEST(huge_runs_get_arenas_of_their_own) {
    NpSpan span = {0}, small = {0};
    size_t count = 3 * NP_ARENA_PAGES + 5;
    start();
    REQUIRE(np_pages_alloc(&pages, 1, &small));
    REQUIRE(np_pages_alloc(&pages, count, &span));
    EXPECT_EQ(span.npages, count);
    EXPECT_PTR(np_span_of(span.base), &span);
    NP_UNPOISON(span.base, count * NP_PAGE_BYTES);
    span.base[0] = 1;
    span.base[count * NP_PAGE_BYTES - 1] = 1;
    EXPECT_GE(mem.ready, count * NP_PAGE_BYTES);
    np_pages_verify(&pages);
    np_pages_free(&pages, &span);
    EXPECT_LT(mem.reserved, 2 * NP_ARENA_BYTES);
    EXPECT_FALSE(np_pages_alloc(&pages, (size_t)1 << 50, &span));
    finish();
}

TEST(a_retired_arena_goes_piece_by_piece) {
    NpSpan span = {0}, small = {0};
    size_t count = 2 * NP_ARENA_PAGES, ready, beside, rounds = 0;
    start();
    REQUIRE(np_pages_alloc(&pages, 1, &small));
    beside = np_pages_free_ready(&pages); /* the rest of a large system page */
    REQUIRE(np_pages_alloc(&pages, count, &span));
    np_bits_clear(np_arena_of(span.base)->alloc, np_granule_of(span.base));
    ready = mem.ready;
    np_pages_retire(&pages, &span);
    np_pages_verify(&pages);
    if (np_os_unused_releases()) {
        EXPECT_EQ(mem.ready, ready);
        EXPECT_EQ(np_pages_free_ready(&pages), beside); /* nobody can have them */
    }
    for (size_t before = mem.ready; pages.retired_pages > 0; before = mem.ready, rounds++) {
        size_t budget = 1024;
        EXPECT_GT(np_pages_release(&pages, SIZE_MAX, &budget), 0);
        EXPECT_LT(mem.ready, before);
        EXPECT_LE(before - mem.ready, 2 * 1024 * NP_PAGE_BYTES);
        np_pages_verify(&pages);
    }
    if (np_os_unused_releases()) EXPECT_GE(rounds, count / 1024);
    EXPECT_LT(mem.reserved, 2 * NP_ARENA_BYTES);
    finish();
}

TEST(a_span_is_cut) {
    NpSpan span = {0}, next = {0};
    start();
    REQUIRE(np_pages_alloc(&pages, 100, &span));
    touch(&span);
    REQUIRE(np_pages_cut(&pages, &span, 40));
    EXPECT_EQ(span.npages, 40);
    np_pages_verify(&pages);
    EXPECT_EQ(span.base[40 * NP_PAGE_BYTES - 1], 0x5A);
    REQUIRE(np_pages_alloc(&pages, 60, &next));
    EXPECT_PTR(next.base, span.base + 40 * NP_PAGE_BYTES);
    np_pages_free(&pages, &span);
    finish();
}

TEST(failures_change_nothing) {
    NpSpan a = {0}, b = {0};
    start();
    for (long nth = 1; nth < 7; nth++) {
        np_mem_fail_at(nth, ENOMEM);
        if (np_pages_alloc(&pages, 10, &a)) np_pages_free(&pages, &a);
        np_mem_fail_at(0, 0);
        np_pages_verify(&pages);
        np_mem_verify(&mem);
        np_pages_close(&pages);
        EXPECT_EQ(mem.reserved, 0);
        np_pages_init(&pages, NULL, &mem);
    }
    REQUIRE(np_pages_alloc(&pages, 10, &a));
    for (long nth = 1; nth < 7; nth++) {
        np_mem_fail_at(nth, ENOMEM);
        if (np_pages_alloc(&pages, 9000, &b)) np_pages_free(&pages, &b);
        np_mem_fail_at(nth, ENOMEM);
        if (np_pages_alloc(&pages, 5000, &b)) np_pages_free(&pages, &b);
        np_mem_fail_at(0, 0);
        np_pages_verify(&pages);
        np_mem_verify(&mem);
    }
    np_mem_fail_at(1, ENOMEM);
    {
        size_t budget = SIZE_MAX;
        np_pages_free(&pages, &a);
        np_pages_release(&pages, 0, &budget);
        np_pages_verify(&pages);
    }
    np_mem_fail_at(0, 0);
    mem.limit = mem.ready + 100 * NP_PAGE_BYTES;
    EXPECT_FALSE(np_pages_alloc(&pages, 6000, &a));
    EXPECT_TRUE(np_pages_alloc(&pages, 50, &a));
    finish();
}

/* The two bitmaps of a group go and come by calls of their own: one of them may be refused. */
TEST(half_of_the_tables_may_be_refused) {
    NpSpan kept = {0}, span = {0};
    start();
    if (!np_os_unused_releases()) SKIP("the system takes no single pages");
    REQUIRE(np_pages_alloc(&pages, 1, &kept));
    for (long nth = 1; nth <= 8; nth++) {
        size_t budget = SIZE_MAX;
        REQUIRE(np_pages_alloc(&pages, 300, &span));
        np_pages_free(&pages, &span);
        np_mem_fail_at(nth, ENOMEM);
        np_pages_release(&pages, 0, &budget);
        np_pages_verify(&pages);
        np_mem_verify(&mem);
        budget = SIZE_MAX;
        np_pages_release(&pages, 0, &budget);
        np_mem_fail_at(nth, ENOMEM);
        if (np_pages_alloc(&pages, 300, &span)) np_pages_free(&pages, &span);
        np_mem_fail_at(0, 0);
        np_pages_verify(&pages);
        np_mem_verify(&mem);
    }
    np_pages_free(&pages, &kept);
    finish();
}

TEST(an_arena_whose_tail_is_lost_grows_no_more) {
    NpSpan a = {0}, b = {0}, c = {0};
    start();
    REQUIRE(np_pages_alloc(&pages, 10, &a));
    np_mem_fail_at(1, NP_MEM_LOST); /* the next call maps more of the arena */
    REQUIRE(np_pages_alloc(&pages, 5000, &b));
    np_mem_fail_at(0, 0);
    EXPECT_TRUE(np_arena_of(b.base) != np_arena_of(a.base));
    EXPECT_EQ(pages.count, 2);
    REQUIRE(np_pages_alloc(&pages, 2000, &c)); /* would fit behind a */
    EXPECT_TRUE(np_arena_of(c.base) == np_arena_of(b.base));
    np_pages_verify(&pages);
    np_pages_free(&pages, &c);
    np_pages_free(&pages, &b);
    np_pages_free(&pages, &a);
    finish();
}

TEST(random_walk_against_a_map_of_owners) {
    enum { LIVE = 300, STEPS = 6000 };
    static NpSpan spans[LIVE];
    uint64_t seed = 11;
    size_t owned = 0;
    start();
    memset(spans, 0, sizeof spans);
    for (int step = 0; step < STEPS; step++) {
        NpSpan *span = &spans[unit_random(&seed) % LIVE];
        if (span->base) {
            for (size_t i = 0; i < span->npages; i++) {
                REQUIRE_PTR(np_span_of(span->base + i * NP_PAGE_BYTES), span);
                REQUIRE_EQ(*(size_t *)(span->base + i * NP_PAGE_BYTES), (size_t)span ^ i);
            }
            owned -= span->npages;
            np_pages_free(&pages, span);
            span->base = NULL;
        } else {
            size_t count = 1 + (unit_random(&seed) % 16 == 0 ? unit_random(&seed) % 700 : unit_random(&seed) % 8);
            REQUIRE(np_pages_alloc(&pages, count, span));
            NP_UNPOISON(span->base, span->npages * NP_PAGE_BYTES);
            for (size_t i = 0; i < count; i++) *(size_t *)(span->base + i * NP_PAGE_BYTES) = (size_t)span ^ i;
            owned += count;
        }
        if (unit_random(&seed) % 50 == 0) {
            size_t budget = unit_random(&seed) % 500;
            np_pages_release(&pages, (unit_random(&seed) % 200) * NP_PAGE_BYTES, &budget);
        }
        EXPECT_EQ(pages.mapped_pages - pages.free_pages, owned);
        if (step % 200 == 0) np_pages_verify(&pages);
    }
    finish();
}

TEST(in_quarantine_free_pages_fault_and_are_not_used_again) {
    enum { TIMES = 300 };
    NpSpan span = {0}, large = {0}, next = {0};
    size_t budget = SIZE_MAX, reserved;
    char *first;
    if (np_os_page_size() > NP_PAGE_BYTES) SKIP("the system's pages are larger than ours");
    start();
    np_dbg.quarantine = 1;
    REQUIRE(np_pages_alloc(&pages, 4, &span));
    REQUIRE(np_pages_alloc(&pages, 1, &next));
    touch(&span);
    touch(&next);
    first = span.base;
    REQUIRE(np_pages_release_units(&pages, &pages.arenas[0], (size_t)(first - (char *)np_arena_of(first)) / NP_UNIT_BYTES + 1, 2) == 2);
    span.holes = 2; /* as a span that has given back a part of itself */
    np_pages_free(&pages, &span);
    EXPECT_DEATH(*(volatile char *)first = 1, "");
    EXPECT_DEATH(*(volatile char *)(first + NP_UNIT_BYTES) = 1, ""); /* the hole as well */
    EXPECT_EQ(next.base[0], 0x5A);
    np_pages_verify(&pages);
    for (int i = 0; i < TIMES; i++) {
        REQUIRE(np_pages_alloc(&pages, 4, &span));
        EXPECT(span.base >= first + 5 * NP_PAGE_BYTES);
        np_pages_free(&pages, &span);
    }
    np_pages_release(&pages, 0, &budget);
    EXPECT_DEATH(*(volatile char *)first = 1, "");
    reserved = mem.reserved;
    REQUIRE(np_pages_alloc(&pages, NP_ARENA_PAGES + 5, &large)); /* an arena of its own stays as well */
    touch(&large);
    np_pages_free(&pages, &large);
    EXPECT_DEATH(*(volatile char *)large.base = 1, "");
    EXPECT_DEATH(*(volatile char *)(large.base + (size_t)NP_ARENA_PAGES * NP_PAGE_BYTES) = 1, "");
    EXPECT_GT(mem.reserved, reserved);
    REQUIRE(np_pages_alloc(&pages, 4, &span)); /* pages that the system cannot protect are used again */
    first = span.base;
    np_mem_fail_at(1, ENOMEM);
    np_pages_free(&pages, &span);
    np_mem_fail_at(0, 0);
    REQUIRE(np_pages_alloc(&pages, 4, &span));
    EXPECT_PTR(span.base, first);
    np_dbg.quarantine = NP_DBG_UNSET;
    finish();
}

UNIT_MAIN
