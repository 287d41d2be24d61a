/* Tests of runtime/string.c: interning, the weak table of short strings, hashes, equality and order. */
#include "tests/unit/unit.h"

#include "include/lua.h"
#include "runtime/err.h"
#include "runtime/strings.h"

static lua_State *open_state(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    L->global->gc.stopped = NP_GC_STOP_USER;
    return L;
}

static size_t make_text(char *out, unsigned number) { return (size_t)snprintf(out, 40, "text %u", number); }

static NpString *numbered(lua_State *L, unsigned number) {
    char text[40];
    size_t length = make_text(text, number);
    return np_string_new(L, text, length);
}

TEST(short_strings_are_the_same_object_when_equal) {
    lua_State *L = open_state();
    char text[64];
    for (size_t length = 0; length <= NP_SHORT_MAX; length++) {
        for (size_t i = 0; i < length; i++) text[i] = (char)(i * 7 + length);
        NpString *string = np_string_new(L, text, length);
        EXPECT_EQ(string->kind, NP_STR);
        EXPECT_EQ(string->is_short, 1);
        EXPECT_EQ(string->length, length);
        EXPECT_MEM(string->text, text, length);
        EXPECT_EQ(string->text[length], 0);
        EXPECT_PTR(np_string_new(L, text, length), string);
        EXPECT_EQ(np_string_hash(L, string), string->hash);
    }
    lua_close(L);
}

TEST(embedded_zeros_tell_strings_apart) {
    lua_State *L = open_state();
    NpString *one = np_string_new(L, "a\0b", 3), *other = np_string_new(L, "a\0c", 3), *cut = np_string_new(L, "a", 1);
    EXPECT(one != other && one != cut && other != cut);
    EXPECT_PTR(np_string_new(L, "a\0b", 3), one);
    EXPECT_PTR(np_string_from(L, "a"), cut);
    EXPECT_FALSE(np_string_equal(one, other));
    EXPECT_FALSE(np_string_equal(one, cut));
    lua_close(L);
}

TEST(long_strings_are_equal_by_contents) {
    lua_State *L = open_state();
    char text[100];
    memset(text, 'x', sizeof text);
    NpString *border = np_string_new(L, text, NP_SHORT_MAX), *first = np_string_new(L, text, NP_SHORT_MAX + 1);
    NpString *second = np_string_new(L, text, NP_SHORT_MAX + 1);
    EXPECT_EQ(border->is_short, 1);
    EXPECT_EQ(first->is_short, 0);
    EXPECT(first != second);
    EXPECT(np_string_equal(first, second));
    EXPECT_FALSE(np_string_equal(border, first));
    EXPECT_EQ(first->hash, 0);
    EXPECT_EQ(np_string_hash(L, first), np_string_hash(L, second));
    EXPECT_NE(first->hash, 0);
    text[20] = 'y';
    NpString *third = np_string_new(L, text, NP_SHORT_MAX + 1);
    EXPECT_FALSE(np_string_equal(first, third));
    NpString *empty = np_string_new_long(L, 1000);
    memset(empty->text, 'z', 1000);
    EXPECT_EQ(empty->text[1000], 0);
    EXPECT_EQ(empty->length, 1000);
    lua_close(L);
}

TEST(the_table_grows_and_keeps_every_string) {
    lua_State *L = open_state();
    enum { COUNT = 20000 };
    static NpString *made[COUNT];
    uint32_t before = L->global->strings.count;
    for (unsigned i = 0; i < COUNT; i++) made[i] = numbered(L, i);
    EXPECT_EQ(L->global->strings.count, before + COUNT);
    for (unsigned i = 0; i < COUNT; i++) REQUIRE_PTR(numbered(L, i), made[i]);
    EXPECT_EQ(L->global->strings.count, before + COUNT);
    EXPECT_LE((uint64_t)(L->global->strings.count + L->global->strings.gone) * 4, ((uint64_t)L->global->strings.mask + 1) * 3);
    lua_close(L);
}

static void mark_all_present(NpStringTable *table) {
    for (uint32_t i = 0; i <= table->mask; i++)
        if ((uintptr_t)table->slots[i] > 1) np_mark_set(table->slots[i]);
}

