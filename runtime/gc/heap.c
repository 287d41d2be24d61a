/* heap.c: slots and large objects: allocation, explicit freeing, sweeping.
 *
 * Owns: the spans and their lists, the runs that np_heap_alloc bumps through.
 * Does not: find pages (pagealloc.c), hand memory back (release.c), say whose it is (heapgroup.c), verify
 *       (heap_check.c), collect.
 *
 * Allocation. A class hands out a run of free slots at a time. The whole run is claimed at once: its
 * alloc bits (and mark bits while marking) are set, its bytes are counted, and np_heap_alloc only
 * bumps a pointer (in a watched heap up to where the next slot to be told of begins: notes.h). When a
 * run is used up the next is looked for behind it in the same span, then in the class's partial spans,
 * then in unswept ones, which are swept for it, at most SWEEP_FOR_RUN of them; then a span is made of
 * fresh pages. When those cannot be had a piece more is swept, or of what is free given back (under a
 * limit free Ready pages count too), and the request tried again.
 *
 * Freeing. Only buffers are freed by hand; the slot's bits are cleared and it is free from then on.
 * A buffer that was the last one bumped goes back to the run. A span without occupied slots goes
 * back to the page allocator.
 *
 * Sweeping. A span's mark bits become its alloc bits; no slot is touched. Sweeping goes by address,
 * so partial spans are listed, and later filled, from the low end: the high end empties.
 */
#include "runtime/gc/heap.h"

#include "runtime/dbg.h"
#include "runtime/gc/heap_priv.h"
#include "runtime/gc/notes.h"
#include "sizeclass.h"

enum { SWEEP_FOR_RUN = 16, SWEEP_FOR_LARGE = 64, RELEASE_FREED_PAGES = 32, ROOM_PAGES = 256 };
#define KEEP_FREED_BYTES ((size_t)1 << 20)
#define RELEASE_TRAIL_BYTES ((size_t)4 << 20)

#define GRANULES_PER_PAGE (NP_PAGE_BYTES / NP_GRANULE)

/* ---- life ---- */

bool np_heap_init(NpHeap *heap) {
    NpHeapPriv *priv;
    void *v;
    np_dbg_init();
    memset(heap, 0, sizeof *heap);
    if (sysAlloc(&heap->mem, NP_ALIGN_UP(sizeof *priv, np_os_page_size()), &v) != 0) return false;
    heap->priv = priv = v;
    np_pages_init(&priv->pages, heap, &heap->mem);
    np_fixalloc_init(&priv->spans, &heap->mem, sizeof(NpSpan));
    np_heap_groups_init(heap);
    priv->holes_searched = true;
    priv->clobber = np_dbg_on(clobberfree) || CHECK >= 2;
    priv->single = np_dbg_on(gcstress) || np_dbg_on(failslot) || np_dbg_on(emergency);
    priv->fail_slot = np_dbg_on(failslot) ? np_dbg.failslot : 0;
    return true;
}

void np_heap_close(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    if (!priv) return;
    np_notes_close(heap);
    np_pages_close(&priv->pages);
    np_fixalloc_close(&priv->spans);
    np_heap_groups_close(heap);
    np_mem_discard_ready(&heap->mem, priv, NP_ALIGN_UP(sizeof *priv, np_os_page_size()));
    memset(heap, 0, sizeof *heap);
}

void np_heap_set_limit(NpHeap *heap, size_t bytes) { heap->mem.limit = bytes; }

void np_heap_fail_at(NpHeap *heap, long nth) {
    NpHeapPriv *priv = heap->priv;
    np_heap_return_rests(heap);
    priv->single = nth > 0 || np_dbg_on(gcstress);
    priv->slots_asked = 0;
    priv->fail_slot = nth;
}

void np_heap_refuse_every(NpHeap *heap, long nth) { heap->priv->refuse_every = nth; }

size_t np_heap_slot_bytes(const void *p) { return np_span_slot_bytes(np_span_of(p)); }

