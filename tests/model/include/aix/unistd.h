/* unistd.h as AIX has it: numbers from the libc crate of Rust
 * (src/unix/aix/mod.rs, 2eda1e52) */
#ifndef SHIM_TARGET_UNISTD_H
#define SHIM_TARGET_UNISTD_H

#include <sys/types.h>

#define _SC_PAGESIZE 48
#define _SC_PHYS_PAGES 113
#define STDERR_FILENO 2

long sysconf(int name) __asm__("km_sysconf");
ssize_t write(int fd, const void *from, size_t n);

#endif
