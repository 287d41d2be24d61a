/* mem_sbrk.c: the memory layer where a system knows nothing but a break that can be raised: Plan 9,
 * WebAssembly, and Linux by brk(2).
 *
 * Owns: the break as Neap sees it (bloc, blocMax) and the list of free blocks below it.
 * Does not: move the break itself (sbrk_<host>.c), count (mem.c), allocate.
 *
 * Such a system has no Reserved and no Prepared memory: what the break was raised over is there, is
 * readable and costs what it costs. So reserving hands out memory, mapping and using it are nothing,
 * and nothing can be given back to the system: sysUnused has no effect (np_os_unused_releases says
 * so), and sysFree keeps the memory for the next request.
 *
 * Between blocs. blocMax is how far the host's break has been raised; it only rises. bloc is how far
 * memory has been handed out; it falls when what lies directly below it is freed. What is freed
 * elsewhere goes to memFreelist, ordered by address, neighbours joined; it is searched first
 * fit, so that memory is filled from below. The host may move its break in larger steps than ours.
 *
 * Somebody else may raise the break too: malloc of the C library does. Then bloc and blocMax begin
 * anew above what he took, and the rest below goes to the free list.
 *
 * Invariants (docs/INVARIANTS.md)
 *   B1 bloc <= blocMax; the blocks of memFreelist lie in pages, below bloc, in ascending order,
 *      no two touch, and none ends at bloc (it would be part of what lies above).
 *   B2 all that is free is zero: [bloc, blocMax), and free blocks but for their header. Memory is
 *      cleared when it is freed, so whatever leaves here is zero, reserved memory too.
 *   B3 all of this changes under memlock only.
 *
 * The names are those of Go's file of the same name, which is the model of this one.
 */
#include "runtime/mem/mem_sbrk.h"

#include <errno.h>

#include "runtime/mem/mem_os.h"
#include "runtime/mem/spin.h"

/* The address of a block; 0 for none. */
typedef uintptr_t memHdrPtr;

/* The first bytes of a free block. */
typedef struct memHdr {
    memHdrPtr next; /* the next higher free block */
    uintptr_t size; /* bytes, with this header */
} memHdr;

static uintptr_t bloc, blocMax, blocBase;
static memHdrPtr memFreelist;
static char memlock;

/* What sysFault leaves: a pointer or size read from there is no good one. */
enum { FAULT_FILL = 0xDB };

static void lock(void) { np_spin_take(&memlock); }
static void unlock(void) { np_spin_give(&memlock); }

static memHdr *ptr(memHdrPtr block) { return (memHdr *)block; }

static uintptr_t memRound(uintptr_t address) { return NP_ALIGN_UP(address, np_os_page_size()); }

/* Makes [p, p + n) zero. It writes only where something else stands, so that pages that were
 * reserved and never used stay untouched. */
static void clear(uintptr_t p, uintptr_t n) {
    static const char zero[256];
    for (char *at = (char *)p, *end = at + n; at < end; at += sizeof zero)
        if (memcmp(at, zero, sizeof zero) != 0) memset(at, 0, sizeof zero);
}

static bool is_zero(uintptr_t p, uintptr_t n) {
    const uint64_t *word = (const uint64_t *)p, *end = word + n / sizeof *word;
    while (word < end && *word == 0) word++;
    return word == end;
}

