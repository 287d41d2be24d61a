/* heap_check_test.c: the verifier notices what is broken on purpose; the statistics add up. */
#include "runtime/gc/heap_priv.h"
#include "tests/unit/unit.h"

static NpHeap heap;
static char *objs[100];

static void start(void) {
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < 100; i++) objs[i] = np_heap_alloc(&heap, 96, NP_SPAN_OBJ);
    np_heap_verify(&heap);
}

TEST(broken_bits_are_fatal) {
    start();
    NpArena *arena = np_arena_of(objs[0]);
    EXPECT_DEATH((np_bits_set(arena->alloc, np_granule_of(objs[1]) + 1), np_heap_verify(&heap)), "H1");
    EXPECT_DEATH((np_bits_clear(arena->alloc, np_granule_of(objs[1])), np_heap_verify(&heap)), "H1");
    EXPECT_DEATH((np_bits_set(arena->mark, np_granule_of(objs[1])), np_heap_verify(&heap)), "H2");
    EXPECT_DEATH(
        {
            np_bits_clear(arena->alloc, np_granule_of(objs[99])); /* in the span that is not full */
            np_span_of(objs[99])->alloc_slots--;
            np_bits_set(arena->mark, np_granule_of(objs[99]));
            heap.in_use -= 96;
            np_heap_verify(&heap);
        },
        "H1");
    np_heap_close(&heap);
}

TEST(broken_counters_and_lists_are_fatal) {
    start();
    NpArena *arena = np_arena_of(objs[0]);
    NpSpan *span = np_span_of(objs[0]);
    EXPECT_DEATH((heap.in_use += 16, np_heap_verify(&heap)), "in_use");
    EXPECT_DEATH((heap.priv->span_count++, np_heap_verify(&heap)), "P1");
    EXPECT_DEATH((heap.priv->pages.free_pages++, np_heap_verify(&heap)), "P1");
    EXPECT_DEATH((span->holes = 1, np_heap_verify(&heap)), "H4");
    EXPECT_DEATH((span->state = NP_SPAN_PARTIAL, np_heap_verify(&heap)), "H5");
    EXPECT_DEATH((arena->page_span[arena->first_page + 5] = span, np_heap_verify(&heap)), "H6");
    EXPECT_DEATH((np_bits_set(arena->free_bits, arena->first_page), np_heap_verify(&heap)), "P1");
    EXPECT_DEATH((heap.priv->pages.arenas[0].max_run = 1, np_heap_verify(&heap)), "P2");
    EXPECT_DEATH((np_bits_set(arena->mark, (arena->first_page + 3) * 512), np_heap_verify(&heap)), "H6");
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

static int visits[NP_SPAN_KINDS];
static void *last;
static void visit(void *ctx, NpSpan *span, void *slot) {
    REQUIRE_PTR(ctx, &heap);
    EXPECT_TRUE(slot > last);
    last = slot;
    visits[span->kind]++;
}

TEST(the_walk_sees_every_slot_once_by_address) {
    start();
    for (int i = 0; i < 50; i++) np_heap_alloc(&heap, 16 + (size_t)i * 900, NP_SPAN_LEAF);
    for (int i = 0; i < 30; i++) np_heap_alloc(&heap, 5000, NP_SPAN_BUF);
    np_heap_walk(&heap, false, visit, &heap);
    EXPECT_EQ(visits[NP_SPAN_OBJ], 100);
    EXPECT_EQ(visits[NP_SPAN_LEAF], 50);
    EXPECT_EQ(visits[NP_SPAN_BUF], 0);
    last = NULL;
    np_heap_walk(&heap, true, visit, &heap);
    EXPECT_EQ(visits[NP_SPAN_OBJ], 200);
    EXPECT_EQ(visits[NP_SPAN_BUF], 30);
    np_heap_close(&heap);
}

TEST(class_statistics_add_up) {
    NpClassStats rows[NP_MAX_CLASSES];
    size_t live = 0;
    start();
    np_heap_alloc(&heap, 100000, NP_SPAN_BUF);
    NpKindStats kinds[NP_SPAN_KINDS];
    int count = np_heap_class_stats(&heap, rows, NP_MAX_CLASSES, kinds);
    EXPECT_EQ(count, np_class_count);
    for (int i = 0; i < count; i++) live += rows[i].live * rows[i].slot_bytes;
    EXPECT_EQ(live, 9600);
    EXPECT_EQ(rows[np_class_of_16[6]].live, 100);
    EXPECT_EQ(rows[np_class_of_16[6]].spans, 2);
    EXPECT_EQ(rows[np_class_of_16[6]].slots, 170);
    EXPECT_EQ(rows[0].live, 1);
    EXPECT_EQ(np_heap_class_stats(&heap, rows, 3, kinds), 3);
    np_heap_close(&heap);
}

UNIT_MAIN
