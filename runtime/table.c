/* table.c: tables: array part, record slots, and the choice between record and dictionary.
 *
 * Owns: every raw read and write of a table, its growth, length and iteration.
 * Does not: call metamethods (vmslow.c), place dictionary nodes (dict.c), make shapes (shape.c).
 * Invariants T1 to T5: table.h. */
#include "runtime/table.h"
#include "runtime/dict.h"
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/meta.h"
#include "runtime/number.h"
#include "runtime/strings.h"

/* Where sizes have 32 bits, so many that their bytes can still be counted. */
#define ARRAY_MAX ((uint32_t)1 << (sizeof(size_t) == 8 ? 30 : 28))
#define DICT_BITS_MAX (sizeof(size_t) == 8 ? 30u : 27u)

/* ---- making ---- */
static unsigned slots_fitting(unsigned wanted) {
    size_t fit = np_heap_round(wanted * NP_ELEMENT_BYTES) / NP_ELEMENT_BYTES;
    return fit > 255 ? 255 : (unsigned)fit;
}

static uint32_t elements_fitting(uint32_t wanted) {
    if (wanted >= ARRAY_MAX) return wanted;
    return (uint32_t)(np_heap_round((size_t)wanted * NP_ELEMENT_BYTES) / NP_ELEMENT_BYTES);
}

static uint32_t power_of_two_for(lua_State *L, uint64_t wanted) {
    uint64_t size = 1;
    while (size < wanted) size *= 2;
    if (size > (uint64_t)1 << DICT_BITS_MAX) np_err_run(L, "table overflow");
    return (uint32_t)size;
}

static void resize_array(lua_State *L, NpTable *table, uint32_t size, NpPayload *buffer);

NpTable *np_table_new(lua_State *L, uint32_t narray, uint32_t nrecord) {
    NpTable *table = np_mem_obj(L, sizeof(NpTable), NP_TABLE);
    np_table_make_empty(table);
    if (narray == 0 && nrecord == 0) return table;
    np_gc_hold(L, table);
    if (narray > 0) resize_array(L, table, narray < ARRAY_MAX ? narray : ARRAY_MAX, NULL); /* exactly: it may never grow */
    if (nrecord > 0) {
        if (nrecord <= NP_SHAPE_MAX_KEYS) np_table_grow_slots(L, table, nrecord - 1);
        else np_table_to_dict(L, table, nrecord);
    }
    np_gc_drop(L, 1);
    return table;
}

void np_table_grow_slots(lua_State *L, NpTable *table, unsigned slot) {
    unsigned old = table->slot_capacity;
    if (slot < old) return;
    unsigned capacity = slot + 1;
    if (old > 0 && capacity < old + old / 2) capacity = old + old / 2;
    capacity = slots_fitting(capacity);
    NpPayload *slots = np_mem_buf(L, capacity * NP_ELEMENT_BYTES);
    if (old > 0) {
        memcpy(slots, table->slots, old * sizeof(NpPayload));
        memcpy(slots + capacity, np_slot_tags(table), old);
        np_mem_free(L, table->slots, old * NP_ELEMENT_BYTES);
    }
    table->slots = slots;
    table->slot_capacity = (uint8_t)capacity;
}

/* ---- array part ---- */
/* `buffer`: one of the right size for the new array, or NULL: one is made. */
static void resize_array(lua_State *L, NpTable *table, uint32_t size, NpPayload *buffer) {
    uint32_t old = table->array_size;
    if (size == old) return;
    uint32_t kept = old < size ? old : size;
    NpPayload *array = NULL;
    if (size > old && np_heap_extend_buf(&L->global->heap, table->array, (size_t)old * NP_ELEMENT_BYTES,
                                         (size_t)size * NP_ELEMENT_BYTES)) {
        uint8_t *tags = (uint8_t *)(table->array + size);
        memmove(tags, table->array + old, old);
        memset(tags + old, NP_NIL, size - old);
        table->array_size = size;
        return;
    }
    if (size > 0) {
        array = buffer ? buffer : np_mem_buf(L, (size_t)size * NP_ELEMENT_BYTES);
        uint8_t *tags = (uint8_t *)(array + size);
        if (kept > 0) {
            memcpy(array, table->array, (size_t)kept * sizeof(NpPayload));
            memcpy(tags, np_array_tags(table), kept);
        }
        memset(tags + kept, NP_NIL, size - kept);
    }
    np_mem_free(L, table->array, (size_t)old * NP_ELEMENT_BYTES);
    table->array = array;
    table->array_size = size;
}

