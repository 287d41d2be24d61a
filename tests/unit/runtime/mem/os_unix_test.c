/* os_unix_test.c: what the system tells about pages, use and limits, against other sources. */
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/mem/mem_os.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20 };

TEST(page_size_is_the_systems) {
    EXPECT_EQ(np_os_page_size(), sysconf(_SC_PAGESIZE));
    EXPECT_EQ(np_os_page_size() & (np_os_page_size() - 1), 0);
}

TEST(the_peak_follows_what_is_touched) {
    enum { SIZE = 24 * MIB };
    size_t before = np_os_peak_resident_bytes();
    void *v;
    REQUIRE_EQ(sysAllocOS(SIZE, &v), 0);
    memset(v, 1, SIZE);
    EXPECT_GE(np_os_peak_resident_bytes(), SIZE);
    EXPECT_GE(np_os_peak_resident_bytes(), before);
    EXPECT_EQ(sysFreeOS(v, SIZE), 0);
    EXPECT_GE(np_os_peak_resident_bytes(), SIZE); /* a peak does not fall */
}

TEST(the_ceiling_heeds_the_address_limit) {
    struct rlimit old, low;
    EXPECT_GT(np_os_machine_memory(), 0);
    EXPECT_LE(np_os_memory_ceiling(), np_os_machine_memory());
    getrlimit(RLIMIT_AS, &old);
    low = old;
    low.rlim_cur = 123 * (rlim_t)MIB;
    REQUIRE_EQ(setrlimit(RLIMIT_AS, &low), 0);
    getrlimit(RLIMIT_AS, &low);
    if (low.rlim_cur == old.rlim_cur) SKIP("the system ignores the limit, as qemu-user does");
    EXPECT_EQ(np_os_address_limit(), 123 * MIB);
    EXPECT_LE(np_os_memory_ceiling(), 123 * MIB);
    setrlimit(RLIMIT_AS, &old);
}

UNIT_MAIN
