/* errno.h as NetBSD has it: sys/sys/errno.h */
#ifndef SHIM_TARGET_ERRNO_H
#define SHIM_TARGET_ERRNO_H

#include <shim_errno.h>

#define EAGAIN 35
#define ENOTSUP 86
#define ENOSYS 78

#endif
