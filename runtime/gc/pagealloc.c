/* pagealloc.c: see pagealloc.h.
 *
 * Search. Each arena has an upper bound of its longest free run and a lower bound of its first free
 * page; a search that fails makes the first exact, a free raises it by no more than the run it made.
 * So a search walks the bits of the arena that can answer it and of few others.
 *
 * Growth. New pages are mapped at least 1 MiB at a time, an eighth of the heap when that is more,
 * 64 MiB at the most. What is mapped starts out released: mapping it costs no memory.
 *
 * Tables. An arena's head, up to the bitmaps, is Ready from the start; 64 pages (a group) share one
 * unit of each bitmap, which is readied when a page of the group is first taken and handed back with
 * the group's last unit. Only touched parts of either are ever resident.
 */
#include "runtime/gc/pagealloc.h"

#include "runtime/dbg.h"

#define UNITS_PER_PAGE (NP_PAGE_BYTES / NP_UNIT_BYTES)
#define HEAD_BYTES offsetof(NpArena, mark)
#define FIRST_PAGE ((uint32_t)((sizeof(NpArena) + NP_PAGE_BYTES - 1) / NP_PAGE_BYTES))
#define GROUP_PAGES 64
#define GROUP_BITMAP_BYTES (GROUP_PAGES * (NP_PAGE_BYTES / NP_GRANULE / 8))

enum {
    GROW_PAGES = (1 << 20) / NP_PAGE_BYTES,
    GROW_MOST_PAGES = (64 << 20) / NP_PAGE_BYTES,
    HUGE_FROM_PAGES = (64 << 20) / NP_PAGE_BYTES /* smaller heaps ask for no huge pages */
};

_Static_assert(FIRST_PAGE < 256, "an arena's tables take at most 2 MiB of it");
_Static_assert(HEAD_BYTES % NP_MEM_PAGE_MAX == 0, "tables can be readied apart");

static char *unit_address(const NpArena *arena, size_t unit) {
    return (char *)(uintptr_t)arena + unit * NP_UNIT_BYTES;
}
static char *page_address(const NpArena *arena, size_t page) {
    return (char *)(uintptr_t)arena + page * NP_PAGE_BYTES;
}

/* Released units in free pages, of the arena and of the whole, change by `delta`. */
static void count_free_released(NpPages *pages, NpArenaInfo *info, long delta) {
    info->free_released += (uint32_t)delta;
    pages->free_released += (size_t)delta;
}

/* ---- the table of arenas ---- */

void np_pages_init(NpPages *pages, NpHeap *heap, NpMem *mem) {
    size_t page = np_os_page_size();
    memset(pages, 0, sizeof *pages);
    pages->heap = heap;
    pages->mem = mem;
    pages->unit_pages = page > NP_PAGE_BYTES ? (unsigned)(page / NP_PAGE_BYTES) : 1;
    pages->huge_mode = np_os_huge_page_mode();
    if (np_dbg.hugepages != NP_DBG_UNSET) pages->huge_wish = np_dbg_on(hugepages) ? NP_HUGE_WISH_ON : NP_HUGE_WISH_OFF;
#if UINTPTR_MAX > 0xffffffffu
    /* Heaps of one process begin 1 TiB apart, where the address space is usually empty, so that
     * a reservation comes out aligned by itself and arenas of one heap follow each other. */
    static unsigned heaps;
    pages->next_hint = (void *)((uintptr_t)0xc0 << 32 |
                                (uintptr_t)(__atomic_fetch_add(&heaps, 1, __ATOMIC_RELAXED) & 63) << 40);
#endif
}

uint32_t np_pages_index(const NpPages *pages, const NpArena *arena) {
    uint32_t low = 0, high = pages->count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (pages->arenas[middle].arena <= arena) low = middle;
        else high = middle;
    }
    return low;
}

static bool grow_table(NpPages *pages) {
    uint32_t capacity = pages->capacity ? pages->capacity * 2 : 4096 / sizeof(NpArenaInfo);
    size_t bytes = NP_ALIGN_UP(capacity * sizeof(NpArenaInfo), np_os_page_size());
    void *v;
    if (sysAlloc(pages->mem, bytes, &v) != 0) return false;
    if (pages->arenas) {
        memcpy(v, pages->arenas, pages->count * sizeof(NpArenaInfo));
        np_mem_discard_ready(pages->mem, pages->arenas,
                             NP_ALIGN_UP(pages->capacity * sizeof(NpArenaInfo), np_os_page_size()));
    }
    pages->arenas = v;
    pages->capacity = capacity;
    return true;
}

