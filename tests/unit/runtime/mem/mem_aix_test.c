/* mem_aix_test.c: mem_aix.c on the model of AIX. */
#include <errno.h>

#include "tests/model/walk.h"

WALK(nothing_is_given_back_and_that_is_said) {
    char *v;
    begin(KM_HOSTILE, 0);
    v = make_ready(4);
    memset(v, 7, pages(4));
    EXPECT_EQ(DO(sysUnused(&walk.mem, v, pages(4))), 0);
    EXPECT_EQ(km_freed(), 0);
    EXPECT_FALSE(np_os_unused_releases());
    EXPECT_TRUE(needZeroAfterSysUnused());
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(4), pages(4))), 0);
    EXPECT_EQ(v[pages(4) - 1], 7);
    EXPECT_EQ(DO(sysFree(&walk.mem, v, pages(4))), 0);
    finish();
}

WALK(an_mprotect_that_does_nothing_is_found_out) {
    int mapped = 0, refused = 0, faulted = 0, kept = 0;
    begin(KM_HOSTILE | KM_SILENT_MPROTECT, 0);
    for (int i = 0; i < 400; i++) {
        char *v = reserve(3);
        int error = DO(sysMap(&walk.mem, v, pages(3)));
        if (error) {
            EXPECT_EQ(error, EACCES);
            refused++;
            EXPECT_EQ(DO(sysUnreserve(&walk.mem, v, pages(3))), 0);
            continue;
        }
        mapped++;
        EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(3), pages(3))), 0);
        EXPECT_EQ(not_zero(v, pages(3)), 0); /* nothing is left of the probes */
        memset(v, 5, pages(3));
        error = DO(sysFault(&walk.mem, v, pages(3)));
        if (error) {
            EXPECT_EQ(error, EACCES);
            kept++;
            EXPECT_EQ(not_zero(v, pages(3)), pages(3));
            EXPECT_EQ(v[0], 5);
            EXPECT_EQ(v[pages(2)], 5);
        } else {
            faulted++;
            if (i % 16 == 0) EXPECT_DEATH(*(volatile char *)v = 1, "");
        }
        EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(3), pages(3), error ? pages(3) : 0)), 0);
    }
    EXPECT_GT(mapped, 0);
    EXPECT_GT(refused, 0);
    EXPECT_GT(faulted, 0);
    EXPECT_GT(kept, 0);
    finish();
}

WALK(nothing_is_mapped_over_what_is_there) {
    char *v;
    long maps;
    begin(KM_HOSTILE, 0);
    v = reserve(4);
    maps = km_calls(KM_MMAP);
    EXPECT_EQ(DO(sysMap(&walk.mem, v, pages(4))), 0);
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(4), pages(4))), 0);
    EXPECT_EQ(DO(sysFault(&walk.mem, v, pages(4))), 0);
    EXPECT_EQ(km_calls(KM_MMAP), maps);
    EXPECT_EQ(DO(sysFreePrepared(&walk.mem, v, pages(4))), 0);
    finish();
}

WALK(what_the_system_tells) {
    begin(0, 0);
    EXPECT_STR(np_os_system_name(), "aix");
    EXPECT_EQ(np_os_huge_page_size(), 0);
    EXPECT_EQ(np_os_resident_bytes(), 0);
    EXPECT_GT(np_os_peak_resident_bytes(), 100 << 10);
    finish();
}

WALK_MAIN
