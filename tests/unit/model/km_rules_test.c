/* km_rules_test.c: the rules of each system in the kernel model: what a strict model catches, what a
 * lenient one answers, and what each system alone does. The expectations are written from the
 * documents again (memlayer.md sections 1a and 5, the manual pages that km_profile.c names), not
 * read from the table that they test.
 */
#include "tests/model/km.h"

#include <errno.h>
#include <sys/mman.h>

#include "tests/unit/unit.h"

static KmProfile current;

static void begin_with(KmConfig config) {
    current = config.profile;
    if (config.window == 0) config.window = (size_t)256 << 20;
    km_start(&config);
}

static void begin(KmProfile profile) { begin_with((KmConfig){.profile = profile}); }

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };

static int num(const char *name) { return (int)km_number(current, name); }
static int anon(void) { return num("MAP_ANON") | MAP_PRIVATE; }
static char *map(size_t len, int prot) { return km_mmap(NULL, len, prot, anon(), -1, 0); }
static char *map_fixed(char *at, size_t len, int prot) {
    return km_mmap(at, len, prot, anon() | num("MAP_FIXED"), -1, 0);
}

/* Memory as a correct file reserves it: unreserved where there is such a thing. */
static char *reserve(size_t len) {
    int flag = num("MAP_NORESERVE");
    return km_mmap(NULL, len, PROT_NONE, anon() | (flag > 0 ? flag : 0), -1, 0);
}

/* ---- numbers ---- */