static void insert_info(NpPages *pages, NpArenaInfo info) {
    uint32_t at = pages->count;
    while (at > 0 && pages->arenas[at - 1].arena > info.arena) at--;
    memmove(pages->arenas + at + 1, pages->arenas + at, (pages->count - at) * sizeof info);
    pages->arenas[at] = info;
    pages->count++;
    if (pages->lowest > at) pages->lowest = at;
}

/* Of word w: how many parts of the bitmaps are Ready. */
static size_t bitmap_parts_ready(const NpArena *arena, unsigned w) {
    return (size_t)__builtin_popcountll(arena->mark_ready[w]) + (size_t)__builtin_popcountll(arena->alloc_ready[w]);
}

/* Gives a whole arena back. */
static void drop_arena(NpPages *pages, uint32_t index) {
    NpArenaInfo info = pages->arenas[index];
    size_t bytes = info.arena->bytes;
    size_t mapped = (size_t)info.arena->mapped_pages * NP_PAGE_BYTES;
    size_t meta = HEAD_BYTES;
    for (unsigned i = 0; i < NP_ARENA_GROUP_WORDS; i++)
        meta += bitmap_parts_ready(info.arena, i) * GROUP_BITMAP_BYTES;
    pages->meta_ready -= meta;
    pages->mapped_pages -= info.arena->mapped_pages - info.arena->first_page;
    pages->free_pages -= info.free_pages;
    pages->free_released -= info.free_released;
    pages->retired_pages -= info.retired_pages;
    NP_UNPOISON(info.arena, mapped);
    np_mem_discard(pages->mem, info.arena, bytes, mapped, info.ready);
    pages->count--;
    memmove(pages->arenas + index, pages->arenas + index + 1, (pages->count - index) * sizeof info);
    pages->lowest = 0;
}

/* ---- readiness ---- */

/* The groups of 64 pages whose parts of a bitmap share a page of the system. */
static size_t groups_together(void) {
    return np_os_page_size() > GROUP_BITMAP_BYTES ? np_os_page_size() / GROUP_BITMAP_BYTES : 1;
}

static int ready_bitmap(NpPages *pages, NpArenaInfo *info, uint64_t *ready, uint64_t *bitmap, size_t first) {
    size_t together = groups_together(), bytes = together * GROUP_BITMAP_BYTES;
    char *part = (char *)bitmap + first * GROUP_BITMAP_BYTES;
    int error;
    if (NP_LIKELY(np_bits_test(ready, first))) return 0;
    error = sysUsed(pages->mem, part, bytes, bytes);
    if (error) return error;
    if (needZeroAfterSysUnused()) memset(part, 0, bytes);
    np_bits_set_range(ready, first, first + together);
    info->ready += bytes;
    pages->meta_ready += bytes;
    return 0;
}

/* What is refused stays as it is. */
static void release_bitmap(NpPages *pages, NpArenaInfo *info, uint64_t *ready, uint64_t *bitmap, size_t first) {
    size_t together = groups_together(), bytes = together * GROUP_BITMAP_BYTES;
    if (!np_bits_test(ready, first)) return;
    if (sysUnused(pages->mem, (char *)bitmap + first * GROUP_BITMAP_BYTES, bytes) != 0) return;
    np_bits_clear_range(ready, first, first + together);
    info->ready -= bytes;
    pages->meta_ready -= bytes;
    pages->released_total += bytes;
}

/* Makes the bitmaps Ready that describe pages [from, to). */
static int ready_meta(NpPages *pages, NpArenaInfo *info, size_t from, size_t to) {
    NpArena *arena = info->arena;
    for (size_t group = from / GROUP_PAGES; group * GROUP_PAGES < to; group++) {
        size_t first = NP_ALIGN_DOWN(group, groups_together());
        int error = ready_bitmap(pages, info, arena->mark_ready, arena->mark, first);
        if (!error) error = ready_bitmap(pages, info, arena->alloc_ready, arena->alloc, first);
        if (error) return error;
    }
    return 0;
}

/* Hands back the bitmaps of the groups that have neither a span nor a Ready unit left. */
static void release_meta(NpPages *pages, NpArenaInfo *info) {
    NpArena *arena = info->arena;
    size_t together = groups_together();
    for (size_t group = 0; group < NP_ARENA_PAGES / GROUP_PAGES; group += together) {
        size_t from = group * GROUP_PAGES, to = from + together * GROUP_PAGES;
        if (!np_bits_test(arena->mark_ready, group) && !np_bits_test(arena->alloc_ready, group)) continue;
        if (from < arena->first_page) from = arena->first_page;
        if (to > arena->mapped_pages) to = arena->mapped_pages;
        if (from < to && (np_bits_next_clear(arena->free_bits, from, to) != to ||
                          np_bits_next_clear(arena->released_bits, from * UNITS_PER_PAGE, to * UNITS_PER_PAGE) !=
                              to * UNITS_PER_PAGE))
            continue;
        release_bitmap(pages, info, arena->mark_ready, arena->mark, group);
        release_bitmap(pages, info, arena->alloc_ready, arena->alloc, group);
    }
}

