/* sys/stat.h for wasm32-wasi: the library's, and what POSIX has besides (runtime/wasi/posix.c). */
#ifndef NP_WASI_STAT_H
#define NP_WASI_STAT_H

#include_next <sys/stat.h>

int fchmod(int fd, mode_t mode);

#endif
