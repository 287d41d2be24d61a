/*
 * tabsort.c - the algorithm behind table.sort.
 *
 * Owns: an introsort on the elements of a table. Ranges longer than RUN are partitioned after
 * Hoare around the median of three values (of nine when long); ranges whose partitions turned out
 * badly too often are heap-sorted; runs are loaded onto the Lua stack, sorted there by binary
 * insertion, and stored back, so that comparing them reads no table. At most about
 * 2 n log2 n comparisons whatever the input, log2 n C frames.
 * Does not: check arguments (tablib.c does), keep equal elements in order.
 *
 * An order function that contradicts itself must not lead outside the range: the scans of the
 * partition check their bounds, and a run of more than three asks back when yes was all it heard.
 * What is noticed is an error, but there is no hunting for it: many programs sort with <= and get
 * away with it.
 */
#define LUA_LIB

#include <stdbool.h>

#include "stdlib/tabsort.h"

#include "lauxlib.h"

#define RUN 16         /* longest range sorted on the stack */
#define LONG_RANGE 200 /* from here on the pivot is chosen among nine elements */

typedef struct Sorter {
    lua_State *L;
    bool plain;    /* elements can be read and written raw */
    bool function; /* index 2 is the order */
} Sorter;

static void load(Sorter *sorter, lua_Integer at) {
    if (sorter->plain)
        lua_rawgeti(sorter->L, 1, at);
    else
        lua_geti(sorter->L, 1, at);
}

static void store(Sorter *sorter, lua_Integer at) {
    if (sorter->plain)
        lua_rawseti(sorter->L, 1, at);
    else
        lua_seti(sorter->L, 1, at);
}

/* Does the value at stack index left come before the one at right? Both absolute. */
static bool before(Sorter *sorter, int left, int right) {
    lua_State *L = sorter->L;
    if (!sorter->function)
        return lua_compare(L, left, right, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, left);
    lua_pushvalue(L, right);
    lua_call(L, 2, 1);
    bool result = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return result;
}

static void complain(Sorter *sorter) {
    luaL_error(sorter->L, "invalid order function for sorting");
}

/* ---- Runs ---- */

/* Every question about the sorted values in slots base + 1 .. base + count was answered with yes:
 * either they came in descending order, or the order says yes to everything. */
static void doubt(Sorter *sorter, int base, int count) {
    int pair = 1;
    while (pair < count && before(sorter, base + pair + 1, base + pair))
        pair++;
    if (pair == count)
        complain(sorter);
}

/* Sorts the top `count` stack slots. */
static void sort_stack(Sorter *sorter, int count) {
    lua_State *L = sorter->L;
    int base = lua_gettop(L) - count; /* slots base + 1 .. base + count */
    bool always_yes = count > 3; /* PUC's sort lets up to three through whatever the order says */
    for (int taken = 1; taken < count; taken++) {
        int item = base + taken + 1;
        if (!before(sorter, item, item - 1)) {
            always_yes = false;
            continue;
        }
        int low = 0, high = taken - 1; /* goes behind `low` .. `high` of the sorted ones */
        while (low < high) {
            int middle = (low + high) / 2;
            if (before(sorter, item, base + middle + 1))
                high = middle;
            else
                low = middle + 1;
        }
        always_yes = always_yes && low == 0;
        lua_pushvalue(L, item);
        for (int slot = item; slot > base + low + 1; slot--)
            lua_copy(L, slot - 1, slot);
        lua_replace(L, base + low + 1);
    }
    if (always_yes)
        doubt(sorter, base, count);
}

static void sort_run(Sorter *sorter, lua_Integer low, lua_Integer high) {
    for (lua_Integer at = low; at <= high; at++)
        load(sorter, at);
    sort_stack(sorter, (int)(high - low + 1));
    for (lua_Integer at = high; at >= low; at--)
        store(sorter, at);
}

/* ---- Heaps: the way out when partitions stay unbalanced ---- */

/* Puts the value on top of the stack into the heap of `count` elements after `offset`, at place
 * root (counted from 1) or below it. Pops the value. */
