/* neap_inspect.c: looking at the object graph, as neap.h offers it.
 *
 * Owns: how results of runtime/inspect get onto the Lua stack.
 * Does not: walk the heap itself. What is found is kept outside of the heap until the walk is over; only then tables are
 * made of it, in a protected call, so that an error gives that memory back. */
#include "include/neap.h"
#include "runtime/api.h"
#include "runtime/call.h"
#include "runtime/inspect/retained.h"
#include "runtime/inspect/snapshot.h"
#include "runtime/inspect/types.h"
#include "runtime/inspect/why.h"
#include "runtime/mem/scratch.h"

LUA_API size_t neap_size(lua_State *L, int index) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, index);
    return np_is_collectable(value) ? np_edges_size(value->v.obj) : 0;
}

LUA_API int neap_retained(lua_State *L, int index, size_t *bytes, size_t *objects) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, index);
    size_t count = 0;
    *bytes = 0;
    if (np_is_collectable(value) && !np_retained_by(L, value->v.obj, bytes, &count)) return NEAP_INSPECT_MEMORY;
    if (objects) *objects = count;
    return NEAP_INSPECT_OK;
}

/* Runs `build` with `arg`; it leaves one value on the stack. LUA_OK, or the error's status with the error instead. */
static int build_protected(lua_State *L, lua_CFunction build, void *arg) {
    lua_pushcfunction(L, build);
    lua_pushlightuserdata(L, arg);
    return lua_pcallk(L, 1, 1, 0, 0, NULL);
}

/* ---- the census ---- */

static const char *type_of(const NpClass *class) {
    switch (class->kind) {
        case NP_PROTO: return "prototype";
        case NP_UPVAL: return "upvalue";
        case NP_KEYS: return "shape";
        default: return np_value_type_name(np_lua_type[class->kind]);
    }
}

static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, size_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

static int build_types(lua_State *L) {
    const NpCensus *census = lua_touserdata(L, 1);
    lua_createtable(L, (int)census->count, 0);
    for (size_t i = 0; i < census->count; i++) {
        lua_createtable(L, 0, 4);
        set_text(L, "type", type_of(&census->rows[i].class));
        set_text(L, "name", census->rows[i].name);
        set_integer(L, "count", census->rows[i].count);
        set_integer(L, "bytes", census->rows[i].bytes);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

LUA_API int neap_types(lua_State *L) {
    NP_API_ENTER(L);
    NpCensus census;
    bool counted = np_types_count(L, &census);
    int status = counted ? build_protected(L, build_types, &census) : LUA_OK;
    np_types_close(&census);
    if (status != LUA_OK) lua_error(L);
    return counted ? NEAP_INSPECT_OK : NEAP_INSPECT_MEMORY;
}

/* ---- paths ---- */

typedef struct Path {
    struct Path *next;
    size_t length;
    char text[];
} Path;

typedef struct Paths {
    NpScratch scratch;
    Path *first, **end;
    bool failed;
} Paths;

static bool keep_path(void *ctx, const char *text, size_t length) {
    Paths *paths = ctx;
    Path *path = np_scratch_alloc(&paths->scratch, sizeof *path + length);
    paths->failed = !path;
    if (!path) return false;
    path->next = NULL;
    path->length = length;
    memcpy(path->text, text, length);
    *paths->end = path;
    paths->end = &path->next;
    return true;
}

static int build_paths(lua_State *L) {
    const Paths *paths = lua_touserdata(L, 1);
    lua_Integer row = 0;
    lua_createtable(L, 0, 0);
    for (const Path *path = paths->first; path; path = path->next) {
        lua_pushlstring(L, path->text, path->length);
        lua_rawseti(L, -2, ++row);
    }
    return 1;
}

LUA_API int neap_why(lua_State *L, int index, size_t most) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, index);
    Paths paths = {.first = NULL};
    bool found = true;
    int status = LUA_OK;
    paths.end = &paths.first;
    np_scratch_init(&paths.scratch);
    if (np_is_collectable(value)) found = np_why(L, value->v.obj, most, keep_path, &paths);
    if (paths.failed) found = false;
    if (found) status = build_protected(L, build_paths, &paths);
    np_scratch_free(&paths.scratch);
    if (status != LUA_OK) lua_error(L);
    return found ? NEAP_INSPECT_OK : NEAP_INSPECT_MEMORY;
}

/* ---- snapshots ---- */

_Static_assert(NEAP_INSPECT_MEMORY == (int)NP_SNAPSHOT_MEMORY && NEAP_INSPECT_WRITER == (int)NP_SNAPSHOT_WRITE,
               "results are passed on");
LUA_API int neap_snapshot(lua_State *L, lua_Writer writer, void *data) {
    NP_API_ENTER(L);
    L->global->limit.no_collect++; /* writers are called amid a walk */
    int result = np_snapshot_write(L, writer, data);
    L->global->limit.no_collect--;
    return result;
}

LUA_API void neap_onmemoryerror(lua_State *L, void (*f)(lua_State *L, void *data), void *data) {
    NP_API_ENTER(L);
    L->global->limit.on_error = f;
    L->global->limit.on_error_data = data;
}

/* The handler may have come amid anything, so this only stores. The thread that runs notices at its next instruction. Threads
 * that are resumed later are told by np_vm_execute. */
LUA_API void neap_interrupt(lua_State *L, void (*f)(lua_State *L)) {
    NpGlobal *global = L->global;
    __atomic_store_n(&global->asked, f, __ATOMIC_RELAXED);
    np_vm_choose_dispatch(global->running);
    np_vm_poke(false);
}
