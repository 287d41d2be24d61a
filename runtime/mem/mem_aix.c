/* mem_aix.c: the memory layer on AIX.
 *
 * Owns: nothing.
 * Does not: count (mem.c); allocate; use stdio; ask for large pages, which are a matter of how a
 *           program is linked and the machine is set up.
 *
 * Mapping. Unless XPG_SUS_ENV is set to ON, a fixed mmap over something mapped fails. So a reservation
 * becomes memory, and memory stops being touchable, by mprotect. But mprotect may report success on
 * a range that it cannot protect and do nothing. So what it says is verified: a system call is told
 * to store there, which the kernel refuses with EFAULT where an instruction would trap.
 *
 * Giving back. madvise(MADV_DONTNEED) is accepted and has no effect: the pages stay, with their
 * contents. np_os_unused_releases says so, and only sysFree gives memory back.
 */
#include "runtime/mem/mem_os.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* ---- mprotect, verified ---- */

typedef struct rlimit Probe; /* what the verifying call stores, at the start of a page */

_Static_assert(sizeof(Probe) <= 64, "a probe is small");

/* Whether the page at v can be written; if so, its first bytes are now zero. */
static bool writable(void *v) {
    if (getrlimit(RLIMIT_DATA, v) != 0) return false;
    memset(v, 0, sizeof(Probe));
    return true;
}

static char *last_page(void *v, size_t n) { return (char *)v + n - np_os_page_size(); }

/* ---- transitions ---- */

static int map_new(void *hint, size_t n, int prot, void **out) {
    void *v = mmap(hint, n, prot, MAP_ANON | MAP_PRIVATE, -1, 0);
    if (v == MAP_FAILED) return errno;
    *out = v;
    return 0;
}

int sysAllocOS(size_t n, void **out) { return map_new(NULL, n, PROT_READ | PROT_WRITE, out); }

int sysReserveOS(void *hint, size_t n, void **out) { return map_new(hint, n, PROT_NONE, out); }

int sysReserveAlignedOS(size_t n, size_t align, void **out) { return np_mem_reserve_trimmed(n, align, out); }

int sysMapOS(void *v, size_t n) {
    if (mprotect(v, n, PROT_READ | PROT_WRITE) != 0) return errno;
    if (writable(v) && writable(last_page(v, n))) return 0;
    mprotect(v, n, PROT_NONE);
    return EACCES;
}

int sysUsedOS(void *v, size_t n) { return 0; }

int sysUnusedOS(void *v, size_t n) { return madvise(v, n, MADV_DONTNEED) == 0 ? 0 : errno; }

bool needZeroAfterSysUnusedOS(void) { return true; }

int sysFreeOS(void *v, size_t n) { return munmap(v, n) == 0 ? 0 : errno; }

/* When the pages turn out to be as writable as before, what the probe wrote is taken back. */
int sysFaultOS(void *v, size_t n) {
    char *last = last_page(v, n);
    Probe at_first, at_last;
    memcpy(&at_first, v, sizeof at_first);
    memcpy(&at_last, last, sizeof at_last);
    if (mprotect(v, n, PROT_NONE) != 0) return errno;
    if (!writable(v) && !writable(last)) return 0;
    if (mprotect(v, n, PROT_READ | PROT_WRITE) == 0 && writable(v) && writable(last)) {
        memcpy(last, &at_last, sizeof at_last);
        memcpy(v, &at_first, sizeof at_first);
    }
    return EACCES;
}

int sysHugePageOS(void *v, size_t n) { return ENOSYS; }
int sysNoHugePageOS(void *v, size_t n) { return ENOSYS; }
int sysHugePageCollapseOS(void *v, size_t n) { return ENOSYS; }

/* ---- what the kernel tells ---- */

const char *np_os_system_name(void) { return "aix"; }
bool np_os_unused_releases(void) { return false; }
bool np_os_note_sleepers(NpOsSleepers *out) { return false; }
bool np_os_tells_sleepers(void) { return false; }
void np_os_name_helper(void) {}
size_t np_os_huge_page_size(void) { return 0; }
NpHugeMode np_os_huge_page_mode(void) { return NP_HUGE_NEVER; }
/* Only a tool that reads all processes says it. */
size_t np_os_resident_bytes(void) { return 0; }
/* Nothing leaves. */
size_t np_os_core_bytes(void *v, size_t n) { return 0; }
size_t np_os_group_limit(void) { return 0; }
size_t np_os_maxrss_unit(void) { return 1024; }