int np_pages_ready_units(NpPages *pages, NpArenaInfo *info, size_t from, size_t count, size_t *changed) {
    NpArena *arena = info->arena;
    size_t released = np_bits_count_range(arena->released_bits, from, from + count);
    int error;
    *changed = released;
    if (released == 0) return 0;
    error = sysUsed(pages->mem, unit_address(arena, from), count * NP_UNIT_BYTES, released * NP_UNIT_BYTES);
    if (error) return error;
    np_bits_clear_range(arena->released_bits, from, from + count);
    info->released_units -= (uint32_t)released;
    info->ready += released * NP_UNIT_BYTES;
    return 0;
}

long np_pages_release_units(NpPages *pages, NpArenaInfo *info, size_t from, size_t count) {
    NpArena *arena = info->arena;
    size_t end = from + count, done = 0;
    if (info->huge) { /* khugepaged would fill the pages in again */
        sysNoHugePage(page_address(arena, arena->first_page),
                      (size_t)(arena->mapped_pages - arena->first_page) * NP_PAGE_BYTES);
        info->huge = false;
    }
    info->dense_cycles = 0;
    while (from < end) {
        size_t stop;
        from = np_bits_next_clear(arena->released_bits, from, end);
        if (from == end) break;
        stop = np_bits_next_set(arena->released_bits, from, end);
        if (sysUnused(pages->mem, unit_address(arena, from), (stop - from) * NP_UNIT_BYTES) != 0)
            return done ? (long)done : -1;
        np_bits_set_range(arena->released_bits, from, stop);
        done += stop - from;
        info->released_units += (uint32_t)(stop - from);
        info->ready -= (stop - from) * NP_UNIT_BYTES;
        pages->released_total += (stop - from) * NP_UNIT_BYTES;
        from = stop;
    }
    return (long)done;
}

size_t np_pages_free_ready(const NpPages *pages) {
    return pages->free_pages * NP_PAGE_BYTES - pages->free_released * NP_UNIT_BYTES;
}

/* ---- growth ---- */

/* Reserves an arena of `bytes` and makes its head usable. */
static NpArena *new_arena(NpPages *pages, size_t bytes, size_t map_pages) {
    void *v, *hint = pages->next_hint;
    NpArena *arena;
    if (pages->count > 0) {
        NpArena *last = pages->arenas[pages->count - 1].arena;
        hint = (char *)last + last->bytes;
    }
    if (sysReserveAligned(pages->mem, hint, bytes, NP_ARENA_BYTES, &v) != 0) return NULL;
    if (sysMap(pages->mem, v, map_pages * NP_PAGE_BYTES) != 0) {
        np_mem_discard(pages->mem, v, bytes, 0, 0);
        return NULL;
    }
    if (sysUsed(pages->mem, v, HEAD_BYTES, HEAD_BYTES) != 0) {
        np_mem_discard(pages->mem, v, bytes, map_pages * NP_PAGE_BYTES, 0);
        return NULL;
    }
    arena = v;
    arena->heap = pages->heap;
    arena->bytes = bytes;
    arena->first_page = FIRST_PAGE;
    arena->mapped_pages = (uint32_t)map_pages;
    pages->meta_ready += HEAD_BYTES;
    return arena;
}

static bool add_arena(NpPages *pages) {
    NpArena *arena;
    if (pages->count == pages->capacity && !grow_table(pages)) return false;
    arena = new_arena(pages, NP_ARENA_BYTES, FIRST_PAGE);
    if (!arena) return false;
    insert_info(pages, (NpArenaInfo){.arena = arena, .first_free = NP_ARENA_PAGES, .ready = HEAD_BYTES});
    return true;
}

/* Whether fresh memory is to come in huge pages: only when that was asked for outright. By default they are advised
 * for memory that is in use already: huge.c. */
static bool want_huge(const NpPages *pages) {
    return pages->huge_wish == NP_HUGE_WISH_ON && pages->huge_mode == NP_HUGE_MADVISE &&
           pages->mapped_pages >= HUGE_FROM_PAGES;
}

