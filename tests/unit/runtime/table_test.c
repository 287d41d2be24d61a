/* Tests of runtime/table.c: reads, writes, length and iteration against a list of pairs; array, record and dictionary
 * turning into one another; metatables, holders and the epoch; tables after a failed allocation. */
#include "tests/unit/unit.h"

#include "include/lua.h"
#include "runtime/dict.h"
#include "runtime/err.h"
#include "runtime/gc/gc.h"
#include "runtime/meta.h"
#include "runtime/number.h"
#include "runtime/strings.h"
#include "runtime/table.h"

static lua_State *open_state(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    L->global->gc.stopped = NP_GC_STOP_USER;
    return L;
}

static NpValue integer(int64_t i) {
    NpValue value;
    np_set_int(&value, i);
    return value;
}
static NpValue number(double n) {
    NpValue value;
    np_set_flt(&value, n);
    return value;
}
static NpValue text(lua_State *L, const char *string) {
    NpValue value;
    np_set_obj(&value, np_string_from(L, string), NP_STR);
    return value;
}
static NpValue nil(void) {
    NpValue value;
    np_set_nil(&value);
    return value;
}

static void expect_int_at(lua_State *L, NpTable *table, NpValue key, int64_t want) {
    NpValue value;
    REQUIRE(np_table_get(L, table, &key, &value));
    REQUIRE_EQ(value.tag, NP_INT);
    REQUIRE_EQ(value.v.i, want);
}

static void set(lua_State *L, NpTable *table, NpValue key, NpValue value) { np_table_set(L, table, &key, &value); }

/* ---- the rules of table.h ---- */

static void check_rules(lua_State *L, const NpTable *table) {
    REQUIRE(table->array_size == 0 || table->array != NULL);
    if (table->flags & NP_FLAG_META) REQUIRE(np_table_is_dict(table) || np_shape_of(L->global, table)->is_meta); /* T6 */
    if (!np_table_is_dict(table)) {
        const NpShape *shape = np_shape_of(L->global, table);
        REQUIRE_EQ(shape->state, NP_SHAPE_LIVE);
        REQUIRE(shape->count <= table->slot_capacity);
        return;
    }
    const NpDict *dict = table->slots;
    REQUIRE((dict->size & (dict->size - 1)) == 0);
    for (uint32_t i = 0; i < dict->size; i++) {
        const NpDictNode *node = &dict->nodes[i];
        if (node->value_tag == NP_NIL) continue;
        REQUIRE(node->key_tag != NP_NIL);
        if (node->key_tag == NP_INT) REQUIRE((uint64_t)node->key.i - 1 >= table->array_size); /* T1 */
        int64_t integer_value;
        if (node->key_tag == NP_FLT)
            REQUIRE(node->key.n == node->key.n && !np_number_flt_to_int(node->key.n, &integer_value, NP_ROUND_EXACT)); /* T3 */
    }
}

/* ---- a list of pairs as the model ---- */

enum { POOL = 260 };
typedef struct Model {
    NpValue keys[POOL];
    int64_t values[POOL]; /* 0: absent */
    int count;
} Model;

static void add_key(Model *model, NpValue key) {
    REQUIRE(model->count < POOL);
    model->keys[model->count] = key;
    model->values[model->count++] = 0;
}

