/* walk.h: what every mem_<system>.c is put through on the kernel model: each legal transition, each
 * illegal one, each call failing with each documented errno, a fork, random walks.
 *
 * Included by tests/unit/runtime/mem/mem_<system>_test.c, which adds what is the system's own and
 * ends with WALK_MAIN. Compiled for each target, which KM_PROFILE names; the memory layer under it
 * is mem.c and mem_shadow.c with CHECK 2 and the target's mem_<system>.c and os_unix.c.
 *
 * A WALK is a TEST in a process of its own: the layer asks for the page size once, and the tables of
 * mem_shadow.c are in the memory that is modelled. WALK_MAIN runs all of them for each page size.
 */
#ifndef WALK_H
#define WALK_H

#include "runtime/mem/mem_os.h"
#include "tests/model/km.h"
#include "tests/model/numbers.h"
#include "tests/unit/unit.h"

static struct {
    size_t page;
    uint64_t seed;
    NpMem mem;
    int errors;    /* calls that were refused */
    bool usual;    /* these are pages as the system mostly has them */
    size_t tables; /* bytes that the shadow has for itself */
    bool leaks;    /* something stays mapped, as it must */
} walk;

enum { WALK_STEPS = 100000 };

/* Runs in a process of its own and says whether all was well. */
static inline bool walk_apart(void (*body)(void)) {
    int status = 1;
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        if (setjmp(unit.leave) == 0) body();
        fflush(NULL);
        _exit(unit.failed ? 1 : 0);
    }
    return waitpid(child, &status, 0) == child && status == 0;
}

