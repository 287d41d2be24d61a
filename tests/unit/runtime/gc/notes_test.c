/* notes_test.c: which slots are told of, and that notes go with them. */
#include "runtime/gc/notes.h"

#include "runtime/gc/heap_priv.h"
#include "tests/unit/unit.h"

static NpHeap heap;
static uint32_t told;      /* slots told of; each gets this number as its note */
static size_t told_bytes, gone, gone_bytes, sampled_ones, cycles;

static uint32_t taken(void *ctx, size_t bytes, bool sampled) {
    (void)ctx;
    told_bytes += bytes;
    sampled_ones += sampled;
    return ++told;
}
static void is_gone(void *ctx, uint32_t note, size_t bytes) {
    (void)ctx;
    EXPECT(note > 0 && note <= told);
    gone++;
    gone_bytes += bytes;
}
static size_t cut_bytes;
static void is_cut(void *ctx, uint32_t note, size_t old_bytes, size_t new_bytes) {
    (void)ctx;
    EXPECT(note > 0 && note <= told && new_bytes < old_bytes);
    cut_bytes += old_bytes - new_bytes;
}
static void marked(void *ctx) {
    (void)ctx;
    cycles++;
}
static const NpNoteTaker taker = {taken, is_gone, is_cut, marked, NULL};

static void open_heap(bool every, size_t rate) {
    REQUIRE(np_heap_init(&heap));
    told = 0;
    told_bytes = gone = gone_bytes = sampled_ones = cycles = 0;
    REQUIRE(np_notes_open(&heap, &taker, every, rate));
}

/* Everything but `kept` dies. */
static void collect(void **kept, size_t count) {
    np_heap_mark_begin(&heap);
    for (size_t i = 0; i < count; i++) np_mark_set(kept[i]);
    np_heap_mark_end(&heap);
    np_heap_sweep_step(&heap, SIZE_MAX);
    np_heap_verify(&heap);
}

