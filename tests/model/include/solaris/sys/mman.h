/* sys/mman.h as illumos has it: uts/common/sys/mman.h */
#ifndef SHIM_TARGET_MMAN_H
#define SHIM_TARGET_MMAN_H

#include <shim_mman.h>

#define MAP_FIXED 0x10
#define MAP_ANON 0x100
#define MAP_NORESERVE 0x40
#define MADV_FREE 5
#define MADV_ACCESS_DEFAULT 6
#define MADV_ACCESS_LWP 7
#define MADV_ACCESS_MANY 8

int madvise(caddr_t addr, size_t len, int advice) __asm__("km_madvise");
int mincore(caddr_t addr, size_t len, char *vec) __asm__("km_mincore");

#endif
