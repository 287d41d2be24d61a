/*
 * strpack.c - string.pack, string.packsize and string.unpack (manual 6.4.2).
 *
 * Owns: reading the format, alignment, and moving numbers and strings in and out of bytes.
 * Does not: touch the bytes of an integer but one at a time from its low end, so nothing here
 * depends on the machine's byte order except NATIVE_LITTLE.
 *
 * A format is read option by option into an NpOption; all three functions share that reader, so
 * they agree about sizes and padding by construction.
 */
#define LUA_LIB

#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lauxlib.h"
#include "lua.h"
#include "strlib.h"

/* Widest integer a format can ask for, and widest alignment. */
#define MAX_WIDTH 16

#define INTEGER_WIDTH ((int)sizeof(lua_Integer))

#define PADDING 0x00

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define NATIVE_LITTLE 0
#else
#define NATIVE_LITTLE 1
#endif

/* What a plain "!" aligns to. */
#define NATIVE_ALIGN ((int)offsetof(struct NpAlign, value))

struct NpAlign {
    char before;
    union {
        LUAI_MAXALIGN;
    } value;
};

typedef enum NpPackKind {
    PACK_SIGNED,
    PACK_UNSIGNED,
    PACK_FLOAT,
    PACK_DOUBLE, /* "d" and "n": lua_Number is a double */
    PACK_CHARS,  /* "c": a string in a given number of bytes */
    PACK_STRING, /* "s": its length in front */
    PACK_ZERO,   /* "z": a zero byte behind */
    PACK_PAD,    /* "x" */
    PACK_ALIGN,  /* "X" */
    PACK_NOTHING /* a setting or a blank */
} NpPackKind;

typedef struct NpPacker {
    lua_State *L;
    const char *format; /* what is left of it */
    int little;
    int max_align;
} NpPacker;

typedef struct NpOption {
    NpPackKind kind;
    size_t size;  /* bytes the value takes; of the length for PACK_STRING; 0 if variable */
    size_t align; /* padding bytes in front */
} NpOption;

/* ---- Reading the format ---------------------------------------------------------------------- */

static void start_format(NpPacker *packer, lua_State *L, const char *format)
{
    packer->L = L;
    packer->format = format;
    packer->little = NATIVE_LITTLE;
    packer->max_align = 1;
}

/* The number at the format's front, or `otherwise`. Stops taking digits before int overflows. */
static int read_number(NpPacker *packer, int otherwise)
{
    int number = 0;

    if (!isdigit((unsigned char)*packer->format)) {
        return otherwise;
    }
    do {
        number = number * 10 + (*packer->format++ - '0');
    } while (isdigit((unsigned char)*packer->format) && number <= (INT_MAX - 9) / 10);
    return number;
}

static size_t read_width(NpPacker *packer, int otherwise)
{
    int width = read_number(packer, otherwise);

    if (l_unlikely(width < 1 || width > MAX_WIDTH)) {
        luaL_error(packer->L, "integral size (%d) out of limits [1,%d]", width, MAX_WIDTH);
    }
    return (size_t)width;
}

static void set_option(NpOption *option, NpPackKind kind, size_t size)
{
    option->kind = kind;
    option->size = size;
}

