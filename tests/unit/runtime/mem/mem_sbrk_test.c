/* mem_sbrk_test.c: the break and its free list, on a host made here: a stretch of memory whose break
 * the tests can move behind mem_sbrk.c's back, refuse, and wind back to the beginning. */
#include "runtime/mem/mem_sbrk.h"

#include <errno.h>
#include <sys/mman.h>

#include "runtime/mem/mem_os.h"
#include "tests/unit/unit.h"

enum { HOST_PAGES = 16384, PAGE = 4096 };
#define HOST_BYTES ((size_t)HOST_PAGES * PAGE)

/* ---- the host ---- */

static struct {
    char *memory;     /* HOST_BYTES, zero where the break has not been */
    uintptr_t end;    /* the break */
    uintptr_t limit;  /* no further */
    size_t step;      /* moves in multiples of this */
    long calls, fail; /* extensions so far; the one that is refused (0: none) */
    size_t after;     /* what somebody else takes right after the next extension */
} host;

static void host_begin(void) {
    if (host.memory) return;
    host.memory = mmap(NULL, HOST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (host.memory == MAP_FAILED) abort();
    host.end = (uintptr_t)host.memory + 100; /* as an image may end */
    host.limit = (uintptr_t)host.memory + HOST_BYTES;
    host.step = 1;
}

uintptr_t np_sbrk_break(void) {
    host_begin();
    return host.end;
}

uintptr_t np_sbrk_extend(uintptr_t from, uintptr_t to) {
    if (++host.calls == host.fail) return 0;
    to = (to + host.step - 1) / host.step * host.step;
    if (from != host.end || to > host.limit || to < from) return 0;
    host.end = to + host.after;
    if (host.after > 0) memset((char *)to, 0x55, host.after);
    host.after = 0;
    return to;
}

size_t np_os_resident_bytes(void) { return host.end - (uintptr_t)host.memory; }
size_t np_os_group_limit(void) { return 0; }
size_t np_os_maxrss_unit(void) { return 1; }

/* Somebody else takes n bytes above the break. */
static void somebody_raises(size_t n) {
    memset((char *)np_sbrk_break(), 0x55, n);
    host.end += n;
}

/* ---- helpers ---- */

static bool all_zero(const void *v, size_t n) {
    const char *bytes = v;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0) return false;
    return true;
}

/* pages of memory, expected to be zero, filled with `fill`. */
static char *take(size_t pages, int fill) {
    void *v = NULL;
    REQUIRE_EQ(sysAllocOS(pages * PAGE, &v), 0);
    REQUIRE(all_zero(v, pages * PAGE));
    memset(v, fill, pages * PAGE);
    return v;
}

static void give(void *v, size_t pages) {
    REQUIRE_EQ(sysFreeOS(v, pages * PAGE), 0);
    np_sbrk_verify();
}

static void expect_free(size_t pages, size_t blocks) {
    NpSbrkRange range = np_sbrk_range();
    EXPECT_EQ(range.free_bytes / PAGE, pages);
    EXPECT_EQ(range.free_blocks, blocks);
}

/* Takes all that is free, so that the next request has to ask the host. */
static void use_up(void) {
    for (NpSbrkRange range = np_sbrk_range(); range.free_blocks > 0 || range.bloc < range.bloc_max; range = np_sbrk_range())
        take(1, 0x77);
}

/* ---- the list ---- */

TEST(begins_at_the_end_of_the_image_rounded_up) {
    char *v = take(1, 1);
    NpSbrkRange range = np_sbrk_range();
    EXPECT_EQ(range.base, (uintptr_t)host.memory + PAGE);
    EXPECT_PTR(v, host.memory + PAGE);
    EXPECT_EQ(range.bloc, range.base + PAGE);
    EXPECT_EQ(range.bloc_max, range.bloc);
    give(v, 1);
    range = np_sbrk_range();
    EXPECT_EQ(range.bloc, range.base);
    EXPECT_EQ(range.bloc_max, range.base + PAGE);
    expect_free(0, 0);
}