/* Overwrites what nobody may read any more (or has not written yet); leaves it poisoned. */
static NP_COLD void fill(void *p, size_t size, int byte) {
    NP_UNPOISON(p, size);
    memset(p, byte, size);
    NP_POISON(p, size);
}

/* ---- spans ---- */

static NpSpan *new_span(NpHeap *heap, unsigned cls, NpSpanKind kind, size_t npages) {
    NpHeapPriv *priv = heap->priv;
    NpSpan *span = np_fixalloc_alloc(&priv->spans);
    if (!span) return NULL;
    memset(span, 0, sizeof *span);
    if (!np_pages_alloc(&priv->pages, npages, span)) {
        np_fixalloc_free(&priv->spans, span);
        return NULL;
    }
    span->size_class = (uint8_t)cls;
    span->kind = (uint8_t)kind;
    span->slot_bytes = np_class_bytes[cls];
    span->nslots = cls ? np_class_slots[cls] : 1;
    span->sweep_epoch = priv->epoch;
    span->group = heap->group->id;
    heap->group->spans++;
    np_bits_set(heap->group->lists->used[kind], cls);
    priv->span_count++;
    priv->span_pages += npages;
    return span;
}

/* The span is on no list, and none of its bits is set. `later`: what takes long is left to np_heap_release. */
static void drop_span(NpHeap *heap, NpSpan *span, bool later) {
    NpHeapPriv *priv = heap->priv;
    if (NP_UNLIKELY(heap->notes != NULL)) np_notes_drop(heap, span);
    heap->hole_bytes -= span->holes * NP_UNIT_BYTES;
    priv->span_count--;
    priv->groups[span->group]->spans--;
    priv->span_pages -= span->npages;
    if (later) np_pages_retire(&priv->pages, span);
    else np_pages_free(&priv->pages, span);
    np_fixalloc_free(&priv->spans, span);
}

static void list_span(NpHeapPriv *priv, NpSpan *span, NpSpanState state) {
    span->state = (uint8_t)state;
    np_list_push_last(&np_lists_of(priv, span)->list[state], span);
    if (state == NP_SPAN_SPARSE) {
        priv->sparse_ready += np_span_ready_bytes(span);
        priv->sparse_used += (size_t)span->alloc_slots * span->slot_bytes;
    }
}

static void unlist_span(NpHeapPriv *priv, NpSpan *span) {
    NpSpanState state = np_span_state(priv, span);
    np_list_remove(&np_lists_of(priv, span)->list[state], span);
    if (state == NP_SPAN_UNSWEPT) priv->unswept--;
    if (state == NP_SPAN_SPARSE) {
        priv->sparse_ready -= np_span_ready_bytes(span);
        priv->sparse_used -= (size_t)span->alloc_slots * span->slot_bytes;
    }
}

/* `bytes` more are the running group's; they may also be less than none. */
static void charge(NpHeap *heap, size_t bytes) {
    NpHeapGroup *group = heap->group;
    heap->in_use += bytes;
    heap->claimed_total += bytes;
    group->in_use += bytes;
    group->claimed_total += bytes;
}

static void charge_and_owe(NpHeap *heap, size_t bytes) {
    charge(heap, bytes);
    heap->debt += (int64_t)bytes;
}

static void count_freed(NpHeap *heap, const NpSpan *span, size_t bytes) {
    heap->in_use -= bytes;
    heap->freed_total += bytes;
    heap->priv->groups[span->group]->in_use -= bytes;
}

/* ---- sweeping ---- */

