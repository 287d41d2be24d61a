/* sys/types.h for the modelled systems, all of them 64-bit. */
#ifndef SHIM_SYS_TYPES_H
#define SHIM_SYS_TYPES_H

#include <stddef.h>

typedef long ssize_t;
typedef long off_t;
typedef char *caddr_t;

#endif
