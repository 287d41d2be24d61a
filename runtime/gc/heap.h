/* heap.h: the heap as the collector and the object constructors see it.
 *
 * Owns: arenas, pages, spans, size classes, the mark and alloc bitmaps, allocation, sweeping of
 *       spans, giving pages back. Implemented by heap.c (classes, large objects, sweep), span.c,
 *       pagealloc.c, release.c, vacate.c, huge.c, heapgroup.c, notes.c and heap_check.c, on runtime/mem.
 * Does not: know any object layout, collect, throw Lua errors, or call malloc. A failed allocation
 *       is a NULL; the caller turns it into a Lua error.
 *
 * Shape of the address space
 *   arena  64 MiB (4 MiB where addresses have 32 bits), aligned to its size, reserved with sysReserveAligned, mapped in steps of 1 MiB or
 *          more as pages are first needed. Its first pages hold the arena's own tables (NpArena).
 *   page   8 KiB. A page is free, or belongs to one span.
 *   span   a run of pages that holds slots of one size class and one span kind, or one large object.
 *   slot   a multiple of 16 bytes (a granule). Objects never move; buffers only when their owner is told to
 *          move them (vacate.c).
 *
 * Bits. Each arena has two bitmaps with one bit a granule; only the bit of a slot's first granule
 * is ever set.
 *   mark   set by the collector (and at allocation while marking) on live slots.
 *   alloc  slots that are occupied as far as the last sweep and later claims know.
 * Sweeping a span copies mark to alloc and clears mark; no object is touched.
 *
 * Invariants (docs/INVARIANTS.md, H*)
 *   H1 a slot's mark bit is only set while its alloc bit is set.
 *   H2 outside marking and sweeping every mark bit is 0.
 *   H3 while marking, slots handed out are marked (allocated black): a claimed run is marked when
 *      claimed, its unused rest unmarked in np_heap_mark_end.
 *   H4 a unit (4 KiB, or a system page if that is larger) is Ready unless its released bit is set;
 *      then it is Prepared and lies in a free page or wholly between live slots of a span (a hole).
 *   H5 the unused rest of a run counts as allocated (and in_use) until it is returned; the
 *      functions below that look at all slots return all rests first.
 *   H8 every span is of a group; only the running group has runs.
 *   H6 the bits of free pages are 0. The bitmap pages of a group of 64 free released pages are
 *      Prepared themselves (mark_ready, alloc_ready).
 */
#ifndef NP_HEAP_H
#define NP_HEAP_H

#include "runtime/base.h"
#include "runtime/mem/mem_os.h"
#include "runtime/mem/poison.h"

/* Where addresses have 32 bits an arena is 4 MiB: there may be no room for more of them, and where memory
 * cannot be reserved without cost (mem_sbrk.c) the heap's size goes up in steps of an arena. */
#if UINTPTR_MAX > 0xffffffffu
#define NP_ARENA_SHIFT 26
#else
#define NP_ARENA_SHIFT 22
#endif
#define NP_ARENA_BYTES ((size_t)1 << NP_ARENA_SHIFT)
#define NP_PAGE_SHIFT 13
#define NP_PAGE_BYTES ((size_t)1 << NP_PAGE_SHIFT)
#define NP_ARENA_PAGES (NP_ARENA_BYTES / NP_PAGE_BYTES)
#define NP_ARENA_GROUP_WORDS ((NP_ARENA_PAGES / 64 + 63) / 64)
#define NP_GRANULE_SHIFT 4
#define NP_GRANULE ((size_t)1 << NP_GRANULE_SHIFT)
#define NP_ARENA_WORDS (NP_ARENA_BYTES / NP_GRANULE / 64)
#define NP_UNIT_SHIFT 12
#define NP_UNIT_BYTES ((size_t)1 << NP_UNIT_SHIFT)
#define NP_ARENA_UNITS (NP_ARENA_BYTES / NP_UNIT_BYTES)
#define NP_SMALL_MAX 32768 /* larger requests get a span of their own */

