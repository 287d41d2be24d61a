/* Tests of runtime/gc/survey.c: numbers follow the addresses. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "runtime/gc/survey.h"

static NpHeap heap;

typedef struct Order {
    const NpSurvey *survey;
    size_t next;
    const void *last;
    bool wrong;
} Order;

static bool check_order(void *ctx, void *slot) {
    Order *order = ctx;
    if (np_survey_number(order->survey, slot) != order->next++ || slot <= order->last) order->wrong = true;
    order->last = slot;
    return true;
}

static bool stop_at_ten(void *ctx, void *slot) {
    (void)slot;
    return ++*(size_t *)ctx < 10;
}

TEST(numbers_are_ranks_by_address) {
    static const size_t sizes[] = {16, 48, 100, 1000, 5000, 40000};
    void *buffers[300];
    NpSurvey survey;
    REQUIRE(np_heap_init(&heap));
    for (int i = 0; i < 3000; i++) REQUIRE_NOT_NULL(np_heap_alloc(&heap, sizes[i % 6], i % 3 ? NP_SPAN_OBJ : NP_SPAN_LEAF));
    for (int i = 0; i < 300; i++) buffers[i] = np_heap_alloc(&heap, 64, NP_SPAN_BUF);
    for (int i = 0; i < 300; i += 2) np_heap_free_buf(&heap, buffers[i], 64);
    REQUIRE(np_survey_open(&survey, &heap));
    EXPECT_EQ(survey.count[NP_SPAN_OBJ], 2000);
    EXPECT_EQ(survey.count[NP_SPAN_LEAF], 1000);
    EXPECT_EQ(survey.count[NP_SPAN_BUF], 150);
    for (int kind = 0; kind < NP_SPAN_KINDS; kind++) {
        Order order = {&survey, 0, NULL, false};
        np_survey_each(&survey, (NpSpanKind)kind, check_order, &order);
        EXPECT_EQ(order.next, survey.count[kind]);
        EXPECT_FALSE(order.wrong);
    }
    size_t visited = 0;
    np_survey_each(&survey, NP_SPAN_OBJ, stop_at_ten, &visited);
    EXPECT_EQ(visited, 10);
    np_survey_close(&survey);
    np_heap_close(&heap);
}

TEST(an_empty_heap_has_nothing_to_number) {
    NpSurvey survey;
    REQUIRE(np_heap_init(&heap));
    EXPECT_FALSE(np_survey_open(&survey, &heap));
    np_heap_close(&heap);
}

TEST(no_memory_for_the_numbers) {
    NpSurvey survey;
    REQUIRE(np_heap_init(&heap));
    REQUIRE_NOT_NULL(np_heap_alloc(&heap, 16, NP_SPAN_OBJ));
    np_mem_fail_at(1, ENOMEM);
    EXPECT_FALSE(np_survey_open(&survey, &heap));
    np_mem_fail_at(0, 0);
    np_survey_close(&survey);
    np_heap_close(&heap);
}

#if UINTPTR_MAX > 0xffffffffu
TEST(an_object_with_an_arena_of_its_own) {
    NpSurvey survey;
    REQUIRE(np_heap_init(&heap));
    char *large = np_heap_alloc(&heap, NP_ARENA_BYTES + 1, NP_SPAN_LEAF);
    if (!large) {
        np_heap_close(&heap);
        SKIP("no memory for 64 MiB");
    }
    REQUIRE(np_survey_open(&survey, &heap));
    EXPECT_EQ(survey.count[NP_SPAN_LEAF], 1);
    EXPECT_EQ(np_survey_number(&survey, large), 0);
    np_survey_close(&survey);
    np_heap_close(&heap);
}
#endif

UNIT_MAIN
