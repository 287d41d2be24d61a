/* sys/resource.h as Darwin has it: xnu bsd/sys/resource.h */
#ifndef SHIM_TARGET_RESOURCE_H
#define SHIM_TARGET_RESOURCE_H

#include <sys/types.h>

typedef unsigned long rlim_t;
#define RLIM_INFINITY ((rlim_t)0x7fffffffffffffff)
#define RLIMIT_AS 5

#include <shim_resource.h>

#endif