static void fill_pool(lua_State *L, Model *model, bool with_odd_keys) {
    char name[80];
    model->count = 0;
    for (int i = 1; i <= 70; i++) add_key(model, integer(i));
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "field%d", i);
        add_key(model, text(L, name));
    }
    if (!with_odd_keys) return;
    for (int i = 0; i < 40; i++) add_key(model, integer(i % 2 ? -i : (int64_t)i << 33));
    add_key(model, integer(INT64_MIN));
    add_key(model, integer(INT64_MAX));
    for (int i = 0; i < 30; i++) add_key(model, number(i + 0.25));
    add_key(model, number(HUGE_VAL));
    add_key(model, number(-HUGE_VAL));
    add_key(model, number(1e300));
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "a key so long that it is not interned, and that number %d", i);
        add_key(model, text(L, name));
    }
    NpValue key;
    np_set_bool(&key, true);
    add_key(model, key);
    np_set_bool(&key, false);
    add_key(model, key);
    for (int i = 0; i < 10; i++) {
        np_set_obj(&key, np_table_new(L, 0, 0), NP_TABLE);
        add_key(model, key);
        np_set_obj(&key, (void *)(uintptr_t)i, NP_LIGHTUD);
        add_key(model, key);
    }
}

/* The same key in another guise: floats for integers, equal long strings. */
static NpValue disguised(lua_State *L, const NpValue *key, uint64_t *seed) {
    NpValue other;
    np_copy(&other, key);
    if (unit_random(seed) % 4 != 0) return other;
    if (key->tag == NP_INT && key->v.i > -(1 << 30) && key->v.i < 1 << 30) np_set_flt(&other, (double)key->v.i);
    if (key->tag == NP_STR) np_set_obj(&other, np_string_new(L, np_str(key)->text, np_str(key)->length), NP_STR);
    return other;
}

static int find_in(const Model *model, const NpValue *key) {
    for (int i = 0; i < model->count; i++) {
        const NpValue *mine = &model->keys[i];
        if (mine->tag != key->tag) continue;
        if (mine->tag == NP_TRUE || mine->tag == NP_FALSE) return i;
        if (mine->tag == NP_STR ? np_string_equal(np_str(mine), np_str(key)) : mine->v.bits == key->v.bits) return i;
    }
    return -1;
}

static int64_t value_of(const Model *model, int64_t key) {
    for (int i = 0; i < model->count; i++)
        if (model->keys[i].tag == NP_INT && model->keys[i].v.i == key) return model->values[i];
    return 0;
}

static void expect_border(lua_State *L, NpTable *table, const Model *model) {
    uint64_t border = np_table_length(L, table);
    REQUIRE(border < 1000);
    REQUIRE(border == 0 || value_of(model, (int64_t)border) != 0);
    REQUIRE_EQ(value_of(model, (int64_t)border + 1), 0);
}

static void expect_same(lua_State *L, NpTable *table, const Model *model) {
    static bool seen[POOL];
    int live = 0, met = 0;
    check_rules(L, table);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < model->count; i++) {
        NpValue value;
        bool found = np_table_get(L, table, &model->keys[i], &value);
        REQUIRE_EQ(found, model->values[i] != 0);
        REQUIRE_EQ(value.tag, found ? NP_INT : NP_NIL);
        if (!found) continue;
        REQUIRE_EQ(value.v.i, model->values[i]);
        live++;
    }
    NpValue key = nil(), value;
    while (np_table_next(L, table, &key, &value)) {
        int at = find_in(model, &key);
        REQUIRE(at >= 0 && !seen[at]);
        seen[at] = true;
        REQUIRE_EQ(value.v.i, model->values[at]);
        met++;
    }
    REQUIRE_EQ(met, live);
    uint32_t cursor = 0;
    for (met = 0; np_table_walk(L, table, &cursor, &key, &value); met++) REQUIRE(find_in(model, &key) >= 0);
    REQUIRE_EQ(met, live);
    expect_border(L, table, model);
}

