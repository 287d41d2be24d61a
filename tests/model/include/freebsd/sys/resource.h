/* sys/resource.h as FreeBSD has it: sys/sys/resource.h */
#ifndef SHIM_TARGET_RESOURCE_H
#define SHIM_TARGET_RESOURCE_H

#include <sys/types.h>

typedef long rlim_t;
#define RLIM_INFINITY ((rlim_t)0x7fffffffffffffff)
#define RLIMIT_AS 10

#include <shim_resource.h>

#endif
