/* errno.h as AIX has it: numbers from the libc crate of Rust
 * (src/unix/aix/mod.rs, 2eda1e52) */
#ifndef SHIM_TARGET_ERRNO_H
#define SHIM_TARGET_ERRNO_H

#include <shim_errno.h>

#define EAGAIN 11
#define ENOTSUP 124
#define ENOSYS 109

#endif
