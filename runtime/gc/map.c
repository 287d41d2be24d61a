/* map.c: what the pages of the heap are, arena by arena, for people to look at.
 *
 * Owns: the reduction of an arena's bits to one byte a cell.
 * Does not: change anything, nor allocate: it may be called amid a collection. */
#include "runtime/gc/map.h"

#include "runtime/gc/heap_priv.h"
#include "runtime/gc/pagealloc.h"
#include "runtime/gc/span.h"

#define PAGE_UNITS (NP_PAGE_BYTES / NP_UNIT_BYTES)
#define UNIT_GRANULES (NP_UNIT_BYTES / NP_GRANULE)

static size_t windows_of(const NpArenaInfo *info) { return NP_ALIGN_UP(info->arena->bytes, NP_ARENA_BYTES) / NP_ARENA_BYTES; }

size_t np_map_windows(const NpHeap *heap) {
    const NpPages *pages = &heap->priv->pages;
    size_t count = 0;
    for (uint32_t i = 0; i < pages->count; i++) count += windows_of(&pages->arenas[i]);
    return count;
}

/* Bytes of a cell by what they are. */
typedef struct Share {
    size_t released, free, used, occupied;
} Share;

/* A slot counts where it begins; what reaches over a cell's end makes that cell no more than full. */
static size_t occupied(const NpArena *arena, const NpSpan *span, size_t unit) {
    size_t from = unit * UNIT_GRANULES;
    if (span->size_class == 0) return NP_UNIT_BYTES;
    return np_bits_count_range(arena->alloc, from, from + UNIT_GRANULES) * span->slot_bytes;
}

static void add_unit(const NpArena *arena, size_t unit, Share *share) {
    size_t page = unit / PAGE_UNITS;
    const NpSpan *span = arena->page_span[page];
    if (page >= arena->mapped_pages || np_bits_test(arena->released_bits, unit)) {
        share->released += NP_UNIT_BYTES;
    } else if (span) {
        share->used += NP_UNIT_BYTES;
        share->occupied += occupied(arena, span, unit);
    } else if (page < arena->first_page) { /* the arena's own tables */
        share->used += NP_UNIT_BYTES;
        share->occupied += NP_UNIT_BYTES;
    } else {
        share->free += NP_UNIT_BYTES;
    }
}

static uint8_t cell_of(const Share *share) {
    size_t eighths;
    if (share->used < share->released || share->used < share->free)
        return share->released >= share->free ? NP_CELL_RELEASED : NP_CELL_FREE;
    eighths = share->occupied * 8 / share->used;
    return (uint8_t)(NP_CELL_USED + (eighths < 8 ? eighths : 7));
}

NpMapWindow np_map_window(NpHeap *heap, size_t window, size_t cell_bytes, uint8_t *cells) {
    const NpPages *pages = &heap->priv->pages;
    const NpArenaInfo *info = pages->arenas;
    NpMapWindow out;
    for (; window >= windows_of(info); info++) window -= windows_of(info);
    out.base = (char *)info->arena + window * NP_ARENA_BYTES;
    out.bytes = np_bits_min(info->arena->bytes - window * NP_ARENA_BYTES, NP_ARENA_BYTES);
    out.ready = info->dedicated ? np_bits_min(out.bytes, info->ready) : info->ready;
    out.huge = info->huge;
    for (size_t at = 0; at < out.bytes; at += cell_bytes) {
        Share share = {0};
        size_t end = np_bits_min(at + cell_bytes, out.bytes) / NP_UNIT_BYTES;
        if (info->retired) share.free = cell_bytes;
        else if (info->dedicated) share.used = share.occupied = cell_bytes;
        else
            for (size_t unit = at / NP_UNIT_BYTES; unit < end; unit++) add_unit(info->arena, unit, &share);
        cells[at / cell_bytes] = cell_of(&share);
    }
    return out;
}
