/* Tests of runtime/shape.c: sharing and forking of shapes, limits, metatable steps, recycling. */
#include "tests/unit/unit.h"

#include "include/lua.h"
#include "runtime/err.h"
#include "runtime/gc/gc.h"
#include "runtime/strings.h"
#include "runtime/table.h"

static lua_State *open_state(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    L->global->gc.stopped = NP_GC_STOP_USER;
    return L;
}

static NpString *key_of(lua_State *L, unsigned number) {
    char text[24];
    snprintf(text, sizeof text, "key%u", number);
    return np_string_from(L, text);
}

static NpShape *shape(lua_State *L, uint32_t id) { return &L->global->shape_table.shapes[id]; }

static uint32_t line_of(lua_State *L, uint32_t from, unsigned first, unsigned count) {
    for (unsigned i = 0; i < count; i++) from = np_shape_add_key(L, from, key_of(L, first + i), true);
    return from;
}

TEST(the_same_keys_in_the_same_order_are_the_same_shape) {
    lua_State *L = open_state();
    uint32_t one = line_of(L, NP_SHAPE_ROOT, 0, 10), live = L->global->shape_table.live;
    EXPECT_EQ(line_of(L, NP_SHAPE_ROOT, 0, 10), one);
    EXPECT_EQ(L->global->shape_table.live, live);
    EXPECT_EQ(shape(L, one)->count, 10);
    for (unsigned i = 0; i < 10; i++) EXPECT_EQ(np_shape_find(shape(L, one), key_of(L, i)), i);
    EXPECT_EQ(np_shape_find(shape(L, one), key_of(L, 10)), -1);
    uint32_t a = np_shape_add_key(L, NP_SHAPE_ROOT, key_of(L, 1), true);
    uint32_t b = np_shape_add_key(L, a, key_of(L, 0), true);
    uint32_t c = np_shape_add_key(L, np_shape_add_key(L, NP_SHAPE_ROOT, key_of(L, 0), true), key_of(L, 1), true);
    EXPECT_NE(b, c);
    EXPECT_EQ(np_shape_find(shape(L, NP_SHAPE_ROOT), key_of(L, 0)), -1);
    lua_close(L);
}

TEST(a_line_shares_its_key_list_and_a_fork_does_not) {
    lua_State *L = open_state();
    uint32_t trunk = line_of(L, NP_SHAPE_ROOT, 0, 3);
    uint32_t first = np_shape_add_key(L, trunk, key_of(L, 100), true);
    EXPECT_PTR(shape(L, first)->keys, shape(L, trunk)->keys);
    uint32_t second = np_shape_add_key(L, trunk, key_of(L, 101), true);
    EXPECT(shape(L, second)->keys != shape(L, trunk)->keys);
    EXPECT_EQ(np_shape_find(shape(L, trunk), key_of(L, 100)), -1);
    EXPECT_EQ(np_shape_find(shape(L, trunk), key_of(L, 101)), -1);
    EXPECT_EQ(np_shape_find(shape(L, first), key_of(L, 100)), 3);
    EXPECT_EQ(np_shape_find(shape(L, first), key_of(L, 101)), -1);
    EXPECT_EQ(np_shape_find(shape(L, second), key_of(L, 101)), 3);
    EXPECT_EQ(np_shape_find(shape(L, second), key_of(L, 100)), -1);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(np_shape_find(shape(L, first), key_of(L, i)), i);
        EXPECT_EQ(np_shape_find(shape(L, second), key_of(L, i)), i);
    }
    /* The key that the other branch appended, on this one. */
    uint32_t both = np_shape_add_key(L, second, key_of(L, 100), true);
    EXPECT_EQ(np_shape_find(shape(L, both), key_of(L, 100)), 4);
    lua_close(L);
}

TEST(limits_lead_to_the_dictionary) {
    lua_State *L = open_state();
    uint32_t full = line_of(L, NP_SHAPE_ROOT, 0, NP_SHAPE_MAX_KEYS);
    EXPECT_NE(full, NP_SHAPE_DICT);
    EXPECT_EQ(shape(L, full)->count, NP_SHAPE_MAX_KEYS);
    for (unsigned i = 0; i < NP_SHAPE_MAX_KEYS; i++) REQUIRE_EQ(np_shape_find(shape(L, full), key_of(L, i)), i);
    EXPECT_EQ(np_shape_add_key(L, full, key_of(L, 1000), true), NP_SHAPE_DICT);
    uint32_t computed = NP_SHAPE_ROOT;
    for (unsigned i = 0; i < NP_SHAPE_MAX_COMPUTED; i++) {
        computed = np_shape_add_key(L, computed, key_of(L, 500 + i), false);
        REQUIRE(computed != NP_SHAPE_DICT);
    }
    EXPECT_EQ(np_shape_add_key(L, computed, key_of(L, 999), false), NP_SHAPE_DICT);
    EXPECT_NE(np_shape_add_key(L, computed, key_of(L, 999), true), NP_SHAPE_DICT);
    /* A computed key may follow a step that the program text has made. */
    EXPECT_NE(np_shape_add_key(L, computed, key_of(L, 999), false), NP_SHAPE_DICT);
    unsigned fan = 0;
    while (np_shape_add_key(L, NP_SHAPE_ROOT, key_of(L, 2000 + fan), false) != NP_SHAPE_DICT) REQUIRE(++fan < 1000);
    EXPECT_GT(fan, 10);
    EXPECT_NE(np_shape_add_key(L, NP_SHAPE_ROOT, key_of(L, 5000), true), NP_SHAPE_DICT);
    lua_close(L);
}