/* Overwrites and poisons the slots that were occupied and are not marked. */
static NP_COLD void clobber_dead(NpHeap *heap, const NpSpan *span, const uint64_t *mark, const uint64_t *alloc) {
    size_t first = np_span_first_granule(span) >> 6, words = span->npages * (GRANULES_PER_PAGE / 64);
    size_t bytes = np_span_slot_bytes(span);
    if (span->size_class == 0) words = 1;
    for (size_t word = first; word < first + words; word++) {
        for (uint64_t dead = alloc[word] & ~mark[word]; dead; dead &= dead - 1) {
            char *slot = (char *)np_arena_of(span->base) +
                         (((word << 6) + (size_t)__builtin_ctzll(dead)) << NP_GRANULE_SHIFT);
            if (heap->priv->clobber) fill(slot, bytes, NP_FILL_FREED);
            NP_POISON(slot, bytes);
        }
    }
}

/* Mark bits become alloc bits; the marked slots. A dead span's bits are all 0 afterwards. */
static size_t turn_bits(const NpSpan *span, NpArena *arena) {
    size_t first = np_span_first_granule(span) >> 6, live = 0;
    size_t words = span->size_class ? span->npages * (GRANULES_PER_PAGE / 64) : 1;
    uint64_t *mark = arena->mark + first, *alloc = arena->alloc + first;
    for (size_t word = 0; word < words; word++) {
        uint64_t bits = mark[word];
        live += (size_t)__builtin_popcountll(bits);
        alloc[word] = bits;
        mark[word] = 0;
    }
    return live;
}

/* Sweeps an unswept span, which is then listed as PARTIAL or FULL, or gone: false. */
static bool sweep_span(NpHeap *heap, NpSpan *span) {
    NpHeapPriv *priv = heap->priv;
    NpArena *arena = np_arena_of(span->base);
    size_t live, dead;
    CHECK1("H2", np_span_state(priv, span) == NP_SPAN_UNSWEPT);
    if (NP_UNLIKELY(span->notes != NULL)) np_notes_sweeps(heap, span);
    if (NP_ASAN || NP_UNLIKELY(priv->clobber)) clobber_dead(heap, span, arena->mark, arena->alloc);
    live = turn_bits(span, arena);
    dead = span->alloc_slots - live;
    CHECK1("H1", live <= span->alloc_slots);
    if (dead) count_freed(heap, span, dead * np_span_slot_bytes(span));
    unlist_span(priv, span);
    if (live == 0) {
        drop_span(heap, span, true);
        return false;
    }
    span->alloc_slots = span->live_slots = (uint32_t)live;
    span->cursor = 0;
    span->sweep_epoch = priv->epoch;
    if (span->kind == NP_SPAN_BUF && live * 2 <= span->nslots) list_span(priv, span, NP_SPAN_SPARSE);
    else list_span(priv, span, live < span->nslots ? NP_SPAN_PARTIAL : NP_SPAN_FULL);
    return true;
}

uint32_t np_heap_arena_from(const NpPages *pages, const NpArena *arena) {
    uint32_t i;
    if (pages->count == 0) return 0;
    i = np_pages_index(pages, arena);
    return pages->arenas[i].arena < arena ? i + 1 : i;
}

/* By address, from where the last step ended. */
bool np_heap_sweep_step(NpHeap *heap, size_t budget) {
    NpHeapPriv *priv = heap->priv;
    NpPages *pages = &priv->pages;
    uint32_t i = np_heap_arena_from(pages, priv->sweep_arena);
    size_t page = priv->sweep_page;
    if (i < pages->count && pages->arenas[i].arena != priv->sweep_arena) page = 0;
    while (priv->unswept > 0 && budget > 0) {
        NpArena *arena;
        size_t end;
        NpSpan *span;
        if (i >= pages->count) np_fatal("heap: %zu spans are unswept, but none is found", priv->unswept);
        arena = pages->arenas[i].arena;
        if (page < arena->first_page) page = arena->first_page;
        end = np_bits_min(arena->mapped_pages, NP_ARENA_PAGES);
        page = np_pages_next_span(arena, page, end);
        if (page >= end) {
            i++;
            page = 0;
            budget -= np_bits_min(budget, 8);
            continue;
        }
        span = arena->page_span[page];
        /* from its base: since the last step a new span may have come to lie across the place */
        page = ((size_t)(span->base - (char *)arena) >> NP_PAGE_SHIFT) + span->npages;
        budget -= np_bits_min(budget, np_bits_min(span->npages, 64));
        if (span->sweep_epoch == priv->epoch) continue;
        if (!sweep_span(heap, span) && (i >= pages->count || pages->arenas[i].arena != arena))
            page = 0; /* a dedicated arena is gone, and i is the next */
    }
    priv->sweep_arena = i < pages->count ? pages->arenas[i].arena : NULL;
    priv->sweep_page = page;
    return priv->unswept == 0;
}

