/* sys/resource.h as OpenBSD has it: sys/sys/resource.h. There is no RLIMIT_AS:
 * mappings count against RLIMIT_DATA. */
#ifndef SHIM_TARGET_RESOURCE_H
#define SHIM_TARGET_RESOURCE_H

#include <sys/types.h>

typedef unsigned long rlim_t;
#define RLIM_INFINITY ((rlim_t)0x7fffffffffffffff)

#include <shim_resource.h>

#endif
