/*
 * strmatch.c - Lua patterns (manual 6.4.1): string.find, match, gmatch and gsub.
 *
 * Owns: the matcher, which interprets the pattern text directly, and the four functions on it.
 * Does not: compile patterns. A malformed pattern is therefore reported when matching reaches the
 * bad place, as in Lua, and not before.
 *
 * How it works. match_here advances through subject and pattern in a loop and recurses only where
 * there is a choice to come back to: a quantified item with more than one possible length. Such a
 * choice point saves `level` and `open` and puts them back before its next attempt; that undoes
 * every capture opened or closed in between, because
 *  1. captures 0 .. level-1 exist, and bit i of `open` says that capture i has no end yet;
 *  2. a capture's `size` means something only while its bit in `open` is clear, so the stale size
 *     of a capture that was closed and reopened is never read.
 * Two further facts the code leans on:
 *  3. subject and pattern end in a zero byte that is not part of them, so one byte past the end
 *     may be read;
 *  4. both stay where they are while a match runs: they are on the stack or in upvalues.
 */
#define LUA_LIB
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* memmem */
#endif

#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lauxlib.h"
#include "lua.h"
#include "strclass.h"
#include "strlib.h"

#define ESCAPE '%'

#define MAX_CAPTURES 32 /* bits of NpMatch.open */

/* Choice points inside one another before "pattern too complex": bounds the C stack. */
#define MAX_DEPTH 200

/* Results that fit the slots every C function has, beside what is kept there. */
#define FEW_CAPTURES (LUA_MINSTACK / 2)

#define POSITION_CAPTURE (-1) /* as size of a capture: "()" */

/* Sets that get a bitmap in one match, and how many tests a set must see to be worth one. */
#define MAX_SETS 4
#define SET_WARMUP 16

typedef struct NpCapture {
    const char *start;
    ptrdiff_t size;
} NpCapture;

/* A set "[...]" of the pattern, seen before; `bits` has one bit a byte once `built`. */
typedef struct NpSet {
    const char *at;
    int tests;
    int built;
    uint32_t bits[8];
} NpSet;

typedef struct NpMatch {
    lua_State *L;
    const char *subject;
    const char *subject_end;
    const char *pattern_end;
    int depth; /* choice points still allowed */
    int level;
    uint32_t open;
    int set_count;
    NpCapture captures[MAX_CAPTURES];
    NpSet sets[MAX_SETS];
} NpMatch;

/* What a pattern item accepts: one byte, any byte, a class "%a", a set. */
enum { ITEM_BYTE, ITEM_ANY, ITEM_CLASS, ITEM_SET };

typedef struct NpItem {
    int kind;
    unsigned char byte; /* the byte, or the class letter */
    const char *at;
    const char *next; /* behind the item: its quantifier, if it has one */
} NpItem;

/* ---- Single bytes ---------------------------------------------------------------------------- */

/* "%x" inside a set: a class, or the character itself. */
static int escape_has(unsigned char letter, unsigned char byte)
{
    return is_class(letter) ? class_has(letter, byte) : letter == byte;
}

/* Reads the set's text for one byte. `at` is its '[', `last` its closing ']'. */
static int scan_set(const char *at, const char *last, unsigned char byte)
{
    int found = 1;

    at++;
    if (*at == '^') {
        found = 0;
        at++;
    }
    for (; at < last; at++) {
        if (*at == ESCAPE) {
            at++;
            if (escape_has((unsigned char)*at, byte)) {
                return found;
            }
        } else if (at[1] == '-' && at + 2 < last) {
            if ((unsigned char)at[0] <= byte && byte <= (unsigned char)at[2]) {
                return found;
            }
            at += 2;
        } else if ((unsigned char)*at == byte) {
            return found;
        }
    }
    return !found;
}

static inline void add_to_set(NpSet *set, unsigned char byte)
{
    set->bits[byte >> 5] |= (uint32_t)1 << (byte & 31);
}

