/* mem_linux_walk_test.c: mem_linux.c on the model of Linux, through the same tests as the systems
 * that are not here. What Linux itself does is mem_linux_test.c's. */
#include "runtime/mem/mem_linux.h"

#include <errno.h>
#include <sys/mman.h>

#include "tests/model/walk.h"

WALK(every_rung_of_the_ladder_is_memory) {
    static const int rungs[] = {MADV_DONTNEED, MADV_FREE, 0};
    begin(KM_HOSTILE, 0);
    for (size_t i = 0; i < sizeof rungs / sizeof *rungs; i++) {
        np_linux_forget_advice(0, rungs[i]);
        char *v = make_ready(8);
        memset(v, 1, pages(8));
        EXPECT_EQ(DO(sysUnused(&walk.mem, v, pages(4))), 0);
        EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(8), pages(4))), 0);
        if (!needZeroAfterSysUnused()) EXPECT_EQ(not_zero(v, pages(8)), pages(4));
        memset(v, 2, pages(8));
        EXPECT_EQ(v[0], 2);
        EXPECT_EQ(DO(sysFree(&walk.mem, v, pages(8))), 0);
    }
    finish();
}

WALK(a_refused_advice_is_the_last_time_it_is_asked) {
    char *v;
    begin(KM_HOSTILE, 0);
    v = make_ready(8);
    memset(v, 1, pages(8));
    km_fail(KM_MADVISE, 1, EINVAL);
    EXPECT_EQ(DO(sysUnused(&walk.mem, v, pages(4))), 0);
    EXPECT_EQ(np_linux_advice_in_use(), 0);
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(8), pages(4))), 0);
    EXPECT_EQ(not_zero(v, pages(8)), pages(4));
    km_fail(KM_MMAP, 1, ENOMEM);
    EXPECT_EQ(DO(sysUnused(&walk.mem, v, pages(4))), ENOMEM);
    EXPECT_EQ(DO(sysFree(&walk.mem, v, pages(8))), 0);
    finish();
}

WALK_MAIN
