/* shape.c: shapes, the hidden classes of records, and the transitions between them.
 *
 * Owns: the shape table (a reserved run of address space, mapped as it grows), key lists, the table of
 *       transitions (parent shape, key or metatable) -> child shape, recycling of dead shapes.
 * Does not: touch tables (table.c) or mark (gc/mark.c).
 *
 * A shape lives as long as a table has it (or a store cache leads to it). Transitions are weak. An id
 * may linger in inline caches after its shape died, so a dead shape is DEAD for one whole cycle more,
 * in which the collector empties those caches, and only then FREE.
 *
 * Invariants: T4 (a shape's metatable, keys and count never change). S2: the keys of a shape are the
 * first `count` of its NpKeys; only the youngest shape of a line (count == keys->count) may append. */
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mem_os.h"
#include "runtime/table.h"

/* Fewer where address space is scarce, and may cost memory as soon as it is reserved. */
#define SHAPES_MAX ((uint32_t)1 << (sizeof(void *) == 8 ? 20 : 15))
#define SHAPES_STEP 8192u /* shapes mapped at a time: a multiple of any page size in bytes */
_Static_assert(SHAPES_STEP * sizeof(NpShape) % NP_MEM_PAGE_MAX == 0, "steps are whole pages");
_Static_assert(SHAPES_MAX % SHAPES_STEP == 0 && (SHAPES_STEP & (SHAPES_STEP - 1)) == 0, "halving ends at a step");
#define FIRST_TRANSITIONS 256u
#define FAN_OUT_MAX 64 /* transitions out of one shape by computed keys, before tables become dictionaries */
#define TRANSITION_GONE 1u
#define SHAPES_PART ((size_t)1 << 30) /* positions of a sweep: shapes from here on */

/* The three kinds of steps differ in the pointer they are keyed by. */
static const char is_meta_step = 0;

static uint32_t transition_hash(uint32_t parent, const void *step) {
    uint64_t word = (uint64_t)(uintptr_t)step * UINT64_C(0x9e3779b97f4a7c15);
    word ^= (uint64_t)parent * UINT64_C(0xc2b2ae3d27d4eb4f);
    return (uint32_t)(word >> 32) ^ (uint32_t)word;
}

static const void *step_of(const NpShape *shape, const NpShape *parent) {
    if (shape->key) return shape->key;
    if (shape->is_meta != parent->is_meta) return &is_meta_step;
    return shape->metatable;
}

static bool is_marked(const NpGlobal *global, const NpShape *shape) { return shape->marked == global->gc.epoch; }

/* Once marks are complete. */
static bool is_dying(const NpGlobal *global, const NpShape *shape) {
    return shape->state != NP_SHAPE_LIVE || (global->gc.phase >= NP_GC_VALUES && global->gc.phase <= NP_GC_STRINGS && !is_marked(global, shape));
}

static void put_transition(NpShapeTable *table, uint32_t id) {
    const NpShape *shape = &table->shapes[id];
    uint32_t at = transition_hash(shape->parent, step_of(shape, &table->shapes[shape->parent]));
    for (at &= table->transition_mask; table->transitions[at] > TRANSITION_GONE;)
        at = (at + 1) & table->transition_mask;
    if (table->transitions[at] == TRANSITION_GONE) table->transition_gone--;
    table->transitions[at] = id;
    table->transition_count++;
}

static void resize_transitions(lua_State *L, uint32_t slots) {
    NpShapeTable *table = &L->global->shape_table;
    uint32_t *old = table->transitions;
    uint32_t old_slots = old ? table->transition_mask + 1 : 0;
    unsigned group = np_heap_group_switch(&L->global->heap, 0); /* the table is everybody's */
    uint32_t *fresh = np_mem_try_buf(L, slots * sizeof(uint32_t));
    np_heap_group_switch(&L->global->heap, group);
    if (!fresh) np_err_memory(L);
    memset(fresh, 0, slots * sizeof(uint32_t));
    table->transitions = fresh;
    table->transition_mask = slots - 1;
    table->transition_count = table->transition_gone = 0;
    for (uint32_t i = 0; i < old_slots; i++)
        if (old[i] > TRANSITION_GONE) put_transition(table, old[i]);
    np_mem_free(L, old, old_slots * sizeof(uint32_t));
    /* A sweep in their midst begins again: positions have changed. */
    if (L->global->gc.shape_cursor < SHAPES_PART) L->global->gc.shape_cursor = 0;
}

