/*
 * baselib.c - the basic functions (manual 6.1).
 *
 * Owns: the global functions, _G and _VERSION. The module's table is the table of globals.
 * Does not: collect, load or call anything by itself; all through the public API. pcall and
 * xpcall go through neap_tailpcallk so that protected calls nest without using the C stack.
 */
#define LUA_LIB

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lua.h"

#include "announce.h"
#include "lauxlib.h"
#include "lualib.h"
#include "neap.h"

/* ---- Output ---- */

static int base_print(lua_State *L) {
    int count = lua_gettop(L);
    for (int i = 1; i <= count; i++) {
        size_t len;
        const char *text = luaL_tolstring(L, i, &len);
        if (i > 1)
            lua_writestring("\t", 1);
        lua_writestring(text, len);
        lua_pop(L, 1);
    }
    lua_writeline();
    return 0;
}

/* All pieces are checked before the first is emitted: a bad one must not leave half a warning. */
static int base_warn(lua_State *L) {
    int count = lua_gettop(L);
    luaL_checkstring(L, 1);
    for (int i = 2; i <= count; i++)
        luaL_checkstring(L, i);
    for (int i = 1; i <= count; i++)
        lua_warning(L, lua_tostring(L, i), i < count);
    return 0;
}

/* ---- Conversion ---- */

/* Reads an integer numeral of the given base that fills the whole text but for white space
 * around it. Overflow wraps around. */
static bool read_numeral(const char *text, size_t len, int base, lua_Integer *out) {
    const unsigned char *at = (const unsigned char *)text, *end = at + len;
    lua_Unsigned value = 0;
    bool negative = false;
    while (at < end && isspace(*at))
        at++;
    while (end > at && isspace(end[-1]))
        end--;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    if (at == end)
        return false;
    for (; at < end; at++) {
        int digit = isdigit(*at) ? *at - '0' : isalpha(*at) ? toupper(*at) - 'A' + 10 : base;
        if (digit >= base)
            return false;
        value = value * (lua_Unsigned)base + (lua_Unsigned)digit;
    }
    *out = (lua_Integer)(negative ? 0u - value : value);
    return true;
}

static int base_tonumber(lua_State *L) {
    if (!lua_isnoneornil(L, 2)) {
        lua_Integer base = luaL_checkinteger(L, 2), value;
        size_t len;
        luaL_checktype(L, 1, LUA_TSTRING); /* a number has no base */
        const char *text = lua_tolstring(L, 1, &len);
        luaL_argcheck(L, base >= 2 && base <= 36, 2, "base out of range");
        if (read_numeral(text, len, (int)base, &value))
            lua_pushinteger(L, value);
        else
            luaL_pushfail(L);
        return 1;
    }
    if (lua_type(L, 1) == LUA_TNUMBER) {
        lua_settop(L, 1);
        return 1;
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    if (text != NULL && lua_stringtonumber(L, text) == len + 1)
        return 1;
    luaL_checkany(L, 1);
    luaL_pushfail(L);
    return 1;
}

static int base_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    luaL_tolstring(L, 1, NULL);
    return 1;
}

static int base_type(lua_State *L) {
    int type = lua_type(L, 1);
    luaL_argcheck(L, type != LUA_TNONE, 1, "value expected");
    lua_pushstring(L, lua_typename(L, type));
    return 1;
}

/* ---- Errors ---- */

static int base_error(lua_State *L) {
    lua_Integer level = luaL_optinteger(L, 2, 1);
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING && level > 0) {
        luaL_where(L, (int)level);
        lua_insert(L, 1);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int base_assert(lua_State *L) {
    if (lua_toboolean(L, 1))
        return lua_gettop(L);
    luaL_checkany(L, 1);
    if (lua_gettop(L) == 1)
        lua_pushliteral(L, "assertion failed!");
    lua_settop(L, 2);
    lua_remove(L, 1);
    return base_error(L); /* with no level: position of the caller before a string */
}

/* End of xpcall. The stack holds `below` values that are not results, then true, then the results
 * or, after an error, the error value. */
static int end_protected(lua_State *L, int status, lua_KContext below) {
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)below;
}

static int base_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    return neap_tailpcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, NULL);
}

