/* mem_bsd.c: the memory layer on FreeBSD, NetBSD, OpenBSD, DragonFly, Solaris and illumos.
 *
 * Owns: the ranges that a failed mapping has lost.
 * Does not: count (mem.c); allocate; use stdio; ask for huge pages, which these systems make
 *           without being asked.
 *
 * Giving back. MADV_FREE (its number differs, so it comes from the header) leaves the pages until
 * the kernel wants them: resident memory falls late, and old contents may be read again.
 * MADV_DONTNEED is no alternative: here it lowers a page's priority and drops nothing.
 *
 * Charging. Solaris sets swap aside for every private mapping that can be written. A reservation is
 * made with MAP_NORESERVE and costs none; what is mapped is charged at once, so that a shortage is
 * an error here (EAGAIN) and not a signal at the first touch.
 *
 * Lost ranges. A fixed mmap takes away what was there before it sets up the new, and Solaris says
 * that it may fail with a part gone (any error but EBADF, EINVAL, ENOTSUP). So the memory is tried
 * for elsewhere first, where a shortage does no harm. If the fixed mapping fails all the same, another
 * thread may be given the part that is gone at any time: the range can neither be mapped again nor
 * unmapped. It is noted as lost (NP_MEM_LOST), stays where it is and costs address space only.
 */
#include "runtime/mem/mem_os.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/mem/spin.h"

#ifndef MAP_NORESERVE /* FreeBSD has none, OpenBSD's is 0 */
#define MAP_NORESERVE 0
#endif

/* ---- lost ranges ---- */

enum { LOST_MAX = 64 }; /* with so many, nothing more is mapped */

typedef struct Range {
    uintptr_t from, to;
} Range;

static Range lost[LOST_MAX];
static int lost_count;
static char lost_lock;

static void take(void) { np_spin_take(&lost_lock); }
static void give(void) { np_spin_give(&lost_lock); }

/* The lowest lost range that reaches into [from, to), or -1. Under the lock. */
static int first_lost(uintptr_t from, uintptr_t to) {
    int lowest = -1;
    for (int i = 0; i < lost_count; i++)
        if (lost[i].from < to && from < lost[i].to && (lowest < 0 || lost[i].from < lost[lowest].from)) lowest = i;
    return lowest;
}

static bool in_lost(const void *v, size_t n) {
    bool found;
    take();
    found = first_lost((uintptr_t)v, (uintptr_t)v + n) >= 0;
    give();
    return found;
}

/* ---- transitions ---- */

/* Maps where the kernel likes. What it puts into the gap of a lost range stays there as a plug,
 * without access or charge: it lies inside a range that somebody still holds. */
static int map_new(void *hint, size_t n, int prot, int flags, void **out) {
    for (int tries = 0; tries < 256; tries++) {
        void *v = mmap(hint, n, prot, MAP_ANON | MAP_PRIVATE | flags, -1, 0);
        if (v == MAP_FAILED) return errno;
        if (NP_LIKELY(!in_lost(v, n))) {
            *out = v;
            return 0;
        }
        if (prot != PROT_NONE) mmap(v, n, PROT_NONE, MAP_ANON | MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, -1, 0);
        hint = NULL;
    }
    return ENOMEM;
}

int sysAllocOS(size_t n, void **out) { return map_new(NULL, n, PROT_READ | PROT_WRITE, 0, out); }

int sysReserveOS(void *hint, size_t n, void **out) { return map_new(hint, n, PROT_NONE, MAP_NORESERVE, out); }

int sysReserveAlignedOS(size_t n, size_t align, void **out) { return np_mem_reserve_trimmed(n, align, out); }

/* Whether there are n bytes at the moment: 0 or an error. */
static int try_elsewhere(size_t n) {
    void *v = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0);
    return v != MAP_FAILED && munmap(v, n) == 0 ? 0 : errno;
}

/* Under the lock. */
static int map_fixed(void *v, size_t n) {
    uintptr_t from = (uintptr_t)v;
    int error;
    if (first_lost(from, from + n) >= 0) return NP_MEM_LOST;
    if (lost_count == LOST_MAX) return ENOMEM;
    error = try_elsewhere(n);
    if (error) return error;
    if (mmap(v, n, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0) != MAP_FAILED) return 0;
    if (errno == EBADF || errno == EINVAL || errno == ENOTSUP) return errno;
    lost[lost_count++] = (Range){from, from + n};
    return NP_MEM_LOST;
}

int sysMapOS(void *v, size_t n) {
    int error;
    take();
    error = map_fixed(v, n);
    give();
    return error;
}

int sysUsedOS(void *v, size_t n) { return 0; }

int sysUnusedOS(void *v, size_t n) { return madvise(v, n, MADV_FREE) == 0 ? 0 : errno; }

bool needZeroAfterSysUnusedOS(void) { return true; }

/* Unmaps all but what is lost of the range, and forgets that. An error is one only while nothing has
 * been unmapped; a piece that stays later costs address space. */
int sysFreeOS(void *v, size_t n) {
    uintptr_t start = (uintptr_t)v, at = start, end = start + n;
    int error = 0;
    take();
    while (at < end) {
        int next = first_lost(at, end);
        uintptr_t stop = next < 0 ? end : lost[next].from;
        if (stop > at && munmap((void *)at, stop - at) != 0 && at == start) {
            error = errno;
            break;
        }
        if (next < 0) break;
        at = lost[next].to;
        lost[next] = lost[--lost_count];
    }
    give();
    return error;
}

/* Not a fixed mapping, which could fail with a part of the program's data gone; mprotect may have
 * done a part when it fails, and that can be undone. */
int sysFaultOS(void *v, size_t n) {
    if (mprotect(v, n, PROT_NONE) != 0) {
        int error = errno;
        mprotect(v, n, PROT_READ | PROT_WRITE);
        return error;
    }
    madvise(v, n, MADV_FREE); /* the contents are of no more use; failing costs only memory */
    return 0;
}

int sysHugePageOS(void *v, size_t n) { return ENOSYS; }
int sysNoHugePageOS(void *v, size_t n) { return ENOSYS; }
int sysHugePageCollapseOS(void *v, size_t n) { return ENOSYS; }

/* ---- what the kernel tells ---- */

const char *np_os_system_name(void) { return "bsd"; }
bool np_os_unused_releases(void) { return true; }
bool np_os_note_sleepers(NpOsSleepers *out) { return false; }
bool np_os_tells_sleepers(void) { return false; }
void np_os_name_helper(void) {}
size_t np_os_huge_page_size(void) { return 0; }
NpHugeMode np_os_huge_page_mode(void) { return NP_HUGE_NEVER; }
/* Each of these systems has its own structure for it, and none a common call. */
size_t np_os_resident_bytes(void) { return 0; }
/* OpenBSD has no mincore, and the others count what MADV_FREE has freed until it is taken. */
size_t np_os_core_bytes(void *v, size_t n) { return 0; }
size_t np_os_group_limit(void) { return 0; }
/* KiB; illumos leaves the field 0. */
size_t np_os_maxrss_unit(void) { return 1024; }