static uint32_t find_transition(NpGlobal *global, uint32_t parent, const void *step) {
    NpShapeTable *table = &global->shape_table;
    uint32_t at = transition_hash(parent, step) & table->transition_mask;
    for (; table->transitions[at] != 0; at = (at + 1) & table->transition_mask) {
        uint32_t id = table->transitions[at];
        if (id == TRANSITION_GONE) continue;
        const NpShape *shape = &table->shapes[id];
        if (shape->parent == parent && !is_dying(global, shape) &&
            step_of(shape, &table->shapes[parent]) == step)
            return id;
    }
    return NP_SHAPE_NONE;
}

/* Makes the next step of shapes ready. What was mapped stays so when the system or a limit refuses the rest. */
static bool commit(NpMem *owner, NpShapeTable *table) {
    char *from = (char *)&table->shapes[table->ready];
    size_t bytes = SHAPES_STEP * sizeof(NpShape);
    if (table->mapped == table->ready) { /* else: mapped, but refused or given back */
        if (sysMap(owner, from, bytes) != 0) return false;
        table->mapped += SHAPES_STEP;
    }
    if (sysUsed(owner, from, bytes, bytes) != 0) return false;
    table->ready += SHAPES_STEP;
    return true;
}

/* A free id, or NP_SHAPE_NONE when there is no room for more. */
static uint32_t take_id(NpMem *table_owner, NpShapeTable *table) {
    if (table->free_list != NP_SHAPE_NONE) {
        uint32_t id = table->free_list;
        table->free_list = table->shapes[id].next_free;
        return id;
    }
    if (table->used == table->ready) {
        if (table->ready == table->limit || !commit(table_owner, table)) return NP_SHAPE_NONE;
    }
    return table->used++;
}

static uint32_t new_shape(lua_State *L, uint32_t parent) {
    NpGlobal *global = L->global;
    NpShapeTable *table = &global->shape_table;
    if ((table->transition_count + table->transition_gone + 1) * 4 > (table->transition_mask + 1) * 3)
        resize_transitions(L, table->transition_count >= (table->transition_mask + 1) / 2
                                  ? (table->transition_mask + 1) * 2
                                  : table->transition_mask + 1);
    uint32_t id = take_id(np_heap_mem(&global->heap), table);
    if (id == NP_SHAPE_NONE) return id;
    NpShape *shape = &table->shapes[id];
    *shape = table->shapes[parent];
    shape->parent = parent;
    shape->key = NULL;
    shape->state = NP_SHAPE_LIVE;
    shape->children = 0;
    shape->marked = 0;
    table->live++;
    table->shapes[parent].children++;
    return id;
}

/* Everything about the new shape is set: enters it into the transitions and, while marking, shades it. */
static void publish(NpGlobal *global, uint32_t id) {
    put_transition(&global->shape_table, id);
    np_shape_touch(global, id);
}

void np_shape_touch(NpGlobal *global, uint32_t id) {
    if (!global->heap.marking || id <= NP_SHAPE_ROOT) return;
    NpShape *shape = &global->shape_table.shapes[id];
    if (is_marked(global, shape)) return;
    shape->marked = global->gc.epoch;
    if (shape->metatable) np_barrier_shade(global, (NpObj *)shape->metatable);
    if (shape->keys) np_barrier_shade(global, (NpObj *)shape->keys);
    if (shape->key) np_barrier_shade(global, (NpObj *)shape->key);
}

/* ---- key lists ---- */
static void index_key(NpKeys *keys, unsigned slot) {
    uint32_t at = keys->key[slot]->hash & keys->index_mask;
    while (keys->index[at]) at = (at + 1) & keys->index_mask;
    keys->index[at] = (uint8_t)(slot + 1);
}

/* A list with the first `count` keys of `from` and room for more. */
static NpKeys *copy_keys(lua_State *L, const NpKeys *from, unsigned count) {
    unsigned capacity = count < 4 ? 4 : count * 2;
    if (capacity > NP_SHAPE_MAX_KEYS) capacity = NP_SHAPE_MAX_KEYS;
    uint32_t slots = 8;
    while (slots < capacity * 2) slots *= 2;
    uint8_t *index = np_mem_buf(L, slots);
    memset(index, 0, slots);
    np_gc_hold(L, index);
    NpKeys *keys = np_mem_obj(L, sizeof(NpKeys) + capacity * sizeof(NpString *), NP_KEYS);
    np_gc_drop(L, 1);
    keys->count = (uint8_t)count;
    keys->capacity = (uint8_t)capacity;
    keys->index_mask = slots - 1;
    keys->index = index;
    for (unsigned i = 0; i < count; i++) {
        keys->key[i] = from->key[i];
        if (L->global->gc.barrier_on) np_barrier_shade(L->global, (NpObj *)from->key[i]);
        index_key(keys, i);
    }
    return keys;
}

