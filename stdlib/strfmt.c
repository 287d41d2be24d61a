/*
 * strfmt.c - string.format (manual 6.4).
 *
 * Owns: reading conversion specifications and checking them, and each conversion.
 * Does not: know how digits are found (runtime/decimal.c, the one thing here that is not public API).
 *
 * Specifications that are right and frequent are done by add_quick, which reads them without a copy.
 * All others are copied, checked, and given to the C library: the rare ones, and the wrong ones, for
 * their messages. The result of one of these is never longer than ROOM_* says.
 */
#define LUA_LIB

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lauxlib.h"
#include "lua.h"
#include "runtime/decimal.h"
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

static void add_decimal(luaL_Buffer *out, lua_Integer value)
{
    char digits[24];
    char *end = digits + sizeof(digits);
    char *at = np_decimal_unsigned(value < 0 ? 0 - (lua_Unsigned)value : (lua_Unsigned)value, end);

    if (value < 0) {
        *--at = '-';
    }
    luaL_addlstring(out, at, (size_t)(end - at));
}

static void add_integer(lua_State *L, luaL_Buffer *out, int arg, char *spec, const char *flags)
{
    lua_Integer value = luaL_checkinteger(L, arg);
    char *place;

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

/* ---- The frequent ones ----------------------------------------------------------------------- */

enum { LEFT = 1, PLUS = 2, SPACE = 4, ALTERNATE = 8, ZERO = 16 }; /* flags of a specification */

typedef struct NpSpec {
    unsigned flags;
    size_t width;
    int precision; /* -1: none */
    char letter;
} NpSpec;

/* What a format call remembers from one item to the next. */
typedef struct NpFormat {
    lua_State *L;
    luaL_Buffer out;
    int plain_strings; /* strings have no __tostring; 0 also: not known, as before the first and after other code has run */
    int plain_point;   /* the locale's decimal point is '.', likewise */
} NpFormat;

static void forget(NpFormat *format)
{
    format->plain_strings = format->plain_point = 0;
}

static unsigned flag_of(char letter)
{
    switch (letter) {
    case '-': return LEFT;
    case '+': return PLUS;
    case ' ': return SPACE;
    case '#': return ALTERNATE;
    case '0': return ZERO;
    default: return 0;
    }
}

static inline int is_digit(char letter)
{
    return (unsigned char)(letter - '0') <= 9;
}

/* Reads the specification behind a '%'; returns the position of its letter. NULL: unusually long. */
static const char *read_quick(const char *at, NpSpec *spec)
{
    unsigned flag;
    int count = 0;

    spec->flags = 0;
    spec->width = 0;
    spec->precision = -1;
    for (; (flag = flag_of(*at)) != 0; at++) {
        spec->flags |= flag;
        if (++count > 5) {
            return NULL;
        }
    }
    for (count = 0; count < 2 && is_digit(*at); count++) {
        spec->width = spec->width * 10 + (size_t)(*at++ - '0');
    }
    if (*at == '.') {
        spec->precision = 0;
        for (at++, count = 0; count < 2 && is_digit(*at); count++) {
            spec->precision = spec->precision * 10 + (*at++ - '0');
        }
    }
    spec->letter = *at;
    return at;
}

/* Appends prefix, zeros and text, brought to the width. */
static void put(luaL_Buffer *out, const NpSpec *spec, const char *prefix, size_t zeros,
                const char *text, size_t size)
{
    size_t prefix_size = strlen(prefix);
    size_t total = prefix_size + zeros + size;
    size_t padding = spec->width > total ? spec->width - total : 0;
    char *to = luaL_prepbuffsize(out, total + padding);

    luaL_addsize(out, total + padding);
    if (padding > 0 && !(spec->flags & LEFT)) {
        if (spec->flags & ZERO) {
            zeros += padding;
        } else {
            memset(to, ' ', padding);
            to += padding;
        }
    }
    for (; *prefix != '\0'; prefix++) {
        *to++ = *prefix;
    }
    for (; zeros > 0; zeros--) {
        *to++ = '0';
    }
    memcpy(to, text, size);
    if (padding > 0 && (spec->flags & LEFT)) {
        memset(to + size, ' ', padding);
    }
}

static const char *sign_of(int negative, unsigned flags)
{
    return negative ? "-" : flags & PLUS ? "+" : flags & SPACE ? " " : "";
}

/* Digits of an integer with at least as many of them as the precision says. */
static void put_digits(luaL_Buffer *out, NpSpec *spec, const char *prefix, const char *digits,
                       const char *end)
{
    size_t size = (size_t)(end - digits);
    size_t zeros = 0;

    if (spec->precision >= 0) {
        spec->flags &= ~(unsigned)ZERO;
        if (spec->precision == 0 && size == 1 && *digits == '0') {
            size = 0;
        }
        if ((size_t)spec->precision > size) {
            zeros = (size_t)spec->precision - size;
        }
    }
    put(out, spec, prefix, zeros, digits, size);
}

static int quick_decimal(NpFormat *format, int arg, NpSpec *spec)
{
    char digits[24];
    char *end = digits + sizeof(digits);
    lua_Integer value;

    if (spec->flags & ALTERNATE) {
        return 0;
    }
    value = luaL_checkinteger(format->L, arg);
    put_digits(&format->out, spec, sign_of(value < 0, spec->flags),
               np_decimal_unsigned(value < 0 ? 0 - (lua_Unsigned)value : (lua_Unsigned)value, end), end);
    return 1;
}

static int quick_hex(NpFormat *format, int arg, NpSpec *spec)
{
    const char *letters = spec->letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
    const char *prefix = "";
    char digits[24];
    char *end = digits + sizeof(digits);
    char *at = end;
    lua_Unsigned value;

    if (spec->flags & (PLUS | SPACE)) {
        return 0;
    }
    value = (lua_Unsigned)luaL_checkinteger(format->L, arg);
    if ((spec->flags & ALTERNATE) && value != 0) {
        prefix = spec->letter == 'x' ? "0x" : "0X";
    }
    do {
        *--at = letters[value & 15];
        value >>= 4;
    } while (value != 0);
    put_digits(&format->out, spec, prefix, at, end);
    return 1;
}

static int quick_float(NpFormat *format, int arg, NpSpec *spec)
{
    int precision = spec->precision < 0 ? 6 : spec->precision;
    char text[NP_DECIMAL_ROOM];
    lua_Number value, magnitude;
    size_t size;

    if ((spec->flags & ALTERNATE) ||
        (!format->plain_point && !(format->plain_point = lua_getlocaledecpoint() == '.'))) {
        return 0;
    }
    value = luaL_checknumber(format->L, arg);
    magnitude = l_mathop(fabs)(value);
    if (spec->letter == 'f') {
        size = np_decimal_fixed(magnitude, precision, text);
    } else if (spec->letter == 'g') {
        size = np_decimal_general(magnitude, precision, text);
    } else {
        size = np_decimal_scientific(magnitude, precision + 1, text);
    }
    if (size == 0) {
        return 0;
    }
    put(&format->out, spec, sign_of(signbit(value) != 0, spec->flags), 0, text, size);
    return 1;
}

static int quick_string(NpFormat *format, int arg, NpSpec *spec)
{
    lua_State *L = format->L;
    const char *text;
    size_t size;

    if (lua_type(L, arg) != LUA_TSTRING || (spec->flags & ~(unsigned)LEFT)) {
        forget(format);
        return 0;
    }
    if (!format->plain_strings) {
        if (luaL_getmetafield(L, arg, "__tostring") != LUA_TNIL) {
            lua_pop(L, 1);
            return 0;
        }
        format->plain_strings = 1;
    }
    text = lua_tolstring(L, arg, &size);
    if (spec->flags != 0 || spec->width != 0 || spec->precision >= 0) {
        luaL_argcheck(L, memchr(text, '\0', size) == NULL, arg, "string contains zeros");
        if (spec->precision >= 0 && size > (size_t)spec->precision) {
            size = (size_t)spec->precision;
        }
    }
    put(&format->out, spec, "", 0, text, size);
    return 1;
}

static int quick_character(NpFormat *format, int arg, NpSpec *spec)
{
    char byte;

    if ((spec->flags & ~(unsigned)LEFT) || spec->precision >= 0) {
        return 0;
    }
    byte = (char)(unsigned char)luaL_checkinteger(format->L, arg);
    put(&format->out, spec, "", 0, &byte, 1);
    return 1;
}

/*
 * Formats argument `arg` by the specification behind a '%', where it is one of those done here. Returns
 * what follows it; NULL when nothing has been done.
 */
static const char *add_quick(NpFormat *format, int arg, const char *at)
{
    NpSpec spec;
    int done;

    at = read_quick(at, &spec);
    if (at == NULL) {
        return NULL;
    }
    switch (spec.letter) {
    case 'd': case 'i':
        done = quick_decimal(format, arg, &spec);
        break;
    case 'x': case 'X':
        done = quick_hex(format, arg, &spec);
        break;
    case 'e': case 'f': case 'g':
        done = quick_float(format, arg, &spec);
        break;
    case 's':
        done = quick_string(format, arg, &spec);
        break;
    case 'c':
        done = quick_character(format, arg, &spec);
        break;
    default:
        forget(format);
        return NULL;
    }
    return done ? at + 1 : NULL;
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
    const char *next;
    NpFormat format;

    format.L = L;
    forget(&format);
    luaL_buffinit(L, &format.out);
    while (at < end) {
        const char *percent = at;

        while (percent < end && *percent != '%') {
            percent++;
        }
        if (percent > at) {
            luaL_addlstring(&format.out, at, (size_t)(percent - at));
        }
        if (percent == end) {
            break;
        }
        at = percent + 1;
        if (*at == '%') {
            luaL_addchar(&format.out, '%');
            at++;
            continue;
        }
        if (++arg > top) {
            return luaL_argerror(L, arg, "no value");
        }
        next = add_quick(&format, arg, at);
        at = next != NULL ? next : add_item(L, &format.out, arg, at);
    }
    luaL_pushresult(&format.out);
    return 1;
}
