/*
 * strfmt.c - string.format (manual 6.4).
 *
 * Owns: reading conversion specifications and checking them, and each conversion.
 * Does not: format numbers itself beyond the plain "%d"; everything with a flag, width or
 * precision goes to the C library with a specification that was checked first, so its result is
 * never longer than ROOM_* says.
 */
#define LUA_LIB

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lauxlib.h"
#include "lua.h"
#include "strlib.h"

/* Longest specification: '%', flags, two digits of width, '.', two of precision, "ll", letter. */
#define SPEC_SIZE 32

/* Bytes any one conversion needs: width and precision are at most 99. */
#define ROOM_ITEM 120
/* "%.99f" of the largest double. */
#define ROOM_FIXED (110 + DBL_MAX_10_EXP)

/* A string this long goes in whole even if a width is given: the width cannot reach it. */
#define LONG_STRING 100

/* Flags that a group of conversions may have. */
#define FLAGS_FLOAT "-+#0 "
#define FLAGS_HEX "-#0"
#define FLAGS_SIGNED "-+0 "
#define FLAGS_UNSIGNED "-0"
#define FLAGS_TEXT "-"
#define SPEC_CHARS FLAGS_FLOAT "123456789."

/* ---- Specifications -------------------------------------------------------------------------- */

/*
 * Copies the specification behind a '%' with its letter into `spec`, '%' in front. Returns the
 * position of the letter. What characters may be where is check_spec's business.
 */
static const char *read_spec(lua_State *L, const char *at, char *spec)
{
    size_t modifiers = strspn(at, SPEC_CHARS);

    if (modifiers >= SPEC_SIZE - 11) {
        luaL_error(L, "invalid format (too long)");
    }
    spec[0] = '%';
    memcpy(spec + 1, at, modifiers + 1);
    spec[modifiers + 2] = '\0';
    return at + modifiers;
}

static const char *skip_two_digits(const char *at)
{
    int i;

    for (i = 0; i < 2 && isdigit((unsigned char)*at); i++) {
        at++;
    }
    return at;
}

/* Only these flags, a width of two digits, and, if allowed, a precision of two digits. */
static void check_spec(lua_State *L, const char *spec, const char *flags, int with_precision)
{
    const char *at = spec + 1;

    at += strspn(at, flags);
    if (*at != '0') { /* a width does not begin with 0; the flag was not allowed */
        at = skip_two_digits(at);
        if (*at == '.' && with_precision) {
            at = skip_two_digits(at + 1);
        }
    }
    if (!isalpha((unsigned char)*at)) {
        luaL_error(L, "invalid conversion specification: '%s'", spec);
    }
}

/* Puts a length modifier in front of the conversion letter. */
static void add_length(char *spec, const char *modifier)
{
    size_t size = strlen(spec);
    size_t added = strlen(modifier);
    char letter = spec[size - 1];

    memcpy(spec + size - 1, modifier, added);
    spec[size + added - 1] = letter;
    spec[size + added] = '\0';
}

/* ---- Numbers --------------------------------------------------------------------------------- */