/* ---- runs ---- */

/* Returns the unused rest of a class's run; the next run begins where it did. */
static void return_rest(NpHeap *heap, NpAllocCache *cache, NpSpan *span) {
    size_t bytes = np_cache_rest(cache);
    if (NP_UNLIKELY(heap->notes != NULL)) np_notes_returns(heap, cache, (NpSpanKind)span->kind, span->size_class);
    if (bytes > 0) {
        NpArena *arena = np_arena_of(span->base);
        size_t from = np_granule_of(cache->cur), end = from + (bytes >> NP_GRANULE_SHIFT);
        np_bits_clear_range(arena->alloc, from, end);
        np_bits_clear_range(arena->mark, from, end);
        span->alloc_slots -= (uint32_t)(bytes / span->slot_bytes);
        if (span->cursor > from - np_span_first_granule(span))
            span->cursor = (uint32_t)(from - np_span_first_granule(span));
        charge(heap, (size_t)0 - bytes);
        heap->debt -= (int64_t)bytes;
    }
    *cache = (NpAllocCache){0};
}

void np_heap_return_rests(NpHeap *heap) {
    NpGroupLists *lists = heap->group->lists;
    int kind, cls;
    NP_EACH_LIST(lists, kind, cls)
        if (heap->cache[kind][cls].cur) return_rest(heap, &heap->cache[kind][cls], lists->of[kind][cls].current);
}

/* Claims the next run of the span for the cache; false when the span has no free slot behind its
 * cursor (*full), or its holes cannot be filled. */
static bool claim_run(NpHeap *heap, NpSpan *span, NpAllocCache *cache, bool *full) {
    NpArena *arena = np_arena_of(span->base);
    unsigned stride = span->slot_bytes >> NP_GRANULE_SHIFT;
    uint64_t pattern = np_class_pattern[span->size_class];
    size_t base = np_span_first_granule(span), end = np_span_end_granule(span);
    size_t from = np_span_next_free(arena->alloc, base + span->cursor, end, stride, pattern), to, bytes;
    *full = from >= end;
    if (from >= end) return false;
    to = NP_UNLIKELY(heap->priv->single) ? from + stride : np_bits_next_set(arena->alloc, from, end);
    if (NP_UNLIKELY(span->group != 0)) to = from + np_heap_group_run(heap->group, (to - from) / stride, span->slot_bytes) * stride;
    if (NP_UNLIKELY(span->holes > 0) && !np_release_fill_holes(heap, span, from, to)) return false;
    np_span_set_slots(arena->alloc, from, to, stride, pattern);
    if (heap->marking) np_span_set_slots(arena->mark, from, to, stride, pattern);
    bytes = (to - from) << NP_GRANULE_SHIFT;
    span->cursor = (uint32_t)(to - base);
    span->alloc_slots += (uint32_t)(bytes / span->slot_bytes);
    charge_and_owe(heap, bytes);
    cache->start = cache->cur = (char *)arena + (from << NP_GRANULE_SHIFT);
    cache->limit = cache->cur + bytes;
    cache->end = NP_UNLIKELY(heap->notes != NULL) ? cache->cur : cache->limit;
    if (NP_UNLIKELY(heap->priv->clobber)) fill(cache->cur, bytes, NP_FILL_FRESH);
    return true;
}

/* Makes a span with free slots the class's current one: a partial one, one that sweeping makes so,
 * a sparse one unless those are to be emptied, or a new one. */
