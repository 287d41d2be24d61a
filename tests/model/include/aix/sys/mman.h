/* sys/mman.h as AIX has it: numbers from the libc crate of Rust
 * (src/unix/aix/mod.rs, 2eda1e52) and Go's (x/sys/unix/zerrors_aix_ppc64.go, e8c1c327) */
#ifndef SHIM_TARGET_MMAN_H
#define SHIM_TARGET_MMAN_H

#include <shim_mman.h>

#define MAP_FIXED 0x100
#define MAP_ANON 0x10
#define MADV_SPACEAVAIL 5

int madvise(caddr_t addr, size_t len, int advice) __asm__("km_madvise");
int mincore(caddr_t addr, size_t len, char *vec) __asm__("km_mincore");

#endif
