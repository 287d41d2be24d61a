/* sbrk_brk_test.c: brk(2) as it is, with malloc beside it. */
#include "runtime/mem/mem_sbrk.h"

#include <errno.h>

#include "runtime/mem/mem_os.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20 };

TEST(memory_comes_from_the_break_and_is_counted_as_resident) {
    uintptr_t before = np_sbrk_break();
    size_t resident = np_os_resident_bytes();
    void *v;
    EXPECT_GT(resident, 0);
    REQUIRE_EQ(sysAllocOS(16 * MIB, &v), 0);
    EXPECT_GE(np_sbrk_break(), before + 16 * MIB);
    EXPECT_GE((uintptr_t)v, before);
    memset(v, 1, 16 * MIB);
    EXPECT_GE(np_os_resident_bytes(), resident + 8 * MIB);
    EXPECT_EQ(sysFreeOS(v, 16 * MIB), 0);
    np_sbrk_verify();
}

TEST(a_stale_break_is_not_extended) {
    uintptr_t now = np_sbrk_break();
    EXPECT_EQ(np_sbrk_extend(now - 4096, now + 4096), 0);
    EXPECT_EQ(np_sbrk_break(), now);
    EXPECT_EQ(np_sbrk_extend(now, UINTPTR_MAX / 4), 0); /* the kernel refuses */
    EXPECT_EQ(np_sbrk_break(), now);
}

TEST(malloc_and_neap_share_the_break) {
    enum { ROUNDS = 200 };
    static void *ours[ROUNDS];
    static char *theirs[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = (size_t)(1 + i % 5) * 65536;
        REQUIRE_EQ(sysAllocOS(n, &ours[i]), 0);
        memset(ours[i], i, n);
        theirs[i] = malloc(50000); /* below the size from which malloc uses mmap */
        REQUIRE_NOT_NULL(theirs[i]);
        memset(theirs[i], ~i, 50000);
        if (i % 3 == 0) {
            EXPECT_EQ(sysFreeOS(ours[i], n), 0);
            ours[i] = NULL;
        }
    }
    np_sbrk_verify();
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = (size_t)(1 + i % 5) * 65536;
        char *bytes = ours[i];
        EXPECT(theirs[i][0] == (char)~i && theirs[i][49999] == (char)~i);
        free(theirs[i]);
        if (!bytes) continue;
        EXPECT(bytes[0] == (char)i && bytes[n - 1] == (char)i);
        EXPECT_EQ(sysFreeOS(bytes, n), 0);
    }
    np_sbrk_verify();
}

TEST(the_data_limit_is_an_error) {
    struct rlimit old, low;
    void *v;
    getrlimit(RLIMIT_DATA, &old);
    low = old;
    low.rlim_cur = 64 * MIB;
    REQUIRE_EQ(setrlimit(RLIMIT_DATA, &low), 0);
    EXPECT_EQ(sysAllocOS(256 * MIB, &v), ENOMEM);
    setrlimit(RLIMIT_DATA, &old);
    REQUIRE_EQ(sysAllocOS(256 * MIB, &v), 0);
    EXPECT_EQ(sysFreeOS(v, 256 * MIB), 0);
}

TEST(what_it_says_of_the_machine) {
    EXPECT_EQ(np_os_group_limit(), 0);
    EXPECT_GE(np_os_peak_resident_bytes(), np_os_resident_bytes() / 2);
}

UNIT_MAIN
