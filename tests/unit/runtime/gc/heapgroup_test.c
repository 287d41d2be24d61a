/* heapgroup_test.c: what is charged to a group is what its spans hold, whoever frees, sweeps or moves it. */
#include "runtime/gc/heap_priv.h"
#include "tests/unit/unit.h"

static NpHeap heap;

static void start(void) { REQUIRE(np_heap_init(&heap)); }

static void finish(void) {
    np_heap_verify(&heap);
    np_heap_close(&heap);
    EXPECT_EQ(heap.mem.ready, 0);
    EXPECT_EQ(heap.mem.reserved, 0);
}

/* A group that stays. */
static NpHeapGroup *make(size_t limit) {
    NpHeapGroup *group = np_heap_group_new(&heap);
    REQUIRE_NOT_NULL(group);
    group->owner = &heap;
    group->limit = limit;
    return group;
}

static void collect(void **live, size_t count) {
    np_heap_sweep_step(&heap, SIZE_MAX);
    np_heap_mark_begin(&heap);
    for (size_t i = 0; i < count; i++)
        if (live[i]) np_mark_set(live[i]);
    np_heap_mark_end(&heap);
    np_heap_verify(&heap);
    np_heap_sweep_step(&heap, SIZE_MAX);
    np_heap_groups_trim(&heap);
    np_heap_verify(&heap);
}

TEST(the_running_group_is_charged) {
    start();
    NpHeapGroup *group = make(0);
    void *before = np_heap_alloc(&heap, 100, NP_SPAN_OBJ);
    EXPECT_EQ(np_heap_group_switch(&heap, group->id), 0);
    void *obj = np_heap_alloc(&heap, 100, NP_SPAN_OBJ), *leaf = np_heap_alloc(&heap, 17, NP_SPAN_LEAF);
    void *large = np_heap_alloc(&heap, 100000, NP_SPAN_BUF);
    EXPECT_EQ(np_heap_group_of(before), 0);
    EXPECT_EQ(np_heap_group_of(obj), group->id);
    EXPECT_EQ(np_heap_group_of(large), group->id);
    EXPECT_EQ(np_heap_group_bytes(&heap, group), 112 + 32 + NP_ALIGN_UP(100000, NP_PAGE_BYTES));
    EXPECT_EQ(np_heap_group_switch(&heap, 0), group->id);
    (void)np_heap_alloc(&heap, 100, NP_SPAN_OBJ);
    EXPECT_EQ(group->in_use, 112 + 32 + NP_ALIGN_UP(100000, NP_PAGE_BYTES));
    np_heap_groups_census(&heap);
    EXPECT_EQ(group->objects, 2);
    EXPECT_NE(np_span_of(obj), np_span_of(before));
    EXPECT_NE(np_span_of(leaf), np_span_of(obj));
    finish();
}

TEST(freeing_and_sweeping_credit_whose_it_was) {
    start();
    NpHeapGroup *group = make(0);
    np_heap_group_switch(&heap, group->id);
    void *obj = np_heap_alloc(&heap, 64, NP_SPAN_OBJ), *dead = np_heap_alloc(&heap, 64, NP_SPAN_OBJ);
    void *buf = np_heap_alloc(&heap, 48, NP_SPAN_BUF), *large = np_heap_alloc(&heap, 50000, NP_SPAN_BUF);
    np_heap_group_switch(&heap, 0);
    np_heap_free_buf(&heap, buf, 48);
    EXPECT_EQ(group->in_use, 128 + NP_ALIGN_UP(50000, NP_PAGE_BYTES));
    np_heap_free_buf(&heap, large, 50000);
    EXPECT_EQ(group->in_use, 128);
    (void)dead;
    collect(&obj, 1);
    EXPECT_EQ(group->in_use, 64);
    collect(NULL, 0);
    EXPECT_EQ(group->in_use, 0);
    EXPECT_EQ(group->spans, 0);
    EXPECT_GE(group->peak, 128 + NP_ALIGN_UP(50000, NP_PAGE_BYTES));
    finish();
}

TEST(a_large_buffer_grows_in_its_own_group_only) {
    start();
    NpHeapGroup *group = make(0);
    void *buf = np_heap_alloc(&heap, 100000, NP_SPAN_BUF);
    np_heap_group_switch(&heap, group->id);
    EXPECT_FALSE(np_heap_extend_buf(&heap, buf, 100000, 200000));
    np_heap_group_switch(&heap, 0);
    EXPECT_TRUE(np_heap_extend_buf(&heap, buf, 100000, 200000));
    EXPECT_EQ(group->in_use, 0);
    finish();
}

TEST(a_limit_is_kept_to_the_byte) {
    start();
    NpHeapGroup *group = make(100 * 64);
    np_heap_group_switch(&heap, group->id);
    int count = 0;
    while (np_heap_alloc(&heap, 64, NP_SPAN_OBJ)) count++;
    EXPECT_EQ(count, 100);
    EXPECT_PTR(heap.refused_by, group);
    EXPECT(heap.starved && heap.pressed);
    EXPECT_NULL(np_heap_alloc(&heap, 16, NP_SPAN_BUF));
    EXPECT_NULL(np_heap_alloc(&heap, 100000, NP_SPAN_BUF));
    np_heap_group_open(group);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 64, NP_SPAN_OBJ));
    np_heap_groups_shut(&heap);
    EXPECT_NULL(np_heap_alloc(&heap, 64, NP_SPAN_OBJ));
    np_heap_group_switch(&heap, 0);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 64, NP_SPAN_OBJ));
    collect(NULL, 0);
    np_heap_group_switch(&heap, group->id);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 64, NP_SPAN_OBJ));
    finish();
}