TEST(the_sweep_drops_what_is_not_marked_and_nothing_else) {
    lua_State *L = open_state();
    enum { COUNT = 5000 };
    static NpString *made[COUNT];
    NpStringTable *table = &L->global->strings;
    mark_all_present(table); /* the state's own */
    for (unsigned i = 0; i < COUNT; i++) made[i] = numbered(L, i);
    uint32_t before = table->count;
    unsigned dropped = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        if (i % 3 != 0) np_mark_set(made[i]);
        else dropped++;
    }
    size_t at = 0;
    int slices = 0;
    do {
        at = np_string_sweep(L->global, at, 1000);
        slices++;
    } while (at != 0);
    EXPECT_GT(slices, 5);
    EXPECT_EQ(table->count, before - dropped);
    EXPECT_GT(table->gone, 0);
    for (unsigned i = 0; i < COUNT; i++)
        if (i % 3 != 0) REQUIRE_PTR(numbered(L, i), made[i]);
    uint32_t gone = table->gone;
    for (unsigned i = 0; i < COUNT; i += 3) {
        NpString *again = numbered(L, i);
        REQUIRE(again != made[i]); /* the old one has not been freed yet, so this one lies elsewhere */
        REQUIRE_PTR(numbered(L, i), again);
    }
    EXPECT_EQ(table->count, before);
    EXPECT_LT(table->gone, gone); /* deleted places are used again */
    lua_close(L);
}

TEST(churn_does_not_make_the_table_grow) {
    lua_State *L = open_state();
    NpStringTable *table = &L->global->strings;
    mark_all_present(table);
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 100; i++) numbered(L, round * 100 + i);
        size_t at = 0;
        do at = np_string_sweep(L->global, at, 64);
        while (at != 0);
    }
    EXPECT_LE(table->mask + 1, 512);
    lua_close(L);
}

TEST(a_resize_makes_a_sweep_start_over) {
    lua_State *L = open_state();
    NpGlobal *global = L->global;
    uint32_t mask = global->strings.mask;
    global->gc.phase = NP_GC_STRINGS;
    global->gc.cursor = 77;
    for (unsigned i = 0; global->strings.mask == mask; i++) numbered(L, i);
    EXPECT_EQ(global->gc.cursor, 0);
    global->gc.phase = NP_GC_IDLE;
    lua_close(L);
}

TEST(a_table_shrinks_in_pieces) {
    lua_State *L = open_state();
    enum { COUNT = 100000, KEPT = 50 };
    NpGlobal *global = L->global;
    NpStringTable *table = &global->strings;
    static NpString *kept[KEPT];
    uint32_t slots, own;
    mark_all_present(table);
    own = table->count;
    for (unsigned i = 0; i < COUNT; i++) {
        NpString *string = numbered(L, i);
        if (i % (COUNT / KEPT) == 0) np_mark_set(kept[i / (COUNT / KEPT)] = string);
    }
    while (!np_string_settle(global, 1000)) continue; /* the last growth */
    slots = table->mask + 1;
    while (np_string_sweep(global, 0, SIZE_MAX / 2) != 0) continue;
    EXPECT_EQ(table->count, own + KEPT);
    np_string_shrink(global);
    REQUIRE_NOT_NULL(table->old);
    EXPECT_LT(table->mask + 1, slots / 16);
    for (int pieces = 0; !np_string_settle(global, slots / 16); pieces++) {
        REQUIRE(pieces < 17);
        for (unsigned i = 0; i < KEPT; i++) REQUIRE_PTR(numbered(L, i * (COUNT / KEPT)), kept[i]);
    }
    EXPECT_NULL(table->old);
    EXPECT_EQ(table->count, own + KEPT);
    for (unsigned i = 0; i < KEPT; i++) REQUIRE_PTR(numbered(L, i * (COUNT / KEPT)), kept[i]);
    lua_close(L);
}

TEST(a_table_that_shrinks_may_be_filled_again_meanwhile) {
    lua_State *L = open_state();
    enum { COUNT = 100000 };
    NpGlobal *global = L->global;
    NpStringTable *table = &global->strings;
    static NpString *made[COUNT];
    mark_all_present(table);
    for (unsigned i = 0; i < COUNT; i++) numbered(L, i);
    while (!np_string_settle(global, SIZE_MAX)) continue;
    while (np_string_sweep(global, 0, SIZE_MAX / 2) != 0) continue;
    np_string_shrink(global);
    REQUIRE_NOT_NULL(table->old);
    for (unsigned i = 0; i < COUNT; i++) made[i] = numbered(L, i);
    for (unsigned i = 0; i < COUNT; i++) REQUIRE_PTR(numbered(L, i), made[i]);
    EXPECT_LE((uint64_t)(table->count + table->gone) * 4, ((uint64_t)table->mask + 1) * 3);
    lua_close(L);
}

