/* heap_test.c: slots, large objects, marking and sweeping, against a model. */
#include "runtime/gc/heap.h"

#include <errno.h>

#include "runtime/dbg.h"
#include "tests/unit/unit.h"

static NpHeap heap;

static void start(void) { REQUIRE(np_heap_init(&heap)); }

static void finish(void) {
    np_heap_verify(&heap);
    np_heap_close(&heap);
    EXPECT_EQ(heap.mem.reserved, 0);
    EXPECT_EQ(heap.mem.ready, 0);
}

/* A whole collection in which nothing but `live` survives. */
static void collect(void **live, size_t count) {
    np_heap_sweep_step(&heap, SIZE_MAX);
    np_heap_mark_begin(&heap);
    for (size_t i = 0; i < count; i++)
        if (live[i]) np_mark_set(live[i]);
    np_heap_mark_end(&heap);
    EXPECT_TRUE(np_heap_sweep_step(&heap, SIZE_MAX));
}

TEST(buffers_are_cut_and_left) {
    void *buf;
    size_t size = (size_t)1 << 20, in_use, ready;
    start();
    buf = np_heap_alloc(&heap, size, NP_SPAN_BUF);
    REQUIRE_NOT_NULL(buf);
    memset(buf, 7, size);
    in_use = heap.in_use;
    REQUIRE(np_heap_cut_buf(&heap, buf, size, size / 4));
    EXPECT_EQ(heap.in_use, in_use - size / 4 * 3);
    EXPECT_EQ(((char *)buf)[size / 4 - 1], 7);
    EXPECT_EQ(np_heap_slot_bytes(buf), size / 4);
    EXPECT_FALSE(np_heap_cut_buf(&heap, buf, size / 4, size / 4));
    EXPECT_FALSE(np_heap_cut_buf(&heap, buf, size / 4, NP_SMALL_MAX));
    np_heap_verify(&heap);
    ready = heap.mem.ready;
    np_heap_leave_buf(&heap, buf, size / 4);
    EXPECT_EQ(heap.in_use, 0);
    EXPECT_EQ(heap.mem.ready, ready); /* np_heap_release will see to it */
    finish();
}

TEST(the_class_table_holds_what_heap_h_says) {
    EXPECT_LE(np_class_count, NP_MAX_CLASSES);
    EXPECT_EQ(np_class_bytes[np_class_count - 1], NP_SMALL_MAX);
    for (size_t size = 1; size <= NP_SMALL_MAX; size++) {
        size_t bytes = np_heap_round(size);
        REQUIRE(bytes >= size && bytes % 16 == 0);
        if (size <= 128) REQUIRE_EQ(bytes, NP_ALIGN_UP(size, 16));
        else REQUIRE((bytes - size) * 8 <= bytes);
        REQUIRE(size == 1 || np_heap_round(size - 1) <= bytes);
    }
    for (size_t power = 16; power <= NP_SMALL_MAX; power *= 2) EXPECT_EQ(np_heap_round(power), power);
    EXPECT_EQ(np_heap_round(NP_SMALL_MAX + 1), 5 * NP_PAGE_BYTES);
}

TEST(an_empty_heap_takes_almost_nothing) {
    start();
    EXPECT_EQ(heap.in_use, 0);
    EXPECT_LE(heap.mem.reserved, 65536);
    finish();
}

TEST(slots_are_apart_aligned_and_of_their_class) {
    start();
    for (size_t size = 1; size < 70000; size += size / 5 + 1) {
        char *a = np_heap_alloc(&heap, size, NP_SPAN_OBJ), *b = np_heap_alloc(&heap, size, NP_SPAN_OBJ);
        REQUIRE(a && b);
        EXPECT_EQ((uintptr_t)a % 16, 0);
        EXPECT_GE(a < b ? b - a : a - b, size);
        EXPECT_EQ(np_heap_slot_bytes(a), np_heap_round(size));
        memset(a, 1, size);
        memset(b, 2, size);
        EXPECT_EQ(a[size - 1], 1);
    }
    np_heap_verify(&heap);
    finish();
}

TEST(kinds_have_spans_of_their_own) {
    start();
    void *obj = np_heap_alloc(&heap, 32, NP_SPAN_OBJ), *leaf = np_heap_alloc(&heap, 32, NP_SPAN_LEAF);
    void *buf = np_heap_alloc(&heap, 32, NP_SPAN_BUF);
    EXPECT_EQ(np_span_of(obj)->kind, NP_SPAN_OBJ);
    EXPECT_EQ(np_span_of(leaf)->kind, NP_SPAN_LEAF);
    EXPECT_EQ(np_span_of(buf)->kind, NP_SPAN_BUF);
    finish();
}

