/* unistd.h as Darwin has it: Libc include/unistd.h */
#ifndef SHIM_TARGET_UNISTD_H
#define SHIM_TARGET_UNISTD_H

#include <sys/types.h>

#define _SC_PAGESIZE 29
#define _SC_PHYS_PAGES 200
#define STDERR_FILENO 2

long sysconf(int name) __asm__("km_sysconf");
ssize_t write(int fd, const void *from, size_t n);

#endif