/* f, handler, args...  becomes  handler, true, f, args... */
static int base_xpcall(lua_State *L) {
    int nargs = lua_gettop(L) - 2;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_insert(L, 1);
    lua_copy(L, 2, 3);
    lua_pushboolean(L, 1);
    lua_replace(L, 2);
    return neap_tailpcallk(L, nargs, LUA_MULTRET, 1, 1, end_protected);
}

/* ---- Tables ---- */

static int base_getmetatable(lua_State *L) {
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_getmetafield(L, 1, "__metatable"); /* pushes over the metatable only if there is one */
    return 1;
}

static int base_setmetatable(lua_State *L) {
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int base_rawequal(lua_State *L) {
    luaL_checkany(L, 1);
    luaL_checkany(L, 2);
    lua_pushboolean(L, lua_rawequal(L, 1, 2));
    return 1;
}

static int base_rawlen(lua_State *L) {
    int type = lua_type(L, 1);
    luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

static int base_rawget(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

static int base_rawset(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

static int base_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_next(L, 1))
        return 2;
    lua_pushnil(L);
    return 1;
}

static int end_pairs(lua_State *L, int status, lua_KContext ctx) {
    (void)L, (void)status, (void)ctx;
    return 3;
}

static int base_pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL) {
        lua_pushcfunction(L, base_next);
        lua_pushvalue(L, 1);
        lua_pushnil(L);
    } else {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, end_pairs);
    }
    return 3;
}

static int step_ipairs(lua_State *L) {
    lua_Integer index = luaL_intop(+, luaL_checkinteger(L, 2), 1);
    lua_pushinteger(L, index);
    return lua_geti(L, 1, index) == LUA_TNIL ? 1 : 2;
}

static int base_ipairs(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushcfunction(L, step_ipairs);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int base_select(lua_State *L) {
    int count = lua_gettop(L);
    if (lua_type(L, 1) == LUA_TSTRING && *lua_tostring(L, 1) == '#') {
        lua_pushinteger(L, count - 1);
        return 1;
    }
    lua_Integer from = luaL_checkinteger(L, 1);
    if (from < 0)
        from += count; /* -1 is the last argument, at index count - 1 counted after the first */
    else if (from > count)
        from = count;
    luaL_argcheck(L, from >= 1, 1, "index out of range");
    return count - (int)from;
}

/* ---- Chunks ---- */

/* Where base_load keeps the piece the reader function gave last, safe from collection while
 * lua_load reads it. */
#define PIECE_SLOT 5

static const char *read_piece(lua_State *L, void *data, size_t *size) {
    (void)data;
    luaL_checkstack(L, 2, "too many nested functions");
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        *size = 0;
        return NULL;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "reader function must return a string");
    lua_replace(L, PIECE_SLOT);
    return lua_tolstring(L, PIECE_SLOT, size);
}

/* Result of load and loadfile: the chunk, whose first upvalue becomes the value at env unless that
 * is 0; or fail and the message on top. */
static int end_load(lua_State *L, int status, int env) {
    if (status != LUA_OK) {
        luaL_pushfail(L);
        lua_insert(L, -2);
        return 2;
    }
    if (env != 0) {
        lua_pushvalue(L, env);
        if (lua_setupvalue(L, -2, 1) == NULL)
            lua_pop(L, 1); /* a chunk without upvalues has no environment to set */
    }
    return 1;
}

static int base_load(lua_State *L) {
    const char *mode = luaL_optstring(L, 3, "bt");
    int env = lua_isnone(L, 4) ? 0 : 4;
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    int status;
    if (text != NULL) {
        const char *name = luaL_optstring(L, 2, text);
        status = luaL_loadbufferx(L, text, len, name, mode);
    } else {
        const char *name = luaL_optstring(L, 2, "=(load)");
        luaL_checktype(L, 1, LUA_TFUNCTION);
        lua_settop(L, PIECE_SLOT);
        status = lua_load(L, read_piece, NULL, name, mode);
    }
    return end_load(L, status, env);
}

static int base_loadfile(lua_State *L) {
    const char *name = luaL_optstring(L, 1, NULL);
    const char *mode = luaL_optstring(L, 2, NULL);
    int env = lua_isnone(L, 3) ? 0 : 3;
    int status = luaL_loadfilex(L, name, mode);
    return end_load(L, status, env);
}