static void random_walk(lua_State *L, NpTable *table, bool odd, uint64_t seed, int steps) {
    static Model model;
    fill_pool(L, &model, odd);
    for (int step = 1; step <= steps; step++) {
        /* Phases: now more is put in, now more taken out; now the front of the pool, now all of it. */
        int range = step / 400 % 3 == 0 ? 70 : model.count;
        int at = (int)(unit_random(&seed) % (uint64_t)range);
        bool take = unit_random(&seed) % 100 < (step / 700 % 2 ? 70 : 25);
        NpValue key = disguised(L, &model.keys[at], &seed), value = take ? nil() : integer(step);
        model.values[at] = take ? 0 : step;
        if (key.tag == NP_STR && unit_random(&seed) % 2) np_table_set_str(L, table, np_str(&key), &value, true);
        else if (key.tag == NP_INT && unit_random(&seed) % 2) np_table_set_int(L, table, key.v.i, &value);
        else np_table_set(L, table, &key, &value);
        if (unit_random(&seed) % 500 == 0) np_table_grow_array(L, table, (uint32_t)(unit_random(&seed) % 50));
        if (unit_random(&seed) % 1000 == 0) np_table_to_dict(L, table, 3);
        if (unit_random(&seed) % 8 == 0) expect_border(L, table, &model);
        if (step % 50 == 0) expect_same(L, table, &model);
    }
    expect_same(L, table, &model);
}

TEST(random_operations_agree_with_a_list) {
    lua_State *L = open_state();
    for (uint64_t seed = 1; seed <= 8; seed++) random_walk(L, np_table_new(L, 0, 0), true, seed, 6000);
    lua_close(L);
}

TEST(random_operations_on_arrays_and_records) {
    lua_State *L = open_state();
    for (uint64_t seed = 21; seed <= 26; seed++) random_walk(L, np_table_new(L, 0, 0), false, seed, 4000);
    random_walk(L, np_table_new(L, 10, 0), true, 31, 3000);
    random_walk(L, np_table_new(L, 0, 20), true, 32, 3000);
    random_walk(L, np_table_new(L, 100, 300), true, 33, 3000);
    NpTable *table = np_table_new(L, 0, 0);
    np_table_set_meta(L, table, np_table_new(L, 0, 0));
    random_walk(L, table, true, 34, 3000);
    lua_close(L);
}

/* ---- shapes of growth ---- */

TEST(an_array_grows_without_a_dictionary) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    for (int64_t i = 1; i <= 100000; i++) {
        NpValue value = integer(i);
        np_table_set_int(L, table, i, &value);
    }
    EXPECT_FALSE(np_table_is_dict(table));
    EXPECT_EQ(np_table_length(L, table), 100000);
    EXPECT_LT(table->array_size, 200000);
    for (int64_t i = 1; i <= 100000; i++) expect_int_at(L, table, integer(i), i);
    lua_close(L);
}

TEST(an_array_filled_backwards_ends_as_an_array) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    for (int64_t i = 1000; i >= 1; i--) set(L, table, integer(i), integer(i));
    check_rules(L, table);
    EXPECT_GE(table->array_size, 512);
    for (int64_t i = 1; i <= 1000; i++) expect_int_at(L, table, integer(i), i);
    EXPECT_EQ(np_table_length(L, table), 1000);
    lua_close(L);
}

TEST(sparse_integers_make_no_array) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    for (int64_t i = 1; i <= 3000; i++) set(L, table, integer(i * 1000), integer(i));
    EXPECT_EQ(table->array_size, 0);
    EXPECT_TRUE(np_table_is_dict(table));
    for (int64_t i = 1; i <= 3000; i++) expect_int_at(L, table, integer(i * 1000), i);
    EXPECT_EQ(np_table_length(L, table), 0);
    lua_close(L);
}

TEST(an_emptied_array_shrinks_when_other_keys_come) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    for (int64_t i = 1; i <= 10000; i++) set(L, table, integer(i), integer(i));
    for (int64_t i = 11; i <= 10000; i++) set(L, table, integer(i), nil());
    for (int64_t i = 1; i <= 200; i++) set(L, table, integer(-i), integer(i));
    check_rules(L, table);
    EXPECT_LT(table->array_size, 1000);
    for (int64_t i = 1; i <= 10; i++) expect_int_at(L, table, integer(i), i);
    for (int64_t i = 1; i <= 200; i++) expect_int_at(L, table, integer(-i), i);
    EXPECT_EQ(np_table_length(L, table), 10);
    lua_close(L);
}