/* Maps `count` more pages at the end of what the arena has mapped. */
static bool map_more(NpPages *pages, NpArenaInfo *info, size_t count) {
    NpArena *arena = info->arena;
    size_t from = arena->mapped_pages, to = from + count;
    int error = sysMap(pages->mem, page_address(arena, from), count * NP_PAGE_BYTES);
    if (error) {
        info->tail_lost = error == NP_MEM_LOST;
        return false;
    }
    NP_POISON(page_address(arena, from), count * NP_PAGE_BYTES);
    if (pages->huge_mode == NP_HUGE_ALWAYS && pages->huge_wish == NP_HUGE_WISH_OFF)
        sysNoHugePage(page_address(arena, from), count * NP_PAGE_BYTES);
    else if (pages->huge_mode == NP_HUGE_ALWAYS) info->huge = true;
    else if (want_huge(pages) && sysHugePage(page_address(arena, from), count * NP_PAGE_BYTES) == 0)
        info->huge = true;
    arena->mapped_pages = (uint32_t)to;
    np_bits_set_range(arena->free_bits, from, to);
    np_bits_set_range(arena->released_bits, from * UNITS_PER_PAGE, to * UNITS_PER_PAGE);
    info->free_pages += (uint32_t)count;
    info->released_units += (uint32_t)(count * UNITS_PER_PAGE);
    if (info->first_free > from) info->first_free = (uint32_t)from;
    info->max_run = NP_ARENA_PAGES;
    pages->free_pages += count;
    count_free_released(pages, info, (long)(count * UNITS_PER_PAGE));
    pages->mapped_pages += count;
    return true;
}

/* Free pages at the very end of what is mapped. */
static size_t tail_pages(const NpArena *arena) {
    size_t page = arena->mapped_pages;
    while (page > arena->first_page && np_bits_test(arena->free_bits, page - 1)) page--;
    return arena->mapped_pages - page;
}

/* Makes a free run of `count` pages exist in some arena; its index, or -1. */
static long grow(NpPages *pages, size_t count) {
    size_t step = pages->mapped_pages / 8;
    if (step < GROW_PAGES) step = GROW_PAGES;
    if (step > GROW_MOST_PAGES) step = GROW_MOST_PAGES;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < pages->count; i++) {
            NpArenaInfo *info = &pages->arenas[i];
            size_t mapped = info->arena->mapped_pages, room = NP_ARENA_PAGES - mapped, need, more;
            if (info->dedicated || info->tail_lost || room == 0) continue;
            need = count - np_bits_min(count, tail_pages(info->arena));
            if (need > room) continue;
            if (np_mem_over_limit(pages->mem, need * NP_PAGE_BYTES)) return -1;
            /* up to a multiple of the least step, so that huge pages and bitmaps are not cut */
            more = NP_ALIGN_UP(mapped + (need > step ? need : step), GROW_PAGES) - mapped;
            if (map_more(pages, info, np_bits_min(more, room))) return (long)i;
            need = NP_ALIGN_UP(need, pages->unit_pages);
            if (!info->tail_lost && need < more && need <= room && map_more(pages, info, need)) return (long)i;
            if (!info->tail_lost) return -1;
        }
        if (round == 1 || !add_arena(pages)) break;
    }
    return -1;
}

/* ---- taking and giving runs ---- */

/* First fit in one arena; NP_ARENA_PAGES when there is none, and then max_run is exact. */
static size_t find_run(NpArenaInfo *info, size_t count) {
    NpArena *arena = info->arena;
    size_t page = info->first_free, mapped = arena->mapped_pages, longest = 0;
    page = np_bits_next_set(arena->free_bits, page, mapped);
    info->first_free = (uint32_t)page;
    while (page < mapped) {
        size_t end = np_bits_next_clear(arena->free_bits, page, np_bits_min(page + count, mapped));
        if (end - page >= count) return page;
        if (end - page > longest) longest = end - page;
        page = np_bits_next_set(arena->free_bits, end, mapped);
    }
    info->max_run = (uint32_t)longest;
    return NP_ARENA_PAGES;
}

/* Makes pages [page, page + count) of an arena the span's. */
static bool take(NpPages *pages, uint32_t index, size_t page, size_t count, NpSpan *span) {
    NpArenaInfo *info = &pages->arenas[index];
    NpArena *arena = info->arena;
    /* With system pages larger than ours, the neighbours in the same system page are free too
     * if it is released at all, and become Ready along. */
    size_t from = NP_ALIGN_DOWN(page, pages->unit_pages), to = NP_ALIGN_UP(page + count, pages->unit_pages);
    size_t changed = 0;
    if (ready_meta(pages, info, page, page + count) != 0) return false;
    if (np_pages_ready_units(pages, info, from * UNITS_PER_PAGE, (to - from) * UNITS_PER_PAGE, &changed) != 0)
        return false;
    count_free_released(pages, info, -(long)changed);
    np_bits_clear_range(arena->free_bits, page, page + count);
    info->free_pages -= (uint32_t)count;
    pages->free_pages -= count;
    if (info->first_free == page) info->first_free = (uint32_t)(page + count);
    for (size_t i = 0; i < count; i++) arena->page_span[page + i] = span;
    span->base = page_address(arena, page);
    span->npages = (uint32_t)count;
    return true;
}