/* Reads the set's text once for all bytes; must agree with scan_set. */
static void build_set(NpSet *set, const char *last)
{
    const char *at = set->at + 1;
    int complement = *at == '^';
    int byte;

    memset(set->bits, 0, sizeof(set->bits));
    for (at += complement; at < last; at++) {
        if (*at == ESCAPE) {
            at++;
            if (!is_class((unsigned char)*at)) {
                add_to_set(set, (unsigned char)*at);
                continue;
            }
            for (byte = 0; byte <= UCHAR_MAX; byte++) {
                if (class_has((unsigned char)*at, (unsigned char)byte)) {
                    add_to_set(set, (unsigned char)byte);
                }
            }
        } else if (at[1] == '-' && at + 2 < last) {
            for (byte = (unsigned char)at[0]; byte <= (unsigned char)at[2]; byte++) {
                add_to_set(set, (unsigned char)byte);
            }
            at += 2;
        } else {
            add_to_set(set, (unsigned char)*at);
        }
    }
    for (byte = 0; complement && byte < 8; byte++) {
        set->bits[byte] = ~set->bits[byte];
    }
    set->built = 1;
}

static inline int bitmap_has(const NpSet *set, unsigned char byte)
{
    return (int)(set->bits[byte >> 5] >> (byte & 31)) & 1;
}

/* The record of a set, made on first sight; NULL when the pattern has too many of them. */
static NpSet *find_set(NpMatch *match, const NpItem *item)
{
    NpSet *set = match->sets;
    NpSet *end = set + match->set_count;

    for (; set < end; set++) {
        if (set->at == item->at) {
            return set;
        }
    }
    if (match->set_count == MAX_SETS) {
        return NULL;
    }
    match->set_count++;
    set->at = item->at;
    set->tests = 0;
    set->built = 0;
    return set;
}

static int set_has(NpMatch *match, const NpItem *item, unsigned char byte)
{
    NpSet *set = find_set(match, item);

    if (set != NULL) {
        if (!set->built && ++set->tests > SET_WARMUP) {
            build_set(set, item->next - 1);
        }
        if (set->built) {
            return bitmap_has(set, byte);
        }
    }
    return scan_set(item->at, item->next - 1, byte);
}

/* Whether the subject has a byte at `at` that the item accepts. */
static inline int accepts(NpMatch *match, const NpItem *item, const char *at)
{
    if (at >= match->subject_end) {
        return 0;
    }
    switch (item->kind) {
    case ITEM_BYTE:
        return (unsigned char)*at == item->byte;
    case ITEM_ANY:
        return 1;
    case ITEM_CLASS:
        return class_has(item->byte, (unsigned char)*at);
    default:
        return set_has(match, item, (unsigned char)*at);
    }
}

/* The end of the run of bytes from `at` on that are in the set (`inside` 1) or are not (0). */
static const char *span_set(NpMatch *match, const NpItem *item, const char *at, int inside)
{
    NpSet *set = find_set(match, item);
    const char *end = match->subject_end;

    while (set == NULL || !set->built) {
        if (at >= end || scan_set(item->at, item->next - 1, (unsigned char)*at) != inside) {
            return at;
        }
        at++;
        if (set != NULL && ++set->tests > SET_WARMUP) {
            build_set(set, item->next - 1);
        }
    }
    while (at < end && bitmap_has(set, (unsigned char)*at) == inside) {
        at++;
    }
    return at;
}

/* The end of the longest run of accepted bytes from `at` on. */
static const char *span(NpMatch *match, const NpItem *item, const char *at)
{
    const char *end = match->subject_end;

    switch (item->kind) {
    case ITEM_BYTE:
        while (at < end && (unsigned char)*at == item->byte) {
            at++;
        }
        return at;
    case ITEM_ANY:
        return end;
    case ITEM_CLASS:
        return span_class(item->byte, at, end);
    default:
        return span_set(match, item, at, 1);
    }
}

/* ---- Reading the pattern --------------------------------------------------------------------- */

/* Behind the ']' of the set whose '[' is at `at`, NULL without one. A ']' right at the beginning is a member. */
static const char *end_of_set(const NpMatch *match, const char *at)
{
    at++;
    if (*at == '^') {
        at++;
    }
    do {
        if (at == match->pattern_end) {
            return NULL;
        }
        if (*at++ == ESCAPE && at < match->pattern_end) {
            at++;
        }
    } while (*at != ']'); /* never true at the end: there is a zero byte */
    return at + 1;
}