TEST(records_share_shapes_and_become_dictionaries) {
    lua_State *L = open_state();
    NpTable *one = np_table_new(L, 0, 3), *two = np_table_new(L, 0, 0);
    const char *const names[] = {"x", "y", "z"};
    for (int i = 0; i < 3; i++) {
        NpValue value = integer(i);
        np_table_set_str(L, one, np_string_from(L, names[i]), &value, true);
        np_table_set_str(L, two, np_string_from(L, names[i]), &value, true);
    }
    EXPECT_EQ(one->shape, two->shape);
    EXPECT_FALSE(np_table_is_dict(one));
    set(L, one, number(0.5), integer(9));
    EXPECT(np_table_is_dict(one));
    for (int i = 0; i < 3; i++) expect_int_at(L, one, text(L, names[i]), i);
    expect_int_at(L, one, number(0.5), 9);
    for (int i = 0; i < 300; i++) {
        char name[20];
        snprintf(name, sizeof name, "more%d", i);
        NpValue value = integer(i);
        np_table_set_str(L, two, np_string_from(L, name), &value, true);
        REQUIRE_EQ(np_table_is_dict(two), i + 4 > NP_SHAPE_MAX_KEYS);
    }
    for (int i = 0; i < 300; i++) {
        char name[20];
        snprintf(name, sizeof name, "more%d", i);
        expect_int_at(L, two, text(L, name), i);
    }
    lua_close(L);
}

/* ---- keys ---- */

struct Store { NpTable *table; NpValue key, value; };
static void store(lua_State *L, void *arg) {
    struct Store *what = arg;
    np_table_set(L, what->table, &what->key, &what->value);
}
static void next_of(lua_State *L, void *arg) {
    struct Store *what = arg;
    np_table_next(L, what->table, &what->key, &what->value);
}

static void expect_error(lua_State *L, void (*f)(lua_State *, void *), struct Store what, const char *message) {
    NpValue *top = L->top;
    REQUIRE_EQ(np_err_protect(L, f, &what), LUA_ERRRUN);
    REQUIRE(np_is_str(L->top - 1));
    EXPECT_STR(np_str(L->top - 1)->text, message);
    L->top = top;
}

TEST(nil_and_nan_are_no_keys) {
    lua_State *L = open_state();
    for (int mode = 0; mode < 2; mode++) {
        NpTable *table = np_table_new(L, 0, mode ? 200 : 0);
        expect_error(L, store, (struct Store){table, nil(), integer(1)}, "table index is nil");
        expect_error(L, store, (struct Store){table, number(NAN), integer(1)}, "table index is NaN");
        expect_error(L, store, (struct Store){table, number(NAN), nil()}, "table index is NaN");
        NpValue key = nil(), value;
        EXPECT_FALSE(np_table_get(L, table, &key, &value));
        key = number(NAN);
        EXPECT_FALSE(np_table_get(L, table, &key, &value));
        EXPECT_EQ(value.tag, NP_NIL);
    }
    lua_close(L);
}

TEST(floats_with_integer_values_are_integers) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    set(L, table, number(1.0), integer(10));
    set(L, table, number(-0.0), integer(20));
    set(L, table, number(9007199254740992.0), integer(30));
    set(L, table, number(-9223372036854775808.0), integer(40));
    set(L, table, number(9223372036854775808.0), integer(50)); /* has no integer */
    expect_int_at(L, table, integer(1), 10);
    expect_int_at(L, table, integer(0), 20);
    expect_int_at(L, table, number(0.0), 20);
    expect_int_at(L, table, integer(9007199254740992), 30);
    expect_int_at(L, table, integer(INT64_MIN), 40);
    expect_int_at(L, table, number(9223372036854775808.0), 50);
    NpValue key = nil(), value;
    int floats = 0;
    while (np_table_next(L, table, &key, &value)) floats += key.tag == NP_FLT;
    EXPECT_EQ(floats, 1);
    lua_close(L);
}

