/* types.c: see types.h.
 *
 * Objects are counted by what makes their class (NpClass); only then the classes are named, and those that read alike are
 * one: shapes that differ in nothing but their metatable, a file that was loaded twice. */
#include "runtime/inspect/types.h"

#include <stdlib.h>

#include "runtime/gc/list.h"
#include "runtime/inspect/reach.h"
#include "runtime/mem/mem_os.h"

enum { FIRST_SLOTS = 1024, NAME_MOST = 256 };

static size_t hash_of(const NpClass *class) {
    return (size_t)(((uint64_t)(uintptr_t)class->what + class->kind * 8u + class->form) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static bool same(const NpClass *a, const NpClass *b) { return a->kind == b->kind && a->form == b->form && a->what == b->what; }

static bool new_table(NpCensus *census, size_t slots) {
    size_t bytes = NP_ALIGN_UP(slots * sizeof *census->table, np_os_page_size());
    void *fresh;
    if (sysAlloc(&np_mem_process, bytes, &fresh) != 0) return false;
    if (census->table) np_mem_discard_ready(&np_mem_process, census->table, census->table_bytes);
    census->table = fresh;
    census->table_bytes = bytes;
    census->mask = slots - 1;
    for (size_t i = 0; i < census->count; i++) {
        size_t at = hash_of(&census->rows[i].class) & census->mask;
        while (census->table[at]) at = (at + 1) & census->mask;
        census->table[at] = (uint32_t)i + 1;
    }
    return true;
}

static NpTypeRow *add_row(NpCensus *census, const NpClass *class, size_t at) {
    NpTypeRow *row;
    if (!np_list_reserve(&np_mem_process, (void **)&census->rows, &census->capacity, census->count, sizeof *census->rows,
                         census->count + 1))
        return NULL;
    row = &census->rows[census->count++];
    *row = (NpTypeRow){.class = *class};
    census->table[at] = (uint32_t)census->count;
    if (census->count * 2 > census->mask && !new_table(census, (census->mask + 1) * 2)) return NULL;
    return row;
}

static NpTypeRow *row_of(NpCensus *census, const NpClass *class) {
    size_t at = hash_of(class) & census->mask;
    for (; census->table[at]; at = (at + 1) & census->mask)
        if (same(&census->rows[census->table[at] - 1].class, class)) return &census->rows[census->table[at] - 1];
    return add_row(census, class, at);
}

static void visit(void *ctx, NpSpan *span, void *slot) {
    NpCensus *census = ctx;
    NpClass class;
    NpTypeRow *row;
    (void)span;
    if (census->failed) return;
    class = np_names_class(census->global, slot);
    row = row_of(census, &class);
    if (!row) {
        census->failed = true;
        return;
    }
    row->count++;
    row->bytes += np_edges_size(slot);
}

/* ---- names ---- */

static bool name_rows(NpCensus *census) {
    for (size_t i = 0; i < census->count; i++) {
        char buffer[NAME_MOST], *name;
        NpText text = np_text_in(buffer, sizeof buffer);
        size_t bytes;
        np_names_write_class(&text, census->global, &census->rows[i].class, NULL);
        bytes = (size_t)(text.at - buffer) + 1;
        name = np_scratch_alloc(&census->names, bytes);
        if (!name) return false;
        memcpy(name, buffer, bytes);
        census->rows[i].name = name;
    }
    return true;
}

static int by_name(const void *a, const void *b) {
    const NpTypeRow *one = a, *other = b;
    int order = strcmp(one->name, other->name);
    return order ? order : (int)one->class.kind - (int)other->class.kind;
}

static int by_bytes(const void *a, const void *b) {
    const NpTypeRow *one = a, *other = b;
    if (one->bytes != other->bytes) return one->bytes < other->bytes ? 1 : -1;
    return by_name(a, b);
}

static void merge_rows(NpCensus *census) {
    size_t kept = 0;
    qsort(census->rows, census->count, sizeof *census->rows, by_name);
    for (size_t i = 1; i < census->count; i++) {
        if (by_name(&census->rows[kept], &census->rows[i]) == 0) {
            census->rows[kept].count += census->rows[i].count;
            census->rows[kept].bytes += census->rows[i].bytes;
        } else {
            census->rows[++kept] = census->rows[i];
        }
    }
    census->count = census->count ? kept + 1 : 0;
    qsort(census->rows, census->count, sizeof *census->rows, by_bytes);
}

bool np_types_count(lua_State *L, NpCensus *census) {
    memset(census, 0, sizeof *census);
    census->global = L->global;
    np_scratch_init(&census->names);
    if (!new_table(census, FIRST_SLOTS)) return false;
    np_inspect_settle(L);
    np_heap_walk(&L->global->heap, false, visit, census);
    if (census->failed || !name_rows(census)) return false;
    merge_rows(census);
    return true;
}

void np_types_close(NpCensus *census) {
    np_list_close(&np_mem_process, (void **)&census->rows, &census->capacity, sizeof *census->rows);
    if (census->table) np_mem_discard_ready(&np_mem_process, census->table, census->table_bytes);
    np_scratch_free(&census->names);
}