TEST(freed_neighbours_join_in_every_order) {
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int i = 0; i < 6; i++) {
        char *piece[3], *last;
        for (int k = 0; k < 3; k++) piece[k] = take(2, 7);
        last = take(1, 7);
        EXPECT_PTR(piece[1], piece[0] + 2 * PAGE);
        give(piece[orders[i][0]], 2);
        expect_free(2, 1);
        give(piece[orders[i][1]], 2);
        expect_free(4, orders[i][0] + orders[i][1] == 2 ? 2 : 1);
        give(piece[orders[i][2]], 2);
        expect_free(6, 1);
        give(last, 1); /* bloc falls to the beginning: nothing is left of the list */
        expect_free(0, 0);
        EXPECT_EQ(np_sbrk_range().bloc, np_sbrk_range().base);
    }
}

TEST(the_lowest_block_that_fits_is_taken) {
    char *a = take(2, 1), *b = take(1, 1), *c = take(4, 1), *d = take(1, 1), *e = take(4, 1), *f = take(1, 1);
    give(e, 4);
    give(a, 2);
    give(c, 4);
    expect_free(10, 3);
    EXPECT_PTR(take(3, 2), c);
    EXPECT_PTR(take(2, 2), a);
    EXPECT_PTR(take(1, 2), c + 3 * PAGE);
    EXPECT_PTR(take(5, 2), f + PAGE); /* fits nowhere: above */
    expect_free(4, 1);
    give(f + PAGE, 5);
    give(c, 4);
    give(b, 1);
    give(d, 1);
    give(f, 1);
    give(a, 2);
    expect_free(0, 0);
}

TEST(a_part_of_a_range_can_be_freed) {
    char *v = take(8, 3);
    give(v + 2 * PAGE, 3);
    expect_free(3, 1);
    EXPECT_EQ(v[2 * PAGE - 1], 3);
    EXPECT_EQ(v[5 * PAGE], 3);
    EXPECT_PTR(take(3, 4), v + 2 * PAGE);
    give(v, 8);
}

TEST(what_is_reserved_is_there_and_zero) {
    void *v, *next;
    NpSbrkRange range;
    char *dirty = take(4, 9);
    give(dirty, 4);
    EXPECT_EQ(sysReserveOS(NULL, 4 * PAGE, &v), 0);
    EXPECT(all_zero(v, 4 * PAGE));
    range = np_sbrk_range();
    EXPECT_EQ(sysReserveOS((void *)range.bloc, 2 * PAGE, &next), 0); /* the one hint that can be had */
    EXPECT_PTR(next, (char *)v + 4 * PAGE);
    EXPECT_EQ(sysReserveOS((void *)(range.bloc + 64 * PAGE), PAGE, &next), ENOMEM);
    EXPECT_EQ(sysReserveOS(v, PAGE, &next), ENOMEM);
    EXPECT_EQ(np_sbrk_range().bloc, range.bloc + 2 * PAGE);
    give(v, 6);
}

TEST(aligned_reservations_waste_nothing) {
    void *v, *w;
    char *first = take(1, 1);
    NpSbrkRange range;
    EXPECT_EQ(sysReserveAlignedOS(64 * PAGE, 64 * PAGE, &v), 0);
    EXPECT_EQ((uintptr_t)v % (64 * PAGE), 0);
    range = np_sbrk_range();
    EXPECT_EQ(range.bloc, (uintptr_t)v + 64 * PAGE);
    EXPECT_EQ(range.bloc_max, range.bloc); /* no more was asked for than handed out */
    EXPECT_EQ(range.free_bytes, (uintptr_t)v - (uintptr_t)first - PAGE);
    EXPECT_EQ(sysReserveAlignedOS(2 * PAGE, 2 * PAGE, &w), 0); /* out of the middle of the free list */
    EXPECT_EQ((uintptr_t)w % (2 * PAGE), 0);
    EXPECT_LT((uintptr_t)w, (uintptr_t)v);
    np_sbrk_verify();
    give(w, 2);
    give(v, 64);
    give(first, 1);
    expect_free(0, 0);
}

TEST(faulted_memory_is_made_useless) {
    char *v = take(1, 0x11);
    EXPECT_EQ(sysFaultOS(v, PAGE), 0);
    EXPECT_EQ((unsigned char)v[0], 0xDB);
    EXPECT_EQ((unsigned char)v[PAGE - 1], 0xDB);
    give(v, 1);
    v = take(1, 0);
    give(v, 1);
}

