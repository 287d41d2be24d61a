/* mem_shadow_test.c: the registry by itself. Its use by the calls is tested in mem_test.c. */
#include "runtime/mem/mem_shadow.h"

#include <errno.h>

#include "runtime/dbg.h"
#include "tests/unit/unit.h"

/* In every variant, as NEAPDEBUG=memcheck does. */
__attribute__((constructor)) static void follow(void) { np_dbg.memcheck = 1; }

static char *page(int i) { return (char *)((uintptr_t)0x10000000000 + (size_t)i * np_os_page_size()); }
static size_t bytes(int pages) { return (size_t)pages * np_os_page_size(); }

TEST(states_are_kept_by_page) {
    NpMem mem = {0};
    DebugMemoryAllocate(&mem, page(0), bytes(8), NP_SHADOW_RESERVED);
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
    DebugMemoryFree(page(0));
    EXPECT_EQ(np_mem_state_of(page(3)), 'N');
}

TEST(overlaps_and_strangers_are_fatal) {
    NpMem mem = {0}, other = {0};
    DebugMemoryAllocate(&mem, page(0), bytes(4), NP_SHADOW_READY);
    EXPECT_DEATH(DebugMemoryAllocate(&mem, page(3), bytes(2), NP_SHADOW_READY), "overlaps");
    EXPECT_DEATH(np_shadow_expect(&other, page(0), bytes(1), NP_SHADOW_READY, "a test"), "another owner");
    EXPECT_DEATH(np_shadow_expect(&mem, page(3), bytes(2), NP_SHADOW_READY, "a test"), "over the end");
    EXPECT_DEATH(np_shadow_expect(&mem, page(9), bytes(1), NP_SHADOW_READY, "a test"), "not ours");
    DebugMemoryFree(page(0));
}

TEST(a_report_names_region_state_and_last_calls) {
    NpMem mem = {0};
    char want[1024];
    np_mem_site = "one.c:1";
    DebugMemoryAllocate(&mem, page(0), bytes(4), NP_SHADOW_RESERVED);
    np_shadow_note("reserve", page(0), bytes(4), 0);
    np_mem_site = "two.c:22";
    np_shadow_note("map", page(1), bytes(1), ENOMEM);
    np_shadow_note("map", page(1), bytes(2), 0);
    np_shadow_set(page(1), bytes(2), NP_SHADOW_PREPARED);
    np_shadow_note("map", page(3), bytes(1), 0); /* another page's */
    snprintf(want, sizeof want,
             "mem: %p is Prepared, in the region %p of %zu bytes from one.c:1\n"
             "  map %p %zu at two.c:22\n"
             "  map %p %zu at two.c:22: no memory\n"
             "  reserve %p %zu at one.c:1\n",
             (void *)(page(1) + 9), (void *)page(0), bytes(4), (void *)page(1), bytes(2), (void *)page(1), bytes(1),
             (void *)page(0), bytes(4));
    EXPECT_STDERR(np_shadow_report(page(1) + 9), want);
    EXPECT_DEATH(np_shadow_expect(&mem, page(1), bytes(1), NP_SHADOW_READY, "a test"), "one.c:1\n  map ");
    np_mem_site = "three.c:3";
    DebugMemoryFree(page(0));
    np_shadow_note("free", page(0), bytes(4), 0);
    EXPECT_DEATH(np_shadow_expect(&mem, page(1), bytes(1), NP_SHADOW_READY, "a test"),
                 "is not ours (None)\n  free ");
    EXPECT_STDERR(np_shadow_report(NULL), "mem: 0x0 is not ours (None)\n");
}

TEST(history_forgets_the_oldest_and_shows_the_youngest) {
    char text[512], want[600];
    size_t used = 0;
    for (int i = 0; i < 5000; i++) {
        np_mem_site = i == 4999 ? "last.c:1" : i % 2 ? "odd.c:1" : "even.c:1";
        np_shadow_note("note", page(50), bytes(1), 0);
    }
    for (int i = 0; i < 8; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "  note %p %zu at %s\n", (void *)page(50), bytes(1),
                                 i == 0 ? "last.c:1" : i % 2 ? "even.c:1" : "odd.c:1");
    snprintf(want, sizeof want, "mem: %p is not ours (None)\n%s", (void *)page(50), text);
    EXPECT_STDERR(np_shadow_report(page(50)), want);
}

UNIT_MAIN
