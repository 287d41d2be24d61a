/* neap_profile.c: marks and profiles as neap.h shows them.
 *
 * Owns: when a collection is made before something is counted; results, which stay as they are whatever runs meanwhile.
 * Does not: count, sample or write. */
#include "include/neap.h"
#include "runtime/err.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/list.h"
#include "runtime/inspect/marks.h"
#include "runtime/inspect/pprof.h"
#include "runtime/inspect/profile.h"

_Static_assert(NEAP_PROFILE_HEAP == (int)NP_PROFILE_HEAP && NEAP_PROFILE_CPU == (int)NP_PROFILE_CPU, "kinds of profiles");
_Static_assert(NEAP_FORM_PPROF == (int)NP_FORM_PPROF && NEAP_FORM_FOLDED == (int)NP_FORM_FOLDED &&
                   NEAP_FORM_FOLDED_ALL == (int)NP_FORM_FOLDED_ALL,
               "forms of profiles");
_Static_assert(NEAP_CPU_OK == (int)NP_PROFILE_OK && NEAP_CPU_NO_MEMORY == (int)NP_PROFILE_NO_MEMORY &&
                   NEAP_CPU_BUSY == (int)NP_PROFILE_BUSY && NEAP_CPU_NO_TIMER == (int)NP_PROFILE_NO_TIMER,
               "errors of CPU profiles");

/* Not from inside a finaliser, nor while the state closes. */
static bool may_collect(const NpGlobal *global) {
    return np_gc_may_run(global) && global->limit.no_collect == 0;
}

LUA_API unsigned neap_mark(lua_State *L) {
    NP_API_ENTER(L);
    return np_marks_set(L->global);
}

LUA_API void neap_unmark(lua_State *L, unsigned mark) {
    NP_API_ENTER(L);
    np_marks_drop(L->global, mark);
}

/* ---- results ---- */

struct neap_Sites {
    NpSites *tables; /* which stay as long as there is a result: NpSites.results */
    NpSiteRows rows;
    char *stack;     /* of the last neap_site */
    size_t stack_capacity;
};

static size_t result_bytes(void) { return NP_ALIGN_UP(sizeof(neap_Sites), np_os_page_size()); }

static neap_Sites *new_result(NpSites *tables) {
    neap_Sites *found;
    void *memory;
    if (sysAlloc(&np_mem_process, result_bytes(), &memory) != 0) return NULL;
    found = memory;
    found->tables = tables;
    tables->results++;
    return found;
}

LUA_API void neap_sites_free(neap_Sites *found) {
    NpSites *tables;
    if (!found) return;
    NP_API_ENTER(found->tables->global->main_thread);
    tables = found->tables;
    np_marks_close_rows(&found->rows);
    np_list_close(&np_mem_process, (void **)&found->stack, &found->stack_capacity, 1);
    np_mem_discard_ready(&np_mem_process, found, result_bytes());
    if (--tables->results == 0 && !tables->profiling && !tables->timing && tables->mark_count == 0)
        np_sites_close(tables->global);
}

/* Hands a result over: the number of rows, or, when there is not all of it, an error. */
static int hand_over(neap_Sites *found, bool whole, neap_Sites **out) {
    if (whole) {
        *out = found;
        return (int)found->rows.count;
    }
    neap_sites_free(found);
    return NEAP_SITES_NO_MEMORY;
}

LUA_API int neap_since(lua_State *L, unsigned mark, neap_Sites **out) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    neap_Sites *found;
    *out = NULL;
    if (may_collect(global)) np_gc_full(L, false);
    if (!np_marks_has(global, mark)) return NEAP_SITES_NO_MARK; /* a finaliser may have dropped it */
    found = new_result(global->sites);
    return hand_over(found, found && np_marks_since(global, mark, &found->rows), out);
}

