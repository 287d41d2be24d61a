/* mappings.h: uses up the mappings that Linux lets a process have (vm.max_map_count), for tests of
 * what happens then: no mapping can be made nor split. unfill_mappings puts it right again. */
#ifndef NP_UNIT_MAPPINGS_H
#define NP_UNIT_MAPPINGS_H

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/mem/poison.h"

enum { MAPPINGS_MOST = 300000 }; /* where a system allows more, the tests would take too long */

static struct {
    char *base;
    size_t bytes;
    void *single[256];
    int singles;
} mappings_filled;

/* The system's limit, or 0 when it cannot be told, is too high to reach, or is not for us to use up:
 * AddressSanitizer makes mappings of its own all the time. */
static long mappings_limit(void) {
    long limit = 0;
    FILE *file = NP_ASAN ? NULL : fopen("/proc/sys/vm/max_map_count", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld", &limit) != 1 || limit > MAPPINGS_MOST) limit = 0;
    fclose(file);
    return limit;
}

static void unfill_mappings(void) {
    while (mappings_filled.singles > 0) munmap(mappings_filled.single[--mappings_filled.singles], (size_t)sysconf(_SC_PAGESIZE));
    munmap(mappings_filled.base, mappings_filled.bytes);
}

/* Pages of a large mapping become readable one by one, each a mapping of its own; then shared
 * mappings, which no neighbour takes in, until there can be none. False: it could not be done. */
static bool fill_mappings(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), at;
    mappings_filled.bytes = ((size_t)mappings_limit() + 2) * page;
    mappings_filled.singles = 0;
    mappings_filled.base = mmap(NULL, mappings_filled.bytes, PROT_NONE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
    if (mappings_filled.base == MAP_FAILED) return false;
    for (at = page; at < mappings_filled.bytes; at += 2 * page)
        if (mprotect(mappings_filled.base + at, page, PROT_READ) != 0) break;
    while (mappings_filled.singles < 256) {
        void *v = mmap(NULL, page, PROT_READ, MAP_ANONYMOUS | MAP_SHARED, -1, 0);
        if (v == MAP_FAILED) return errno == ENOMEM;
        mappings_filled.single[mappings_filled.singles++] = v;
    }
    unfill_mappings();
    return false;
}

#endif