/* T1: integer keys that the array part now covers leave the dictionary. */
static void adopt_from_dict(lua_State *L, NpTable *table, uint32_t from) {
    if (!np_table_is_dict(table)) return;
    NpDict *dict = table->slots;
    uint8_t *tags = np_array_tags(table);
    uint32_t covered = table->array_size - from;
    if (covered < dict->size) {
        for (uint32_t i = from; i < table->array_size; i++) {
            NpDictNode *node = np_dict_find_int(dict, (int64_t)i + 1);
            if (!node || node->value_tag == NP_NIL) continue;
            table->array[i] = node->value;
            tags[i] = node->value_tag;
            node->value_tag = NP_NIL;
        }
    } else {
        for (uint32_t i = 0; i < dict->size; i++) {
            NpDictNode *node = &dict->nodes[i];
            if (node->key_tag != NP_INT || node->value_tag == NP_NIL) continue;
            uint64_t at = (uint64_t)node->key.i - 1;
            if (at >= table->array_size) continue;
            table->array[at] = node->value;
            tags[at] = node->value_tag;
            node->value_tag = NP_NIL;
        }
    }
    np_barrier_again(L->global, (NpObj *)table);
}

void np_table_grow_array(lua_State *L, NpTable *table, uint32_t n) {
    uint32_t old = table->array_size;
    if (n <= old) return;
    if (n > ARRAY_MAX) np_err_run(L, "table overflow");
    resize_array(L, table, n, NULL);
    adopt_from_dict(L, table, old);
}

/* ---- record to dictionary, rebuilding ---- */
static void move_into(lua_State *L, NpDict *dict, const NpValue *key, NpPayload value, uint8_t tag) {
    NpDictNode *node = np_dict_insert(L, dict, key);
    CHECK1("T3", node != NULL);
    node->value = value;
    node->value_tag = tag;
}

static void holder_changed(lua_State *L, const NpTable *table) {
    if (table->flags & (NP_FLAG_HOLDER | NP_FLAG_META)) L->global->meta_epoch++;
}

void np_table_to_dict(lua_State *L, NpTable *table, uint32_t extra) {
    if (np_table_is_dict(table)) return;
    NpShape *shape = np_shape_of(L->global, table);
    NpDict *dict = np_dict_new(L, power_of_two_for(L, (uint64_t)shape->count + extra));
    dict->metatable = shape->metatable;
    uint8_t *tags = table->slots ? np_slot_tags(table) : NULL;
    for (unsigned i = 0; i < shape->count; i++) {
        if (tags[i] == NP_NIL) continue;
        NpValue key;
        np_set_obj(&key, shape->keys->key[i], NP_STR);
        move_into(L, dict, &key, np_slot_values(table)[i], tags[i]);
    }
    np_mem_free(L, table->slots, table->slot_capacity * NP_ELEMENT_BYTES);
    table->slots = dict;
    table->slot_capacity = 0;
    table->shape = NP_SHAPE_DICT;
    holder_changed(L, table);
    np_barrier_again(L->global, (NpObj *)table);
}

/* Counts integer keys by powers of two: count[b] has those in (2^(b-1), 2^b]. */
static void count_key(uint32_t *count, int64_t key) {
    if (key < 1 || key > ARRAY_MAX) return;
    count[key == 1 ? 0 : 64 - __builtin_clzll((uint64_t)key - 1)]++;
}

