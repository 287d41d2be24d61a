/* km_test.c: the machinery of the kernel model: addresses, pages, failing on purpose, the record,
 * the adversary and its seed, threads. What each system's rules are is km_rules_test's matter.
 */
#include "tests/model/km.h"
#include "tests/model/km_priv.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/unit/unit.h"

static KmProfile current;

static void begin_with(KmConfig config) {
    current = config.profile;
    if (config.window == 0) config.window = (size_t)256 << 20;
    km_start(&config);
}

static void begin(KmProfile profile) { begin_with((KmConfig){.profile = profile}); }

static size_t page(void) { return (size_t)km_getpagesize(); }

static int anon(void) { return (int)km_number(current, "MAP_ANON") | MAP_PRIVATE; }

static char *map(char *hint, size_t len, int prot) { return km_mmap(hint, len, prot, anon(), -1, 0); }

static char *reserve(size_t len) {
    int extra = km_number(current, "MAP_NORESERVE") > 0 ? (int)km_number(current, "MAP_NORESERVE") : 0;
    return km_mmap(NULL, len, PROT_NONE, anon() | extra, -1, 0);
}

enum { RW = PROT_READ | PROT_WRITE };

TEST(memory_is_zero_and_usable_and_goes_away) {
    begin(KM_FREEBSD);
    char *at = map(NULL, 3 * page(), RW);
    REQUIRE(at != MAP_FAILED);
    EXPECT_EQ(km_state_of(at).contents, KM_ZERO);
    at[3 * page() - 1] = 1;
    EXPECT_EQ(km_state_of(at + 2 * page()).contents, KM_LIVE);
    EXPECT_EQ(km_state_of(at).contents, KM_ZERO);
    EXPECT_EQ(km_mapped(), 3 * page());
    EXPECT_EQ(km_munmap(at + page(), page()), 0);
    EXPECT_FALSE(km_state_of(at + page()).mapped);
    EXPECT_DEATH(*(volatile char *)(at + page()) = 1, "");
    EXPECT_EQ(km_mapped(), 2 * page());
    km_verify();
    EXPECT_EQ(km_munmap(at, page()) + km_munmap(at + 2 * page(), page()), 0);
    EXPECT_EQ(km_mapped(), 0);
    km_verify();
}

TEST(errno_is_left_alone_by_success) {
    begin(KM_FREEBSD);
    errno = 77;
    char *at = map(NULL, page(), RW);
    EXPECT_EQ(km_mprotect(at, page(), PROT_READ), 0);
    EXPECT_EQ(km_munmap(at, page()), 0);
    EXPECT_EQ(errno, 77);
}

TEST(protection_is_real) {
    begin(KM_FREEBSD);
    char *at = reserve(2 * page());
    EXPECT_DEATH(*(volatile char *)at, "");
    EXPECT_EQ(km_mprotect(at, page(), PROT_READ), 0);
    EXPECT_EQ(*(volatile char *)at, 0);
    EXPECT_DEATH(*(volatile char *)at = 1, "");
    EXPECT_DEATH(*(volatile char *)(at + page()), "");
    km_verify();
}

TEST(hints_are_taken_or_not) {
    KmCounters counters;
    int taken = 0;
    begin(KM_FREEBSD);
    char *first = map(NULL, page(), RW);
    for (int i = 0; i < 100; i++) {
        char *hint = first + (1 + (size_t)i) * 8 * page(), *at = map(hint, page(), RW);
        REQUIRE(at != MAP_FAILED);
        taken += at == hint;
        EXPECT_EQ(km_munmap(at, page()), 0);
    }
    EXPECT_GT(taken, 50);
    EXPECT_LT(taken, 100);
    km_counters(&counters);
    EXPECT_EQ(counters.hints_taken, taken);
    EXPECT_EQ(counters.hints_ignored, 100 - taken);
    EXPECT_NE(map(first, page(), RW), first); /* never over what is there */
    begin_with((KmConfig){.profile = KM_FREEBSD, .adversary = KM_IGNORE_HINTS});
    first = map(NULL, page(), RW);
    map(first + 10 * page(), page(), RW);
    map((char *)0xc000000000, page(), RW); /* far away: as good as no hint */
    km_counters(&counters);
    EXPECT_EQ(counters.hints_taken, 0);
}

