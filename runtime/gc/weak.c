/* weak.c: weak tables and ephemerons (manual 2.5.4).
 *
 * Owns: which weak tables were met in this cycle, what is dropped from them.
 * Does not: mark anything but through mark.h; keep the values that wait for keys (ephemeron.c).
 *
 * A table with weak values only has its keys marked when it is met. One with weak keys is an ephemeron
 * table: a value is marked when its key is. Of one with both nothing is marked. Strings are values: they are never
 * dropped. Entries stored after the table was scanned are marked by the barrier and stay for this cycle. The mode
 * a table had when it was met is in its flags (NP_FLAG_WEAK_*) until it has been cleared; one that has
 * another mode by the end of marking counts as strong in this cycle.
 *
 * All passes go over gc.weak in slices, with a position in the table at hand: the array part from 0, nodes and slots
 * from PART_TWO. A table whose entries moved is gone over from its beginning (np_weak_moved), a single node that
 * moves is looked at before (np_weak_visit). The passes, each a phase of gc.c or part of one:
 *   follow      MARK, RESURRECT: entries with unmarked keys and values are given to ephemeron.c
 *   modes       MARK: only when a mode may have changed
 *   values      VALUES: before objects with finalisers are resurrected, dead values are dropped
 *   keys        KEYS: dead keys are dropped, and dead values from tables that were first met in RESURRECT
 * From the end of MARK to the end of KEYS (weak_window) the program runs amid tables with dead entries; it does not see
 * them (np_table_gone). Whether an unmarked key is dead is known only in KEYS: a program that comes across one
 * while it walks through a table makes the collector come to that point at once (np_weak_settle), if anything is
 * to be resurrected at all. */
#include "runtime/dict.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/mark.h"
#include "runtime/meta.h"

enum { SLICE = 4096 };
#define PART_TWO (UINT64_C(1) << 40)

static NpTable *table_at(const NpGc *gc, size_t index) { return (NpTable *)gc->weak.items[index]; }
static NpDict *dict_of(const NpTable *table) { return np_table_is_dict(table) ? table->slots : NULL; }

unsigned np_weak_mode(NpGlobal *global, NpTable *metatable) {
    NpValue mode;
    unsigned bits = 0;
    if (!metatable || !np_meta_raw(global->main_thread, metatable, NP_EVENT_MODE, &mode) || !np_is_str(&mode)) return 0;
    for (const char *text = np_str(&mode)->text; *text; text++) {
        if (*text == 'v') bits |= NP_FLAG_WEAK_VALUES;
        if (*text == 'k') bits |= NP_FLAG_WEAK_KEYS;
    }
    return bits;
}

bool np_weak_note(NpGlobal *global, NpTable *table, unsigned mode) {
    if (!np_list_push(global, &global->gc.weak, (NpObj *)table)) return false;
    table->flags |= (uint8_t)mode;
    if ((mode & NP_FLAG_WEAK_KEYS) && dict_of(table)) global->gc.weak_nodes += dict_of(table)->size;
    return true;
}

/* True when the reference is to an object that is (so far) dead. */
static bool is_white(NpPayload payload, uint8_t tag) {
    if (!(tag & NP_TAG_COLLECTABLE)) return false;
    if (tag == NP_STR) {
        np_mark_set(payload.obj);
        return false;
    }
    return !np_mark_test(payload.obj);
}

static void forget_key(NpDictNode *node) {
    if (node->key_tag & NP_TAG_COLLECTABLE) node->dead_key = 1;
}

/* Chain caches may rest on what is dropped from a table that lookups pass through. */
static void dropped_from(NpGlobal *global, const NpTable *table) {
    if (table->flags & (NP_FLAG_HOLDER | NP_FLAG_META)) global->meta_epoch++;
}

static void drop_node(NpGlobal *global, const NpTable *table, NpDictNode *node) {
    node->value_tag = NP_NIL;
    forget_key(node);
    dropped_from(global, table);
}

/* ---- ephemerons ---- */