TEST(next_refuses_keys_that_are_not_there) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    set(L, table, integer(1), integer(1));
    set(L, table, text(L, "a"), integer(1));
    expect_error(L, next_of, (struct Store){table, text(L, "b"), nil()}, "invalid key to 'next'");
    expect_error(L, next_of, (struct Store){table, integer(100), nil()}, "invalid key to 'next'");
    expect_error(L, next_of, (struct Store){table, number(NAN), nil()}, "invalid key to 'next'");
    set(L, table, number(1.5), integer(1));
    expect_error(L, next_of, (struct Store){table, text(L, "b"), nil()}, "invalid key to 'next'");
    expect_error(L, next_of, (struct Store){table, number(2.5), nil()}, "invalid key to 'next'");
    lua_close(L);
}

/* ---- iteration ---- */

TEST(entries_may_be_deleted_and_changed_while_next_goes_on) {
    lua_State *L = open_state();
    static Model model;
    uint64_t seed = 77;
    for (int round = 0; round < 60; round++) {
        NpTable *table = np_table_new(L, 0, 0);
        static bool seen[POOL], gone[POOL];
        fill_pool(L, &model, round % 3 != 0);
        memset(seen, 0, sizeof seen);
        memset(gone, 0, sizeof gone);
        for (int i = 0; i < model.count; i++) {
            if (unit_random(&seed) % 3 == 0) continue;
            model.values[i] = i + 1;
            np_table_set(L, table, &model.keys[i], &(NpValue){.v.i = i + 1, .tag = NP_INT});
        }
        NpValue key = nil(), value;
        while (np_table_next(L, table, &key, &value)) {
            int at = find_in(&model, &key);
            REQUIRE(at >= 0 && !seen[at] && !gone[at]);
            seen[at] = true;
            /* Delete this one, or some other, or give it a new value. */
            int other = (int)(unit_random(&seed) % (uint64_t)model.count);
            switch (unit_random(&seed) % 4) {
            case 0: set(L, table, key, nil()); break;
            case 1:
                if (model.values[other] && !seen[other]) gone[other] = true;
                set(L, table, model.keys[other], nil());
                break;
            case 2: set(L, table, key, integer(5)); break;
            default: break;
            }
        }
        for (int i = 0; i < model.count; i++) REQUIRE_EQ(seen[i] || gone[i], model.values[i] != 0);
        check_rules(L, table);
    }
    lua_close(L);
}

TEST(iterate_is_next_with_a_memory) {
    lua_State *L = open_state();
    static Model model;
    uint64_t seed = 78;
    for (int round = 0; round < 40; round++) {
        NpTable *table = np_table_new(L, 0, 0);
        NpValue state[6], key = nil(), value;
        fill_pool(L, &model, round % 2);
        for (int i = 0; i < model.count; i++)
            if (unit_random(&seed) % 2) set(L, table, model.keys[i], integer(i));
        memset(state, 0xab, sizeof state);
        np_set_obj(&state[1], table, NP_TABLE);
        np_set_nil(&state[2]);
        for (;;) {
            bool more = np_table_next(L, table, &key, &value);
            if (np_table_iterate(L, state)) {
                REQUIRE_EQ(state[4].tag != NP_NIL, more);
                if (!more) break;
                REQUIRE_EQ(state[4].tag, key.tag);
                if (key.tag > NP_TRUE) REQUIRE_EQ(state[4].v.i, key.v.i);
                REQUIRE_EQ(state[5].v.i, value.v.i);
            } else { /* not sure of its place: only believed when right */
                if (!more) break;
            }
            np_copy(&state[2], &key);
            if (unit_random(&seed) % 5 == 0) state[2].delta = (uint32_t)unit_random(&seed);
            if (unit_random(&seed) % 5 == 0) set(L, table, key, nil());
        }
    }
    lua_close(L);
}

