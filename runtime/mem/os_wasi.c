/* os_wasi.c: what WASI tells a program of itself, which is next to nothing: the counterpart of os_unix.c.
 *
 * Does not: protect memory, catch faults (a fault ends the program, the host says where), know limits.
 */
#include <errno.h>
#include <time.h>

#include "runtime/mem/mem_os.h"

/* Memory grows by 64 KiB, but nothing is ever given back, so what the layer deals in may be smaller:
 * less is wasted by requests of a page. */
size_t np_os_page_size(void) { return 4096; }

/* Memory never shrinks. */
size_t np_os_peak_resident_bytes(void) { return np_os_resident_bytes(); }

bool np_os_usage(NpOsUsage *self, NpOsUsage *children) {
    clock_t used = clock();
    if (used == (clock_t)-1) return false;
    *self = (NpOsUsage){.user_seconds = (double)used / CLOCKS_PER_SEC, .peak_resident = np_os_resident_bytes()};
    *children = (NpOsUsage){0};
    return true;
}

int np_os_protect(void *v, size_t n, NpProt prot) { return prot == NP_PROT_WRITE ? 0 : ENOSYS; }
int np_os_on_fault(void (*report)(const void *address)) { return ENOSYS; }

/* Addresses have 32 bits; what the host allows below that it does not tell. */
size_t np_os_address_limit(void) { return (size_t)0 - 65536; }
size_t np_os_stack_limit(void) { return 0; }
size_t np_os_machine_memory(void) { return 0; }
size_t np_os_memory_ceiling(void) { return np_os_address_limit(); }
