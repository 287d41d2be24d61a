/* shim_resource.h: getrusage and getrlimit of the modelled systems. A target's sys/resource.h sets
 * RLIMIT_AS, if it has that, RLIM_INFINITY and rlim_t first.
 *
 * struct rusage is laid out as the host's, which is also 4.3BSD's and every target's on 64 bits;
 * struct rlimit is two 64-bit numbers everywhere. */
#ifndef SHIM_RESOURCE_H
#define SHIM_RESOURCE_H

#include <sys/types.h>

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3

struct timeval {
    long tv_sec;
    long tv_usec;
};

struct rusage {
    struct timeval ru_utime, ru_stime;
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap;
    long ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};

struct rlimit {
    rlim_t rlim_cur, rlim_max;
};

int getrusage(int who, struct rusage *usage) __asm__("km_getrusage");

/* shim.c; which of the host's limits is asked for */
enum { SHIM_DATA, SHIM_STACK, SHIM_ADDRESS_SPACE };
int shim_getrlimit(int which, unsigned long infinity, void *into);

static inline int getrlimit(int which, struct rlimit *into) {
    int host = which == RLIMIT_STACK ? SHIM_STACK : SHIM_DATA;
#ifdef RLIMIT_AS
    if (which == RLIMIT_AS) host = SHIM_ADDRESS_SPACE;
#endif
    return shim_getrlimit(host, (unsigned long)RLIM_INFINITY, into);
}

#endif