static NpSpan *next_span(NpHeap *heap, NpClassLists *lists, unsigned cls, NpSpanKind kind) {
    NpHeapPriv *priv = heap->priv;
    NpSpan *span;
    for (int swept = 0; !lists->list[NP_SPAN_PARTIAL].first && swept < SWEEP_FOR_RUN; swept++) {
        if (!lists->list[NP_SPAN_UNSWEPT].first) break;
        sweep_span(heap, lists->list[NP_SPAN_UNSWEPT].first);
    }
    span = lists->list[NP_SPAN_PARTIAL].first;
    if (!span && !priv->vacating) span = lists->list[NP_SPAN_SPARSE].first;
    if (span) unlist_span(priv, span);
    else span = new_span(heap, cls, kind, np_class_pages[cls]);
    if (!span) return NULL;
    span->state = NP_SPAN_CURRENT;
    lists->current = span;
    return span;
}

/* Gives the cache a new run; false when there is no memory. */
static bool refill(NpHeap *heap, NpAllocCache *cache, unsigned cls, NpSpanKind kind) {
    NpHeapPriv *priv = heap->priv;
    NpClassLists *lists = &heap->group->lists->of[kind][cls];
    NpSpan *span = lists->current;
    bool full = false;
    for (;;) {
        if (span) {
            if (claim_run(heap, span, cache, &full)) return true;
            lists->current = NULL;
            list_span(priv, span, full ? NP_SPAN_FULL : NP_SPAN_PARTIAL);
            *cache = (NpAllocCache){0};
            if (!full) return false;
        }
        span = next_span(heap, lists, cls, kind);
        if (!span) return false;
    }
}

/* When memory is short: finds some of what is dead, or gives back some of what is free, as room for `npages`. To be called
 * until the request succeeds; false: nothing is left to be gained. */
static bool make_room(NpHeap *heap, size_t npages) {
    NpHeapPriv *priv = heap->priv;
    if (priv->vacating) {
        priv->vacating = false;
        return true;
    }
    if (priv->unswept > 0) {
        np_heap_sweep_step(heap, ROOM_PAGES);
        return true;
    }
    return np_heap_release(heap, npages + ROOM_PAGES, 0) > 0 || np_heap_release(heap, SIZE_MAX, 0) > 0;
}

static void *alloc_large(NpHeap *heap, size_t size, NpSpanKind kind) {
    NpHeapPriv *priv = heap->priv;
    size_t npages = (size + NP_PAGE_BYTES - 1) >> NP_PAGE_SHIFT, bytes = npages << NP_PAGE_SHIFT;
    size_t granule;
    NpSpan *span;
    if (size > SIZE_MAX / 2 || npages > UINT32_MAX) return NULL;
    /* Dead large objects are dear: they are looked for before the heap grows. */
    for (int i = 0; i < SWEEP_FOR_LARGE && priv->unswept > 0; i++) {
        NpSpan *first = heap->group->lists->of[kind][0].list[NP_SPAN_UNSWEPT].first;
        if (!first) break;
        sweep_span(heap, first);
    }
    span = new_span(heap, 0, kind, npages);
    while (!span && make_room(heap, npages)) span = new_span(heap, 0, kind, npages);
    if (!span) return NULL;
    granule = np_granule_of(span->base);
    np_bits_set(np_arena_of(span->base)->alloc, granule);
    if (heap->marking) np_bits_set(np_arena_of(span->base)->mark, granule);
    span->alloc_slots = 1;
    list_span(priv, span, NP_SPAN_FULL);
    charge_and_owe(heap, bytes);
    if (NP_UNLIKELY(priv->clobber)) fill(span->base, bytes, NP_FILL_FRESH);
    NP_UNPOISON(span->base, size);
    return span->base;
}

