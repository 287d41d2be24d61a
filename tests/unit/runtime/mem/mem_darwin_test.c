/* mem_darwin_test.c: mem_darwin.c on the model of Darwin. */
#include <errno.h>

#include "tests/model/walk.h"

WALK(the_footprint_falls_and_rises) {
    size_t before, full;
    char *v;
    begin(KM_HOSTILE, 0);
    before = np_os_resident_bytes();
    v = make_ready(32);
    full = np_os_resident_bytes();
    EXPECT_EQ(full, km_footprint());
    EXPECT_GE(full - before, pages(32));
    EXPECT_EQ(DO(sysUnused(&walk.mem, v, pages(24))), 0);
    EXPECT_EQ(np_os_resident_bytes(), full - pages(24));
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(32), pages(24))), 0);
    EXPECT_EQ(np_os_resident_bytes(), full);
    EXPECT_EQ(DO(sysFault(&walk.mem, v, pages(8))), 0);
    EXPECT_EQ(np_os_resident_bytes(), full - pages(8));
    EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(32), pages(32), pages(24))), 0);
    finish();
}

WALK(what_is_given_back_must_be_asked_for_again) {
    char *v;
    begin(KM_HOSTILE, 0);
    v = make_ready(2);
    memset(v, 1, pages(2));
    EXPECT_EQ(DO(sysUnused(&walk.mem, v, pages(2))), 0);
    EXPECT_DEATH(*(volatile char *)v = 1, ""); /* the model, not Darwin, takes the access away */
    km_fail(KM_MADVISE, 1, ENOMEM);
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(2), pages(2))), ENOMEM);
    EXPECT_EQ(DO(sysFreePrepared(&walk.mem, v, pages(2))), 0);
    finish();
}

WALK(what_the_system_tells) {
    begin(0, 0);
    EXPECT_STR(np_os_system_name(), "darwin");
    EXPECT_TRUE(np_os_unused_releases());
    EXPECT_EQ(np_os_huge_page_size(), 0);
    EXPECT_GT(np_os_peak_resident_bytes(), 100 << 10);
    finish();
}

WALK_MAIN
