/* marks.c: see marks.h.
 *
 * A mark is a generation: every slot's note has the generation it was allocated in, so a mark costs nothing by itself, and
 * several may be set. What a slot was allocated for is found out when it is asked: an object says so itself, and a buffer
 * belongs to what its only owner is.
 */
#include "runtime/inspect/marks.h"

#include "runtime/gc/gc.h"
#include "runtime/gc/list.h"

uint32_t np_marks_set(NpGlobal *global) {
    NpSites *sites = np_sites_get(global);
    if (!sites) return 0;
    if (np_list_reserve(&global->heap.mem, (void **)&sites->marks, &sites->mark_capacity, sites->mark_count,
                        sizeof *sites->marks, sites->mark_count + 1)) {
        sites->marks[sites->mark_count++] = ++sites->generation;
        if (sites->mark_count > 1 || np_sites_settle(global)) return sites->generation;
        sites->mark_count--;
    }
    (void)np_sites_settle(global);
    return 0;
}

static size_t index_of(const NpSites *sites, uint32_t mark) {
    size_t i = 0;
    while (i < sites->mark_count && sites->marks[i] != mark) i++;
    return i;
}

bool np_marks_has(const NpGlobal *global, uint32_t mark) {
    return global->sites && index_of(global->sites, mark) < global->sites->mark_count;
}

void np_marks_drop(NpGlobal *global, uint32_t mark) {
    NpSites *sites = global->sites;
    if (!np_marks_has(global, mark)) return;
    sites->marks[index_of(sites, mark)] = sites->marks[sites->mark_count - 1];
    if (--sites->mark_count == 0) (void)np_sites_settle(global);
}

/* ---- rows ---- */

NpSiteRow *np_marks_add_row(NpSiteRows *rows) {
    NpSiteRow *row;
    if (!np_list_reserve(&np_mem_process, (void **)&rows->items, &rows->capacity, rows->count, sizeof *row, rows->count + 1))
        return NULL;
    row = &rows->items[rows->count++];
    memset(row, 0, sizeof *row);
    return row;
}

static int compare(uint32_t a, uint32_t b) { return a < b ? -1 : a > b; }

static int by_line(const NpSiteRow *a, const NpSiteRow *b) {
    if (a->file != b->file) return compare(a->file, b->file);
    return a->line != b->line ? compare((uint32_t)a->line, (uint32_t)b->line) : (int)a->kind - (int)b->kind;
}

static int by_bytes(const NpSiteRow *a, const NpSiteRow *b) {
    if (a->counts.bytes != b->counts.bytes) return a->counts.bytes < b->counts.bytes ? 1 : -1;
    return a->stack != b->stack ? compare(a->stack, b->stack) : by_line(a, b);
}

/* Lets row `at` sink among its descendants in the heap of `count` rows. */
static void sink(NpSiteRow *rows, size_t at, size_t count, int (*order)(const NpSiteRow *, const NpSiteRow *)) {
    NpSiteRow row = rows[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && order(&rows[child], &rows[child + 1]) < 0) child++;
        if (order(&row, &rows[child]) >= 0) break;
        rows[at] = rows[child];
    }
    rows[at] = row;
}

/* Heapsort: qsort may call malloc. */
static void sort(NpSiteRow *rows, size_t count, int (*order)(const NpSiteRow *, const NpSiteRow *)) {
    for (size_t at = count / 2; at > 0; at--) sink(rows, at - 1, count, order);
    for (size_t end = count; end > 1; end--) {
        NpSiteRow last = rows[end - 1];
        rows[end - 1] = rows[0];
        rows[0] = last;
        sink(rows, 0, end - 1, order);
    }
}

void np_marks_sort_rows(NpSiteRows *rows) { sort(rows->items, rows->count, by_bytes); }

void np_marks_close_rows(NpSiteRows *rows) {
    np_list_close(&np_mem_process, (void **)&rows->items, &rows->capacity, sizeof *rows->items);
    rows->count = 0;
}

typedef struct Since {
    NpSites *sites;
    NpSiteRows *rows;
    uint32_t mark;
    bool failed;
} Since;

/* The row of a kind and location: those of one location are chained. */
static NpSiteRow *row_of(Since *since, uint8_t kind, uint32_t location) {
    NpSites *sites = since->sites;
    NpSiteRow *row;
    for (uint32_t at = np_sites_location(sites, location)->row; at; at = row->next) {
        row = &since->rows->items[at - 1];
        if (row->kind == kind) return row;
    }
    row = np_marks_add_row(since->rows);
    if (!row) return NULL;
    row->kind = kind;
    row->location = location;
    row->line = np_sites_location(sites, location)->line;
    row->file = np_sites_function(sites, np_sites_location(sites, location)->function)->file;
    row->next = np_sites_location(sites, location)->row;
    np_sites_location(sites, location)->row = (uint32_t)since->rows->count;
    return row;
}

static void count(Since *since, const void *slot, uint8_t kind, unsigned objects) {
    NpSites *sites = since->sites;
    uint32_t at = np_notes_at(&sites->global->heap, slot);
    const NpSiteNote *note = at ? np_sites_note_at(sites, at) : NULL;
    NpSiteRow *row;
    if (!note || !note->location || note->generation < since->mark) return;
    row = row_of(since, kind, note->location);
    if (!row) {
        since->failed = true;
        return;
    }
    row->counts.count += objects;
    row->counts.bytes += (double)np_heap_slot_bytes(slot);
}

/* Several functions may be on one line. */
static void merge_lines(NpSiteRows *rows) {
    NpSiteRow *items = rows->items;
    size_t kept = 0;
    if (rows->count == 0) return;
    sort(items, rows->count, by_line);
    for (size_t i = 1; i < rows->count; i++) {
        if (by_line(&items[kept], &items[i]) != 0) {
            items[++kept] = items[i];
            continue;
        }
        items[kept].counts.count += items[i].counts.count;
        items[kept].counts.bytes += items[i].counts.bytes;
    }
    rows->count = kept + 1;
}

static void visit(void *ctx, NpSpan *span, void *slot) {
    const NpObj *obj = slot;
    const void *buffers[NP_GC_BUFFERS];
    uint8_t kind = obj->kind == NP_CCLOSURE ? NP_LCLOSURE : obj->kind;
    unsigned owned = np_gc_buffers(obj, buffers);
    (void)span;
    count(ctx, slot, kind, 1);
    for (unsigned i = 0; i < owned; i++) count(ctx, buffers[i], kind, 0);
}

bool np_marks_since(NpGlobal *global, uint32_t mark, NpSiteRows *rows) {
    NpSites *sites = global->sites;
    Since since = {sites, rows, mark, false};
    for (uint32_t at = 1; at <= sites->locations.count; at++) np_sites_location(sites, at)->row = 0;
    np_gc_end_sweep(global);
    np_heap_walk(&global->heap, false, visit, &since);
    if (since.failed) return false;
    merge_lines(rows);
    np_marks_sort_rows(rows);
    return true;
}