TEST(what_it_says_of_itself) {
    EXPECT_STR(np_os_system_name(), "sbrk");
    EXPECT_FALSE(np_os_unused_releases());
    EXPECT_TRUE(needZeroAfterSysUnusedOS());
    EXPECT_EQ(np_os_huge_page_size(), 0);
    EXPECT_EQ(np_os_huge_page_mode(), NP_HUGE_NEVER);
    EXPECT_EQ(sysHugePageOS(host.memory, PAGE), ENOSYS);
    EXPECT_EQ(sysNoHugePageOS(host.memory, PAGE), ENOSYS);
    EXPECT_EQ(sysHugePageCollapseOS(host.memory, PAGE), ENOSYS);
}

/* ---- the host's ways ---- */

TEST(a_break_raised_by_somebody_else_is_survived) {
    char *low, *spare, *high;
    NpSbrkRange range;
    use_up();
    low = take(1, 1);
    spare = take(3, 1);
    give(spare, 3); /* [bloc, blocMax) is three pages */
    range = np_sbrk_range();
    somebody_raises(2 * PAGE + 100);
    high = take(5, 2);
    EXPECT_GE((uintptr_t)high, range.bloc_max + 2 * PAGE + 100);
    EXPECT_EQ(((char *)range.bloc_max)[0], 0x55);
    EXPECT_EQ(((char *)range.bloc_max)[2 * PAGE + 99], 0x55);
    expect_free(3, 1);
    np_sbrk_verify();
    EXPECT_PTR(take(3, 3), spare); /* what was left below is not lost */
    give(spare, 3);
    give(high, 5);
    expect_free(3, 1); /* the two stretches do not join over what is his */
    give(low, 1);
    expect_free(4, 1);
}

TEST(what_is_taken_right_after_an_extension_is_not_ours) {
    uintptr_t theirs;
    char *first, *second;
    use_up();
    host.after = 2 * PAGE;
    first = take(4, 1);
    theirs = host.end - 2 * PAGE;
    EXPECT_EQ(np_sbrk_range().bloc_max, NP_ALIGN_DOWN(theirs, np_os_page_size()));
    second = take(4, 2);
    EXPECT_GE((uintptr_t)second, theirs + 2 * PAGE);
    for (size_t i = 0; i < 2 * PAGE; i++) REQUIRE_EQ(((char *)theirs)[i], 0x55);
    np_sbrk_verify();
    give(second, 4);
    give(first, 4);
}

TEST(a_break_moved_in_large_steps) {
    char *a, *b;
    NpSbrkRange range;
    use_up();
    host.step = 16 * PAGE;
    a = take(1, 1);
    range = np_sbrk_range();
    EXPECT_EQ(range.bloc_max % (16 * PAGE), 0);
    EXPECT_GT(range.bloc_max, range.bloc);
    host.fail = host.calls + 1;
    b = take(1, 2); /* without asking the host */
    EXPECT_EQ((uintptr_t)b, range.bloc);
    host.fail = 0;
    host.step = 1;
    give(b, 1);
    give(a, 1);
}

TEST(a_break_lowered_by_somebody_else) {
    void *none;
    char *v, *w;
    NpSbrkRange range;
    use_up();
    v = take(2, 1);
    w = take(64, 1);
    give(w, 64);
    range = np_sbrk_range();
    host.end = range.bloc + PAGE; /* he took back more than he gave, but nothing that is in use */
    w = take(64, 1);
    EXPECT_EQ((uintptr_t)w, range.bloc);
    EXPECT_GE(host.end, range.bloc + 64 * PAGE);
    give(w, 64);
    range.bloc_max = host.end;
    host.end = (uintptr_t)v; /* memory in use is gone: no more can be had */
    EXPECT_EQ(sysAllocOS(1000 * PAGE, &none), ENOMEM);
    host.end = range.bloc_max;
    give(v, 2);
}

TEST(exhaustion_is_an_error_and_changes_nothing) {
    char *v;
    NpSbrkRange before, after;
    void *none = (void *)1;
    use_up();
    v = take(4, 1);
    host.limit = host.end;
    before = np_sbrk_range();
    EXPECT_EQ(sysAllocOS(HOST_BYTES, &none), ENOMEM);
    EXPECT_EQ(sysReserveOS((void *)before.bloc, HOST_BYTES, &none), ENOMEM);
    EXPECT_EQ(sysReserveAlignedOS(HOST_BYTES, 64 * PAGE, &none), ENOMEM);
    EXPECT_EQ(sysAllocOS(SIZE_MAX / 2 - PAGE + 1, &none), ENOMEM);
    EXPECT_EQ(sysAllocOS(SIZE_MAX - PAGE + 1, &none), ENOMEM);
    EXPECT_EQ(sysReserveAlignedOS(SIZE_MAX - PAGE + 1, 64 * PAGE, &none), ENOMEM);
    EXPECT_PTR(none, (void *)1);
    after = np_sbrk_range();
    EXPECT_MEM(&after, &before, sizeof before);
    host.limit = (uintptr_t)host.memory + HOST_BYTES;
    np_sbrk_verify();
    give(v, 4);
}

