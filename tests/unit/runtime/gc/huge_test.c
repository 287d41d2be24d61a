/* huge_test.c: dense arenas are advised, sparse and shrinking ones are not. */
#include "runtime/gc/heap_priv.h"
#include "tests/unit/unit.h"

enum { OBJECT = 8192, COUNT = 20000 }; /* over 150 MiB of address space, untouched */

static NpHeap heap;
static char *objects[COUNT];

static const NpArenaInfo *info_of(const void *p) {
    const NpPages *pages = &heap.priv->pages;
    return &pages->arenas[np_pages_index(pages, np_arena_of(p))];
}

static void open_dense(NpHugeWish wish) {
    REQUIRE(np_heap_init(&heap));
    heap.priv->pages.huge_mode = NP_HUGE_MADVISE;
    np_heap_set_huge(&heap, wish);
    for (int i = 0; i < COUNT; i++) REQUIRE_NOT_NULL(objects[i] = np_heap_alloc(&heap, OBJECT, NP_SPAN_OBJ));
}

/* Keeps the objects from `from` on; the arenas that are advised afterwards. */
static int collect(int from) {
    int huge = 0;
    np_heap_mark_begin(&heap);
    for (int i = from; i < COUNT; i++) np_mark_set(objects[i]);
    np_heap_mark_end(&heap);
    np_heap_sweep_step(&heap, SIZE_MAX);
    while (!np_heap_release_done(&heap, 0)) np_heap_release(&heap, 1000, 0);
    np_heap_advise_huge(&heap);
    for (uint32_t i = 0; i < heap.priv->pages.count; i++) huge += heap.priv->pages.arenas[i].huge;
    return huge;
}

TEST(dense_for_two_collections) {
    if (np_os_huge_page_size() == 0 || np_os_page_size() > 4096) SKIP("no huge pages here");
    open_dense(NP_HUGE_WISH_AUTO);
    EXPECT_EQ(heap.priv->pages.count, 3);
    EXPECT_EQ(collect(0), 0);
    EXPECT_EQ(collect(0), 2); /* the third is not mapped to its end */
    EXPECT_EQ(collect(0), 2);
    np_heap_verify(&heap);
    /* a part of the first is released: no longer, and not soon again */
    EXPECT_EQ(collect(10), 1);
    EXPECT_EQ(collect(10), 1);
    EXPECT_EQ(collect(10), 1);
    np_heap_set_huge(&heap, NP_HUGE_WISH_OFF);
    EXPECT_EQ(collect(10), 0);
    np_heap_close(&heap);
}

TEST(on_from_the_first_touch) {
    if (np_os_huge_page_size() == 0 || np_os_page_size() > 4096) SKIP("no huge pages here");
    open_dense(NP_HUGE_WISH_ON);
    EXPECT_FALSE(info_of(objects[0])->huge);
    EXPECT_TRUE(info_of(objects[COUNT - 1])->huge);
    EXPECT_EQ(collect(COUNT - 10), 0); /* all released in part */
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(off_is_never) {
    open_dense(NP_HUGE_WISH_OFF);
    for (int i = 0; i < 4; i++) EXPECT_EQ(collect(0), 0);
    np_heap_close(&heap);
}

UNIT_MAIN