TEST(every_slot_is_told_of_and_has_its_note) {
    void *slots[1000];
    NpHeapStats stats;
    open_heap(true, 0);
    for (int i = 0; i < 1000; i++) {
        slots[i] = np_heap_alloc(&heap, (size_t)(i % 50 == 0 ? 100000 : 16 + i), (NpSpanKind)(i % NP_SPAN_KINDS));
        REQUIRE_NOT_NULL(slots[i]);
        REQUIRE_EQ(told, (uint32_t)i + 1);
    }
    for (int i = 0; i < 1000; i++) EXPECT_EQ(np_notes_at(&heap, slots[i]), (uint32_t)i + 1);
    np_heap_stats(&heap, &stats);
    EXPECT_EQ(told_bytes, stats.in_use);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(dead_slots_lose_their_notes) {
    void *slots[600], *kept[200];
    size_t bytes = 0;
    open_heap(true, 0);
    for (int i = 0; i < 600; i++) {
        slots[i] = np_heap_alloc(&heap, i == 300 ? 70000 : 48, NP_SPAN_OBJ);
        if (i % 3 == 0) kept[i / 3] = slots[i];
        if (i % 3 == 0) bytes += np_heap_slot_bytes(slots[i]);
    }
    collect(kept, 200);
    EXPECT_EQ(cycles, 1);
    EXPECT_EQ(gone, 400);
    EXPECT_EQ(told_bytes - gone_bytes, bytes);
    for (int i = 0; i < 200; i++) EXPECT_EQ(np_notes_at(&heap, kept[i]), (uint32_t)i * 3 + 1);
    collect(NULL, 0);
    EXPECT_EQ(gone, 600);
    EXPECT_EQ(gone_bytes, told_bytes);
    np_heap_close(&heap);
}

TEST(buffers_freed_by_hand_and_those_made_longer) {
    void *a, *b, *large;
    open_heap(true, 0);
    a = np_heap_alloc(&heap, 64, NP_SPAN_BUF);
    b = np_heap_alloc(&heap, 64, NP_SPAN_BUF);
    np_heap_free_buf(&heap, b, 64); /* the last one: back to its run */
    EXPECT_EQ(gone, 1);
    EXPECT(np_heap_alloc(&heap, 64, NP_SPAN_BUF) == b);
    EXPECT_EQ(told, 3);
    EXPECT_EQ(np_notes_at(&heap, b), 3);
    np_heap_free_buf(&heap, a, 64);
    EXPECT_EQ(gone, 2);
    EXPECT_EQ(np_notes_at(&heap, a), 0);
    large = np_heap_alloc(&heap, 5 * NP_PAGE_BYTES, NP_SPAN_BUF);
    EXPECT_EQ(told, 4);
    if (np_heap_extend_buf(&heap, large, 5 * NP_PAGE_BYTES, 7 * NP_PAGE_BYTES)) {
        EXPECT_EQ(told, 5);
        EXPECT_EQ(np_notes_at(&heap, large), 5);
        EXPECT_EQ(told_bytes - gone_bytes, 7 * NP_PAGE_BYTES + 64);
    }
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(a_buffer_that_is_cut_keeps_its_note) {
    void *large;
    cut_bytes = 0;
    open_heap(true, 0);
    large = np_heap_alloc(&heap, 12 * NP_PAGE_BYTES, NP_SPAN_BUF);
    REQUIRE(np_heap_cut_buf(&heap, large, 12 * NP_PAGE_BYTES, 5 * NP_PAGE_BYTES));
    EXPECT_EQ(cut_bytes, 7 * NP_PAGE_BYTES);
    EXPECT_EQ(gone, 0);
    EXPECT_EQ(np_notes_at(&heap, large), 1);
    np_heap_free_buf(&heap, large, 5 * NP_PAGE_BYTES);
    EXPECT_EQ(told_bytes - cut_bytes - gone_bytes, 0);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(a_note_goes_with_a_buffer_that_is_moved) {
    void *old, *fresh;
    open_heap(true, 0);
    old = np_heap_alloc(&heap, 80, NP_SPAN_BUF);
    fresh = np_heap_move_buf(&heap, old, 80);
    REQUIRE_NOT_NULL(fresh);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(gone, 0);
    EXPECT_EQ(np_notes_at(&heap, fresh), 1);
    EXPECT_EQ(np_notes_at(&heap, old), 0);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 80, NP_SPAN_BUF));
    EXPECT_EQ(told, 2);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

/* The mean of what samples stand for is what was allocated. Fixed seeds are not needed: the bounds are more than six
 * standard deviations wide. */
TEST(samples_stand_for_all) {
    enum { SLOTS = 200000, RATE = 4096 };
    double estimate, truth = 0;
    open_heap(false, RATE);
    for (int i = 0; i < SLOTS; i++) {
        size_t size = (size_t)(32 << i % 3);
        REQUIRE_NOT_NULL(np_heap_alloc(&heap, size, NP_SPAN_LEAF));
        truth += (double)size;
    }
    EXPECT_EQ(told, sampled_ones);
    estimate = (double)told * RATE;
    EXPECT(estimate > truth * 0.85 && estimate < truth * 1.15);
    EXPECT(told > 2000 && told < 5000);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

TEST(large_slots_are_nearly_always_samples) {
    open_heap(false, 1024);
    for (int i = 0; i < 50; i++) REQUIRE_NOT_NULL(np_heap_alloc(&heap, 100000, NP_SPAN_BUF));
    EXPECT_EQ(told, 50);
    EXPECT(np_notes_weight(100000, 1024) < 1.0001);
    EXPECT(fabs(np_notes_weight(16, 1 << 20) - 65536.5) < 1);
    EXPECT_EQ((long)np_notes_weight(16, 1), 1);
    np_heap_close(&heap);
}

TEST(a_rate_of_one_tells_of_all) {
    open_heap(false, 1);
    for (int i = 0; i < 500; i++) REQUIRE_NOT_NULL(np_heap_alloc(&heap, 16 + (size_t)i, NP_SPAN_OBJ));
    EXPECT_EQ(told, 500);
    np_heap_close(&heap);
}

/* The quick path is whole again, and nothing is left of the notes. */
TEST(closing) {
    size_t before;
    REQUIRE(np_heap_init(&heap));
    REQUIRE_NOT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ));
    before = heap.mem.ready;
    told = 0;
    REQUIRE(np_notes_open(&heap, &taker, true, 0));
    REQUIRE_NOT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ));
    EXPECT(np_notes_bytes(&heap) > 0);
    np_notes_close(&heap);
    EXPECT_EQ(heap.mem.ready, before);
    EXPECT_EQ(np_notes_bytes(&heap), 0);
    for (int i = 0; i < 100; i++) REQUIRE_NOT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ));
    EXPECT_EQ(told, 1);
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

static uint32_t renumber(void *ctx, uint32_t note) {
    *(size_t *)ctx += note;
    return note + 100;
}

TEST(notes_can_be_renumbered) {
    size_t sum = 0;
    void *slot;
    open_heap(true, 0);
    slot = np_heap_alloc(&heap, 32, NP_SPAN_OBJ);
    (void)np_heap_alloc(&heap, 32, NP_SPAN_BUF);
    (void)np_heap_alloc(&heap, 100000, NP_SPAN_BUF);
    np_notes_each(&heap, renumber, &sum);
    EXPECT_EQ(sum, 6);
    EXPECT_EQ(np_notes_at(&heap, slot), 101);
    np_heap_close(&heap);
}

/* An allocation succeeds, only without a note. */
TEST(no_memory_for_notes) {
    void *slot;
    open_heap(true, 0);
    (void)np_heap_alloc(&heap, 32, NP_SPAN_OBJ);
    np_heap_set_limit(&heap, heap.mem.ready);
    (void)np_heap_alloc(&heap, 16, NP_SPAN_OBJ);
    for (long nth = 1; nth < 6; nth++) {
        np_heap_set_limit(&heap, 0);
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        slot = np_heap_alloc(&heap, (size_t)nth * 512, NP_SPAN_OBJ);
        np_mem_fail_at(0, 0);
        if (slot) EXPECT(np_notes_at(&heap, slot) == told || np_notes_at(&heap, slot) == 0);
    }
    np_heap_verify(&heap);
    np_heap_close(&heap);
}

UNIT_MAIN