/* ---- memCheck ---- */

TEST(each_corruption_is_noticed) {
    char *a = take(2, 1), *b = take(1, 1), *c = take(2, 1), *d = take(1, 1);
    uintptr_t *first = (uintptr_t *)a, *second = (uintptr_t *)c; /* {next, size} */
    give(take(1, 1), 1);                                         /* something above bloc */
    give(a, 2);
    give(c, 2);
    EXPECT_DEATH((a[PAGE] = 1, np_sbrk_verify()), "was written to");
    EXPECT_DEATH((c[2 * sizeof(uintptr_t)] = 1, np_sbrk_verify()), "was written to");
    EXPECT_DEATH((((char *)np_sbrk_range().bloc_max)[-1] = 1, np_sbrk_verify()), "above bloc");
    EXPECT_DEATH((second[0] = (uintptr_t)a, np_sbrk_verify()), "out of order");    /* descending */
    EXPECT_DEATH((second[0] = (uintptr_t)c, np_sbrk_verify()), "out of order");    /* equal */
    EXPECT_DEATH((first[1] = 3 * PAGE, np_sbrk_verify()), "overlaps or touches");  /* up to the next */
    EXPECT_DEATH((first[1] = 4 * PAGE, np_sbrk_verify()), "overlaps or touches");  /* into the next */
    EXPECT_DEATH((first[1] = 0, np_sbrk_verify()), "has size");
    EXPECT_DEATH((first[1] = 100, np_sbrk_verify()), "has size");
    EXPECT_DEATH((second[1] = np_sbrk_range().bloc - (uintptr_t)c, np_sbrk_verify()), "has size"); /* up to bloc */
    EXPECT_DEATH((second[1] = SIZE_MAX - PAGE + 1, np_sbrk_verify()), "has size");
    EXPECT_DEATH((first[0] = (uintptr_t)c + 8, np_sbrk_verify()), "no page below bloc");
    EXPECT_DEATH((second[0] = np_sbrk_range().bloc, np_sbrk_verify()), "no page below bloc");
    np_sbrk_verify();
    give(b, 1);
    give(d, 1);
}

#if CHECK >= 2
TEST(writing_to_free_memory_is_noticed_when_it_is_handed_out) {
    char *a = take(2, 1), *b = take(1, 1);
    void *v;
    give(a, 2);
    EXPECT_DEATH((a[PAGE] = 1, sysAllocOS(2 * PAGE, &v)), "B2");
    give(b, 1);
}
#endif

/* ---- against a model ---- */

enum { RANGES = 64, STEPS = 100000 };
typedef struct Range {
    char *at;
    size_t pages;
    unsigned char fill;
} Range;

/* Each range is as it was filled, and lies apart from the others. */
static void expect_whole(const Range *ranges, unsigned char *owner) {
    memset(owner, 0, HOST_PAGES);
    for (int i = 0; i < RANGES; i++) {
        size_t first = (size_t)(ranges[i].at - host.memory) / PAGE;
        for (size_t p = 0; p < ranges[i].pages; p++) {
            const unsigned char *page = (unsigned char *)ranges[i].at + p * PAGE;
            REQUIRE_EQ(owner[first + p], 0);
            owner[first + p] = 1;
            REQUIRE(page[0] == ranges[i].fill && page[PAGE - 1] == ranges[i].fill);
        }
    }
}