/* "%d" without modifiers, by far the most frequent. */
static void add_decimal(luaL_Buffer *out, lua_Integer value)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    lua_Unsigned rest = value < 0 ? 0 - (lua_Unsigned)value : (lua_Unsigned)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0) {
        *--at = '-';
    }
    luaL_addlstring(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void add_integer(lua_State *L, luaL_Buffer *out, int arg, char *spec, const char *flags)
{
    lua_Integer value = luaL_checkinteger(L, arg);
    char *place;

    if (spec[2] == '\0' && (spec[1] == 'd' || spec[1] == 'i')) {
        add_decimal(out, value);
        return;
    }
    check_spec(L, spec, flags, 1);
    add_length(spec, LUA_INTEGER_FRMLEN);
    place = luaL_prepbuffsize(out, ROOM_ITEM);
    luaL_addsize(out, (size_t)snprintf(place, ROOM_ITEM, spec, (LUAI_UACINT)value));
}

static void add_float(lua_State *L, luaL_Buffer *out, int arg, char *spec, size_t room)
{
    lua_Number value = luaL_checknumber(L, arg);
    char *place;

    check_spec(L, spec, FLAGS_FLOAT, 1);
    place = luaL_prepbuffsize(out, room);
    luaL_addsize(out, (size_t)snprintf(place, room, spec, (LUAI_UACNUMBER)value));
}

static void add_character(lua_State *L, luaL_Buffer *out, int arg, char *spec)
{
    int value;
    char *place;

    check_spec(L, spec, FLAGS_TEXT, 0);
    value = (int)luaL_checkinteger(L, arg);
    place = luaL_prepbuffsize(out, ROOM_ITEM);
    luaL_addsize(out, (size_t)snprintf(place, ROOM_ITEM, spec, value));
}

static void add_pointer(lua_State *L, luaL_Buffer *out, int arg, char *spec)
{
    const void *pointer = lua_topointer(L, arg);
    char *place;

    check_spec(L, spec, FLAGS_TEXT, 0);
    place = luaL_prepbuffsize(out, ROOM_ITEM);
    if (pointer == NULL) { /* what "%p" prints for NULL is the C library's choice */
        spec[strlen(spec) - 1] = 's';
        pointer = "(null)";
    }
    luaL_addsize(out, (size_t)snprintf(place, ROOM_ITEM, spec, pointer));
}

/* ---- Strings --------------------------------------------------------------------------------- */

static void add_string(lua_State *L, luaL_Buffer *out, int arg, char *spec)
{
    size_t size;
    const char *text;
    char *place;

    if (spec[2] == '\0') {
        luaL_tolstring(L, arg, NULL);
        luaL_addvalue(out);
        return;
    }
    text = luaL_tolstring(L, arg, &size);
    luaL_argcheck(L, size == strlen(text), arg, "string contains zeros");
    check_spec(L, spec, FLAGS_TEXT, 1);
    if (strchr(spec, '.') == NULL && size >= LONG_STRING) {
        luaL_addvalue(out);
        return;
    }
    /* The text stays where it is when its slot moves aside for the buffer's. */
    lua_insert(L, -2);
    place = luaL_prepbuffsize(out, ROOM_ITEM);
    luaL_addsize(out, (size_t)snprintf(place, ROOM_ITEM, spec, text));
    lua_remove(L, -2);
}

/* ---- %q: text that Lua reads back as the same value ------------------------------------------ */

static void add_quoted_string(luaL_Buffer *out, const char *text, size_t size)
{
    const char *end = text + size;

    luaL_addchar(out, '"');
    for (; text < end; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\' || byte == '\n') {
            luaL_addchar(out, '\\');
            luaL_addchar(out, (char)byte);
        } else if (iscntrl(byte)) {
            /* Three digits where the next character would be taken for one. */
            const char *form = isdigit((unsigned char)text[1]) ? "\\%03d" : "\\%d";
            char escape[8];
            luaL_addlstring(out, escape, (size_t)snprintf(escape, sizeof(escape), form, byte));
        } else {
            luaL_addchar(out, (char)byte);
        }
    }
    luaL_addchar(out, '"');
}

/* Hexadecimal, so that no bit is lost; the decimal point is a dot in every locale. */
static void add_quoted_float(luaL_Buffer *out, lua_Number value)
{
    char *place = luaL_prepbuffsize(out, ROOM_ITEM);
    const char *fixed = NULL;
    size_t size;
    char *point;

    if (value == (lua_Number)HUGE_VAL) {
        fixed = "1e9999";
    } else if (value == -(lua_Number)HUGE_VAL) {
        fixed = "-1e9999";
    } else if (value != value) {
        fixed = "(0/0)";
    }
    if (fixed != NULL) {
        luaL_addstring(out, fixed);
        return;
    }
    size = (size_t)snprintf(place, ROOM_ITEM, "%" LUA_NUMBER_FRMLEN "a", (LUAI_UACNUMBER)value);
    if (memchr(place, '.', size) == NULL) {
        point = memchr(place, lua_getlocaledecpoint(), size);
        if (point != NULL) {
            *point = '.';
        }
    }
    luaL_addsize(out, size);
}

