/* fixalloc_test.c */
#include "runtime/mem/fixalloc.h"

#include <errno.h>

#include "tests/unit/unit.h"

TEST(records_are_apart_and_reused) {
    enum { COUNT = 5000 };
    NpMem mem = {0};
    NpFixAlloc fix;
    static uint64_t *records[COUNT];
    uint64_t *again;
    np_fixalloc_init(&fix, &mem, 40);
    for (uint64_t i = 0; i < COUNT; i++) {
        records[i] = np_fixalloc_alloc(&fix);
        REQUIRE_NOT_NULL(records[i]);
        for (int word = 0; word < 5; word++) records[i][word] = i;
    }
    for (uint64_t i = 0; i < COUNT; i++)
        for (int word = 0; word < 5; word++) REQUIRE_EQ(records[i][word], i);
    EXPECT_EQ(fix.in_use, COUNT);
    EXPECT_GE(mem.ready, COUNT * 40);
    np_fixalloc_free(&fix, records[17]);
    np_fixalloc_free(&fix, records[99]);
    again = np_fixalloc_alloc(&fix);
    EXPECT_PTR(again, records[99]);
    again = np_fixalloc_alloc(&fix);
    EXPECT_PTR(again, records[17]);
    EXPECT_EQ(fix.in_use, COUNT);
    np_fixalloc_close(&fix);
    EXPECT_EQ(mem.reserved, 0);
}

TEST(empty_chunks_go_back) {
    enum { COUNT = 100000 };
    NpMem mem = {0};
    NpFixAlloc fix;
    static void *records[COUNT];
    np_fixalloc_init(&fix, &mem, 64);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            REQUIRE_NOT_NULL(records[i] = np_fixalloc_alloc(&fix));
            memset(records[i], i & 127, 64);
        }
        EXPECT_GE(mem.ready, COUNT * 64);
        /* four stay: of most chunks nothing */
        for (int i = 0; i < COUNT; i++)
            if (i % 25000 != 3) np_fixalloc_free(&fix, records[i]);
        EXPECT_LE(mem.ready, 6 * 262144);
        for (int i = 3; i < COUNT; i += 25000) {
            EXPECT_EQ(((char *)records[i])[63], i & 127);
            np_fixalloc_free(&fix, records[i]);
        }
        EXPECT_LE(mem.ready, 262144);
        EXPECT_EQ(fix.in_use, 0);
    }
    np_fixalloc_close(&fix);
    EXPECT_EQ(mem.reserved, 0);
}

TEST(tiny_sizes_are_rounded_up) {
    NpMem mem = {0};
    NpFixAlloc fix;
    char *a, *b;
    np_fixalloc_init(&fix, &mem, 1);
    a = np_fixalloc_alloc(&fix);
    b = np_fixalloc_alloc(&fix);
    EXPECT_EQ(b - a, 8);
    np_fixalloc_close(&fix);
}

TEST(no_memory_is_null_and_can_pass) {
    NpMem mem = {0};
    NpFixAlloc fix;
    np_fixalloc_init(&fix, &mem, 64);
    np_mem_fail_at(1, ENOMEM);
    EXPECT_NULL(np_fixalloc_alloc(&fix));
    EXPECT_EQ(fix.in_use, 0);
    EXPECT_NOT_NULL(np_fixalloc_alloc(&fix));
    np_mem_fail_at(0, 0);
    np_fixalloc_close(&fix);
    EXPECT_EQ(mem.ready, 0);
}

UNIT_MAIN
