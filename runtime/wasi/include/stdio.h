/* stdio.h for wasm32-wasi: the library's, and what POSIX has besides. There are no threads to lock out. */
#ifndef NP_WASI_STDIO_H
#define NP_WASI_STDIO_H

#include_next <stdio.h>

FILE *popen(const char *command, const char *mode); /* runtime/wasi/posix.c */
int pclose(FILE *stream);

static inline void flockfile(FILE *stream) {}
static inline void funlockfile(FILE *stream) {}

#endif