/* The largest n of which more than half would be in use. */
static uint32_t best_array_size(const uint32_t *count) {
    uint32_t below = 0, best = 0;
    for (unsigned bit = 0; bit <= 30; bit++) {
        below += count[bit];
        if (below > ((uint64_t)1 << bit) / 2) best = (uint32_t)1 << bit;
    }
    return best;
}

static uint32_t in_array(const NpTable *table, uint32_t *count) {
    const uint8_t *tags = np_array_tags(table);
    uint32_t total = 0;
    for (uint32_t i = 0; i < table->array_size; i++) {
        if (tags[i] == NP_NIL) continue;
        total++;
        count_key(count, (int64_t)i + 1);
    }
    return total;
}

/* The dictionary is full: chooses new sizes for both parts and moves everything. */
static void rebuild(lua_State *L, NpTable *table, const NpValue *extra) {
    NpDict *old = table->slots;
    uint32_t count[32] = {0};
    uint32_t live = 0, integers = 0;
    for (uint32_t i = 0; i < old->size; i++) {
        const NpDictNode *node = &old->nodes[i];
        if (node->value_tag == NP_NIL) continue;
        live++;
        if (node->key_tag == NP_INT) integers++, count_key(count, node->key.i);
    }
    if (extra->tag == NP_INT) integers++, count_key(count, extra->v.i);
    uint32_t array_size = table->array_size;
    if (integers > 0) {
        uint32_t in_old_array = in_array(table, count);
        uint32_t best = best_array_size(count);
        if (best > array_size) array_size = elements_fitting(best);
        else if (best < array_size / 4 && in_old_array < array_size / 4) array_size = best ? elements_fitting(best) : 0;
        if (array_size > table->array_size && best <= table->array_size) array_size = table->array_size;
    }
    uint32_t into_array = 0, out_of_array = 0;
    for (uint32_t i = 0; i < old->size; i++)
        if (old->nodes[i].value_tag != NP_NIL && old->nodes[i].key_tag == NP_INT &&
            (uint64_t)old->nodes[i].key.i - 1 < array_size)
            into_array++;
    const uint8_t *tags = np_array_tags(table);
    for (uint32_t i = array_size; i < table->array_size; i++) out_of_array += tags[i] != NP_NIL;
    NpDict *fresh = np_dict_new(L, power_of_two_for(L, (uint64_t)live - into_array + out_of_array + 1));
    fresh->metatable = old->metatable;
    np_gc_hold(L, fresh);
    /* All that may throw or collect comes before the first value is moved. */
    NpPayload *shorter = NULL;
    if (array_size > table->array_size) resize_array(L, table, array_size, NULL);
    else if (array_size < table->array_size && array_size > 0) shorter = np_mem_buf(L, array_size * NP_ELEMENT_BYTES);
    np_gc_drop(L, 1);
    tags = np_array_tags(table);
    for (uint32_t i = array_size; i < table->array_size; i++) {
        if (tags[i] == NP_NIL) continue;
        NpValue key;
        np_set_int(&key, (int64_t)i + 1);
        move_into(L, fresh, &key, table->array[i], tags[i]);
    }
    resize_array(L, table, array_size, shorter);
    for (uint32_t i = 0; i < old->size; i++) {
        const NpDictNode *node = &old->nodes[i];
        if (node->value_tag == NP_NIL) continue;
        NpValue key = {.v = node->key, .tag = node->key_tag};
        if (key.tag == NP_INT && (uint64_t)key.v.i - 1 < array_size) {
            table->array[key.v.i - 1] = node->value;
            np_array_tags(table)[key.v.i - 1] = node->value_tag;
        } else {
            move_into(L, fresh, &key, node->value, node->value_tag);
        }
    }
    table->slots = fresh;
    np_mem_free(L, old, np_dict_bytes(old->size));
    np_barrier_again(L->global, (NpObj *)table);
}