TEST(counters_follow_claims_and_debt) {
    NpHeapStats stats;
    start();
    for (int i = 0; i < 10; i++) np_heap_alloc(&heap, 100, NP_SPAN_OBJ);
    EXPECT_GT(heap.debt, 0);
    np_heap_stats(&heap, &stats);
    EXPECT_EQ(stats.in_use, 10 * 112);
    EXPECT_EQ(stats.claimed_total, 10 * 112);
    np_heap_alloc(&heap, 100000, NP_SPAN_LEAF);
    np_heap_stats(&heap, &stats);
    EXPECT_EQ(stats.in_use, 10 * 112 + 13 * NP_PAGE_BYTES);
    EXPECT_EQ(stats.spans_bytes, 14 * NP_PAGE_BYTES);
    EXPECT_EQ(stats.spans_bytes + stats.free_bytes + stats.meta_bytes, stats.ready_bytes);
    finish();
}

TEST(a_freed_buffer_is_reused_and_counted) {
    NpHeapStats stats;
    start();
    char *a = np_heap_alloc(&heap, 64, NP_SPAN_BUF), *b = np_heap_alloc(&heap, 64, NP_SPAN_BUF);
    np_heap_free_buf(&heap, b, 64); /* the last one bumped */
    EXPECT_PTR(np_heap_alloc(&heap, 50, NP_SPAN_BUF), b);
    np_heap_free_buf(&heap, a, 64);
    np_heap_stats(&heap, &stats);
    EXPECT_EQ(stats.in_use, 64);
    collect((void *[]){b}, 1);
    EXPECT_PTR(np_heap_alloc(&heap, 64, NP_SPAN_BUF), a);
    char *large = np_heap_alloc(&heap, 200000, NP_SPAN_BUF);
    size_t spans = heap.in_use;
    np_heap_free_buf(&heap, large, 200000);
    EXPECT_LT(heap.in_use, spans);
    EXPECT_PTR(np_heap_alloc(&heap, 200000, NP_SPAN_BUF), large);
    np_heap_free_buf(&heap, NULL, 100);
    finish();
}

TEST(a_full_span_takes_freed_buffers_up_again) {
    enum { COUNT = 1024 };
    static char *bufs[COUNT];
    start();
    for (int i = 0; i < COUNT; i++) bufs[i] = np_heap_alloc(&heap, 1024, NP_SPAN_BUF);
    size_t before = heap.mem.mapped;
    for (int i = 0; i < COUNT; i += 2) np_heap_free_buf(&heap, bufs[i], 1024);
    np_heap_verify(&heap);
    for (int i = 0; i < COUNT; i += 2) REQUIRE_NOT_NULL(bufs[i] = np_heap_alloc(&heap, 1024, NP_SPAN_BUF));
    EXPECT_EQ(heap.mem.mapped, before);
    for (int i = 0; i < COUNT; i++) np_heap_free_buf(&heap, bufs[i], 1024);
    EXPECT_EQ(heap.freed_total, heap.claimed_total - heap.in_use);
    finish();
}

TEST(what_is_not_marked_is_swept) {
    enum { COUNT = 5000 };
    static void *objs[COUNT];
    void *first;
    start();
    for (int i = 0; i < COUNT; i++) objs[i] = np_heap_alloc(&heap, 48, NP_SPAN_OBJ);
    first = objs[0];
    for (int i = 0; i < COUNT; i++)
        if (i % 10 != 3) objs[i] = NULL;
    collect(objs, COUNT);
    np_heap_verify(&heap);
    EXPECT_EQ(heap.in_use, COUNT / 10 * 48);
    EXPECT_PTR(np_heap_alloc(&heap, 48, NP_SPAN_OBJ), first); /* the low end is filled first */
    collect(NULL, 0);
    EXPECT_EQ(heap.in_use, 0);
    finish();
}

TEST(what_is_allocated_while_marking_survives) {
    start();
    char *before = np_heap_alloc(&heap, 32, NP_SPAN_OBJ);
    np_heap_mark_begin(&heap);
    char *during = np_heap_alloc(&heap, 32, NP_SPAN_OBJ), *large = np_heap_alloc(&heap, 50000, NP_SPAN_OBJ);
    EXPECT_TRUE(np_mark_test(during));
    EXPECT_TRUE(np_mark_test(large));
    EXPECT_FALSE(np_mark_test(before));
    EXPECT_FALSE(np_mark_set(during));
    np_heap_mark_end(&heap);
    EXPECT_TRUE(np_heap_sweep_step(&heap, SIZE_MAX));
    EXPECT_EQ(heap.in_use, 32 + 7 * NP_PAGE_BYTES);
    EXPECT_FALSE(np_mark_test(during));
    finish();
}