#define WALK(name)                                                                                 \
    static void walk_##name(void);                                                                 \
    TEST(name) { EXPECT_TRUE(walk_apart(walk_##name)); }                                           \
    static void walk_##name(void)

/* The model, before anything is mapped. */
static inline void begin(unsigned adversary, size_t swap) {
    KmConfig config = {.profile = KM_PROFILE, .seed = walk.seed, .page = walk.page, .swap = swap,
                       .adversary = adversary};
    km_start(&config);
    REQUIRE_EQ(np_os_page_size(), walk.page);
    np_mem_verify(&walk.mem); /* the shadow makes its tables */
    walk.tables = km_mapped();
}

static inline size_t pages(size_t count) { return count * walk.page; }

/* After every call: an error has changed nothing, and the counters equal the shadow. */
static inline int after(int error, const NpMem *before, const char *call, int line) {
    if (error) {
        walk.errors++;
        unit_int(__FILE__, line, call, (long long)walk.mem.reserved, (long long)before->reserved, false);
        unit_int(__FILE__, line, call, (long long)walk.mem.mapped, (long long)before->mapped, false);
        unit_int(__FILE__, line, call, (long long)walk.mem.ready, (long long)before->ready, false);
    }
    np_mem_verify(&walk.mem);
    return error;
}

#define DO(call) ({ NpMem walk_before = walk.mem; int walk_error = (call); after(walk_error, &walk_before, #call, __LINE__); })

static inline void expect_counters(size_t reserved, size_t mapped, size_t ready) {
    EXPECT_EQ(walk.mem.reserved, pages(reserved));
    EXPECT_EQ(walk.mem.mapped, pages(mapped));
    EXPECT_EQ(walk.mem.ready, pages(ready));
    np_mem_verify(&walk.mem);
    km_verify();
}

static inline void finish(void) {
    expect_counters(0, 0, 0);
    if (!walk.leaks) EXPECT_EQ(km_mapped(), walk.tables);
}

static inline void *reserve(size_t count) {
    void *v = NULL;
    REQUIRE_EQ(DO(sysReserve(&walk.mem, NULL, pages(count), &v)), 0);
    return v;
}

/* Pages that are Ready by way of Reserved and Prepared. */
static inline char *make_ready(size_t count) {
    void *v = reserve(count);
    REQUIRE_EQ(DO(sysMap(&walk.mem, v, pages(count))), 0);
    REQUIRE_EQ(DO(sysUsed(&walk.mem, v, pages(count), pages(count))), 0);
    return v;
}

static inline size_t not_zero(const char *bytes, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += bytes[i] != 0;
    return count;
}

/* What the system has of a page, in the layer's words. */
static inline void expect_system(const void *v, char state) {
    KmState page = km_state_of(v);
    EXPECT_EQ(page.mapped, state != 'N');
    if (state == 'R' || state == 'F') EXPECT_EQ(page.prot, 0);
    if (state == 'U') {
        EXPECT_EQ(page.prot, 3);
        if (KM_PROFILE == KM_DARWIN) EXPECT_EQ(page.advice, 0);
    }
    if (state != 'N') EXPECT_EQ(np_mem_state_of(v), state);
}

WALK(the_headers_have_the_targets_numbers) {
    for (const ShimNumber *number = shim_numbers; number->name; number++) {
        if (number->number == km_number(KM_PROFILE, number->name)) continue;
        printf("# %s\n", number->name);
        EXPECT_EQ(number->number, km_number(KM_PROFILE, number->name));
    }
}

WALK(every_legal_transition) {
    void *v, *alone;
    char *bytes;
    begin(KM_HOSTILE, 0);
    REQUIRE_EQ(DO(sysAlloc(&walk.mem, pages(2), &alone)), 0); /* None -> Ready */
    expect_counters(2, 2, 2);
    EXPECT_EQ(not_zero(alone, pages(2)), 0);
    memset(alone, 1, pages(2));
    expect_system(alone, 'U');
    v = reserve(8); /* None -> Reserved */
    expect_counters(10, 2, 2);
    expect_system(v, 'R');
    REQUIRE_EQ(DO(sysMap(&walk.mem, v, pages(4))), 0); /* Reserved -> Prepared */
    expect_counters(10, 6, 2);
    expect_system(v, 'P');
    REQUIRE_EQ(DO(sysUsed(&walk.mem, v, pages(3), pages(3))), 0); /* Prepared -> Ready */
    expect_counters(10, 6, 5);
    expect_system(v, 'U');
    bytes = v;
    EXPECT_EQ(not_zero(bytes, pages(3)), 0);
    memset(bytes, 7, pages(3));
    EXPECT_EQ(DO(sysUnused(&walk.mem, bytes + pages(1), pages(1))), 0); /* Ready -> Prepared */
    expect_counters(10, 6, 4);
    expect_system(bytes + pages(1), 'P');
    if (needZeroAfterSysUnused() && np_os_unused_releases()) EXPECT_EQ(km_freed(), pages(1));
    EXPECT_EQ(bytes[pages(1) - 1], 7);
    EXPECT_EQ(bytes[pages(2)], 7);
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(3), pages(1))), 0); /* a mix of both */
    expect_counters(10, 6, 5);
    EXPECT_EQ(bytes[0], 7);
    EXPECT_EQ(bytes[pages(3) - 1], 7);
    memset(bytes + pages(1), 8, pages(1));
    EXPECT_EQ(bytes[pages(2) - 1], 8);
    EXPECT_EQ(DO(sysFault(&walk.mem, v, pages(1))), 0); /* Ready -> made to fault */
    expect_counters(10, 6, 4);
    expect_system(v, 'F');
    if (np_os_unused_releases()) EXPECT_NE(km_state_of(v).contents, KM_LIVE); /* its memory may go */
    EXPECT_DEATH(*(volatile char *)bytes = 1, "");
    EXPECT_EQ(bytes[pages(1)], 8);
    EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(8), pages(4), pages(2))), 0); /* any mix -> None */
    expect_counters(2, 2, 2);
    expect_system(v, 'N');
    EXPECT_EQ(DO(sysFree(&walk.mem, alone, pages(2))), 0); /* Ready -> None */
    expect_system(alone, 'N');
    v = reserve(3);
    EXPECT_EQ(DO(sysUnreserve(&walk.mem, v, pages(3))), 0); /* Reserved -> None */
    v = reserve(3);
    EXPECT_EQ(DO(sysMap(&walk.mem, v, pages(3))), 0);
    EXPECT_EQ(DO(sysFreePrepared(&walk.mem, v, pages(3))), 0); /* Prepared -> None */
    finish();
}