static inline void read_item(NpMatch *match, const char *at, NpItem *item)
{
    item->at = at;
    item->next = at + 1;
    item->byte = (unsigned char)*at;
    switch (*at) {
    case '.':
        item->kind = ITEM_ANY;
        break;
    case '[':
        item->kind = ITEM_SET;
        item->next = end_of_set(match, at);
        if (item->next == NULL) {
            luaL_error(match->L, "malformed pattern (missing ']')");
        }
        break;
    case ESCAPE:
        if (at + 1 == match->pattern_end) {
            luaL_error(match->L, "malformed pattern (ends with '%%')");
        }
        item->byte = (unsigned char)at[1];
        item->kind = is_class(item->byte) ? ITEM_CLASS : ITEM_BYTE;
        item->next = at + 2;
        break;
    default:
        item->kind = ITEM_BYTE;
        break;
    }
}

/*
 * The byte with which every match of the pattern from `at` on begins, or -1 when there is no one
 * such byte. Looks through parentheses only as far as they cannot be an error, so that a caller
 * who skips an attempt on this ground hides no message.
 */
static int required_byte(const NpMatch *match, const char *at)
{
    const char *end = match->pattern_end;
    int level = match->level;
    int open = __builtin_popcount(match->open);
    int byte;

    for (;; at++) {
        if (at < end && *at == '(' && level < MAX_CAPTURES) {
            level++;
            if (at[1] == ')') {
                at++;
            } else {
                open++;
            }
        } else if (at < end && *at == ')' && open > 0) {
            open--;
        } else {
            break;
        }
    }
    if (at >= end) {
        return -1;
    }
    byte = (unsigned char)*at;
    switch (byte) {
    case '(': case ')': case '.': case '[':
        return -1;
    case '$':
        if (at + 1 == end) {
            return -1;
        }
        break;
    case ESCAPE:
        at++;
        byte = (unsigned char)*at;
        /* Classes, %b, %f and back references are alphanumeric; other letters are rare. */
        if (at == end || isalnum(byte)) {
            return -1;
        }
        break;
    default:
        break;
    }
    switch (at[1]) {
    case '*': case '?': case '-':
        return -1;
    default:
        return byte;
    }
}

/* ---- The matcher ----------------------------------------------------------------------------- */

static const char *match_here(NpMatch *match, const char *at, const char *pattern);

static void start_match(NpMatch *match)
{
    match->level = 0;
    match->open = 0;
    match->depth = MAX_DEPTH;
}

static void prepare(NpMatch *match, lua_State *L, const char *subject, size_t subject_size,
                    const char *pattern, size_t pattern_size)
{
    match->L = L;
    match->subject = subject;
    match->subject_end = subject + subject_size;
    match->pattern_end = pattern + pattern_size;
    match->set_count = 0;
    start_match(match);
}

/* Attempts the rest of a match at a choice point; on failure all captures are as before. */
static const char *attempt(NpMatch *match, const char *at, const char *pattern)
{
    int level = match->level;
    uint32_t open = match->open;
    const char *end;

    if (l_unlikely(match->depth-- == 0)) {
        luaL_error(match->L, "pattern too complex");
    }
    end = match_here(match, at, pattern);
    match->depth++;
    if (end == NULL) {
        match->level = level;
        match->open = open;
    }
    return end;
}

/*
 * The two loops for quantified items. They return the end of the whole match, or NULL with
 * *at the one position left to try, which the caller does without recursion; *at is NULL when
 * there is none.
 */
static const char *match_longest(NpMatch *match, const NpItem *item, const char **at,
                                 const char *rest, int minimum)
{
    const char *low = *at + minimum;
    const char *high = span(match, item, *at);
    int byte;

    if (high < low) {
        *at = NULL;
        return NULL;
    }
    *at = low;
    if (rest == match->pattern_end) {
        return high;
    }
    if (high == low) {
        return NULL;
    }
    byte = required_byte(match, rest);
    for (; high > low; high--) {
        if (byte < 0 || (high < match->subject_end && (unsigned char)*high == byte)) {
            const char *end = attempt(match, high, rest);
            if (end != NULL) {
                return end;
            }
        }
    }
    return NULL;
}

