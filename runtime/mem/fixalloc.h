/* fixalloc.h: records of one fixed size outside the heap (NpSpan and the like).
 *
 * Owns: chunks of 16 KiB, then 256 KiB; in each a list of freed records. A chunk without a record goes back to
 *       the system while another one has room.
 * Does not: zero records on reuse.
 */
#ifndef NP_FIXALLOC_H
#define NP_FIXALLOC_H

#include "runtime/mem/mem_os.h"

typedef struct NpFixChunk NpFixChunk;

typedef struct NpFixAlloc {
    NpMem *mem;
    size_t size;             /* of a record, a multiple of 8 */
    NpFixChunk *open, *full; /* chunks with room and without, linked both ways */
    size_t in_use;           /* records handed out */
} NpFixAlloc;

/* [-] */
void np_fixalloc_init(NpFixAlloc *fix, NpMem *mem, size_t size);
/* [-] A record with undefined contents; NULL when there is no memory. */
void *np_fixalloc_alloc(NpFixAlloc *fix);
/* [-] */
void np_fixalloc_free(NpFixAlloc *fix, void *record);
/* [-] Gives all chunks back; every record dies. */
void np_fixalloc_close(NpFixAlloc *fix);

#endif
