/* neap_api.c: the heap of a state as neap.h shows it, and giving memory back on request.
 *
 * Owns: the translation of the heap's and the collector's counters into neap_Stats; what this build is.
 * Does not: count anything itself (gc/heap.c, gc/mark.c, mem/mem.c do), collect, or allocate. */
#include "include/neap.h"
#include "runtime/api.h"
#include "runtime/arraysort.h"
#include "runtime/builtin.h"
#include "runtime/call.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/map.h"
#include "runtime/mem/mem_os.h"
#include "runtime/mem/scratch.h"
#include "runtime/state.h"

static size_t kind_index(unsigned kind) { return kind & 63; } /* as NpGc's arrays are indexed */

static void add_type(neap_Stats *out, const char *name, size_t objects, size_t bytes) {
    if (out->ntypes >= NEAP_MAX_TYPES) return;
    int at = out->ntypes++;
    out->types[at].name = name;
    out->types[at].objects = objects;
    out->types[at].bytes = bytes;
}

/* Kinds that are one type to Lua make one row. */
static void fill_types(const NpGlobal *global, neap_Stats *out) {
    static const struct {
        const char *name;
        uint8_t kinds[2]; /* 0: none */
    } rows[] = {
        {"table", {NP_TABLE}},     {"string", {NP_STR}},       {"function", {NP_LCLOSURE, NP_CCLOSURE}},
        {"userdata", {NP_UDATA}},  {"thread", {NP_THREAD}},    {"prototype", {NP_PROTO}},
        {"upvalue", {NP_UPVAL}},
    };
    const NpGc *gc = &global->gc;
    out->ntypes = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t objects = 0, bytes = 0;
        for (int j = 0; j < 2 && rows[i].kinds[j]; j++) {
            objects += gc->live_objects[kind_index(rows[i].kinds[j])];
            bytes += gc->live_kind_bytes[kind_index(rows[i].kinds[j])];
        }
        add_type(out, rows[i].name, objects, bytes);
    }
    const NpShapeTable *shapes = &global->shape_table;
    add_type(out, "shape", shapes->live,
             shapes->live * sizeof(NpShape) + gc->live_kind_bytes[kind_index(NP_KEYS)]);
}

static void fill_classes(NpGlobal *global, neap_Stats *out) {
    NpClassStats rows[NEAP_MAX_CLASSES];
    NpKindStats kinds[NP_SPAN_KINDS];
    out->nclasses = np_heap_class_stats(&global->heap, rows, NEAP_MAX_CLASSES, kinds);
    for (int i = 0; i < NP_SPAN_KINDS; i++) {
        static const char *const names[] = {[NP_SPAN_OBJ] = "objects", [NP_SPAN_LEAF] = "strings", [NP_SPAN_BUF] = "buffers"};
        out->kinds[i].name = names[i];
        out->kinds[i].ready = kinds[i].ready;
        out->kinds[i].live = kinds[i].live;
    }
    for (int i = 0; i < out->nclasses; i++) {
        out->classes[i].slot_bytes = rows[i].slot_bytes;
        out->classes[i].spans = rows[i].spans;
        out->classes[i].slots = rows[i].slots;
        out->classes[i].live_slots = rows[i].live;
        out->classes[i].ready = rows[i].ready;
    }
}

LUA_API void neap_stats(lua_State *L, neap_Stats *out) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    NpHeapStats heap;
    np_gc_count_kinds(global);
    np_heap_stats(&global->heap, &heap);
    out->live = heap.in_use;
    out->allocated_total = heap.claimed_total;
    out->reserved = heap.reserved_bytes;
    out->mapped = heap.mapped_bytes;
    out->ready = heap.ready_bytes;
    out->released = heap.released_bytes;
    out->resident = np_os_resident_bytes();
    out->peak_resident = np_os_peak_resident_bytes();
    if (out->peak_resident < out->resident) out->peak_resident = out->resident; /* the kernel updates it late */
    out->collections = global->gc.cycles;
    out->stops = global->gc.meter.stops;
    out->longest_stop = global->gc.meter.longest;
    out->longest_stop_cpu = global->gc.meter.longest_cpu;
    out->total_stop = global->gc.meter.total;
    memcpy(out->stop_buckets, global->gc.meter.buckets, sizeof out->stop_buckets);
    out->limit = global->limit.hard;
    out->soft_limit = global->limit.soft;
    out->reserve = global->heap.reserve_bytes;
    out->limit_hits = global->limit.hits;
    out->limit_collections = global->limit.emergencies;
    fill_types(global, out);
    fill_classes(global, out);
    out->system = np_os_system_name();
}

static neap_Usage usage_of(const NpOsUsage *usage) {
    return (neap_Usage){usage->user_seconds, usage->system_seconds, usage->peak_resident, usage->minor_faults,
                        usage->major_faults};
}

LUA_API int neap_usage(neap_Usage *self, neap_Usage *children) {
    NpOsUsage mine, theirs;
    if (!np_os_usage(&mine, &theirs)) return 0;
    *self = usage_of(&mine);
    *children = usage_of(&theirs);
    return 1;
}

LUA_API void neap_build(neap_Build *out) {
    static const char *const modes[] = {"never", "madvise", "always"};
    out->system = np_os_system_name();
    out->releases = np_os_unused_releases();
    out->page_bytes = np_os_page_size();
    out->huge_page_bytes = np_os_huge_page_size();
    out->huge_pages = modes[np_os_huge_page_mode()];
    out->sees_waits = np_os_tells_sleepers();
#ifdef __clang__
    out->compiler = __VERSION__;
#else
    out->compiler = "gcc " __VERSION__;
#endif
    out->dispatch = np_vm_dispatch_name;
    out->check = CHECK;
}

