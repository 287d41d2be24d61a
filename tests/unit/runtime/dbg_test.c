/* dbg_test.c: NEAPDEBUG, np_fatal, printing. */
#include "runtime/dbg.h"

#include "tests/unit/unit.h"

TEST(switches_begin_unset) {
    EXPECT_EQ(np_dbg.dumpcode, NP_DBG_UNSET);
    EXPECT_FALSE(np_dbg_on(dumpcode));
}

TEST(a_name_alone_means_its_default) {
    const char *wrong = NULL;
    EXPECT_TRUE(np_dbg_parse("dumpcode", &wrong));
    EXPECT_EQ(np_dbg.dumpcode, 1);
    EXPECT_TRUE(np_dbg_on(dumpcode));
}

TEST(values_and_several_switches) {
    const char *wrong = NULL;
    EXPECT_TRUE(np_dbg_parse("traceexec=7,, movestack=0x10 hugepages=0", &wrong));
    EXPECT_EQ(np_dbg.traceexec, 7);
    EXPECT_EQ(np_dbg.movestack, 16);
    EXPECT_EQ(np_dbg.hugepages, 0);
    EXPECT_FALSE(np_dbg_on(hugepages));
}

TEST(unknown_parts_are_named_and_the_rest_is_set) {
    const char *wrong = NULL;
    np_dbg.traceexec = NP_DBG_UNSET;
    EXPECT_FALSE(np_dbg_parse("gctrac=1,traceexec=3", &wrong));
    EXPECT_STR(wrong, "gctrac=1,traceexec=3");
    EXPECT_EQ(np_dbg.traceexec, 3);
    EXPECT_FALSE(np_dbg_parse("traceexec=x", &wrong));
    EXPECT_FALSE(np_dbg_parse("traceexec=", &wrong));
    EXPECT_FALSE(np_dbg_parse("traceexec=-2", &wrong));
    EXPECT_FALSE(np_dbg_parse("traceexec=3z", &wrong));
    EXPECT_EQ(np_dbg.traceexec, 3);
}

TEST(the_environment_is_read_once_with_one_warning) {
    EXPECT_STDERR(
        {
            setenv("NEAPDEBUG", "nonsense,alsowrong,dumpcode=5", 1);
            np_dbg_init();
            np_dbg_init();
            if (np_dbg.dumpcode != 5) _exit(1);
        },
        "neap: NEAPDEBUG: ignored what I do not know: 'nonsense'\n");
}

TEST(fatal_says_what_and_aborts) {
    EXPECT_DEATH(np_fatal("span %d is %s", 3, "lost"), "neap: fatal: span 3 is lost\n");
}

TEST(long_lines_are_cut) {
    EXPECT_DEATH(
        {
            char text[3000];
            memset(text, 'x', sizeof text);
            text[sizeof text - 1] = '\0';
            np_dbg_print("%s", text);
            abort();
        },
        "xxxx\n");
}

UNIT_MAIN