TEST(address_space_ends) {
    begin_with((KmConfig){.profile = KM_FREEBSD, .window = 1 << 20});
    char *at = map(NULL, 1 << 20, PROT_NONE);
    REQUIRE(at != MAP_FAILED);
    EXPECT_EQ(map(NULL, page(), RW), MAP_FAILED);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_EQ(km_munmap(at + 5 * page(), 2 * page()), 0);
    EXPECT_EQ(map(NULL, 3 * page(), RW), MAP_FAILED);
    EXPECT_EQ(map(NULL, 2 * page(), RW), at + 5 * page());
    EXPECT_EQ(map(NULL, (size_t)1 << 40, RW), MAP_FAILED);
    km_verify();
}

TEST(larger_pages) {
    static const size_t sizes[] = {4096, 16384, 65536};
    for (int i = 0; i < 3; i++) {
        begin_with((KmConfig){.profile = KM_NETBSD, .page = sizes[i]});
        EXPECT_EQ(page(), sizes[i]);
        EXPECT_EQ(km_sysconf((int)km_number(KM_NETBSD, "_SC_PAGESIZE")), sizes[i]);
        char *at = map(NULL, 4 * page(), RW);
        EXPECT_EQ((uintptr_t)at % sizes[i], 0);
        memset(at, 1, 4 * page());
        EXPECT_EQ(km_munmap(at + page(), page()), 0);
        if (sizes[i] > 4096) {
            EXPECT_DEATH(km_munmap(at + 4096, page()), "not a multiple of the page size");
            EXPECT_DEATH(km_madvise(at + 4096, page(), 6), "not a multiple of the page size");
            EXPECT_DEATH(km_mprotect(at, 4096, PROT_NONE), "the length is not a multiple of the page size");
        }
        km_verify();
    }
    EXPECT_EQ(km_sysconf(12345), -1);
    EXPECT_EQ(errno, EINVAL);
}

TEST(residency) {
    char vec[4];
    begin_with((KmConfig){.profile = KM_SOLARIS, .page = 16384, .adversary = KM_DROP_FREED});
    char *at = map(NULL, 4 * page(), RW);
    memset(vec, 9, sizeof vec);
    EXPECT_EQ(km_mincore(at, 4 * page(), vec), 0);
    EXPECT_EQ(vec[0] | vec[1] | vec[2] | vec[3], 0);
    at[page() + 9000] = at[2 * page()] = 1;
    EXPECT_EQ(km_mincore(at, 4 * page(), vec), 0);
    EXPECT_EQ(vec[0], 0);
    EXPECT_EQ(vec[1] & vec[2], 1);
    EXPECT_EQ(km_madvise(at + page(), page(), (int)km_number(KM_SOLARIS, "MADV_FREE")), 0);
    EXPECT_EQ(km_mincore(at + page(), page(), vec), 0);
    EXPECT_EQ(vec[0], 0);
}

/* ---- failing on purpose ---- */

/* One call of each kind on two pages; its result. */
static long one_call(KmKind kind, char *at) {
    char vec[2];
    switch (kind) {
        case KM_MMAP: return map(NULL, page(), RW) == MAP_FAILED ? -1 : 0;
        case KM_MUNMAP: return km_munmap(at, page());
        case KM_MPROTECT: return km_mprotect(at, page(), PROT_READ);
        case KM_MADVISE: return km_madvise(at, page(), (int)km_number(current, "MADV_DONTNEED"));
        case KM_MINCORE: return km_mincore(at, page(), vec);
        default: {
            pid_t child = km_fork();
            if (child == 0) _exit(0);
            if (child > 0) waitpid(child, NULL, 0);
            return child < 0 ? -1 : 0;
        }
    }
}

TEST(every_documented_errno_can_be_asked_for) {
    for (int profile = 0; profile < KM_PROFILES; profile++)
        for (int kind = 0; kind < KM_ANY; kind++) {
            int count = 0, error;
            begin((KmProfile)profile);
            char *at = map(NULL, 2 * page(), RW);
            at[0] = 5;
            while ((error = km_documented((KmKind)kind, count)) != 0) {
                km_fail((KmKind)kind, 1, error);
                EXPECT_FALSE(km_failed());
                errno = 0;
                EXPECT_EQ(one_call((KmKind)kind, at), -1);
                EXPECT_EQ(errno, error);
                EXPECT_TRUE(km_failed());
                EXPECT_EQ(at[0], 5);
                EXPECT_EQ(km_mapped(), 2 * page());
                count++;
            }
            EXPECT_GE(count, 1);
            EXPECT_EQ(one_call((KmKind)kind, at), 0); /* once only */
            km_verify();
        }
}

