/* vacate.c: empties sparsely used spans of buffers, so that their pages can be given back.
 *
 * Owns: when that would pay, the walk over the objects that may own such buffers.
 * Does not: know which buffers an object owns (move.c tells); free spans (heap.c does, when a buffer
 *       leaves the last slot of one); release pages.
 *
 * Of a heap that has shrunk to scattered survivors nearly every page holds one. Objects must stay where
 * they are, but a buffer has exactly one owner, so a visit to all owners can take buffers elsewhere. The
 * sweep lists spans at least half free as SPARSE; what moves out of them takes at most half the room.
 * While vacating, nothing is allocated in SPARSE spans, so that one walk is enough: a buffer that comes
 * to be behind the walk's position is not in one.
 */
#include "runtime/gc/heap_priv.h"

size_t np_heap_vacate_gain(const NpHeap *heap, size_t keep) {
    const NpHeapPriv *priv = heap->priv;
    size_t free_in_spans = np_release_spans_free(heap);
    if (priv->unswept > 0 || free_in_spans <= keep || priv->sparse_ready <= priv->sparse_used) return 0;
    return np_bits_min(priv->sparse_ready - priv->sparse_used, free_in_spans - keep);
}

void np_heap_vacate_begin(NpHeap *heap) {
    CHECK1("H3", !heap->marking && heap->priv->unswept == 0);
    heap->priv->vacating = true;
    heap->priv->vacate_arena = NULL;
    heap->priv->vacate_page = 0;
}

void np_heap_vacate_end(NpHeap *heap) { heap->priv->vacating = false; }

bool np_heap_is_leaving(const NpHeap *heap, const void *buf, size_t size) {
    if (!buf || size > NP_SMALL_MAX) return false;
    return np_span_state(heap->priv, np_span_of(buf)) == NP_SPAN_SPARSE;
}

static size_t visit_span(NpSpan *span, size_t (*visit)(void *ctx, void *slot), void *ctx) {
    const NpArena *arena = np_arena_of(span->base);
    size_t at = np_span_first_granule(span), done = 0;
    size_t end = span->size_class ? np_span_end_granule(span) : at + 1;
    while ((at = np_bits_next_set(arena->alloc, at, end)) < end) {
        done += visit(ctx, (char *)(uintptr_t)arena + (at << NP_GRANULE_SHIFT));
        at++;
    }
    return done;
}

bool np_heap_vacate_walk(NpHeap *heap, size_t work, size_t (*visit)(void *ctx, void *slot), void *ctx) {
    NpHeapPriv *priv = heap->priv;
    NpPages *pages = &priv->pages;
    uint32_t i = np_heap_arena_from(pages, priv->vacate_arena);
    size_t page = priv->vacate_page, done = 0;
    unsigned group = heap->group->id; /* moving switches it: a buffer stays in its group */
    if (i < pages->count && pages->arenas[i].arena != priv->vacate_arena) page = 0;
    np_heap_return_rests(heap); /* the alloc bits are those of objects now */
    while (priv->vacating && i < pages->count && done < work) {
        NpArena *arena = pages->arenas[i].arena;
        size_t end = np_bits_min(arena->mapped_pages, NP_ARENA_PAGES);
        NpSpan *span;
        if (page < arena->first_page) page = arena->first_page;
        page = np_pages_next_span(arena, page, end);
        if (page >= end) {
            i++;
            page = 0;
            done += NP_PAGE_BYTES;
            continue;
        }
        span = arena->page_span[page];
        /* from its base: since the last step a new span may have come to lie across the place */
        page = ((size_t)(span->base - (char *)arena) >> NP_PAGE_SHIFT) + span->npages;
        done += 64;
        if (span->kind != NP_SPAN_OBJ) continue;
        done += visit_span(span, visit, ctx);
        i = np_heap_arena_from(pages, arena); /* moving may have made an arena */
    }
    np_heap_group_switch(heap, group);
    priv->vacate_arena = i < pages->count ? pages->arenas[i].arena : NULL;
    priv->vacate_page = page;
    return !priv->vacating || i >= pages->count;
}