TEST(allocation_sweeps_what_it_needs) {
    enum { COUNT = 100000 };
    size_t mapped;
    start();
    for (int i = 0; i < COUNT; i++) np_heap_alloc(&heap, 64, NP_SPAN_OBJ);
    mapped = heap.mem.mapped;
    for (int cycle = 0; cycle < 5; cycle++) {
        np_heap_sweep_step(&heap, SIZE_MAX);
        np_heap_mark_begin(&heap);
        np_heap_mark_end(&heap);
        for (int i = 0; i < COUNT; i++) REQUIRE_NOT_NULL(np_heap_alloc(&heap, 64, NP_SPAN_OBJ));
    }
    EXPECT_EQ(heap.mem.mapped, mapped);
    finish();
}

TEST(a_limit_refuses_until_something_dies) {
    void *last = NULL, *one;
    int got = 0;
    start();
    np_heap_set_limit(&heap, 4 << 20);
    while ((one = np_heap_alloc(&heap, 1000, NP_SPAN_LEAF)) != NULL && got < 100000) {
        memset(one, 1, 1000);
        last = one;
        got++;
    }
    EXPECT_GT(got, 3000);
    EXPECT_LE(heap.mem.ready, 4 << 20);
    EXPECT_NULL(np_heap_alloc(&heap, 100000, NP_SPAN_BUF));
    np_heap_verify(&heap);
    collect(&last, 1);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 2 << 20, NP_SPAN_BUF)); /* free pages of other places are traded in */
    EXPECT_NULL(np_heap_alloc(&heap, 8 << 20, NP_SPAN_BUF));
    EXPECT_NULL(np_heap_alloc(&heap, SIZE_MAX / 2, NP_SPAN_BUF));
    EXPECT_NULL(np_heap_alloc(&heap, SIZE_MAX - 10, NP_SPAN_BUF));
    EXPECT_LE(heap.mem.ready_peak, 4 << 20);
    np_heap_set_limit(&heap, 0);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 8 << 20, NP_SPAN_BUF));
    finish();
}

TEST(each_failed_call_leaves_the_heap_whole) {
    for (long nth = 1; nth < 30; nth++) {
        memset(&heap, 0, sizeof heap);
        np_mem_fail_at(nth, ENOMEM);
        if (np_heap_init(&heap)) {
            for (int i = 0; i < 3000; i++) np_heap_alloc(&heap, 500, NP_SPAN_OBJ);
            np_heap_alloc(&heap, 100000, NP_SPAN_BUF);
            np_heap_alloc(&heap, 80 << 20, NP_SPAN_BUF);
            np_mem_fail_at(0, 0);
            np_heap_verify(&heap);
            collect(NULL, 0);
            np_heap_verify(&heap);
            EXPECT_EQ(heap.in_use, 0);
            np_heap_close(&heap);
        } else {
            EXPECT_EQ(nth, 1);
        }
        np_mem_fail_at(0, 0);
        EXPECT_EQ(heap.mem.reserved, 0);
    }
}

TEST(the_nth_slot_can_be_made_to_fail) {
    start();
    np_heap_alloc(&heap, 32, NP_SPAN_OBJ);
    np_heap_fail_at(&heap, 3);
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ));
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ));
    EXPECT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ));
    EXPECT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ)); /* when it is tried again, too */
    EXPECT_NOT_NULL(np_heap_alloc(&heap, 32, NP_SPAN_OBJ));
    np_heap_fail_at(&heap, 0);
    finish();
}

/* In a process of its own, because NEAPDEBUG is read once. */
static void alloc_and_free_clobbered(void) {
    const char *wrong;
    unsigned char *p, *q;
    np_dbg_init();
    np_dbg_parse("clobberfree", &wrong);
    start();
    p = np_heap_alloc(&heap, 32, NP_SPAN_OBJ);
    q = np_heap_alloc(&heap, 32, NP_SPAN_OBJ);
    if (p[0] != 0xD0 || p[31] != 0xD0) _exit(1);
    memset(p, 1, 32);
    collect((void *[]){q}, 1);
#if NP_ASAN
    if (!__asan_address_is_poisoned(p)) _exit(2);
    NP_UNPOISON(p, 32);
#endif
    if (p[0] != 0xDF || p[31] != 0xDF) _exit(3);
}

TEST(fills_show_fresh_and_freed) { EXPECT_STDERR(alloc_and_free_clobbered(), ""); }

#if NP_ASAN
TEST(stale_pointers_trap) {
    start();
    char *keep = np_heap_alloc(&heap, 64, NP_SPAN_BUF), *p = np_heap_alloc(&heap, 60, NP_SPAN_BUF);
    char *large = np_heap_alloc(&heap, 50000, NP_SPAN_BUF);
    EXPECT_DEATH(((volatile char *)p)[60] = 1, "use-after-poison");
    EXPECT_DEATH(((volatile char *)large)[50000] = 1, "use-after-poison");
    np_heap_free_buf(&heap, large, 50000);
    EXPECT_DEATH(((volatile char *)large)[0] = 1, "use-after-poison");
    collect((void *[]){keep}, 1);
    EXPECT_DEATH(((volatile char *)p)[0] = 1, "use-after-poison");
    keep[0] = 1;
    finish();
}
#endif

