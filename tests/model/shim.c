/* shim.c: what the headers under tests/model/include declare and the kernel model (km.c) is not
 * concerned with: getrlimit, and Darwin's task_info.
 *
 * Owns: nothing.
 * Does not: check arguments against rules; that is km.c's.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/model/km.h"

/* The figure lies behind 17 numbers of 8 bytes and 2 of 4 in the structure. */
enum { VM_INFO = 22, FOOTPRINT_AT = 17 * 8 + 2 * 4, FOOTPRINT_WORDS = (FOOTPRINT_AT + 8) / 4 };

int shim_getrlimit(int which, unsigned long infinity, void *into);
unsigned shim_mach_task_self(void);
int shim_task_info(unsigned task, unsigned flavor, int *into, unsigned *count);

/* The kernel stores the numbers, so that a place that cannot be written gives EFAULT. */
int shim_getrlimit(int which, unsigned long infinity, void *into) {
    static const int host[] = {RLIMIT_DATA, RLIMIT_STACK, RLIMIT_AS}; /* shim_resource.h's SHIM_* */
    struct rlimit *limit = into;
    int saved = errno;
    if (getrlimit(host[which], limit) != 0) return -1;
    if (limit->rlim_cur == RLIM_INFINITY) limit->rlim_cur = infinity;
    if (limit->rlim_max == RLIM_INFINITY) limit->rlim_max = infinity;
    errno = saved;
    return 0;
}

unsigned shim_mach_task_self(void) { return 1; }

int shim_task_info(unsigned task, unsigned flavor, int *into, unsigned *count) {
    uint64_t footprint = km_footprint();
    if (task != 1 || flavor != VM_INFO || *count < FOOTPRINT_WORDS) return 4; /* KERN_INVALID_ARGUMENT */
    memset(into, 0, *count * 4);
    memcpy((char *)into + FOOTPRINT_AT, &footprint, sizeof footprint);
    *count = FOOTPRINT_WORDS;
    return 0;
}