TEST(numbers_are_the_systems_own) {
    static const struct {
        const char *name;
        long number[KM_PROFILES]; /* linux freebsd netbsd openbsd dragonfly solaris darwin aix */
    } known[] = {
        {"PROT_READ", {1, 1, 1, 1, 1, 1, 1, 1}},
        {"MAP_PRIVATE", {2, 2, 2, 2, 2, 2, 2, 2}},
        {"MAP_ANON", {0x20, 0x1000, 0x1000, 0x1000, 0x1000, 0x100, 0x1000, 0x10}},
        {"MAP_ANONYMOUS", {0x20, 0x1000, 0x1000, 0x1000, 0x1000, 0x100, 0x1000, 0x10}},
        {"MAP_FIXED", {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x100}},
        {"MAP_NORESERVE", {0x4000, -1, 0x40, -1, 0x40, 0x40, 0x40, -1}},
        {"MADV_DONTNEED", {4, 4, 4, 4, 4, 4, 4, 4}},
        {"MADV_FREE", {8, 5, 6, 6, 5, 5, 5, -1}},
        {"MADV_FREE_REUSABLE", {-1, -1, -1, -1, -1, -1, 7, -1}},
        {"MADV_FREE_REUSE", {-1, -1, -1, -1, -1, -1, 8, -1}},
        {"ENOMEM", {12, 12, 12, 12, 12, 12, 12, 12}},
        {"EAGAIN", {11, 35, 35, 35, 35, 11, 35, 11}},
        {"ENOTSUP", {95, 45, 86, 91, 45, 48, 45, 124}},
        {"_SC_PAGESIZE", {30, 47, 28, 28, 47, 11, 29, 48}},
        {"_SC_PHYS_PAGES", {85, 121, 121, 500, 121, 500, 200, 113}},
        {"MAP_NOTHING", {-1, -1, -1, -1, -1, -1, -1, -1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        for (int profile = 0; profile < KM_PROFILES; profile++)
            EXPECT_EQ(km_number((KmProfile)profile, known[i].name), known[i].number[profile]);
    EXPECT_STR(km_profile_name(KM_DRAGONFLY), "dragonfly");
}

/* ---- ranges: the same wrong calls on every system ---- */

typedef long Answers[KM_PROFILES]; /* 0: succeeds; else an errno */

enum { N = ENOMEM, I = EINVAL };

/* Makes one wrong call on every system, lenient; `try` returns 0 or -1. */
static void expect_answers(int line, long (*try)(char *at), const Answers want) {
    for (int profile = 0; profile < KM_PROFILES; profile++) {
        begin_with((KmConfig){.profile = (KmProfile)profile, .lenient = true});
        char *at = map(4 * PAGE, RW);
        long result;
        REQUIRE(at != MAP_FAILED);
        errno = 0;
        result = try(at);
        if (result != (want[profile] ? -1 : 0) || (want[profile] && errno != want[profile]))
            unit_int(__FILE__, line, km_profile_name((KmProfile)profile), result ? errno : 0, want[profile], false);
        km_verify();
    }
}
#define EXPECT_ANSWERS(try, ...) expect_answers(__LINE__, try, (const Answers){__VA_ARGS__})

static long munmap_unaligned(char *at) { return km_munmap(at + 1, PAGE); }
static long munmap_empty(char *at) { return km_munmap(at, 0); }
static long munmap_wrapping(char *at) { return km_munmap(at, SIZE_MAX - PAGE + 1); }
static long munmap_hole(char *at) { return km_munmap(at + PAGE, PAGE) || km_munmap(at, 4 * PAGE) ? -1 : 0; }
static long mprotect_unaligned(char *at) { return km_mprotect(at + 1, PAGE, PROT_READ); }
static long mprotect_empty(char *at) { return km_mprotect(at, 0, PROT_READ); }
static long mprotect_bits(char *at) { return km_mprotect(at, PAGE, 0x40); }
static long mprotect_hole(char *at) { return km_munmap(at + PAGE, PAGE) || km_mprotect(at, 4 * PAGE, PROT_READ) ? -1 : 0; }
static long mprotect_wrapping(char *at) { return km_mprotect(at, SIZE_MAX - PAGE + 1, PROT_READ); }
static long mprotect_write_exec(char *at) { return km_mprotect(at, PAGE, RW | PROT_EXEC); }
static long madvise_unaligned(char *at) { return km_madvise(at + 1, PAGE, 4); }
static long madvise_empty(char *at) { return km_madvise(at, 0, 4); }
static long madvise_hole(char *at) { return km_munmap(at + PAGE, PAGE) || km_madvise(at, 4 * PAGE, 4) ? -1 : 0; }
static long madvise_wrapping(char *at) { return km_madvise(at, SIZE_MAX - PAGE + 1, 4); }
static long madvise_unknown(char *at) { return km_madvise(at, PAGE, 77); }
static char vec[8];
static long mincore_unaligned(char *at) { return km_mincore(at + 1, PAGE, vec); }
static long mincore_empty(char *at) { return km_mincore(at, 0, vec); }
static long mincore_wrapping(char *at) { return km_mincore(at, SIZE_MAX - PAGE + 1, vec); }
static long mincore_hole(char *at) { return km_munmap(at + PAGE, PAGE) || km_mincore(at, 4 * PAGE, vec) ? -1 : 0; }
static long failed(const void *got) { return got == MAP_FAILED ? -1 : 0; }
static long mmap_empty(char *at) { return failed(km_mmap(at, 0, RW, anon(), -1, 0)); }
static long mmap_huge(char *at) { return failed(km_mmap(NULL, SIZE_MAX - 2 * PAGE, RW, anon(), -1, 0)); }
static long mmap_unaligned(char *at) { return failed(map_fixed(at + 1, PAGE, RW)); }
static long mmap_no_type(char *at) { return failed(km_mmap(NULL, PAGE, RW, num("MAP_ANON"), -1, 0)); }
static long mmap_both_types(char *at) { return failed(km_mmap(NULL, PAGE, RW, anon() | MAP_SHARED, -1, 0)); }
static long mmap_fd(char *at) { return failed(km_mmap(NULL, PAGE, RW, anon(), 0, 0)); }
static long mmap_file(char *at) { return failed(km_mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0)); }
static long mmap_offset(char *at) { return failed(km_mmap(NULL, PAGE, RW, anon(), -1, PAGE)); }
static long mmap_part_offset(char *at) { return failed(km_mmap(NULL, PAGE, RW, anon(), -1, 1)); }
static long mmap_unknown_flag(char *at) { return failed(km_mmap(NULL, PAGE, RW, anon() | 1 << 28, -1, 0)); }
static long mmap_bits(char *at) { return failed(map(PAGE, 0x40)); }
static long mmap_over(char *at) { return failed(map_fixed(at, PAGE, RW)); }
static long mmap_write_exec(char *at) { return failed(map(PAGE, RW | PROT_EXEC)); }

TEST(a_lenient_model_answers_as_the_documents_say) {
    /*                                     lin  fre  net  ope  dra  sol  dar  aix */
    EXPECT_ANSWERS(munmap_unaligned,        I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(munmap_empty,            I,   I,   0,   0,   I,   I,   I,   I);
    EXPECT_ANSWERS(munmap_wrapping,         I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(munmap_hole,             0,   0,   I,   I,   0,   0,   0,   0);
    EXPECT_ANSWERS(mprotect_unaligned,      I,   0,   I,   0,   0,   I,   I,   I);
    EXPECT_ANSWERS(mprotect_empty,          0,   0,   0,   0,   0,   I,   0,   0);
    EXPECT_ANSWERS(mprotect_wrapping,       N,   I,   I,   I,   I,   N,   I,   N);
    EXPECT_ANSWERS(mprotect_bits,           I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mprotect_hole,           N,   I,   I,   I,   I,   N,   N,   N);
    EXPECT_ANSWERS(mprotect_write_exec,     0,   0,   EACCES, 91, 0, 0,   EACCES, 0);
    EXPECT_ANSWERS(madvise_unaligned,       I,   0,   I,   I,   0,   I,   0,   I);
    EXPECT_ANSWERS(madvise_empty,           0,   0,   0,   0,   0,   I,   0,   0);
    EXPECT_ANSWERS(madvise_hole,            N,   N,   I,   I,   I,   N,   I,   N);
    EXPECT_ANSWERS(madvise_wrapping,        I,   N,   I,   I,   I,   N,   I,   N);
    EXPECT_ANSWERS(madvise_unknown,         I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mincore_unaligned,       I,   0,   I,   I,   0,   I,   0,   I);
    EXPECT_ANSWERS(mincore_empty,           0,   0,   0,   0,   0,   I,   0,   0);
    EXPECT_ANSWERS(mincore_wrapping,        N,   N,   N,   N,   I,   N,   I,   N);
    EXPECT_ANSWERS(mincore_hole,            N,   N,   N,   N,   I,   N,   0,   N);
    EXPECT_ANSWERS(mmap_empty,              I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mmap_huge,               N,   I,   I,   I,   I,   N,   N,   N);
    EXPECT_ANSWERS(mmap_unaligned,          I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mmap_no_type,            I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mmap_both_types,         I,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mmap_fd,                 0,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mmap_file,               EBADF, EBADF, EBADF, EBADF, EBADF, EBADF, EBADF, EBADF);
    EXPECT_ANSWERS(mmap_offset,             0,   I,   0,   0,   0,   0,   0,   0);
    EXPECT_ANSWERS(mmap_part_offset,        I,   I,   0,   0,   I,   I,   I,   I);
    EXPECT_ANSWERS(mmap_unknown_flag,       0,   I,   I,   I,   I,   I,   I,   I);
    EXPECT_ANSWERS(mmap_over,               0,   0,   0,   0,   0,   0,   0,   I);
    EXPECT_ANSWERS(mmap_write_exec,         0,   0,   EACCES, 91, 0, 0,   EACCES, 0);
}

/* What a strict model lets pass of the calls above: anonymous memory with a file descriptor or a whole
 * page of offset where the system ignores it, fixed mappings, and what is refused without being wrong. */
TEST(a_strict_model_ends_the_process_at_each_wrong_call) {
    static const struct {
        long (*try)(char *at);
        const char *rule;
    } wrong[] = {
        {munmap_unaligned, "the address is not a multiple of the page size"},
        {munmap_empty, "the length is 0"},
        {munmap_wrapping, "the range is beyond the address space"},
        {munmap_hole, "pages that are not mapped"},
        {mprotect_unaligned, ""},
        {mprotect_empty, "the length is 0"},
        {mprotect_wrapping, "the range is beyond the address space"},
        {mprotect_bits, "protection bits that the system does not declare"},
        {mprotect_hole, "pages that are not mapped"},
        {madvise_unaligned, ""},
        {madvise_empty, "the length is 0"},
        {madvise_hole, "pages that are not mapped"},
        {madvise_wrapping, "the range is beyond the address space"},
        {mincore_empty, "the length is 0"},
        {mincore_hole, "pages that are not mapped"},
        {madvise_unknown, "advice that the system does not know"},
        {mmap_empty, "the length is 0"},
        {mmap_huge, "the length is beyond the address space"},
        {mmap_unaligned, "MAP_FIXED at an address that is not a multiple of the page size"},
        {mmap_no_type, "neither MAP_PRIVATE nor MAP_SHARED"},
        {mmap_both_types, "or both"},
        {mmap_file, "without MAP_ANON"},
        {mmap_unknown_flag, "flags that"},
        {mmap_bits, "protection bits that the system does not declare"},
    };
    for (int profile = 0; profile < KM_PROFILES; profile++)
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            begin((KmProfile)profile);
            char *at = map(4 * PAGE, RW);
            EXPECT_DEATH(wrong[i].try(at), wrong[i].rule);
        }
}

TEST(a_fixed_mapping_belongs_on_what_is_reserved) {
    for (int profile = 0; profile < KM_AIX; profile++) {
        begin((KmProfile)profile);
        char *at = reserve(4 * PAGE);
        REQUIRE(map_fixed(at, 2 * PAGE, RW) == at);
        memset(at, 9, 2 * PAGE);
        REQUIRE(map_fixed(at, PAGE, RW) == at); /* what was there is replaced by zeros */
        EXPECT_EQ(at[0], 0);
        EXPECT_EQ(at[PAGE], 9);
        EXPECT_EQ(km_munmap(at, PAGE), 0);
        EXPECT_DEATH(map_fixed(at, 2 * PAGE, RW), "MAP_FIXED where nothing is reserved");
        km_verify();
    }
}

TEST(advice_that_only_hints_changes_nothing) {
    for (int profile = 0; profile < KM_PROFILES; profile++) {
        if (profile == KM_LINUX) continue;
        begin_with((KmConfig){.profile = (KmProfile)profile, .adversary = KM_HOSTILE | KM_DROP_FREED});
        char *at = map(4 * PAGE, RW);
        memset(at, 9, 4 * PAGE);
        EXPECT_EQ(km_madvise(at, 4 * PAGE, num("MADV_DONTNEED")), 0); /* discards on Linux alone */
        EXPECT_EQ(km_madvise(at, 4 * PAGE, num("MADV_WILLNEED")), 0);
        EXPECT_EQ(at[0] + at[3 * PAGE], 18);
        EXPECT_EQ(km_state_of(at).contents, KM_LIVE);
        EXPECT_EQ(km_freed(), 0);
    }
    begin(KM_LINUX);
    char *at = map(PAGE, RW);
    at[0] = 1;
    EXPECT_EQ(km_madvise(at, PAGE, num("MADV_DONTNEED")), 0);
    EXPECT_EQ(at[0], 0);
}

/* Old bytes, zeros, or what nobody wrote: how often each, of 200 freed pages. */
static void look_at_freed(int advice, int *old, int *zero, int *junk) {
    char *at = map(200 * PAGE, RW);
    *old = *zero = *junk = 0;
    memset(at, 9, 200 * PAGE);
    EXPECT_EQ(km_madvise(at, 200 * PAGE, advice), 0);
    if (current == KM_DARWIN && advice == num("MADV_FREE_REUSABLE"))
        EXPECT_EQ(km_madvise(at, 200 * PAGE, num("MADV_FREE_REUSE")), 0);
    for (int i = 0; i < 200; i++) {
        char byte = at[i * PAGE + i];
        if (byte == 9) ++*old;
        else if (byte == 0) ++*zero;
        else ++*junk;
    }
}

TEST(freed_pages_hold_what_the_documents_allow) {
    static const KmProfile zero_or_old[] = {KM_LINUX, KM_FREEBSD, KM_DRAGONFLY, KM_SOLARIS, KM_DARWIN};
    static const KmProfile anything[] = {KM_NETBSD, KM_OPENBSD};
    int old, zero, junk;
    for (int i = 0; i < 5; i++) {
        begin_with((KmConfig){.profile = zero_or_old[i], .adversary = KM_HOSTILE});
        look_at_freed(num("MADV_FREE"), &old, &zero, &junk);
        EXPECT_TRUE(old > 20 && zero > 20 && junk == 0);
    }
    for (int i = 0; i < 2; i++) {
        begin_with((KmConfig){.profile = anything[i], .adversary = KM_HOSTILE});
        look_at_freed(num("MADV_FREE"), &old, &zero, &junk);
        EXPECT_TRUE(old > 20 && zero > 20 && junk > 20);
        begin_with((KmConfig){.profile = anything[i]});
        look_at_freed(num("MADV_FREE"), &old, &zero, &junk);
        EXPECT_EQ(junk, 0);
        begin_with((KmConfig){.profile = anything[i], .adversary = KM_JUNK | KM_DROP_FREED});
        char *at = map(64 * PAGE, PROT_READ);
        EXPECT_EQ(km_madvise(at, 64 * PAGE, num("MADV_FREE")), 0);
        km_verify(); /* the model's own junk has not opened them */
        EXPECT_DEATH(*(volatile char *)at = 1, "");
    }
}

/* ---- Solaris: swap ---- */

TEST(solaris_charges_writable_private_memory) {
    begin_with((KmConfig){.profile = KM_SOLARIS, .swap = 8 * PAGE});
    char *at = reserve(32 * PAGE);
    EXPECT_EQ(km_charge(), 0);
    EXPECT_TRUE(km_state_of(at).unreserved);
    REQUIRE(map_fixed(at, 6 * PAGE, RW) == at);
    EXPECT_EQ(km_charge(), 6 * PAGE);
    EXPECT_TRUE(km_state_of(at).charged);
    EXPECT_FALSE(km_state_of(at).unreserved);
    EXPECT_EQ(map_fixed(at + 6 * PAGE, 3 * PAGE, RW), MAP_FAILED);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(km_charge(), 6 * PAGE);
    REQUIRE(map_fixed(at + 3 * PAGE, 5 * PAGE, RW) == at + 3 * PAGE); /* three of these are charged */
    EXPECT_EQ(km_charge(), 8 * PAGE);
    EXPECT_EQ(km_madvise(at, 8 * PAGE, num("MADV_FREE")), 0); /* gives no swap back */
    EXPECT_EQ(km_mprotect(at, PAGE, PROT_NONE), 0);
    EXPECT_EQ(km_charge(), 8 * PAGE);
    EXPECT_EQ(km_munmap(at, 2 * PAGE), 0);
    EXPECT_EQ(km_charge(), 6 * PAGE);
    EXPECT_EQ(map(3 * PAGE, RW), MAP_FAILED);
    EXPECT_NE(map(3 * PAGE, PROT_READ), MAP_FAILED); /* not writable, not charged */
    km_verify();
}

TEST(solaris_charges_when_memory_becomes_writable) {
    begin_with((KmConfig){.profile = KM_SOLARIS, .swap = 4 * PAGE});
    char *at = map(8 * PAGE, PROT_NONE);
    EXPECT_EQ(km_charge(), 0);
    EXPECT_EQ(km_mprotect(at, 3 * PAGE, RW), 0);
    EXPECT_EQ(km_charge(), 3 * PAGE);
    EXPECT_EQ(km_mprotect(at, 8 * PAGE, RW), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(km_charge(), 3 * PAGE);
    EXPECT_EQ(km_mprotect(at, 4 * PAGE, RW), 0);
    EXPECT_EQ(km_charge(), 4 * PAGE);
}

TEST(solaris_writable_memory_without_swap_is_a_trap) {
    begin(KM_SOLARIS);
    char *at = reserve(4 * PAGE);
    EXPECT_DEATH(km_mprotect(at, PAGE, RW), "a write may end in SIGBUS");
    EXPECT_DEATH(km_mmap(NULL, PAGE, RW, anon() | num("MAP_NORESERVE"), -1, 0), "a write may end in SIGBUS");
    EXPECT_EQ(km_mprotect(at, PAGE, PROT_READ), 0);
    begin_with((KmConfig){.profile = KM_SOLARIS, .lenient = true, .swap = PAGE});
    EXPECT_NE(km_mmap(NULL, 2 * PAGE, RW, anon() | num("MAP_NORESERVE"), -1, 0), MAP_FAILED);
    EXPECT_EQ(km_mprotect(reserve(PAGE), PAGE, RW), 0);
    EXPECT_EQ(km_charge(), 0);
}

TEST(solaris_a_child_is_charged_too) {
    int status;
    begin_with((KmConfig){.profile = KM_SOLARIS, .swap = 10 * PAGE});
    char *at = map(4 * PAGE, RW);
    pid_t child = km_fork();
    if (child == 0) /* 8 of 10 are taken now */
        _exit(map(3 * PAGE, RW) == MAP_FAILED && map(2 * PAGE, RW) != MAP_FAILED ? 0 : 1);
    REQUIRE(child > 0);
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_NE(map(2 * PAGE, RW), MAP_FAILED);
    EXPECT_EQ(km_fork(), -1);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_EQ(km_munmap(at, PAGE), 0);
    child = km_fork();
    if (child == 0) _exit(0);
    EXPECT_GT(child, 0);
    waitpid(child, &status, 0);
    begin_with((KmConfig){.profile = KM_FREEBSD, .swap = PAGE}); /* nothing is charged there */
    EXPECT_NE(map(16 * PAGE, RW), MAP_FAILED);
    EXPECT_EQ(km_charge(), 0);
}

TEST(solaris_a_failed_fixed_mapping_may_have_unmapped_a_part) {
    int whole = 0, part = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        begin_with((KmConfig){.profile = KM_SOLARIS, .seed = seed, .adversary = KM_PART_UNMAPPED});
        char *at = reserve(4 * PAGE);
        km_fail(KM_MMAP, 1, ENOMEM);
        EXPECT_EQ(map_fixed(at, 4 * PAGE, RW), MAP_FAILED);
        if (km_mapped() == 4 * PAGE) whole++;
        else part++;
        if (!km_state_of(at + 3 * PAGE).mapped) EXPECT_FALSE(km_state_of(at).mapped);
        km_verify();
        km_fail(KM_MMAP, 1, EINVAL); /* this one promises that nothing happened */
        size_t before = km_mapped();
        if (km_state_of(at).mapped) EXPECT_EQ(map_fixed(at, PAGE, RW), MAP_FAILED);
        EXPECT_EQ(km_mapped(), before);
    }
    EXPECT_TRUE(whole > 5 && part > 5);
    begin_with((KmConfig){.profile = KM_FREEBSD, .adversary = KM_PART_UNMAPPED});
    for (int i = 0; i < 40; i++) {
        char *at = reserve(4 * PAGE);
        km_fail(KM_MMAP, 1, ENOMEM);
        EXPECT_EQ(map_fixed(at, 4 * PAGE, RW), MAP_FAILED);
    }
    EXPECT_EQ(km_mapped(), 160 * PAGE);
}

TEST(solaris_a_failed_mprotect_may_have_done_a_part) {
    int part = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        begin_with((KmConfig){.profile = KM_SOLARIS, .seed = seed, .adversary = KM_PART_UNMAPPED});
        char *at = map(4 * PAGE, RW);
        km_fail(KM_MPROTECT, 1, EACCES);
        EXPECT_EQ(km_mprotect(at, 4 * PAGE, PROT_NONE), -1);
        part += km_state_of(at).prot == PROT_NONE;
        km_verify();
    }
    EXPECT_TRUE(part > 5 && part < 35);
    begin_with((KmConfig){.profile = KM_SOLARIS, .lenient = true}); /* up to the first hole */
    char *at = map(4 * PAGE, RW);
    EXPECT_EQ(km_munmap(at + 2 * PAGE, PAGE), 0);
    EXPECT_EQ(km_mprotect(at, 4 * PAGE, PROT_READ), -1);
    EXPECT_EQ(km_state_of(at + PAGE).prot, PROT_READ);
    EXPECT_EQ(km_state_of(at + 3 * PAGE).prot, RW);
}

/* ---- Darwin ---- */

TEST(darwin_reusable_pages_are_out_of_bounds_until_reuse) {
    int old, zero, junk, reusable, reuse;
    begin_with((KmConfig){.profile = KM_DARWIN, .adversary = KM_HOSTILE});
    reusable = num("MADV_FREE_REUSABLE");
    reuse = num("MADV_FREE_REUSE");
    char *at = map(4 * PAGE, RW);
    memset(at, 9, 4 * PAGE);
    EXPECT_EQ(km_footprint(), 4 * PAGE);
    EXPECT_EQ(km_madvise(at + PAGE, 2 * PAGE, reusable), 0);
    EXPECT_EQ(km_footprint(), 2 * PAGE);
    EXPECT_EQ(km_freed(), 2 * PAGE);
    EXPECT_EQ(at[0] + at[3 * PAGE], 18);
    EXPECT_DEATH(*(volatile char *)(at + PAGE) = 1, "");
    EXPECT_DEATH(*(volatile char *)(at + 2 * PAGE), "");
    km_verify();
    EXPECT_EQ(km_madvise(at, 4 * PAGE, reuse), 0); /* some of these never were reusable */
    EXPECT_EQ(km_footprint(), 4 * PAGE);
    at[PAGE] = at[2 * PAGE] = 1;
    EXPECT_EQ(at[0] + at[3 * PAGE], 18);
    km_verify();
    look_at_freed(reusable, &old, &zero, &junk);
    EXPECT_TRUE(old > 20 && zero > 20 && junk > 20);
    begin(KM_DARWIN); /* the system itself does not stop a touch */
    at = map(PAGE, RW);
    EXPECT_EQ(km_madvise(at, PAGE, reusable), 0);
    at[0] = 1;
}

TEST(darwin_reusable_wants_writable_pages) {
    begin(KM_DARWIN);
    char *at = map(4 * PAGE, RW);
    EXPECT_EQ(km_mprotect(at + 2 * PAGE, PAGE, PROT_READ), 0);
    EXPECT_DEATH(km_madvise(at, 4 * PAGE, num("MADV_FREE_REUSABLE")), "of pages that are not writable");
    begin_with((KmConfig){.profile = KM_DARWIN, .lenient = true});
    at = map(4 * PAGE, RW);
    EXPECT_EQ(km_mprotect(at + 2 * PAGE, PAGE, PROT_READ), 0);
    EXPECT_EQ(km_madvise(at, 4 * PAGE, num("MADV_FREE_REUSABLE")), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(km_freed(), 0);
}

TEST(darwin_madvise_of_a_part_reaches_the_neighbours) {
    begin_with((KmConfig){.profile = KM_DARWIN, .lenient = true, .adversary = KM_DROP_FREED});
    char *at = map(3 * PAGE, RW);
    memset(at, 9, 3 * PAGE);
    EXPECT_EQ(km_madvise(at + PAGE / 2, PAGE, num("MADV_FREE")), 0);
    EXPECT_EQ(km_freed(), 2 * PAGE);
    EXPECT_EQ(at[0] + at[PAGE], 0);
    EXPECT_EQ(at[2 * PAGE], 9);
    begin(KM_DARWIN);
    at = map(3 * PAGE, RW);
    EXPECT_DEATH(km_madvise(at + PAGE / 2, PAGE, num("MADV_FREE")), "unaligned: the call works on whole pages around");
    EXPECT_DEATH(km_madvise(at, PAGE / 2, num("MADV_FREE")), "the length is not a multiple of the page size");
}

TEST(darwin_write_gives_read) {
    begin(KM_DARWIN);
    char *at = map(PAGE, PROT_WRITE);
    EXPECT_EQ(km_state_of(at).prot, RW);
}

/* ---- AIX ---- */

TEST(aix_fixed_mappings_do_not_replace) {
    begin_with((KmConfig){.profile = KM_AIX, .lenient = true});
    char *at = map(4 * PAGE, RW);
    memset(at, 9, 4 * PAGE);
    EXPECT_EQ(map_fixed(at + PAGE, PAGE, RW), MAP_FAILED);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(at[PAGE], 9);
    EXPECT_EQ(km_mapped(), 4 * PAGE);
    EXPECT_EQ(km_munmap(at + PAGE, PAGE), 0);
    EXPECT_EQ(map_fixed(at, 2 * PAGE, RW), MAP_FAILED); /* a part is enough */
    EXPECT_EQ(map_fixed(at + PAGE, PAGE, RW), at + PAGE);
    EXPECT_EQ(at[PAGE], 0);
    begin(KM_AIX);
    at = map(PAGE, RW);
    EXPECT_DEATH(map_fixed(at, PAGE, PROT_NONE), "MAP_FIXED over a mapping fails unless XPG_SUS_ENV=ON");
}

TEST(aix_reserved_memory_opens_by_mprotect) {
    begin(KM_AIX);
    char *at = reserve(4 * PAGE);
    EXPECT_EQ(km_mprotect(at, 2 * PAGE, RW), 0);
    at[PAGE] = 5;
    EXPECT_EQ(at[0], 0);
    EXPECT_EQ(km_mprotect(at, 2 * PAGE, PROT_NONE), 0);
    EXPECT_EQ(km_state_of(at + PAGE).contents, KM_LIVE);
    EXPECT_EQ(km_mprotect(at, 2 * PAGE, RW), 0);
    EXPECT_EQ(at[PAGE], 5); /* mprotect drops nothing */
}

TEST(aix_madvise_does_nothing) {
    KmCounters counters;
    begin_with((KmConfig){.profile = KM_AIX, .adversary = KM_HOSTILE | KM_DROP_FREED});
    char *at = map(PAGE, RW);
    at[0] = 9;
    EXPECT_EQ(km_madvise(at, PAGE, num("MADV_DONTNEED")), 0);
    EXPECT_EQ(at[0], 9);
    EXPECT_EQ(km_freed(), 0);
    km_counters(&counters);
    EXPECT_EQ(counters.silent, 1);
}

TEST(aix_mprotect_may_do_nothing_and_say_that_it_did) {
    KmCounters counters;
    int silent = 0;
    begin_with((KmConfig){.profile = KM_AIX, .adversary = KM_SILENT_MPROTECT});
    char *at = map(PAGE, RW);
    for (int i = 0; i < 200; i++) {
        int before = km_state_of(at).prot, want = before == RW ? PROT_NONE : RW;
        EXPECT_EQ(km_mprotect(at, PAGE, want), 0);
        silent += km_state_of(at).prot == before;
        km_verify();
    }
    EXPECT_TRUE(silent > 5 && silent < 80);
    km_counters(&counters);
    EXPECT_EQ(counters.silent, silent);
    begin_with((KmConfig){.profile = KM_SOLARIS, .adversary = KM_SILENT_MPROTECT}); /* AIX alone */
    at = map(PAGE, RW);
    for (int i = 0; i < 50; i++) EXPECT_EQ(km_mprotect(at, PAGE, i % 2 ? RW : PROT_NONE), 0);
    km_counters(&counters);
    EXPECT_EQ(counters.silent, 0);
}

/* ---- every system: a long walk of correct calls ---- */

enum { WALK_PAGES = 48, WALK_STEPS = 3000 };

typedef struct Shadow {
    bool open[WALK_PAGES], any[WALK_PAGES]; /* any: freed and not written since */
    char value[WALK_PAGES];
} Shadow;

static void check_page(const Shadow *shadow, const char *at, int i) {
    if (!shadow->open[i]) return;
    if (!shadow->any[i]) EXPECT_EQ(at[i * PAGE + 17], shadow->value[i]);
}

static int free_advice(void) {
    if (current == KM_DARWIN) return num("MADV_FREE_REUSABLE");
    return current == KM_AIX ? num("MADV_DONTNEED") : num("MADV_FREE");
}

/* Opens, frees, reopens, closes pages of one reservation as a memory layer would. */
static void walk_step(Shadow *shadow, char *at, uint64_t *seed) {
    int i = (int)(unit_random(seed) % WALK_PAGES);
    char *page = at + i * PAGE;
    if (!shadow->open[i]) {
        long got = current == KM_AIX ? km_mprotect(page, PAGE, RW) : failed(map_fixed(page, PAGE, RW));
        if (got != 0) return;
        shadow->open[i] = true;
        if (current != KM_AIX) shadow->value[i] = 0;
        shadow->any[i] = false;
    } else if (unit_random(seed) % 3 == 0) {
        if (km_madvise(page, PAGE, free_advice()) != 0) return;
        if (current == KM_DARWIN) while (km_madvise(page, PAGE, num("MADV_FREE_REUSE")) != 0) {}
        shadow->any[i] = current != KM_AIX;
    } else if (unit_random(seed) % 4 == 0) {
        long got = current == KM_AIX ? km_mprotect(page, PAGE, PROT_NONE) : failed(map_fixed(page, PAGE, PROT_NONE));
        if (got == 0) shadow->open[i] = false;
    } else {
        memset(page, (int)(unit_random(seed) % 100), PAGE);
        shadow->value[i] = page[0];
        shadow->any[i] = false;
    }
}

TEST(a_long_walk_on_every_system) {
    for (int profile = 0; profile < KM_PROFILES; profile++) {
        Shadow shadow = {0};
        uint64_t seed = (uint64_t)profile;
        /* A Solaris whose fixed mappings fail cannot be walked: parts of the reservation go. */
        unsigned hostile = KM_HOSTILE & ~(unsigned)KM_PART_UNMAPPED;
        begin_with((KmConfig){.profile = (KmProfile)profile, .seed = seed, .adversary = hostile, .fail_per_1000 = 50});
        char *at;
        do at = map(WALK_PAGES * PAGE, PROT_NONE);
        while (at == MAP_FAILED);
        for (int step = 0; step < WALK_STEPS; step++) {
            walk_step(&shadow, at, &seed);
            check_page(&shadow, at, step % WALK_PAGES);
            if (step % 500 == 0) km_verify();
        }
        for (int i = 0; i < WALK_PAGES; i++) EXPECT_EQ(km_state_of(at + i * PAGE).prot, shadow.open[i] ? RW : 0);
        km_verify();
    }
}

UNIT_MAIN