/* ---- length ---- */

TEST(length_finds_a_border_wherever_it_is) {
    lua_State *L = open_state();
    uint64_t seed = 9;
    for (uint32_t size = 1; size <= 40; size++) {
        NpTable *table = np_table_new(L, size, 0);
        for (int round = 0; round < 300; round++) {
            for (int changes = (int)(unit_random(&seed) % 6); changes > 0; changes--) {
                int64_t key = (int64_t)(unit_random(&seed) % (size + 6)) + 1;
                set(L, table, integer(key), unit_random(&seed) % 2 ? integer(1) : nil());
            }
            if (unit_random(&seed) % 4 == 0) table->border_hint = (uint32_t)(unit_random(&seed) % (size + 2));
            uint64_t border = np_table_length(L, table);
            NpValue value;
            if (border > 0) REQUIRE(np_table_get_int(table, (int64_t)border, &value));
            REQUIRE(!np_table_get_int(table, (int64_t)border + 1, &value));
        }
    }
    lua_close(L);
}

TEST(length_follows_a_stack) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    uint64_t seed = 4, depth = 0;
    for (int step = 0; step < 20000; step++) {
        if (depth == 0 || unit_random(&seed) % 100 < (step / 2000 % 2 ? 40u : 60u)) set(L, table, integer((int64_t)++depth), integer(1));
        else set(L, table, integer((int64_t)depth--), nil());
        REQUIRE_EQ(np_table_length(L, table), depth);
    }
    lua_close(L);
}

TEST(length_is_not_misled_by_doubling_keys) {
    lua_State *L = open_state();
    for (int filled = 0; filled <= 5; filled++) {
        NpTable *table = np_table_new(L, 0, 0);
        NpValue value;
        for (int64_t i = 1; i <= filled; i++) set(L, table, integer(i), integer(i));
        uint64_t first = table->array_size + 1u;
        for (uint64_t key = first; key <= INT64_MAX; key *= 2) set(L, table, integer((int64_t)key), integer(1));
        uint64_t border = np_table_length(L, table);
        if (border > 0) REQUIRE(np_table_get_int(table, (int64_t)border, &value));
        if (border < INT64_MAX) REQUIRE(!np_table_get_int(table, (int64_t)border + 1, &value));
    }
    lua_close(L);
}

/* ---- metatables ---- */

TEST(metatables_of_records_and_dictionaries) {
    lua_State *L = open_state();
    NpTable *one = np_table_new(L, 0, 0), *two = np_table_new(L, 0, 0);
    for (int mode = 0; mode < 2; mode++) {
        NpTable *table = np_table_new(L, 2, mode ? 200 : 0);
        set(L, table, text(L, "field"), integer(1));
        EXPECT_NULL(np_table_meta(L->global, table));
        np_table_set_meta(L, table, one);
        EXPECT_PTR(np_table_meta(L->global, table), one);
        EXPECT_EQ(np_table_is_dict(table), mode);
        np_table_set_meta(L, table, two);
        EXPECT_PTR(np_table_meta(L->global, table), two);
        set(L, table, text(L, "other"), integer(2));
        EXPECT_PTR(np_table_meta(L->global, table), two);
        np_table_to_dict(L, table, 0);
        EXPECT_PTR(np_table_meta(L->global, table), two);
        for (int i = 0; i < 100; i++) set(L, table, number(i + 0.5), integer(i));
        EXPECT_PTR(np_table_meta(L->global, table), two); /* also after rebuilding */
        expect_int_at(L, table, text(L, "field"), 1);
        np_table_set_meta(L, table, NULL);
        EXPECT_NULL(np_table_meta(L->global, table));
    }
    EXPECT(one->flags & NP_FLAG_META);
    EXPECT_EQ(np_shape_of(L->global, one)->is_meta, 1);
    set(L, one, text(L, "__index"), integer(1));
    EXPECT_EQ(np_shape_of(L->global, one)->is_meta, 1);
    lua_close(L);
}

