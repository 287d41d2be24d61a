/*
 * tablib.c - table manipulation (manual 6.6).
 *
 * Owns: the `table` module and its argument checks. Sorting itself is tabsort.c.
 * Does not: require real tables. A value with the metamethods an operation needs will do; a table
 * without a metatable takes the raw accessors, which is the same and faster.
 */
#define LUA_LIB

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "lua.h"

#include "announce.h"
#include "lauxlib.h"
#include "lualib.h"
#include "stdlib/tabsort.h"

enum { READ = 1, WRITE = 2, LENGTH = 4 }; /* what an operation does to its table */

/* Checks that the argument can take the operations in `uses`; true when it is a plain table. */
static bool check_table(lua_State *L, int arg, int uses) {
    static const struct {
        int use;
        const char *event;
    } needs[] = {{READ, "__index"}, {WRITE, "__newindex"}, {LENGTH, "__len"}};
    bool is_table = lua_type(L, arg) == LUA_TTABLE;
    if (!lua_getmetatable(L, arg)) {
        if (!is_table)
            luaL_checktype(L, arg, LUA_TTABLE);
        return true;
    }
    if (!is_table) {
        for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
            if (!(uses & needs[i].use))
                continue;
            lua_pushstring(L, needs[i].event);
            if (lua_rawget(L, -2) == LUA_TNIL)
                luaL_checktype(L, arg, LUA_TTABLE);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return false;
}

static lua_Integer length(lua_State *L, int arg, bool plain) {
    return plain ? (lua_Integer)lua_rawlen(L, arg) : luaL_len(L, arg);
}

static int fetch(lua_State *L, int arg, lua_Integer at, bool plain) {
    return plain ? lua_rawgeti(L, arg, at) : lua_geti(L, arg, at);
}

static void put(lua_State *L, int arg, lua_Integer at, bool plain) {
    if (plain)
        lua_rawseti(L, arg, at);
    else
        lua_seti(L, arg, at);
}

static int tab_insert(lua_State *L) {
    bool plain = check_table(L, 1, READ | WRITE | LENGTH);
    lua_Integer end = luaL_intop(+, length(L, 1, plain), 1); /* first free place */
    lua_Integer place = end;
    switch (lua_gettop(L)) {
    case 2:
        break;
    case 3:
        place = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)place - 1 < (lua_Unsigned)end, 2, "position out of bounds");
        for (lua_Integer at = end; at > place; at--) {
            fetch(L, 1, at - 1, plain);
            put(L, 1, at, plain);
        }
        break;
    default:
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    put(L, 1, place, plain);
    return 0;
}

static int tab_remove(lua_State *L) {
    bool plain = check_table(L, 1, READ | WRITE | LENGTH);
    lua_Integer size = length(L, 1, plain);
    lua_Integer place = luaL_optinteger(L, 2, size);
    if (lua_gettop(L) > 1) /* size + 1 is allowed, and so is 0 in an empty table */
        luaL_argcheck(L, place == size || (lua_Unsigned)place - 1 <= (lua_Unsigned)size, 2,
                      "position out of bounds");
    fetch(L, 1, place, plain);
    for (; place < size; place++) {
        fetch(L, 1, place + 1, plain);
        put(L, 1, place, plain);
    }
    lua_pushnil(L);
    put(L, 1, place, plain);
    return 1;
}

static int tab_move(lua_State *L) {
    lua_Integer from = luaL_checkinteger(L, 2);
    lua_Integer end = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    bool plain = check_table(L, 1, READ), plain_target = check_table(L, target, WRITE);
    if (end >= from) {
        luaL_argcheck(L, from > 0 || end < LUA_MAXINTEGER + from, 3, "too many elements to move");
        lua_Integer count = end - from + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        bool overlaps = to > from && to <= end &&
                        (target == 1 || lua_compare(L, 1, target, LUA_OPEQ));
        if (overlaps) {
            for (lua_Integer i = count - 1; i >= 0; i--) {
                fetch(L, 1, from + i, plain);
                put(L, target, to + i, plain_target);
            }
        } else {
            for (lua_Integer i = 0; i < count; i++) {
                fetch(L, 1, from + i, plain);
                put(L, target, to + i, plain_target);
            }
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static int tab_concat(lua_State *L) {
    bool plain = check_table(L, 1, READ | LENGTH);
    lua_Integer end = length(L, 1, plain);
    size_t gap_len;
    const char *gap = luaL_optlstring(L, 2, "", &gap_len);
    lua_Integer at = luaL_optinteger(L, 3, 1);
    end = luaL_optinteger(L, 4, end);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    while (at <= end) {
        int type = fetch(L, 1, at, plain);
        if (type == LUA_TSTRING) {
            size_t size;
            const char *text = lua_tolstring(L, -1, &size);
            if (size <= out.size - out.n) { /* no room is made, so it stays while it is copied */
                memcpy(out.b + out.n, text, size);
                out.n += size;
                lua_pop(L, 1);
            } else {
                luaL_addvalue(&out);
            }
        } else if (type == LUA_TNUMBER) {
            luaL_addvalue(&out);
        } else {
            return luaL_error(L, "invalid value (%s) at index %I in table for 'concat'",
                              luaL_typename(L, -1), (LUAI_UACINT)at);
        }
        if (at == end) /* it may be the largest integer: never count past it */
            break;
        at++;
        if (gap_len > 0)
            luaL_addlstring(&out, gap, gap_len);
    }
    luaL_pushresult(&out);
    return 1;
}

static int tab_pack(lua_State *L) {
    int count = lua_gettop(L);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

static int tab_unpack(lua_State *L) {
    lua_Integer from = luaL_optinteger(L, 2, 1);
    lua_Integer end = luaL_opt(L, luaL_checkinteger, 3, luaL_len(L, 1));
    if (from > end)
        return 0;
    lua_Unsigned more = (lua_Unsigned)end - (lua_Unsigned)from; /* results but one */
    if (more >= INT_MAX || !lua_checkstack(L, (int)more + 1))
        return luaL_error(L, "too many results to unpack");
    bool plain = lua_type(L, 1) == LUA_TTABLE && !lua_getmetatable(L, 1);
    if (!plain && lua_type(L, 1) == LUA_TTABLE)
        lua_pop(L, 1);
    for (lua_Unsigned i = 0; i <= more; i++)
        fetch(L, 1, luaL_intop(+, from, i), plain);
    return (int)more + 1;
}

static int tab_sort(lua_State *L) {
    bool plain = check_table(L, 1, READ | WRITE | LENGTH);
    lua_Integer count = length(L, 1, plain);
    if (count < 2)
        return 0;
    luaL_argcheck(L, count < INT_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    else if (plain && neap_sort(L, 1, count))
        return 0;
    lua_settop(L, 2);
    np_tabsort_sort(L, count, plain);
    return 0;
}

static const luaL_Reg functions[] = {
    {"concat", tab_concat},
    {"insert", tab_insert},
    {"move", tab_move},
    {"pack", tab_pack},
    {"remove", tab_remove},
    {"sort", tab_sort},
    {"unpack", tab_unpack},
    {NULL, NULL},
};

LUAMOD_API int luaopen_table(lua_State *L) {
    luaL_newlib(L, functions);
    np_announce(L, "table", functions);
    return 1;
}
