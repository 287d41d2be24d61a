/*
 * strlib.c - the string library (manual 6.4) but for patterns, format and packing.
 *
 * Owns: luaopen_string, the functions on bytes and slices, string.dump, and the metatable of
 * strings with the arithmetic of numeric strings.
 * Does not: match (strmatch.c), format (strfmt.c), pack (strpack.c).
 */
#define LUA_LIB

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "announce.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"
#include "strlib.h"

/* ---- Bytes and slices ------------------------------------------------------------------------ */

static int length(lua_State *L)
{
    size_t len;

    luaL_checklstring(L, 1, &len);
    lua_pushinteger(L, (lua_Integer)len);
    return 1;
}

static int slice(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    size_t first = str_first_position(luaL_checkinteger(L, 2), len);
    size_t last = str_last_position(luaL_optinteger(L, 3, -1), len);

    if (first > last) {
        lua_pushliteral(L, "");
    } else if (last - first + 1 == len) {
        lua_settop(L, 1);
    } else {
        lua_pushlstring(L, text + first - 1, last - first + 1);
    }
    return 1;
}

static int byte_values(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer from = luaL_optinteger(L, 2, 1);
    size_t first = str_first_position(from, len);
    size_t last = str_last_position(luaL_optinteger(L, 3, from), len);
    size_t i;

    if (first > last) {
        return 0;
    }
    if (l_unlikely(last - first >= (size_t)INT_MAX)) {
        return luaL_error(L, "string slice too long");
    }
    luaL_checkstack(L, (int)(last - first + 1), "string slice too long");
    for (i = first - 1; i < last; i++) {
        lua_pushinteger(L, (unsigned char)text[i]);
    }
    return (int)(last - first + 1);
}

static int from_bytes(lua_State *L)
{
    int count = lua_gettop(L);
    luaL_Buffer out;
    char *place = luaL_buffinitsize(L, &out, (size_t)count);
    int i;

    for (i = 1; i <= count; i++) {
        lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, i);

        luaL_argcheck(L, code <= UCHAR_MAX, i, "value out of range");
        place[i - 1] = (char)(unsigned char)code;
    }
    luaL_pushresultsize(&out, (size_t)count);
    return 1;
}

static int reverse(lua_State *L)
{
    size_t len, i;
    luaL_Buffer out;
    const char *text = luaL_checklstring(L, 1, &len);
    char *place = luaL_buffinitsize(L, &out, len);

    for (i = 0; i < len; i++) {
        place[i] = text[len - 1 - i];
    }
    luaL_pushresultsize(&out, len);
    return 1;
}

/* Case follows the C locale in force, byte by byte. */

static int lower(lua_State *L)
{
    size_t len, i;
    luaL_Buffer out;
    const char *text = luaL_checklstring(L, 1, &len);
    char *place = luaL_buffinitsize(L, &out, len);

    for (i = 0; i < len; i++) {
        place[i] = (char)tolower((unsigned char)text[i]);
    }
    luaL_pushresultsize(&out, len);
    return 1;
}

static int upper(lua_State *L)
{
    size_t len, i;
    luaL_Buffer out;
    const char *text = luaL_checklstring(L, 1, &len);
    char *place = luaL_buffinitsize(L, &out, len);

    for (i = 0; i < len; i++) {
        place[i] = (char)toupper((unsigned char)text[i]);
    }
    luaL_pushresultsize(&out, len);
    return 1;
}

static int repeat(lua_State *L)
{
    size_t len, seplen, unit, total, done;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer count = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &seplen);
    luaL_Buffer out;
    char *place;

    if (count <= 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    unit = len + seplen;
    if (l_unlikely(unit < len || unit > STR_MAX_SIZE / (lua_Unsigned)count)) {
        return luaL_error(L, "resulting string too large");
    }
    if (count == 1) {
        lua_settop(L, 1);
        return 1;
    }
    /* The last copy has no separator behind it. */
    total = unit * (size_t)count - seplen;
    place = luaL_buffinitsize(L, &out, total);
    if (unit == 1) {
        memset(place, len != 0 ? *text : *separator, total);
    } else if (unit > 1) {
        /* Writes one unit, then copies what stands already: twice as much each time. */
        memcpy(place, text, len);
        if (total > len) {
            memcpy(place + len, separator, seplen);
        }
        for (done = unit; done < total; done *= 2) {
            memcpy(place + done, place, done <= total - done ? done : total - done);
        }
    }
    luaL_pushresultsize(&out, total);
    return 1;
}

/* ---- Dump ------------------------------------------------------------------------------------ */