bool np_heap_extend_buf(NpHeap *heap, void *buf, size_t old_size, size_t new_size) {
    if (old_size <= NP_SMALL_MAX || new_size > SIZE_MAX / 2) return false;
    NpSpan *span = np_span_of(buf);
    size_t npages = (new_size + NP_PAGE_BYTES - 1) >> NP_PAGE_SHIFT;
    if (npages > UINT32_MAX) return false;
    if (npages > span->npages) {
        size_t more = npages - span->npages, bytes = more << NP_PAGE_SHIFT;
        if (span->group != heap->group->id || (span->group != 0 && !np_heap_group_fits(heap->group, bytes))) return false;
        if (!np_pages_extend(&heap->priv->pages, span, more)) return false;
        heap->priv->span_pages += more;
        charge_and_owe(heap, bytes);
        if (NP_UNLIKELY(heap->notes != NULL)) np_notes_extended(heap, span, np_span_slot_bytes(span) - bytes);
    }
    NP_UNPOISON(buf, new_size);
    return true;
}

void np_heap_reserve(NpHeap *heap, size_t bytes) {
    int64_t debt = heap->debt;
    bool starved = heap->starved;
    unsigned group;
    if (heap->reserve) return;
    group = np_heap_group_switch(heap, 0);
    heap->reserve = alloc_large(heap, bytes, NP_SPAN_BUF);
    if (heap->reserve) {
        heap->reserve_bytes = NP_ALIGN_UP(bytes, NP_PAGE_BYTES);
        charge(heap, (size_t)0 - heap->reserve_bytes);
    }
    np_heap_group_switch(heap, group);
    heap->debt = debt;
    heap->starved = starved;
}

void np_heap_open_reserve(NpHeap *heap) {
    void *reserve = heap->reserve;
    unsigned group;
    if (!reserve) return;
    group = np_heap_group_switch(heap, 0);
    charge_and_owe(heap, heap->reserve_bytes);
    np_heap_group_switch(heap, group);
    heap->reserve = NULL;
    np_heap_free_buf(heap, reserve, heap->reserve_bytes);
    heap->reserve_bytes = 0;
}

/* A refusal makes the next safe point collect. */
static NP_COLD void *starve(NpHeap *heap, NpHeapGroup *refused_by) {
    heap->refused_by = refused_by;
    heap->starved = true;
    if (heap->debt <= 0) heap->debt = 1;
    return NULL;
}

void *np_heap_alloc_slow(NpHeap *heap, size_t size, NpSpanKind kind) {
    NpHeapPriv *priv = heap->priv;
    NpAllocCache *cache;
    unsigned cls;
    char *p;
    CHECK1("H0", size > 0);
    if (NP_UNLIKELY(priv->refuse_every > 0)) {
        priv->refused = !priv->refused && ++priv->slots_asked % priv->refuse_every == 0; /* the second try is granted */
        if (priv->refused) return starve(heap, NULL);
    }
    if (NP_UNLIKELY(priv->fail_slot > 0) && (++priv->slots_asked == priv->fail_slot || priv->slots_asked == priv->fail_slot + 1))
        return starve(heap, NULL);
    if (NP_UNLIKELY(heap->group->id != 0) && !np_heap_group_admits(heap, np_heap_round(size)))
        return starve(heap, heap->group);
    if (size > NP_SMALL_MAX) {
        p = alloc_large(heap, size, kind);
        if (NP_UNLIKELY(heap->notes != NULL) && p) np_notes_took(heap, NULL, p);
        return p ? p : starve(heap, NULL);
    }
    cls = np_class_of_16[(size + 15) >> 4];
    cache = &heap->cache[kind][cls];
    while (cache->cur == cache->limit && !refill(heap, cache, cls, kind))
        if (!make_room(heap, np_class_pages[cls])) return starve(heap, NULL);
    p = cache->cur;
    cache->cur = p + np_class_bytes[cls];
    if (NP_UNLIKELY(heap->notes != NULL)) np_notes_took(heap, cache, p);
    NP_UNPOISON(p, size);
    return p;
}

