/* mem_shadow_test.c: the shadow by itself. Its use by the calls is tested in mem_test.c. */
#include "runtime/mem/mem_shadow.h"

#include "tests/unit/unit.h"

#if CHECK >= 2

static char *page(int i) { return (char *)((uintptr_t)0x10000000000 + (size_t)i * np_os_page_size()); }
static size_t bytes(int pages) { return (size_t)pages * np_os_page_size(); }

TEST(states_are_kept_by_page) {
    NpMem mem = {0};
    np_shadow_add(&mem, page(0), bytes(8), NP_SHADOW_RESERVED);
    np_shadow_set(page(2), bytes(3), NP_SHADOW_PREPARED);
    np_shadow_set(page(3), bytes(1), NP_SHADOW_READY);
    EXPECT_EQ(np_mem_state_of(page(1)), 'R');
    EXPECT_EQ(np_mem_state_of(page(2)), 'P');
    EXPECT_EQ(np_mem_state_of(page(3) + 5), 'U');
    EXPECT_EQ(np_mem_state_of(page(5)), 'R');
    EXPECT_EQ(np_mem_state_of(page(8)), 'N');
    np_shadow_expect(&mem, page(0), bytes(2), NP_SHADOW_RESERVED, "a test");
    np_shadow_expect_used(&mem, page(2), bytes(3), bytes(2));
    EXPECT_DEATH(np_shadow_expect(&mem, page(1), bytes(2), NP_SHADOW_RESERVED, "a test"),
                 "a test of a page that is Prepared, not Reserved");
    EXPECT_DEATH(np_shadow_expect_used(&mem, page(1), bytes(3), bytes(2)), "neither Prepared nor Ready");
    EXPECT_DEATH(np_shadow_expect_free(&mem, page(0), bytes(8), bytes(3), bytes(2)), "mapped and");
    np_shadow_expect_free(&mem, page(0), bytes(8), bytes(3), bytes(1));
    mem = (NpMem){.reserved = bytes(8), .mapped = bytes(3), .ready = bytes(1)};
    np_mem_verify(&mem);
    np_shadow_remove(page(0));
    EXPECT_EQ(np_mem_state_of(page(3)), 'N');
}

TEST(overlaps_and_strangers_are_fatal) {
    NpMem mem = {0}, other = {0};
    np_shadow_add(&mem, page(0), bytes(4), NP_SHADOW_READY);
    EXPECT_DEATH(np_shadow_add(&mem, page(3), bytes(2), NP_SHADOW_READY), "overlaps");
    EXPECT_DEATH(np_shadow_expect(&other, page(0), bytes(1), NP_SHADOW_READY, "a test"), "another owner");
    EXPECT_DEATH(np_shadow_expect(&mem, page(3), bytes(2), NP_SHADOW_READY, "a test"), "over the end");
    EXPECT_DEATH(np_shadow_expect(&mem, page(9), bytes(1), NP_SHADOW_READY, "a test"), "not ours");
    np_shadow_remove(page(0));
}

#else

TEST(below_check_2_it_does_nothing) {
    NpMem mem = {0};
    np_shadow_add(&mem, NULL, 1, NP_SHADOW_READY);
    np_shadow_expect(&mem, NULL, 1, NP_SHADOW_RESERVED, "nothing");
    np_mem_verify(&mem);
    EXPECT_EQ(np_mem_state_of(&mem), '?');
}

#endif

UNIT_MAIN
