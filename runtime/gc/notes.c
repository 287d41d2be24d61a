/* notes.c: see notes.h.
 *
 * `left` of a class is how many bytes will be handed out, counted from the end of its run (NpAllocCache.end), before
 * the one that is a sample. While every allocation is told, the end is where the run is, and it works the same way.
 */
#include "runtime/gc/notes.h"

#include <math.h>

#include "runtime/gc/heap_priv.h"

/* Notes of a span take a power of two of bytes. */
enum { LEAST_SHIFT = 4, SIZES = 8 };

struct NpNotes {
    NpNoteTaker taker;
    bool every;
    size_t rate;
    uint64_t random; /* state of an xorshift generator */
    size_t left[NP_SPAN_KINDS][NP_MAX_CLASSES];
    NpFixAlloc notes[SIZES]; /* of 1 << (LEAST_SHIFT + i) bytes */
    size_t notes_bytes;
};

static size_t block_bytes(void) { return NP_ALIGN_UP(sizeof(struct NpNotes), np_os_page_size()); }

/* ---- samples ---- */

double np_notes_weight(size_t bytes, size_t rate) {
    if (rate <= 1 || bytes == 0) return 1;
    return 1 / -expm1(-(double)bytes / (double)rate);
}

static double fraction(struct NpNotes *all) { /* in (0, 1] */
    all->random ^= all->random << 13;
    all->random ^= all->random >> 7;
    all->random ^= all->random << 17;
    return (double)((all->random >> 11) + 1) / 9007199254740992.0;
}

/* Bytes up to the next sample. */
static size_t draw(struct NpNotes *all) {
    double bytes;
    if (all->rate == 0) return SIZE_MAX / 4;
    if (all->rate == 1) return 0;
    bytes = -log(fraction(all)) * (double)all->rate;
    return bytes < (double)(SIZE_MAX / 4) ? (size_t)bytes : SIZE_MAX / 4;
}

/* Sets the end of a run whose `cur` is where the last told slot ended. */
static void set_end(struct NpNotes *all, NpAllocCache *cache, size_t *left, size_t slot_bytes) {
    size_t room = (size_t)(cache->limit - cache->cur), quick;
    if (all->every) {
        cache->end = cache->cur;
        return;
    }
    quick = *left - *left % slot_bytes;
    if (quick > room) quick = room;
    cache->end = cache->cur + quick;
    *left -= quick;
}

/* Is the next slot of so many bytes a sample? Counts it. */
static bool is_sample(struct NpNotes *all, size_t *left, size_t bytes) {
    if (*left >= bytes) {
        *left -= bytes;
        return false;
    }
    *left = draw(all);
    return all->rate != 0;
}

void np_notes_returns(NpHeap *heap, const NpAllocCache *cache, NpSpanKind kind, unsigned cls) {
    if (cache->end > cache->cur) heap->notes->left[kind][cls] += (size_t)(cache->end - cache->cur);
}

/* ---- notes ---- */

static unsigned size_of_notes(const NpSpan *span) {
    unsigned shift = LEAST_SHIFT;
    while (((size_t)1 << shift) < span->nslots * sizeof(uint32_t)) shift++;
    CHECK1("H9", shift - LEAST_SHIFT < SIZES);
    return shift - LEAST_SHIFT;
}

static size_t index_of(const NpSpan *span, const void *slot) {
    return span->size_class ? (size_t)((const char *)slot - span->base) / span->slot_bytes : 0;
}

static void set_note(NpHeap *heap, NpSpan *span, const void *slot, uint32_t note) {
    struct NpNotes *all = heap->notes;
    if (!span->notes) {
        unsigned size = size_of_notes(span);
        if (note == 0) return;
        span->notes = np_fixalloc_alloc(&all->notes[size]);
        if (!span->notes) { /* as if it had not been told of */
            all->taker.gone(all->taker.ctx, note, np_span_slot_bytes(span));
            return;
        }
        memset(span->notes, 0, span->nslots * sizeof(uint32_t));
        all->notes_bytes += (size_t)1 << (size + LEAST_SHIFT);
    }
    span->notes[index_of(span, slot)] = note;
}

uint32_t np_notes_at(const NpHeap *heap, const void *slot) {
    const NpSpan *span = np_span_of(slot);
    (void)heap;
    return span->notes ? span->notes[index_of(span, slot)] : 0;
}

static void forget(NpHeap *heap, NpSpan *span, size_t index, size_t bytes) {
    struct NpNotes *all = heap->notes;
    uint32_t note = span->notes[index];
    if (note == 0) return;
    span->notes[index] = 0;
    all->taker.gone(all->taker.ctx, note, bytes);
}

void np_notes_drop(NpHeap *heap, NpSpan *span) {
    struct NpNotes *all = heap->notes;
    unsigned size;
    if (!span->notes) return;
    size = size_of_notes(span);
    np_fixalloc_free(&all->notes[size], span->notes);
    all->notes_bytes -= (size_t)1 << (size + LEAST_SHIFT);
    span->notes = NULL;
}