static const char *match_shortest(NpMatch *match, const NpItem *item, const char **at,
                                  const char *rest)
{
    const char *here = *at;
    int byte = required_byte(match, rest);

    for (;; here++) {
        if (byte >= 0 && item->kind == ITEM_ANY) {
            here = memchr(here, byte, (size_t)(match->subject_end - here));
            if (here == NULL) {
                *at = NULL;
                return NULL;
            }
        }
        if (!accepts(match, item, here)) {
            *at = here;
            return NULL;
        }
        if (byte < 0 || (unsigned char)*here == byte) {
            const char *end = attempt(match, here, rest);
            if (end != NULL) {
                return end;
            }
        }
    }
}

/* "%bxy": from an x to the y that balances it. `arguments` is at x. */
static const char *match_balanced(NpMatch *match, const char *at, const char *arguments)
{
    char opening, closing;
    size_t nesting = 1;

    if (arguments + 1 >= match->pattern_end) {
        luaL_error(match->L, "malformed pattern (missing arguments to '%%b')");
    }
    opening = arguments[0];
    closing = arguments[1];
    if (at >= match->subject_end || *at != opening) {
        return NULL;
    }
    while (++at < match->subject_end) {
        if (*at == closing) {
            if (--nesting == 0) {
                return at + 1;
            }
        } else if (*at == opening) {
            nesting++;
        }
    }
    return NULL;
}

/* "%f[set]": the set begins between the previous byte and this one; both ends read as zero. */
static int at_frontier(NpMatch *match, const char *at, const NpItem *set)
{
    unsigned char before = at == match->subject ? '\0' : (unsigned char)at[-1];
    unsigned char after = at == match->subject_end ? '\0' : (unsigned char)*at;

    return !set_has(match, set, before) && set_has(match, set, after);
}

/* "%1": the text of an earlier capture again. */
static const char *match_reference(NpMatch *match, const char *at, unsigned char digit)
{
    int index = digit - '1';
    const NpCapture *capture = &match->captures[index < 0 ? 0 : index];

    if (index < 0 || index >= match->level || (match->open >> index & 1) != 0) {
        luaL_error(match->L, "invalid capture index %%%d", index + 1);
    }
    if (capture->size == POSITION_CAPTURE || match->subject_end - at < capture->size ||
        memcmp(capture->start, at, (size_t)capture->size) != 0) {
        return NULL;
    }
    return at + capture->size;
}

static void open_capture(NpMatch *match, const char *at, int position_only)
{
    NpCapture *capture = &match->captures[match->level];

    if (match->level >= MAX_CAPTURES) {
        luaL_error(match->L, "too many captures");
    }
    capture->start = at;
    capture->size = POSITION_CAPTURE;
    if (!position_only) {
        match->open |= (uint32_t)1 << match->level;
    }
    match->level++;
}

static void close_capture(NpMatch *match, const char *at)
{
    int innermost;

    if (match->open == 0) {
        luaL_error(match->L, "invalid pattern capture");
    }
    innermost = 31 - __builtin_clz(match->open);
    match->open &= ~((uint32_t)1 << innermost);
    match->captures[innermost].size = at - match->captures[innermost].start;
}

/*
 * "%b", "%f" and "%1" at `pattern`, which is at a '%'. Returns 0 when it is an ordinary item;
 * otherwise *at is where the match goes on (NULL: nowhere) and *next the pattern behind it.
 */
static int match_special(NpMatch *match, const char **at, const char *pattern, const char **next)
{
    NpItem set;

    switch (pattern[1]) {
    case 'b':
        *at = match_balanced(match, *at, pattern + 2);
        *next = pattern + 4;
        return 1;
    case 'f':
        if (pattern[2] != '[') {
            luaL_error(match->L, "missing '[' after '%%f' in pattern");
        }
        read_item(match, pattern + 2, &set);
        if (!at_frontier(match, *at, &set)) {
            *at = NULL;
        }
        *next = set.next;
        return 1;
    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        *at = match_reference(match, *at, (unsigned char)pattern[1]);
        *next = pattern + 2;
        return 1;
    default:
        return 0;
    }
}

