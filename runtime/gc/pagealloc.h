/* pagealloc.h: runs of 8 KiB pages out of arenas, lowest address first.
 *
 * Owns: the table of arenas, which pages are free, which units are released, the readiness of the
 *       arenas' own tables; growth; handing units back.
 * Does not: know what spans hold. Which pages a span owns is written into page_span here, but the
 *       span records are heap.c's.
 *
 * Invariants
 *   P1 arenas[] is sorted by address; free_pages, released_units and ready agree with the bits.
 *   P2 max_run is at least the length of the longest free run; no page below first_free is free.
 *   P3 a released unit is Prepared, every other mapped unit is Ready (= H4). The units of one system
 *      page are released together.
 */
#ifndef NP_PAGEALLOC_H
#define NP_PAGEALLOC_H

#include "runtime/gc/heap.h"
#include "runtime/gc/span.h"
#include "runtime/mem/mem_os.h"

/* What the search needs to know of an arena, apart from it so that a search touches few lines. */
typedef struct NpArenaInfo {
    NpArena *arena;
    uint32_t first_free;     /* P2 */
    uint32_t max_run;        /* P2 */
    uint32_t free_pages;
    uint32_t released_units; /* in free pages and in holes */
    uint32_t free_released;  /* of these, in free pages */
    size_t ready;            /* bytes Ready, tables included */
    bool dedicated;          /* one huge object, several arenas long */
    bool retired;            /* it has died: the arena goes to the system a piece at a time */
    uint32_t retired_pages;  /* of a retired one: still Ready, from the first page on */
    bool huge;               /* its pages may be huge: ask for no more of them before releasing */
    uint8_t dense_cycles;    /* huge.c: collections in a row that have found nothing of it to release */
    bool tail_lost;          /* what is not mapped of it never will be (NP_MEM_LOST) */
} NpArenaInfo;

typedef struct NpPages {
    NpMem *mem;
    NpHeap *heap;
    NpArenaInfo *arenas; /* P1; from sysAlloc */
    uint32_t count, capacity;
    uint32_t lowest;      /* no arena before this one has a free page */
    unsigned unit_pages;  /* pages that are released or readied together: 1, or more for large system pages */
    bool only_parts;      /* nothing is left to release but parts of system pages that are in use besides */
    size_t free_pages;    /* all free pages, released or not */
    size_t free_released; /* released units that lie in free pages */
    size_t retired_pages; /* of all retired arenas */
    size_t mapped_pages;  /* pages for spans that are mapped (dedicated arenas included) */
    size_t meta_ready;    /* bytes of tables that are Ready */
    size_t released_total;/* bytes handed back since start */
    void *next_hint;      /* where the first arena is asked for */
    NpHugeMode huge_mode;
    NpHugeWish huge_wish;
} NpPages;

void np_pages_init(NpPages *pages, NpHeap *heap, NpMem *mem);
void np_pages_close(NpPages *pages);

/* [-] `count` pages for `span`, Ready, recorded in page_span; sets span->base and npages. false: no memory. */
bool np_pages_alloc(NpPages *pages, size_t count, NpSpan *span);
/* [-] `more` pages right behind the span's, made its own. false: they are not free, or no memory; nothing has changed. */
bool np_pages_extend(NpPages *pages, NpSpan *span, size_t more);
/* [-] Takes the pages of a span back. Its bits must be 0 already. A dedicated arena goes to the system. */
void np_pages_free(NpPages *pages, NpSpan *span);
/* [-] The same for what the collector found dead: a dedicated arena, which may take the system long, is left to
 * np_pages_release. */
void np_pages_retire(NpPages *pages, NpSpan *span);
/* [-] The span keeps its first `keep` pages only. false: nothing has changed, its arena is dedicated. */
bool np_pages_cut(NpPages *pages, NpSpan *span, size_t keep);

/* [-] The first page in [from, end) that a span has, or end. What is neither a span's nor free is in
 * quarantine. */
static inline size_t np_pages_next_span(const NpArena *arena, size_t from, size_t end) {
    while (from < end && !arena->page_span[from]) {
        size_t next = np_bits_next_clear(arena->free_bits, from, end);
        from = next > from ? next : from + 1;
    }
    return from;
}

/* [-] Index of the arena that begins at `arena`. */
uint32_t np_pages_index(const NpPages *pages, const NpArena *arena);

/* [-] Units [from, from + count) of an arena, free of live bytes: those that are Ready are handed
 * back. The units released, or -1 when the system refused. */
long np_pages_release_units(NpPages *pages, NpArenaInfo *info, size_t from, size_t count);
/* [-] The opposite: makes every unit in the range Ready; their number in *changed. An error code. */
int np_pages_ready_units(NpPages *pages, NpArenaInfo *info, size_t from, size_t count, size_t *changed);

/* [-] Hands back retired arenas, then free pages, highest first, while more than `keep` bytes of them are Ready and
 * *budget (pages) is left; the bytes released. Arenas that are free as a whole are unreserved: nothing else where the
 * system takes no single pages (np_os_unused_releases). */
size_t np_pages_release(NpPages *pages, size_t keep, size_t *budget);
/* [-] True when an arena that np_pages_release would unreserve is free as a whole. */
bool np_pages_has_spare(const NpPages *pages);
/* [-] Hands back what is Ready of the free pages [base, base + count pages). */
void np_pages_release_run(NpPages *pages, char *base, size_t count);
/* [-] Bytes of free pages that are Ready; those of retired arenas, which nobody can have, are not among them. */
size_t np_pages_free_ready(const NpPages *pages);
/* [-] np_fatal when an invariant above is broken. */
void np_pages_verify(const NpPages *pages);

#endif