static inline void reserve_aligned(unsigned adversary) {
    void *v[8], *hint = NULL;
    size_t align = pages(64);
    begin(adversary, 0);
    for (int i = 0; i < 8; i++) {
        REQUIRE_EQ(DO(sysReserveAligned(&walk.mem, hint, align, align, &v[i])), 0);
        EXPECT_EQ((uintptr_t)v[i] % align, 0);
        hint = (char *)v[i] + (i % 2 ? pages(1) : align); /* free, or not even aligned */
    }
    EXPECT_EQ(km_mapped() - walk.tables, 8 * pages(64 + 1)); /* no trimmings; a page of the shadow's for each */
    for (int i = 0; i < 8; i++) EXPECT_EQ(DO(sysUnreserve(&walk.mem, v[i], align)), 0);
    finish();
}

WALK(aligned_reservations) { reserve_aligned(KM_HOSTILE); }
WALK(aligned_reservations_where_hints_are_ignored) { reserve_aligned(KM_HOSTILE | KM_IGNORE_HINTS); }

WALK(advice_is_advice) {
    char *v;
    begin(KM_HOSTILE, 0);
    v = make_ready(64);
    memset(v, 3, pages(64));
    if (np_os_huge_page_size() == 0) { /* Linux: the model's pages are not huge */
        EXPECT_NE(sysHugePage(v, pages(64)), 0);
        EXPECT_NE(sysNoHugePage(v, pages(64)), 0);
        EXPECT_NE(sysHugePageCollapse(v, pages(64)), 0);
    }
    expect_counters(64, 64, 64);
    EXPECT_EQ(v[pages(64) - 1], 3);
    EXPECT_EQ(DO(sysFree(&walk.mem, v, pages(64))), 0);
    finish();
}

/* ---- illegal transitions ---- */

typedef enum { TO_MAP, TO_USED, TO_UNUSED, TO_FAULT, TO_FREE, TO_FREE_PREPARED, TO_UNRESERVE, CALLS } Call;

static inline void make_call(Call call, NpMem *mem, void *v, size_t n) {
    switch (call) {
        case TO_MAP: sysMap(mem, v, n); break;
        case TO_USED: sysUsed(mem, v, n, n); break;
        case TO_UNUSED: sysUnused(mem, v, n); break;
        case TO_FAULT: sysFault(mem, v, n); break;
        case TO_FREE: sysFree(mem, v, n); break;
        case TO_FREE_PREPARED: sysFreePrepared(mem, v, n); break;
        case TO_UNRESERVE: sysUnreserve(mem, v, n); break;
        default: break;
    }
}

/* Which calls are legal for a region of two pages, wholly in that state. */
static const struct {
    char state;
    bool legal[CALLS];
} edges[] = {
    {'N', {false}},
    {'R', {[TO_MAP] = true, [TO_UNRESERVE] = true}},
    {'P', {[TO_USED] = true, [TO_FREE_PREPARED] = true}},
    {'U', {[TO_UNUSED] = true, [TO_FAULT] = true, [TO_FREE] = true}},
    {'F', {[TO_FREE_PREPARED] = true}}, /* mapped and not ready: it may only go */
};

