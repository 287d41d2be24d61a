/* list_test.c: the collector's growable lists. */
#include "runtime/gc/list.h"

#include <errno.h>

#include "tests/unit/unit.h"

static NpGlobal global;

static NpObj *item(size_t i) { return (NpObj *)(i * 16); }

TEST(items_stay_in_order_while_it_grows) {
    NpObjList list = {0};
    for (size_t i = 1; i <= 100000; i++) REQUIRE(np_list_push(&global, &list, item(i)));
    EXPECT_EQ(list.count, 100000);
    for (size_t i = 1; i <= 100000; i++) REQUIRE_PTR(list.items[i - 1], item(i));
    EXPECT_GE(global.heap.mem.ready, 100000 * sizeof(NpObj *));
    np_list_clear(&global, &list);
    EXPECT_EQ(list.count, 0);
    EXPECT_EQ(list.capacity, 0); /* a large one gives its memory back */
    EXPECT_EQ(global.heap.mem.reserved, 0);
}

TEST(a_small_list_keeps_its_memory) {
    NpObjList list = {0};
    REQUIRE(np_list_push(&global, &list, item(1)));
    np_list_clear(&global, &list);
    EXPECT_EQ(list.count, 0);
    EXPECT_GT(list.capacity, 0);
    np_list_close(&global.heap.mem, (void **)&list.items, &list.capacity, sizeof(NpObj *));
    EXPECT_EQ(global.heap.mem.reserved, 0);
}

TEST(a_list_that_has_become_short_is_trimmed) {
    NpObjList list = {0};
    for (size_t i = 1; i <= 100000; i++) REQUIRE(np_list_push(&global, &list, item(i)));
    list.count = 3;
    np_list_trim(&global, &list, 50000); /* it is not to be much shorter */
    EXPECT_GE(list.capacity, 100000);
    np_mem_fail_at(1, ENOMEM);
    np_list_trim(&global, &list, 3);
    np_mem_fail_at(0, 0);
    EXPECT_GE(list.capacity, 100000);
    np_list_trim(&global, &list, 3);
    EXPECT_LE(global.heap.mem.ready, 65536);
    for (size_t i = 1; i <= 3; i++) EXPECT_PTR(list.items[i - 1], item(i));
    np_list_close(&global.heap.mem, (void **)&list.items, &list.capacity, sizeof(NpObj *));
    EXPECT_EQ(global.heap.mem.reserved, 0);
}

TEST(without_memory_it_says_so_and_stays_as_it_is) {
    NpObjList list = {0};
    np_mem_fail_at(1, ENOMEM);
    EXPECT_FALSE(np_list_push(&global, &list, item(1)));
    np_mem_fail_at(0, 0);
    EXPECT_EQ(list.count, 0);
    REQUIRE(np_list_push(&global, &list, item(1)));
    while (list.count < list.capacity) REQUIRE(np_list_push(&global, &list, item(2)));
    np_mem_fail_at(1, ENOMEM);
    EXPECT_FALSE(np_list_push(&global, &list, item(3)));
    np_mem_fail_at(0, 0);
    EXPECT_EQ(list.count, list.capacity);
    EXPECT_PTR(list.items[0], item(1));
    EXPECT_FALSE(np_list_reserve(&global.heap.mem, (void **)&list.items, &list.capacity, list.count, 8, SIZE_MAX / 2));
    np_list_close(&global.heap.mem, (void **)&list.items, &list.capacity, sizeof(NpObj *));
    EXPECT_EQ(global.heap.mem.reserved, 0);
}

UNIT_MAIN