/* ---- metatables ---- */
void np_table_set_meta(lua_State *L, NpTable *table, NpTable *metatable) {
    NpGlobal *global = L->global;
    if (table->flags & NP_FLAG_WEAK) global->gc.modes_changed = true;
    if (metatable) np_meta_adopt(L, metatable);
    if (!np_table_is_dict(table)) {
        uint32_t id = np_shape_set_meta(L, table->shape, metatable);
        if (id == NP_SHAPE_DICT) np_table_to_dict(L, table, 0);
        else table->shape = id;
    }
    if (np_table_is_dict(table)) {
        ((NpDict *)table->slots)->metatable = metatable;
        if (metatable) np_barrier_obj(global, table, metatable);
    }
    holder_changed(L, table);
}

void np_table_make_holder(lua_State *L, NpTable *table) {
    (void)L;
    table->flags |= NP_FLAG_HOLDER;
}

/* ---- reads ---- */
static bool found(const NpTable *table, NpValue *out, NpPayload value, uint8_t tag) {
    if (np_table_gone(table, value, tag)) tag = NP_NIL;
    out->v = value;
    out->tag = tag;
    return tag != NP_NIL;
}

bool np_table_get_int(NpTable *table, int64_t key, NpValue *out) {
    uint64_t at = (uint64_t)key - 1;
    if (NP_LIKELY(at < table->array_size)) return found(table, out, table->array[at], np_array_tags(table)[at]);
    if (np_table_is_dict(table)) {
        NpDictNode *node = np_dict_find_int(table->slots, key);
        if (node) return found(table, out, node->value, node->value_tag);
    }
    out->tag = NP_NIL;
    return false;
}

bool np_table_get_str(lua_State *L, NpTable *table, NpString *key, NpValue *out) {
    if (NP_LIKELY(key->is_short)) {
        if (np_table_is_dict(table)) {
            NpDictNode *node = np_dict_find_short(table->slots, key);
            if (node) return found(table, out, node->value, node->value_tag);
        } else {
            int slot = np_shape_find(np_shape_of(L->global, table), key);
            if (slot >= 0) return found(table, out, np_slot_values(table)[slot], np_slot_tags(table)[slot]);
        }
    } else if (np_table_is_dict(table)) {
        NpValue value;
        np_set_obj(&value, key, NP_STR);
        NpDictNode *node = np_dict_find(L, table->slots, &value);
        if (node) return found(table, out, node->value, node->value_tag);
    }
    out->tag = NP_NIL;
    return false;
}

bool np_table_get(lua_State *L, NpTable *table, const NpValue *key, NpValue *out) {
    int64_t integer;
    switch (key->tag) {
    case NP_INT: return np_table_get_int(table, key->v.i, out);
    case NP_STR: return np_table_get_str(L, table, np_str(key), out);
    case NP_FLT:
        if (np_number_flt_to_int(key->v.n, &integer, NP_ROUND_EXACT)) return np_table_get_int(table, integer, out);
        break;
    default: break;
    }
    if (np_table_is_dict(table) && key->tag != NP_NIL) {
        NpDictNode *node = np_dict_find(L, table->slots, key);
        if (node) return found(table, out, node->value, node->value_tag);
    }
    out->tag = NP_NIL;
    return false;
}

void np_table_purge(lua_State *L, NpTable *table, const NpValue *key) {
    NpPayload *value = NULL;
    uint8_t *tag = NULL;
    if (key->tag == NP_INT && (uint64_t)key->v.i - 1 < table->array_size) {
        value = &table->array[key->v.i - 1];
        tag = &np_array_tags(table)[key->v.i - 1];
    } else if (np_table_is_dict(table)) {
        NpDictNode *node = np_dict_find(L, table->slots, key);
        if (!node) return;
        value = &node->value;
        tag = &node->value_tag;
    } else if (key->tag == NP_STR && np_str(key)->is_short) {
        int slot = np_shape_find(np_shape_of(L->global, table), np_str(key));
        if (slot < 0) return;
        value = &np_slot_values(table)[slot];
        tag = &np_slot_tags(table)[slot];
    } else {
        return;
    }
    if (!np_table_gone(table, *value, *tag)) return;
    *tag = NP_NIL;
    holder_changed(L, table);
}