TEST(the_kth_call_fails) {
    begin(KM_DARWIN);
    km_fail(KM_MMAP, 3, ENOMEM);
    char *at = map(NULL, page(), RW);
    EXPECT_EQ(km_munmap(at, page()), 0);
    EXPECT_NE(map(NULL, page(), RW), MAP_FAILED);
    EXPECT_FALSE(km_failed());
    EXPECT_EQ(map(NULL, page(), RW), MAP_FAILED);
    EXPECT_NE(map(NULL, page(), RW), MAP_FAILED);
    km_fail(KM_ANY, 2, 0); /* whatever it is, with its first errno */
    at = map(NULL, page(), RW);
    EXPECT_EQ(km_mprotect(at, page(), PROT_READ), -1);
    EXPECT_EQ(errno, km_documented(KM_MPROTECT, 0));
    km_fail(KM_ANY, 1, 0);
    km_fail(KM_ANY, 0, 0); /* taken back */
    EXPECT_EQ(km_mprotect(at, page(), PROT_READ), 0);
    EXPECT_EQ(km_calls(KM_MMAP), 5);
    EXPECT_EQ(km_calls(KM_ANY), 8);
    km_fail(KM_MUNMAP, 1, EACCES);
    EXPECT_DEATH(km_munmap(at, page()), "not documented for this call");
}

TEST(some_calls_fail_by_the_seed) {
    KmCounters counters;
    int failed = 0;
    begin_with((KmConfig){.profile = KM_SOLARIS, .seed = 3, .fail_per_1000 = 200});
    for (int i = 0; i < 1000; i++) {
        char *at = map(NULL, page(), RW);
        if (at == MAP_FAILED) {
            failed++;
            EXPECT_TRUE(errno == EAGAIN || errno == ENOMEM || errno == EMFILE || errno == km_number(KM_SOLARIS, "ENOTSUP"));
        } else EXPECT_EQ(km_munmap(at, page()), 0); /* nothing is documented that could happen */
    }
    EXPECT_GT(failed, 100);
    EXPECT_LT(failed, 300);
    km_counters(&counters);
    EXPECT_EQ(counters.failed, failed);
    km_verify();
}

TEST(not_before_its_time) {
    int failed = 0;
    begin_with((KmConfig){.profile = KM_SOLARIS, .fail_per_1000 = 1000, .fail_after = 20});
    for (int i = 1; i <= 30; i++) {
        bool fails = map(NULL, page(), RW) == MAP_FAILED;
        EXPECT_EQ(fails, i > 20);
        failed += fails;
    }
    EXPECT_EQ(failed, 10);
}

/* The profile is that of km.c's KM_PROFILE, which is linux in this program. */
TEST(settings_come_from_the_environment) {
    setenv("NEAP_KM", "seed=0x5,page=16384,adversary=4,fail=1000,after=1,report=1", 1);
    km_stop();
    current = KM_LINUX;
    EXPECT_EQ(km_getpagesize(), 16384);
    char *at = map(NULL, page(), RW);
    REQUIRE(at != MAP_FAILED);
    EXPECT_EQ(map(NULL, page(), RW), MAP_FAILED);
    EXPECT_DEATH(exit(1), "km: linux, seed 5: 2 mmap, 0 munmap, 0 mprotect, 0 madvise; 1 failed");
    km_stop();
    setenv("NEAP_KM", "speed=5", 1);
    EXPECT_DEATH(km_getpagesize(), "NEAP_KM has no setting of this name: speed=5");
    unsetenv("NEAP_KM");
    EXPECT_EQ(km_getpagesize(), 4096);
}

/* ---- what is freed ---- */

static int kept_of(char *at, int pages) {
    int kept = 0;
    for (int i = 0; i < pages; i++) kept += at[(size_t)i * page()] != 0;
    return kept;
}

