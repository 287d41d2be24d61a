/* mem_darwin.c: the memory layer on Darwin (macOS and its relatives).
 *
 * Owns: nothing.
 * Does not: count (mem.c); allocate; use stdio; ask for huge pages, for which there is no call.
 *
 * Giving back. Tools show a process's footprint, and that falls at once with MADV_FREE_REUSABLE and
 * is charged again by MADV_FREE_REUSE; resident memory stays until the kernel wants the pages. In
 * between contents are undefined. With plain MADV_FREE the footprint would not move at all.
 *
 * madvise rounds a range outwards to whole pages, which are 16 KiB on arm64: a range that is not
 * aligned to np_os_page_size() would hit its neighbours, so M0 is vital here.
 */
#include "runtime/mem/mem_os.h"

#include <errno.h>
#include <mach/mach.h>
#include <sys/mman.h>

static int map_at(void *at, size_t n, int prot, int fixed, void **out) {
    void *v = mmap(at, n, prot, MAP_ANON | MAP_PRIVATE | fixed, -1, 0);
    if (v == MAP_FAILED) return errno;
    *out = v;
    return 0;
}

int sysAllocOS(size_t n, void **out) { return map_at(NULL, n, PROT_READ | PROT_WRITE, 0, out); }

int sysReserveOS(void *hint, size_t n, void **out) { return map_at(hint, n, PROT_NONE, 0, out); }

int sysReserveAlignedOS(size_t n, size_t align, void **out) { return np_mem_reserve_trimmed(n, align, out); }

/* A fixed mapping that fails leaves the old one as it was: XNU puts back what it took out. */
int sysMapOS(void *v, size_t n) {
    void *got;
    return map_at(v, n, PROT_READ | PROT_WRITE, MAP_FIXED, &got);
}

/* On pages that were never given back this changes nothing, their contents least of all. */
int sysUsedOS(void *v, size_t n) { return madvise(v, n, MADV_FREE_REUSE) == 0 ? 0 : errno; }

int sysUnusedOS(void *v, size_t n) { return madvise(v, n, MADV_FREE_REUSABLE) == 0 ? 0 : errno; }

bool needZeroAfterSysUnusedOS(void) { return true; }

int sysFreeOS(void *v, size_t n) { return munmap(v, n) == 0 ? 0 : errno; }

/* A mapping of its own gives the memory back too; REUSABLE is refused where nothing can be written. */
int sysFaultOS(void *v, size_t n) {
    void *got;
    return map_at(v, n, PROT_NONE, MAP_FIXED, &got);
}

int sysHugePageOS(void *v, size_t n) { return ENOSYS; }
int sysNoHugePageOS(void *v, size_t n) { return ENOSYS; }
int sysHugePageCollapseOS(void *v, size_t n) { return ENOSYS; }

/* ---- what the kernel tells ---- */

const char *np_os_system_name(void) { return "darwin"; }
bool np_os_unused_releases(void) { return true; }
bool np_os_note_sleepers(NpOsSleepers *out) { return false; }
bool np_os_tells_sleepers(void) { return false; }
void np_os_name_helper(void) {}
size_t np_os_huge_page_size(void) { return 0; }
NpHugeMode np_os_huge_page_mode(void) { return NP_HUGE_NEVER; }

/* The footprint, which is what sysUnused lowers. */
size_t np_os_resident_bytes(void) {
    task_vm_info_data_t info;
    mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
    if (task_info(mach_task_self(), TASK_VM_INFO, (task_info_t)&info, &count) != KERN_SUCCESS) return 0;
    return (size_t)info.phys_footprint;
}

/* mincore counts what REUSABLE has freed until it is taken. */
size_t np_os_core_bytes(void *v, size_t n) { return 0; }
size_t np_os_group_limit(void) { return 0; }
size_t np_os_maxrss_unit(void) { return 1; }