/* What the slots of a span hold. Objects of a walkable kind start with an NpObj header. */
typedef enum {
    NP_SPAN_OBJ,  /* objects with an NpObj header that may refer to others */
    NP_SPAN_LEAF, /* objects with an NpObj header and no references (strings) */
    NP_SPAN_BUF,  /* buffers without a header, each with exactly one owning object */
    NP_SPAN_KINDS
} NpSpanKind;

typedef struct NpSpan NpSpan;
struct NpSpan {
    char *base;          /* first byte */
    uint32_t npages;
    uint32_t slot_bytes; /* size class; 0 for a large object: see np_span_slot_bytes */
    uint32_t nslots;
    uint32_t alloc_slots; /* occupied as far as is known: alloc bits set */
    uint32_t live_slots;  /* as of the last sweep */
    uint32_t cursor;      /* granule within the span where the search for a free run goes on */
    uint16_t holes;       /* released units among its pages */
    uint8_t size_class;   /* 0 for a large object */
    uint8_t kind;         /* NpSpanKind */
    uint8_t state;        /* NpSpanState: which list it is on (heap_priv.h) */
    uint8_t sweep_epoch;  /* == heap's when swept in this cycle */
    uint16_t group;       /* NpHeapGroup.id: to whom its slots are charged */
    NpSpan *next, *prev;  /* list links, owned by heap.c */
    uint32_t *notes;      /* of each slot, when any has one: notes.c */
};

typedef struct NpHeap NpHeap;

/* The head of every arena, at its lowest address. */
typedef struct NpArena {
    NpHeap *heap;
    size_t bytes;           /* of the reservation: NP_ARENA_BYTES, or more for one huge object */
    uint32_t first_page;    /* first page usable for spans */
    uint32_t mapped_pages;  /* pages [0, mapped_pages) are mapped */
    /* group of 64 pages: its part of the bitmap is Ready; apart, as the system may refuse one of them */
    uint64_t mark_ready[NP_ARENA_GROUP_WORDS], alloc_ready[NP_ARENA_GROUP_WORDS];
    uint64_t free_bits[NP_ARENA_PAGES / 64];       /* page is free (and mapped) */
    uint64_t released_bits[NP_ARENA_UNITS / 64];   /* unit is Prepared, must be sysUsed again */
    NpSpan *page_span[NP_ARENA_PAGES];             /* owner of each page, NULL when free */
    /* Aligned to the largest page of any system, so that parts of them can be given back. */
    _Alignas(NP_MEM_PAGE_MAX) uint64_t mark[NP_ARENA_WORDS];
    _Alignas(NP_MEM_PAGE_MAX) uint64_t alloc[NP_ARENA_WORDS];
} NpArena;

/* Per size class and span kind: the run that allocation bumps through. */
typedef struct NpAllocCache {
    char *cur, *end; /* what is left of the run for np_heap_alloc */
    char *start;     /* where the run began: a buffer freed last-in-first-out goes back to it */
    char *limit;     /* where the run ends; `end` is before it when a slot is to be told of (notes.h) */
} NpAllocCache;
/* Bytes of the run that have not been handed out. */
NP_INLINE size_t np_cache_rest(const NpAllocCache *cache) { return (size_t)(cache->limit - cache->cur); }

#define NP_MAX_CLASSES 72

/* Used beyond this part of a limit, of the heap or of a group: whole collections are forced. */
#define NP_NEAR_LIMIT(limit) ((limit) / 8 * 7)

