/* table.h: tables, shapes and dictionaries (table.c, shape.c).
 *
 * A table has an array part (keys 1..array_size) and, for everything else, either a shape with slots
 * (record mode: short-string keys only, at most NP_SHAPE_MAX_KEYS) or a dictionary. A record that gets a key that is not
 * a short string, or too many, or keys a program computes, becomes a dictionary and stays one.
 *
 * Invariants (docs/INVARIANTS.md, T*)
 *   T1 key n with 1 <= n <= array_size is in the array part and nowhere else.
 *   T2 a record's tags[0..count) are valid; slots past its shape's count are undefined.
 *   T3 a dictionary key is never nil, NaN, nor a float with an integer value.
 *   T4 a shape's metatable and keys never change.
 *   T5 shapes with is_meta are never the shape of a cached store.
 *   T6 a table with NP_FLAG_META is a dictionary or has a shape with is_meta.
 * Barriers: every function here that stores a value into a table shades it (gc/barrier.h); callers need not.
 */
#ifndef NP_TABLE_H
#define NP_TABLE_H

#include "runtime/state.h"

/* [gc-free, err] An empty table; room for `narray` array elements and `nrecord` fields is made. */
NpTable *np_table_new(lua_State *L, uint32_t narray, uint32_t nrecord);

#define NP_ELEMENT_BYTES (sizeof(NpPayload) + 1) /* of an array part or of slots: a payload and a tag */

NP_INLINE NpShape *np_shape_of(const NpGlobal *global, const NpTable *table) {
    return &global->shape_table.shapes[table->shape];
}
NP_INLINE bool np_table_is_dict(const NpTable *table) { return table->shape == NP_SHAPE_DICT; }
/* [-] or NULL */
NP_INLINE NpTable *np_table_meta(const NpGlobal *global, const NpTable *table) {
    return np_table_is_dict(table) ? ((NpDict *)table->slots)->metatable : np_shape_of(global, table)->metatable;
}
/* [gc-free, err] metatable may be NULL. Barriers and finalisers' registration: finaliser is the API's (np_gc_check_finalizer). */
void np_table_set_meta(lua_State *L, NpTable *table, NpTable *metatable);

NP_INLINE uint8_t *np_array_tags(const NpTable *table) { /* by integers: array may be NULL, which has no offsets */
    return (uint8_t *)((uintptr_t)table->array + table->array_size * sizeof(NpPayload));
}
NP_INLINE NpPayload *np_slot_values(const NpTable *table) { return (NpPayload *)table->slots; }
NP_INLINE uint8_t *np_slot_tags(const NpTable *table) {
    return (uint8_t *)((NpPayload *)table->slots + table->slot_capacity);
}

/* [-] Weak tables, between the end of marking and their clearing (gc/weak.c): an entry of which something is not marked
 * reads as absent, although it is still there. For an entry whose key the program has. */
NP_INLINE bool np_table_gone(const NpTable *table, NpPayload value, uint8_t tag) {
    return NP_UNLIKELY(table->flags & NP_FLAG_WEAK) && (tag & NP_TAG_COLLECTABLE) && tag != NP_STR &&
           ((const NpGlobal *)np_arena_of(table)->heap)->gc.weak_window && !np_mark_test(value.obj);
}
/* [-] Drops the entry if it is gone. */
void np_table_purge(lua_State *L, NpTable *table, const NpValue *key);

/* [-] Sets the tags behind `fit` payloads in a small buffer to nil: whole words, for which there is room, as classes are multiples
 * of 16 bytes. A loop that the compiler shall not make a call of. */
NP_INLINE void np_table_clear_tags(uint8_t *tags, unsigned count) {
    for (unsigned i = 0; i < count; i += 8) {
        memset(tags + i, NP_NIL, 8);
        __asm__ volatile("" ::: "memory");
    }
}
#define NP_ELEMENTS_SMALL (NP_SMALL_MAX / NP_ELEMENT_BYTES) /* so many fit a small buffer */
#define NP_TABLE_CLASS NP_CLASS_OF(sizeof(NpTable))
/* All of a new table but what every object has. */
NP_INLINE void np_table_make_empty(NpTable *table) {
    table->slot_capacity = 0;
    table->absent = 0;
    table->shape = NP_SHAPE_ROOT;
    table->slots = NULL;
    table->array = NULL;
    table->array_size = 0;
    table->border_hint = 0;
}
/* [-] An empty table, of a run that has a slot (np_heap_has of NP_TABLE_CLASS). */
NP_INLINE NpTable *np_table_take(NpHeap *heap) {
    NpTable *table = np_heap_take(heap, NP_TABLE_CLASS, NP_SPAN_OBJ);
    table->kind = NP_TABLE;
    table->flags = 0;
    np_table_make_empty(table);
    return table;
}