static void add_quoted(lua_State *L, luaL_Buffer *out, int arg)
{
    switch (lua_type(L, arg)) {
    case LUA_TSTRING: {
        size_t size;
        const char *text = lua_tolstring(L, arg, &size);
        add_quoted_string(out, text, size);
        break;
    }
    case LUA_TNUMBER:
        if (!lua_isinteger(L, arg)) {
            add_quoted_float(out, lua_tonumber(L, arg));
        } else if (lua_tointeger(L, arg) == LUA_MININTEGER) {
            /* Its decimal digits alone would read as a float. */
            luaL_addstring(out, "0x8000000000000000");
        } else {
            add_decimal(out, lua_tointeger(L, arg));
        }
        break;
    case LUA_TNIL:
    case LUA_TBOOLEAN:
        luaL_tolstring(L, arg, NULL);
        luaL_addvalue(out);
        break;
    default:
        luaL_argerror(L, arg, "value has no literal form");
    }
}

/* ---- format ---------------------------------------------------------------------------------- */

/* Formats argument `arg` by the specification behind a '%'; returns what follows it. */
static const char *add_item(lua_State *L, luaL_Buffer *out, int arg, const char *at)
{
    char spec[SPEC_SIZE];

    at = read_spec(L, at, spec);
    switch (*at) {
    case 'c':
        add_character(L, out, arg, spec);
        break;
    case 'd': case 'i':
        add_integer(L, out, arg, spec, FLAGS_SIGNED);
        break;
    case 'u':
        add_integer(L, out, arg, spec, FLAGS_UNSIGNED);
        break;
    case 'o': case 'x': case 'X':
        add_integer(L, out, arg, spec, FLAGS_HEX);
        break;
    case 'a': case 'A':
        check_spec(L, spec, FLAGS_FLOAT, 1); /* before the argument, unlike its sisters */
        add_float(L, out, arg, spec, ROOM_ITEM);
        break;
    case 'e': case 'E': case 'g': case 'G':
        add_float(L, out, arg, spec, ROOM_ITEM);
        break;
    case 'f':
        add_float(L, out, arg, spec, ROOM_FIXED);
        break;
    case 'p':
        add_pointer(L, out, arg, spec);
        break;
    case 'q':
        if (spec[2] != '\0') {
            luaL_error(L, "specifier '%%q' cannot have modifiers");
        }
        add_quoted(L, out, arg);
        break;
    case 's':
        add_string(L, out, arg, spec);
        break;
    default:
        luaL_error(L, "invalid conversion '%s' to 'format'", spec);
    }
    return at + 1;
}

int np_strfmt_format(lua_State *L)
{
    int top = lua_gettop(L);
    int arg = 1;
    size_t size;
    const char *at = luaL_checklstring(L, 1, &size);
    const char *end = at + size;
    luaL_Buffer out;

    luaL_buffinit(L, &out);
    while (at < end) {
        const char *percent = memchr(at, '%', (size_t)(end - at));

        if (percent == NULL) {
            luaL_addlstring(&out, at, (size_t)(end - at));
            break;
        }
        luaL_addlstring(&out, at, (size_t)(percent - at));
        at = percent + 1;
        if (*at == '%') {
            luaL_addchar(&out, '%');
            at++;
            continue;
        }
        if (++arg > top) {
            return luaL_argerror(L, arg, "no value");
        }
        at = add_item(L, &out, arg, at);
    }
    luaL_pushresult(&out);
    return 1;
}