/* ---- writes ---- */
/* What stands where the key belongs may have to move. */
static NP_COLD void make_way(lua_State *L, NpTable *table, const NpValue *key) {
    NpDictNode *home = np_dict_home(L, table->slots, key);
    if (home->value_tag != NP_NIL) np_barrier_moved(L->global, table, home);
}

/* Puts a value under a key that the table does not have, into the dictionary part. */
static void dict_add(lua_State *L, NpTable *table, const NpValue *key, const NpValue *value) {
    if (!np_table_is_dict(table)) {
        np_gc_hold_value(L, key);
        np_table_to_dict(L, table, 1);
        np_gc_drop(L, 1);
    }
    if (NP_UNLIKELY(L->global->heap.marking)) make_way(L, table, key);
    NpDictNode *node = np_dict_insert(L, table->slots, key);
    if (!node) {
        np_gc_hold_value(L, key);
        rebuild(L, table, key);
        np_gc_drop(L, 1);
        if (key->tag == NP_INT && (uint64_t)key->v.i - 1 < table->array_size) {
            np_table_set_int(L, table, key->v.i, value);
            return;
        }
        node = np_dict_insert(L, table->slots, key);
        CHECK1("T3", node != NULL);
    }
    node->value = value->v;
    node->value_tag = value->tag;
    np_barrier(L->global, table, key);
    np_barrier(L->global, table, value);
    holder_changed(L, table);
}

/* The node of a key to be stored under, or NULL: a new one is needed, unless the value is nil. */
static NpDictNode *node_to_store(lua_State *L, NpDict *dict, const NpValue *key, const NpValue *value) {
    bool is_short = key->tag == NP_STR && np_str(key)->is_short;
    NpDictNode *node = is_short ? np_dict_find_short(dict, np_str(key)) : np_dict_find(L, dict, key);
    if (node && NP_LIKELY(!node->dead_key)) return node;
    if ((node || (key->tag == NP_STR && !is_short)) && value->tag != NP_NIL) np_dict_forget_dead(L, dict, key);
    return NULL;
}

static void store_node(lua_State *L, NpTable *table, NpDictNode *node, const NpValue *key, const NpValue *value) {
    if (node->value_tag == NP_NIL) {
        holder_changed(L, table);
        node->key = key->v; /* of two equal long strings the one that is surely alive */
        np_barrier(L->global, table, key);
    }
    node->value = value->v;
    node->value_tag = value->tag;
    np_barrier(L->global, table, value);
}

static bool array_is_full(const NpTable *table) {
    uint32_t size = table->array_size;
    return size == 0 || (np_array_tags(table)[size - 1] != NP_NIL && np_array_tags(table)[size / 2] != NP_NIL);
}

static NP_NOINLINE void set_int_outside(lua_State *L, NpTable *table, int64_t key, const NpValue *value) {
    NpValue boxed;
    np_set_int(&boxed, key);
    if (np_table_is_dict(table)) {
        NpDictNode *node = np_dict_find_int(table->slots, key);
        if (node) {
            store_node(L, table, node, &boxed, value);
            return;
        }
    }
    if (value->tag == NP_NIL) return;
    if ((uint64_t)key == (uint64_t)table->array_size + 1 && key < ARRAY_MAX && array_is_full(table)) {
        uint64_t wanted = table->array_size < 4 ? 4 : (uint64_t)table->array_size * 2;
        if (wanted > 65536) wanted = (uint64_t)table->array_size + table->array_size / 2;
        np_table_grow_array(L, table, elements_fitting((uint32_t)(wanted > ARRAY_MAX ? ARRAY_MAX : wanted)));
        table->array[key - 1] = value->v;
        np_array_tags(table)[key - 1] = value->tag;
        np_barrier(L->global, table, value);
        return;
    }
    dict_add(L, table, &boxed, value);
}