/* ---- against a model ---- */

enum { OBJECTS = 2000 };

typedef struct Model {
    unsigned char *at;
    size_t size;
    uint8_t kind, fill;
    bool doomed; /* not marked in the running collection */
} Model;

static Model objects[OBJECTS];

static void write_object(Model *object) {
    object->at[0] = object->fill;
    object->at[object->size / 2] = object->fill;
    object->at[object->size - 1] = object->fill;
}

static void check_object(const Model *object) {
    REQUIRE_EQ(object->at[0], object->fill);
    REQUIRE_EQ(object->at[object->size / 2], object->fill);
    REQUIRE_EQ(object->at[object->size - 1], object->fill);
}

static size_t a_size(uint64_t *seed) {
    switch (unit_random(seed) % 16) {
        case 0: return 1 + unit_random(seed) % 40000;
        case 1: return 1 + unit_random(seed) % 4000;
        case 2: return unit_random(seed) % 8 ? 1 + unit_random(seed) % 300 : 1 + unit_random(seed) % 300000;
        default: return 1 + unit_random(seed) % 200;
    }
}

static size_t seen;
static void count_visit(void *ctx, NpSpan *span, void *slot) {
    seen += np_span_slot_bytes(span);
    (void)ctx;
    (void)slot;
}

static void end_of_marking(uint64_t *seed) {
    for (int i = 0; i < OBJECTS; i++) {
        if (!objects[i].at) continue;
        if (objects[i].doomed) objects[i].at = NULL;
        else np_mark_set(objects[i].at);
    }
    np_heap_verify(&heap);
    np_heap_mark_end(&heap);
    for (int i = 0; i < OBJECTS; i++) objects[i].doomed = unit_random(seed) % 3 == 0;
}

static void walk_model(uint64_t seed, int steps) {
    start();
    memset(objects, 0, sizeof objects);
    for (int step = 0; step < steps; step++) {
        Model *object = &objects[unit_random(&seed) % OBJECTS];
        if (object->at) check_object(object);
        if (object->at && object->kind == NP_SPAN_BUF && unit_random(&seed) % 2) {
            np_heap_free_buf(&heap, object->at, object->size);
            object->at = NULL;
        } else if (!object->at) {
            object->size = a_size(&seed);
            object->kind = unit_random(&seed) % NP_SPAN_KINDS;
            object->fill = (uint8_t)step;
            object->doomed = false;
            object->at = np_heap_alloc(&heap, object->size, object->kind);
            REQUIRE_NOT_NULL(object->at);
            write_object(object);
        }
        switch (unit_random(&seed) % 200) {
            case 0:
                if (!heap.marking && np_heap_sweep_step(&heap, 10000)) {
                    for (int i = 0; i < OBJECTS; i++) objects[i].doomed = objects[i].at && unit_random(&seed) % 3 == 0;
                    np_heap_mark_begin(&heap);
                }
                break;
            case 1:
                if (heap.marking) end_of_marking(&seed);
                break;
            case 2: case 3: case 4: np_heap_sweep_step(&heap, unit_random(&seed) % 40); break;
            case 5: np_heap_release(&heap, unit_random(&seed) % 300, unit_random(&seed) % 400000); break;
            case 6: np_heap_verify(&heap); break;
            default: break;
        }
    }
    if (heap.marking) end_of_marking(&seed);
    np_heap_sweep_step(&heap, SIZE_MAX);
    seen = 0;
    np_heap_walk(&heap, true, count_visit, NULL);
    EXPECT_EQ(seen, heap.in_use);
    size_t expected = 0;
    for (int i = 0; i < OBJECTS; i++)
        if (objects[i].at) expected += np_heap_round(objects[i].size);
    EXPECT_LE(expected, heap.in_use); /* the doomed of a cycle not yet run count too */
    for (int i = 0; i < OBJECTS; i++) {
        objects[i].doomed = false;
        if (objects[i].at) check_object(&objects[i]);
    }
    np_heap_mark_begin(&heap);
    end_of_marking(&seed);
    np_heap_sweep_step(&heap, SIZE_MAX);
    EXPECT_EQ(heap.in_use, expected);
    finish();
}

TEST(random_walk_1) { walk_model(1, 60000); }
TEST(random_walk_2) { walk_model(2, 60000); }
TEST(random_walk_3) { walk_model(3, 60000); }

UNIT_MAIN