/* Whose memory it is (heapgroup.c). A span is of one group; what is allocated is charged to the group that runs. */
typedef struct NpHeapGroup {
    uint16_t id;         /* 0: what no group has asked for */
    bool open;           /* its limit is a little higher, for those who handle an error */
    size_t in_use;       /* bytes of claimed slots and large spans (unused rests of runs counted, if it runs) */
    size_t peak;         /* the most it has been, unused rests not counted */
    size_t spans;
    size_t objects;      /* as of the last np_heap_groups_census */
    size_t limit;        /* in_use never passes it, but for `open`; 0: none */
    size_t claimed_total;
    size_t pressed_at;   /* claimed_total when it last asked for a collection */
    size_t hits;         /* requests refused for good, counted by the heap's user */
    void *owner, *name, *message; /* of the heap's user; with an owner it lives, without one until its last span is gone */
    struct NpGroupLists *lists;
} NpHeapGroup;

/* Byte counters for pacing and statistics; all in bytes. */
typedef struct NpHeapStats {
    size_t claimed_total; /* bytes of slots handed out since start (claims less unused rests) */
    size_t in_use;        /* bytes of occupied slots and large spans as the heap knows now */
    size_t spans_bytes;   /* pages owned by spans, holes not counted */
    size_t free_bytes;    /* free pages, ready */
    size_t released_bytes;/* free pages and holes in spans, handed back */
    size_t meta_bytes;    /* the heap's own tables, ready */
    size_t ready_bytes, mapped_bytes, reserved_bytes, peak_bytes; /* peak: the most ready has been */
    size_t released_total;/* handed back since start */
} NpHeapStats;

struct NpHeap {
    NpAllocCache cache[NP_SPAN_KINDS][NP_MAX_CLASSES];
    int64_t debt;        /* bytes claimed since the collector last set it; > 0 asks for collection work */
    bool marking;        /* new slots are marked */
    bool pressed;        /* a group is near its limit; cleared by the collector, which should collect */
    bool starved;        /* a request failed; cleared by the collector, which owes a whole collection */
    size_t in_use;       /* bytes in claimed slots and large spans (unused rests of runs counted) */
    size_t claimed_total;
    size_t freed_total;  /* bytes found dead by sweeps and freed explicitly */
    size_t hole_bytes;   /* released bytes inside spans */
    void *reserve;       /* np_heap_reserve; a root of the collector */
    size_t reserve_bytes;/* 0: none */
    NpHeapGroup *group;  /* that runs */
    NpHeapGroup *refused_by; /* whose limit refused the last request that was refused; NULL: the heap's, or the system */
    NpMem mem;           /* the owner all of it is charged to: its limit is the heap's hard limit */
    struct NpHeapPriv *priv; /* arenas, span lists, page allocator: heap.c */
    struct NpNotes *notes;   /* notes.c, or NULL */
};

/* [-] Prepares an empty heap; no arena is reserved before the first allocation. false: no memory.
 * The NpHeap must stay where it is until np_heap_close. */
bool np_heap_init(NpHeap *heap);
/* [-] Gives everything back to the system. Every object dies without ceremony. */
void np_heap_close(NpHeap *heap);

/* [-] A slot of at least `size` bytes (> 0), contents undefined; NULL when the system or a limit refuses.
 * Never collects; adds to heap->debt when it claims a run or a large span. */
void *np_heap_alloc_slow(NpHeap *heap, size_t size, NpSpanKind kind);
/* [-] Gives a buffer (NP_SPAN_BUF) back at once. `size` is what it was allocated with. NULL is ignored. */
void np_heap_free_buf(NpHeap *heap, void *buf, size_t size);
/* [-] The same, but what takes the system long is left to np_heap_release: for the collector. */
void np_heap_leave_buf(NpHeap *heap, void *buf, size_t size);
/* [-] Makes a large buffer shorter where it is; false: it is small, would be, or cannot be cut. */
bool np_heap_cut_buf(NpHeap *heap, void *buf, size_t old_size, size_t new_size);
/* [-] Makes a large buffer longer where it is, if the pages behind it are free. false: nothing has changed. */
bool np_heap_extend_buf(NpHeap *heap, void *buf, size_t old_size, size_t new_size);
/* [-] Usable bytes in the slot at p (its size class). */
size_t np_heap_slot_bytes(const void *p);
/* [-] The owner that the heap is charged to, for memory that belongs to the same state. */
NP_INLINE NpMem *np_heap_mem(NpHeap *heap) { return &heap->mem; }
/* [-] Bytes Ready of the owner that no allocation can have: all but free pages and free slots. */
size_t np_heap_used(const NpHeap *heap);
/* [-] Bytes the heap may hold Ready; 0: no limit. Takes hold at the next request. */
void np_heap_set_limit(NpHeap *heap, size_t bytes);
/* [-] Sets `bytes` (more than NP_SMALL_MAX) aside as a buffer that nobody uses, unless there is one or no memory for it.
 * It does not count as in use. */
