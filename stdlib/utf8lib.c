/*
 * utf8lib.c - the utf8 library (manual 6.5).
 *
 * Owns: reading and writing UTF-8, in the strict form (code points up to 10FFFF, no surrogates)
 * and the lax one (up to 7FFFFFFF, six bytes).
 * Does not: normalise or classify characters.
 *
 * Positions count bytes from 1 in arguments and results, from 0 inside. A string's final zero
 * byte may be read: it is neither a continuation byte nor part of a sequence.
 */
#define LUA_LIB

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

#define MAX_LAX 0x7FFFFFFFu
#define MAX_STRICT 0x10FFFFu
#define MAX_BYTES 6 /* of one lax sequence */

#define INVALID "invalid UTF-8 code"

typedef uint32_t NpCode;

/* ---- Sequences ------------------------------------------------------------------------------- */

static inline int is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/*
 * Decodes the sequence at `at` into *code and returns what follows it; NULL when it is malformed,
 * longer than it need be, or, when strict, no Unicode scalar value.
 */
static const char *decode(const char *at, NpCode *code, int strict)
{
    /* Least value that needs 1 + n continuation bytes. */
    static const NpCode LEAST[] = {0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    unsigned char lead = (unsigned char)*at++;
    NpCode value;
    int extra, i;

    if (lead < 0x80) {
        *code = lead;
        return at;
    }
    if (lead < 0xC0 || lead >= 0xFE) {
        return NULL;
    }
    /* The lead's leading ones, less one, are the continuation bytes; the bits below are data. */
    extra = 1;
    while ((lead << extra & 0x40) != 0) {
        extra++;
    }
    value = lead & (0x3Fu >> extra);
    for (i = 0; i < extra; i++) {
        if (!is_continuation(*at)) {
            return NULL;
        }
        value = value << 6 | ((unsigned char)*at++ & 0x3F);
    }
    if (value < LEAST[extra - 1]) {
        return NULL;
    }
    if (strict && (value > MAX_STRICT || (value >= 0xD800 && value <= 0xDFFF))) {
        return NULL;
    }
    *code = value;
    return at;
}

/* Writes a code point of at most MAX_LAX; returns how many of the MAX_BYTES it took. */
static size_t encode(NpCode code, char *out)
{
    /* Least code that needs 2 + index continuation bytes. */
    static const NpCode LIMIT[] = {0x800, 0x10000, 0x200000, 0x4000000};
    int extra = 1;
    int i;

    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    while (extra < MAX_BYTES - 1 && code >= LIMIT[extra - 1]) {
        extra++;
    }
    for (i = extra; i > 0; i--) {
        out[i] = (char)(unsigned char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(unsigned char)((0xFF00u >> (extra + 1)) | code);
    return (size_t)extra + 1;
}

/* A position argument: negative counts from the end, 0 and less come out less than 1. */
static lua_Integer relative(lua_Integer pos, size_t size)
{
    if (pos >= 0) {
        return pos;
    }
    return (size_t)0 - (size_t)pos > size ? 0 : (lua_Integer)size + pos + 1;
}

/* ---- Functions ------------------------------------------------------------------------------- */

/* len(s [, i [, j [, lax]]]): characters that begin between i and j, or fail and where it failed */
static int count_characters(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Integer at = relative(luaL_optinteger(L, 2, 1), size);
    lua_Integer last = relative(luaL_optinteger(L, 3, -1), size);
    int lax = lua_toboolean(L, 4);
    lua_Integer count = 0;

    luaL_argcheck(L, 1 <= at && --at <= (lua_Integer)size, 2, "initial position out of bounds");
    luaL_argcheck(L, --last < (lua_Integer)size, 3, "final position out of bounds");
    for (; at <= last; count++) {
        NpCode code;
        const char *next = decode(text + at, &code, !lax);

        if (next == NULL) {
            luaL_pushfail(L);
            lua_pushinteger(L, at + 1);
            return 2;
        }
        at = next - text;
    }
    lua_pushinteger(L, count);
    return 1;
}

/* codepoint(s [, i [, j [, lax]]]): codes of the characters that begin between i and j */
static int code_points(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Integer first = relative(luaL_optinteger(L, 2, 1), size);
    lua_Integer last = relative(luaL_optinteger(L, 3, first), size);
    int lax = lua_toboolean(L, 4);
    const char *at, *end;
    int count = 0;

    luaL_argcheck(L, first >= 1, 2, "out of bounds");
    luaL_argcheck(L, last <= (lua_Integer)size, 3, "out of bounds");
    if (first > last) {
        return 0;
    }
    if (last - first >= INT_MAX) {
        return luaL_error(L, "string slice too long");
    }
    luaL_checkstack(L, (int)(last - first) + 1, "string slice too long");
    end = text + last;
    for (at = text + first - 1; at < end; count++) {
        NpCode code;

        at = decode(at, &code, !lax);
        if (at == NULL) {
            return luaL_error(L, INVALID);
        }
        lua_pushinteger(L, code);
    }
    return count;
}

/* char(...): the characters with these codes, in one string */
static int from_codes(lua_State *L)
{
    int count = lua_gettop(L);
    luaL_Buffer out;
    int i;

    luaL_buffinit(L, &out);
    for (i = 1; i <= count; i++) {
        lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, i);

        luaL_argcheck(L, code <= MAX_LAX, i, "value out of range");
        luaL_addsize(&out, encode((NpCode)code, luaL_prepbuffsize(&out, MAX_BYTES)));
    }
    luaL_pushresult(&out);
    return 1;
}

/*
 * offset(s, n [, i]): where the n-th character counted from position i begins; n = 0 asks for
 * the character that holds byte i.
 */
static int offset(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Integer end = (lua_Integer)size;
    lua_Integer steps = luaL_checkinteger(L, 2);
    lua_Integer at = relative(luaL_optinteger(L, 3, steps >= 0 ? 1 : end + 1), size);

    luaL_argcheck(L, 1 <= at && --at <= end, 3, "position out of bounds");
    if (steps == 0) {
        while (at > 0 && is_continuation(text[at])) {
            at--;
        }
        lua_pushinteger(L, at + 1);
        return 1;
    }
    if (is_continuation(text[at])) {
        return luaL_error(L, "initial position is a continuation byte");
    }
    if (steps < 0) {
        for (; steps < 0 && at > 0; steps++) {
            do {
                at--;
            } while (at > 0 && is_continuation(text[at]));
        }
    } else {
        /* One character fewer: position i begins the first. The end counts as a beginning. */
        for (steps--; steps > 0 && at < end; steps--) {
            do {
                at++;
            } while (is_continuation(text[at]));
        }
    }
    if (steps == 0) {
        lua_pushinteger(L, at + 1);
    } else {
        luaL_pushfail(L);
    }
    return 1;
}

/* One step of codes: from the byte position of a character to the next one and its code. */
static int next_code(lua_State *L, int strict)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Unsigned at = (lua_Unsigned)lua_tointeger(L, 2);
    const char *next;
    NpCode code;

    if (at < size) {
        /* The control value is 1-based, so it is already the byte behind the lead. */
        while (is_continuation(text[at])) {
            at++;
        }
    }
    if (at >= size) {
        return 0;
    }
    next = decode(text + at, &code, strict);
    if (next == NULL || is_continuation(*next)) {
        return luaL_error(L, INVALID);
    }
    lua_pushinteger(L, (lua_Integer)at + 1);
    lua_pushinteger(L, code);
    return 2;
}

static int next_code_strict(lua_State *L)
{
    return next_code(L, 1);
}

static int next_code_lax(lua_State *L)
{
    return next_code(L, 0);
}

/* codes(s [, lax]): iterator for a generic for */
static int codes(lua_State *L)
{
    int lax = lua_toboolean(L, 2);
    const char *text = luaL_checkstring(L, 1);

    luaL_argcheck(L, !is_continuation(*text), 1, INVALID);
    lua_pushcfunction(L, lax ? next_code_lax : next_code_strict);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* ---- The module ------------------------------------------------------------------------------ */

/* Matches one sequence, taking for granted that the subject is valid UTF-8. */
#define CHARPATTERN "[\0-\x7F\xC2-\xFD][\x80-\xBF]*"

static const luaL_Reg FUNCTIONS[] = {
    {"char", from_codes},
    {"codepoint", code_points},
    {"codes", codes},
    {"len", count_characters},
    {"offset", offset},
    {"charpattern", NULL}, /* a string, set below */
    {NULL, NULL},
};

LUAMOD_API int luaopen_utf8(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    lua_pushlstring(L, CHARPATTERN, sizeof(CHARPATTERN) - 1);
    lua_setfield(L, -2, "charpattern");
    return 1;
}