typedef struct DumpTarget {
    luaL_Buffer bytes;
    int begun; /* the buffer's slot must come above the function, which lua_dump wants on top */
} DumpTarget;

static int write_dump(lua_State *L, const void *piece, size_t size, void *ud)
{
    DumpTarget *target = ud;

    if (!target->begun) {
        target->begun = 1;
        luaL_buffinit(L, &target->bytes);
    }
    luaL_addlstring(&target->bytes, piece, size);
    return 0;
}

static int dump(lua_State *L)
{
    DumpTarget target;
    int strip = lua_toboolean(L, 2);

    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    target.begun = 0;
    if (l_unlikely(lua_dump(L, write_dump, &target, strip) != 0 || !target.begun)) {
        return luaL_error(L, "unable to dump given function");
    }
    luaL_pushresult(&target.bytes);
    return 1;
}

/* ---- Arithmetic on numeric strings ----------------------------------------------------------- */

/* Pushes the operand as a number: itself, or the number its text spells. 0 when it is neither. */
static int push_number(lua_State *L, int arg)
{
    const char *text;
    size_t len;

    if (lua_type(L, arg) == LUA_TNUMBER) {
        lua_pushvalue(L, arg);
        return 1;
    }
    text = lua_tolstring(L, arg, &len);
    /* A zero byte inside the string ends the number early: then it is none. */
    return text != NULL && lua_stringtonumber(L, text) == len + 1;
}

/*
 * The metamethod `event` of strings. When an operand is not numeric the other one's own
 * metamethod gets its turn: the runtime asked the string first if it stood on the left.
 */
static int arithmetic(lua_State *L, int op, const char *event)
{
    if (push_number(L, 1) && push_number(L, 2)) {
        lua_arith(L, op);
        return 1;
    }
    lua_settop(L, 2);
    if (l_unlikely(lua_type(L, 2) == LUA_TSTRING || !luaL_getmetafield(L, 2, event))) {
        return luaL_error(L, "attempt to %s a '%s' with a '%s'", event + 2, luaL_typename(L, -2),
                          luaL_typename(L, -1));
    }
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

static int meta_add(lua_State *L)
{
    return arithmetic(L, LUA_OPADD, "__add");
}

static int meta_sub(lua_State *L)
{
    return arithmetic(L, LUA_OPSUB, "__sub");
}

static int meta_mul(lua_State *L)
{
    return arithmetic(L, LUA_OPMUL, "__mul");
}

static int meta_mod(lua_State *L)
{
    return arithmetic(L, LUA_OPMOD, "__mod");
}

static int meta_pow(lua_State *L)
{
    return arithmetic(L, LUA_OPPOW, "__pow");
}

static int meta_div(lua_State *L)
{
    return arithmetic(L, LUA_OPDIV, "__div");
}

static int meta_idiv(lua_State *L)
{
    return arithmetic(L, LUA_OPIDIV, "__idiv");
}

static int meta_unm(lua_State *L)
{
    return arithmetic(L, LUA_OPUNM, "__unm");
}

/* ---- The module ------------------------------------------------------------------------------ */

static const luaL_Reg FUNCTIONS[] = {
    {"byte", byte_values},
    {"char", from_bytes},
    {"dump", dump},
    {"find", np_strmatch_find},
    {"format", np_strfmt_format},
    {"gmatch", np_strmatch_gmatch},
    {"gsub", np_strmatch_gsub},
    {"len", length},
    {"lower", lower},
    {"match", np_strmatch_match},
    {"pack", np_strpack_pack},
    {"packsize", np_strpack_packsize},
    {"rep", repeat},
    {"reverse", reverse},
    {"sub", slice},
    {"unpack", np_strpack_unpack},
    {"upper", upper},
    {NULL, NULL},
};

static const luaL_Reg METAMETHODS[] = {
    {"__add", meta_add},
    {"__div", meta_div},
    {"__idiv", meta_idiv},
    {"__mod", meta_mod},
    {"__mul", meta_mul},
    {"__pow", meta_pow},
    {"__sub", meta_sub},
    {"__unm", meta_unm},
    {NULL, NULL},
};

LUAMOD_API int luaopen_string(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    np_announce(L, "string", FUNCTIONS);

    lua_createtable(L, 0, (int)(sizeof(METAMETHODS) / sizeof(METAMETHODS[0])));
    luaL_setfuncs(L, METAMETHODS, 0);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "__index");

    /* All strings share one metatable, set through any of them. */
    lua_pushliteral(L, "");
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    return 1;
}
