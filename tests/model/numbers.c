/* numbers.c: the numbers of the header files it is compiled with, for comparison with the table of
 * the kernel model. A name that the headers do not have is -1, as km_number says it. */
#include "tests/model/numbers.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE (-1)
#elif MAP_NORESERVE == 0 /* OpenBSD: a name without a meaning */
#undef MAP_NORESERVE
#define MAP_NORESERVE (-1)
#endif
#ifndef MADV_FREE
#define MADV_FREE (-1)
#endif
#ifndef MADV_FREE_REUSABLE
#define MADV_FREE_REUSABLE (-1)
#endif
#ifndef MADV_FREE_REUSE
#define MADV_FREE_REUSE (-1)
#endif
#ifndef MADV_SPACEAVAIL
#define MADV_SPACEAVAIL (-1)
#endif
#ifndef MADV_NOSYNC
#define MADV_NOSYNC (-1)
#endif
#ifndef MADV_HUGEPAGE
#define MADV_HUGEPAGE (-1)
#endif

#define NUMBER(name) {#name, name}

const ShimNumber shim_numbers[] = {
    NUMBER(PROT_NONE),     NUMBER(PROT_READ),          NUMBER(PROT_WRITE),      NUMBER(PROT_EXEC),
    NUMBER(MAP_SHARED),    NUMBER(MAP_PRIVATE),        NUMBER(MAP_FIXED),       NUMBER(MAP_ANON),
    NUMBER(MAP_NORESERVE), NUMBER(MADV_DONTNEED),      NUMBER(MADV_FREE),       NUMBER(MADV_WILLNEED),
    NUMBER(MADV_NOSYNC),   NUMBER(MADV_FREE_REUSABLE), NUMBER(MADV_FREE_REUSE), NUMBER(MADV_SPACEAVAIL),
    NUMBER(MADV_HUGEPAGE), NUMBER(EPERM),              NUMBER(ENOMEM),          NUMBER(EACCES),
    NUMBER(EFAULT),        NUMBER(EINVAL),             NUMBER(EMFILE),          NUMBER(EAGAIN),
    NUMBER(ENOTSUP),       NUMBER(_SC_PAGESIZE),       NUMBER(_SC_PHYS_PAGES),  {0, 0},
};