TEST(metatables_are_steps_that_can_be_taken_back) {
    lua_State *L = open_state();
    NpTable *one = np_table_new(L, 0, 0), *two = np_table_new(L, 0, 0);
    uint32_t plain = line_of(L, NP_SHAPE_ROOT, 0, 3);
    uint32_t with_one = np_shape_set_meta(L, plain, one), with_two = np_shape_set_meta(L, plain, two);
    EXPECT_NE(with_one, with_two);
    EXPECT_PTR(shape(L, with_one)->metatable, one);
    EXPECT_PTR(shape(L, plain)->metatable, NULL);
    EXPECT_EQ(np_shape_set_meta(L, plain, one), with_one);
    EXPECT_EQ(np_shape_set_meta(L, with_one, one), with_one);
    EXPECT_EQ(np_shape_set_meta(L, with_one, NULL), plain);
    EXPECT_EQ(np_shape_set_meta(L, plain, NULL), plain);
    EXPECT_EQ(shape(L, with_one)->count, 3);
    for (unsigned i = 0; i < 3; i++) EXPECT_EQ(np_shape_find(shape(L, with_one), key_of(L, i)), i);
    /* Keys added behind a metatable keep it; taking it off then is a step of its own, found again. */
    uint32_t more = np_shape_add_key(L, with_one, key_of(L, 50), true);
    EXPECT_PTR(shape(L, more)->metatable, one);
    uint32_t bare = np_shape_set_meta(L, more, NULL);
    EXPECT_PTR(shape(L, bare)->metatable, NULL);
    EXPECT_EQ(np_shape_find(shape(L, bare), key_of(L, 50)), 3);
    EXPECT_EQ(np_shape_set_meta(L, more, NULL), bare);
    EXPECT_EQ(np_shape_set_meta(L, bare, one), np_shape_set_meta(L, bare, one));
    lua_close(L);
}

TEST(shapes_of_metatables_are_apart) {
    lua_State *L = open_state();
    NpTable *metatable = np_table_new(L, 0, 0);
    uint32_t plain = line_of(L, NP_SHAPE_ROOT, 0, 2), serving = np_shape_set_is_meta(L, plain);
    EXPECT_NE(serving, plain);
    EXPECT_EQ(np_shape_set_is_meta(L, serving), serving);
    EXPECT_EQ(np_shape_set_is_meta(L, plain), serving);
    EXPECT_EQ(shape(L, plain)->is_meta, 0);
    EXPECT_EQ(shape(L, serving)->is_meta, 1);
    uint32_t longer = np_shape_add_key(L, serving, key_of(L, 7), true);
    EXPECT_EQ(shape(L, longer)->is_meta, 1);
    uint32_t own = np_shape_set_meta(L, serving, metatable);
    EXPECT_EQ(shape(L, own)->is_meta, 1);
    EXPECT_EQ(np_shape_set_meta(L, own, NULL), serving); /* never to a shape without is_meta (T5) */
    lua_close(L);
}

TEST(random_lines_agree_with_lists_of_keys) {
    lua_State *L = open_state();
    uint64_t seed = 11;
    enum { LINES = 300, LONGEST = 24, POOL = 12 };
    static uint32_t ids[LINES];
    static unsigned lists[LINES][LONGEST], counts[LINES];
    for (unsigned i = 0; i < LINES; i++) {
        unsigned length = (unsigned)(unit_random(&seed) % POOL), used = 0;
        uint32_t id = NP_SHAPE_ROOT;
        for (unsigned j = 0; j < length; j++) {
            unsigned key = (unsigned)(unit_random(&seed) % POOL);
            if (used >> key & 1) continue;
            used |= 1u << key;
            lists[i][counts[i]++] = key;
            id = np_shape_add_key(L, id, key_of(L, key), true);
        }
        ids[i] = id;
    }
    for (unsigned i = 0; i < LINES; i++) {
        REQUIRE_EQ(shape(L, ids[i])->count, counts[i]);
        for (unsigned key = 0; key < POOL; key++) {
            int want = -1;
            for (unsigned j = 0; j < counts[i]; j++)
                if (lists[i][j] == key) want = (int)j;
            REQUIRE_EQ(np_shape_find(shape(L, ids[i]), key_of(L, key)), want);
        }
        for (unsigned j = 0; j < i; j++) {
            bool same = counts[i] == counts[j] && memcmp(lists[i], lists[j], counts[i] * sizeof lists[i][0]) == 0;
            REQUIRE_EQ(ids[i] == ids[j], same);
        }
    }
    lua_close(L);
}

