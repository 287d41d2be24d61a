/*
 * heapgroup.c - heap.group: accounts of memory with limits of their own.
 *
 * Owns: the methods of groups.
 * Does not: charge or refuse anything (neap.h, "Groups").
 */
#define LUA_LIB

#include "stdlib/heaplib.h"

#include <string.h>

#include "lua.h"

#include "lauxlib.h"
#include "neap.h"

#define TYPE "heap.group"

static void check_group(lua_State *L) {
    luaL_checkudata(L, 1, TYPE);
    luaL_argcheck(L, neap_group_is(L, 1), 1, "a group expected"); /* its metatable may have been given to something else */
}

/* group:run(f, ...) -> what f returns */
static int group_run(lua_State *L) {
    check_group(L);
    luaL_checkany(L, 2);
    return neap_group_tailcall(L, 1, lua_gettop(L) - 2);
}

static void set_count(lua_State *L, const char *name, size_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

/* group:stats() -> {name =, bytes =, peak =, objects =, limit =, hits =} */
static int group_stats(lua_State *L) {
    neap_GroupStats stats;
    check_group(L);
    neap_group_stats(L, 1, &stats);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, stats.name);
    lua_setfield(L, -2, "name");
    set_count(L, "bytes", stats.bytes);
    set_count(L, "peak", stats.peak);
    set_count(L, "objects", stats.objects);
    np_heaplib_set_limit(L, "limit", stats.limit);
    set_count(L, "hits", stats.limit_hits);
    return 1;
}

static void push_limit(lua_State *L, size_t bytes) {
    if (bytes)
        lua_pushinteger(L, (lua_Integer)bytes);
    else
        lua_pushboolean(L, 0);
}

/* group:limit([bytes]) -> the limit as it was before, false for none */
static int group_limit(lua_State *L) {
    neap_GroupStats stats;
    size_t limit;
    check_group(L);
    neap_group_stats(L, 1, &stats);
    lua_settop(L, 2);
    limit = np_heaplib_limit(L, "group:limit", "limit", stats.limit);
    if (limit != stats.limit && neap_group_setlimit(L, 1, limit) != NEAP_LIMIT_OK)
        return luaL_error(L, "group:limit: limit (%I) is less than what is in use", (LUAI_UACINT)limit);
    push_limit(L, stats.limit);
    return 1;
}

static int group_tostring(lua_State *L) {
    neap_GroupStats stats;
    check_group(L);
    neap_group_stats(L, 1, &stats);
    lua_pushfstring(L, "heap.group: %s", stats.name);
    return 1;
}

static const luaL_Reg methods[] = {
    {"limit", group_limit},
    {"run", group_run},
    {"stats", group_stats},
    {NULL, NULL},
};

void np_heapgroup_open(lua_State *L) {
    luaL_newmetatable(L, TYPE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, group_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

/* heap.group(name [, {limit =}]) -> group */
static int heap_group(lua_State *L) {
    size_t length, limit = 0;
    const char *name = luaL_checklstring(L, 1, &length);
    luaL_argcheck(L, strlen(name) == length, 1, "a name without zeros expected");
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
            if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "limit") != 0)
                return luaL_error(L, "heap.group: unknown field '%s'", luaL_tolstring(L, -2, NULL));
        lua_getfield(L, 2, "limit");
        limit = np_heaplib_limit(L, "heap.group", "limit", 0);
    }
    neap_group_new(L, name, limit);
    luaL_setmetatable(L, TYPE);
    return 1;
}

const luaL_Reg np_heapgroup_functions[] = {
    {"group", heap_group},
    {NULL, NULL},
};
