/* unit.h: the assertions of every C unit test. One include, no library.
 *
 *     #include "tests/unit/unit.h"
 *     TEST(adds_two_numbers) { EXPECT_EQ(1 + 1, 2); }
 *     UNIT_MAIN
 *
 * Tests register themselves and run in the order they are written. Output is TAP; a failure says
 * what, where, expected and got. The program exits 0 if every test passed, else 1. An argument
 * runs only the tests whose name contains it.
 *
 * EXPECT_x notes a failure and goes on; REQUIRE_x ends the test (from helper functions too).
 * In all of them what was got comes first, what is expected second.
 */
#ifndef NP_UNIT_H
#define NP_UNIT_H

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct UnitTest {
    const char *name;
    void (*run)(void);
    struct UnitTest *next;
} UnitTest;

static struct {
    UnitTest *first, *last;
    bool failed;         /* the running test has failed */
    const char *skipped; /* the reason, when it was skipped */
    jmp_buf leave;       /* where REQUIRE and SKIP go */
} unit __attribute__((unused));

static inline void unit_register(UnitTest *test) {
    if (unit.last) unit.last->next = test;
    else unit.first = test;
    unit.last = test;
}

#define TEST(name)                                                                                 \
    static void test_##name(void);                                                                 \
    static UnitTest unit_##name = {#name, test_##name, NULL};                                      \
    __attribute__((constructor)) static void unit_add_##name(void) {                               \
        unit_register(&unit_##name);                                                               \
    }                                                                                              \
    static void test_##name(void)

/* A skipped test needs a reason that is shown. */
#define SKIP(reason) (unit.skipped = (reason), longjmp(unit.leave, 1))

static inline void unit_fail(const char *file, int line, const char *what, const char *expected,
                             const char *got, bool leave) {
    unit.failed = true;
    printf("# %s:%d: %s\n#   expected: %s\n#   got:      %s\n", file, line, what, expected, got);
    fflush(stdout);
    if (leave) longjmp(unit.leave, 1);
}

static inline void unit_int(const char *file, int line, const char *what, long long got,
                            long long expected, bool leave) {
    char want[64], have[64];
    if (got == expected) return;
    snprintf(want, sizeof want, "%lld (0x%llx)", expected, (unsigned long long)expected);
    snprintf(have, sizeof have, "%lld (0x%llx)", got, (unsigned long long)got);
    unit_fail(file, line, what, want, have, leave);
}

static inline void unit_order(const char *file, int line, const char *what, bool holds,
                              long long got, const char *relation, long long bound, bool leave) {
    char want[64], have[64];
    if (holds) return;
    snprintf(want, sizeof want, "%s %lld", relation, bound);
    snprintf(have, sizeof have, "%lld", got);
    unit_fail(file, line, what, want, have, leave);
}

/* Exact, except that every NaN equals every NaN; tells 0.0 from -0.0. */
static inline void unit_num(const char *file, int line, const char *what, double got,
                            double expected, bool leave) {
    char want[64], have[64];
    if ((isnan(got) && isnan(expected)) || (got == expected && signbit(got) == signbit(expected)))
        return;
    snprintf(want, sizeof want, "%.17g", expected);
    snprintf(have, sizeof have, "%.17g", got);
    unit_fail(file, line, what, want, have, leave);
}

static inline void unit_str(const char *file, int line, const char *what, const char *got,
                            const char *expected, bool leave) {
    if (got == expected || (got && expected && strcmp(got, expected) == 0)) return;
    unit_fail(file, line, what, expected ? expected : "(null)", got ? got : "(null)", leave);
}

static inline void unit_contains(const char *file, int line, const char *what, const char *got,
                                 const char *part, bool leave) {
    char want[512];
    if (got && strstr(got, part)) return;
    snprintf(want, sizeof want, "text that contains '%s'", part);
    unit_fail(file, line, what, want, got ? got : "(null)", leave);
}