/* One request of a random kind and size. */
static int ask(uint64_t *seed, size_t pages, void **v) {
    size_t align = (size_t)PAGE << unit_random(seed) % 6;
    int error;
    switch (unit_random(seed) % 16) {
        case 0: return sysReserveOS((void *)np_sbrk_range().bloc, pages * PAGE, v);
        case 1: case 2: case 3: return sysReserveOS(NULL, pages * PAGE, v);
        case 4: case 5: case 6: case 7:
            error = sysReserveAlignedOS(pages * PAGE, align, v);
            if (!error) REQUIRE_EQ((uintptr_t)*v & (align - 1), 0);
            return error;
        default: return sysAllocOS(pages * PAGE, v);
    }
}

TEST(random_walk_against_a_model) {
    static Range ranges[RANGES];
    static unsigned char owner[HOST_PAGES];
    uint64_t seed = 7;
    long refused = 0, taken = 0;
    for (int step = 0; step < STEPS; step++) {
        Range *range = &ranges[unit_random(&seed) % RANGES];
        if (range->pages == 0) {
            size_t pages = 1 + unit_random(&seed) % (unit_random(&seed) % 8 == 0 ? 60 : 8);
            void *v;
            if (unit_random(&seed) % 8 == 0) host.fail = host.calls + 1;
            if (ask(&seed, pages, &v) == 0) {
                if (!all_zero(v, pages * PAGE)) REQUIRE(all_zero(v, pages * PAGE));
                *range = (Range){v, pages, (unsigned char)(1 + step % 255)};
                memset(v, range->fill, pages * PAGE);
                taken++;
            } else {
                refused++;
            }
            host.fail = 0;
        } else if (unit_random(&seed) % 4 == 0 && range->pages > 1) { /* a part, from either end */
            size_t pages = 1 + unit_random(&seed) % (range->pages - 1);
            char *from = unit_random(&seed) % 2 ? range->at : range->at + (range->pages - pages) * PAGE;
            REQUIRE_EQ(sysFreeOS(from, pages * PAGE), 0);
            if (from == range->at) range->at += pages * PAGE;
            range->pages -= pages;
        } else {
            REQUIRE_EQ(sysFreeOS(range->at, range->pages * PAGE), 0);
            range->pages = 0;
        }
        if (step % 2000 == 0 && host.end < host.limit - PAGE) somebody_raises(1 + unit_random(&seed) % 1000);
        if (step % 500 == 0) {
            expect_whole(ranges, owner);
            np_sbrk_verify();
        }
    }
    EXPECT_GT(taken, STEPS / 4);
    EXPECT_GT(refused, 10);
    for (int i = 0; i < RANGES; i++)
        if (ranges[i].pages > 0) give(ranges[i].at, ranges[i].pages);
}

/* ---- with mem.c on top ---- */

/* Some of everything; what succeeded is undone. True when all of it did. */
static bool use_all(NpMem *mem) {
    void *a = NULL, *b = NULL, *c = NULL;
    size_t n = 40 * PAGE;
    bool fine = sysAlloc(mem, n, &a) == 0;
    fine &= sysReserve(mem, NULL, n, &b) == 0;
    fine &= sysReserveAligned(mem, (void *)np_sbrk_range().bloc, n, 64 * PAGE, &c) == 0;
    if (b) {
        REQUIRE_EQ(sysMap(mem, b, n), 0);
        REQUIRE_EQ(sysUsed(mem, b, n, n), 0);
        memset(b, 1, n);
        REQUIRE_EQ(sysUnused(mem, b, n / 2), 0);
    }
    np_mem_verify(mem);
    if (a) REQUIRE_EQ(sysFree(mem, a, n), 0);
    if (b) REQUIRE_EQ(sysFreeRegion(mem, b, n, n, n / 2), 0);
    if (c) REQUIRE_EQ(sysUnreserve(mem, c, n), 0);
    np_mem_verify(mem);
    np_sbrk_verify();
    return fine;
}

TEST(a_refusal_at_each_call_leaves_the_counters_right) {
    NpMem mem = {0};
    long calls, refusals = 0;
    use_up();
    host.calls = 0;
    EXPECT_TRUE(use_all(&mem));
    calls = host.calls;
    EXPECT_GE(calls, 3);
    for (long nth = 1; nth <= calls; nth++) {
        use_up();
        host.calls = 0;
        host.fail = nth;
        refusals += !use_all(&mem);
        host.fail = 0;
        EXPECT_EQ(mem.reserved, 0);
        EXPECT_EQ(mem.mapped, 0);
        EXPECT_EQ(mem.ready, 0);
    }
    EXPECT_GE(refusals, 3);
}

UNIT_MAIN