static inline void *region_in(char state) {
    void *v = reserve(2);
    if (state == 'N') {
        REQUIRE_EQ(DO(sysUnreserve(&walk.mem, v, pages(2))), 0);
        return v;
    }
    if (state == 'R') return v;
    REQUIRE_EQ(DO(sysMap(&walk.mem, v, pages(2))), 0);
    if (state == 'P') return v;
    REQUIRE_EQ(DO(sysUsed(&walk.mem, v, pages(2), pages(2))), 0);
    if (state == 'F') REQUIRE_EQ(DO(sysFault(&walk.mem, v, pages(2))), 0);
    return v;
}

WALK(every_illegal_transition_is_fatal) {
    begin(0, 0);
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        for (Call call = 0; call < CALLS; call++) {
            void *v = region_in(edges[i].state);
            size_t mapped = edges[i].state == 'R' ? 0 : 2, ready = edges[i].state == 'U' ? 2 : 0;
            if (edges[i].legal[call]) make_call(call, &walk.mem, v, pages(2));
            else EXPECT_DEATH(make_call(call, &walk.mem, v, pages(2)), "neap: fatal: mem: ");
            np_mem_verify(&walk.mem);
            if (edges[i].state == 'N') continue;
            if (edges[i].legal[call]) {
                if (np_mem_state_of(v) == 'N') continue;
                mapped = walk.mem.mapped / walk.page;
                ready = walk.mem.ready / walk.page;
            }
            EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(2), pages(mapped), pages(ready))), 0);
        }
    finish();
}

WALK(what_else_is_illegal) {
    NpMem other = {0};
    char *v;
    begin(0, 0);
    v = make_ready(4);
    EXPECT_DEATH(sysUnused(&other, v, pages(1)), "another owner");
    EXPECT_DEATH(sysUnused(&walk.mem, v + pages(3), pages(2)), "over the end");
    EXPECT_DEATH(sysFree(&walk.mem, v, pages(3)), "not a whole region");
    EXPECT_DEATH(sysUsed(&walk.mem, v, pages(2), pages(1)), "bytes are Prepared");
    EXPECT_DEATH(sysFreeRegion(&walk.mem, v, pages(4), pages(4), pages(3)), "mapped and");
    EXPECT_DEATH(sysUnused(&walk.mem, v + 1, pages(1)), "M0");
    EXPECT_DEATH(sysUnused(&walk.mem, v, pages(1) - 1), "M0");
    EXPECT_DEATH(sysUnused(&walk.mem, v, 0), "M0");
    EXPECT_EQ(DO(sysUnused(&walk.mem, v + pages(1), pages(1))), 0);
    EXPECT_DEATH(sysUnused(&walk.mem, v, pages(4)), "not Ready");
    EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(4), pages(4), pages(3))), 0);
    finish();
}

/* ---- failure ---- */

/* Every kind of call once or more. One of them may be refused, and is then made again. Ends early,
 * with everything given back, where a range was lost. */
#define AGAIN(call) (DO(call) == 0 || DO(call) == 0)

static inline bool life_of_a_region(void *hint) {
    void *v, *alone;
    char *bytes;
    int error;
    if (!AGAIN(sysAlloc(&walk.mem, pages(3), &alone))) return false;
    memset(alone, 1, pages(3));
    if (!AGAIN(sysReserveAligned(&walk.mem, hint, pages(16), pages(16), &v))) return false;
    error = DO(sysMap(&walk.mem, v, pages(10)));
    if (error == NP_MEM_LOST) {
        if (!AGAIN(sysUnreserve(&walk.mem, v, pages(16)))) return false;
        return AGAIN(sysFree(&walk.mem, alone, pages(3)));
    }
    if (error && DO(sysMap(&walk.mem, v, pages(10))) != 0) return false;
    if (!AGAIN(sysUsed(&walk.mem, v, pages(8), pages(8)))) return false;
    bytes = v;
    EXPECT_EQ(not_zero(bytes, pages(8)), 0);
    memset(bytes, 5, pages(8));
    if (!AGAIN(sysUnused(&walk.mem, bytes + pages(2), pages(2)))) return false;
    if (!AGAIN(sysUsed(&walk.mem, v, pages(4), pages(2)))) return false;
    EXPECT_EQ(bytes[pages(2) - 1], 5);
    EXPECT_EQ(bytes[pages(4)], 5);
    memset(bytes + pages(2), 6, pages(2));
    if (!AGAIN(sysFault(&walk.mem, bytes + pages(6), pages(2)))) return false;
    EXPECT_EQ(bytes[pages(4) - 1], 6);
    EXPECT_EQ(bytes[pages(6) - 1], 5);
    if (!AGAIN(sysFreeRegion(&walk.mem, v, pages(16), pages(10), pages(6)))) return false;
    EXPECT_EQ(((char *)alone)[pages(3) - 1], 1);
    return AGAIN(sysFree(&walk.mem, alone, pages(3)));
}

