/* heap_check.c: walks the heap: every slot, statistics, the heap's own invariants.
 *
 * Does not: know what is in a slot; the collector's verifier does.
 */
#include "runtime/gc/heap_priv.h"

/* Calls visit for each span by address. */
static void each_span(NpHeap *heap, void (*visit)(void *ctx, NpSpan *span), void *ctx) {
    NpPages *pages = &heap->priv->pages;
    for (uint32_t i = 0; i < pages->count; i++) {
        NpArena *arena = pages->arenas[i].arena;
        size_t end = np_bits_min(arena->mapped_pages, NP_ARENA_PAGES);
        for (size_t page = arena->first_page; page < end;) {
            NpSpan *span = arena->page_span[page];
            if (!span) {
                page++;
                continue;
            }
            page += span->npages;
            visit(ctx, span);
        }
    }
}

typedef struct Walk {
    bool buffers;
    void (*visit)(void *ctx, NpSpan *span, void *slot);
    void *ctx;
} Walk;

static void walk_span(void *ctx, NpSpan *span) {
    Walk *walk = ctx;
    NpArena *arena = np_arena_of(span->base);
    size_t from = np_span_first_granule(span);
    size_t end = span->size_class ? np_span_end_granule(span) : from + 1;
    if (span->kind == NP_SPAN_BUF && !walk->buffers) return;
    while ((from = np_bits_next_set(arena->alloc, from, end)) < end) {
        walk->visit(walk->ctx, span, (char *)arena + (from << NP_GRANULE_SHIFT));
        from++;
    }
}

void np_heap_walk(NpHeap *heap, bool buffers, void (*visit)(void *ctx, NpSpan *span, void *slot), void *ctx) {
    Walk walk = {buffers, visit, ctx};
    CHECK1("H2", heap->priv->unswept == 0);
    np_heap_return_rests(heap);
    each_span(heap, walk_span, &walk);
}

/* ---- statistics ---- */

size_t np_heap_released(const NpHeap *heap) { return heap->priv->pages.released_total; }

void np_heap_stats(NpHeap *heap, NpHeapStats *out) {
    NpHeapPriv *priv = heap->priv;
    NpPages *pages = &priv->pages;
    size_t rests = np_heap_rests(heap);
    out->claimed_total = heap->claimed_total - rests;
    out->in_use = heap->in_use - rests;
    out->spans_bytes = priv->span_pages * NP_PAGE_BYTES - heap->hole_bytes;
    out->free_bytes = np_pages_free_ready(pages) + pages->retired_pages * NP_PAGE_BYTES;
    out->released_bytes = pages->free_released * NP_UNIT_BYTES + heap->hole_bytes;
    out->ready_bytes = heap->mem.ready;
    out->meta_bytes = heap->mem.ready - out->spans_bytes - out->free_bytes;
    out->mapped_bytes = heap->mem.mapped;
    out->reserved_bytes = heap->mem.reserved;
    out->peak_bytes = heap->mem.ready_peak;
    out->released_total = pages->released_total;
}

typedef struct ClassRows {
    NpClassStats *rows;
    int max;
    NpKindStats *kinds;
} ClassRows;

static void count_span(void *ctx, NpSpan *span) {
    ClassRows *into = ctx;
    NpClassStats *row;
    if (span->size_class >= into->max) return;
    row = &into->rows[span->size_class];
    row->spans++;
    row->slots += span->nslots;
    row->live += span->alloc_slots;
    row->ready += np_span_ready_bytes(span);
    into->kinds[span->kind].ready += np_span_ready_bytes(span);
    into->kinds[span->kind].live += span->alloc_slots * np_span_slot_bytes(span);
}

/* Row i is class i; row 0, with slot_bytes 0, the large objects. */
int np_heap_class_stats(NpHeap *heap, NpClassStats *rows, int max, NpKindStats kinds[NP_SPAN_KINDS]) {
    ClassRows into = {rows, max < np_class_count ? max : np_class_count, kinds};
    memset(kinds, 0, NP_SPAN_KINDS * sizeof *kinds);
    np_heap_return_rests(heap);
    for (int i = 0; i < into.max; i++) rows[i] = (NpClassStats){.slot_bytes = np_class_bytes[i]};
    each_span(heap, count_span, &into);
    return into.max;
}

/* ---- verification ---- */

typedef struct Sums {
    NpHeap *heap;
    size_t spans, unswept, pages, in_use, holes, sparse_ready, sparse_used;
    unsigned group; /* whose spans these are; the rest is for all */
    size_t group_spans, group_in_use;
} Sums;

