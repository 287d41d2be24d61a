/* weak.c: weak tables and ephemerons (manual 2.5.4).
 *
 * Owns: which weak tables were met in this cycle, what is dropped from them.
 * Does not: mark anything but through mark.h.
 *
 * A table with weak values only has its keys marked when it is met. One with weak keys is an ephemeron
 * table: a value is marked when its key is, which may be found out late, so ATOMIC goes over them until
 * nothing changes. Of one with both nothing is marked. Strings are values: they are never dropped.
 * Entries stored after the table was scanned are marked by the barrier and stay for this cycle.
 *
 * A table may change its mode after it was noted; ATOMIC compares and has it scanned anew.
 */
#include "runtime/dict.h"
#include "runtime/gc/mark.h"
#include "runtime/meta.h"

/* Items of gc.weak: the table's address with the mode in its low bits. */
static NpTable *table_of(NpObj *item) { return (NpTable *)((uintptr_t)item & ~(uintptr_t)3); }
static unsigned mode_of(NpObj *item) { return (uintptr_t)item & 3; }

unsigned np_weak_mode(NpGlobal *global, NpTable *metatable) {
    NpValue mode;
    unsigned bits = 0;
    if (!metatable || !np_meta_raw(global->main_thread, metatable, NP_EVENT_MODE, &mode) || !np_is_str(&mode)) return 0;
    for (const char *text = np_str(&mode)->text; *text; text++) {
        if (*text == 'v') bits |= NP_WEAK_VALUES;
        if (*text == 'k') bits |= NP_WEAK_KEYS;
    }
    return bits;
}

bool np_weak_note(NpGlobal *global, NpTable *table, unsigned mode) {
    return np_list_push(global, &global->gc.weak, (NpObj *)((uintptr_t)table | mode));
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

static void drop_node(NpDictNode *node) {
    node->value_tag = NP_NIL;
    if (node->key_tag & NP_TAG_COLLECTABLE) node->dead_key = 1;
}

bool np_weak_scan_nodes(NpGlobal *global, NpDict *dict, size_t from, size_t to, bool *pending) {
    bool marked = false;
    for (size_t i = from; i < to; i++) {
        NpDictNode *node = &dict->nodes[i];
        if (node->value_tag == NP_NIL) {
            if (node->key_tag & NP_TAG_COLLECTABLE) node->dead_key = 1;
        } else if (is_white(node->key, node->key_tag)) {
            if (is_white(node->value, node->value_tag)) *pending = true;
        } else if (is_white(node->value, node->value_tag)) {
            np_mark_payload(global, node->value, node->value_tag);
            marked = true;
        }
    }
    return marked;
}

/* Tables whose mode is not what it was when they were scanned. */
static void scan_changed(NpGlobal *global) {
    NpObjList *weak = &global->gc.weak;
    for (size_t i = 0; i < weak->count;) {
        NpTable *table = table_of(weak->items[i]);
        if (np_weak_mode(global, np_table_meta(global, table)) == mode_of(weak->items[i])) {
            i++;
            continue;
        }
        weak->items[i] = weak->items[--weak->count];
        np_mark_push(global, (NpObj *)table, 0);
        np_mark_all(global);
    }
}

void np_weak_converge(NpGlobal *global) {
    NpObjList *weak = &global->gc.weak;
    bool changed, forwards = true;
    scan_changed(global);
    do {
        changed = false;
        /* Going there and back by turns, chains of ephemerons through several tables come out in few rounds. */
        for (size_t i = 0; i < weak->count; i++) {
            NpObj *item = weak->items[forwards ? i : weak->count - 1 - i];
            NpTable *table = table_of(item);
            bool pending = false;
            if (mode_of(item) != NP_WEAK_KEYS || !np_table_is_dict(table)) continue;
            if (np_weak_scan_nodes(global, table->slots, 0, ((NpDict *)table->slots)->size, &pending)) {
                changed = true;
                np_mark_all(global);
            }
        }
        forwards = !forwards;
    } while (changed);
}

/* Chain caches may rest on what is dropped from a table that lookups pass through. */
static void dropped_from(NpGlobal *global, const NpTable *table) {
    if (table->flags & (NP_FLAG_HOLDER | NP_FLAG_META)) global->meta_epoch++;
}

static bool clear_run(const NpPayload *values, uint8_t *tags, size_t count) {
    bool dropped = false;
    for (size_t i = 0; i < count; i++)
        if (is_white(values[i], tags[i])) {
            tags[i] = NP_NIL;
            dropped = true;
        }
    return dropped;
}

static void clear_table_values(NpGlobal *global, NpTable *table) {
    bool dropped = clear_run(table->array, np_array_tags(table), table->array_size);
    if (np_table_is_dict(table)) {
        NpDict *dict = table->slots;
        for (size_t i = 0; i < dict->size; i++) {
            NpDictNode *node = &dict->nodes[i];
            if (!is_white(node->value, node->value_tag)) continue;
            drop_node(node);
            dropped = true;
        }
    } else if (table->slots) {
        dropped |= clear_run(np_slot_values(table), np_slot_tags(table), np_shape_of(global, table)->count);
    }
    if (dropped) dropped_from(global, table);
}

void np_weak_clear_values(NpGlobal *global, size_t from) {
    NpObjList *weak = &global->gc.weak;
    for (size_t i = from; i < weak->count; i++)
        if (mode_of(weak->items[i]) & NP_WEAK_VALUES) clear_table_values(global, table_of(weak->items[i]));
}

void np_weak_clear_keys(NpGlobal *global) {
    NpObjList *weak = &global->gc.weak;
    for (size_t i = 0; i < weak->count; i++) {
        NpTable *table = table_of(weak->items[i]);
        NpDict *dict = table->slots;
        if (!(mode_of(weak->items[i]) & NP_WEAK_KEYS) || !np_table_is_dict(table)) continue;
        for (size_t at = 0; at < dict->size; at++) {
            NpDictNode *node = &dict->nodes[at];
            if (node->value_tag == NP_NIL) {
                if (node->key_tag & NP_TAG_COLLECTABLE) node->dead_key = 1;
            } else if (is_white(node->key, node->key_tag)) {
                drop_node(node);
                dropped_from(global, table);
            }
        }
    }
}