/* The kth call of a kind fails; what came of it: 0 there is none, 1 nobody noticed, 2 an error. */
static inline int life_with_failure(KmKind kind, long k, int error) {
    void *hint;
    bool happened;
    begin(KM_HOSTILE, 0);
    hint = k % 2 ? NULL : reserve(1); /* taken, so that it cannot be had */
    km_fail(kind, k, error);
    EXPECT_TRUE(life_of_a_region(hint));
    happened = km_failed();
    km_fail(kind, 0, 0);
    EXPECT_LE(walk.errors, 1);
    if (hint) EXPECT_EQ(DO(sysUnreserve(&walk.mem, hint, pages(1))), 0);
    walk.leaks = happened; /* a munmap that failed, a range that is lost */
    finish();
    return !happened ? 0 : walk.errors ? 2 : 1;
}

/* The same in a process of its own; -1: it went wrong there. */
static inline int life_apart(KmKind kind, long k, int error) {
    int status;
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        int came = -1;
        if (setjmp(unit.leave) == 0) came = life_with_failure(kind, k, error);
        fflush(NULL);
        _exit(unit.failed || came < 0 ? 99 : came);
    }
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) > 2) return -1;
    return WEXITSTATUS(status);
}

TEST(each_call_failing_with_each_errno) {
    static const struct {
        KmKind kind;
        const char *name;
    } kinds[] = {{KM_MMAP, "mmap"}, {KM_MUNMAP, "munmap"}, {KM_MPROTECT, "mprotect"}, {KM_MADVISE, "madvise"}};
    KmConfig config = {.profile = KM_PROFILE, .page = walk.page};
    int made = 0, refused = 0, documented[4][16] = {{0}};
    km_start(&config);
    for (int i = 0; i < 4; i++)
        for (int which = 0; which < 15 && (documented[i][which] = km_documented(kinds[i].kind, which)) != 0;) which++;
    km_stop();
    for (int i = 0; i < 4; i++)
        for (int which = 0; documented[i][which]; which++)
            for (long k = 1;; k++) {
                int came = life_apart(kinds[i].kind, k, documented[i][which]);
                if (came < 0) printf("# %s, call %ld, errno %d\n", kinds[i].name, k, documented[i][which]);
                REQUIRE(came >= 0);
                if (came == 0) break;
                made++;
                refused += came == 2;
            }
    EXPECT_GT(made, 20);
    EXPECT_GT(refused, made / 3); /* some are nobody's business: of a hint, of advice at a fault */
}

