/* shim_mman.h: the calls that each of the modelled systems declares in the same words, bound to the
 * model; and the numbers that none of them chose for itself. */
#ifndef SHIM_MMAN_H
#define SHIM_MMAN_H

#include <sys/types.h>

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_FAILED ((void *)-1)

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset) __asm__("km_mmap");
int munmap(void *addr, size_t len) __asm__("km_munmap");
int mprotect(void *addr, size_t len, int prot) __asm__("km_mprotect");

#endif
