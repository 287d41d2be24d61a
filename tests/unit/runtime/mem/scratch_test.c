/* scratch_test.c */
#include "runtime/mem/scratch.h"

#include <errno.h>

#include "runtime/mem/mem_os.h"
#include "tests/unit/unit.h"

TEST(pieces_are_aligned_and_apart) {
    enum { COUNT = 3000 };
    NpMem mem = {0};
    NpScratch scratch;
    static unsigned char *pieces[COUNT];
    static size_t sizes[COUNT];
    uint64_t seed = 7;
    np_scratch_init_in(&scratch, &mem);
    for (int i = 0; i < COUNT; i++) {
        sizes[i] = i % 100 == 99 ? 100000 : unit_random(&seed) % 200;
        pieces[i] = np_scratch_alloc(&scratch, sizes[i]);
        REQUIRE_NOT_NULL(pieces[i]);
        EXPECT_EQ((uintptr_t)pieces[i] % 8, 0);
        memset(pieces[i], i & 255, sizes[i]);
    }
    for (int i = 0; i < COUNT; i++)
        for (size_t at = 0; at < sizes[i]; at++) REQUIRE_EQ(pieces[i][at], i & 255);
    EXPECT_GT(mem.ready, 3000000);
    EXPECT_LT(mem.ready, 5000000);
    np_scratch_free(&scratch);
    EXPECT_EQ(mem.reserved, 0);
    np_scratch_trim();
}

TEST(a_small_user_needs_no_system_call_the_second_time) {
    NpScratch scratch;
    long calls;
    np_scratch_init(&scratch);
    EXPECT_NOT_NULL(np_scratch_alloc(&scratch, 100));
    np_scratch_free(&scratch);
    calls = np_mem_calls();
    EXPECT_NOT_NULL(np_scratch_alloc(&scratch, 100));
    EXPECT_NOT_NULL(np_scratch_alloc(&scratch, 8000));
    np_scratch_free(&scratch);
    EXPECT_EQ(np_mem_calls(), calls);
    np_scratch_trim();
    EXPECT_EQ(np_mem_process.ready, 0);
}

TEST(the_owners_limit_holds) {
    NpMem mem = {.limit = 200000};
    NpScratch scratch;
    int got = 0;
    np_scratch_init_in(&scratch, &mem);
    while (np_scratch_alloc(&scratch, 1000) && got < 10000) got++;
    EXPECT_GT(got, 100);
    EXPECT_LT(got, 400);
    EXPECT_NULL(np_scratch_alloc(&scratch, 500000));
    np_scratch_free(&scratch);
    EXPECT_EQ(mem.ready, 0);
}

TEST(failures_and_absurd_sizes_are_null) {
    NpScratch scratch;
    np_scratch_init(&scratch);
    EXPECT_NULL(np_scratch_alloc(&scratch, SIZE_MAX));
    EXPECT_NULL(np_scratch_alloc(&scratch, SIZE_MAX - 7));
    EXPECT_NULL(np_scratch_alloc(&scratch, SIZE_MAX / 2));
    np_scratch_trim();
    np_mem_fail_at(1, ENOMEM);
    EXPECT_NULL(np_scratch_alloc(&scratch, 10));
    EXPECT_NOT_NULL(np_scratch_alloc(&scratch, 10));
    np_mem_fail_at(0, 0);
    np_scratch_free(&scratch);
    np_scratch_free(&scratch);
}

TEST(a_mark_is_gone_back_to) {
    NpMem mem = {0};
    NpScratch scratch;
    NpScratchMark outer, inner;
    char *first, *second;
    size_t before, used;
    np_scratch_init_in(&scratch, &mem);
    REQUIRE_NOT_NULL(np_scratch_alloc(&scratch, 100));
    outer = np_scratch_mark(&scratch);
    used = scratch.used;
    first = np_scratch_alloc(&scratch, 40);
    inner = np_scratch_mark(&scratch);
    REQUIRE_NOT_NULL(np_scratch_alloc(&scratch, 24));
    np_scratch_release(&scratch, inner);
    second = np_scratch_alloc(&scratch, 24);
    EXPECT_PTR(second, first + 40);
    for (int i = 0; i < 5000; i++) memset(np_scratch_alloc(&scratch, 1000), 7, 1000);
    np_scratch_release(&scratch, outer);
    EXPECT_EQ(scratch.used, used);
    EXPECT_LE(mem.ready, 1 << 20); /* one chunk is kept at hand */
    EXPECT_PTR(np_scratch_alloc(&scratch, 40), first);
    before = mem.ready;
    for (int round = 0; round < 100; round++) { /* over the end of the chunk and back */
        NpScratchMark mark = np_scratch_mark(&scratch);
        memset(np_scratch_alloc(&scratch, 60000), round, 60000);
        np_scratch_release(&scratch, mark);
        EXPECT_EQ(mem.ready, before);
    }
    np_scratch_free(&scratch);
    EXPECT_EQ(mem.reserved, 0);
    np_scratch_trim();
}

TEST(a_large_piece_can_be_dropped) {
    NpMem mem = {0};
    NpScratch scratch;
    char *small, *large, *kept;
    np_scratch_init_in(&scratch, &mem);
    small = np_scratch_alloc(&scratch, 8);
    large = np_scratch_alloc(&scratch, 3 << 20);
    kept = np_scratch_alloc(&scratch, 3 << 20);
    memset(small, 1, 8);
    memset(kept, 2, 3 << 20);
    np_scratch_drop(&scratch, small, 8);
    EXPECT_GT(mem.ready, 6 << 20);
    np_scratch_drop(&scratch, large, 3 << 20);
    EXPECT_LT(mem.ready, 4 << 20);
    EXPECT_EQ(small[7], 1);
    EXPECT_EQ(kept[1000000], 2);
    np_scratch_free(&scratch);
    EXPECT_EQ(mem.reserved, 0);
    np_scratch_trim();
}

TEST(a_large_piece_leaves_the_current_chunk_in_use) {
    NpScratch scratch;
    char *before, *after;
    np_scratch_init(&scratch);
    before = np_scratch_alloc(&scratch, 16);
    EXPECT_NOT_NULL(np_scratch_alloc(&scratch, (1 << 20) - 64));
    after = np_scratch_alloc(&scratch, 16);
    EXPECT_EQ(after - before, 16);
    np_scratch_free(&scratch);
}

UNIT_MAIN