/*
 * One item and its quantifier. Returns the end of the whole match when a choice point found it;
 * else NULL with *at where the pattern goes on at *next, or *at NULL for no match.
 */
static inline const char *match_item(NpMatch *match, const char **at, const char *pattern,
                                     const char **next)
{
    NpItem item;
    const char *end = NULL;

    read_item(match, pattern, &item);
    *next = item.next + 1;
    switch (*item.next) {
    case '*':
        return match_longest(match, &item, at, *next, 0);
    case '+':
        return match_longest(match, &item, at, *next, 1);
    case '-':
        return match_shortest(match, &item, at, *next);
    case '?':
        if (accepts(match, &item, *at)) {
            end = attempt(match, *at + 1, *next);
        }
        return end;
    default:
        *next = item.next;
        *at = accepts(match, &item, *at) ? *at + 1 : NULL;
        return NULL;
    }
}

static inline int is_quantifier(char byte)
{
    return byte == '*' || byte == '+' || byte == '-' || byte == '?';
}

/* The end of the match of `pattern` that begins exactly at `at`, or NULL. */
static const char *match_here(NpMatch *match, const char *at, const char *pattern)
{
    const char *end;

    while (pattern != match->pattern_end) {
        switch (*pattern) {
        case '(': {
            int position_only = pattern[1] == ')';
            open_capture(match, at, position_only);
            pattern += 1 + position_only;
            continue;
        }
        case ')':
            close_capture(match, at);
            pattern++;
            continue;
        case '$':
            if (pattern + 1 == match->pattern_end) {
                return at == match->subject_end ? at : NULL;
            }
            break;
        case ESCAPE:
            if (match_special(match, &at, pattern, &pattern)) {
                if (at == NULL) {
                    return NULL;
                }
                continue;
            }
            break;
        case '.': case '[':
            break;
        default:
            if (is_quantifier(pattern[1])) {
                break;
            }
            if (*at != *pattern || at == match->subject_end) {
                return NULL;
            }
            at++;
            pattern++;
            continue;
        }
        end = match_item(match, &at, pattern, &pattern);
        if (end != NULL || at == NULL) {
            return end;
        }
    }
    return at;
}

/* How matches of a pattern begin; found once for all of them. None of it hides or advances an error. */
typedef struct NpPlan {
    const char *pattern;
    int byte;       /* required_byte */
    int begins;     /* each match begins with a byte that `item` accepts */
    int whole;      /* the pattern is nothing but that item, */
    int repeated;   /* with a '+' */
    NpItem item;
} NpPlan;

static void make_plan(NpPlan *plan, const NpMatch *match, const char *pattern)
{
    NpItem *item = &plan->item;

    plan->pattern = pattern;
    plan->begins = plan->whole = 0;
    plan->byte = required_byte(match, pattern);
    item->at = pattern + (pattern[0] == '(' && pattern[1] != ')');
    if (plan->byte >= 0) {
        return;
    }
    if (*item->at == '[') {
        item->kind = ITEM_SET;
        item->next = end_of_set(match, item->at);
        if (item->next == NULL) {
            return;
        }
    } else if (*item->at == ESCAPE && is_class((unsigned char)item->at[1])) {
        item->kind = ITEM_CLASS;
        item->byte = (unsigned char)item->at[1];
        item->next = item->at + 2;
    } else {
        return;
    }
    plan->repeated = *item->next == '+';
    plan->begins = plan->repeated || !is_quantifier(*item->next);
    plan->whole = plan->begins && item->at == pattern && item->next + plan->repeated == match->pattern_end;
}

/* The first place at or after `at` with a byte that the plan's item accepts, or the end. */
static const char *skip_to_item(NpMatch *match, const NpItem *item, const char *at)
{
    return item->kind == ITEM_CLASS ? span_class(item->byte ^ 0x20, at, match->subject_end) /* its complement */
                                    : span_set(match, item, at, 0);
}

/*
 * The first match that begins at or after *at: its end, with *at its beginning; NULL when there is
 * none. A match that is empty and ends at `barred` (where the previous one ended) does not count;
 * barred may be NULL.
 */