void np_table_set_int(lua_State *L, NpTable *table, int64_t key, const NpValue *value) {
    uint64_t at = (uint64_t)key - 1;
    if (NP_UNLIKELY(at >= table->array_size)) {
        set_int_outside(L, table, key, value);
        return;
    }
    table->array[at] = value->v;
    np_array_tags(table)[at] = value->tag;
    np_barrier(L->global, table, value);
}

/* What a store to a metatable or to a table on an __index path has to undo. */
static void meta_key_changed(lua_State *L, NpTable *table, const NpString *key) {
    table->absent = 0;
    if (key->event) L->global->meta_epoch++;
    if (key->event == NP_EVENT_MODE + 1) L->global->gc.modes_changed = true;
}

static void record_add(lua_State *L, NpTable *table, NpString *key, const NpValue *value, bool literal) {
    uint32_t id = np_shape_add_key(L, table->shape, key, literal);
    if (id == NP_SHAPE_DICT) {
        NpValue boxed;
        np_set_obj(&boxed, key, NP_STR);
        np_table_to_dict(L, table, np_shape_of(L->global, table)->count / 2 + 1);
        dict_add(L, table, &boxed, value);
        return;
    }
    unsigned slot = L->global->shape_table.shapes[id].count - 1u;
    np_table_grow_slots(L, table, slot);
    np_slot_values(table)[slot] = value->v;
    np_slot_tags(table)[slot] = value->tag;
    table->shape = id;
    np_barrier(L->global, table, value);
    holder_changed(L, table);
}

void np_table_set_str(lua_State *L, NpTable *table, NpString *key, const NpValue *value, bool literal) {
    if (NP_UNLIKELY(table->flags & NP_FLAG_META)) meta_key_changed(L, table, key);
    if (!np_table_is_dict(table) && key->is_short) {
        int slot = np_shape_find(np_shape_of(L->global, table), key);
        if (slot >= 0) {
            uint8_t *tag = &np_slot_tags(table)[slot];
            if (*tag == NP_NIL) holder_changed(L, table);
            np_slot_values(table)[slot] = value->v;
            *tag = value->tag;
            np_barrier(L->global, table, value);
        } else if (value->tag != NP_NIL) {
            record_add(L, table, key, value, literal);
        }
        return;
    }
    NpValue boxed;
    np_set_obj(&boxed, key, NP_STR);
    if (np_table_is_dict(table)) {
        NpDictNode *node = node_to_store(L, table->slots, &boxed, value);
        if (node) {
            store_node(L, table, node, &boxed, value);
            return;
        }
    }
    if (value->tag != NP_NIL) dict_add(L, table, &boxed, value);
}

void np_table_set(lua_State *L, NpTable *table, const NpValue *key, const NpValue *value) {
    int64_t integer;
    switch (key->tag) {
    case NP_INT: np_table_set_int(L, table, key->v.i, value); return;
    case NP_STR: np_table_set_str(L, table, np_str(key), value, false); return;
    case NP_NIL: np_err_run(L, "table index is nil");
    case NP_FLT:
        if (np_number_flt_to_int(key->v.n, &integer, NP_ROUND_EXACT)) {
            np_table_set_int(L, table, integer, value);
            return;
        }
        if (key->v.n != key->v.n) np_err_run(L, "table index is NaN");
        break;
    default: break;
    }
    if (np_table_is_dict(table)) {
        NpDictNode *node = node_to_store(L, table->slots, key, value);
        if (node) {
            store_node(L, table, node, key, value);
            return;
        }
    }
    if (value->tag != NP_NIL) dict_add(L, table, key, value);
}

