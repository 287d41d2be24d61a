/* heap_priv.h: what heap.c, heapgroup.c, release.c, vacate.c, heap_check.c and survey.c share; nobody else includes it. */
#ifndef NP_HEAP_PRIV_H
#define NP_HEAP_PRIV_H

#include "runtime/gc/heap.h"
#include "runtime/gc/pagealloc.h"
#include "runtime/gc/span.h"
#include "runtime/mem/fixalloc.h"

/* Which list a span is on. UNSWEPT: not yet swept in this epoch. PARTIAL and FULL: swept, with and
 * without a free slot. SPARSE: buffers, and the sweep found half of its slots free or more: filled last,
 * and emptied where that pays (vacate.c). CURRENT: on no list, its class's runs come from it.
 * NpSpan.state is the state in the epoch of NpSpan.sweep_epoch; a span of another epoch is UNSWEPT:
 * np_span_state. */
typedef enum { NP_SPAN_UNSWEPT, NP_SPAN_PARTIAL, NP_SPAN_SPARSE, NP_SPAN_FULL, NP_SPAN_CURRENT } NpSpanState;

typedef struct NpSpanList {
    NpSpan *first, *last;
} NpSpanList;

/* Of each kind and class; class 0 holds the large objects, which are UNSWEPT or FULL. */
typedef struct NpClassLists {
    NpSpanList list[NP_SPAN_CURRENT]; /* by NpSpanState */
    NpSpan *current;
} NpClassLists;

/* The spans of a group. */
typedef struct NpGroupLists {
    NpClassLists of[NP_SPAN_KINDS][NP_MAX_CLASSES];
    uint64_t used[NP_SPAN_KINDS][2]; /* bits of the classes of which it has had a span */
} NpGroupLists;
_Static_assert(NP_MAX_CLASSES <= 128, "two words of bits");

#define NP_GROUPS_FIRST 16

typedef struct NpHeapPriv {
    NpPages pages;
    NpFixAlloc spans;
    NpHeapGroup group0;     /* the only one as long as nobody asks for others */
    NpGroupLists lists0;
    NpHeapGroup **groups;   /* by id, NULL: free */
    unsigned group_end, group_capacity;
    NpHeapGroup *first_groups[NP_GROUPS_FIRST]; /* where `groups` is until there are more */
    size_t span_count, unswept;
    size_t span_pages;      /* pages owned by spans */
    uint8_t epoch;
    NpArena *sweep_arena;   /* where sweep_step goes on, by address */
    size_t sweep_page;
    NpArena *hole_arena;    /* where the search for holes goes on, downwards */
    size_t hole_page;
    bool holes_searched;    /* once round since the last sweep */
    size_t sparse_ready;    /* Ready bytes of SPARSE spans */
    size_t sparse_used;     /* bytes of occupied slots in them */
    bool vacating;          /* SPARSE spans are being emptied: no run is taken from them */
    NpArena *vacate_arena;  /* where the walk over their owners goes on, by address */
    size_t vacate_page;
    bool clobber;           /* fill fresh and freed slots */
    bool single;            /* runs of one slot */
    long slots_asked, fail_slot;
    long refuse_every;      /* 0, or each of so many requests is refused the first time */
    bool refused;           /* the last one was */
} NpHeapPriv;

/* The table that mksizeclass makes besides what heap.h shows; heap.c includes it. */
extern const uint8_t np_class_pages[NP_MAX_CLASSES];
extern const uint16_t np_class_slots[NP_MAX_CLASSES];
extern const uint64_t np_class_pattern[NP_MAX_CLASSES];

#define NP_FILL_FRESH 0xD0
#define NP_FILL_FREED 0xDF

NP_INLINE void np_list_push_last(NpSpanList *list, NpSpan *span) {
    span->next = NULL;
    span->prev = list->last;
    if (list->last) list->last->next = span;
    else list->first = span;
    list->last = span;
}

NP_INLINE void np_list_push_first(NpSpanList *list, NpSpan *span) {
    span->prev = NULL;
    span->next = list->first;
    if (list->first) list->first->prev = span;
    else list->last = span;
    list->first = span;
}

NP_INLINE void np_list_remove(NpSpanList *list, NpSpan *span) {
    if (span->prev) span->prev->next = span->next;
    else list->first = span->next;
    if (span->next) span->next->prev = span->prev;
    else list->last = span->prev;
}

/* Appends `from` to `to`; `from` is empty afterwards. */
NP_INLINE void np_list_append(NpSpanList *to, NpSpanList *from) {
    if (!from->first) return;
    from->first->prev = to->last;
    if (to->last) to->last->next = from->first;
    else to->first = from->first;
    to->last = from->last;
    from->first = from->last = NULL;
}

NP_INLINE NpSpanState np_span_state(const NpHeapPriv *priv, const NpSpan *span) {
    return span->sweep_epoch == priv->epoch ? (NpSpanState)span->state : NP_SPAN_UNSWEPT;
}

NP_INLINE NpClassLists *np_lists_of(NpHeapPriv *priv, const NpSpan *span) {
    return &priv->groups[span->group]->lists->of[span->kind][span->size_class];
}

/* Iterates over the lists of a group that may have spans: `kind` and `cls` are int variables. */
#define NP_EACH_LIST(lists, kind, cls)                                                   \
    for (kind = 0; kind < NP_SPAN_KINDS; kind++)                                         \
        for (cls = (int)np_bits_next_set((lists)->used[kind], 0, NP_MAX_CLASSES); cls < NP_MAX_CLASSES; \
             cls = (int)np_bits_next_set((lists)->used[kind], (size_t)cls + 1, NP_MAX_CLASSES))

NP_INLINE size_t np_span_ready_bytes(const NpSpan *span) {
    return span->npages * NP_PAGE_BYTES - span->holes * NP_UNIT_BYTES;
}

/* [-] heap.c: the index of the arena at or behind `arena` by address. */
uint32_t np_heap_arena_from(const NpPages *pages, const NpArena *arena);
/* [-] heap.c: returns the unused rests of all runs (H5). */
void np_heap_return_rests(NpHeap *heap);
/* [-] heapgroup.c: group 0, and nothing but it; the end of all. */
void np_heap_groups_init(NpHeap *heap);
void np_heap_groups_close(NpHeap *heap);
/* [-] heapgroup.c: may the running group, which is not group 0, have `bytes` more? Returns rests and sweeps before it says no. */
bool np_heap_group_admits(NpHeap *heap, size_t bytes);
/* [-] heapgroup.c: how many of `slots` slots a run of it may have: at least one. */
size_t np_heap_group_run(const NpHeapGroup *group, size_t slots, size_t slot_bytes);
/* [-] heapgroup.c: takes note of what is in use, if it is the most so far. */
void np_heap_group_peak(const NpHeap *heap, NpHeapGroup *group);
/* [-] release.c: bytes in spans that are Ready and not in use. */
size_t np_release_spans_free(const NpHeap *heap);
/* [-] release.c: makes the holes among the slots [from, end) (granules of the arena) Ready again. */
bool np_release_fill_holes(NpHeap *heap, NpSpan *span, size_t from, size_t end);

#endif
