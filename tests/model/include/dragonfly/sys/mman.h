/* sys/mman.h as DragonFly has it: sys/sys/mman.h */
#ifndef SHIM_TARGET_MMAN_H
#define SHIM_TARGET_MMAN_H

#include <shim_mman.h>

#define MAP_FIXED 0x0010
#define MAP_ANON 0x1000
#define MAP_NORESERVE 0x0040
#define MADV_FREE 5
#define MADV_NOSYNC 6
#define MADV_AUTOSYNC 7
#define MADV_NOCORE 8
#define MADV_CORE 9

int madvise(void *addr, size_t len, int advice) __asm__("km_madvise");
int mincore(const void *addr, size_t len, char *vec) __asm__("km_mincore");

#endif