/* An arena of its own for an object that no arena can hold: the reservation is as long as it
 * takes; only the bits of its first page are ever used. */
static bool alloc_dedicated(NpPages *pages, size_t count, NpSpan *span) {
    size_t all = FIRST_PAGE + count, bytes = NP_ALIGN_UP(all * NP_PAGE_BYTES, NP_ARENA_BYTES);
    NpArenaInfo info = {.dedicated = true, .first_free = NP_ARENA_PAGES};
    size_t data = count * NP_PAGE_BYTES;
    if (all > UINT32_MAX || bytes < data || np_mem_over_limit(pages->mem, data)) return false;
    if (pages->count == pages->capacity && !grow_table(pages)) return false;
    all = NP_ALIGN_UP(all, pages->unit_pages);
    info.arena = new_arena(pages, bytes, all);
    if (!info.arena) return false;
    data = (all - FIRST_PAGE) * NP_PAGE_BYTES;
    info.ready = HEAD_BYTES;
    pages->mapped_pages += all - FIRST_PAGE;
    if (want_huge(pages)) sysHugePage(page_address(info.arena, FIRST_PAGE), data);
    else if (pages->huge_mode == NP_HUGE_ALWAYS && pages->huge_wish == NP_HUGE_WISH_OFF)
        sysNoHugePage(page_address(info.arena, FIRST_PAGE), data);
    if (ready_meta(pages, &info, FIRST_PAGE, FIRST_PAGE + 1) != 0 ||
        sysUsed(pages->mem, page_address(info.arena, FIRST_PAGE), data, data) != 0) {
        insert_info(pages, info);
        drop_arena(pages, np_pages_index(pages, info.arena));
        return false;
    }
    info.ready += data;
    for (size_t i = 0; i < np_bits_min(count, NP_ARENA_PAGES - FIRST_PAGE); i++)
        info.arena->page_span[FIRST_PAGE + i] = span;
    span->base = page_address(info.arena, FIRST_PAGE);
    span->npages = (uint32_t)count;
    NP_POISON(span->base, data);
    insert_info(pages, info);
    return true;
}

bool np_pages_alloc(NpPages *pages, size_t count, NpSpan *span) {
    long grown;
    size_t page;
    if (count > NP_ARENA_PAGES - FIRST_PAGE) return alloc_dedicated(pages, count, span);
    for (uint32_t i = pages->lowest; i < pages->count; i++) {
        NpArenaInfo *info = &pages->arenas[i];
        if (info->free_pages == 0) {
            if (i == pages->lowest) pages->lowest = i + 1;
            continue;
        }
        if (info->free_pages < count || info->max_run < count) continue;
        page = find_run(info, count);
        if (page < NP_ARENA_PAGES) return take(pages, i, page, count, span);
    }
    grown = grow(pages, count);
    if (grown < 0) return false;
    if (pages->lowest > (size_t)grown) pages->lowest = (uint32_t)grown;
    page = find_run(&pages->arenas[grown], count);
    CHECK1("P2", page < NP_ARENA_PAGES);
    return take(pages, (uint32_t)grown, page, count, span);
}

bool np_pages_extend(NpPages *pages, NpSpan *span, size_t more) {
    NpArena *arena = np_arena_of(span->base);
    uint32_t index = np_pages_index(pages, arena);
    char *base = span->base;
    uint32_t had = span->npages;
    size_t end = ((size_t)(base - (char *)arena) >> NP_PAGE_SHIFT) + had;
    if (pages->arenas[index].dedicated || end + more > NP_ARENA_PAGES) return false;
    if (end + more > arena->mapped_pages) {
        /* Only the highest arena still grows, and it is where a growing object usually is. */
        if (index + 1 != pages->count || np_bits_next_clear(arena->free_bits, end, arena->mapped_pages) < arena->mapped_pages)
            return false;
        if (grow(pages, more) < 0) return false;
        index = np_pages_index(pages, arena);
    }
    if (end + more > arena->mapped_pages || np_bits_next_clear(arena->free_bits, end, end + more) < end + more) return false;
    bool taken = take(pages, index, end, more, span);
    span->base = base;
    span->npages = taken ? had + (uint32_t)more : had;
    return taken;
}

