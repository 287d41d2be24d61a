/* sys/mman.h as Darwin has it: xnu bsd/sys/mman.h 8d741a5d */
#ifndef SHIM_TARGET_MMAN_H
#define SHIM_TARGET_MMAN_H

#include <shim_mman.h>

#define MAP_FIXED 0x0010
#define MAP_ANON 0x1000
#define MAP_NORESERVE 0x0040
#define MAP_JIT 0x0800
#define MADV_FREE 5
#define MADV_ZERO_WIRED_PAGES 6
#define MADV_FREE_REUSABLE 7
#define MADV_FREE_REUSE 8
#define MADV_CAN_REUSE 9

int madvise(void *addr, size_t len, int advice) __asm__("km_madvise");
int mincore(const void *addr, size_t len, char *vec) __asm__("km_mincore");

#endif
