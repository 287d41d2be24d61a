/* sys/resource.h as illumos has it: uts/common/sys/resource.h */
#ifndef SHIM_TARGET_RESOURCE_H
#define SHIM_TARGET_RESOURCE_H

#include <sys/types.h>

typedef unsigned long rlim_t;
#define RLIM_INFINITY ((rlim_t)0xfffffffffffffffd)
#define RLIMIT_AS 6

#include <shim_resource.h>

#endif