/* ---- length ---- */
/* A border in [low, high): tags[low - 1] is not nil (or low is 0), tags[high] is nil. */
static uint64_t array_border(const uint8_t *tags, uint64_t low, uint64_t high) {
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (tags[middle - 1] == NP_NIL) high = middle;
        else low = middle;
    }
    return low;
}

/* The array part is full: keys beyond it are in the dictionary. */
static uint64_t dict_border(NpDict *dict, uint64_t low) {
    uint64_t high = low + 1, first = high;
    NpDictNode *node;
    while ((node = np_dict_find_int(dict, (int64_t)high)) != NULL && node->value_tag != NP_NIL) {
        low = high;
        if (high > (uint64_t)INT64_MAX / 2) {
            /* Made to mislead: counts one by one. */
            uint64_t n = first;
            while ((node = np_dict_find_int(dict, (int64_t)n)) != NULL && node->value_tag != NP_NIL) n++;
            return n - 1;
        }
        high *= 2;
    }
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        node = np_dict_find_int(dict, (int64_t)middle);
        if (node && node->value_tag != NP_NIL) low = middle;
        else high = middle;
    }
    return low;
}

uint64_t np_table_length(lua_State *L, NpTable *table) {
    (void)L;
    uint32_t size = table->array_size;
    if (size > 0) {
        const uint8_t *tags = np_array_tags(table);
        uint32_t hint = table->border_hint;
        if (tags[size - 1] == NP_NIL) {
            uint64_t low = 0, high = size;
            if (hint > 0 && hint < size) {
                /* Appending and removing move the border by little: look around the last one first. */
                if (tags[hint - 1] != NP_NIL) {
                    low = hint;
                    for (uint64_t step = 1; low + step < size; step *= 2) {
                        if (tags[low + step - 1] == NP_NIL) {
                            high = low + step;
                            break;
                        }
                        low += step;
                    }
                } else {
                    high = hint;
                    if (hint > 1 && tags[hint - 2] != NP_NIL) low = hint - 1;
                }
            }
            uint64_t border = array_border(tags, low, high);
            table->border_hint = (uint32_t)border;
            return border;
        }
    }
    if (!np_table_is_dict(table)) return size;
    NpDict *dict = table->slots;
    return dict_border(dict, size);
}

/* ---- iteration ---- */
/* Whether a key that is not marked is dead may not be known yet: it may be about to be resurrected. And while that
 * is under way, what a key that has been refers to may not be marked. */
static bool is_node_gone(lua_State *L, const NpTable *table, const NpDictNode *node) {
    NpGc *gc = &L->global->gc;
    if ((table->flags & NP_FLAG_WEAK_KEYS) &&
        (gc->phase == NP_GC_RESURRECT || ((gc->phase == NP_GC_VALUES || gc->phase == NP_GC_FINAL) &&
                                          gc->finalizable.count > 0 && np_table_gone(table, node->key, node->key_tag))))
        np_gc_settle(L->global, NP_GC_KEYS);
    return np_table_gone(table, node->key, node->key_tag) || np_table_gone(table, node->value, node->value_tag);
}

