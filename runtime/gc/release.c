/* release.c: what the heap has free goes back to the system, in slices.
 *
 * Owns: how much is kept, the order, holes in spans.
 * Does not: decide when (the collector calls it) nor what is free (heap.c, pagealloc.c).
 *
 * How finely memory is handed back decides how much can be: of 826 MB with 0.03 % scattered
 * survivors, 7 MB remain by units of 4 KiB, 92 MB by 64 KiB, 803 MB by 2 MiB (measured). So after
 * the free pages come the free units inside spans that survivors keep: holes. A hole is readied
 * again when a run that touches it is claimed.
 *
 * Free memory that is kept counts wherever it is, in free pages or between live slots; free pages
 * are handed back first because it is cheaper by the byte.
 */
#include "runtime/gc/heap_priv.h"

#define UNIT_GRANULES (NP_UNIT_BYTES / NP_GRANULE)

size_t np_release_spans_free(const NpHeap *heap) {
    size_t owned = heap->priv->span_pages * NP_PAGE_BYTES - heap->hole_bytes;
    size_t used = heap->in_use + heap->reserve_bytes;
    return owned > used ? owned - used : 0;
}

size_t np_heap_used(const NpHeap *heap) {
    const NpPages *pages = &heap->priv->pages;
    return heap->mem.ready - pages->retired_pages * NP_PAGE_BYTES - np_pages_free_ready(pages) - np_release_spans_free(heap);
}

/* Bytes that are free and Ready beyond what is to be kept. */
static size_t excess(const NpHeap *heap, size_t keep) {
    size_t ready = np_pages_free_ready(&heap->priv->pages) + np_release_spans_free(heap);
    return ready > keep ? ready - keep : 0;
}

/* Units that can be released apart from others, in NP_UNITs. */
static size_t hole_units(void) {
    return np_os_page_size() > NP_UNIT_BYTES ? np_os_page_size() / NP_UNIT_BYTES : 1;
}

bool np_release_fill_holes(NpHeap *heap, NpSpan *span, size_t from, size_t end) {
    NpPages *pages = &heap->priv->pages;
    NpArenaInfo *info = &pages->arenas[np_pages_index(pages, np_arena_of(span->base))];
    size_t base = np_span_first_granule(span) / UNIT_GRANULES, step = hole_units();
    /* holes are whole system pages of the span */
    size_t first = NP_ALIGN_UP(base, step), last = NP_ALIGN_DOWN(base + span->npages * (NP_PAGE_BYTES / NP_UNIT_BYTES), step);
    size_t low = NP_ALIGN_DOWN(from / UNIT_GRANULES, step);
    size_t high = NP_ALIGN_UP((end + UNIT_GRANULES - 1) / UNIT_GRANULES, step), changed;
    if (low < first) low = first;
    if (high > last) high = last;
    if (low >= high) return true;
    if (np_pages_ready_units(pages, info, low, high - low, &changed) != 0) return false;
    span->holes -= (uint16_t)changed;
    heap->hole_bytes -= changed * NP_UNIT_BYTES;
    return true;
}

/* True when no occupied slot of the span reaches into granules [from, to) of its arena. */
static bool range_free(const NpSpan *span, const NpArena *arena, size_t from, size_t to) {
    size_t stride = span->slot_bytes >> NP_GRANULE_SHIFT, base = np_span_first_granule(span);
    size_t before = (from - base) / stride; /* the slot that `from` lies in or begins */
    if (np_bits_next_set(arena->alloc, from, to) != to) return false;
    return before >= span->nslots || !np_bits_test(arena->alloc, base + before * stride);
}