static const char *search(NpMatch *match, const char **at, const NpPlan *plan, const char *barred)
{
    const char *here = *at;

    for (; here <= match->subject_end; here++) {
        const char *end;

        if (plan->byte >= 0) {
            here = memchr(here, plan->byte, (size_t)(match->subject_end - here));
            if (here == NULL) {
                return NULL;
            }
        } else if (plan->begins) {
            here = skip_to_item(match, &plan->item, here);
            if (here == match->subject_end) {
                return NULL;
            }
            if (plan->whole) {
                match->level = 0;
                *at = here;
                return plan->repeated ? span(match, &plan->item, here + 1) : here + 1;
            }
        }
        start_match(match);
        end = match_here(match, here, plan->pattern);
        if (end != NULL && end != barred) {
            *at = here;
            return end;
        }
    }
    return NULL;
}

/* ---- Captures as results --------------------------------------------------------------------- */

/*
 * Text of capture `index` of the match begin .. end, its size in *size; with no captures at all,
 * capture 0 is the whole match. A position capture is pushed as an integer and gives NULL.
 */
static const char *read_capture(NpMatch *match, int index, const char *begin, const char *end,
                                size_t *size)
{
    const NpCapture *capture = &match->captures[index];

    if (index >= match->level) {
        if (l_unlikely(index != 0)) {
            luaL_error(match->L, "invalid capture index %%%d", index + 1);
        }
        *size = (size_t)(end - begin);
        return begin;
    }
    if (l_unlikely((match->open >> index & 1) != 0)) {
        luaL_error(match->L, "unfinished capture");
    }
    if (capture->size == POSITION_CAPTURE) {
        lua_pushinteger(match->L, capture->start - match->subject + 1);
        return NULL;
    }
    *size = (size_t)capture->size;
    return capture->start;
}

static void push_capture(NpMatch *match, int index, const char *begin, const char *end)
{
    size_t size;
    const char *text = read_capture(match, index, begin, end, &size);

    if (text != NULL) {
        lua_pushlstring(match->L, text, size);
    }
}

/* Pushes all captures, or the whole match when there are none; returns how many values. */
static int push_match(NpMatch *match, const char *begin, const char *end)
{
    int count = match->level == 0 ? 1 : match->level;
    int i;

    if (count > FEW_CAPTURES) {
        luaL_checkstack(match->L, count, "too many captures");
    }
    for (i = 0; i < count; i++) {
        push_capture(match, i, begin, end);
    }
    return count;
}

/* ---- find and match -------------------------------------------------------------------------- */

/*
 * First occurrence of plain text, or NULL. memchr is the fastest way to the next candidate, but
 * where nearly every byte is one, its restarts cost more than the C library's search for words,
 * which also keeps the worst case linear.
 */
static const char *find_text(const char *text, size_t size, const char *wanted, size_t wanted_size)
{
    const char *at = text;
    const char *last; /* where an occurrence can begin at the latest */
    size_t misses = 0;

    if (wanted_size == 0) {
        return text;
    }
    if (wanted_size > size) {
        return NULL;
    }
    last = text + (size - wanted_size);
    while (at <= last) {
        at = memchr(at, (unsigned char)*wanted, (size_t)(last - at) + 1);
        if (at == NULL || memcmp(at + 1, wanted + 1, wanted_size - 1) == 0) {
            return at;
        }
        at++;
#if !defined(_AIX) /* no memmem there */
        if (++misses > 8 + (size_t)(at - text) / 16) {
            return memmem(at, size - (size_t)(at - text), wanted, wanted_size);
        }
#endif
    }
    return NULL;
}

static int is_plain(const char *pattern, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        switch (pattern[i]) {
        case '^': case '$': case '*': case '+': case '?':
        case '.': case '(': case '[': case '-': case ESCAPE:
            return 0;
        default:
            break;
        }
    }
    return 1;
}