static void sift(Sorter *sorter, lua_Integer offset, lua_Integer root, lua_Integer count) {
    lua_State *L = sorter->L;
    int item = lua_gettop(L);
    for (;;) {
        lua_Integer child = 2 * root;
        if (child > count)
            break;
        load(sorter, offset + child);
        if (child < count) {
            load(sorter, offset + child + 1);
            if (before(sorter, item + 1, item + 2)) {
                lua_remove(L, item + 1);
                child++;
            } else {
                lua_pop(L, 1);
            }
        }
        if (!before(sorter, item, item + 1)) {
            lua_pop(L, 1);
            break;
        }
        store(sorter, offset + root);
        root = child;
    }
    store(sorter, offset + root);
}

static void sort_by_heap(Sorter *sorter, lua_Integer low, lua_Integer high) {
    lua_Integer offset = low - 1, count = high - offset;
    for (lua_Integer root = count / 2; root >= 1; root--) {
        load(sorter, offset + root);
        sift(sorter, offset, root, count);
    }
    for (lua_Integer last = count; last > 1; last--) {
        load(sorter, offset + 1);
        load(sorter, offset + last);
        lua_insert(sorter->L, -2);
        store(sorter, offset + last);
        sift(sorter, offset, 1, last - 1);
    }
}

/* ---- Partitions ---- */

/* Replaces the top three values by the middle one of them. */
static void keep_median(Sorter *sorter) {
    lua_State *L = sorter->L;
    int first = lua_gettop(L) - 2;
    int least = first, middle = first + 1, most = first + 2;
    if (before(sorter, middle, least)) {
        least = first + 1;
        middle = first;
    }
    if (before(sorter, most, middle))
        middle = before(sorter, most, least) ? least : most;
    lua_copy(L, middle, first);
    lua_settop(L, first);
}

static void push_median(Sorter *sorter, lua_Integer from, lua_Integer step) {
    load(sorter, from);
    load(sorter, from + step);
    load(sorter, from + 2 * step);
    keep_median(sorter);
}

static void push_pivot(Sorter *sorter, lua_Integer low, lua_Integer high) {
    lua_Integer length = high - low + 1;
    if (length < LONG_RANGE) {
        push_median(sorter, low, (length - 1) / 2);
        return;
    }
    lua_Integer third = length / 3;
    for (int part = 0; part < 3; part++)
        push_median(sorter, low + part * third, (third - 1) / 2);
    keep_median(sorter);
}

/* Reorders low..high so that nothing in low..result comes after anything in result+1..high;
 * low <= result < high. */
static lua_Integer partition(Sorter *sorter, lua_Integer low, lua_Integer high) {
    lua_State *L = sorter->L;
    lua_Integer left = low - 1, right = high + 1;
    push_pivot(sorter, low, high);
    int pivot = lua_gettop(L);
    for (;;) {
        for (;;) { /* leaves an element at pivot + 1 that is not before the pivot */
            if (++left > high)
                complain(sorter);
            load(sorter, left);
            if (!before(sorter, pivot + 1, pivot))
                break;
            lua_pop(L, 1);
        }
        for (;;) { /* and at pivot + 2 one that the pivot is not before */
            if (--right < low)
                complain(sorter);
            load(sorter, right);
            if (!before(sorter, pivot, pivot + 2))
                break;
            lua_pop(L, 1);
        }
        if (left >= right)
            break;
        store(sorter, left);
        store(sorter, right);
    }
    lua_settop(L, pivot - 1);
    if (right >= high)
        complain(sorter); /* the pivot has an equal or greater fellow, so this cannot be */
    return right;
}

static void sort_range(Sorter *sorter, lua_Integer low, lua_Integer high, int patience) {
    while (high - low >= RUN) {
        if (patience-- == 0) {
            sort_by_heap(sorter, low, high);
            return;
        }
        lua_Integer split = partition(sorter, low, high);
        if (split - low < high - split) { /* recurse into the shorter part only */
            sort_range(sorter, low, split, patience);
            low = split + 1;
        } else {
            sort_range(sorter, split + 1, high, patience);
            high = split;
        }
    }
    if (low < high)
        sort_run(sorter, low, high);
}

void np_tabsort_sort(lua_State *L, lua_Integer count, int plain) {
    Sorter sorter = {L, plain != 0, !lua_isnoneornil(L, 2)};
    int patience = 4;
    for (lua_Integer rest = count; rest > 1; rest /= 2)
        patience += 2;
    luaL_checkstack(L, RUN + 16, "not enough stack space to sort");
    sort_range(&sorter, 1, count, patience);
}