static inline void unit_ptr(const char *file, int line, const char *what, const void *got,
                            const void *expected, bool leave) {
    char want[64], have[64];
    if (got == expected) return;
    snprintf(want, sizeof want, "%p", (void *)(uintptr_t)expected);
    snprintf(have, sizeof have, "%p", (void *)(uintptr_t)got);
    unit_fail(file, line, what, want, have, leave);
}

static inline void unit_mem(const char *file, int line, const char *what, const void *got,
                            const void *expected, size_t size, bool leave) {
    char want[64], have[64];
    const unsigned char *a = got, *b = expected;
    size_t at = 0;
    while (at < size && a[at] == b[at]) at++;
    if (at == size) return;
    snprintf(want, sizeof want, "byte %zu is 0x%02x", at, b[at]);
    snprintf(have, sizeof have, "0x%02x", a[at]);
    unit_fail(file, line, what, want, have, leave);
}

static inline void unit_true(const char *file, int line, const char *what, bool got, bool expected,
                             bool leave) {
    if (got == expected) return;
    unit_fail(file, line, what, expected ? "true" : "false", got ? "true" : "false", leave);
}

static inline void unit_not_null(const char *file, int line, const char *what, const void *got,
                                 bool leave) {
    if (!got) unit_fail(file, line, what, "not NULL", "NULL", leave);
}

