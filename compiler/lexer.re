/* lexer.re: source text to tokens. re2c makes lexer.c of it.
 *
 * Owns: the table of names, numerals, strings and their escapes, comments, the counting of lines,
 *       and the texts of lexical errors.
 * Does not: skip a first line that starts with '#' (luaL_loadfile does), look ahead, or throw.
 *
 * Invariants:
 *   1  *limit is 0. A zero byte before limit is an ordinary byte: every loop that may meet one
 *      compares with limit, and no loop reads beyond it.
 *   2  Lines end with \n, \r, \r\n or \n\r; inside strings all of them become \n.
 *   3  start..cursor is the token read last, so that an error can quote it.
 */
#include "compiler/lexer.h"

#include <limits.h>
#include <locale.h>
#include <stdlib.h>

#include "grammar.h"

typedef unsigned char Byte;

enum { NAMES_FIRST = 64, BUFFER_FIRST = 128, NUMERAL_MAX = 1200, NUMERAL_DIGITS = 1000 };

/* ---- names ----------------------------------------------------------------------------------- */

static uint64_t load8(const char *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

static uint32_t load4(const char *at) {
    uint32_t word;
    memcpy(&word, at, 4);
    return word;
}

static uint32_t hash_text(const char *text, size_t length) {
    const uint64_t prime = 0x9E3779B97F4A7C15u;
    uint64_t hash = (uint64_t)length * prime, rest = 0;
    const char *at = text;
    size_t left = length;
    for (; left >= 8; left -= 8, at += 8) {
        hash = (hash ^ load8(at)) * prime;
        hash ^= hash >> 29;
    }
    if (left >= 4) rest = load4(at) | (uint64_t)load4(at + left - 4) << 32;
    else if (left > 0)
        rest = (Byte)at[0] | (uint64_t)(Byte)at[left / 2] << 8 | (uint64_t)(Byte)at[left - 1] << 16;
    hash = (hash ^ rest) * prime;
    return (uint32_t)(hash ^ hash >> 32);
}

static bool grow_names(NpNames *names) {
    uint32_t wanted = names->nbuckets ? names->nbuckets * 2 : NAMES_FIRST;
    NpAstName **buckets;
    if (wanted < names->nbuckets) return true; /* chains grow longer instead */
    buckets = np_scratch_alloc(names->scratch, wanted * sizeof *buckets);
    if (!buckets) return false;
    memset(buckets, 0, wanted * sizeof *buckets);
    for (uint32_t i = 0; i < names->nbuckets; i++) {
        NpAstName *next;
        for (NpAstName *name = names->buckets[i]; name; name = next) {
            NpAstName **head = &buckets[name->hash & (wanted - 1)];
            next = name->chain;
            name->chain = *head;
            *head = name;
        }
    }
    np_scratch_drop(names->scratch, names->buckets, names->nbuckets * sizeof *buckets);
    names->buckets = buckets;
    names->nbuckets = wanted;
    return true;
}

NpAstName *np_lexer_intern(NpNames *names, const char *text, size_t length) {
    uint32_t hash = hash_text(text, length);
    NpAstName *name, **head;
    char *copy;
    if (names->nbuckets)
        for (name = names->buckets[hash & (names->nbuckets - 1)]; name; name = name->chain)
            if (name->hash == hash && name->length == length &&
                memcmp(name->text, text, length) == 0)
                return name;
    if (names->count >= names->nbuckets && !grow_names(names)) return NULL;
    if (length > SIZE_MAX - sizeof *name - 1) return NULL;
    name = np_scratch_alloc(names->scratch, sizeof *name + length + 1);
    if (!name) return NULL;
    memset(name, 0, sizeof *name);
    copy = (char *)(name + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    name->text = copy;
    name->length = length;
    name->hash = hash;
    name->constant = -1;
    head = &names->buckets[hash & (names->nbuckets - 1)];
    name->chain = *head;
    *head = name;
    names->count++;
    return name;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static int fail_quoting(NpLexer *lexer, const char *problem, const char *text, size_t length) {
    lexer->problem = problem;
    lexer->near.text = text;
    lexer->near.length = length;
    lexer->near.quoted = true;
    return NP_TK_ERROR;
}

static int fail_at_end(NpLexer *lexer, const char *problem) {
    fail_quoting(lexer, problem, "<eof>", 5);
    lexer->near.quoted = false;
    return NP_TK_ERROR;
}

static int fail_memory(NpLexer *lexer) {
    lexer->problem = NULL;
    return NP_TK_ERROR;
}

/* Counts the line end at `at` (one or two bytes); returns where the next line starts, NULL if
 * lines can no longer be counted. */
static const Byte *next_line(NpLexer *lexer, const Byte *at) {
    Byte first = *at++;
    if ((*at == '\n' || *at == '\r') && *at != first) at++;
    if (++lexer->line >= INT_MAX) {
        fail_quoting(lexer, "chunk has too many lines", NULL, 0);
        return NULL;
    }
    return at;
}

/* ---- numerals -------------------------------------------------------------------------------- */

static int digit_value(Byte c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Integers of either base; false when the text is something else or a decimal that overflows. */
static bool read_integer(const char *text, size_t length, int64_t *out) {
    uint64_t value = 0;
    if (length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
        for (size_t i = 2; i < length; i++) {
            int digit = digit_value((Byte)text[i]);
            if (digit < 0) return false;
            value = value * 16 + (uint64_t)digit; /* wraps around: modulo 2^64 */
        }
    } else {
        if (length == 0) return false;
        for (size_t i = 0; i < length; i++) {
            unsigned digit = (unsigned)(Byte)text[i] - '0';
            if (digit > 9) return false;
            if (value > (INT64_MAX - digit) / 10u) return false;
            value = value * 10 + digit;
        }
    }
    *out = (int64_t)value;
    return true;
}

/* Few digits and a small exponent: both are exact doubles, so one operation rounds correctly. */
static bool read_short_decimal(const char *text, size_t length, double *out) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t value = 0;
    int scale = 0, digits = 0, exponent = 0;
    bool point = false, negative = false;
    size_t i = 0;
    for (; i < length && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.') {
            if (point) return false;
            point = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || ++digits > 15) return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
        scale -= point;
    }
    if (digits == 0) return false;
    if (i < length) {
        i++;
        if (i < length && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
        if (i == length || length - i > 3) return false;
        for (; i < length; i++) {
            if (text[i] < '0' || text[i] > '9') return false;
            exponent = exponent * 10 + (text[i] - '0');
        }
        scale += negative ? -exponent : exponent;
    }
    if (scale < -22 || scale > 22) return false;
    *out = scale < 0 ? (double)value / powers[-scale] : (double)value * powers[scale];
    return true;
}

/* Writes an equal, shorter spelling of an overlong numeral to `out` (NUMERAL_MAX bytes): leading
 * zeros go, digits after the first thousand count as one sticky digit. Returns 0 if malformed. */
static size_t shorten(const char *text, size_t length, char *out) {
    bool hex = length > 1 && text[0] == '0' && (text[1] | 0x20) == 'x';
    char mark = hex ? 'p' : 'e';
    long long scale = 0, exponent = 0;
    size_t used = 0, digits = 0, kept = 0, i = hex ? 2 : 0;
    bool point = false, sticky = false, negative = false;
    if (hex) memcpy(out, "0x", used = 2);
    for (; i < length && (text[i] | 0x20) != mark; i++) {
        int digit = digit_value((Byte)text[i]);
        if (text[i] == '.') {
            if (point) return 0;
            point = true;
            continue;
        }
        if (digit < 0 || (!hex && digit > 9)) return 0;
        digits++;
        if (kept == 0 && digit == 0) {
            scale -= point;
        } else if (kept < NUMERAL_DIGITS) {
            out[used++] = text[i];
            kept++;
            scale -= point;
        } else {
            sticky = sticky || digit != 0;
            scale += !point;
        }
    }
    if (digits == 0) return 0;
    if (i < length) {
        i++;
        if (i < length && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
        if (i == length) return 0;
        for (; i < length; i++) {
            if (text[i] < '0' || text[i] > '9') return 0;
            if (exponent < LLONG_MAX / 100) exponent = exponent * 10 + (text[i] - '0');
        }
    }
    if (kept == 0) out[used++] = '0';
    if (sticky) {
        out[used++] = '1';
        scale--;
    }
    exponent = (negative ? -exponent : exponent) + scale * (hex ? 4 : 1);
    if (exponent > 99999999) exponent = 99999999;
    if (exponent < -99999999) exponent = -99999999;
    out[used++] = mark;
    out[used++] = exponent < 0 ? '-' : '+';
    if (exponent < 0) exponent = -exponent;
    for (long long unit = 10000000; unit > 0; unit /= 10)
        out[used++] = (char)('0' + exponent / unit % 10);
    return used;
}

bool np_lex_number(const char *text, size_t length, NpToken *out) {
    char copy[NUMERAL_MAX], *end, *point;
    size_t used = length;
    out->kind = NP_TK_INTEGER;
    if (read_integer(text, length, &out->u.integer)) return true;
    out->kind = NP_TK_FLOAT;
    if (read_short_decimal(text, length, &out->u.number)) return true;
    if (length < 200) memcpy(copy, text, length);
    else used = shorten(text, length, copy);
    if (used == 0) return false;
    copy[used] = '\0';
    point = strchr(copy, '.'); /* strtod wants the locale's */
    if (point) *point = localeconv()->decimal_point[0];
    out->u.number = strtod(copy, &end);
    return end == copy + used;
}

/* ---- strings and comments -------------------------------------------------------------------- */

static bool reserve(NpLexer *lexer, size_t more) {
    size_t capacity = lexer->capacity ? lexer->capacity : BUFFER_FIRST;
    char *buffer;
    if (lexer->capacity - lexer->used >= more) return true;
    while (capacity - lexer->used < more) {
        if (capacity > SIZE_MAX / 4) return false;
        capacity *= 2;
    }
    buffer = np_scratch_alloc(lexer->scratch, capacity);
    if (!buffer) return false;
    if (lexer->used) memcpy(buffer, lexer->buffer, lexer->used);
    lexer->buffer = buffer;
    lexer->capacity = capacity;
    return true;
}

static bool append(NpLexer *lexer, const void *text, size_t length) {
    if (!reserve(lexer, length)) return false;
    if (length) memcpy(lexer->buffer + lexer->used, text, length);
    lexer->used += length;
    return true;
}

static bool append_byte(NpLexer *lexer, Byte byte) {
    return append(lexer, &byte, 1);
}

/* A code point as UTF-8, up to 2^31 in six bytes. */
static bool append_utf8(NpLexer *lexer, uint32_t code) {
    Byte bytes[6];
    size_t at = sizeof bytes;
    uint32_t first_max = 0x3f; /* what the first byte can still hold */
    if (code < 0x80) return append_byte(lexer, (Byte)code);
    do {
        bytes[--at] = (Byte)(0x80 | (code & 0x3f));
        code >>= 6;
        first_max >>= 1;
    } while (code > first_max);
    bytes[--at] = (Byte)((~first_max << 1) | code);
    return append(lexer, bytes + at, sizeof bytes - at);
}

/* The escape that starts at `from` is wrong at `at`: the message quotes it up to there. */
static const Byte *fail_escape(NpLexer *lexer, const char *problem, const Byte *from,
                               const Byte *at) {
    if (at < lexer->limit) at++;
    if (!append(lexer, from, (size_t)(at - from))) fail_memory(lexer);
    else fail_quoting(lexer, problem, lexer->buffer, lexer->used);
    return NULL;
}

static const Byte *read_decimal_escape(NpLexer *lexer, const Byte *from, const Byte *at) {
    unsigned value = 0;
    for (int i = 0; i < 3 && *at >= '0' && *at <= '9'; i++) value = value * 10 + (*at++ - '0');
    if (value > 255) return fail_escape(lexer, "decimal escape too large", from, at);
    if (append_byte(lexer, (Byte)value)) return at;
    fail_memory(lexer);
    return NULL;
}

static const Byte *read_hex_escape(NpLexer *lexer, const Byte *from, const Byte *at) {
    int value = 0;
    for (int i = 0; i < 2; i++, at++) {
        int digit = digit_value(*at);
        if (digit < 0) return fail_escape(lexer, "hexadecimal digit expected", from, at);
        value = value * 16 + digit;
    }
    if (append_byte(lexer, (Byte)value)) return at;
    fail_memory(lexer);
    return NULL;
}

static const Byte *read_utf8_escape(NpLexer *lexer, const Byte *from, const Byte *at) {
    uint32_t value = 0;
    if (*at != '{') return fail_escape(lexer, "missing '{'", from, at);
    at++;
    if (digit_value(*at) < 0) return fail_escape(lexer, "hexadecimal digit expected", from, at);
    for (; digit_value(*at) >= 0; at++) {
        if (value > 0x7FFFFFFFu >> 4) return fail_escape(lexer, "UTF-8 value too large", from, at);
        value = value * 16 + (uint32_t)digit_value(*at);
    }
    if (*at != '}') return fail_escape(lexer, "missing '}'", from, at);
    if (append_utf8(lexer, value)) return at + 1;
    fail_memory(lexer);
    return NULL;
}

/* `from` is the backslash. Returns what follows the escape, NULL after an error. */
static const Byte *read_escape(NpLexer *lexer, const Byte *from) {
    static const char letters[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
    const Byte *at = from + 1;
    const char *letter;
    bool added;
    if (at == lexer->limit) return at; /* the caller meets the end again: unfinished string */
    switch (*at) {
    case 'x': return read_hex_escape(lexer, from, at + 1);
    case 'u': return read_utf8_escape(lexer, from, at + 1);
    case 'z':
        for (at++; at && (*at == ' ' || (*at >= '\t' && *at <= '\r'));)
            at = *at == '\n' || *at == '\r' ? next_line(lexer, at) : at + 1;
        return at;
    case '\n':
    case '\r':
        at = next_line(lexer, at);
        added = append_byte(lexer, '\n');
        break;
    default:
        if (*at >= '0' && *at <= '9') return read_decimal_escape(lexer, from, at);
        letter = *at ? strchr(letters, *at) : NULL;
        if (!letter) return fail_escape(lexer, "invalid escape sequence", from, at);
        added = append_byte(lexer, (Byte)values[letter - letters]);
        at++;
    }
    if (added) return at;
    fail_memory(lexer);
    return NULL;
}

/* Bytes that end a run of ordinary ones in a quoted string. */
static const bool stops[256] = {[0] = true, ['\n'] = true, ['\r'] = true,
                                ['"'] = true, ['\''] = true, ['\\'] = true};

static int finish_string(NpLexer *lexer, NpToken *token, const char *text, size_t length) {
    token->u.name = np_lexer_intern(lexer->names, text, length);
    return token->u.name ? NP_TK_STRING : fail_memory(lexer);
}

/* A quoted string; lexer->start is its quote, which opens the buffer too, for messages. */
static int read_string(NpLexer *lexer, NpToken *token) {
    const Byte quote = *lexer->start, *at = lexer->start + 1, *run = lexer->start;
    lexer->used = 0;
    for (;;) {
        while (!stops[*at]) at++;
        if (*at == quote) break;
        if (*at == '\\') {
            if (!append(lexer, run, (size_t)(at - run))) return fail_memory(lexer);
            run = at = read_escape(lexer, at);
            if (!at) return NP_TK_ERROR;
        } else if (*at == '\n' || *at == '\r') {
            if (!append(lexer, run, (size_t)(at - run))) return fail_memory(lexer);
            return fail_quoting(lexer, "unfinished string", lexer->buffer, lexer->used);
        } else if (at == lexer->limit) {
            return fail_at_end(lexer, "unfinished string");
        } else {
            at++; /* the other quote, or a zero byte */
        }
    }
    lexer->cursor = at + 1;
    if (run == lexer->start) /* no escapes: as it stands in the source */
        return finish_string(lexer, token, (const char *)run + 1, (size_t)(at - run) - 1);
    if (!append(lexer, run, (size_t)(at - run))) return fail_memory(lexer);
    return finish_string(lexer, token, lexer->buffer + 1, lexer->used - 1);
}

/* Copies from..to into the buffer with every line end as \n. */
static bool append_lines(NpLexer *lexer, const Byte *from, const Byte *to) {
    if (!reserve(lexer, (size_t)(to - from))) return false;
    while (from < to) {
        Byte byte = *from++;
        if (byte == '\r' || byte == '\n') {
            if (from < to && (*from == '\r' || *from == '\n') && *from != byte) from++;
            byte = '\n';
        }
        lexer->buffer[lexer->used++] = (char)byte;
    }
    return true;
}

/* A long bracket of `level` equal signs whose text starts at `at`; token is NULL for a comment. */
static int read_long(NpLexer *lexer, const Byte *at, size_t level, NpToken *token) {
    int first_line = lexer->line;
    bool returns = false;
    const Byte *text, *close;
    if (*at == '\n' || *at == '\r') at = next_line(lexer, at);
    text = at;
    for (;;) {
        if (!at) return NP_TK_ERROR;
        if (*at == ']') {
            for (close = ++at; *at == '=';) at++;
            if (*at == ']' && (size_t)(at - close) == level) break;
        } else if (*at == '\n' || *at == '\r') {
            const Byte *line = at;
            at = next_line(lexer, at);
            returns = returns || *line == '\r' || (at && at - line == 2);
        } else if (*at == 0 && at == lexer->limit) {
            lexer->problem_line = first_line;
            return fail_at_end(lexer, token ? "unfinished long string" : "unfinished long comment");
        } else {
            at++;
        }
    }
    lexer->cursor = at + 1;
    if (!token) return 0;
    close--;
    if (!returns) return finish_string(lexer, token, (const char *)text, (size_t)(close - text));
    lexer->used = 0;
    if (!append_lines(lexer, text, close)) return fail_memory(lexer);
    return finish_string(lexer, token, lexer->buffer, lexer->used);
}

/* `at` follows "--". Leaves the cursor behind the comment; false after an error. */
static bool skip_comment(NpLexer *lexer, const Byte *at) {
    if (*at == '[') {
        const Byte *equals = at + 1, *bracket = equals;
        while (*bracket == '=') bracket++;
        if (*bracket == '[')
            return read_long(lexer, bracket + 1, (size_t)(bracket - equals), NULL) == 0;
    }
    while (*at != '\n' && *at != '\r' && (*at != 0 || at < lexer->limit)) at++;
    lexer->cursor = at;
    return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

void np_lexer_init(NpLexer *lexer, NpNames *names, const char *source, size_t length) {
    memset(lexer, 0, sizeof *lexer);
    lexer->cursor = lexer->start = (const Byte *)source;
    lexer->limit = lexer->cursor + length;
    lexer->line = 1;
    lexer->scratch = names->scratch;
    lexer->names = names;
}

static int read_numeral(NpLexer *lexer, NpToken *token, const Byte *end) {
    const char *text = (const char *)lexer->start;
    size_t length = (size_t)(end - lexer->start);
    if (np_lex_number(text, length, token)) return token->kind;
    return fail_quoting(lexer, "malformed number", text, length);
}

/*!re2c
    re2c:yyfill:enable = 0;
    re2c:define:YYCTYPE = "Byte";
    re2c:define:YYCURSOR = at;

    digit = [0-9];
    decimal = [eE][+-]? | [0-9a-fA-F.];
    hexadecimal = [pP][+-]? | [0-9a-fA-F.];
    letter = [a-zA-Z_];
*/

static int scan(NpLexer *lexer, NpToken *token) {
    const Byte *at = lexer->cursor;
again:
    lexer->start = at;
    /*!re2c
    [ \t\v\f]+ { goto again; }
    [\r\n] {
        at = next_line(lexer, at - 1);
        if (!at) return NP_TK_ERROR;
        goto again;
    }
    "--" {
        if (!skip_comment(lexer, at)) return NP_TK_ERROR;
        at = lexer->cursor;
        goto again;
    }
    "and" { lexer->cursor = at; return NP_TK_AND; }
    "break" { lexer->cursor = at; return NP_TK_BREAK; }
    "do" { lexer->cursor = at; return NP_TK_DO; }
    "else" { lexer->cursor = at; return NP_TK_ELSE; }
    "elseif" { lexer->cursor = at; return NP_TK_ELSEIF; }
    "end" { lexer->cursor = at; return NP_TK_END; }
    "false" { lexer->cursor = at; return NP_TK_FALSE; }
    "for" { lexer->cursor = at; return NP_TK_FOR; }
    "function" { lexer->cursor = at; return NP_TK_FUNCTION; }
    "goto" { lexer->cursor = at; return NP_TK_GOTO; }
    "if" { lexer->cursor = at; return NP_TK_IF; }
    "in" { lexer->cursor = at; return NP_TK_IN; }
    "local" { lexer->cursor = at; return NP_TK_LOCAL; }
    "nil" { lexer->cursor = at; return NP_TK_NIL; }
    "not" { lexer->cursor = at; return NP_TK_NOT; }
    "or" { lexer->cursor = at; return NP_TK_OR; }
    "repeat" { lexer->cursor = at; return NP_TK_REPEAT; }
    "return" { lexer->cursor = at; return NP_TK_RETURN; }
    "then" { lexer->cursor = at; return NP_TK_THEN; }
    "true" { lexer->cursor = at; return NP_TK_TRUE; }
    "until" { lexer->cursor = at; return NP_TK_UNTIL; }
    "while" { lexer->cursor = at; return NP_TK_WHILE; }
    letter (letter | digit)* {
        const char *text = (const char *)lexer->start;
        lexer->cursor = at;
        token->u.name = np_lexer_intern(lexer->names, text, (size_t)(at - lexer->start));
        return token->u.name ? NP_TK_NAME : fail_memory(lexer);
    }
    "."? (digit decimal* | "0" [xX] hexadecimal*) letter? {
        lexer->cursor = at;
        return read_numeral(lexer, token, at);
    }
    ["'] { return read_string(lexer, token); }
    "[" "="* "[" { return read_long(lexer, at, (size_t)(at - lexer->start) - 2, token); }
    "[" "="+ {
        return fail_quoting(lexer, "invalid long string delimiter", (const char *)lexer->start,
                            (size_t)(at - lexer->start));
    }
    "[" { lexer->cursor = at; return NP_TK_LBRACKET; }
    "]" { lexer->cursor = at; return NP_TK_RBRACKET; }
    "(" { lexer->cursor = at; return NP_TK_LPAREN; }
    ")" { lexer->cursor = at; return NP_TK_RPAREN; }
    "{" { lexer->cursor = at; return NP_TK_LBRACE; }
    "}" { lexer->cursor = at; return NP_TK_RBRACE; }
    "," { lexer->cursor = at; return NP_TK_COMMA; }
    ";" { lexer->cursor = at; return NP_TK_SEMI; }
    ":" { lexer->cursor = at; return NP_TK_COLON; }
    "::" { lexer->cursor = at; return NP_TK_DBCOLON; }
    "." { lexer->cursor = at; return NP_TK_DOT; }
    ".." { lexer->cursor = at; return NP_TK_CONCAT; }
    "..." { lexer->cursor = at; return NP_TK_DOTS; }
    "=" { lexer->cursor = at; return NP_TK_ASSIGN; }
    "==" { lexer->cursor = at; return NP_TK_EQ; }
    "~=" { lexer->cursor = at; return NP_TK_NE; }
    "<" { lexer->cursor = at; return NP_TK_LT; }
    "<=" { lexer->cursor = at; return NP_TK_LE; }
    ">" { lexer->cursor = at; return NP_TK_GT; }
    ">=" { lexer->cursor = at; return NP_TK_GE; }
    "<<" { lexer->cursor = at; return NP_TK_SHL; }
    ">>" { lexer->cursor = at; return NP_TK_SHR; }
    "+" { lexer->cursor = at; return NP_TK_PLUS; }
    "-" { lexer->cursor = at; return NP_TK_MINUS; }
    "*" { lexer->cursor = at; return NP_TK_STAR; }
    "/" { lexer->cursor = at; return NP_TK_SLASH; }
    "//" { lexer->cursor = at; return NP_TK_IDIV; }
    "%" { lexer->cursor = at; return NP_TK_PERCENT; }
    "^" { lexer->cursor = at; return NP_TK_CARET; }
    "#" { lexer->cursor = at; return NP_TK_HASH; }
    "&" { lexer->cursor = at; return NP_TK_AMP; }
    "|" { lexer->cursor = at; return NP_TK_PIPE; }
    "~" { lexer->cursor = at; return NP_TK_TILDE; }
    * {
        if (at > lexer->limit) {
            lexer->cursor = lexer->limit;
            return 0;
        }
        lexer->cursor = at;
        token->u.integer = at[-1];
        return NP_TK_OTHER;
    }
    */
}

int np_lexer_next(NpLexer *lexer, NpToken *token) {
    int kind = scan(lexer, token);
    token->kind = kind;
    token->line = lexer->line;
    return kind;
}

/* ---- what messages call tokens --------------------------------------------------------------- */

static const char *const spellings[] = {
    [0] = "<eof>",           [NP_TK_NAME] = "<name>",   [NP_TK_STRING] = "<string>",
    [NP_TK_INTEGER] = "<integer>", [NP_TK_FLOAT] = "<number>",
    [NP_TK_AND] = "and",     [NP_TK_BREAK] = "break",   [NP_TK_DO] = "do",
    [NP_TK_ELSE] = "else",   [NP_TK_ELSEIF] = "elseif", [NP_TK_END] = "end",
    [NP_TK_FALSE] = "false", [NP_TK_FOR] = "for",       [NP_TK_FUNCTION] = "function",
    [NP_TK_GOTO] = "goto",   [NP_TK_IF] = "if",         [NP_TK_IN] = "in",
    [NP_TK_LOCAL] = "local", [NP_TK_NIL] = "nil",       [NP_TK_NOT] = "not",
    [NP_TK_OR] = "or",       [NP_TK_REPEAT] = "repeat", [NP_TK_RETURN] = "return",
    [NP_TK_THEN] = "then",   [NP_TK_TRUE] = "true",     [NP_TK_UNTIL] = "until",
    [NP_TK_WHILE] = "while", [NP_TK_LBRACKET] = "[",    [NP_TK_RBRACKET] = "]",
    [NP_TK_LPAREN] = "(",    [NP_TK_RPAREN] = ")",      [NP_TK_LBRACE] = "{",
    [NP_TK_RBRACE] = "}",    [NP_TK_COMMA] = ",",       [NP_TK_SEMI] = ";",
    [NP_TK_COLON] = ":",     [NP_TK_DBCOLON] = "::",    [NP_TK_DOT] = ".",
    [NP_TK_CONCAT] = "..",   [NP_TK_DOTS] = "...",      [NP_TK_ASSIGN] = "=",
    [NP_TK_EQ] = "==",       [NP_TK_NE] = "~=",         [NP_TK_LT] = "<",
    [NP_TK_LE] = "<=",       [NP_TK_GT] = ">",          [NP_TK_GE] = ">=",
    [NP_TK_SHL] = "<<",      [NP_TK_SHR] = ">>",        [NP_TK_PLUS] = "+",
    [NP_TK_MINUS] = "-",     [NP_TK_STAR] = "*",        [NP_TK_SLASH] = "/",
    [NP_TK_IDIV] = "//",     [NP_TK_PERCENT] = "%",     [NP_TK_CARET] = "^",
    [NP_TK_HASH] = "#",      [NP_TK_AMP] = "&",         [NP_TK_PIPE] = "|",
    [NP_TK_TILDE] = "~",
};

const char *np_lexer_spelling(int kind) {
    const char *text = NULL;
    if (kind >= 0 && (size_t)kind < sizeof spellings / sizeof *spellings) text = spellings[kind];
    return text ? text : "?";
}

bool np_lexer_is_fixed(int kind) {
    return kind != 0 && kind != NP_TK_NAME && kind != NP_TK_STRING && kind != NP_TK_INTEGER &&
           kind != NP_TK_FLOAT;
}

/* A string as the buffer of a reader that decodes while it reads would show it: delimiters as
 * written, contents decoded. */
static bool near_string(NpLexer *lexer, const NpToken *token, NpNear *near) {
    const Byte *open = lexer->start;
    size_t width = 1;
    if (*open == '[') {
        while (open[width] == '=') width++;
        width++;
    }
    lexer->used = 0;
    if (!append(lexer, open, width) || !append(lexer, token->u.name->text, token->u.name->length) ||
        !append(lexer, lexer->cursor - width, width))
        return false;
    near->text = lexer->buffer;
    near->length = lexer->used;
    return true;
}

bool np_lexer_near(NpLexer *lexer, const NpToken *token, NpNear *near) {
    near->quoted = true;
    switch (token->kind) {
    case NP_TK_ERROR: *near = lexer->near; return true;
    case NP_TK_STRING: return near_string(lexer, token, near);
    case NP_TK_NAME:
    case NP_TK_INTEGER:
    case NP_TK_FLOAT:
        near->text = (const char *)lexer->start;
        near->length = (size_t)(lexer->cursor - lexer->start);
        return true;
    case NP_TK_OTHER: {
        int byte = (int)token->u.integer, width = byte > 99 ? 3 : byte > 9 ? 2 : 1;
        near->text = byte == 0 ? NULL : near->small; /* C Lua cannot name a zero byte */
        near->small[0] = (char)byte;
        near->length = 1;
        if (byte >= ' ' && byte < 127) return true;
        memcpy(near->small, "<\\", 2);
        for (int i = width; i > 0; i--, byte /= 10) near->small[1 + i] = (char)('0' + byte % 10);
        near->small[2 + width] = '>';
        near->length = (size_t)width + 3;
        return true;
    }
    default:
        near->text = np_lexer_spelling(token->kind);
        near->length = strlen(near->text);
        near->quoted = token->kind != 0;
        return true;
    }
}
