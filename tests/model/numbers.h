/* numbers.h: see numbers.c. */
#ifndef SHIM_NUMBERS_H
#define SHIM_NUMBERS_H

typedef struct ShimNumber {
    const char *name;
    long number;
} ShimNumber;

/* Ends with a name that is null. */
extern const ShimNumber shim_numbers[];

#endif
