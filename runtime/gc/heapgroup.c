/* heapgroup.c: whose memory it is.
 *
 * Owns: the records of groups, which of them runs, their limits.
 * Does not: allocate or sweep slots (heap.c charges and credits as it does), know what a group is to the program, or
 *       raise errors: a request that a limit forbids is refused like one for which there is no memory.
 *
 * A span is of one group for as long as it exists, so its slots need no mark of their own, and the sweep credits whom the
 * span says. Each group has its own lists of spans. NpHeap.cache holds the runs of the running group: changing it
 * returns their rests, so that a group that does not run has none and its in_use is exact (H8). Until there is a
 * second group all this costs a test where a run is claimed.
 *
 * What is charged is slots, that is requests rounded up to their class, not the pages of half-empty spans.
 */
#include "runtime/gc/heap_priv.h"

#define RUN_MOST ((size_t)2 << 10) /* of a run of a group: what it claims at once */
#define GROUPS_MOST 0xffffu        /* NpSpan.group */
#define BETWEEN_PRESSED(limit) ((limit) / 32)
#define OPEN_LEAST ((size_t)16 << 10)
#define OPEN_MOST ((size_t)256 << 10)

/* ---- records ---- */

void np_heap_groups_init(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    priv->group0.lists = &priv->lists0;
    priv->groups = priv->first_groups;
    priv->group_capacity = NP_GROUPS_FIRST;
    priv->groups[0] = heap->group = &priv->group0;
    priv->group_end = 1;
}

/* A record and its lists are one piece. */
static size_t record_bytes(void) {
    return NP_ALIGN_UP(sizeof(NpHeapGroup) + sizeof(NpGroupLists), np_os_page_size());
}

static void free_table(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    if (priv->groups != priv->first_groups)
        np_mem_discard_ready(&heap->mem, priv->groups, priv->group_capacity * sizeof *priv->groups);
}

void np_heap_groups_close(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    for (unsigned id = 1; id < priv->group_end; id++)
        if (priv->groups[id]) np_mem_discard_ready(&heap->mem, priv->groups[id], record_bytes());
    free_table(heap);
}

static bool more_ids(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    size_t bytes = NP_ALIGN_UP(priv->group_capacity * 2 * sizeof *priv->groups, np_os_page_size());
    void *fresh;
    if (priv->group_end > GROUPS_MOST || sysAlloc(&heap->mem, bytes, &fresh) != 0) return false;
    memcpy(fresh, priv->groups, priv->group_end * sizeof *priv->groups);
    free_table(heap);
    priv->groups = fresh;
    priv->group_capacity = (unsigned)(bytes / sizeof *priv->groups);
    return true;
}

NpHeapGroup *np_heap_group_new(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    NpHeapGroup *group;
    unsigned id = 1;
    void *v;
    while (id < priv->group_end && priv->groups[id]) id++;
    if (id > GROUPS_MOST || (id == priv->group_capacity && !more_ids(heap))) return NULL;
    if (sysAlloc(&heap->mem, record_bytes(), &v) != 0) return NULL;
    group = v;
    group->id = (uint16_t)id;
    group->lists = (NpGroupLists *)(group + 1);
    priv->groups[id] = group;
    if (id == priv->group_end) priv->group_end++;
    return group;
}

NpHeapGroup *np_heap_group_at(const NpHeap *heap, unsigned id) {
    return id < heap->priv->group_end ? heap->priv->groups[id] : NULL;
}

unsigned np_heap_group_end(const NpHeap *heap) { return heap->priv->group_end; }

void np_heap_groups_trim(NpHeap *heap) {
    NpHeapPriv *priv = heap->priv;
    for (unsigned id = 1; id < priv->group_end; id++) {
        NpHeapGroup *group = priv->groups[id];
        if (!group || group->owner || group->spans > 0 || group == heap->group) continue;
        CHECK1("H8", group->in_use == 0);
        priv->groups[id] = NULL;
        if (heap->refused_by == group) heap->refused_by = NULL;
        np_mem_discard_ready(&heap->mem, group, record_bytes());
    }
    while (priv->group_end > 1 && !priv->groups[priv->group_end - 1]) priv->group_end--;
}

/* ---- which one runs ---- */