/* Takes one option off the format; settings change the packer and give PACK_NOTHING. */
static void read_option(NpPacker *packer, NpOption *option)
{
    char letter = *packer->format++;

    set_option(option, PACK_NOTHING, 0);
    switch (letter) {
    case 'b': set_option(option, PACK_SIGNED, sizeof(char)); break;
    case 'B': set_option(option, PACK_UNSIGNED, sizeof(char)); break;
    case 'h': set_option(option, PACK_SIGNED, sizeof(short)); break;
    case 'H': set_option(option, PACK_UNSIGNED, sizeof(short)); break;
    case 'l': set_option(option, PACK_SIGNED, sizeof(long)); break;
    case 'L': set_option(option, PACK_UNSIGNED, sizeof(long)); break;
    case 'j': set_option(option, PACK_SIGNED, sizeof(lua_Integer)); break;
    case 'J': set_option(option, PACK_UNSIGNED, sizeof(lua_Integer)); break;
    case 'T': set_option(option, PACK_UNSIGNED, sizeof(size_t)); break;
    case 'i': set_option(option, PACK_SIGNED, read_width(packer, sizeof(int))); break;
    case 'I': set_option(option, PACK_UNSIGNED, read_width(packer, sizeof(int))); break;
    case 'f': set_option(option, PACK_FLOAT, sizeof(float)); break;
    case 'd': set_option(option, PACK_DOUBLE, sizeof(double)); break;
    case 'n': set_option(option, PACK_DOUBLE, sizeof(lua_Number)); break;
    case 's': set_option(option, PACK_STRING, read_width(packer, sizeof(size_t))); break;
    case 'c': {
        int count = read_number(packer, -1);
        if (l_unlikely(count < 0)) {
            luaL_error(packer->L, "missing size for format option 'c'");
        }
        set_option(option, PACK_CHARS, (size_t)count);
        break;
    }
    case 'z': set_option(option, PACK_ZERO, 0); break;
    case 'x': set_option(option, PACK_PAD, 1); break;
    case 'X': set_option(option, PACK_ALIGN, 0); break;
    case ' ': break;
    case '<': packer->little = 1; break;
    case '>': packer->little = 0; break;
    case '=': packer->little = NATIVE_LITTLE; break;
    case '!': packer->max_align = (int)read_width(packer, NATIVE_ALIGN); break;
    default: luaL_error(packer->L, "invalid format option '%c'", letter);
    }
}

/* The next option with its padding, given how many bytes stand before it. */
static void next_option(NpPacker *packer, size_t position, NpOption *option)
{
    size_t align;

    read_option(packer, option);
    align = option->size;
    option->align = 0;
    if (option->kind == PACK_ALIGN) {
        /* Aligns as the option behind it would, which is read for nothing else. */
        NpOption model;

        if (*packer->format == '\0') {
            luaL_argerror(packer->L, 1, "invalid next option for option 'X'");
        }
        read_option(packer, &model);
        align = model.size;
        if (model.kind == PACK_CHARS || align == 0) {
            luaL_argerror(packer->L, 1, "invalid next option for option 'X'");
        }
    }
    if (align <= 1 || option->kind == PACK_CHARS) {
        return;
    }
    if (align > (size_t)packer->max_align) {
        align = (size_t)packer->max_align;
    }
    if (l_unlikely((align & (align - 1)) != 0)) {
        luaL_argerror(packer->L, 1, "format asks for alignment not power of 2");
    }
    option->align = (align - (position & (align - 1))) & (align - 1);
}

/* ---- Numbers and bytes ----------------------------------------------------------------------- */

/* Appends `size` bytes of a two's complement number, sign-extended beyond lua_Integer's width. */
static void add_integer(luaL_Buffer *out, lua_Unsigned value, int little, size_t size,
                        int negative)
{
    char *place = luaL_prepbuffsize(out, size);
    size_t i;

    for (i = 0; i < size; i++) {
        size_t at = little ? i : size - 1 - i;

        place[at] = i < sizeof(value) ? (char)(value & UCHAR_MAX)
                                      : (char)(negative ? UCHAR_MAX : 0);
        value >>= CHAR_BIT;
    }
    luaL_addsize(out, size);
}

/* The reverse. Bytes that do not fit a Lua integer must be its sign extension. */
static lua_Integer read_integer(lua_State *L, const char *bytes, int little, size_t size,
                                int is_signed)
{
    size_t used = size < sizeof(lua_Integer) ? size : sizeof(lua_Integer);
    lua_Unsigned value = 0;
    size_t i;

    for (i = used; i-- > 0;) {
        value = value << CHAR_BIT | (unsigned char)bytes[little ? i : size - 1 - i];
    }
    if (size < sizeof(lua_Integer)) {
        if (is_signed) {
            lua_Unsigned sign = (lua_Unsigned)1 << (size * CHAR_BIT - 1);
            value = (value ^ sign) - sign;
        }
        return (lua_Integer)value;
    }
    for (i = used; i < size; i++) {
        int extension = is_signed && (lua_Integer)value < 0 ? UCHAR_MAX : 0;

        if (l_unlikely((unsigned char)bytes[little ? i : size - 1 - i] != extension)) {
            luaL_error(L, "%d-byte integer does not fit into Lua Integer", (int)size);
        }
    }
    return (lua_Integer)value;
}

