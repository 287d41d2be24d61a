/* scratch.h: bump arenas that die all at once, or back to a mark: the compiler's tree, the parser's tables.
 *
 * Owns: chunks from sysAlloc, 16 KiB for the first (two such chunks are kept for the next users, so
 *       that a small load() makes no system call), then 64 KiB and doubling up to 1 MiB.
 * Does not: free single pieces, zero memory, throw.
 */
#ifndef NP_SCRATCH_H
#define NP_SCRATCH_H

#include "runtime/base.h"
#include "runtime/mem/poison.h"

struct NpMem;

typedef struct NpScratchChunk NpScratchChunk;
typedef struct NpScratch {
    char *cur, *end;
    NpScratchChunk *chunks; /* newest first */
    struct NpMem *mem;      /* who is charged for chunks after the first */
    size_t used;            /* bytes handed out, alignment included */
    NpScratchChunk *spare;  /* emptied by np_scratch_release, for what comes next; or NULL */
} NpScratch;

/* A state to go back to. Marks are released in the reverse order of their making, or not at all. */
typedef struct NpScratchMark {
    char *cur, *end;
    NpScratchChunk *chunks;
    size_t used;
} NpScratchMark;

/* [-] Makes an empty scratch, charged to the process. Takes no memory yet. */
void np_scratch_init(NpScratch *scratch);
/* [-] The same, charged to `mem` (a heap's, so that its limit holds for the compiler too). */
void np_scratch_init_in(NpScratch *scratch, struct NpMem *mem);
/* [-] The out-of-line half of np_scratch_alloc. */
void *np_scratch_alloc_slow(NpScratch *scratch, size_t size);
/* [-] Frees everything; the scratch is empty and usable again. */
void np_scratch_free(NpScratch *scratch);
/* [-] What np_scratch_release needs. */
static inline NpScratchMark np_scratch_mark(const NpScratch *scratch) {
    return (NpScratchMark){scratch->cur, scratch->end, scratch->chunks, scratch->used};
}
/* [-] The out-of-line half of np_scratch_release. */
void np_scratch_release_slow(NpScratch *scratch, NpScratchMark mark);
/* [-] Frees everything handed out since the mark was made. */
NP_INLINE void np_scratch_release(NpScratch *scratch, NpScratchMark mark) {
#if !NP_ASAN
    if (NP_LIKELY(scratch->chunks == mark.chunks)) {
        scratch->cur = mark.cur;
        scratch->used = mark.used;
        return;
    }
#endif
    np_scratch_release_slow(scratch, mark);
}
/* [-] Frees a piece of `size` bytes handed out since the last mark, if it is so large that it has a chunk of its own. */
void np_scratch_drop(NpScratch *scratch, void *piece, size_t size);
/* [-] Gives the kept chunks back to the system; their bytes. */
size_t np_scratch_trim(void);

/* [-] `size` bytes aligned to 8, contents undefined; NULL when there is no memory. */
NP_INLINE void *np_scratch_alloc(NpScratch *scratch, size_t size) {
#if NP_ASAN
    return np_scratch_alloc_slow(scratch, size);
#else
    size_t need = NP_ALIGN_UP(size, 8);
    char *p = scratch->cur;
    if (NP_LIKELY(need >= size && (size_t)(scratch->end - p) >= need && need > 0)) {
        scratch->cur = p + need;
        scratch->used += need;
        return p;
    }
    return np_scratch_alloc_slow(scratch, size);
#endif
}

#endif