void np_heap_reserve(NpHeap *heap, size_t bytes);
/* [-] Frees it: what it held can be had by others. */
void np_heap_open_reserve(NpHeap *heap);
/* [-] From now on every nth request for a slot is refused, the same one repeated is granted (NEAPDEBUG=emergency). */
void np_heap_refuse_every(NpHeap *heap, long nth);
/* [-] For tests: slots are handed out one by one, and the nth of them from now fails, as does the next:
 * an allocation tries again after a collection (0: none). */
void np_heap_fail_at(NpHeap *heap, long nth);

/* The class table, generated by tools/mksizeclass into sizeclass.h (included by heap.c):
 * class of a size in 1..NP_SMALL_MAX and bytes of a class; a multiple of 16. */
extern const uint8_t np_class_of_16[NP_SMALL_MAX / 16 + 1]; /* index: (size + 15) / 16 */
extern const uint16_t np_class_bytes[NP_MAX_CLASSES];
extern const int np_class_count;

/* Rounds a request up to what the heap would hand out: for choosing capacities. */
NP_INLINE size_t np_heap_round(size_t size) {
    return size <= NP_SMALL_MAX ? np_class_bytes[np_class_of_16[(size + 15) >> 4]]
                                : NP_ALIGN_UP(size, NP_PAGE_BYTES);
}

#define NP_CLASS_OF(bytes) (np_class_of_16[((bytes) + 15) >> 4]) /* of a small size */

NP_INLINE void *np_heap_alloc(NpHeap *heap, size_t size, NpSpanKind kind) {
    if (NP_LIKELY(size <= NP_SMALL_MAX)) {
        unsigned cls = np_class_of_16[(size + 15) >> 4];
        NpAllocCache *cache = &heap->cache[kind][cls];
        char *p = cache->cur;
        size_t bytes = np_class_bytes[cls];
        if (NP_LIKELY((size_t)(cache->end - p) >= bytes)) {
            cache->cur = p + bytes;
            NP_UNPOISON(p, size);
            return p;
        }
    }
    return np_heap_alloc_slow(heap, size, kind);
}

/* ---- for the interpreter's own instructions, which go the long way by np_heap_alloc when a run is used up ---- */
/* [-] The run has a slot. */
NP_INLINE bool np_heap_has(const NpHeap *heap, unsigned class, NpSpanKind kind) {
    return heap->cache[kind][class].cur != heap->cache[kind][class].end;
}
/* [-] That slot, all of it usable. */
NP_INLINE void *np_heap_take(NpHeap *heap, unsigned class, NpSpanKind kind) {
    NpAllocCache *cache = &heap->cache[kind][class];
    char *p = cache->cur;
    cache->cur = p + np_class_bytes[class];
    NP_UNPOISON(p, np_class_bytes[class]);
    return p;
}

