/* errno.h as illumos has it: uts/common/sys/errno.h */
#ifndef SHIM_TARGET_ERRNO_H
#define SHIM_TARGET_ERRNO_H

#include <shim_errno.h>

#define EAGAIN 11
#define ENOTSUP 48
#define ENOSYS 89

#endif