static int find_or_match(lua_State *L, int find)
{
    size_t subject_size, pattern_size;
    const char *subject = luaL_checklstring(L, 1, &subject_size);
    const char *pattern = luaL_checklstring(L, 2, &pattern_size);
    size_t init = str_first_position(luaL_optinteger(L, 3, 1), subject_size) - 1;
    const char *begin = subject + init;
    const char *end;

    if (init > subject_size) {
        luaL_pushfail(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || is_plain(pattern, pattern_size))) {
        begin = find_text(begin, subject_size - init, pattern, pattern_size);
        if (begin == NULL) {
            luaL_pushfail(L);
            return 1;
        }
        lua_pushinteger(L, begin - subject + 1);
        lua_pushinteger(L, begin - subject + (lua_Integer)pattern_size);
        return 2;
    } else {
        NpMatch match;

        prepare(&match, L, subject, subject_size, pattern, pattern_size);
        if (*pattern == '^') {
            end = match_here(&match, begin, pattern + 1);
        } else {
            NpPlan plan;
            make_plan(&plan, &match, pattern);
            end = search(&match, &begin, &plan, NULL);
        }
        if (end == NULL) {
            luaL_pushfail(L);
            return 1;
        }
        if (!find) {
            return push_match(&match, begin, end);
        }
        lua_pushinteger(L, begin - subject + 1);
        lua_pushinteger(L, end - subject);
        return match.level == 0 ? 2 : 2 + push_match(&match, begin, end);
    }
}

int np_strmatch_find(lua_State *L)
{
    return find_or_match(L, 1);
}

int np_strmatch_match(lua_State *L)
{
    return find_or_match(L, 0);
}

/* ---- gmatch ---------------------------------------------------------------------------------- */

/* The iterator's state: upvalue 3 of its closure; upvalues 1 and 2 keep subject and pattern. */
typedef struct NpIteration {
    NpMatch match;
    NpPlan plan;
    const char *next;     /* where the next search begins; NULL after the last match */
    const char *previous; /* end of the previous match, or NULL */
} NpIteration;

static int next_match(lua_State *L)
{
    NpIteration *state = lua_touserdata(L, lua_upvalueindex(3));
    const char *begin = state->next;
    const char *end;

    if (begin == NULL) {
        return 0;
    }
    state->match.L = L; /* each step may run in another coroutine */
    end = search(&state->match, &begin, &state->plan, state->previous);
    if (end == NULL) {
        state->next = NULL;
        return 0;
    }
    state->next = state->previous = end;
    return push_match(&state->match, begin, end);
}

int np_strmatch_gmatch(lua_State *L)
{
    size_t subject_size, pattern_size;
    const char *subject = luaL_checklstring(L, 1, &subject_size);
    const char *pattern = luaL_checklstring(L, 2, &pattern_size);
    size_t init = str_first_position(luaL_optinteger(L, 3, 1), subject_size) - 1;
    NpIteration *state;

    lua_settop(L, 2);
    state = lua_newuserdatauv(L, sizeof(*state), 0);
    prepare(&state->match, L, subject, subject_size, pattern, pattern_size);
    make_plan(&state->plan, &state->match, pattern);
    state->next = init > subject_size ? NULL : subject + init;
    state->previous = NULL;
    lua_pushcclosure(L, next_match, 3);
    return 1;
}

/* ---- gsub ------------------------------------------------------------------------------------ */

typedef struct NpSubstitution {
    NpMatch match;
    luaL_Buffer out;
    const char *copied; /* the subject is in `out` (or replaced) up to here */
    int type;           /* of the replacement, argument 3 */
    const char *text;   /* of a replacement string */
    size_t text_size;
    int has_escapes;
} NpSubstitution;

/* Appends to the result, usually few bytes. The buffer's slot must be on top. */
static inline void append(NpSubstitution *sub, const char *text, size_t size)
{
    char *to = sub->out.b + sub->out.n;

    if (size > 8 || sub->out.size - sub->out.n < size) {
        luaL_addlstring(&sub->out, text, size);
        return;
    }
    sub->out.n += size;
    while (size-- > 0) {
        *to++ = *text++;
    }
}

/* Brings the subject up to `to` into the result. The buffer's slot must be on top. */
static inline void copy_until(NpSubstitution *sub, const char *to)
{
    append(sub, sub->copied, (size_t)(to - sub->copied));
    sub->copied = to;
}

