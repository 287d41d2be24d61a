/* sys/mman.h as OpenBSD has it: sys/sys/mman.h 1.34. MAP_NORESERVE
 * is there for old sources only; mincore is gone. */
#ifndef SHIM_TARGET_MMAN_H
#define SHIM_TARGET_MMAN_H

#include <shim_mman.h>

#define MAP_FIXED 0x0010
#define MAP_ANON 0x1000
#define MAP_NORESERVE 0
#define MADV_SPACEAVAIL 5
#define MADV_FREE 6

int madvise(void *addr, size_t len, int advice) __asm__("km_madvise");

#endif