/* ---- recycling: the collector's part is played by hand ---- */

static void sweep(lua_State *L, size_t slice) {
    size_t at = 0;
    L->global->gc.phase = NP_GC_STRINGS;
    do at = np_shape_sweep(L->global, at, slice);
    while (at != 0);
    L->global->gc.phase = NP_GC_IDLE;
}

static void clear_marks(lua_State *L) {
    for (uint32_t id = NP_SHAPE_ROOT + 1; id < L->global->shape_table.used; id++) shape(L, id)->marked = 0;
}

static void mark_live(lua_State *L) {
    for (uint32_t id = NP_SHAPE_ROOT + 1; id < L->global->shape_table.used; id++)
        shape(L, id)->marked = shape(L, id)->state == NP_SHAPE_LIVE;
}

TEST(a_dead_shape_is_recycled_after_a_whole_cycle_more) {
    lua_State *L = open_state();
    uint32_t kept = line_of(L, NP_SHAPE_ROOT, 0, 2), dead = np_shape_add_key(L, kept, key_of(L, 9), true);
    uint32_t live = L->global->shape_table.live;
    mark_live(L);
    shape(L, dead)->marked = 0;
    sweep(L, 1);
    EXPECT_EQ(shape(L, dead)->state, NP_SHAPE_DEAD);
    EXPECT_EQ(L->global->shape_table.live, live - 1);
    uint32_t again = np_shape_add_key(L, kept, key_of(L, 9), true);
    EXPECT_NE(again, dead); /* caches may still name it */
    EXPECT_EQ(np_shape_find(shape(L, again), key_of(L, 9)), 2);
    mark_live(L);
    sweep(L, 3);
    EXPECT_EQ(shape(L, dead)->state, NP_SHAPE_FREE);
    EXPECT_EQ(shape(L, again)->state, NP_SHAPE_LIVE);
    EXPECT_EQ(np_shape_add_key(L, kept, key_of(L, 9), true), again);
    EXPECT_EQ(np_shape_add_key(L, kept, key_of(L, 77), true), dead); /* the number is used again */
    lua_close(L);
}

TEST(a_child_that_outlives_its_parent_is_cut_off) {
    lua_State *L = open_state();
    uint32_t parent = line_of(L, NP_SHAPE_ROOT, 0, 1), child = np_shape_add_key(L, parent, key_of(L, 1), true);
    NpTable *metatable = np_table_new(L, 0, 0);
    uint32_t with_meta = np_shape_set_meta(L, parent, metatable);
    mark_live(L);
    shape(L, parent)->marked = 0;
    sweep(L, 1 << 20);
    EXPECT_EQ(shape(L, parent)->state, NP_SHAPE_DEAD);
    EXPECT_EQ(shape(L, child)->parent, NP_SHAPE_NONE);
    EXPECT_EQ(np_shape_find(shape(L, child), key_of(L, 1)), 1);
    uint32_t fresh = line_of(L, NP_SHAPE_ROOT, 0, 1);
    EXPECT_NE(fresh, parent);
    EXPECT_NE(np_shape_add_key(L, fresh, key_of(L, 1), true), child);
    uint32_t bare = np_shape_set_meta(L, with_meta, NULL);
    EXPECT_EQ(shape(L, bare)->state, NP_SHAPE_LIVE); /* not the dead one it came from */
    EXPECT_NE(bare, parent);
    lua_close(L);
}

TEST(what_is_dying_is_not_found) {
    lua_State *L = open_state();
    uint32_t dying = line_of(L, NP_SHAPE_ROOT, 0, 1);
    NpTable *metatable = np_table_new(L, 0, 0);
    uint32_t with_meta = np_shape_set_meta(L, dying, metatable);
    mark_live(L);
    shape(L, dying)->marked = 0;
    L->global->gc.phase = NP_GC_STRINGS; /* before the sweep has come to it */
    EXPECT_NE(np_shape_set_meta(L, with_meta, NULL), dying);
    EXPECT_NE(line_of(L, NP_SHAPE_ROOT, 0, 1), dying);
    L->global->gc.phase = NP_GC_IDLE;
    lua_close(L);
}

