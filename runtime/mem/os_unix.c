/* os_unix.c: what every Unix tells a process in the same words: page size, resource use, limits.
 *
 * Owns: sysconf, getrusage, getrlimit.
 * Does not: know one system from another (mem_<system>.c), allocate, use stdio.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/mem/mem_os.h"

#ifndef RLIMIT_AS /* OpenBSD counts mappings against this one */
#define RLIMIT_AS RLIMIT_DATA
#endif

size_t np_os_page_size(void) {
    static size_t page;
    size_t size = __atomic_load_n(&page, __ATOMIC_RELAXED);
    if (NP_LIKELY(size != 0)) return size;
    size = (size_t)sysconf(_SC_PAGESIZE);
    __atomic_store_n(&page, size, __ATOMIC_RELAXED);
    return size;
}

size_t np_os_peak_resident_bytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * np_os_maxrss_unit() : 0;
}

size_t np_os_address_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
    return limit.rlim_cur > SIZE_MAX ? SIZE_MAX : (size_t)limit.rlim_cur;
}

size_t np_os_machine_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES);
    size_t page = np_os_page_size();
    if (pages <= 0) return 0;
    return (size_t)pages > SIZE_MAX / page ? SIZE_MAX : (size_t)pages * page;
}

static size_t smaller(size_t a, size_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

size_t np_os_memory_ceiling(void) {
    return smaller(np_os_machine_memory(), smaller(np_os_address_limit(), np_os_group_limit()));
}