/* What the system does not take back is not counted as given back. */
WALK(a_refusal_to_take_memory_back_is_told) {
    char *v;
    int error;
    begin(KM_HOSTILE, 0);
    v = reserve(4);
    REQUIRE_EQ(DO(sysMap(&walk.mem, v, pages(4))), 0);
    REQUIRE_EQ(DO(sysUsed(&walk.mem, v, pages(4), pages(4))), 0);
    memset(v, 7, pages(4));
    for (int which = 0; (error = km_documented(KM_MADVISE, which)) != 0; which++) {
        if (KM_PROFILE == KM_LINUX && error == EINVAL) continue; /* mem_linux.c tries something else then */
        km_fail(KM_MADVISE, 1, error);
        EXPECT_EQ(sysUnused(&walk.mem, v, pages(2)), error);
        expect_counters(4, 4, 4);
        expect_system(v, 'U');
    }
    for (int which = 0; (error = km_documented(KM_MUNMAP, which)) != 0; which++) {
        km_fail(KM_MUNMAP, 1, error);
        EXPECT_EQ(sysFree(&walk.mem, v, pages(4)), error);
        expect_counters(4, 4, 4);
        expect_system(v, 'U');
    }
    for (size_t i = 0; i < pages(4); i++) REQUIRE_EQ(v[i], 7);
    EXPECT_EQ(DO(sysFree(&walk.mem, v, pages(4))), 0);
    finish();
}

/* Sometimes, the first call to the system that the next call of the layer makes fails. Never a later
 * one, which might be the shadow's own. */
static inline void perhaps_fail(unsigned one_in) {
    static const KmKind kinds[] = {KM_MMAP, KM_MUNMAP, KM_MPROTECT, KM_MADVISE};
    KmKind kind = kinds[unit_random(&walk.seed) % 4];
    int which = 0;
    if (one_in == 0 || unit_random(&walk.seed) % one_in != 0) {
        km_fail(KM_ANY, 0, 0);
        return;
    }
    while (km_documented(kind, which) != 0) which++;
    if (which > 0) km_fail(kind, 1, km_documented(kind, (int)(unit_random(&walk.seed) % (unsigned)which)));
}

/* ---- fork ---- */

static inline int in_the_child(char *v) {
    NpMem *mem = &walk.mem;
    if (v[0] != 9 || sysUnused(mem, v, pages(2)) != 0) return 1;
    if (sysUsed(mem, v, pages(3), pages(2)) != 0) return 2;
    if (v[pages(2)] != 9) return 3;
    memset(v, 4, pages(3));
    if (sysMap(mem, v + pages(4), pages(4)) != 0 || sysUsed(mem, v + pages(4), pages(4), pages(4)) != 0) return 4;
    if (not_zero(v + pages(4), pages(4)) != 0) return 5;
    np_mem_verify(mem);
    if (sysFreeRegion(mem, v, pages(16), pages(8), pages(8)) != 0) return 6;
    np_mem_verify(mem);
    return mem->reserved == 0 ? 0 : 7;
}

WALK(fork_after_reserve) {
    char *v;
    int status;
    pid_t child;
    begin(KM_HOSTILE, 0);
    v = reserve(16);
    REQUIRE_EQ(DO(sysMap(&walk.mem, v, pages(4))), 0);
    REQUIRE_EQ(DO(sysUsed(&walk.mem, v, pages(4), pages(4))), 0);
    memset(v, 9, pages(4));
    fflush(NULL);
    child = km_fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(in_the_child(v));
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(not_zero(v, pages(4)), pages(4));
    EXPECT_EQ(v[0], 9); /* what the child wrote is the child's */
    expect_counters(16, 4, 4);
    EXPECT_EQ(DO(sysFreeRegion(&walk.mem, v, pages(16), pages(4), pages(4))), 0);
    finish();
}

/* ---- contents ---- */

/* Bytes other than zero that are found after giving back and taking again. */
static inline size_t found_again(unsigned adversary, bool pressure) {
    size_t found;
    char *v;
    begin(adversary, 0);
    v = make_ready(8);
    memset(v, 0x55, pages(8));
    EXPECT_EQ(DO(sysUnused(&walk.mem, v, pages(8))), 0);
    if (pressure) km_pressure();
    EXPECT_EQ(DO(sysUsed(&walk.mem, v, pages(8), pages(8))), 0);
    found = not_zero(v, pages(8));
    if (found > 0) EXPECT_TRUE(needZeroAfterSysUnused());
    memset(v, 0x66, pages(8)); /* and it is memory */
    km_pressure();
    EXPECT_EQ(v[0], 0x66);
    EXPECT_EQ(v[pages(8) - 1], 0x66);
    EXPECT_EQ(DO(sysFree(&walk.mem, v, pages(8))), 0);
    finish();
    return found;
}