static void copy_in_order(char *to, const char *from, size_t size, int little)
{
    size_t i;

    if (little == NATIVE_LITTLE) {
        memcpy(to, from, size);
        return;
    }
    for (i = 0; i < size; i++) {
        to[i] = from[size - 1 - i];
    }
}

static void add_bytes_in_order(luaL_Buffer *out, const void *from, size_t size, int little)
{
    copy_in_order(luaL_prepbuffsize(out, size), from, size, little);
    luaL_addsize(out, size);
}

static void add_padding(luaL_Buffer *out, size_t count)
{
    if (count > 0) {
        memset(luaL_prepbuffsize(out, count), PADDING, count);
        luaL_addsize(out, count);
    }
}

/* ---- pack ------------------------------------------------------------------------------------ */

static void pack_integer(NpPacker *packer, luaL_Buffer *out, const NpOption *option, int arg)
{
    lua_Integer value = luaL_checkinteger(packer->L, arg);

    if (option->size < sizeof(lua_Integer)) {
        int bits = (int)option->size * CHAR_BIT;

        if (option->kind == PACK_SIGNED) {
            lua_Integer bound = (lua_Integer)1 << (bits - 1);
            luaL_argcheck(packer->L, -bound <= value && value < bound, arg, "integer overflow");
        } else {
            luaL_argcheck(packer->L, (lua_Unsigned)value < (lua_Unsigned)1 << bits, arg,
                          "unsigned overflow");
        }
    }
    add_integer(out, (lua_Unsigned)value, packer->little, option->size,
                option->kind == PACK_SIGNED && value < 0);
}

static void pack_chars(NpPacker *packer, luaL_Buffer *out, const NpOption *option, int arg)
{
    size_t size;
    const char *text = luaL_checklstring(packer->L, arg, &size);

    luaL_argcheck(packer->L, size <= option->size, arg, "string longer than given size");
    luaL_addlstring(out, text, size);
    add_padding(out, option->size - size);
}

/* Both kinds of counted strings; returns how many bytes they add to the option's own size. */
static size_t pack_text(NpPacker *packer, luaL_Buffer *out, const NpOption *option, int arg)
{
    size_t size;
    const char *text = luaL_checklstring(packer->L, arg, &size);

    if (option->kind == PACK_ZERO) {
        luaL_argcheck(packer->L, strlen(text) == size, arg, "string contains zeros");
        luaL_addlstring(out, text, size);
        luaL_addchar(out, '\0');
        return size + 1;
    }
    luaL_argcheck(packer->L,
                  option->size >= sizeof(size_t) || size < (size_t)1 << option->size * CHAR_BIT,
                  arg, "string length does not fit in given size");
    add_integer(out, (lua_Unsigned)size, packer->little, option->size, 0);
    luaL_addlstring(out, text, size);
    return size;
}

int np_strpack_pack(lua_State *L)
{
    NpPacker packer;
    NpOption option;
    luaL_Buffer out;
    size_t total = 0;
    int arg = 1;

    start_format(&packer, L, luaL_checkstring(L, 1));
    lua_pushnil(L); /* keeps the arguments apart from the buffer: a missing one is nil */
    luaL_buffinit(L, &out);
    while (*packer.format != '\0') {
        next_option(&packer, total, &option);
        add_padding(&out, option.align);
        total += option.align + option.size;
        switch (option.kind) {
        case PACK_SIGNED:
        case PACK_UNSIGNED:
            pack_integer(&packer, &out, &option, ++arg);
            break;
        case PACK_FLOAT: {
            float value = (float)luaL_checknumber(L, ++arg);
            add_bytes_in_order(&out, &value, sizeof(value), packer.little);
            break;
        }
        case PACK_DOUBLE: {
            double value = luaL_checknumber(L, ++arg);
            add_bytes_in_order(&out, &value, sizeof(value), packer.little);
            break;
        }
        case PACK_CHARS:
            pack_chars(&packer, &out, &option, ++arg);
            break;
        case PACK_STRING:
        case PACK_ZERO:
            total += pack_text(&packer, &out, &option, ++arg);
            break;
        case PACK_PAD:
            luaL_addchar(&out, PADDING);
            break;
        case PACK_ALIGN:
        case PACK_NOTHING:
            break;
        }
    }
    luaL_pushresult(&out);
    return 1;
}