/* An entry of a table with weak keys only; true if its value was marked. `enter`: what waits goes into the map. */
static bool follow_node(NpGlobal *global, NpDictNode *node, bool enter) {
    if (node->value_tag == NP_NIL) {
        forget_key(node);
        return false;
    }
    if (!is_white(node->value, node->value_tag)) {
        (void)is_white(node->key, node->key_tag); /* marks a string */
        return false;
    }
    if (is_white(node->key, node->key_tag)) {
        if (enter && !np_waiting_add(global, node->key.obj, node->value.obj)) global->gc.waiting_lost = true;
        return false;
    }
    np_mark_payload(global, node->value, node->value_tag);
    return true;
}

void np_weak_scan_nodes(NpGlobal *global, NpDict *dict, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) follow_node(global, &dict->nodes[i], false);
}

/* Goes on in the list with the nodes of dictionaries of the tables that have all of `mode`; true at the end of the list. */
static bool each_node(NpGlobal *global, unsigned mode, size_t *done,
                      void (*visit)(NpGlobal *, NpTable *, NpDictNode *)) {
    NpGc *gc = &global->gc;
    for (; gc->weak_at < gc->weak.count; gc->weak_at++, gc->weak_position = 0) {
        NpTable *table = table_at(gc, gc->weak_at);
        NpDict *dict = dict_of(table);
        *done += sizeof *table;
        if ((table->flags & NP_FLAG_WEAK) != mode || !dict) continue;
        while (gc->weak_position < dict->size) {
            size_t from = (size_t)gc->weak_position, to = dict->size - from > SLICE ? from + SLICE : dict->size;
            for (size_t i = from; i < to; i++) visit(global, table, &dict->nodes[i]);
            gc->weak_position = to;
            *done += (to - from) * sizeof(NpDictNode);
            if (*done >= SLICE * sizeof(NpDictNode)) return false;
        }
        if (*done >= SLICE * sizeof(NpDictNode)) {
            gc->weak_at++;
            gc->weak_position = 0;
            return false;
        }
    }
    return true;
}

static void follow_visit(NpGlobal *global, NpTable *table, NpDictNode *node) {
    (void)table;
    follow_node(global, node, true);
}

bool np_weak_follow(NpGlobal *global, size_t *done) { return each_node(global, NP_FLAG_WEAK_KEYS, done, follow_visit); }

void np_weak_converge(NpGlobal *global) {
    NpGc *gc = &global->gc;
    bool changed, forwards = true;
    do {
        changed = false;
        /* Going there and back by turns, chains of ephemerons through several tables come out in few rounds. */
        for (size_t i = 0; i < gc->weak.count; i++) {
            NpTable *table = table_at(gc, forwards ? i : gc->weak.count - 1 - i);
            NpDict *dict = dict_of(table);
            bool marked = false;
            if ((table->flags & NP_FLAG_WEAK) != NP_FLAG_WEAK_KEYS || !dict) continue;
            for (size_t at = 0; at < dict->size; at++) marked |= follow_node(global, &dict->nodes[at], false);
            if (marked) np_mark_all(global);
            changed |= marked;
        }
        forwards = !forwards;
    } while (changed);
}

/* ---- modes ---- */

bool np_weak_check_modes(NpGlobal *global, size_t *done) {
    NpGc *gc = &global->gc;
    if (gc->modes_changed) gc->modes_at = 0;
    gc->modes_changed = false;
    for (; gc->modes_at < gc->weak.count; gc->modes_at++) {
        NpTable *table = table_at(gc, gc->modes_at);
        if (*done >= SLICE * sizeof *table) return false;
        *done += sizeof *table;
        if ((table->flags & NP_FLAG_WEAK) == 0 ||
            np_weak_mode(global, np_table_meta(global, table)) == (table->flags & NP_FLAG_WEAK))
            continue;
        table->flags &= (uint8_t)~NP_FLAG_WEAK;
        np_mark_strongly(global, table);
    }
    return true;
}

/* ---- dropping ---- */

static size_t clear_run(NpGlobal *global, const NpTable *table, const NpPayload *values, uint8_t *tags, size_t from,
                        size_t count) {
    size_t to = count - from > SLICE ? from + SLICE : count;
    for (size_t i = from; i < to; i++)
        if (is_white(values[i], tags[i])) {
            tags[i] = NP_NIL;
            dropped_from(global, table);
        }
    return to;
}

static void clear_value(NpGlobal *global, NpTable *table, NpDictNode *node) {
    if (is_white(node->value, node->value_tag)) drop_node(global, table, node);
}

