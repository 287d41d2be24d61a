/* string.c: string objects and the table of short strings.
 *
 * Owns: creation, hashing, equality and order of strings; the intern table (open addressing, linear
 *       probing, weak: the collector drops dead entries through np_string_sweep).
 * Does not: convert numbers (number.c) or format (errmsg.c).
 *
 * Invariant S1: two short strings with equal contents are the same object.
 * The table refers weakly: while the collector is between the start of marking and the end of its STRINGS
 * phase, a string found here is marked, so that what a lookup returned is never swept. */
#include <string.h>

#include "runtime/err.h"
#include "runtime/gc/heap.h"
#include "runtime/strings.h"

#define FIRST_SLOTS 256

enum {
    SETTLE_AT_ONCE = 4096,  /* slots of an old table: not worth two lookups */
    SETTLE_GROWING = 32,    /* slots moved with every new string: a table that has doubled is full again after 3/8 of its slots */
    SHRINK_MOST = 64,       /* how many times smaller a table gets at once; it has room for 1/128 of the old slots then, */
    SETTLE_SHRINKING = 160  /* so all are moved before it is full */
};

static uint64_t load64(const char *text) {
    uint64_t word;
    memcpy(&word, text, 8);
    return word;
}

static uint64_t mix(uint64_t word) {
    word ^= word >> 32;
    word *= UINT64_C(0x9fb21c651e98df25);
    word ^= word >> 29;
    return word;
}

/* Eight bytes a round; the tail is read as an overlapping word, so no byte loop is needed. */
static uint32_t hash_bytes(const char *text, size_t length, uint32_t seed) {
    uint64_t state = seed ^ (length * UINT64_C(0x9e3779b97f4a7c15));
    if (length >= 8) {
        size_t at = 0;
        for (; at + 8 < length; at += 8) state = mix(state ^ load64(text + at)) + state;
        state = mix(state ^ load64(text + length - 8)) + state;
    } else if (length >= 4) {
        uint32_t low, high;
        memcpy(&low, text, 4);
        memcpy(&high, text + length - 4, 4);
        state = mix(state ^ ((uint64_t)high << 32 | low));
    } else if (length > 0) {
        uint32_t word = (uint8_t)text[0] | (uint32_t)(uint8_t)text[length >> 1] << 8 |
                        (uint32_t)(uint8_t)text[length - 1] << 16;
        state = mix(state ^ word);
    }
    state ^= state >> 28;
    return (uint32_t)mix(state);
}

/* memcmp(a, b, length) == 0 for the short texts of the table, without a call. */
static bool same_text(const char *a, const char *b, size_t length) {
    if (length >= 8) {
        size_t at = 0;
        for (; at + 8 < length; at += 8)
            if (load64(a + at) != load64(b + at)) return false;
        return load64(a + length - 8) == load64(b + length - 8);
    }
    if (length >= 4) {
        uint32_t first, second, third, fourth;
        memcpy(&first, a, 4);
        memcpy(&second, b, 4);
        memcpy(&third, a + length - 4, 4);
        memcpy(&fourth, b + length - 4, 4);
        return first == second && third == fourth;
    }
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i]) return false;
    return true;
}

static NpString *new_string(lua_State *L, const char *text, size_t length, uint32_t hash) {
    NpString *string = np_mem_obj(L, sizeof(NpString) + length + 1, NP_STR);
    string->is_short = length <= NP_SHORT_MAX;
    string->event = 0;
    string->hash = hash;
    string->length = length;
    if (text) memcpy(string->text, text, length);
    string->text[length] = '\0';
    return string;
}

NpString *np_string_new_long(lua_State *L, size_t length) {
    if (length > SIZE_MAX / 2 - sizeof(NpString) - 1) np_err_memory(L);
    return new_string(L, NULL, length, 0);
}

/* ---- resizing ---- */

/* The table never stops the program for all of its strings: `fresh` takes its place at once, and they follow a few slots
 * at every new string, and in slices of STRINGS. Until then a string that is not in the one may be in the other. */

static void place(NpStringTable *table, NpString *string) {
    uint32_t at = string->hash & table->mask;
    while (table->slots[at] && table->slots[at] != NP_STRING_GONE) at = (at + 1) & table->mask;
    if (table->slots[at]) table->gone--;
    table->slots[at] = string;
}

