/* notes.h: tells of allocations, all of them or a sample, and remembers a note for each slot told of (notes.c).
 *
 * Owns: where runs are cut short so that the quick path of np_heap_alloc ends there, and the notes beside the spans.
 * Does not: know who allocates or what a note means (runtime/inspect/sites.c); collect.
 *
 * Nothing is watched by default, and nothing of this is in the quick path: a watched heap hands out runs that end
 * (NpAllocCache.end) before the slot to be told of, though they go on to `limit`. While every allocation is told,
 * every run ends where it begins.
 *
 * Samples. Bytes are sampled as by a Poisson process, one in `rate` on average, in each class of each kind by
 * itself, which together is the same. A slot of `bytes` bytes is a sample with probability 1 - exp(-bytes / rate),
 * and stands for the inverse of that (np_notes_weight).
 *
 * Notes. A number for each slot of a span, 0: none; made for a span when a slot of it gets the first one. It goes with
 * a buffer that is moved, and stays with one that is cut. A buffer made longer in place counts as freed and allocated anew.
 */
#ifndef NP_GC_NOTES_H
#define NP_GC_NOTES_H

#include "runtime/gc/heap.h"

typedef struct NpNoteTaker {
    /* [-] A slot of `bytes` bytes has been handed out; its note. It is undefined what the slot holds. Neither allocates
     * from the heap nor throws. */
    uint32_t (*taken)(void *ctx, size_t bytes, bool sampled);
    /* [-] The slot with this note is free. */
    void (*gone)(void *ctx, uint32_t note, size_t bytes);
    /* [-] The end of the slot with this note has been given back. */
    void (*cut)(void *ctx, uint32_t note, size_t old_bytes, size_t new_bytes);
    /* [-] A mark phase has ended: what was unreachable when it began may be overwritten from now on. */
    void (*marked)(void *ctx);
    void *ctx;
} NpNoteTaker;

/* [-] Watches from now on: every allocation, or one in `rate` bytes (0: no samples), or both. Called again, changes what is
 * watched. false: no memory, nothing has changed. With neither, slots that have a note are still followed. */
bool np_notes_open(NpHeap *heap, const NpNoteTaker *taker, bool every, size_t rate);
/* [-] Ends it; all notes are forgotten, without `gone`. Nothing when the heap is not watched. */
void np_notes_close(NpHeap *heap);
/* [-] The note of a slot, 0 when it has none. */
uint32_t np_notes_at(const NpHeap *heap, const void *slot);
/* [-] Calls visit for every note; what it returns becomes the note. */
void np_notes_each(NpHeap *heap, uint32_t (*visit)(void *ctx, uint32_t note), void *ctx);
/* [-] How many slots of `bytes` bytes a sampled one stands for. */
double np_notes_weight(size_t bytes, size_t rate);
/* [-] Bytes that the notes take. */
size_t np_notes_bytes(const NpHeap *heap);

/* ---- for heap.c, of a watched heap ---- */
/* A slot has been taken by the slow path: from the class's run, or a large one (NULL). */
void np_notes_took(NpHeap *heap, NpAllocCache *cache, void *slot);
/* A run is about to lose its unused rest. */
void np_notes_returns(NpHeap *heap, const NpAllocCache *cache, NpSpanKind kind, unsigned cls);
/* A slot was freed by hand. */
void np_notes_freed(NpHeap *heap, NpSpan *span, void *slot);
/* A large buffer has been made longer where it is. */
void np_notes_extended(NpHeap *heap, NpSpan *span, size_t old_bytes);
/* The end of a large buffer has been given back. */
void np_notes_cut(NpHeap *heap, const NpSpan *span, size_t old_bytes);
/* The span is about to be swept: slots that are not marked lose their notes. */
void np_notes_sweeps(NpHeap *heap, NpSpan *span);
/* The span is gone, and has no note. */
void np_notes_drop(NpHeap *heap, NpSpan *span);
/* A buffer has been moved: its note too. The slot `to` was taken without being told of. */
void np_notes_moved(NpHeap *heap, NpAllocCache *cache, const void *from, void *to);
/* Every mark phase. */
void np_notes_marked(NpHeap *heap);

#endif