TEST(freed_pages_are_dropped_or_kept_by_the_seed) {
    static const unsigned adversaries[] = {0, KM_KEEP_FREED, KM_DROP_FREED};
    KmCounters counters;
    for (int i = 0; i < 3; i++) {
        begin_with((KmConfig){.profile = KM_FREEBSD, .adversary = adversaries[i]});
        char *at = map(NULL, 64 * page(), RW);
        memset(at, 7, 64 * page());
        EXPECT_EQ(km_footprint(), 64 * page());
        EXPECT_EQ(km_madvise(at, 60 * page(), (int)km_number(KM_FREEBSD, "MADV_FREE")), 0);
        int kept = kept_of(at, 60);
        km_counters(&counters);
        EXPECT_EQ(counters.pages_kept, kept);
        EXPECT_EQ(counters.pages_dropped, 60 - kept);
        if (i == 0) EXPECT_TRUE(kept > 10 && kept < 50);
        else EXPECT_EQ(kept, i == 1 ? 60 : 0);
        EXPECT_EQ(kept_of(at + 60 * page(), 4), 4);
        EXPECT_EQ(km_freed(), 60 * page());
        EXPECT_EQ(km_footprint(), 4 * page());
        EXPECT_EQ(km_state_of(at).contents, KM_UNDEFINED);
        EXPECT_EQ(km_state_of(at).advice, km_number(KM_FREEBSD, "MADV_FREE"));
        EXPECT_EQ(km_state_of(at + 60 * page()).contents, KM_LIVE);
    }
}

TEST(pressure_takes_what_was_kept_and_not_written_again) {
    begin_with((KmConfig){.profile = KM_FREEBSD, .adversary = KM_KEEP_FREED});
    char *at = map(NULL, 8 * page(), RW);
    memset(at, 7, 8 * page());
    EXPECT_EQ(km_madvise(at, 6 * page(), (int)km_number(KM_FREEBSD, "MADV_FREE")), 0);
    at[page() + 5] = 8;
    EXPECT_EQ(km_mprotect(at + 2 * page(), page(), PROT_NONE), 0); /* goes all the same */
    km_pressure();
    EXPECT_EQ(at[0], 0);
    EXPECT_EQ(at[page()], 7);
    EXPECT_EQ(at[6 * page()], 7);
    EXPECT_EQ(km_mprotect(at + 2 * page(), page(), PROT_READ), 0);
    EXPECT_EQ(at[2 * page()], 0);
    km_verify();
}

/* ---- the record ---- */

TEST(calls_are_told_in_the_systems_words) {
    char want[200];
    begin(KM_AIX);
    char *at = map(NULL, page(), RW);
    snprintf(want, sizeof want, "mmap(0, 4096, PROT_READ|PROT_WRITE, MAP_ANON|MAP_PRIVATE, -1, 0) = %p", (void *)at);
    EXPECT_STR(km_call_text(0), want);
    km_fail(KM_MPROTECT, 1, ENOMEM);
    km_mprotect(at, page(), PROT_READ | PROT_EXEC);
    snprintf(want, sizeof want, "mprotect(%p, 4096, PROT_READ|PROT_EXEC) = -1 ENOMEM (made to fail)", (void *)at);
    EXPECT_STR(km_call_text(0), want);
    km_madvise(at, page(), 4);
    snprintf(want, sizeof want, "madvise(%p, 4096, MADV_DONTNEED) = 0", (void *)at);
    EXPECT_STR(km_call_text(0), want);
    km_munmap(at, page());
    snprintf(want, sizeof want, "munmap(%p, 4096) = 0", (void *)at);
    EXPECT_STR(km_call_text(0), want);
    EXPECT_CONTAINS(km_call_text(3), "mmap(0, 4096");
    EXPECT_NULL(km_call_text(4));
}

TEST(a_broken_rule_ends_the_process_with_the_calls_before) {
    begin(KM_SOLARIS);
    char *at = map(NULL, 2 * page(), RW);
    km_munmap(at, page());
    EXPECT_DEATH(km_munmap(at, page()), "km: solaris: pages that are not mapped are passed over [illumos munmap(2)]\nkm: in munmap(0x");
    EXPECT_DEATH(km_munmap(at, page()), "the calls before, oldest first:\n    mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_ANON|MAP_PRIVATE, -1, 0) = 0x");
    EXPECT_DEATH(km_munmap(&at, page()), "");
    EXPECT_DEATH(km_madvise((char *)((uintptr_t)&at & ~(uintptr_t)4095), page(), 4), "memory that was not mapped through the model");
}