bool np_string_settle(NpGlobal *global, size_t n) {
    NpStringTable *table = &global->strings;
    bool sweeping = global->gc.phase == NP_GC_STRINGS;
    if (!table->old) return true;
    for (; n > 0 && table->old_at <= table->old_mask; n--, table->old_at++) {
        NpString *string = table->old[table->old_at];
        if (!string || string == NP_STRING_GONE) continue;
        table->old[table->old_at] = NP_STRING_GONE; /* what collided with it is still found */
        if (sweeping && !np_mark_test(string)) table->count--;
        else place(table, string);
    }
    if (table->old_at <= table->old_mask) return false;
    np_heap_leave_buf(&global->heap, table->old, ((size_t)table->old_mask + 1) * sizeof(NpString *));
    table->old = NULL;
    return true;
}

/* At every new string: so that a table that grows or shrinks has moved before it has to be resized again. */
static void settle_some(NpGlobal *global) {
    const NpStringTable *table = &global->strings;
    (void)np_string_settle(global, table->old_mask > table->mask ? SETTLE_SHRINKING : SETTLE_GROWING);
}

/* `fresh`, which has `slots` slots, becomes the table. */
static void move_to(NpGlobal *global, NpString **fresh, uint32_t slots) {
    NpStringTable *table = &global->strings;
    (void)np_string_settle(global, SIZE_MAX);
    memset(fresh, 0, slots * sizeof(NpString *));
    table->old = table->slots;
    table->old_mask = table->mask;
    table->old_at = 0;
    table->slots = fresh;
    table->mask = slots - 1;
    table->gone = 0;
    if (table->old && table->old_mask < SETTLE_AT_ONCE) (void)np_string_settle(global, SIZE_MAX);
    /* A sweep in progress starts over: positions have changed. */
    if (global->gc.phase == NP_GC_STRINGS) global->gc.cursor = 0;
}

void np_string_shrink(NpGlobal *global) {
    NpStringTable *table = &global->strings;
    uint32_t slots = table->mask + 1;
    NpString **fresh;
    unsigned group;
    bool starved = global->heap.starved;
    int64_t debt = global->heap.debt;
    uint32_t least = slots / SHRINK_MOST > FIRST_SLOTS ? slots / SHRINK_MOST : FIRST_SLOTS;
    while (slots > least && table->count < slots / 4) slots /= 2;
    if (slots > (table->mask + 1) / 4) return;
    group = np_heap_group_switch(&global->heap, 0); /* the table is everybody's */
    fresh = np_heap_alloc(&global->heap, slots * sizeof(NpString *), NP_SPAN_BUF);
    np_heap_group_switch(&global->heap, group);
    if (fresh) {
        move_to(global, fresh, slots);
    } else { /* it stays as it is: no reason to collect */
        global->heap.starved = starved;
        global->heap.debt = debt;
    }
}

/* Keeps the table at most three quarters full, tombstones included. When there is no memory for that, the first to find
 * out gets the error; what slots are left then are, like the heap's reserve, for message handlers and those who catch. The
 * last sixteenth stays empty: it ends the probing. */
static NP_NOINLINE void make_room(lua_State *L, NpStringTable *table) {
    uint32_t slots = table->mask + 1;
    uint32_t wanted = slots;
    NpString **fresh;
    unsigned group;
    if (table->count >= slots / 2) wanted = slots * 2;
    else if (table->count < slots / 8 && slots > FIRST_SLOTS) wanted = slots / 2;
    group = np_heap_group_switch(&L->global->heap, 0);
    fresh = np_mem_try_buf(L, wanted * sizeof(NpString *));
    np_heap_group_switch(&L->global->heap, group);
    if (fresh) move_to(L->global, fresh, wanted);
    else if (L->global->heap.reserve || table->count + table->gone >= slots - slots / 16) np_err_memory(L);
}

/* A string that has not moved to the new table yet; NULL: there is none. */
static NP_COLD NpString *find_old(const NpStringTable *table, const char *text, size_t length, uint32_t hash) {
    NpString *string;
    for (uint32_t at = hash & table->old_mask; (string = table->old[at]) != NULL; at = (at + 1) & table->old_mask)
        if (string != NP_STRING_GONE && string->hash == hash && string->length == length && same_text(string->text, text, length))
            return string;
    return NULL;
}

/* Where a string that is not in the table may be put; a deleted place is not looked for. */
static uint32_t empty_place(const NpStringTable *table, uint32_t hash) {
    uint32_t at = hash & table->mask;
    while (table->slots[at]) at = (at + 1) & table->mask;
    return at;
}

