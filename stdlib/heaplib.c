/*
 * heaplib.c - the `heap` module: what a script sees of the heap, and its way to give memory back.
 *
 * Owns: the shape of the tables of heap.stats() and heap.usage().
 * Does not: measure anything; neap_stats and neap_usage do (neap.h says what each figure means).
 */
#define LUA_LIB

#include "lua.h"

#include "lauxlib.h"
#include "neap.h"

static void set_count(lua_State *L, const char *name, size_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

static void set_seconds(lua_State *L, const char *name, double value) {
    lua_pushnumber(L, value);
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

/* Only classes that own a span. */
static void set_classes(lua_State *L, const neap_Stats *stats) {
    lua_Integer row = 0;
    lua_createtable(L, stats->nclasses, 0);
    for (int i = 0; i < stats->nclasses; i++) {
        if (stats->classes[i].spans == 0)
            continue;
        lua_createtable(L, 0, 4);
        set_count(L, "size", stats->classes[i].slot_bytes);
        set_count(L, "spans", stats->classes[i].spans);
        set_count(L, "slots", stats->classes[i].slots);
        set_count(L, "live", stats->classes[i].live_slots);
        lua_rawseti(L, -2, ++row);
    }
    lua_setfield(L, -2, "classes");
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
    set_seconds(L, "gc_time", stats.gc_seconds_total);
    set_seconds(L, "longest_stop", stats.longest_stop);
    set_seconds(L, "total_stop", stats.total_stop);
    lua_pushstring(L, stats.system);
    lua_setfield(L, -2, "system");
    set_objects(L, &stats);
    set_classes(L, &stats);
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

static const luaL_Reg functions[] = {
    {"release", heap_release},
    {"stats", heap_stats},
    {"usage", heap_usage},
    {NULL, NULL},
};

LUAMOD_API int luaopen_heap(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