TEST(absent_metamethods_are_noticed_when_they_come) {
    lua_State *L = open_state();
    for (int way = 0; way < 4; way++) {
        NpTable *table = np_table_new(L, 0, 0), *metatable = np_table_new(L, 0, way == 3 ? 200 : 0);
        NpString *name = np_string_from(L, "__newindex");
        NpValue value, one = integer(1), none = nil(), key;
        np_set_obj(&key, name, NP_STR);
        np_table_set_meta(L, table, metatable);
        EXPECT_FALSE(np_meta_raw(L, metatable, NP_EVENT_NEWINDEX, &value));
        EXPECT(metatable->absent & 1u << NP_EVENT_NEWINDEX);
        if (way == 0) np_table_set(L, metatable, &key, &one);
        else if (way == 1) np_table_set_str(L, metatable, name, &one, true);
        else if (way == 2) np_table_to_dict(L, metatable, 0), np_table_set(L, metatable, &key, &one);
        else np_table_set_str(L, metatable, name, &one, false);
        EXPECT(np_meta_raw(L, metatable, NP_EVENT_NEWINDEX, &value));
        np_table_set(L, metatable, &key, &none);
        EXPECT_FALSE(np_meta_raw(L, metatable, NP_EVENT_NEWINDEX, &value));
        np_table_set(L, metatable, &key, &one); /* revived in its old place */
        EXPECT(np_meta_raw(L, metatable, NP_EVENT_NEWINDEX, &value));
    }
    lua_close(L);
}

TEST(changes_of_a_holder_raise_the_epoch) {
    lua_State *L = open_state();
    NpGlobal *global = L->global;
    NpTable *holder = np_table_new(L, 0, 0), *metatable = np_table_new(L, 0, 0);
    set(L, holder, text(L, "old"), integer(1));
    np_table_make_holder(L, holder);
#define RAISES(action, want)                                                                       \
    do {                                                                                           \
        uint32_t before = global->meta_epoch;                                                      \
        action;                                                                                    \
        EXPECT_EQ(global->meta_epoch != before, want);                                             \
    } while (0)
    RAISES(set(L, holder, text(L, "old"), integer(2)), false);
    RAISES(set(L, holder, text(L, "new"), integer(2)), true);
    RAISES(set(L, holder, text(L, "new"), nil()), false); /* the cache sees the nil itself */
    RAISES(set(L, holder, text(L, "new"), integer(3)), true);
    RAISES(set(L, holder, integer(1), integer(3)), false);
    RAISES(np_table_set_meta(L, holder, metatable), true);
    RAISES(np_table_set_meta(L, holder, NULL), true);
    RAISES(np_table_to_dict(L, holder, 8), true);
    RAISES(set(L, holder, text(L, "third"), integer(3)), true);
    RAISES(set(L, holder, text(L, "third"), integer(4)), false);
    RAISES(set(L, holder, text(L, "third"), nil()), false);
    RAISES(set(L, holder, text(L, "third"), integer(4)), true);
    NpTable *user = np_table_new(L, 0, 0);
    np_table_set_meta(L, user, metatable);
    RAISES(set(L, metatable, text(L, "__index"), integer(1)), true);
    RAISES(set(L, metatable, text(L, "__index"), integer(2)), true); /* the path itself leads elsewhere */
    RAISES(set(L, user, text(L, "field"), integer(2)), false);
#undef RAISES
    lua_close(L);
}

/* ---- failure ---- */

struct Change { NpTable *table; NpValue key; int64_t value; int kind; };