/* The length of the free run round [from, to), which is free. */
static size_t run_round(const NpArena *arena, size_t from, size_t to) {
    while (from > arena->first_page && np_bits_test(arena->free_bits, from - 1)) {
        if ((from & 63) == 0 && arena->free_bits[(from >> 6) - 1] == ~(uint64_t)0) from -= 64;
        else from--;
    }
    if (from < arena->first_page) from = arena->first_page;
    return np_bits_next_clear(arena->free_bits, to, arena->mapped_pages) - from;
}

/* NEAPDEBUG=quarantine: free pages stay nobody's for good, and whoever still touches them faults. They
 * count as mapped and as released units. False: they are to be freed as usual (the system has no room to
 * split another mapping, or its pages are larger than ours). */
static bool quarantine(NpPages *pages, NpArenaInfo *info, NpSpan *span, size_t page) {
    size_t first = page * UNITS_PER_PAGE, units = span->npages * UNITS_PER_PAGE, changed;
    size_t bytes = (size_t)span->npages * NP_PAGE_BYTES;
    if (info->dedicated) {
        bytes = ((size_t)info->arena->mapped_pages - FIRST_PAGE) * NP_PAGE_BYTES;
        if (sysFault(pages->mem, span->base, bytes) != 0) return false;
        info->ready -= bytes;
        return true;
    }
    if (pages->unit_pages > 1 || np_pages_ready_units(pages, info, first, units, &changed) != 0) return false;
    span->holes = 0;
    if (sysFault(pages->mem, span->base, bytes) != 0) return false;
    np_bits_set_range(info->arena->released_bits, first, first + units);
    info->released_units += (uint32_t)units;
    info->ready -= bytes;
    return true;
}

/* Pages [page, page + count), which are nobody's any more, can be had. */
static void free_run(NpPages *pages, uint32_t index, size_t page, size_t count) {
    NpArenaInfo *info = &pages->arenas[index];
    NpArena *arena = info->arena;
    size_t run;
    np_bits_set_range(arena->free_bits, page, page + count);
    info->free_pages += (uint32_t)count;
    pages->free_pages += count;
    pages->only_parts = false;
    if (page < info->first_free) info->first_free = (uint32_t)page;
    if (index < pages->lowest) pages->lowest = index;
    run = run_round(arena, page, page + count);
    if (run > info->max_run) info->max_run = (uint32_t)run;
}

void np_pages_free(NpPages *pages, NpSpan *span) {
    NpArena *arena = np_arena_of(span->base);
    uint32_t index = np_pages_index(pages, arena);
    NpArenaInfo *info = &pages->arenas[index];
    size_t page = (size_t)(span->base - (char *)arena) >> NP_PAGE_SHIFT, count = span->npages;
    CHECK1("P1", info->arena == arena && arena->page_span[page] == span);
    bool gone = np_dbg_on(quarantine) && quarantine(pages, info, span, page);
    if (info->dedicated && !gone) {
        drop_arena(pages, index);
        return;
    }
    NP_POISON(span->base, count * NP_PAGE_BYTES);
    for (size_t i = 0; i < np_bits_min(count, NP_ARENA_PAGES - page); i++) arena->page_span[page + i] = NULL;
    if (gone) return;
    count_free_released(pages, info, span->holes);
    free_run(pages, index, page, count);
}

void np_pages_retire(NpPages *pages, NpSpan *span) {
    NpArenaInfo *info = &pages->arenas[np_pages_index(pages, np_arena_of(span->base))];
    size_t count = span->npages;
    if (!info->dedicated || np_dbg_on(quarantine) || !np_os_unused_releases()) {
        np_pages_free(pages, span);
        return;
    }
    NP_POISON(span->base, count * NP_PAGE_BYTES);
    memset(info->arena->page_span + FIRST_PAGE, 0, np_bits_min(count, NP_ARENA_PAGES - FIRST_PAGE) * sizeof(NpSpan *));
    info->retired = true;
    info->retired_pages = info->arena->mapped_pages - FIRST_PAGE;
    pages->retired_pages += info->retired_pages;
}

bool np_pages_cut(NpPages *pages, NpSpan *span, size_t keep) {
    NpArena *arena = np_arena_of(span->base);
    uint32_t index = np_pages_index(pages, arena);
    size_t page = ((size_t)(span->base - (char *)arena) >> NP_PAGE_SHIFT) + keep, count = span->npages - keep;
    CHECK1("P1", keep > 0 && keep < span->npages && span->holes == 0);
    if (pages->arenas[index].dedicated || np_dbg_on(quarantine)) return false;
    NP_POISON(page_address(arena, page), count * NP_PAGE_BYTES);
    memset(arena->page_span + page, 0, count * sizeof(NpSpan *));
    span->npages = (uint32_t)keep;
    free_run(pages, index, page, count);
    return true;
}