void np_notes_freed(NpHeap *heap, NpSpan *span, void *slot) {
    if (span->notes) forget(heap, span, index_of(span, slot), np_span_slot_bytes(span));
}

void np_notes_sweeps(NpHeap *heap, NpSpan *span) {
    const NpArena *arena = np_arena_of(span->base);
    size_t first = np_span_first_granule(span), stride = span->slot_bytes >> NP_GRANULE_SHIFT;
    if (!span->notes) return;
    for (size_t i = 0; i < span->nslots; i++)
        if (!np_bits_test(arena->mark, first + i * stride)) forget(heap, span, i, np_span_slot_bytes(span));
}

/* ---- what heap.c tells ---- */

void np_notes_took(NpHeap *heap, NpAllocCache *cache, void *slot) {
    struct NpNotes *all = heap->notes;
    NpSpan *span = np_span_of(slot);
    size_t bytes = np_span_slot_bytes(span), *left = &all->left[span->kind][span->size_class];
    bool sampled = is_sample(all, left, bytes);
    uint32_t note = 0;
    if (cache) set_end(all, cache, left, bytes);
    if (sampled || all->every) note = all->taker.taken(all->taker.ctx, bytes, sampled);
    set_note(heap, span, slot, note);
}

void np_notes_moved(NpHeap *heap, NpAllocCache *cache, const void *from, void *to) {
    struct NpNotes *all = heap->notes;
    NpSpan *old = np_span_of(from), *span = np_span_of(to);
    uint32_t note = np_notes_at(heap, from);
    if (cache->end < cache->cur) cache->end = cache->cur;
    else all->left[span->kind][span->size_class] += np_span_slot_bytes(span); /* no allocation of the program's */
    set_note(heap, span, to, note);
    if (note) old->notes[index_of(old, from)] = 0;
}

void np_notes_extended(NpHeap *heap, NpSpan *span, size_t old_bytes) {
    if (span->notes) forget(heap, span, 0, old_bytes);
    np_notes_took(heap, NULL, span->base);
}

void np_notes_cut(NpHeap *heap, const NpSpan *span, size_t old_bytes) {
    const struct NpNotes *all = heap->notes;
    if (span->notes && span->notes[0]) all->taker.cut(all->taker.ctx, span->notes[0], old_bytes, np_span_slot_bytes(span));
}

void np_notes_marked(NpHeap *heap) { heap->notes->taker.marked(heap->notes->taker.ctx); }

/* ---- life ---- */

/* Calls visit for every span. */
static void each_span(NpHeap *heap, void (*visit)(void *ctx, NpSpan *span), void *ctx) {
    NpPages *pages = &heap->priv->pages;
    for (uint32_t i = 0; i < pages->count; i++) {
        NpArena *arena = pages->arenas[i].arena;
        size_t end = np_bits_min(arena->mapped_pages, NP_ARENA_PAGES), page = arena->first_page;
        while ((page = np_pages_next_span(arena, page, end)) < end) {
            NpSpan *span = arena->page_span[page];
            page += span->npages;
            visit(ctx, span);
        }
    }
}

bool np_notes_open(NpHeap *heap, const NpNoteTaker *taker, bool every, size_t rate) {
    struct NpNotes *all = heap->notes;
    np_heap_return_rests(heap);
    if (!all) {
        void *memory;
        if (sysAlloc(&heap->mem, block_bytes(), &memory) != 0) return false;
        heap->notes = all = memory;
        all->random = UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)memory;
        for (unsigned i = 0; i < SIZES; i++) np_fixalloc_init(&all->notes[i], &heap->mem, (size_t)1 << (i + LEAST_SHIFT));
    }
    all->taker = *taker;
    all->every = every;
    all->rate = rate;
    for (int kind = 0; kind < NP_SPAN_KINDS; kind++)
        for (int cls = 0; cls < NP_MAX_CLASSES; cls++) all->left[kind][cls] = draw(all);
    return true;
}

static void forget_span(void *ctx, NpSpan *span) {
    (void)ctx;
    span->notes = NULL;
}

void np_notes_close(NpHeap *heap) {
    struct NpNotes *all = heap->notes;
    if (!all) return;
    np_heap_return_rests(heap);
    each_span(heap, forget_span, NULL);
    for (unsigned i = 0; i < SIZES; i++) np_fixalloc_close(&all->notes[i]);
    np_mem_discard_ready(&heap->mem, all, block_bytes());
    heap->notes = NULL;
}

typedef struct Each {
    uint32_t (*visit)(void *ctx, uint32_t note);
    void *ctx;
} Each;

static void visit_notes(void *ctx, NpSpan *span) {
    Each *each = ctx;
    for (size_t i = 0; span->notes && i < span->nslots; i++)
        if (span->notes[i]) span->notes[i] = each->visit(each->ctx, span->notes[i]);
}

void np_notes_each(NpHeap *heap, uint32_t (*visit)(void *ctx, uint32_t note), void *ctx) {
    Each each = {visit, ctx};
    each_span(heap, visit_notes, &each);
}

size_t np_notes_bytes(const NpHeap *heap) { return heap->notes ? heap->notes->notes_bytes + block_bytes() : 0; }