static void change(lua_State *L, void *arg) {
    struct Change *what = arg;
    NpValue value = integer(what->value);
    switch (what->kind) {
    case 0: np_table_grow_array(L, what->table, 60); break;
    case 1: np_table_to_dict(L, what->table, 10); break;
    default: np_table_set(L, what->table, &what->key, &value); break;
    }
}

TEST(a_failed_allocation_changes_nothing) {
    lua_State *L = open_state();
    L->global->limit.no_collect = 1; /* nothing here is anchored */
    static Model model;
    uint64_t seed = 123;
    int failures = 0;
    for (int round = 0; round < 12; round++) {
        NpTable *table = np_table_new(L, 0, 0);
        fill_pool(L, &model, round % 2);
        for (int step = 1; step <= 150; step++) {
            int at = (int)(unit_random(&seed) % (uint64_t)model.count);
            int kind = (int)(unit_random(&seed) % 100);
            struct Change what = {table, model.keys[at], step, kind};
            for (long nth = 1;; nth++) {
                np_heap_fail_at(&L->global->heap, nth);
                int status = np_err_protect(L, change, &what);
                np_heap_fail_at(&L->global->heap, 0);
                if (status == LUA_OK) break;
                REQUIRE_EQ(status, LUA_ERRMEM);
                failures++;
                expect_same(L, table, &model);
            }
            if (kind > 1) model.values[at] = step;
            expect_same(L, table, &model);
        }
    }
    EXPECT_GT(failures, 100);
    lua_close(L);
}

struct Meta { NpTable *table, *metatable; };
static void give_meta(lua_State *L, void *arg) {
    struct Meta *what = arg;
    np_table_set_meta(L, what->table, what->metatable);
}

TEST(a_metatable_half_given_is_not_one) {
    lua_State *L = open_state();
    L->global->limit.no_collect = 1; /* nothing here is anchored */
    NpShapeTable *shapes = &L->global->shape_table;
    int failures = 0;
    for (int round = 0; round < 1000; round++) {
        struct Meta what = {np_table_new(L, 0, 0), np_table_new(L, 0, 0)};
        char name[20];
        snprintf(name, sizeof name, "only%d", round);
        set(L, what.metatable, text(L, name), integer(1));
        for (long nth = 1;; nth++) {
            np_heap_fail_at(&L->global->heap, nth);
            int status = np_err_protect(L, give_meta, &what);
            np_heap_fail_at(&L->global->heap, 0);
            if (status == LUA_OK) break;
            failures++;
            REQUIRE_EQ(status, LUA_ERRMEM);
            if (what.metatable->flags & NP_FLAG_META)
                REQUIRE(np_table_is_dict(what.metatable) || np_shape_of(L->global, what.metatable)->is_meta); /* T6 */
        }
        REQUIRE(what.metatable->flags & NP_FLAG_META);
        REQUIRE(np_table_is_dict(what.metatable) || np_shape_of(L->global, what.metatable)->is_meta);
        REQUIRE_PTR(np_table_meta(L->global, what.table), what.metatable);
    }
    EXPECT_GT(failures, 0);
    EXPECT_GT(shapes->live, 1000);
    lua_close(L);
}

static void grow_too_far(lua_State *L, void *arg) { np_table_grow_array(L, arg, ((uint32_t)1 << 30) + 1); }

TEST(sizes_that_cannot_be_are_errors) {
    lua_State *L = open_state();
    NpTable *table = np_table_new(L, 0, 0);
    EXPECT_EQ(table->array_size, 0);
    set(L, table, integer(INT64_MAX), integer(1));
    set(L, table, integer(1 << 30), integer(2));
    EXPECT_EQ(np_err_protect(L, grow_too_far, table), LUA_ERRRUN);
    EXPECT_CONTAINS(np_str(L->top - 1)->text, "table overflow");
    expect_int_at(L, table, integer(INT64_MAX), 1);
    expect_int_at(L, table, integer(1 << 30), 2);
    lua_close(L);
}

UNIT_MAIN