int np_shape_find(const NpShape *shape, const NpString *key) {
    const NpKeys *keys = shape->keys;
    if (!keys) return -1;
    uint32_t at = key->hash & keys->index_mask;
    for (unsigned entry; (entry = keys->index[at]) != 0; at = (at + 1) & keys->index_mask)
        if (keys->key[entry - 1] == key) return entry <= shape->count ? (int)entry - 1 : -1;
    return -1;
}

uint32_t np_shape_add_key(lua_State *L, uint32_t from, NpString *key, bool literal) {
    NpGlobal *global = L->global;
    uint32_t id = find_transition(global, from, key);
    if (id != NP_SHAPE_NONE) {
        np_shape_touch(global, id);
        return id;
    }
    const NpShape *parent = &global->shape_table.shapes[from];
    unsigned count = parent->count;
    if (count >= (literal ? NP_SHAPE_MAX_KEYS : NP_SHAPE_MAX_COMPUTED)) return NP_SHAPE_DICT;
    if (!literal && parent->children >= FAN_OUT_MAX) return NP_SHAPE_DICT;
    NpKeys *keys = parent->keys;
    if (!keys || keys->count != count || count == keys->capacity) keys = copy_keys(L, keys, count);
    np_gc_hold(L, keys);
    id = new_shape(L, from);
    np_gc_drop(L, 1);
    if (id == NP_SHAPE_NONE) return NP_SHAPE_DICT;
    keys->key[count] = key;
    keys->count = (uint8_t)(count + 1);
    index_key(keys, count);
    np_barrier_obj(global, keys, key);
    NpShape *shape = &global->shape_table.shapes[id];
    shape->key = key;
    shape->keys = keys;
    shape->count = (uint8_t)(count + 1);
    publish(global, id);
    return id;
}

uint32_t np_shape_set_meta(lua_State *L, uint32_t from, NpTable *metatable) {
    NpGlobal *global = L->global;
    NpShape *shapes = global->shape_table.shapes;
    if (shapes[from].metatable == metatable) return from;
    /* Taking the metatable off leads back to where it was put on, so that the shapes do not multiply. */
    if (!metatable && !shapes[from].key && shapes[from].parent != NP_SHAPE_NONE && !is_dying(global, &shapes[shapes[from].parent]) &&
        shapes[shapes[from].parent].metatable == NULL && shapes[from].is_meta == shapes[shapes[from].parent].is_meta &&
        shapes[shapes[from].parent].count == shapes[from].count) {
        np_shape_touch(global, shapes[from].parent);
        return shapes[from].parent;
    }
    uint32_t id = find_transition(global, from, metatable);
    if (id == NP_SHAPE_NONE) {
        id = new_shape(L, from);
        if (id == NP_SHAPE_NONE) return NP_SHAPE_DICT;
        global->shape_table.shapes[id].metatable = metatable;
        publish(global, id);
    }
    np_shape_touch(global, id);
    return id;
}

uint32_t np_shape_set_is_meta(lua_State *L, uint32_t from) {
    NpGlobal *global = L->global;
    if (global->shape_table.shapes[from].is_meta) return from;
    uint32_t id = find_transition(global, from, &is_meta_step);
    if (id == NP_SHAPE_NONE) {
        id = new_shape(L, from);
        if (id == NP_SHAPE_NONE) return NP_SHAPE_DICT;
        global->shape_table.shapes[id].is_meta = 1;
        publish(global, id);
    }
    np_shape_touch(global, id);
    return id;
}

static bool parent_is_dead(const NpGlobal *global, const NpShape *shape) {
    return shape->parent > NP_SHAPE_ROOT && !is_marked(global, &global->shape_table.shapes[shape->parent]);
}