/* ---- bits ---- */
NP_INLINE NpArena *np_arena_of(const void *p) {
    return (NpArena *)((uintptr_t)p & ~(uintptr_t)(NP_ARENA_BYTES - 1));
}
NP_INLINE size_t np_granule_of(const void *p) {
    return ((uintptr_t)p & (NP_ARENA_BYTES - 1)) >> NP_GRANULE_SHIFT;
}
NP_INLINE bool np_mark_test(const void *p) {
    size_t granule = np_granule_of(p);
    return (np_arena_of(p)->mark[granule >> 6] >> (granule & 63)) & 1;
}
/* Sets the mark bit; true if it was clear before. */
NP_INLINE bool np_mark_set(const void *p) {
    size_t granule = np_granule_of(p);
    uint64_t *word = &np_arena_of(p)->mark[granule >> 6];
    uint64_t bit = (uint64_t)1 << (granule & 63);
    bool was_clear = (*word & bit) == 0;
    *word |= bit;
    return was_clear;
}
NP_INLINE NpSpan *np_span_of(const void *p) {
    return np_arena_of(p)->page_span[((uintptr_t)p & (NP_ARENA_BYTES - 1)) >> NP_PAGE_SHIFT];
}

/* [-] Usable bytes of each slot of a span; a large span has one. */
NP_INLINE size_t np_span_slot_bytes(const NpSpan *span) {
    return span->size_class ? span->slot_bytes : (size_t)span->npages << NP_PAGE_SHIFT;
}

/* ---- the collector's side ---- */
/* [-] Begins a mark phase. Requires that sweeping is finished. Sets heap->marking and returns the
 * unused rests of the current runs, so that all that is allocated from now on is black. */
void np_heap_mark_begin(NpHeap *heap);
/* [-] Ends it: returns unused rests, clears heap->marking, and makes every span unswept (a new
 * sweep epoch). Takes time by the number of size classes, not of objects. */
void np_heap_mark_end(NpHeap *heap);
/* [-] Gives a mark phase up: every mark bit is cleared, nothing dies. */
void np_heap_mark_cancel(NpHeap *heap);
/* [-] Sweeps about `pages` pages of unswept spans; true when nothing is left to sweep. Spans with no
 * marked slot go back to the page allocator; large dead objects too. Allocation sweeps what it needs by itself. */
bool np_heap_sweep_step(NpHeap *heap, size_t pages);
/* [-] Hands free memory back with sysUnused until at most `keep_bytes` of what is Ready are free:
 * first free pages from the highest address down, then the free units between the live slots of
 * spans, once after every sweep. Looks at or releases about `pages` pages, then returns; call it
 * again until np_heap_release_done. Returns the bytes released by this call. */
size_t np_heap_release(NpHeap *heap, size_t pages, size_t keep_bytes);
/* [-] True when np_heap_release with the same keep_bytes would find nothing to release. */
bool np_heap_release_done(NpHeap *heap, size_t keep_bytes);
/* ---- huge pages (huge.c) ---- */
/* AUTO: for arenas that have long been dense. ON: for all memory from a certain size of the heap on. OFF: for none, even
 * where the system gives them unasked. */
typedef enum { NP_HUGE_WISH_AUTO, NP_HUGE_WISH_ON, NP_HUGE_WISH_OFF } NpHugeWish;
/* [-] Takes hold for what is mapped from now on; OFF for all. NEAPDEBUG=hugepages overrules it. */
void np_heap_set_huge(NpHeap *heap, NpHugeWish wish);
/* [-] Once at the end of every collection: advises the arenas that have become dense. */
void np_heap_advise_huge(NpHeap *heap);