static bool on_list(const NpHeapPriv *priv, const NpSpan *span) {
    const NpClassLists *lists = &priv->groups[span->group]->lists->of[span->kind][span->size_class];
    const NpSpanList *list;
    if (np_span_state(priv, span) == NP_SPAN_CURRENT) return lists->current == span;
    list = &lists->list[np_span_state(priv, span)];
    return (span->prev ? span->prev->next == span : list->first == span) &&
           (span->next ? span->next->prev == span : list->last == span);
}

#define FAIL(rule, text)                                                                           \
    np_fatal("heap: " rule ": span %p of %u slots of %u bytes, kind %u: " text, (void *)span->base,  \
             span->nslots, span->slot_bytes, span->kind)

static void verify_bits(const NpHeap *heap, const NpSpan *span, const NpArena *arena, bool unswept) {
    size_t first = np_span_first_granule(span), stride = span->slot_bytes >> NP_GRANULE_SHIFT;
    size_t bits = span->size_class ? span->npages * (NP_PAGE_BYTES / NP_GRANULE) : 64, count = 0;
    for (size_t at = first; (at = np_bits_next_set(arena->alloc, at, first + bits)) < first + bits; at++) {
        count++;
        if (span->size_class ? (at - first) % stride != 0 || (at - first) / stride >= span->nslots : at != first)
            FAIL("H1", "an alloc bit where no slot begins");
    }
    if (count != span->alloc_slots) FAIL("H1", "alloc_slots is not the number of alloc bits");
    for (size_t word = first >> 6; word < (first + bits) >> 6; word++) {
        if (arena->mark[word] & ~arena->alloc[word]) FAIL("H1", "a slot is marked but not allocated");
        if (arena->mark[word] && !heap->marking && !unswept) FAIL("H2", "a mark bit outside marking");
    }
}

static void verify_holes(const NpSpan *span, const NpArena *arena) {
    size_t unit = np_span_first_granule(span) / (NP_UNIT_BYTES / NP_GRANULE), holes = 0;
    if (span->size_class == 0) {
        if (span->holes) FAIL("H4", "a large object with holes");
        return;
    }
    for (size_t end = unit + span->npages * (NP_PAGE_BYTES / NP_UNIT_BYTES); unit < end; unit++) {
        char *from = (char *)(uintptr_t)arena + unit * NP_UNIT_BYTES;
        if (!np_bits_test(arena->released_bits, unit)) continue;
        holes++;
        for (uint32_t i = 0; i < span->nslots; i++) {
            char *slot = span->base + (size_t)i * span->slot_bytes;
            if (slot < from + NP_UNIT_BYTES && slot + span->slot_bytes > from &&
                np_bits_test(arena->alloc, np_granule_of(slot)))
                FAIL("H4", "an occupied slot in a released unit");
        }
    }
    if (holes != span->holes) FAIL("H4", "holes is not the number of released units");
}

static void verify_notes(const NpSpan *span, const NpArena *arena) {
    for (size_t i = 0; span->notes && i < span->nslots; i++)
        if (span->notes[i] && !np_bits_test(arena->alloc, np_granule_of(span->base + i * span->slot_bytes)))
            FAIL("H9", "a note of a free slot");
}

static void verify_caches(const NpHeap *heap) {
    for (int kind = 0; kind < NP_SPAN_KINDS; kind++) {
        for (int cls = 1; cls < np_class_count; cls++) {
            const NpAllocCache *cache = &heap->cache[kind][cls];
            if (cache->cur > cache->end || cache->end > cache->limit || (!heap->notes && cache->end != cache->limit))
                np_fatal("heap: H8: the run of kind %d, class %d is at %p, ends at %p, but goes to %p", kind, cls,
                         (void *)cache->cur, (void *)cache->end, (void *)cache->limit);
        }
    }
}

