/* vacate_test.c: sparse spans are emptied by those who own their buffers, and not used meanwhile. */
#include "runtime/gc/heap_priv.h"
#include "tests/unit/unit.h"

enum { COUNT = 40000, SIZE = 60, EVERY = 40 };

typedef struct Owner {
    uint64_t kind;
    char *buf;
} Owner;

static NpHeap heap;
static Owner *owners[COUNT];

/* Owners with a buffer each, of which one in EVERY survives a collection. */
static void flood_and_ebb(void) {
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < COUNT; i++) {
        owners[i] = np_heap_alloc(&heap, sizeof(Owner), NP_SPAN_OBJ);
        owners[i]->buf = np_heap_alloc(&heap, SIZE, NP_SPAN_BUF);
        memset(owners[i]->buf, i % EVERY == 3 ? i / EVERY & 127 : 99, SIZE);
    }
    np_heap_mark_begin(&heap);
    for (int i = 3; i < COUNT; i += EVERY) {
        np_mark_set(owners[i]);
        np_mark_set(owners[i]->buf);
    }
    np_heap_mark_end(&heap);
    np_heap_sweep_step(&heap, SIZE_MAX);
    np_heap_verify(&heap);
}

static size_t visit(void *ctx, void *slot) {
    Owner *owner = slot;
    char *fresh;
    ++*(size_t *)ctx;
    if (!np_heap_is_leaving(&heap, owner->buf, SIZE)) return 1;
    fresh = np_heap_move_buf(&heap, owner->buf, SIZE);
    if (!fresh) {
        np_heap_vacate_end(&heap);
        return 1;
    }
    owner->buf = fresh;
    return 100;
}

static void expect_contents(void) {
    for (int i = 3; i < COUNT; i += EVERY)
        for (int j = 0; j < SIZE; j++) REQUIRE_EQ(owners[i]->buf[j], i / EVERY & 127);
    np_heap_verify(&heap);
}

TEST(survivors_move_together) {
    size_t visited = 0, slices = 0, before, gain;
    flood_and_ebb();
    gain = np_heap_vacate_gain(&heap, 0);
    EXPECT_GE(gain, (size_t)COUNT * 64 / 2);
    before = heap.priv->span_pages;
    np_heap_vacate_begin(&heap);
    while (!np_heap_vacate_walk(&heap, 5000, visit, &visited)) {
        slices++;
        /* what is allocated meanwhile is in no span that is being emptied */
        char *p = np_heap_alloc(&heap, SIZE, NP_SPAN_BUF);
        EXPECT_FALSE(np_heap_is_leaving(&heap, p, SIZE));
        np_heap_free_buf(&heap, p, SIZE);
        np_heap_verify(&heap);
    }
    np_heap_vacate_end(&heap);
    EXPECT_EQ(visited, COUNT / EVERY);
    EXPECT_GT(slices, 5);
    EXPECT_EQ(heap.priv->sparse_ready, 0);
    EXPECT_GE((before - heap.priv->span_pages) * NP_PAGE_BYTES, gain - gain / 8);
    EXPECT_EQ(np_heap_vacate_gain(&heap, 0), 0);
    expect_contents();
    np_heap_close(&heap);
}

TEST(not_when_the_room_is_wanted) {
    flood_and_ebb();
    EXPECT_GT(np_heap_vacate_gain(&heap, 0), np_heap_vacate_gain(&heap, 3 << 20));
    EXPECT_EQ(np_heap_vacate_gain(&heap, 100 << 20), 0);
    np_heap_close(&heap);
}

TEST(without_memory_everything_stays) {
    size_t visited = 0;
    flood_and_ebb();
    while (!np_heap_release_done(&heap, 0)) np_heap_release(&heap, 1000, 0);
    np_heap_set_limit(&heap, heap.mem.ready);
    np_heap_vacate_begin(&heap);
    EXPECT_TRUE(np_heap_vacate_walk(&heap, SIZE_MAX, visit, &visited));
    EXPECT_FALSE(heap.starved);
    expect_contents();
    /* and the sparse spans are used again */
    np_heap_set_limit(&heap, 0);
    size_t pages = heap.priv->span_pages;
    for (int i = 0; i < COUNT / 2; i++) REQUIRE_NOT_NULL(np_heap_alloc(&heap, SIZE, NP_SPAN_BUF));
    EXPECT_EQ(heap.priv->span_pages, pages);
    expect_contents();
    np_heap_close(&heap);
}

TEST(owners_that_die_empty_spans_too) {
    flood_and_ebb();
    np_heap_vacate_begin(&heap);
    for (int i = 3; i < COUNT; i += EVERY) np_heap_free_buf(&heap, owners[i]->buf, SIZE);
    EXPECT_EQ(heap.priv->sparse_ready, 0);
    EXPECT_EQ(heap.priv->sparse_used, 0);
    np_heap_vacate_end(&heap);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

UNIT_MAIN
