/* map_test.c: a cell says what most of its pages are, from the flood to the ebb. */
#include "runtime/gc/map.h"

#include "runtime/gc/heap_priv.h"
#include "tests/unit/unit.h"

enum { COUNT = 40000, SLOT = 128 }; /* 32 in a unit, 64 in a page */
static NpHeap heap;
static uint8_t cells[NP_ARENA_UNITS];

static unsigned cell_at(const NpMapWindow *window, const void *p, size_t cell_bytes) {
    return cells[(size_t)((const char *)p - window->base) / cell_bytes];
}

static size_t count_of(const NpMapWindow *window, size_t cell_bytes, unsigned first, unsigned last) {
    size_t count = 0;
    for (size_t i = 0; i < window->bytes / cell_bytes; i++) count += cells[i] >= first && cells[i] <= last;
    return count;
}

static void collect(void **live, size_t count) {
    np_heap_sweep_step(&heap, SIZE_MAX);
    np_heap_mark_begin(&heap);
    for (size_t i = 0; i < count; i++) np_mark_set(live[i]);
    np_heap_mark_end(&heap);
    np_heap_sweep_step(&heap, SIZE_MAX);
}

TEST(from_the_flood_to_the_ebb) {
    static void *all[COUNT], *live[COUNT];
    size_t kept = 0, used;
    NpMapWindow window;
    NpHeapStats stats;
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < COUNT; i++) REQUIRE_NOT_NULL(all[i] = np_heap_alloc(&heap, SLOT, NP_SPAN_OBJ));
    np_heap_return_rests(&heap);
    window = np_map_window(&heap, 0, NP_UNIT_BYTES, cells);
    EXPECT_EQ(window.bytes, NP_ARENA_BYTES);
    EXPECT_EQ(cell_at(&window, all[COUNT / 2], NP_UNIT_BYTES), NP_CELL_USED_MOST);
    EXPECT_EQ(cells[0], NP_CELL_USED_MOST); /* the arena's own tables */
    if (np_map_windows(&heap) == 1) /* where an arena is small there are more */
        EXPECT_GE(count_of(&window, NP_UNIT_BYTES, NP_CELL_USED_MOST, NP_CELL_USED_MOST), COUNT * SLOT / NP_UNIT_BYTES - 4);
    EXPECT_EQ(cells[NP_ARENA_UNITS - 1] == NP_CELL_RELEASED || np_map_windows(&heap) > 1, 1);

    for (int i = 0; i < COUNT; i += 4) live[kept++] = all[i];
    collect(live, kept);
    window = np_map_window(&heap, 0, NP_UNIT_BYTES, cells);
    EXPECT_EQ(cell_at(&window, live[kept / 2], NP_UNIT_BYTES), NP_CELL_USED + 2); /* a quarter */

    collect(live, 1);
    window = np_map_window(&heap, 0, NP_UNIT_BYTES, cells);
    EXPECT_EQ(cell_at(&window, live[0], NP_UNIT_BYTES), NP_CELL_USED);
    EXPECT_GE(count_of(&window, NP_UNIT_BYTES, NP_CELL_FREE, NP_CELL_FREE), 64);

    while (!np_heap_release_done(&heap, 0)) REQUIRE(np_heap_release(&heap, SIZE_MAX / NP_PAGE_BYTES, 0) != 0);
    window = np_map_window(&heap, 0, NP_UNIT_BYTES, cells);
    np_heap_stats(&heap, &stats);
    EXPECT_EQ(cell_at(&window, live[0], NP_UNIT_BYTES), NP_CELL_USED);
    EXPECT_LE(count_of(&window, NP_UNIT_BYTES, NP_CELL_FREE, NP_CELL_FREE) * NP_UNIT_BYTES, stats.free_bytes);
    used = count_of(&window, NP_UNIT_BYTES, NP_CELL_USED, NP_CELL_USED_MOST);
    /* The same picture in coarser cells: none is used that has no used unit in it. */
    np_map_window(&heap, 0, 4 * NP_UNIT_BYTES, cells);
    EXPECT_LE(count_of(&window, 4 * NP_UNIT_BYTES, NP_CELL_USED, NP_CELL_USED_MOST), used);
    np_heap_close(&heap);
}

TEST(an_object_longer_than_an_arena) {
    NpMapWindow window;
    size_t windows, whole = 0;
    char *p;
    REQUIRE(np_heap_init(&heap));
    p = np_heap_alloc(&heap, NP_ARENA_BYTES + NP_ARENA_BYTES / 2, NP_SPAN_LEAF);
    REQUIRE_NOT_NULL(p);
    windows = np_map_windows(&heap);
    EXPECT_GE(windows, 2);
    for (size_t i = 0; i < windows; i++) {
        window = np_map_window(&heap, i, NP_ARENA_BYTES / 64, cells);
        if (window.base + window.bytes <= p || window.base > p) continue;
        whole++;
        EXPECT_EQ(cells[63], NP_CELL_USED_MOST);
    }
    EXPECT_EQ(whole, 1);
    np_heap_close(&heap);
}

UNIT_MAIN