static void verify_span(void *ctx, NpSpan *span) {
    Sums *sums = ctx;
    NpHeapPriv *priv = sums->heap->priv;
    NpArena *arena = np_arena_of(span->base);
    bool unswept = np_span_state(priv, span) == NP_SPAN_UNSWEPT;
    size_t page = (size_t)(span->base - (char *)arena) >> NP_PAGE_SHIFT;
    if (span->group >= priv->group_end || !priv->groups[span->group]) FAIL("H8", "it is of no group");
    if (arena->heap != sums->heap) FAIL("P1", "its arena is another heap's");
    for (size_t i = 0; i < span->npages && page + i < NP_ARENA_PAGES; i++)
        if (arena->page_span[page + i] != span || np_bits_test(arena->free_bits, page + i))
            FAIL("H6", "a page of it is free or another span's");
    if (!np_bits_test(arena->mark_ready, page / 64) || !np_bits_test(arena->alloc_ready, page / 64))
        FAIL("H6", "its bitmaps are not ready");
    if (!on_list(priv, span)) FAIL("H5", "it is not on the list its state says");
    if (!unswept && span->state == NP_SPAN_FULL && span->alloc_slots < span->nslots) FAIL("H5", "full but not full");
    verify_bits(sums->heap, span, arena, unswept);
    verify_notes(span, arena);
    verify_holes(span, arena);
    sums->spans++;
    sums->unswept += unswept;
    sums->pages += span->npages;
    sums->in_use += (size_t)span->alloc_slots * np_span_slot_bytes(span);
    sums->holes += span->holes;
    if (np_span_state(priv, span) == NP_SPAN_SPARSE) {
        sums->sparse_ready += np_span_ready_bytes(span);
        sums->sparse_used += (size_t)span->alloc_slots * span->slot_bytes;
    }
}

static void sum_group(void *ctx, NpSpan *span) {
    Sums *sums = ctx;
    if (span->group != sums->group) return;
    sums->group_spans++;
    sums->group_in_use += (size_t)span->alloc_slots * np_span_slot_bytes(span);
}

/* What a group is charged with is what its spans hold; rests have been returned. */
static void verify_groups(NpHeap *heap) {
    for (unsigned id = 0; id < heap->priv->group_end; id++) {
        const NpHeapGroup *group = heap->priv->groups[id];
        Sums sums = {.group = id};
        if (!group) continue;
        each_span(heap, sum_group, &sums);
        if (id == 0) sums.group_in_use -= heap->reserve_bytes;
        if (group->id != id || sums.group_spans != group->spans || sums.group_in_use != group->in_use)
            np_fatal("heap: H8: group %u has %zu spans and %zu bytes by counters, but %zu and %zu are", id, group->spans,
                     group->in_use, sums.group_spans, sums.group_in_use);
    }
}

/* The bits of pages that are free or not yet mapped. */
static void verify_free_bits(const NpArena *arena) {
    for (size_t page = arena->first_page; page < NP_ARENA_PAGES; page++) {
        size_t first = page * (NP_PAGE_BYTES / NP_GRANULE / 64);
        bool marks = np_bits_test(arena->mark_ready, page / 64), allocs = np_bits_test(arena->alloc_ready, page / 64);
        if (arena->page_span[page]) continue;
        for (size_t word = first; word < first + NP_PAGE_BYTES / NP_GRANULE / 64; word++)
            if ((marks && arena->mark[word]) || (allocs && arena->alloc[word]))
                np_fatal("heap: H6: bits are set in the free page %zu of %p", page, (const void *)arena);
    }
}

void np_heap_verify(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    Sums sums = {.heap = heap};
    verify_caches(heap);
    np_heap_return_rests(heap);
    np_pages_verify(&priv->pages);
    each_span(heap, verify_span, &sums);
    verify_groups(heap);
    for (uint32_t i = 0; i < priv->pages.count; i++) verify_free_bits(priv->pages.arenas[i].arena);
    if (sums.spans != priv->span_count || sums.unswept != priv->unswept || sums.pages != priv->span_pages)
        np_fatal("heap: P1: %zu spans, %zu unswept, %zu pages by counters, but %zu, %zu, %zu are", priv->span_count,
                 priv->unswept, priv->span_pages, sums.spans, sums.unswept, sums.pages);
    sums.in_use -= heap->reserve_bytes;
    if (sums.in_use != heap->in_use || heap->in_use != heap->claimed_total - heap->freed_total)
        np_fatal("heap: in_use is %zu, the slots add up to %zu, claimed less freed is %zu", heap->in_use,
                 sums.in_use, heap->claimed_total - heap->freed_total);
    if (sums.holes * NP_UNIT_BYTES != heap->hole_bytes)
        np_fatal("heap: hole_bytes is %zu, the holes add up to %zu", heap->hole_bytes, sums.holes * NP_UNIT_BYTES);
    if (sums.sparse_ready != priv->sparse_ready || sums.sparse_used != priv->sparse_used)
        np_fatal("heap: H7: sparse spans have %zu bytes ready and %zu used by counters, but %zu and %zu are",
                 priv->sparse_ready, priv->sparse_used, sums.sparse_ready, sums.sparse_used);
    np_mem_verify(&heap->mem);
}