TEST(what_a_sweep_finds_in_the_old_table_is_dropped_if_dead) {
    lua_State *L = open_state();
    NpGlobal *global = L->global;
    NpStringTable *table = &global->strings;
    unsigned i = 0;
    uint32_t before;
    mark_all_present(table);
    while (!table->old) np_mark_set(numbered(L, i++));
    before = table->count;
    REQUIRE(table->old_at < table->old_mask);
    numbered(L, i); /* the only one not marked, and in the new table */
    global->gc.phase = NP_GC_STRINGS;
    while (!np_string_settle(global, 100)) continue;
    EXPECT_EQ(table->count, before + 1);
    while (np_string_sweep(global, 0, SIZE_MAX / 2) != 0) continue;
    EXPECT_EQ(table->count, before);
    while (!table->old) numbered(L, i++); /* not marked */
    before = table->count;
    while (!np_string_settle(global, 100)) continue;
    EXPECT_LT(table->count, before);
    global->gc.phase = NP_GC_IDLE;
    lua_close(L);
}

TEST(what_is_looked_up_while_marking_is_marked) {
    lua_State *L = open_state();
    NpString *found = np_string_from(L, "look me up"), *other = np_string_from(L, "leave me alone");
    np_heap_mark_begin(&L->global->heap);
    EXPECT_FALSE(np_mark_test(found));
    EXPECT_PTR(np_string_from(L, "look me up"), found);
    EXPECT(np_mark_test(found));
    EXPECT_FALSE(np_mark_test(other));
    EXPECT(np_mark_test(np_string_from(L, "born black")));
    np_heap_mark_cancel(&L->global->heap);
    lua_close(L);
}

static int sign(int number) { return (number > 0) - (number < 0); }

/* In the C locale the order is that of the bytes, a prefix first; strcoll by pieces must come to the same. */
static int model_compare(const char *a, size_t na, const char *b, size_t nb) {
    int order = memcmp(a, b, na < nb ? na : nb);
    return order ? sign(order) : (na > nb) - (na < nb);
}

TEST(order_is_that_of_bytes_with_zeros_inside) {
    lua_State *L = open_state();
    uint64_t seed = 5;
    static const char alphabet[] = {0, 1, 'a', 'b', (char)0xff};
    for (int round = 0; round < 20000; round++) {
        char text[2][48];
        size_t length[2];
        NpString *string[2];
        for (int i = 0; i < 2; i++) {
            length[i] = unit_random(&seed) % (round % 10 == 0 ? 48 : 5);
            for (size_t j = 0; j < length[i]; j++) text[i][j] = alphabet[unit_random(&seed) % sizeof alphabet];
            string[i] = np_string_new(L, text[i], length[i]);
        }
        int want = model_compare(text[0], length[0], text[1], length[1]);
        REQUIRE_EQ(sign(np_string_compare(string[0], string[1])), want);
        REQUIRE_EQ(sign(np_string_compare(string[1], string[0])), -want);
        REQUIRE_EQ(np_string_equal(string[0], string[1]), want == 0);
    }
    lua_close(L);
}

static void make_too_long(lua_State *L, void *arg) {
    if (arg) np_string_new(L, "x", SIZE_MAX - 10);
    else np_string_new_long(L, SIZE_MAX - 10);
}

static void make_twenty(lua_State *L, void *arg) {
    unsigned from = *(unsigned *)arg;
    for (unsigned i = 0; i < 20; i++) numbered(L, from + i);
}

TEST(lengths_that_cannot_be_are_memory_errors) {
    lua_State *L = open_state();
    EXPECT_EQ(np_err_protect(L, make_too_long, NULL), LUA_ERRMEM);
    EXPECT_EQ(np_err_protect(L, make_too_long, L), LUA_ERRMEM);
    lua_close(L);
}

TEST(a_failed_allocation_leaves_the_table_as_it_was) {
    lua_State *L = open_state();
    NpStringTable *table = &L->global->strings;
    unsigned failures = 0;
    for (unsigned from = 0; from < 4000; from += 20) {
        for (long nth = 1;; nth++) {
            np_heap_fail_at(&L->global->heap, nth);
            int status = np_err_protect(L, make_twenty, &from);
            np_heap_fail_at(&L->global->heap, 0);
            if (status == LUA_OK) break;
            REQUIRE_EQ(status, LUA_ERRMEM);
            failures++;
        }
    }
    EXPECT_GT(failures, 1000); /* each try gets one string further */
    uint32_t count = 0, gone = 0;
    for (uint32_t i = 0; i <= table->mask; i++) {
        if (table->slots[i] == (NpString *)1) gone++;
        else if (table->slots[i]) count++;
    }
    EXPECT_EQ(table->count, count);
    EXPECT_EQ(table->gone, gone);
    for (unsigned i = 0; i < 4000; i++) REQUIRE_PTR(numbered(L, i), numbered(L, i));
    EXPECT_EQ(table->count, count);
    lua_close(L);
}

UNIT_MAIN