/* B1, and where `contents` is asked for B2, which reads all free memory. */
static void memCheck(bool contents) {
    uintptr_t page = np_os_page_size();
    if (bloc > blocMax) np_fatal("mem: bloc %p is above blocMax %p", (void *)bloc, (void *)blocMax);
    for (memHdrPtr block = memFreelist, last_end = 0; block; block = ptr(block)->next) {
        uintptr_t size;
        if ((block & (page - 1)) != 0 || block >= bloc) np_fatal("mem: free block %p is no page below bloc", (void *)block);
        if (block <= last_end)
            np_fatal("mem: free block %p is out of order, overlaps or touches the one before", (void *)block);
        size = ptr(block)->size;
        if ((size & (page - 1)) != 0 || size == 0 || size >= bloc - block)
            np_fatal("mem: free block %p has size %zu", (void *)block, (size_t)size);
        last_end = block + size;
    }
    for (memHdrPtr block = contents ? memFreelist : 0; block; block = ptr(block)->next)
        if (!is_zero(block + sizeof(memHdr), ptr(block)->size - sizeof(memHdr)))
            np_fatal("mem: free block %p was written to", (void *)block);
    if (contents && !is_zero(bloc, blocMax - bloc)) np_fatal("mem: memory above bloc %p was written to", (void *)bloc);
}

/* Puts zeroed memory into the list and joins it with its neighbours. A block that ends at bloc is not
 * kept: bloc falls. */
static void insert(uintptr_t p, uintptr_t n) {
    memHdrPtr *link = &memFreelist, before = 0, after;
    while (*link && *link < p) {
        before = *link;
        link = &ptr(before)->next;
    }
    after = *link;
    CHECK1("B1", n > 0 && (!before || before + ptr(before)->size <= p) && (!after || p + n <= after));
    if (before && before + ptr(before)->size == p) {
        ptr(before)->size += n;
    } else {
        ptr(p)->next = after;
        ptr(p)->size = n;
        *link = p;
        before = p;
    }
    if (after && before + ptr(before)->size == after) {
        ptr(before)->next = ptr(after)->next;
        ptr(before)->size += ptr(after)->size;
        *ptr(after) = (memHdr){0};
    }
    if (before + ptr(before)->size == bloc) { /* then it is the last one */
        for (link = &memFreelist; *link != before;) link = &ptr(*link)->next;
        *link = 0;
        bloc = before;
        *ptr(before) = (memHdr){0};
    }
}

/* Takes [p, p + n) out of the block at *link. */
static void take(memHdrPtr *link, uintptr_t p, uintptr_t n) {
    memHdrPtr block = *link, next = ptr(block)->next;
    uintptr_t end = block + ptr(block)->size, rest = end - (p + n);
    CHECK2("B2", is_zero(block + sizeof(memHdr), p + n - block - sizeof(memHdr)));
    *link = next;
    *ptr(block) = (memHdr){0};
    if (rest > 0) {
        *ptr(p + n) = (memHdr){next, rest};
        *link = p + n;
    }
    if (p > block) {
        *ptr(block) = (memHdr){*link, p - block};
        *link = block;
    }
}

/* The first free block that holds n bytes at a multiple of `align`; 0 when there is none. */
static uintptr_t take_free(uintptr_t n, uintptr_t align) {
    for (memHdrPtr *link = &memFreelist; *link; link = &ptr(*link)->next) {
        uintptr_t end = *link + ptr(*link)->size, p = NP_ALIGN_UP(*link, align);
        if (p < *link || p > end || end - p < n) continue;
        take(link, p, n);
        return p;
    }
    return 0;
}

static void initBloc(uintptr_t host) { blocBase = bloc = blocMax = memRound(host); }

/* Looks where the host's break is. False: below what is handed out, so it is lost, and with it the
 * way to get more. */
static bool settle(uintptr_t *host) {
    *host = np_sbrk_break();
    if (bloc == 0) initBloc(*host);
    if (memRound(*host) > blocMax) { /* somebody else has raised it */
        uintptr_t from = bloc, rest = blocMax - bloc;
        bloc = blocMax = memRound(*host);
        if (rest > 0) insert(from, rest);
    } else if (memRound(*host) < blocMax) { /* or lowered it: what was not handed out yet can be had again */
        if (*host < bloc) return false;
        blocMax = NP_ALIGN_DOWN(*host, np_os_page_size());
    }
    return true;
}