void np_heap_group_change(NpHeap *heap, unsigned id) {
    NpHeapGroup *group = np_heap_group_at(heap, id);
    np_heap_return_rests(heap);
    np_heap_group_peak(heap, heap->group);
    heap->group = group ? group : &heap->priv->group0;
}

/* ---- counting ---- */

size_t np_heap_rests(const NpHeap *heap) {
    const NpGroupLists *lists = heap->group->lists;
    size_t rests = 0;
    int kind, cls;
    NP_EACH_LIST(lists, kind, cls) rests += np_cache_rest(&heap->cache[kind][cls]);
    return rests;
}

void np_heap_group_peak(const NpHeap *heap, NpHeapGroup *group) {
    size_t exact;
    if (group->in_use <= group->peak) return;
    exact = group == heap->group ? group->in_use - np_heap_rests(heap) : group->in_use;
    if (exact > group->peak) group->peak = exact;
}

size_t np_heap_group_bytes(NpHeap *heap, NpHeapGroup *group) {
    if (group == heap->group) np_heap_return_rests(heap);
    np_heap_group_peak(heap, group);
    return group->in_use;
}

void np_heap_groups_census(NpHeap *heap) {
    const NpHeapPriv *priv = heap->priv;
    const NpPages *pages = &priv->pages;
    np_heap_return_rests(heap);
    for (unsigned id = 0; id < priv->group_end; id++)
        if (priv->groups[id]) priv->groups[id]->objects = 0;
    for (uint32_t i = 0; i < pages->count; i++) {
        const NpArena *arena = pages->arenas[i].arena;
        size_t end = np_bits_min(arena->mapped_pages, NP_ARENA_PAGES);
        for (size_t page = arena->first_page; (page = np_pages_next_span(arena, page, end)) < end;) {
            const NpSpan *span = arena->page_span[page];
            page += span->npages;
            if (span->kind != NP_SPAN_BUF) priv->groups[span->group]->objects += span->alloc_slots;
        }
    }
}

/* ---- limits ---- */

/* How much more it may have. */
static size_t room_of(const NpHeapGroup *group) {
    size_t most = group->limit;
    if (!most) return SIZE_MAX;
    if (group->open) most += most / 32 < OPEN_LEAST ? OPEN_LEAST : most / 32 > OPEN_MOST ? OPEN_MOST : most / 32;
    return most > group->in_use ? most - group->in_use : 0;
}

bool np_heap_group_fits(const NpHeapGroup *group, size_t bytes) { return room_of(group) >= bytes; }

/* Near the limit the next safe point collects as a whole, so that strings and what has a finaliser go as well. */
static void press(NpHeap *heap, NpHeapGroup *group) {
    if (!group->limit || group->in_use <= NP_NEAR_LIMIT(group->limit)) return;
    if (group->claimed_total - group->pressed_at <= BETWEEN_PRESSED(group->limit)) return;
    group->pressed_at = group->claimed_total;
    heap->pressed = true;
    if (heap->debt <= 0) heap->debt = 1;
}

bool np_heap_group_admits(NpHeap *heap, size_t bytes) {
    NpHeapGroup *group = heap->group;
    np_heap_group_peak(heap, group);
    press(heap, group);
    if (np_heap_group_fits(group, bytes)) return true;
    np_heap_return_rests(heap);
    if (np_heap_group_fits(group, bytes)) return true;
    np_heap_sweep_step(heap, SIZE_MAX);
    return np_heap_group_fits(group, bytes);
}

size_t np_heap_group_run(const NpHeapGroup *group, size_t slots, size_t slot_bytes) {
    size_t bytes = np_bits_min(room_of(group), RUN_MOST);
    return slots * slot_bytes <= bytes ? slots : bytes > slot_bytes ? bytes / slot_bytes : 1;
}

void np_heap_group_open(NpHeapGroup *group) { group->open = true; }

void np_heap_groups_shut(NpHeap *heap) {
    if (heap->group->open) np_heap_return_rests(heap); /* a run may have been claimed beyond the limit */
    for (unsigned id = 1; id < heap->priv->group_end; id++)
        if (heap->priv->groups[id]) heap->priv->groups[id]->open = false;
}