/* Raw reads: [-]; write nil when absent; the result says whether a non-nil value was found. */
bool np_table_get(lua_State *L, NpTable *table, const NpValue *key, NpValue *out);
bool np_table_get_int(NpTable *table, int64_t key, NpValue *out);
bool np_table_get_str(lua_State *L, NpTable *table, NpString *key, NpValue *out); /* any string, short or long */

/* Raw writes [gc-free, err]: key must not be nil or NaN for np_table_set (checked, thrown: "table index is nil",
 * "table index is NaN"). Storing nil deletes. */
void np_table_set(lua_State *L, NpTable *table, const NpValue *key, const NpValue *value);
void np_table_set_int(lua_State *L, NpTable *table, int64_t key, const NpValue *value);
/* literal: the key stands in the program text (a field name), as opposed to computed. */
void np_table_set_str(lua_State *L, NpTable *table, NpString *key, const NpValue *value, bool literal);

/* [-] A border, as the # operator. */
uint64_t np_table_length(lua_State *L, NpTable *table);
/* [err] Replaces *key by the next key and sets *value; false at the end. Throws "invalid key to 'next'". */
bool np_table_next(lua_State *L, NpTable *table, NpValue *key, NpValue *value);
/* [-] Iteration by position for the interpreter's pairs loop: finds the first non-nil entry at position >= *cursor
 * (0 at start), sets key, value and *cursor past it; false at the end. */
bool np_table_walk(lua_State *L, NpTable *table, uint32_t *cursor, NpValue *key, NpValue *value);
/* [-] One step of a pairs loop over registers: state[1] the table, state[2] the last key; writes the next key and value
 * to state[4] and state[5] (nil key at the end). Keeps its position in state[2].delta, believed only when the key there is
 * the last key. false: it has to be done the long way (np_table_next). */
bool np_table_iterate(lua_State *L, NpValue *state);
/* [gc-free, err] Makes the array part n (< 2^31) elements large, unless it is larger. */
void np_table_grow_array(lua_State *L, NpTable *table, uint32_t n);
/* [-] Marks a table as one that lookups pass through by __index: changes of its keys raise the meta epoch. */
void np_table_make_holder(lua_State *L, NpTable *table);
/* [gc-free, err] Turns a record into a dictionary with room for `extra` keys more. */
void np_table_to_dict(lua_State *L, NpTable *table, uint32_t extra);
/* [gc-free, err] Makes room for slot `slot` in a record's slots buffer. */
void np_table_grow_slots(lua_State *L, NpTable *table, unsigned slot);
/* [-] Bytes that a new key will cost when it finds no room, about; 0: it will find some, as far as can be told at once. */
size_t np_table_growth(const NpTable *table);

/* ---- shapes (shape.c) ---- */
void np_shape_init(lua_State *L);
void np_shape_close(NpGlobal *global);
/* [-] Slot of a short-string key in a shape, or -1. */
int np_shape_find(const NpShape *shape, const NpString *key);
/* [gc-free, err] The shape with one key more; NP_SHAPE_DICT when the table had better be a dictionary. */
uint32_t np_shape_add_key(lua_State *L, uint32_t from, NpString *key, bool literal);
/* [-] Keeps a shape alive that a table is about to get: must be called when a table is given an existing shape. */
void np_shape_touch(NpGlobal *global, uint32_t id);
/* [-] It would change nothing. */
NP_INLINE bool np_shape_is_touched(const NpGlobal *global, uint32_t id) {
    return NP_LIKELY(!global->heap.marking) || id <= NP_SHAPE_ROOT || global->shape_table.shapes[id].marked == global->gc.epoch;
}
/* [gc-free, err] The same shape for a table that serves as a metatable. */
uint32_t np_shape_set_is_meta(lua_State *L, uint32_t from);
/* [gc-free, err] The shape with the same keys and another metatable (NULL: none). */
uint32_t np_shape_set_meta(lua_State *L, uint32_t from, NpTable *metatable);
/* [-] For the collector: drops dead transitions and shapes from ids [from, from + n); next position or 0.
 * Shapes found dead stay DEAD for one whole further cycle, in which mark.c clears the caches that name them. */
size_t np_shape_sweep(NpGlobal *global, size_t from, size_t n);
/* [-] For the collector, after that: gives the free end of the shape table back. */
void np_shape_trim(NpGlobal *global);

#endif
