/* stdlib.h for wasm32-wasi: the library's, and what POSIX has besides (runtime/wasi/posix.c). */
#ifndef NP_WASI_STDLIB_H
#define NP_WASI_STDLIB_H

#include_next <stdlib.h>

int mkstemp(char *name);
char *realpath(const char *path, char *resolved);
int system(const char *command);

#endif