#define UNIT_AT(what) __FILE__, __LINE__, what
#define UNIT_CMP(a, rel, b, leave)                                                                 \
    do {                                                                                           \
        long long unit_a = (long long)(a), unit_b = (long long)(b);                                \
        unit_order(UNIT_AT(#a), unit_a rel unit_b, unit_a, #rel, unit_b, leave);                   \
    } while (0)

#define EXPECT(cond) unit_true(UNIT_AT(#cond), !!(cond), true, false)
#define EXPECT_TRUE(cond) unit_true(UNIT_AT(#cond), !!(cond), true, false)
#define EXPECT_FALSE(cond) unit_true(UNIT_AT(#cond), !!(cond), false, false)
#define EXPECT_EQ(got, want) unit_int(UNIT_AT(#got), (long long)(got), (long long)(want), false)
#define EXPECT_LT(got, bound) UNIT_CMP(got, <, bound, false)
#define EXPECT_LE(got, bound) UNIT_CMP(got, <=, bound, false)
#define EXPECT_GT(got, bound) UNIT_CMP(got, >, bound, false)
#define EXPECT_GE(got, bound) UNIT_CMP(got, >=, bound, false)
#define EXPECT_NE(got, bound) UNIT_CMP(got, !=, bound, false)
#define EXPECT_NUM(got, want) unit_num(UNIT_AT(#got), got, want, false)
#define EXPECT_STR(got, want) unit_str(UNIT_AT(#got), got, want, false)
#define EXPECT_CONTAINS(got, part) unit_contains(UNIT_AT(#got), got, part, false)
#define EXPECT_PTR(got, want) unit_ptr(UNIT_AT(#got), got, want, false)
#define EXPECT_MEM(got, want, size) unit_mem(UNIT_AT(#got), got, want, size, false)
#define EXPECT_NULL(got) unit_ptr(UNIT_AT(#got), got, NULL, false)
#define EXPECT_NOT_NULL(got) unit_not_null(UNIT_AT(#got), got, false)

#define REQUIRE(cond) unit_true(UNIT_AT(#cond), !!(cond), true, true)
#define REQUIRE_EQ(got, want) unit_int(UNIT_AT(#got), (long long)(got), (long long)(want), true)
#define REQUIRE_STR(got, want) unit_str(UNIT_AT(#got), got, want, true)
#define REQUIRE_PTR(got, want) unit_ptr(UNIT_AT(#got), got, want, true)
#define REQUIRE_NOT_NULL(got) unit_not_null(UNIT_AT(#got), got, true)

/* ---- what must die: the statement runs in a child process ---- */

typedef struct UnitDeath {
    pid_t child;
    int from;
    char said[4096];
    int status;
} UnitDeath;

static inline bool unit_death_begin(UnitDeath *death) {
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0) {
        perror("pipe");
        exit(2);
    }
    death->child = fork();
    if (death->child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        return true;
    }
    close(ends[1]);
    death->from = ends[0];
    return false;
}

static inline void unit_death_end(UnitDeath *death) {
    size_t used = 0;
    ssize_t got;
    char rest[512];
    while ((got = read(death->from, used < sizeof death->said - 1 ? death->said + used : rest,
                       used < sizeof death->said - 1 ? sizeof death->said - 1 - used : sizeof rest)) > 0)
        if (used < sizeof death->said - 1) used += (size_t)got;
    death->said[used] = '\0';
    close(death->from);
    waitpid(death->child, &death->status, 0);
}

static inline void unit_death(const char *file, int line, const char *what, UnitDeath *death,
                              const char *part) {
    char want[512], have[4300];
    bool died = !(WIFEXITED(death->status) && WEXITSTATUS(death->status) == 0);
    if (died && strstr(death->said, part)) return;
    snprintf(want, sizeof want, "the process dies saying '%s'", part);
    if (!died) snprintf(have, sizeof have, "it went on");
    else snprintf(have, sizeof have, "it died (wait status 0x%x) saying '%s'", (unsigned)death->status, death->said);
    unit_fail(file, line, what, want, have, false);
}

/* The statement ends the process abnormally with `part` on stderr ("" for whatever it says). */
#define EXPECT_DEATH(statement, part)                                                              \
    do {                                                                                           \
        UnitDeath unit_child;                                                                      \
        if (unit_death_begin(&unit_child)) {                                                       \
            statement;                                                                             \
            _exit(0);                                                                              \
        }                                                                                          \
        unit_death_end(&unit_child);                                                               \
        unit_death(UNIT_AT(#statement), &unit_child, part);                                        \
    } while (0)

/* The statement writes exactly this to stderr and leaves the process alive. */
#define EXPECT_STDERR(statement, want)                                                             \
    do {                                                                                           \
        UnitDeath unit_child;                                                                      \
        if (unit_death_begin(&unit_child)) {                                                       \
            statement;                                                                             \
            _exit(0);                                                                              \
        }                                                                                          \
        unit_death_end(&unit_child);                                                               \
        unit_str(UNIT_AT("stderr of " #statement), unit_child.said, want, false);                  \
        unit_int(UNIT_AT("status of " #statement), unit_child.status, 0, false);                   \
    } while (0)

/* ---- a small seeded generator for random walks: the same numbers everywhere ---- */

static inline uint64_t unit_random(uint64_t *seed) {
    uint64_t z = (*seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Apart, so that no variable of the loop lives across setjmp. */
__attribute__((noinline)) static void unit_run_one(UnitTest *test) {
    unit.failed = false;
    unit.skipped = NULL;
    if (setjmp(unit.leave) == 0) test->run();
}

static inline int unit_run(int argc, char **argv) {
    int count = 0;
    bool bad = false;
    for (UnitTest *test = unit.first; test; test = test->next) {
        if (argc > 1 && !strstr(test->name, argv[1])) continue;
        unit_run_one(test);
        count++;
        if (unit.skipped) printf("ok - %s # SKIP %s\n", test->name, unit.skipped);
        else printf("%s - %s\n", unit.failed ? "not ok" : "ok", test->name);
        fflush(stdout);
        bad = bad || unit.failed;
    }
    printf("1..%d\n", count);
    if (count == 0) {
        printf("# no test is named so\n");
        return 1;
    }
    return bad ? 1 : 0;
}

#define UNIT_MAIN                                                                                  \
    int main(int argc, char **argv) {                                                              \
        return unit_run(argc, argv);                                                               \
    }

#endif