WALK(pages_that_keep_what_was_in_them) {
    size_t found = found_again(KM_KEEP_FREED, false);
    if (KM_PROFILE != KM_LINUX) EXPECT_GT(found, 0); /* else this test would say nothing */
}
WALK(pages_that_are_dropped) { found_again(KM_DROP_FREED, false); }
WALK(pages_full_of_junk) { found_again(KM_JUNK, false); }
WALK(pages_dropped_under_pressure) { found_again(0, true); }

/* ---- the random walk ---- */

enum { REGIONS = 12, REGION_PAGES = 48 };

typedef struct Region {
    char *base;
    size_t count;              /* pages; 0: no region */
    char state[REGION_PAGES];  /* R, L (lost), P, U, F */
    bool fresh[REGION_PAGES];  /* not used since it was mapped */
    uint32_t tag[REGION_PAGES];/* what was written to a page that is U */
} Region;

static Region regions[REGIONS];
static unsigned walk_one_in; /* of so many calls one is made to fail; 0: none */

static inline uint32_t *word_of(const Region *region, size_t page) {
    return (uint32_t *)(region->base + pages(page) + walk.page / 2);
}

static inline void check_page(const Region *region, size_t page) {
    char expected = region->state[page] == 'L' ? 'R' : region->state[page];
    if (np_mem_state_of(region->base + pages(page)) != expected)
        EXPECT_EQ(np_mem_state_of(region->base + pages(page)), expected);
    if (expected == 'U' && *word_of(region, page) != region->tag[page])
        EXPECT_EQ(*word_of(region, page), region->tag[page]);
}

static inline void write_page(Region *region, size_t page, uint32_t tag) {
    char *at = region->base + pages(page);
    if (region->fresh[page]) {
        if (not_zero(at, walk.page) != 0) EXPECT_EQ(not_zero(at, walk.page), 0);
        region->fresh[page] = false;
    }
    region->tag[page] = tag;
    *word_of(region, page) = tag;
    at[0] = at[walk.page - 1] = (char)tag;
}

static inline void make_region(Region *region, uint32_t step) {
    void *v, *hint = NULL;
    size_t count = 1 + unit_random(&walk.seed) % REGION_PAGES;
    unsigned how = unit_random(&walk.seed) % 3;
    int error;
    if (regions[0].count && step % 5 == 0) hint = regions[0].base + pages(regions[0].count);
    perhaps_fail(how == 2 ? 0 : walk_one_in); /* an aligned one has calls that may fail unnoticed */
    if (how == 0) error = DO(sysAlloc(&walk.mem, pages(count), &v));
    else if (how == 1) error = DO(sysReserve(&walk.mem, hint, pages(count), &v));
    else error = DO(sysReserveAligned(&walk.mem, hint, pages(count), pages(8), &v));
    if (error) return;
    *region = (Region){.base = v, .count = count};
    memset(region->state, how == 0 ? 'U' : 'R', count);
    memset(region->fresh, true, count);
    for (size_t i = 0; how == 0 && i < count; i++) write_page(region, i, step);
}

static inline void drop_region(Region *region) {
    size_t mapped = 0, ready = 0;
    for (size_t i = 0; i < region->count; i++) {
        check_page(region, i);
        mapped += region->state[i] != 'R' && region->state[i] != 'L';
        ready += region->state[i] == 'U';
    }
    perhaps_fail(walk_one_in);
    if (DO(sysFreeRegion(&walk.mem, region->base, pages(region->count), pages(mapped), pages(ready))) == 0)
        region->count = 0;
}

