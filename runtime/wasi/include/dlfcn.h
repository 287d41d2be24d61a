/* dlfcn.h for wasm32-wasi: a module cannot load another, so dlopen always fails (runtime/wasi/posix.c). */
#ifndef NP_WASI_DLFCN_H
#define NP_WASI_DLFCN_H

enum { RTLD_NOW = 2, RTLD_GLOBAL = 256, RTLD_LOCAL = 0 };

void *dlopen(const char *path, int mode);
void *dlsym(void *handle, const char *name);
int dlclose(void *handle);
char *dlerror(void);

#endif