/* Transitions [from, ...) out of or into dying shapes go. */
static size_t sweep_transitions(NpGlobal *global, size_t from, size_t n) {
    NpShapeTable *table = &global->shape_table;
    size_t end = (size_t)table->transition_mask + 1;
    if (from + n < end) end = from + n;
    for (size_t i = from; i < end; i++) {
        uint32_t id = table->transitions[i];
        if (id <= TRANSITION_GONE) continue;
        const NpShape *shape = &table->shapes[id];
        if (is_marked(global, shape) && !parent_is_dead(global, shape)) continue;
        table->transitions[i] = TRANSITION_GONE;
        table->transition_count--;
        table->transition_gone++;
    }
    return end > table->transition_mask ? SHAPES_PART + NP_SHAPE_ROOT + 1 : end;
}

/* Marks are valid: this runs after marking and before marks are cleared. A child may outlive its parent; it is
 * cut off then, before the parent's id can be reused. Positions below SHAPES_PART are transitions. */
size_t np_shape_sweep(NpGlobal *global, size_t from, size_t n) {
    NpShapeTable *table = &global->shape_table;
    if (from < SHAPES_PART) return sweep_transitions(global, from, n);
    from -= SHAPES_PART;
    size_t end = from + n < table->used ? from + n : table->used;
    for (size_t id = from; id < end; id++) {
        NpShape *shape = &table->shapes[id];
        if (is_marked(global, shape) && parent_is_dead(global, shape)) shape->parent = NP_SHAPE_NONE;
        if (shape->state == NP_SHAPE_DEAD) {
            shape->state = NP_SHAPE_FREE;
            shape->next_free = table->free_list;
            table->free_list = (uint32_t)id;
        } else if (shape->state == NP_SHAPE_LIVE && !is_marked(global, shape)) {
            shape->state = NP_SHAPE_DEAD;
            shape->metatable = NULL;
            shape->keys = NULL;
            shape->key = NULL;
            table->live--;
        }
    }
    return end == table->used ? 0 : SHAPES_PART + end;
}

/* Takes the ids from `end` on out of the list of free ones, which they all are. */
static void forget_free(NpShapeTable *table, uint32_t end) {
    uint32_t *link = &table->free_list;
    while (*link != NP_SHAPE_NONE) {
        if (*link >= end) *link = table->shapes[*link].next_free;
        else link = &table->shapes[*link].next_free;
    }
}

void np_shape_trim(NpGlobal *global) {
    NpShapeTable *table = &global->shape_table;
    uint32_t end = table->used, keep;
    while (end > NP_SHAPE_ROOT + 1 && table->shapes[end - 1].state == NP_SHAPE_FREE) end--;
    keep = (uint32_t)NP_ALIGN_UP(end, SHAPES_STEP);
    if (keep + SHAPES_STEP > table->ready) return; /* one step is kept, lest it come and go */
    forget_free(table, end);
    table->used = end;
    for (keep += SHAPES_STEP; table->ready > keep; table->ready -= SHAPES_STEP)
        if (sysUnused(np_heap_mem(&global->heap), &table->shapes[table->ready - SHAPES_STEP], SHAPES_STEP * sizeof(NpShape)) != 0)
            return;
}

void np_shape_init(lua_State *L) {
    NpShapeTable *table = &L->global->shape_table;
    NpMem *owner = np_heap_mem(&L->global->heap);
    void *region;
    /* Where address space is limited, fewer will do. */
    table->limit = SHAPES_MAX;
    while (sysReserve(owner, NULL, table->limit * sizeof(NpShape), &region) != 0) {
        if (table->limit == SHAPES_STEP) np_err_memory(L);
        table->limit /= 2;
    }
    table->shapes = region;
    if (!commit(owner, table)) np_err_memory(L);
    memset(table->shapes, 0, (NP_SHAPE_ROOT + 1) * sizeof(NpShape));
    table->used = NP_SHAPE_ROOT + 1;
    table->shapes[NP_SHAPE_DICT].state = table->shapes[NP_SHAPE_ROOT].state = NP_SHAPE_LIVE;
    table->free_list = NP_SHAPE_NONE;
    resize_transitions(L, FIRST_TRANSITIONS);
}

void np_shape_close(NpGlobal *global) {
    NpShapeTable *table = &global->shape_table;
    size_t mapped = table->mapped * sizeof(NpShape), ready = table->ready * sizeof(NpShape);
    size_t reserved = table->limit * sizeof(NpShape);
    if (table->shapes) np_mem_discard(np_heap_mem(&global->heap), table->shapes, reserved, mapped, ready);
    table->shapes = NULL;
}