TEST(shapes_met_while_marking_are_marked) {
    lua_State *L = open_state();
    uint32_t first = line_of(L, NP_SHAPE_ROOT, 0, 1);
    clear_marks(L);
    np_shape_touch(L->global, first);
    EXPECT_EQ(shape(L, first)->marked, 0); /* nothing is being marked */
    np_heap_mark_begin(&L->global->heap);
    L->global->gc.barrier_on = true;
    L->global->gc.phase = NP_GC_MARK;
    EXPECT_EQ(line_of(L, NP_SHAPE_ROOT, 0, 1), first);
    EXPECT_EQ(shape(L, first)->marked, 1);
    EXPECT(np_mark_test(shape(L, first)->keys));
    EXPECT(np_mark_test(key_of(L, 0)));
    uint32_t second = np_shape_add_key(L, first, key_of(L, 1), true);
    EXPECT_EQ(shape(L, second)->marked, 1);
    L->global->gc.barrier_on = false;
    L->global->gc.gray_count = 0;
    L->global->gc.phase = NP_GC_IDLE;
    np_heap_mark_cancel(&L->global->heap);
    lua_close(L);
}

/* ---- growth and failure ---- */

TEST(many_shapes_and_a_refusing_system) {
    NpMem before = np_mem_process;
    lua_State *L = open_state();
    NpShapeTable *table = &L->global->shape_table;
    uint32_t first_ready = table->ready;
    while (table->used < table->ready || table->ready == first_ready) {
        if (table->used == table->ready) { /* at the first border: mapped, but refused to be made ready */
            NpTable *metatable = np_table_new(L, 0, 0);
            np_heap_set_limit(&L->global->heap, 1);
            EXPECT_EQ(np_shape_set_meta(L, NP_SHAPE_ROOT, metatable), NP_SHAPE_DICT);
            EXPECT_EQ(np_shape_set_meta(L, NP_SHAPE_ROOT, metatable), NP_SHAPE_DICT);
            EXPECT_EQ(table->ready, first_ready);
            np_heap_set_limit(&L->global->heap, 0);
        }
        REQUIRE(np_shape_set_meta(L, NP_SHAPE_ROOT, np_table_new(L, 0, 0)) != NP_SHAPE_DICT);
    }
    for (uint32_t id = NP_SHAPE_ROOT + 1; id < table->used; id++)
        REQUIRE_EQ(np_shape_set_meta(L, NP_SHAPE_ROOT, shape(L, id)->metatable), id);
    lua_close(L);
    EXPECT_EQ(np_mem_process.reserved, before.reserved);
    EXPECT_EQ(np_mem_process.mapped, before.mapped);
    EXPECT_EQ(np_mem_process.ready, before.ready);
}

static void add_line(lua_State *L, void *arg) { *(uint32_t *)arg = line_of(L, NP_SHAPE_ROOT, 0, 60); }

TEST(the_free_end_of_the_table_is_given_back) {
    lua_State *L = open_state();
    NpShapeTable *table = &L->global->shape_table;
    uint32_t first = table->ready;
    for (int round = 0; round < 2; round++) {
        uint32_t last = NP_SHAPE_NONE;
        for (int i = 0; i < 60000; i++) {
            last = np_shape_set_meta(L, NP_SHAPE_ROOT, np_table_new(L, 0, 0));
            REQUIRE(last != NP_SHAPE_DICT);
            EXPECT_EQ(shape(L, last)->count, 0);
        }
        EXPECT_GE(table->ready, 60000);
        size_t ready = L->global->heap.mem.ready;
        for (int i = 0; i < 3; i++) np_gc_full(L, false);
        EXPECT_LE(table->ready, first * 2);
        EXPECT_LT(table->used, first);
        EXPECT_LE(L->global->heap.mem.ready, ready - 40000 * sizeof(NpShape));
        /* the list of free ones has none beyond the end */
        for (uint32_t id = table->free_list; id != NP_SHAPE_NONE; id = shape(L, id)->next_free) {
            REQUIRE(id < table->used);
            REQUIRE_EQ(shape(L, id)->state, NP_SHAPE_FREE);
        }
    }
    lua_close(L);
}

TEST(a_failed_allocation_leaves_the_shapes_consistent) {
    lua_State *L = open_state();
    uint32_t id = 0;
    int failures = 0;
    for (long nth = 1;; nth++) {
        np_heap_fail_at(&L->global->heap, nth);
        int status = np_err_protect(L, add_line, &id);
        np_heap_fail_at(&L->global->heap, 0);
        if (status == LUA_OK) break;
        REQUIRE_EQ(status, LUA_ERRMEM);
        failures++;
    }
    EXPECT_GT(failures, 4);
    EXPECT_EQ(shape(L, id)->count, 60);
    for (unsigned i = 0; i < 60; i++) REQUIRE_EQ(np_shape_find(shape(L, id), key_of(L, i)), i);
    lua_close(L);
}

UNIT_MAIN