void *np_heap_move_buf(NpHeap *heap, void *buf, size_t size) {
    unsigned cls = np_class_of_16[(size + 15) >> 4];
    NpAllocCache *cache = &heap->cache[NP_SPAN_BUF][cls];
    size_t bytes = np_class_bytes[cls];
    char *p;
    np_heap_group_switch(heap, np_heap_group_of(buf)); /* np_heap_vacate_walk switches back */
    if (cache->cur == cache->limit && !refill(heap, cache, cls, NP_SPAN_BUF)) return NULL;
    p = cache->cur;
    cache->cur = p + bytes;
    if (NP_UNLIKELY(heap->notes != NULL)) np_notes_moved(heap, cache, buf, p);
    NP_UNPOISON(p, size);
    memcpy(p, buf, size);
    np_heap_free_buf(heap, buf, size);
    return p;
}

/* A table that grows leaves a trail of buffers that only together would fit the next one. What they
 * were goes back to the system when enough else is free. After a very long one so does the rest of the
 * trail: that is little work beside having filled the new one. */
static void release_freed(NpHeap *heap, char *base, size_t npages) {
    NpPages *pages = &heap->priv->pages;
    size_t bytes = npages << NP_PAGE_SHIFT, all = SIZE_MAX;
    if (np_dbg_on(norelease) || !np_os_unused_releases()) return;
    if (bytes >= RELEASE_TRAIL_BYTES) np_pages_release(pages, bytes / 256, &all);
    else if (np_pages_free_ready(pages) > KEEP_FREED_BYTES + heap->in_use / 16)
        np_pages_release_run(pages, base, npages);
}

static void free_buf(NpHeap *heap, void *buf, size_t size, bool later) {
    NpHeapPriv *priv = heap->priv;
    NpArena *arena;
    NpSpan *span;
    NpSpanState state;
    size_t bytes, granule;
    if (!buf) return;
    if (NP_LIKELY(size <= NP_SMALL_MAX)) {
        NpAllocCache *cache = &heap->cache[NP_SPAN_BUF][np_class_of_16[(size + 15) >> 4]];
        bytes = np_class_bytes[np_class_of_16[(size + 15) >> 4]];
        if ((char *)buf + bytes == cache->cur && (char *)buf >= cache->start && !priv->single) {
            if (NP_UNLIKELY(priv->clobber)) fill(buf, bytes, NP_FILL_FREED);
            NP_POISON(buf, bytes);
            cache->cur = buf;
            if (NP_UNLIKELY(heap->notes != NULL)) {
                cache->end -= bytes;
                np_notes_freed(heap, np_span_of(buf), buf);
            }
            return;
        }
    }
    arena = np_arena_of(buf);
    span = np_span_of(buf);
    granule = np_granule_of(buf);
    bytes = np_span_slot_bytes(span);
    CHECK1("H1", span->kind == NP_SPAN_BUF && np_bits_test(arena->alloc, granule) && size <= bytes);
    if (NP_UNLIKELY(priv->clobber)) fill(buf, bytes, NP_FILL_FREED);
    NP_POISON(buf, bytes);
    if (NP_UNLIKELY(span->notes != NULL)) np_notes_freed(heap, span, buf);
    np_bits_clear(arena->alloc, granule);
    np_bits_clear(arena->mark, granule);
    span->alloc_slots--;
    count_freed(heap, span, bytes);
    heap->debt -= (int64_t)bytes;
    state = np_span_state(priv, span);
    if (state == NP_SPAN_SPARSE) priv->sparse_used -= bytes;
    if (state == NP_SPAN_UNSWEPT && span->alloc_slots > 0) return; /* the sweep lists it anew */
    if (span->cursor > granule - np_span_first_granule(span))
        span->cursor = (uint32_t)(granule - np_span_first_granule(span));
    if (state == NP_SPAN_CURRENT) return;
    if (span->alloc_slots == 0) {
        size_t npages = span->npages;
        char *base = span->base;
        unlist_span(priv, span);
        drop_span(heap, span, later);
        if (!later && npages >= RELEASE_FREED_PAGES && npages < NP_ARENA_PAGES - 256) release_freed(heap, base, npages);
    } else if (state == NP_SPAN_FULL) {
        unlist_span(priv, span);
        span->state = NP_SPAN_PARTIAL;
        np_list_push_first(&np_lists_of(priv, span)->list[NP_SPAN_PARTIAL], span);
    }
}