/* Positions: the array part, then slots or nodes. */
bool np_table_walk(lua_State *L, NpTable *table, uint32_t *cursor, NpValue *key, NpValue *value) {
    uint32_t at = *cursor;
    const uint8_t *tags = np_array_tags(table);
    for (; at < table->array_size; at++) {
        if (tags[at] == NP_NIL || np_table_gone(table, table->array[at], tags[at])) continue;
        np_set_int(key, (int64_t)at + 1);
        value->v = table->array[at];
        value->tag = tags[at];
        *cursor = at + 1;
        return true;
    }
    uint32_t rest = at - table->array_size;
    if (np_table_is_dict(table)) {
        NpDict *dict = table->slots;
        for (; rest < dict->size; rest++) {
            const NpDictNode *node = &dict->nodes[rest];
            if (node->value_tag == NP_NIL || NP_UNLIKELY(is_node_gone(L, table, node))) continue;
            key->v = node->key;
            key->tag = node->key_tag;
            value->v = node->value;
            value->tag = node->value_tag;
            *cursor = table->array_size + rest + 1;
            return true;
        }
    } else {
        const NpShape *shape = np_shape_of(L->global, table);
        for (; rest < shape->count; rest++) {
            if (np_slot_tags(table)[rest] == NP_NIL ||
                np_table_gone(table, np_slot_values(table)[rest], np_slot_tags(table)[rest]))
                continue;
            np_set_obj(key, shape->keys->key[rest], NP_STR);
            value->v = np_slot_values(table)[rest];
            value->tag = np_slot_tags(table)[rest];
            *cursor = table->array_size + rest + 1;
            return true;
        }
    }
    *cursor = table->array_size + rest;
    return false;
}

/* Is the entry at position `at` (from 1) the one with this key? */
static bool is_entry(lua_State *L, const NpTable *table, uint32_t at, const NpValue *key) {
    if (at == 0) return key->tag == NP_NIL;
    if (at <= table->array_size) return key->tag == NP_INT && key->v.i == (int64_t)at;
    uint32_t rest = at - table->array_size - 1;
    if (np_table_is_dict(table)) {
        const NpDict *dict = table->slots;
        return rest < dict->size && dict->nodes[rest].key_tag == key->tag && dict->nodes[rest].key.bits == key->v.bits;
    }
    const NpShape *shape = np_shape_of(L->global, table);
    return rest < shape->count && key->tag == NP_STR && shape->keys->key[rest] == np_str(key);
}

bool np_table_iterate(lua_State *L, NpValue *state) {
    NpTable *table = np_tab(state + 1);
    uint32_t at = state[2].tag == NP_NIL ? 0 : state[2].delta;
    if (!is_entry(L, table, at, state + 2)) return false;
    if (!np_table_walk(L, table, &at, state + 4, state + 5)) np_set_nil(state + 4);
    state[2].delta = at;
    return true;
}

static uint32_t position_after(lua_State *L, NpTable *table, const NpValue *key) {
    int64_t integer = 0;
    if (key->tag == NP_NIL) return 0;
    bool is_integer = key->tag == NP_INT;
    if (is_integer) integer = key->v.i;
    else if (key->tag == NP_FLT) is_integer = np_number_flt_to_int(key->v.n, &integer, NP_ROUND_EXACT);
    if (is_integer && (uint64_t)integer - 1 < table->array_size) return (uint32_t)integer;
    if (np_table_is_dict(table)) {
        NpDict *dict = table->slots;
        NpDictNode *node = is_integer ? np_dict_find_int(dict, integer) : np_dict_find_even_dead(L, dict, key);
        if (node) return table->array_size + (uint32_t)(node - dict->nodes) + 1;
    } else if (key->tag == NP_STR && np_str(key)->is_short) {
        int slot = np_shape_find(np_shape_of(L->global, table), np_str(key));
        if (slot >= 0) return table->array_size + (uint32_t)slot + 1;
    }
    np_err_run(L, "invalid key to 'next'");
}

bool np_table_next(lua_State *L, NpTable *table, NpValue *key, NpValue *value) {
    uint32_t cursor = position_after(L, table, key);
    return np_table_walk(L, table, &cursor, key, value);
}

size_t np_table_growth(const NpTable *table) {
    const NpDict *dict = table->slots;
    if (np_table_is_dict(table) && dict->last_free == 0) return np_dict_bytes(dict->size) * 2;
    return table->array_size > 0 && array_is_full(table) ? (size_t)table->array_size / 2 * 3 * NP_ELEMENT_BYTES : 0;
}