static void clear_key(NpGlobal *global, NpTable *table, NpDictNode *node) {
    if (node->value_tag == NP_NIL) forget_key(node);
    else if (is_white(node->key, node->key_tag)) drop_node(global, table, node);
}

/* A slice of the values of a table; true at its end. */
static bool clear_values(NpGlobal *global, NpTable *table, size_t *done) {
    NpGc *gc = &global->gc;
    NpDict *dict = dict_of(table);
    size_t from, to;
    if (gc->weak_position < table->array_size) {
        from = (size_t)gc->weak_position;
        to = clear_run(global, table, table->array, np_array_tags(table), from, table->array_size);
        gc->weak_position = to;
        *done += (to - from) * NP_ELEMENT_BYTES;
        return false;
    }
    from = gc->weak_position < PART_TWO ? 0 : (size_t)(gc->weak_position - PART_TWO);
    if (dict) {
        to = from < dict->size && dict->size - from > SLICE ? from + SLICE : dict->size;
        for (size_t i = from; i < to; i++) clear_value(global, table, &dict->nodes[i]);
        gc->weak_position = PART_TWO + to;
        *done += from < to ? (to - from) * sizeof(NpDictNode) : 0;
        return to >= dict->size;
    }
    if (table->slots) clear_run(global, table, np_slot_values(table), np_slot_tags(table), 0, np_shape_of(global, table)->count);
    return true;
}

bool np_weak_clear_values(NpGlobal *global, size_t *done) {
    NpGc *gc = &global->gc;
    for (; gc->weak_at < gc->weak.count; gc->weak_at++, gc->weak_position = 0) {
        NpTable *table = table_at(gc, gc->weak_at);
        *done += sizeof *table;
        while (table->flags & NP_FLAG_WEAK_VALUES) {
            if (*done >= SLICE * sizeof(NpDictNode)) return false;
            if (clear_values(global, table, done)) break;
        }
    }
    gc->weak_cleared = gc->weak.count;
    return true;
}

bool np_weak_clear_keys(NpGlobal *global, size_t *done) {
    NpGc *gc = &global->gc;
    for (; gc->weak_at < gc->weak.count; gc->weak_at++, gc->weak_position = 0) {
        NpTable *table = table_at(gc, gc->weak_at);
        *done += sizeof *table;
        while ((table->flags & NP_FLAG_WEAK_KEYS) && dict_of(table) && gc->weak_position < dict_of(table)->size) {
            NpDict *dict = dict_of(table);
            size_t from = (size_t)gc->weak_position, to = dict->size - from > SLICE ? from + SLICE : dict->size;
            if (*done >= SLICE * sizeof(NpDictNode)) return false;
            for (size_t i = from; i < to; i++) clear_key(global, table, &dict->nodes[i]);
            gc->weak_position = to;
            *done += (to - from) * sizeof(NpDictNode);
        }
        table->flags &= (uint8_t)~NP_FLAG_WEAK;
    }
    np_list_clear(global, &gc->weak);
    return true;
}

/* ---- what the program does meanwhile ---- */

void np_weak_moved(NpGlobal *global, const NpTable *table) {
    NpGc *gc = &global->gc;
    if (gc->weak_at < gc->weak.count && table_at(gc, gc->weak_at) == table) gc->weak_position = 0;
}

void np_weak_visit(NpGlobal *global, NpTable *table, NpDictNode *node) {
    unsigned mode = table->flags & NP_FLAG_WEAK;
    switch (global->gc.phase) {
        case NP_GC_MARK:
            if (mode == NP_FLAG_WEAK_VALUES) np_mark_payload(global, node->key, node->key_tag);
            else if (mode == NP_FLAG_WEAK_KEYS) follow_node(global, node, global->gc.finishing);
            break;
        case NP_GC_VALUES:
            if (mode & NP_FLAG_WEAK_VALUES) clear_value(global, table, node);
            break;
        case NP_GC_KEYS:
            if (mode & NP_FLAG_WEAK_KEYS) clear_key(global, table, node);
            break;
        default: break;
    }
}

void np_weak_forget(NpGlobal *global) {
    NpGc *gc = &global->gc;
    for (size_t i = 0; i < gc->weak.count; i++) table_at(gc, i)->flags &= (uint8_t)~NP_FLAG_WEAK;
    gc->weak.count = 0;
}