static NpString *intern(lua_State *L, const char *text, size_t length) {
    NpGlobal *global = L->global;
    NpStringTable *table = &global->strings;
    uint32_t hash = hash_bytes(text, length, global->seed);
    uint32_t at = hash & table->mask;
    uint32_t reuse = UINT32_MAX;
    uint32_t emergencies;
    NpString *string;
    while ((string = table->slots[at]) != NULL) {
        if (string == NP_STRING_GONE) {
            if (reuse == UINT32_MAX) reuse = at;
        } else if (string->hash == hash && string->length == length &&
                   same_text(string->text, text, length)) {
            if (NP_UNLIKELY(global->heap.marking)) np_mark_set(string);
            return string;
        }
        at = (at + 1) & table->mask;
    }
    if (NP_UNLIKELY(table->old != NULL)) {
        string = find_old(table, text, length, hash);
        if (string) {
            if (NP_UNLIKELY(global->heap.marking)) np_mark_set(string);
            return string;
        }
        settle_some(global);
        at = empty_place(table, hash);
        reuse = UINT32_MAX;
    }
    if (NP_UNLIKELY((table->count + table->gone + 1) * 4 > (table->mask + 1) * 3)) {
        make_room(L, table);
        at = empty_place(table, hash);
        reuse = UINT32_MAX;
    }
    emergencies = global->limit.emergencies;
    string = new_string(L, text, length, hash);
    if (NP_UNLIKELY(emergencies != global->limit.emergencies)) {
        /* A sweep that was going on has been finished: probe sequences may be shorter. */
        at = empty_place(table, hash);
        reuse = UINT32_MAX;
    }
    if (reuse != UINT32_MAX) {
        at = reuse;
        table->gone--;
    }
    table->slots[at] = string;
    table->count++;
    return string;
}

NpString *np_string_new(lua_State *L, const char *text, size_t length) {
    if (length == 1) {
        /* Programs that look at texts character by character make these all the time. */
        NpGlobal *global = L->global;
        NpString *string = global->characters[(uint8_t)*text];
        if (NP_UNLIKELY(!string)) string = global->characters[(uint8_t)*text] = intern(L, text, 1);
        else if (NP_UNLIKELY(global->heap.marking)) np_mark_set(string);
        return string;
    }
    if (NP_LIKELY(length <= NP_SHORT_MAX)) return intern(L, text, length);
    if (length > SIZE_MAX / 2 - sizeof(NpString) - 1) np_err_memory(L);
    return new_string(L, text, length, 0);
}

NpString *np_string_from(lua_State *L, const char *text) {
    return np_string_new(L, text, strlen(text));
}

bool np_string_equal(const NpString *a, const NpString *b) {
    if (a == b) return true;
    if (a->is_short || b->is_short || a->length != b->length) return false;
    return memcmp(a->text, b->text, a->length) == 0;
}

uint32_t np_string_hash(lua_State *L, NpString *string) {
    if (string->hash == 0 && !string->is_short) {
        uint32_t hash = hash_bytes(string->text, string->length, L->global->seed);
        string->hash = hash ? hash : 1;
    }
    return string->hash;
}

/* strcoll compares up to a NUL, so strings with embedded zeros are compared piece by piece. In some locales
 * pieces of different length are equal to it. */
int np_string_compare(const NpString *a, const NpString *b) {
    const char *left = a->text, *right = b->text;
    size_t left_rest = a->length, right_rest = b->length;
    for (;;) {
        int order = strcoll(left, right);
        if (order != 0) return order;
        size_t left_piece = strlen(left), right_piece = strlen(right);
        if (right_piece == right_rest) return left_piece == left_rest ? 0 : 1;
        if (left_piece == left_rest) return -1;
        left += left_piece + 1, left_rest -= left_piece + 1;
        right += right_piece + 1, right_rest -= right_piece + 1;
    }
}

void np_string_init(lua_State *L) {
    move_to(L->global, np_mem_buf(L, FIRST_SLOTS * sizeof(NpString *)), FIRST_SLOTS);
}

/* Requires valid mark bits (phase STRINGS). */
size_t np_string_sweep(NpGlobal *global, size_t from, size_t n) {
    NpStringTable *table = &global->strings;
    size_t end = from + n;
    if (end > (size_t)table->mask + 1) end = (size_t)table->mask + 1;
    for (size_t i = from; i < end; i++) {
        NpString *string = table->slots[i];
        if (!string || string == NP_STRING_GONE || np_mark_test(string)) continue;
        /* A tombstone is only needed where a probe sequence goes on. */
        bool last = table->slots[(i + 1) & table->mask] == NULL;
        table->slots[i] = last ? NULL : NP_STRING_GONE;
        table->count--;
        if (!last) table->gone++;
    }
    return end > table->mask ? 0 : end;
}