static inline void change_pages(Region *region, uint32_t step) {
    size_t first = unit_random(&walk.seed) % region->count, last = first, prepared = 0;
    size_t most = first + 1 + unit_random(&walk.seed) % 8;
    char state = region->state[first];
    void *at = region->base + pages(first);
    unsigned how = unit_random(&walk.seed) % 16;
    int error;
    bool mix = state == 'P' || (state == 'U' && how < 4);
    while (last < region->count && last < most &&
           (region->state[last] == state || (mix && (region->state[last] == 'P' || region->state[last] == 'U'))))
        prepared += region->state[last++] == 'P';
    for (size_t i = first; i < last; i++) check_page(region, i);
    perhaps_fail(walk_one_in);
    if (state == 'R' || state == 'L') {
        error = DO(sysMap(&walk.mem, at, pages(last - first)));
        if (state == 'L') EXPECT_EQ(error, NP_MEM_LOST);
        if (error == NP_MEM_LOST) memset(region->state + first, 'L', last - first);
        if (error == 0) memset(region->state + first, 'P', last - first);
    } else if (mix) {
        if (DO(sysUsed(&walk.mem, at, pages(last - first), pages(prepared))) != 0) return;
        for (size_t i = first; i < last; i++) {
            bool was_ready = region->state[i] == 'U';
            region->state[i] = 'U';
            if (was_ready) check_page(region, i);
            write_page(region, i, step);
        }
    } else if (state == 'U' && how == 4) {
        if (DO(sysFault(&walk.mem, at, pages(last - first))) == 0) memset(region->state + first, 'F', last - first);
    } else if (state == 'U') {
        if (DO(sysUnused(&walk.mem, at, pages(last - first))) == 0) memset(region->state + first, 'P', last - first);
    }
}

static inline void random_walk(uint32_t steps, unsigned adversary, unsigned one_in) {
    begin(adversary, 0);
    walk_one_in = one_in;
    for (uint32_t step = 1; step <= steps && !unit.failed; step++) {
        Region *region = &regions[unit_random(&walk.seed) % REGIONS];
        if (region->count == 0) make_region(region, step);
        else if (unit_random(&walk.seed) % 24 == 0) drop_region(region);
        else change_pages(region, step);
        if (step % 500 == 0) km_pressure();
        if (step % 2000 == 0) km_verify();
    }
    walk_one_in = 0;
    for (int i = 0; i < REGIONS; i++)
        if (regions[i].count) drop_region(&regions[i]);
    if (one_in == 0) EXPECT_EQ(walk.errors, 0);
    else EXPECT_GT(walk.errors, (int)steps / 1000);
    walk.leaks = one_in != 0;
    finish();
}

WALK(random_walk_without_failures) { random_walk(WALK_STEPS / 10, KM_HOSTILE, 0); }
WALK(random_walk_with_failures) {
    random_walk(walk.usual ? WALK_STEPS : WALK_STEPS / 10, KM_HOSTILE | KM_IGNORE_HINTS, 20);
}

#define WALK_MAIN                                                                                  \
    int main(int argc, char **argv) {                                                              \
        static const size_t sizes[] = {4096, 16384, 65536};                                        \
        int bad = 0;                                                                               \
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {                                \
            int status = 0;                                                                        \
            pid_t child;                                                                           \
            printf("# " "pages of %zu bytes\n", sizes[i]);                                         \
            fflush(NULL);                                                                          \
            child = fork();                                                                        \
            if (child == 0) {                                                                      \
                walk.page = sizes[i];                                                              \
                walk.usual = i == (KM_PROFILE == KM_DARWIN);                                       \
                exit(unit_run(argc, argv));                                                        \
            }                                                                                      \
            waitpid(child, &status, 0);                                                            \
            bad |= status;                                                                         \
        }                                                                                          \
        return bad != 0;                                                                           \
    }

#endif