/* ---- packsize -------------------------------------------------------------------------------- */

int np_strpack_packsize(lua_State *L)
{
    NpPacker packer;
    NpOption option;
    size_t total = 0;

    start_format(&packer, L, luaL_checkstring(L, 1));
    while (*packer.format != '\0') {
        next_option(&packer, total, &option);
        luaL_argcheck(L, option.kind != PACK_STRING && option.kind != PACK_ZERO, 1,
                      "variable-length format");
        luaL_argcheck(L, option.align + option.size <= STR_MAX_SIZE - total, 1,
                      "format result too large");
        total += option.align + option.size;
    }
    lua_pushinteger(L, (lua_Integer)total);
    return 1;
}

/* ---- unpack ---------------------------------------------------------------------------------- */

typedef struct NpSource {
    const char *bytes;
    size_t size;
    size_t position; /* of the value, padding behind it */
} NpSource;

/* Pushes one value. Advances the source by what the value takes beyond its option's size. */
static void unpack_value(NpPacker *packer, NpSource *source, const NpOption *option)
{
    lua_State *L = packer->L;
    const char *at = source->bytes + source->position;

    switch (option->kind) {
    case PACK_SIGNED:
    case PACK_UNSIGNED:
        lua_pushinteger(L, read_integer(L, at, packer->little, option->size,
                                        option->kind == PACK_SIGNED));
        break;
    case PACK_FLOAT: {
        float value;
        copy_in_order((char *)&value, at, sizeof(value), packer->little);
        lua_pushnumber(L, (lua_Number)value);
        break;
    }
    case PACK_DOUBLE: {
        double value;
        copy_in_order((char *)&value, at, sizeof(value), packer->little);
        lua_pushnumber(L, (lua_Number)value);
        break;
    }
    case PACK_CHARS:
        lua_pushlstring(L, at, option->size);
        break;
    case PACK_STRING: {
        size_t left = source->size - source->position - option->size;
        size_t size = (size_t)read_integer(L, at, packer->little, option->size, 0);

        luaL_argcheck(L, size <= left, 2, "data string too short");
        lua_pushlstring(L, at + option->size, size);
        source->position += size;
        break;
    }
    case PACK_ZERO: {
        const char *zero = memchr(at, '\0', source->size - source->position);

        luaL_argcheck(L, zero != NULL, 2, "unfinished string for format 'z'");
        lua_pushlstring(L, at, (size_t)(zero - at));
        source->position += (size_t)(zero - at) + 1;
        break;
    }
    default:
        break;
    }
}

int np_strpack_unpack(lua_State *L)
{
    NpPacker packer;
    NpOption option;
    NpSource source;
    int count = 0;

    start_format(&packer, L, luaL_checkstring(L, 1));
    source.bytes = luaL_checklstring(L, 2, &source.size);
    source.position = str_first_position(luaL_optinteger(L, 3, 1), source.size) - 1;
    luaL_argcheck(L, source.position <= source.size, 3, "initial position out of string");
    while (*packer.format != '\0') {
        next_option(&packer, source.position, &option);
        luaL_argcheck(L, option.align + option.size <= source.size - source.position, 2,
                      "data string too short");
        source.position += option.align;
        if (option.kind < PACK_PAD) {
            luaL_checkstack(L, 2, "too many results");
            unpack_value(&packer, &source, &option);
            count++;
        }
        source.position += option.size;
    }
    lua_pushinteger(L, (lua_Integer)source.position + 1);
    return count + 1;
}