void np_heap_free_buf(NpHeap *heap, void *buf, size_t size) { free_buf(heap, buf, size, false); }
void np_heap_leave_buf(NpHeap *heap, void *buf, size_t size) { free_buf(heap, buf, size, true); }

bool np_heap_cut_buf(NpHeap *heap, void *buf, size_t old_size, size_t new_size) {
    NpSpan *span;
    size_t keep, bytes;
    if (old_size <= NP_SMALL_MAX || new_size <= NP_SMALL_MAX) return false;
    span = np_span_of(buf);
    keep = (new_size + NP_PAGE_BYTES - 1) >> NP_PAGE_SHIFT;
    if (keep >= span->npages) return false;
    bytes = (span->npages - keep) << NP_PAGE_SHIFT;
    if (!np_pages_cut(&heap->priv->pages, span, keep)) return false;
    heap->priv->span_pages -= bytes >> NP_PAGE_SHIFT;
    count_freed(heap, span, bytes);
    if (NP_UNLIKELY(heap->notes != NULL)) np_notes_cut(heap, span, np_span_slot_bytes(span) + bytes);
    heap->debt -= (int64_t)bytes;
    return true;
}

/* ---- the collector's side ---- */

void np_heap_mark_begin(NpHeap *heap) {
    CHECK1("H2", heap->priv->unswept == 0 && !heap->marking);
    np_heap_return_rests(heap);
    heap->marking = true;
    heap->priv->vacating = false;
}

void np_heap_mark_cancel(NpHeap *heap) {
    NpPages *pages = &heap->priv->pages;
    np_heap_return_rests(heap);
    heap->marking = false;
    for (uint32_t i = 0; i < pages->count; i++) {
        NpArena *arena = pages->arenas[i].arena;
        size_t group_words = sizeof arena->mark / sizeof *arena->mark / (NP_ARENA_PAGES / 64);
        for (size_t group = 0; group < NP_ARENA_PAGES / 64; group++)
            if (np_bits_test(arena->mark_ready, group))
                memset(arena->mark + group * group_words, 0, group_words * sizeof *arena->mark);
    }
}

/* All spans of a group are unswept. */
static void unsweep(NpHeapPriv *priv, NpGroupLists *all) {
    int kind, cls;
    NP_EACH_LIST(all, kind, cls) {
        NpClassLists *lists = &all->of[kind][cls];
        NpSpanList *unswept = &lists->list[NP_SPAN_UNSWEPT];
        if (lists->current) {
            list_span(priv, lists->current, NP_SPAN_PARTIAL);
            lists->current = NULL;
        }
        np_list_append(unswept, &lists->list[NP_SPAN_PARTIAL]);
        np_list_append(unswept, &lists->list[NP_SPAN_SPARSE]);
        np_list_append(unswept, &lists->list[NP_SPAN_FULL]);
    }
}

void np_heap_mark_end(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    np_heap_return_rests(heap);
    heap->marking = false;
    if (NP_UNLIKELY(heap->notes != NULL)) np_notes_marked(heap);
    for (unsigned id = 0; id < priv->group_end; id++)
        if (priv->groups[id]) unsweep(priv, priv->groups[id]->lists);
    priv->sparse_ready = priv->sparse_used = 0;
    priv->unswept = priv->span_count;
    priv->epoch++;
    priv->sweep_arena = NULL;
    priv->sweep_page = 0;
    priv->hole_arena = NULL;
    priv->holes_searched = false;
}