/* ---- groups (heapgroup.c) ---- */
/* [-] A group without an owner yet, or NULL: no memory, or there are too many. It dies in np_heap_groups_trim. */
NpHeapGroup *np_heap_group_new(NpHeap *heap);
/* [-] The group of that number, or NULL. */
NpHeapGroup *np_heap_group_at(const NpHeap *heap, unsigned id);
/* [-] Group numbers are below it. */
unsigned np_heap_group_end(const NpHeap *heap);
void np_heap_group_change(NpHeap *heap, unsigned id);
/* [-] From now on that group is charged (group 0, if there is none of that number); the number of the one before. */
NP_INLINE unsigned np_heap_group_switch(NpHeap *heap, unsigned id) {
    unsigned old = heap->group->id;
    if (NP_UNLIKELY(old != id)) np_heap_group_change(heap, id);
    return old;
}
/* [-] The number of the group that an object or buffer is charged to. */
NP_INLINE unsigned np_heap_group_of(const void *p) { return np_span_of(p)->group; }
/* [-] Would `bytes` more be within its limit, as far as the heap knows? */
bool np_heap_group_fits(const NpHeapGroup *group, size_t bytes);
/* [-] Its limit is a little higher until np_heap_groups_shut. */
void np_heap_group_open(NpHeapGroup *group);
void np_heap_groups_shut(NpHeap *heap);
/* [-] Forgets those that have neither owner nor spans. */
void np_heap_groups_trim(NpHeap *heap);
/* [-] What is in use, to the byte. */
size_t np_heap_group_bytes(NpHeap *heap, NpHeapGroup *group);
/* [-] Counts the objects of all groups. Looks at every span. */
void np_heap_groups_census(NpHeap *heap);
/* [-] Bytes of runs that are not used yet. */
size_t np_heap_rests(const NpHeap *heap);

/* ---- moving buffers out of sparsely used spans (vacate.c) ---- */
/* [-] Bytes of pages that emptying the SPARSE spans would free; 0 when they are wanted anyway, that is when no
 * more than keep_bytes of the Ready memory in spans are free. Sweep must be finished. */
size_t np_heap_vacate_gain(const NpHeap *heap, size_t keep_bytes);
/* [-] From now on allocation takes nothing from SPARSE spans, and the walk over the objects starts anew. Not while marking. */
void np_heap_vacate_begin(NpHeap *heap);
/* [-] Calls visit for allocated slots of OBJ spans, by address from where the last call ended, until about `work`
 * of what visit returns has been done; true at the end of the heap (or when memory ran out and emptying was given up).
 * visit may move buffers of the object it is given and do nothing else to the heap. */
bool np_heap_vacate_walk(NpHeap *heap, size_t work, size_t (*visit)(void *ctx, void *slot), void *ctx);
/* [-] Allocation may use what is left of the SPARSE spans again. */
void np_heap_vacate_end(NpHeap *heap);
/* [-] True when the buffer (small, of `size` bytes) lies in a span that is being emptied. */
bool np_heap_is_leaving(const NpHeap *heap, const void *buf, size_t size);
/* [-] A buffer of at most NP_SMALL_MAX bytes copied to another span; the old one is given back. NULL: no memory, and
 * nothing has changed. */
void *np_heap_move_buf(NpHeap *heap, void *buf, size_t size);

/* [-] Calls visit for every allocated slot of OBJ and LEAF spans (and BUF when `buffers`), by address.
 * Sweep must be finished. visit must neither allocate nor free. */
void np_heap_walk(NpHeap *heap, bool buffers, void (*visit)(void *ctx, NpSpan *span, void *slot), void *ctx);
/* [-] Checks the heap's own invariants (bits, lists, counters); np_fatal on the first that is broken. */
void np_heap_verify(NpHeap *heap);

/* Statistics by class, for heap.stats(): fills up to `max` rows, returns how many. The same by span kind, in bytes. */
typedef struct NpClassStats { uint32_t slot_bytes, spans; size_t slots, live, ready; } NpClassStats;
typedef struct NpKindStats { size_t ready, live; } NpKindStats;
int np_heap_class_stats(NpHeap *heap, NpClassStats *rows, int max, NpKindStats kinds[NP_SPAN_KINDS]);
void np_heap_stats(NpHeap *heap, NpHeapStats *out);
/* [-] Bytes handed back since start. */
size_t np_heap_released(const NpHeap *heap);

#endif
