/*
 * heaplib.c - the `heap` module: what a script sees of the heap, and its way to give memory back.
 *
 * Owns: the shape of the tables of heap.stats() and heap.usage(); limits as values of Lua.
 * Does not: measure anything; neap_stats and neap_usage do (neap.h says what each figure means).
 */
#define LUA_LIB

#include <string.h>

#include <math.h>

#include "lua.h"

#include "lauxlib.h"
#include "neap.h"
#include "stdlib/heaplib.h"

static void set_count(lua_State *L, const char *name, size_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

static void set_seconds(lua_State *L, const char *name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

/* false stands for none, here and in what heap.limit takes. */
void np_heaplib_set_limit(lua_State *L, const char *name, size_t bytes) {
    if (bytes)
        lua_pushinteger(L, (lua_Integer)bytes);
    else
        lua_pushboolean(L, 0);
    lua_setfield(L, -2, name);
}

static void set_objects(lua_State *L, const neap_Stats *stats) {
    lua_createtable(L, 0, stats->ntypes);
    for (int i = 0; i < stats->ntypes; i++) {
        lua_createtable(L, 0, 2);
        set_count(L, "count", stats->types[i].objects);
        set_count(L, "bytes", stats->types[i].bytes);
        lua_setfield(L, -2, stats->types[i].name);
    }
    lua_setfield(L, -2, "objects");
}

/* Only buckets with stops in them: {below = seconds, count = }; of the last one `below` is infinite. */
static void set_histogram(lua_State *L, const neap_Stats *stats) {
    lua_Integer row = 0;
    lua_newtable(L);
    for (int i = 0; i < NEAP_STOP_BUCKETS; i++) {
        if (stats->stop_buckets[i] == 0)
            continue;
        lua_createtable(L, 0, 2);
        set_seconds(L, "below", i < NEAP_STOP_BUCKETS - 1 ? (double)(1L << i) * 1e-6 : HUGE_VAL);
        set_count(L, "count", stats->stop_buckets[i]);
        lua_rawseti(L, -2, ++row);
    }
    lua_setfield(L, -2, "stop_histogram");
}

/* Only classes that own a span. */
static void set_classes(lua_State *L, const neap_Stats *stats) {
    lua_Integer row = 0;
    lua_createtable(L, stats->nclasses, 0);
    for (int i = 0; i < stats->nclasses; i++) {
        if (stats->classes[i].spans == 0)
            continue;
        lua_createtable(L, 0, 5);
        set_count(L, "size", stats->classes[i].slot_bytes);
        set_count(L, "spans", stats->classes[i].spans);
        set_count(L, "slots", stats->classes[i].slots);
        set_count(L, "live", stats->classes[i].live_slots);
        set_count(L, "ready", stats->classes[i].ready);
        lua_rawseti(L, -2, ++row);
    }
    lua_setfield(L, -2, "classes");
}

static void set_kinds(lua_State *L, const neap_Stats *stats) {
    lua_createtable(L, 0, 3);
    for (int i = 0; i < 3; i++) {
        lua_createtable(L, 0, 2);
        set_count(L, "ready", stats->kinds[i].ready);
        set_count(L, "live", stats->kinds[i].live);
        lua_setfield(L, -2, stats->kinds[i].name);
    }
    lua_setfield(L, -2, "kinds");
}

/* heap.stats() -> table; sizes in bytes (integers), times in seconds (floats). */
static int heap_stats(lua_State *L) {
    neap_Stats stats; /* taken before the table that shows it is made */
    neap_stats(L, &stats);
    lua_createtable(L, 0, 16);
    set_count(L, "live", stats.live);
    set_count(L, "allocated", stats.allocated_total);
    set_count(L, "reserved", stats.reserved);
    set_count(L, "mapped", stats.mapped);
    set_count(L, "ready", stats.ready);
    set_count(L, "released", stats.released);
    set_count(L, "resident", stats.resident);
    set_count(L, "peak", stats.peak_resident);
    set_count(L, "collections", stats.collections);
    set_count(L, "stops", stats.stops);
    set_seconds(L, "longest_stop", stats.longest_stop);
    set_seconds(L, "longest_stop_cpu", stats.longest_stop_cpu);
    set_seconds(L, "total_stop", stats.total_stop);
    np_heaplib_set_limit(L, "limit", stats.limit);
    np_heaplib_set_limit(L, "soft_limit", stats.soft_limit);
    set_count(L, "reserve", stats.reserve);
    set_count(L, "limit_hits", stats.limit_hits);
    set_count(L, "limit_collections", stats.limit_collections);
    lua_pushstring(L, stats.system);
    lua_setfield(L, -2, "system");
    set_histogram(L, &stats);
    set_objects(L, &stats);
    set_classes(L, &stats);
    set_kinds(L, &stats);
    return 1;
}

/* heap.release() -> bytes given back to the system by this call. */
static int heap_release(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)neap_release(L));
    return 1;
}

