/* types.h: a census: how many objects of which class, and their bytes (types.c). */
#ifndef NP_INSPECT_TYPES_H
#define NP_INSPECT_TYPES_H

#include "runtime/inspect/names.h"
#include "runtime/mem/scratch.h"

typedef struct NpTypeRow {
    NpClass class;
    const char *name; /* in the census' scratch */
    size_t count, bytes;
} NpTypeRow;

typedef struct NpCensus {
    NpTypeRow *rows; /* those with most bytes first */
    size_t count;
    /* types.c's: */
    size_t capacity;
    uint32_t *table; /* open addressing: row + 1 */
    size_t mask, table_bytes;
    NpScratch names;
    bool failed;
    NpGlobal *global;
} NpCensus;

/* [-] Settles the heap and counts. All memory is outside of the heap, the process's. false: there is none. To be followed
 * by np_types_close in any case. */
bool np_types_count(lua_State *L, NpCensus *census);
void np_types_close(NpCensus *census);

#endif