LUA_API void neap_huge_pages(lua_State *L, int mode) {
    NP_API_ENTER(L);
    static const NpHugeWish wishes[] = {
        [NEAP_HUGE_AUTO] = NP_HUGE_WISH_AUTO, [NEAP_HUGE_ON] = NP_HUGE_WISH_ON, [NEAP_HUGE_OFF] = NP_HUGE_WISH_OFF};
    if (mode >= 0 && (size_t)mode < sizeof wishes / sizeof *wishes) np_heap_set_huge(&L->global->heap, wishes[mode]);
}

LUA_API size_t neap_release(lua_State *L) {
    NP_API_ENTER(L);
    if (!np_gc_may_run(L->global)) return 0;
    return np_gc_release(L) + np_scratch_trim();
}

LUA_API int neap_step(lua_State *L, double seconds) {
    NP_API_ENTER(L);
    return np_gc_run(L, seconds);
}

_Static_assert(NEAP_TRACE_TEXT == (int)NP_TRACE_TEXT && NEAP_TRACE_JSON == (int)NP_TRACE_JSON, "forms of traces");
_Static_assert(NEAP_STOP_BUCKETS == (int)NP_STOP_BUCKETS, "the histogram is copied");
LUA_API void neap_settrace(lua_State *L, int form) {
    NP_API_ENTER(L);
    L->global->gc.meter.trace = (uint8_t)form;
}

LUA_API void neap_moment(lua_State *L, neap_Moment *out) {
    NP_API_ENTER(L);
    const NpGlobal *global = L->global;
    *out = (neap_Moment){.time = np_meter_now() - global->gc.meter.started,
                         .live = global->heap.in_use,
                         .ready = global->heap.mem.ready,
                         .resident = np_os_resident_bytes(),
                         .given_back = np_heap_released(&global->heap)};
}

_Static_assert(NEAP_CYCLE_BEGINS == (int)NP_MOMENT_BEGIN && NEAP_CYCLE_ENDS == (int)NP_MOMENT_END &&
                   NEAP_RELEASED == (int)NP_MOMENT_RELEASE, "kinds of moments");

static void tell_watch(void *whom, int event, double longest_stop) {
    NpGlobal *global = whom;
    neap_Moment moment;
    neap_moment(global->main_thread, &moment);
    moment.event = event;
    moment.longest_stop = longest_stop;
    global->limit.no_collect++; /* a collection is under way, or the helper has the heap */
    global->watch(global->watch_data, global->main_thread, &moment);
    global->limit.no_collect--;
}

LUA_API void neap_watch(lua_State *L, neap_WatchFunction watch, void *data) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    global->watch = watch;
    global->watch_data = data;
    global->gc.meter.whom = global;
    global->gc.meter.tell = watch ? tell_watch : NULL;
}

_Static_assert(NEAP_CELL_USED_MOST == (int)NP_CELL_USED_MOST && NEAP_CELL_FREE == (int)NP_CELL_FREE, "kinds of cells");
LUA_API void neap_map(lua_State *L, size_t cell_bytes, neap_MapFunction each, void *data) {
    NP_API_ENTER(L);
    NpHeap *heap = &L->global->heap;
    uint8_t cells[NP_ARENA_UNITS];
    size_t size = NP_UNIT_BYTES;
    while (size < cell_bytes && size < NP_ARENA_BYTES) size *= 2;
    for (size_t i = 0, count = np_map_windows(heap); i < count; i++) {
        NpMapWindow window = np_map_window(heap, i, size, cells);
        neap_MapArena arena = {window.base, window.bytes, window.ready, window.huge, cells, (window.bytes + size - 1) / size};
        L->global->limit.no_collect++; /* arenas are being gone through */
        each(data, &arena);
        L->global->limit.no_collect--;
    }
}

void neap_setiterators(lua_State *L, lua_CFunction next, lua_CFunction ipairs_step) {
    NP_API_ENTER(L);
    L->global->next_function = next;
    L->global->ipairs_step = ipairs_step;
}

void neap_setpcall(lua_State *L, lua_CFunction pcall) {
    NP_API_ENTER(L);
    L->global->pcall_function = pcall;
    np_builtin_set(L->global, "base", "pcall", pcall);
}

void neap_setcoroutines(lua_State *L, lua_CFunction yield, lua_CFunction resume, neap_ResumeK end_resume,
                        lua_CFunction wrapped, neap_ResumeK end_wrap) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    global->yield_function = yield;
    global->resume_function = resume;
    global->end_resume = end_resume;
    global->wrap_function = wrapped;
    global->end_wrap = end_wrap;
    np_builtin_set(global, "coroutine", "yield", yield);
    np_builtin_set(global, "coroutine", "resume", resume);
    np_builtin_set(global, "coroutine", "wrapped", wrapped);
}

int neap_sort(lua_State *L, int idx, lua_Integer n) {
    NP_API_ENTER(L);
    const NpValue *object = np_api_slot(L, idx);
    return np_is_table(object) && n >= 0 && np_arraysort_sort(L->global, np_tab(object), (uint64_t)n);
}

void neap_setbuiltin(lua_State *L, const char *library, const char *name, lua_CFunction function) {
    NP_API_ENTER(L);
    np_builtin_set(L->global, library, name, function);
}