TEST(verify_finds_what_differs) {
    begin(KM_FREEBSD);
    char *at = map(NULL, 2 * page(), RW);
    km_verify();
    EXPECT_DEATH((mprotect(at, page(), PROT_READ), km_verify()), "the host's access differs from the shadow's");
    EXPECT_DEATH((munmap(at, page()), mmap(at, page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), km_verify()),
                 "the host's access differs");
    KmPage *shadow = &km_window.pages[(size_t)(at - km_window.base) / page()];
    EXPECT_DEATH((shadow->flags = 0, km_verify()), "the model's counters differ from its shadow");
    EXPECT_DEATH((shadow->flags |= KM_CHARGED, km_verify()), "the model's counters differ from its shadow");
    EXPECT_DEATH((shadow->advice = 5, km_verify()), "the model's counters differ from its shadow");
    EXPECT_DEATH((shadow->prot = PROT_READ, km_verify()), "the model's counters differ from its shadow");
}

/* ---- seeds, threads, processes ---- */

/* A few hundred calls; a number that depends on all that the model decided. */
static uint64_t walk(uint64_t seed) {
    uint64_t state = 5, sum = 0;
    char *base, *at[16] = {0};
    begin_with((KmConfig){.profile = KM_FREEBSD, .seed = seed, .fail_per_1000 = 100});
    base = map(NULL, page(), PROT_NONE);
    for (int i = 0; base != MAP_FAILED && i < 400; i++) {
        char **slot = &at[unit_random(&state) % 16];
        if (!*slot) {
            char *got = map(NULL, 4 * page(), RW);
            if (got == MAP_FAILED) continue;
            memset(*slot = got, 1, 4 * page());
            sum = sum * 31 + (uint64_t)(got - base);
        } else if (unit_random(&state) % 2) {
            if (km_madvise(*slot, 4 * page(), (int)km_number(KM_FREEBSD, "MADV_FREE")) == 0)
                for (int k = 0; k < 4; k++) sum = sum * 31 + (uint64_t)(*slot)[(size_t)k * page()];
        } else if (km_munmap(*slot, 4 * page()) == 0) *slot = NULL;
    }
    km_verify();
    return sum;
}

TEST(a_seed_gives_the_same_walk_again) {
    uint64_t one = walk(1);
    EXPECT_EQ(walk(1), one);
    EXPECT_NE(walk(2), one);
}

static void *work(void *bad) {
    for (int i = 0; i < 2000; i++) {
        char *at = map(NULL, 2 * page(), RW);
        if (at == MAP_FAILED) {
            *(bool *)bad = true;
            return NULL;
        }
        memset(at, 1, 2 * page());
        if (km_madvise(at, page(), (int)km_number(KM_FREEBSD, "MADV_FREE")) != 0 || at[page()] != 1 ||
            km_munmap(at, 2 * page()) != 0) *(bool *)bad = true;
    }
    return NULL;
}

TEST(several_threads) {
    pthread_t threads[3];
    bool bad[3] = {false};
    begin(KM_FREEBSD);
    for (int i = 0; i < 3; i++) REQUIRE_EQ(pthread_create(&threads[i], NULL, work, &bad[i]), 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 3; i++) EXPECT_FALSE(bad[i]);
    EXPECT_EQ(km_mapped(), 0);
    EXPECT_EQ(km_calls(KM_MMAP), 6000);
    km_verify();
}

TEST(a_child_has_the_model_of_its_parent) {
    int status;
    begin(KM_OPENBSD);
    char *at = map(NULL, 2 * page(), RW);
    at[0] = 3;
    pid_t child = km_fork();
    if (child == 0) {
        bool same = km_state_of(at).mapped && at[0] == 3 && km_munmap(at, page()) == 0;
        km_verify();
        _exit(same ? 0 : 1);
    }
    REQUIRE(child > 0);
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(km_state_of(at).mapped);
    EXPECT_EQ(at[0], 3);
}

TEST(usage_is_in_the_systems_units) {
    struct rusage on_darwin, on_bsd;
    begin(KM_DARWIN);
    EXPECT_EQ(km_getrusage(RUSAGE_SELF, &on_darwin), 0);
    begin(KM_FREEBSD);
    EXPECT_EQ(km_getrusage(RUSAGE_SELF, &on_bsd), 0);
    EXPECT_GE(on_bsd.ru_maxrss * 1024, on_darwin.ru_maxrss);
    EXPECT_GT(on_darwin.ru_maxrss, on_bsd.ru_maxrss);
    EXPECT_EQ(km_getrusage(1234, &on_bsd), -1);
}

UNIT_MAIN
