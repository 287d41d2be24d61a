/* sys/resource.h as AIX has it: numbers as in Go's
 * x/sys/unix/zerrors_aix_ppc64.go (e8c1c327) */
#ifndef SHIM_TARGET_RESOURCE_H
#define SHIM_TARGET_RESOURCE_H

#include <sys/types.h>

typedef unsigned long rlim_t;
#define RLIM_INFINITY ((rlim_t)0x7fffffffffffffff)
#define RLIMIT_AS 6

#include <shim_resource.h>

#endif