static bool add_stacks(const NpSites *sites, NpSiteRows *rows) {
    for (uint32_t at = 1; at <= sites->stacks.count; at++) {
        const NpSiteStack *stack = np_sites_stack_at(sites, at);
        NpSiteRow *row;
        if (stack->counts.allocated_count < 0.5) continue;
        row = np_marks_add_row(rows);
        if (!row) return false;
        row->counts = stack->counts;
        row->stack = at;
        row->location = stack->location;
        /* the innermost line of Lua */
        for (uint32_t up = at; up && np_sites_location(sites, row->location)->line == 0; up = np_sites_stack_at(sites, up)->parent)
            row->location = np_sites_stack_at(sites, up)->location;
        row->line = np_sites_location(sites, row->location)->line;
        row->file = np_sites_function(sites, np_sites_location(sites, row->location)->function)->file;
    }
    np_marks_sort_rows(rows);
    return true;
}

LUA_API int neap_heapsites(lua_State *L, neap_Sites **out) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    neap_Sites *found;
    *out = NULL;
    if (!global->sites || !global->sites->profiling) return NEAP_SITES_NO_PROFILE;
    if (may_collect(global)) np_gc_full(L, true);
    np_gc_end_sweep(global);
    found = new_result(global->sites);
    return hand_over(found, found && add_stacks(global->sites, &found->rows), out);
}

static size_t whole(double value) { return value > 0.5 ? (size_t)(value + 0.5) : 0; }

LUA_API int neap_site(neap_Sites *found, int index, neap_Site *out) {
    NP_API_ENTER(found->tables->global->main_thread);
    enum { STACK_MOST = 32768 };
    const NpSiteRow *row;
    if (index < 0 || (size_t)index >= found->rows.count) return 0;
    row = &found->rows.items[index];
    *out = (neap_Site){.source = np_sites_text(found->tables, row->file),
                       .line = row->line,
                       .count = whole(row->counts.count),
                       .bytes = whole(row->counts.bytes),
                       .allocated_count = whole(row->counts.allocated_count),
                       .allocated_bytes = whole(row->counts.allocated_bytes)};
    if (!row->stack) {
        out->type = np_value_kind_name(row->kind);
    } else if (np_list_reserve(&np_mem_process, (void **)&found->stack, &found->stack_capacity, 0, 1, STACK_MOST)) {
        np_pprof_fold(found->tables, row->stack, found->stack, STACK_MOST);
        out->stack = found->stack;
    }
    return 1;
}

/* ---- profiles ---- */

LUA_API int neap_heapprofile(lua_State *L, size_t rate) {
    NP_API_ENTER(L);
    return np_profile_heap(L->global, NP_PROFILE_HOST, rate);
}

LUA_API int neap_programprofile(lua_State *L, size_t rate) {
    NP_API_ENTER(L);
    return np_profile_heap(L->global, NP_PROFILE_PROGRAM, rate);
}

LUA_API int neap_hasprogramprofile(lua_State *L) {
    NP_API_ENTER(L);
    return L->global->sites && (L->global->sites->owners & NP_PROFILE_PROGRAM) != 0;
}
LUA_API int neap_cpuprofile(lua_State *L, int hertz) {
    NP_API_ENTER(L);
    return np_profile_cpu(L->global, hertz);
}

LUA_API int neap_writeprofile(lua_State *L, int kind, int form, neap_Write write, void *context) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    NpSites *sites = global->sites;
    if (!sites || !(kind == NEAP_PROFILE_CPU ? sites->timing : sites->profiling)) return NEAP_SITES_NO_PROFILE;
    if (kind == NEAP_PROFILE_CPU) {
        np_profile_flush(global);
    } else {
        if (may_collect(global)) np_gc_full(np_sites_running(global), true);
        np_gc_end_sweep(global);
    }
    global->limit.no_collect++; /* freed objects change the tables that are being written */
    int result = np_pprof_write(sites, (NpProfileKind)kind, (NpProfileForm)form, write, context);
    global->limit.no_collect--;
    return result;
}

static bool ends_in(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

LUA_API int neap_profileform(const char *filename) {
    if (ends_in(filename, ".alloc.folded")) return NEAP_FORM_FOLDED_ALL;
    return ends_in(filename, ".folded") ? NEAP_FORM_FOLDED : NEAP_FORM_PPROF;
}