static void push_usage(lua_State *L, const neap_Usage *usage) {
    lua_createtable(L, 0, 5);
    set_seconds(L, "user", usage->user);
    set_seconds(L, "system", usage->system);
    set_count(L, "peak", usage->peak_resident);
    set_count(L, "minor_faults", usage->minor_faults);
    set_count(L, "major_faults", usage->major_faults);
}

/* heap.usage() -> what this process has used, what its children have; nil where the system does not say. */
static int heap_usage(lua_State *L) {
    neap_Usage self, children;
    if (!neap_usage(&self, &children)) {
        luaL_pushfail(L);
        return 1;
    }
    push_usage(L, &self);
    push_usage(L, &children);
    return 2;
}

size_t np_heaplib_limit(lua_State *L, const char *function, const char *name, size_t old) {
    size_t bytes = 0;
    const char *wrong = NULL;
    switch (lua_type(L, -1)) {
    case LUA_TNIL: bytes = old; break;
    case LUA_TBOOLEAN: wrong = lua_toboolean(L, -1) ? "is true" : NULL; break;
    case LUA_TSTRING: {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        wrong = strlen(text) == length ? neap_parselimit(text, &bytes) : "has a zero behind it";
        break;
    }
    case LUA_TNUMBER: {
        int whole;
        lua_Integer value = lua_tointegerx(L, -1, &whole);
        bytes = (size_t)value;
        if (!whole)
            wrong = "is not a whole number of bytes";
        else if (value <= 0)
            wrong = "is not positive; false stands for no limit";
        else if (bytes > (size_t)-1 / 4)
            wrong = "is too large";
        break;
    }
    default: wrong = "is neither a size nor false";
    }
    if (wrong != NULL)
        luaL_error(L, "%s: %s (%s) %s", function, name, luaL_tolstring(L, -1, NULL), wrong);
    lua_pop(L, 1);
    return bytes;
}

/* The limit that field `name` of the table at 1 asks for; `old` when there is no such field. */
static size_t get_limit(lua_State *L, const char *name, size_t old) {
    lua_getfield(L, 1, name);
    return np_heaplib_limit(L, "heap.limit", name, old);
}

static void check_fields(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strcmp(name, "hard") != 0 && strcmp(name, "soft") != 0)
            luaL_error(L, "heap.limit: unknown field '%s'", luaL_tolstring(L, -2, NULL));
    }
}

/* heap.limit([{hard =, soft =}]) -> {hard =, soft =} as they were before. */
static int heap_limit(lua_State *L) {
    size_t hard, soft;
    neap_getlimit(L, &hard, &soft);
    lua_settop(L, 1);
    lua_createtable(L, 0, 2);
    np_heaplib_set_limit(L, "hard", hard);
    np_heaplib_set_limit(L, "soft", soft);
    if (lua_isnil(L, 1))
        return 1;
    check_fields(L);
    hard = get_limit(L, "hard", hard);
    soft = get_limit(L, "soft", soft);
    switch (neap_setlimit(L, hard, soft)) {
    case NEAP_LIMIT_IN_USE: return luaL_error(L, "heap.limit: hard (%I) is less than what is in use", (LUAI_UACINT)hard);
    case NEAP_LIMIT_SOFT_ABOVE: return luaL_error(L, "heap.limit: soft (%I) is above hard (%I)", (LUAI_UACINT)soft, (LUAI_UACINT)hard);
    default: return 1;
    }
}

/* heap.onlimit(f) */
static int heap_onlimit(lua_State *L) {
    if (!lua_isnoneornil(L, 1))
        luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    neap_onlimit(L);
    return 0;
}

/* heap.step(ms) -> true when a cycle of collection has ended. */
static int heap_step(lua_State *L) {
    lua_Number milliseconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, milliseconds >= 0, 1, "a time in milliseconds expected");
    lua_pushboolean(L, neap_step(L, milliseconds * 1e-3));
    return 1;
}

static const luaL_Reg functions[] = {
    {"limit", heap_limit},
    {"onlimit", heap_onlimit},
    {"release", heap_release},
    {"stats", heap_stats},
    {"step", heap_step},
    {"usage", heap_usage},
    {NULL, NULL},
};

LUAMOD_API int luaopen_heap(lua_State *L) {
    np_heapgroup_open(L);
    np_heapsites_open(L);
    luaL_newlib(L, functions);
    luaL_setfuncs(L, np_heapgraph_functions, 0);
    luaL_setfuncs(L, np_heapgroup_functions, 0);
    luaL_setfuncs(L, np_heapmetrics_functions, 0);
    luaL_setfuncs(L, np_heapsites_functions, 0);
    return 1;
}