TEST(what_is_not_swept_yet_makes_room) {
    start();
    NpHeapGroup *group = make(1024 * 64);
    np_heap_group_switch(&heap, group->id);
    while (np_heap_alloc(&heap, 64, NP_SPAN_OBJ)) continue;
    np_heap_mark_begin(&heap);
    np_heap_mark_end(&heap);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 1024 * 64, NP_SPAN_BUF));
    finish();
}

TEST(unused_rests_of_other_classes_make_room) {
    start();
    NpHeapGroup *group = make(4096);
    np_heap_group_switch(&heap, group->id);
    for (size_t size = 16; size <= 512; size += 16) EXPECT_NOT_NULL(np_heap_alloc(&heap, size / 16, NP_SPAN_BUF));
    for (size_t size = 16; size <= 256; size += 16) EXPECT_NOT_NULL(np_heap_alloc(&heap, size, NP_SPAN_OBJ));
    EXPECT_LE(np_heap_group_bytes(&heap, group), 4096);
    EXPECT_LE(group->peak, 4096);
    finish();
}

enum { COUNT = 4000, EVERY = 40, SIZE = 60 };
static void *owners[COUNT], *bufs[COUNT];

static size_t visit(void *ctx, void *slot) {
    size_t *moved = ctx;
    for (int i = 0; i < COUNT; i++) {
        if (owners[i] != slot || !np_heap_is_leaving(&heap, bufs[i], SIZE)) continue;
        bufs[i] = np_heap_move_buf(&heap, bufs[i], SIZE);
        REQUIRE_NOT_NULL(bufs[i]);
        ++*moved;
    }
    return 1;
}

TEST(a_moved_buffer_stays_in_its_group) {
    start();
    NpHeapGroup *group = make(0);
    size_t moved = 0, before;
    for (int i = 0; i < COUNT; i++) {
        np_heap_group_switch(&heap, i % 2 ? group->id : 0);
        owners[i] = np_heap_alloc(&heap, 16, NP_SPAN_OBJ);
        bufs[i] = np_heap_alloc(&heap, SIZE, NP_SPAN_BUF);
    }
    np_heap_group_switch(&heap, 0);
    for (int i = 0; i < COUNT; i++)
        if (i % EVERY > 1) owners[i] = bufs[i] = NULL;
    np_heap_mark_begin(&heap);
    for (int i = 0; i < COUNT; i++)
        if (owners[i]) np_mark_set(owners[i]), np_mark_set(bufs[i]);
    np_heap_mark_end(&heap);
    np_heap_sweep_step(&heap, SIZE_MAX);
    before = group->in_use;
    EXPECT_EQ(before, COUNT / EVERY * (16 + 64));
    group->limit = before; /* which moving does not need to be changed for */
    np_heap_vacate_begin(&heap);
    EXPECT_TRUE(np_heap_vacate_walk(&heap, SIZE_MAX, visit, &moved));
    np_heap_vacate_end(&heap);
    EXPECT_GT(moved, COUNT / EVERY);
    EXPECT_EQ(heap.group->id, 0);
    EXPECT_EQ(np_heap_group_bytes(&heap, group), before);
    for (int i = 0; i < COUNT; i++)
        if (owners[i]) REQUIRE_EQ(np_heap_group_of(bufs[i]), i % 2 ? group->id : 0);
    finish();
}

TEST(a_record_goes_with_owner_and_last_span) {
    start();
    NpHeapGroup *group = make(0);
    unsigned id = group->id;
    np_heap_group_switch(&heap, id);
    void *obj = np_heap_alloc(&heap, 64, NP_SPAN_OBJ);
    np_heap_group_switch(&heap, 0);
    collect(&obj, 1);
    EXPECT_PTR(np_heap_group_at(&heap, id), group);
    group->owner = NULL;
    collect(&obj, 1);
    EXPECT_PTR(np_heap_group_at(&heap, id), group); /* it has a span */
    EXPECT_EQ(group->in_use, 64);
    collect(NULL, 0);
    EXPECT_NULL(np_heap_group_at(&heap, id));
    EXPECT_EQ(np_heap_group_end(&heap), 1);
    np_heap_group_switch(&heap, id); /* there is none: group 0 */
    EXPECT_EQ(heap.group->id, 0);
    finish();
}

TEST(many_groups) {
    enum { GROUPS = 600 };
    void *objects[GROUPS];
    start();
    for (int i = 0; i < GROUPS; i++) {
        NpHeapGroup *group = make(0);
        EXPECT_EQ(group->id, i + 1);
        np_heap_group_switch(&heap, group->id);
        objects[i] = np_heap_alloc(&heap, 32, NP_SPAN_OBJ);
    }
    collect(objects, GROUPS);
    for (int i = 0; i < GROUPS; i++) {
        EXPECT_EQ(np_heap_group_at(&heap, (unsigned)i + 1)->in_use, 32);
        np_heap_group_at(&heap, (unsigned)i + 1)->owner = NULL;
    }
    np_heap_group_switch(&heap, 0);
    collect(objects, 100);
    EXPECT_EQ(np_heap_group_end(&heap), 101);
    finish();
}

TEST(no_memory_for_a_group) {
    start();
    (void)np_heap_alloc(&heap, 16, NP_SPAN_OBJ);
    np_heap_set_limit(&heap, heap.mem.ready);
    EXPECT_NULL(np_heap_group_new(&heap));
    np_heap_set_limit(&heap, 0);
    EXPECT_NOT_NULL(make(0));
    finish();
}

UNIT_MAIN