static int end_dofile(lua_State *L, int status, lua_KContext ctx) {
    (void)status, (void)ctx;
    return lua_gettop(L) - 1;
}

static int base_dofile(lua_State *L) {
    const char *name = luaL_optstring(L, 1, NULL);
    lua_settop(L, 1);
    if (luaL_loadfile(L, name) != LUA_OK)
        return lua_error(L);
    lua_callk(L, 0, LUA_MULTRET, 0, end_dofile);
    return end_dofile(L, LUA_OK, 0);
}

/* ---- The collector ---- */

/* Calls into a collector that cannot be reached (lua_gc is not allowed inside a finalizer that
 * runs while the state closes) give -1: the option's result is then fail. */
static int no_collector(lua_State *L) {
    luaL_pushfail(L);
    return 1;
}

static int push_mode(lua_State *L, int previous) {
    if (previous < 0)
        return no_collector(L);
    lua_pushstring(L, previous == LUA_GCINC ? "incremental" : "generational");
    return 1;
}

static int base_collectgarbage(lua_State *L) {
    static const char *const names[] = {"collect", "stop", "restart", "count", "step", "setpause",
        "setstepmul", "isrunning", "generational", "incremental", NULL};
    static const int requests[] = {LUA_GCCOLLECT, LUA_GCSTOP, LUA_GCRESTART, LUA_GCCOUNT,
        LUA_GCSTEP, LUA_GCSETPAUSE, LUA_GCSETSTEPMUL, LUA_GCISRUNNING, LUA_GCGEN, LUA_GCINC};
    int request = requests[luaL_checkoption(L, 1, "collect", names)];
    int result;
    switch (request) {
    case LUA_GCCOUNT: {
        int kib = lua_gc(L, LUA_GCCOUNT);
        if (kib < 0)
            return no_collector(L);
        lua_pushnumber(L, (lua_Number)kib + (lua_Number)lua_gc(L, LUA_GCCOUNTB) / 1024);
        return 1;
    }
    case LUA_GCSTEP:
        result = lua_gc(L, LUA_GCSTEP, (int)luaL_optinteger(L, 2, 0));
        break;
    case LUA_GCSETPAUSE:
    case LUA_GCSETSTEPMUL:
        result = lua_gc(L, request, (int)luaL_optinteger(L, 2, 0));
        break;
    case LUA_GCGEN: {
        int minor = (int)luaL_optinteger(L, 2, 0), major = (int)luaL_optinteger(L, 3, 0);
        return push_mode(L, lua_gc(L, LUA_GCGEN, minor, major));
    }
    case LUA_GCINC: {
        int pause = (int)luaL_optinteger(L, 2, 0), mul = (int)luaL_optinteger(L, 3, 0);
        return push_mode(L, lua_gc(L, LUA_GCINC, pause, mul, (int)luaL_optinteger(L, 4, 0)));
    }
    default:
        result = lua_gc(L, request);
    }
    if (result < 0)
        return no_collector(L);
    if (request == LUA_GCSTEP || request == LUA_GCISRUNNING)
        lua_pushboolean(L, result);
    else
        lua_pushinteger(L, result);
    return 1;
}

/* ---- The module ---- */

static const luaL_Reg functions[] = {
    {"assert", base_assert},
    {"collectgarbage", base_collectgarbage},
    {"dofile", base_dofile},
    {"error", base_error},
    {"getmetatable", base_getmetatable},
    {"ipairs", base_ipairs},
    {"load", base_load},
    {"loadfile", base_loadfile},
    {"next", base_next},
    {"pairs", base_pairs},
    {"pcall", base_pcall},
    {"print", base_print},
    {"rawequal", base_rawequal},
    {"rawget", base_rawget},
    {"rawlen", base_rawlen},
    {"rawset", base_rawset},
    {"select", base_select},
    {"setmetatable", base_setmetatable},
    {"tonumber", base_tonumber},
    {"tostring", base_tostring},
    {"type", base_type},
    {"warn", base_warn},
    {"xpcall", base_xpcall},
    {NULL, NULL},
};

LUAMOD_API int luaopen_base(lua_State *L) {
    neap_setiterators(L, base_next, step_ipairs);
    neap_setpcall(L, base_pcall);
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    np_announce(L, "base", functions);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, LUA_GNAME);
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, -2, "_VERSION");
    return 1;
}