/* ---- giving back ---- */

/* One pass over an arena from its end; the units handed back. Stops at *stop of them, a number of whole
 * system pages. */
static size_t release_arena(NpPages *pages, NpArenaInfo *info, size_t stop, bool *refused) {
    NpArena *arena = info->arena;
    size_t done = 0, low = arena->first_page, page = arena->mapped_pages;
    while (page > low && done < stop) {
        size_t end, from;
        long released;
        /* skip pages that are in use, then take the free run below; what it has of system pages that
         * are in use besides stays */
        if (!np_bits_test(arena->free_bits, page - 1)) {
            if ((page & 63) == 0 && arena->free_bits[(page >> 6) - 1] == 0 && page - 64 >= low) page -= 64;
            else page--;
            continue;
        }
        end = NP_ALIGN_DOWN(page, pages->unit_pages);
        while (page > low && np_bits_test(arena->free_bits, page - 1) &&
               (page > end || (end - page) * UNITS_PER_PAGE < stop - done))
            page--;
        from = NP_ALIGN_UP(page, pages->unit_pages);
        if (from >= end) continue;
        released = np_pages_release_units(pages, info, from * UNITS_PER_PAGE, (end - from) * UNITS_PER_PAGE);
        if (released < 0) {
            *refused = true;
            break;
        }
        count_free_released(pages, info, released);
        done += (size_t)released;
    }
    return done;
}

static bool is_free(const NpArenaInfo *info) {
    return !info->dedicated && info->free_pages > 0 &&
           info->free_pages == info->arena->mapped_pages - info->arena->first_page;
}

bool np_pages_has_spare(const NpPages *pages) {
    for (uint32_t i = 0; i < pages->count && pages->count > 1; i++)
        if (is_free(&pages->arenas[i])) return true;
    return false;
}

/* From their ends. What the system refuses goes at once, with the arena. */
static size_t release_retired(NpPages *pages, size_t *budget) {
    size_t total = 0;
    for (uint32_t i = pages->count; i > 0 && pages->retired_pages > 0 && *budget > 0;) {
        NpArenaInfo *info = &pages->arenas[--i];
        size_t count = NP_ALIGN_UP(np_bits_min(*budget, UINT32_MAX / 2), pages->unit_pages), from;
        if (!info->retired) continue;
        from = info->retired_pages > count ? info->retired_pages - count : 0;
        count = info->retired_pages - from;
        *budget -= np_bits_min(*budget, count);
        if (from > 0 && sysUnused(pages->mem, page_address(info->arena, FIRST_PAGE + from), count * NP_PAGE_BYTES) == 0) {
            info->retired_pages -= (uint32_t)count;
            info->ready -= count * NP_PAGE_BYTES;
            pages->retired_pages -= count;
        } else {
            count = info->retired_pages;
            drop_arena(pages, i);
        }
        pages->released_total += count * NP_PAGE_BYTES;
        total += count * NP_PAGE_BYTES;
    }
    return total;
}

size_t np_pages_release(NpPages *pages, size_t keep, size_t *budget) {
    size_t total = release_retired(pages, budget);
    uint32_t i = pages->count;
    bool refused = false, offer = np_os_unused_releases();
    if (pages->only_parts) return total;
    while (i > 0 && *budget > 0 && !refused) {
        NpArenaInfo *info = &pages->arenas[--i];
        size_t over, stop, done, ready = np_pages_free_ready(pages);
        if (ready <= keep) return total;
        if (info->dedicated || info->free_pages == 0) continue;
        if (offer && info->free_released < info->free_pages * UNITS_PER_PAGE) {
            over = (ready - keep + NP_UNIT_BYTES - 1) / NP_UNIT_BYTES;
            stop = np_bits_min(over, *budget > SIZE_MAX / UNITS_PER_PAGE ? SIZE_MAX : *budget * UNITS_PER_PAGE);
            stop = NP_ALIGN_UP(stop, pages->unit_pages * UNITS_PER_PAGE);
            done = release_arena(pages, info, stop, &refused);
            total += done * NP_UNIT_BYTES;
            *budget -= np_bits_min(*budget, (done + UNITS_PER_PAGE - 1) / UNITS_PER_PAGE);
            release_meta(pages, info);
        }
        if ((!offer || info->free_released == info->free_pages * UNITS_PER_PAGE) && pages->count > 1 && is_free(info)) {
            total += info->ready;
            drop_arena(pages, i);
        }
    }
    pages->only_parts = offer && i == 0 && *budget > 0 && !refused && np_pages_free_ready(pages) > keep;
    return total;
}

