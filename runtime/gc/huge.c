/* huge.c: which arenas are to be backed by huge pages.
 *
 * Owns: the advice for memory that is in use already, and the wish.
 * Does not: take advice back when parts are released (pagealloc.c), split huge pages (mem_linux.c).
 *
 * A first touch of fresh memory with the advice in force costs a stop of about 5 ms for 2 MiB where the
 * system has to find and clear them (measured: the longest stop of tide/pause.lua 6 to 9 ms instead of
 * 0.8, and twice the system time); Go has come to the same conclusion three times over
 * (golang.org/issue/61718, 63334, 64332). So by default only what has been touched is advised: an arena
 * mapped to its end of which hardly a page is free and nothing released, after DENSE_CYCLES collections
 * in a row. The kernel's khugepaged then brings its pages together in the background. The first release
 * of a part of the arena takes the advice back, or khugepaged would fill the holes in again.
 */
#include "runtime/dbg.h"
#include "runtime/gc/heap_priv.h"

enum { DENSE_CYCLES = 2, FREE_SHARE = 16 /* of its pages: at most one in so many is free */ };

static bool is_dense(const NpArenaInfo *info) {
    return !info->dedicated && info->arena->mapped_pages == NP_ARENA_PAGES && info->released_units == 0 &&
           info->free_pages <= NP_ARENA_PAGES / FREE_SHARE;
}

static char *data_of(const NpArenaInfo *info, size_t *bytes) {
    size_t first = info->arena->first_page;
    *bytes = (info->arena->mapped_pages - first) * NP_PAGE_BYTES;
    return (char *)info->arena + first * NP_PAGE_BYTES;
}

void np_heap_advise_huge(NpHeap *heap) {
    NpPages *pages = &heap->priv->pages;
    if (pages->huge_mode != NP_HUGE_MADVISE || pages->huge_wish == NP_HUGE_WISH_OFF) return;
    for (uint32_t i = 0; i < pages->count; i++) {
        NpArenaInfo *info = &pages->arenas[i];
        size_t bytes;
        char *data;
        if (info->huge) continue;
        if (!is_dense(info)) {
            info->dense_cycles = 0;
            continue;
        }
        if (++info->dense_cycles < DENSE_CYCLES) continue;
        data = data_of(info, &bytes);
        if (sysHugePage(data, bytes) == 0) info->huge = true;
    }
}

void np_heap_set_huge(NpHeap *heap, NpHugeWish wish) {
    NpPages *pages = &heap->priv->pages;
    if (np_dbg.hugepages != NP_DBG_UNSET) return;
    pages->huge_wish = wish;
    if (wish != NP_HUGE_WISH_OFF) return;
    for (uint32_t i = 0; i < pages->count; i++) {
        NpArenaInfo *info = &pages->arenas[i];
        size_t bytes;
        char *data;
        if (!info->huge || info->arena->mapped_pages <= info->arena->first_page) continue;
        data = data_of(info, &bytes);
        sysNoHugePage(data, bytes);
        info->huge = false;
    }
}