/* Releases the free units of a span; false when the system refused. */
static bool make_holes(NpHeap *heap, NpArenaInfo *info, NpSpan *span) {
    const NpArena *arena = info->arena;
    size_t step = hole_units(), first = np_span_first_granule(span) / UNIT_GRANULES;
    size_t end = NP_ALIGN_DOWN(first + span->npages * (NP_PAGE_BYTES / NP_UNIT_BYTES), step);
    size_t unit = NP_ALIGN_UP(first, step);
    while (unit < end) {
        size_t stop = unit;
        long done;
        while (stop < end && range_free(span, arena, stop * UNIT_GRANULES, (stop + step) * UNIT_GRANULES))
            stop += step;
        if (stop == unit) {
            unit += step;
            continue;
        }
        done = np_pages_release_units(&heap->priv->pages, info, unit, stop - unit);
        if (done < 0) return false;
        span->holes += (uint16_t)done;
        heap->hole_bytes += (size_t)done * NP_UNIT_BYTES;
        if (np_span_state(heap->priv, span) == NP_SPAN_SPARSE)
            heap->priv->sparse_ready -= (size_t)done * NP_UNIT_BYTES;
        unit = stop;
    }
    return true;
}

/* A span that may have free units not yet released. */
static bool worth_a_look(const NpHeapPriv *priv, const NpSpan *span) {
    size_t bytes = (size_t)span->npages * NP_PAGE_BYTES, used = (size_t)span->alloc_slots * span->slot_bytes;
    return span->size_class != 0 && np_span_state(priv, span) != NP_SPAN_CURRENT &&
           used + (span->holes + hole_units()) * NP_UNIT_BYTES <= bytes;
}

/* Goes down through the spans from where it last stopped. */
static void search_holes(NpHeap *heap, size_t keep, size_t *budget) {
    NpHeapPriv *priv = heap->priv;
    NpPages *pages = &priv->pages;
    uint32_t i = pages->count;
    size_t page = NP_ARENA_PAGES;
    if (priv->hole_arena) {
        while (i > 0 && pages->arenas[i - 1].arena > priv->hole_arena) i--;
        if (i > 0 && pages->arenas[i - 1].arena == priv->hole_arena) page = priv->hole_page;
    }
    while (i > 0 && *budget > 0) {
        NpArenaInfo *info = &pages->arenas[i - 1];
        NpArena *arena = info->arena;
        NpSpan *span;
        if (page > arena->mapped_pages) page = arena->mapped_pages;
        if (info->dedicated || page <= arena->first_page) {
            i--;
            page = NP_ARENA_PAGES;
            continue;
        }
        span = arena->page_span[page - 1];
        if (!span) {
            page--;
            continue;
        }
        page = (size_t)(span->base - (char *)arena) >> NP_PAGE_SHIFT;
        if (!worth_a_look(priv, span)) {
            *budget -= np_bits_min(*budget, span->npages);
            continue;
        }
        if (excess(heap, keep) < NP_UNIT_BYTES || !make_holes(heap, info, span)) {
            page += span->npages;
            break;
        }
        *budget -= np_bits_min(*budget, span->npages);
    }
    priv->hole_arena = i > 0 ? pages->arenas[i - 1].arena : NULL;
    priv->hole_page = page;
    if (i == 0) priv->holes_searched = true;
}

size_t np_heap_release(NpHeap *heap, size_t budget, size_t keep) {
    NpHeapPriv *priv = heap->priv;
    size_t before = heap->mem.ready, ready = np_pages_free_ready(&priv->pages), over = excess(heap, keep);
    if (over > 0 || priv->pages.retired_pages > 0) np_pages_release(&priv->pages, ready > over ? ready - over : 0, &budget);
    if (budget > 0 && np_os_unused_releases() && priv->unswept == 0 && !priv->holes_searched && excess(heap, keep) > 0)
        search_holes(heap, keep, &budget);
    return before - heap->mem.ready;
}

bool np_heap_release_done(NpHeap *heap, size_t keep) {
    NpHeapPriv *priv = heap->priv;
    if (priv->pages.retired_pages > 0) return false;
    if (excess(heap, keep) < NP_UNIT_BYTES) return true;
    if (np_pages_free_ready(&priv->pages) >= NP_UNIT_BYTES && !priv->pages.only_parts)
        return !np_os_unused_releases() && !np_pages_has_spare(&priv->pages);
    return !np_os_unused_releases() || priv->holes_searched || priv->unswept > 0;
}