void np_pages_release_run(NpPages *pages, char *base, size_t count) {
    NpArenaInfo *info = &pages->arenas[np_pages_index(pages, np_arena_of(base))];
    size_t page = (size_t)(base - (char *)info->arena) >> NP_PAGE_SHIFT;
    size_t from = NP_ALIGN_UP(page, pages->unit_pages), to = NP_ALIGN_DOWN(page + count, pages->unit_pages);
    long released;
    if (from >= to) return;
    released = np_pages_release_units(pages, info, from * UNITS_PER_PAGE, (to - from) * UNITS_PER_PAGE);
    if (released > 0) count_free_released(pages, info, released);
}

void np_pages_close(NpPages *pages) {
    while (pages->count > 0) {
        drop_arena(pages, pages->count - 1);
    }
    if (pages->arenas)
        np_mem_discard_ready(pages->mem, pages->arenas, NP_ALIGN_UP(pages->capacity * sizeof(NpArenaInfo), np_os_page_size()));
    pages->arenas = NULL;
    pages->capacity = 0;
}

void np_pages_verify(const NpPages *pages) {
    size_t free_pages = 0, free_released = 0, mapped = 0, meta = 0, retired = 0, together = np_os_page_size() / NP_UNIT_BYTES;
    for (uint32_t i = 0; i < pages->count; i++) {
        const NpArenaInfo *info = &pages->arenas[i];
        const NpArena *arena = info->arena;
        size_t units = arena->mapped_pages * UNITS_PER_PAGE, released, run = 0, longest = 0, parts = 0;
        size_t arena_free_released = 0;
        if (i > 0 && pages->arenas[i - 1].arena >= arena) np_fatal("heap: P1: arenas out of order");
        for (unsigned w = 0; w < NP_ARENA_GROUP_WORDS; w++)
            parts += bitmap_parts_ready(arena, w);
        meta += HEAD_BYTES + parts * GROUP_BITMAP_BYTES;
        mapped += arena->mapped_pages - arena->first_page;
        retired += info->retired_pages;
        if (info->dedicated) continue;
        released = np_bits_count_range(arena->released_bits, 0, units);
        if (np_bits_count_range(arena->free_bits, 0, NP_ARENA_PAGES) != info->free_pages ||
            released != info->released_units)
            np_fatal("heap: P1: arena %p has %u free pages and %u released units by its counters", (const void *)arena,
                     info->free_pages, info->released_units);
        if (info->ready != HEAD_BYTES + parts * GROUP_BITMAP_BYTES +
                               (arena->mapped_pages - arena->first_page) * NP_PAGE_BYTES - released * NP_UNIT_BYTES)
            np_fatal("heap: P3: arena %p has %zu bytes ready by its counter", (const void *)arena, info->ready);
        for (size_t page = 0; page < NP_ARENA_PAGES; page++) {
            bool is_free = np_bits_test(arena->free_bits, page);
            run = is_free ? run + 1 : 0;
            if (run > longest) longest = run;
            if (!is_free) continue;
            if (page < info->first_free || i < pages->lowest)
                np_fatal("heap: P2: page %zu of %p is free below the search's start", page, (const void *)arena);
            if (arena->page_span[page]) np_fatal("heap: H6: free page %zu has a span", page);
            arena_free_released += np_bits_count_range(arena->released_bits, page * UNITS_PER_PAGE,
                                                       (page + 1) * UNITS_PER_PAGE);
        }
        for (size_t unit = 0; together > 1 && unit < units; unit += together) {
            size_t gone = np_bits_count_range(arena->released_bits, unit, unit + together);
            if (gone != 0 && gone != together)
                np_fatal("heap: P3: only a part of the system page at unit %zu of %p is released", unit, (const void *)arena);
        }
        if (arena_free_released != info->free_released)
            np_fatal("heap: P1: %u released units in free pages by the counter, %zu by the bits", info->free_released,
                     arena_free_released);
        free_released += arena_free_released;
        if (longest > info->max_run)
            np_fatal("heap: P2: a run of %zu free pages, but max_run is %u", longest, info->max_run);
        free_pages += info->free_pages;
    }
    if (free_pages != pages->free_pages || free_released != pages->free_released ||
        mapped != pages->mapped_pages || meta != pages->meta_ready || retired != pages->retired_pages)
        np_fatal("heap: P1: sums: %zu free pages, %zu released units, %zu mapped, %zu table bytes; counted "
                 "%zu %zu %zu %zu", pages->free_pages, pages->free_released, pages->mapped_pages,
                 pages->meta_ready, free_pages, free_released, mapped, meta);
}