/* Appends the replacement string with "%0" to "%9" and "%%" put in. */
static void add_expanded(NpSubstitution *sub, const char *begin, const char *end)
{
    const char *text = sub->text;
    const char *text_end = text + sub->text_size;
    const char *escape;

    while ((escape = memchr(text, ESCAPE, (size_t)(text_end - text))) != NULL) {
        unsigned char digit = (unsigned char)escape[1];

        luaL_addlstring(&sub->out, text, (size_t)(escape - text));
        text = escape + 2;
        if (digit == ESCAPE) {
            luaL_addchar(&sub->out, ESCAPE);
        } else if (digit == '0') {
            luaL_addlstring(&sub->out, begin, (size_t)(end - begin));
        } else if (isdigit(digit)) {
            size_t size;
            const char *capture = read_capture(&sub->match, digit - '1', begin, end, &size);

            if (capture != NULL) {
                luaL_addlstring(&sub->out, capture, size);
            } else {
                luaL_addvalue(&sub->out); /* a position */
            }
        } else {
            luaL_error(sub->match.L, "invalid use of '%c' in replacement string", ESCAPE);
        }
    }
    luaL_addlstring(&sub->out, text, (size_t)(text_end - text));
}

/* Replaces one match; 0 when the replacement says to keep the original. */
static int replace(NpSubstitution *sub, const char *begin, const char *end)
{
    lua_State *L = sub->match.L;
    size_t size;
    int type;

    copy_until(sub, begin);
    switch (sub->type) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, push_match(&sub->match, begin, end), 1);
        type = lua_type(L, -1);
        break;
    case LUA_TTABLE:
        push_capture(&sub->match, 0, begin, end);
        type = lua_gettable(L, 3);
        break;
    default:
        if (sub->has_escapes) {
            add_expanded(sub, begin, end);
        } else {
            append(sub, sub->text, sub->text_size);
        }
        sub->copied = end;
        return 1;
    }
    if (type == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &size);
        if (size <= sub->out.size - sub->out.n) { /* the text stays: nothing is allocated before it is copied */
            lua_pop(L, 1);
            append(sub, text, size);
        } else {
            luaL_addvalue(&sub->out);
        }
    } else if (type == LUA_TNUMBER) {
        luaL_addvalue(&sub->out);
    } else if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        return 0;
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
    sub->copied = end;
    return 1;
}

/* Replaces up to `limit` matches. Returns how many there were; *changed when the text did. */
static lua_Integer substitute(NpSubstitution *sub, const char *pattern, lua_Integer limit,
                              int *changed)
{
    NpMatch *match = &sub->match;
    const char *begin = match->subject;
    const char *previous = NULL;
    lua_Integer count = 0;
    NpPlan plan;

    if (limit <= 0) {
        return 0;
    }
    if (*pattern == '^') {
        const char *end = match_here(match, begin, pattern + 1);
        if (end == NULL) {
            return 0;
        }
        *changed |= replace(sub, begin, end);
        return 1;
    }
    make_plan(&plan, match, pattern);
    while (count < limit) {
        const char *end = search(match, &begin, &plan, previous);
        if (end == NULL) {
            break;
        }
        count++;
        *changed |= replace(sub, begin, end);
        begin = previous = end;
    }
    return count;
}

int np_strmatch_gsub(lua_State *L)
{
    NpSubstitution sub;
    size_t subject_size, pattern_size;
    const char *subject = luaL_checklstring(L, 1, &subject_size);
    const char *pattern = luaL_checklstring(L, 2, &pattern_size);
    lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)subject_size + 1);
    lua_Integer count;
    int changed = 0;

    sub.type = lua_type(L, 3);
    sub.copied = subject;
    switch (sub.type) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
        sub.text = lua_tolstring(L, 3, &sub.text_size);
        sub.has_escapes = memchr(sub.text, ESCAPE, sub.text_size) != NULL;
        break;
    case LUA_TTABLE:
    case LUA_TFUNCTION:
        break;
    default:
        return luaL_typeerror(L, 3, "string/function/table");
    }
    prepare(&sub.match, L, subject, subject_size, pattern, pattern_size);
    luaL_buffinit(L, &sub.out);
    count = substitute(&sub, pattern, limit, &changed);
    if (changed) {
        copy_until(&sub, subject + subject_size);
        luaL_pushresult(&sub.out);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}