/* n bytes above bloc, at a multiple of `align`; 0 when the host has no more. The memory left out for
 * the alignment goes to the free list: nothing is asked for only to be cut off. */
static uintptr_t sbrk_above(uintptr_t n, uintptr_t align) {
    uintptr_t host, p, end, skipped;
    if (!settle(&host)) return 0;
    p = NP_ALIGN_UP(bloc, align);
    if (p < bloc || p + n < p) return 0;
    if (p + n > blocMax) {
        end = np_sbrk_extend(host, p + n);
        if (end == 0) return 0;
        blocMax = NP_ALIGN_DOWN(end, np_os_page_size());
    }
    skipped = p - bloc;
    bloc = p + n;
    if (skipped > 0) insert(p - skipped, skipped);
    return p;
}

static uintptr_t memAlloc(uintptr_t n, uintptr_t align) {
    uintptr_t p = take_free(n, align);
    if (p == 0) p = sbrk_above(n, align);
    if (CHECK >= 2) memCheck(false);
    return p;
}

static void memFree(uintptr_t p, uintptr_t n) {
    clear(p, n);
    insert(p, n);
    if (CHECK >= 2) memCheck(false);
}

/* ---- transitions ---- */

static int got(uintptr_t p, void **out) {
    unlock();
    if (p == 0) return ENOMEM;
    *out = (void *)p;
    return 0;
}

int sysAllocOS(size_t n, void **out) {
    lock();
    return got(memAlloc(n, np_os_page_size()), out);
}

/* A hint can be followed where it is the end of what is handed out, so that a row of reservations
 * comes out in one piece; any other is refused. */
int sysReserveOS(void *hint, size_t n, void **out) {
    uintptr_t host;
    if (!hint) return sysAllocOS(n, out);
    lock();
    return got(settle(&host) && bloc == (uintptr_t)hint ? sbrk_above(n, np_os_page_size()) : 0, out);
}

int sysReserveAlignedOS(size_t n, size_t align, void **out) {
    lock();
    return got(memAlloc(n, align), out);
}

int sysFreeOS(void *v, size_t n) {
    lock();
    memFree((uintptr_t)v, n);
    unlock();
    return 0;
}

/* There is no way to make memory trap. */
int sysFaultOS(void *v, size_t n) {
    memset(v, FAULT_FILL, n);
    return 0;
}

int sysMapOS(void *v, size_t n) { return 0; }
int sysUsedOS(void *v, size_t n) { return 0; }
int sysUnusedOS(void *v, size_t n) { return 0; }
int sysHugePageCollapseOS(void *v, size_t n) { return ENOSYS; }
int sysHugePageOS(void *v, size_t n) { return ENOSYS; }
int sysNoHugePageOS(void *v, size_t n) { return ENOSYS; }
bool needZeroAfterSysUnusedOS(void) { return true; }

const char *np_os_system_name(void) { return "sbrk"; }
bool np_os_unused_releases(void) { return false; }
bool np_os_note_sleepers(NpOsSleepers *out) { return false; }
bool np_os_tells_sleepers(void) { return false; }
void np_os_name_helper(void) {}

size_t np_os_huge_page_size(void) { return 0; }
NpHugeMode np_os_huge_page_mode(void) { return NP_HUGE_NEVER; }
/* Nothing leaves memory, and not every host of a break tells. */
size_t np_os_core_bytes(void *v, size_t n) { return 0; }

/* ---- for tests and reports ---- */

NpSbrkRange np_sbrk_range(void) {
    NpSbrkRange range = {0};
    lock();
    range.base = blocBase;
    range.bloc = bloc;
    range.bloc_max = blocMax;
    for (memHdrPtr block = memFreelist; block; block = ptr(block)->next) {
        range.free_bytes += ptr(block)->size;
        range.free_blocks++;
    }
    unlock();
    return range;
}

void np_sbrk_verify(void) {
    lock();
    memCheck(true);
    unlock();
}
