/* Tests of runtime/dict.c: placement of nodes up to the last one, chains after deletions, dead keys. */
#include "tests/unit/unit.h"

#include "include/lua.h"
#include "runtime/dict.h"
#include "runtime/strings.h"

static lua_State *open_state(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    L->global->gc.stopped = NP_GC_STOP_USER;
    return L;
}

static int some_function(lua_State *L) { return 0; }
static int other_function(lua_State *L) { return 1; }

/* Keys of every kind a dictionary may meet, told apart by number. */
static void make_key(lua_State *L, unsigned number, NpValue *key) {
    char text[80];
    int length;
    unsigned n = number / 8;
    switch (number % 8) {
    case 0: np_set_int(key, (int64_t)n); break;
    case 1: np_set_int(key, n % 2 ? INT64_MIN + n : -(int64_t)(n * 4096) - 1); break;
    case 2: np_set_flt(key, n == 0 ? HUGE_VAL : n + 0.5); break;
    case 3: length = snprintf(text, sizeof text, "s%u", n); np_set_obj(key, np_string_new(L, text, (size_t)length), NP_STR); break;
    case 4:
        length = snprintf(text, sizeof text, "a string too long to be interned, number %010u", n);
        np_set_obj(key, np_string_new(L, text, (size_t)length), NP_STR);
        break;
    case 5: np_set_obj(key, (void *)(uintptr_t)n, NP_LIGHTUD); break;
    case 6:
        if (n < 2) np_set_bool(key, n == 1);
        else np_set_int(key, (int64_t)n << 40);
        break;
    default:
        if (n < 2) {
            key->v.bits = 0;
            key->v.f = n ? some_function : other_function;
            key->tag = NP_CFUNC;
        } else {
            np_set_flt(key, -1.0 / n);
        }
        break;
    }
}

static void put(lua_State *L, NpDict *dict, unsigned number, int64_t value) {
    NpValue key;
    make_key(L, number, &key);
    REQUIRE(np_dict_find(L, dict, &key) == NULL);
    NpDictNode *node = np_dict_insert(L, dict, &key);
    REQUIRE_NOT_NULL(node);
    REQUIRE_EQ(node->value_tag, NP_NIL);
    REQUIRE_EQ(node->dead_key, 0);
    node->value.i = value;
    node->value_tag = NP_INT;
}

TEST(every_node_can_be_used) {
    lua_State *L = open_state();
    for (uint32_t size = 1; size <= 2048; size *= 2) {
        NpDict *dict = np_dict_new(L, size);
        for (unsigned i = 0; i < size; i++) put(L, dict, i, i);
        for (unsigned i = 0; i < size; i++) {
            NpValue key;
            make_key(L, i, &key);
            NpDictNode *node = np_dict_find(L, dict, &key);
            REQUIRE_NOT_NULL(node);
            REQUIRE_EQ(node->value.i, i);
            if (key.tag == NP_INT) REQUIRE_PTR(np_dict_find_int(dict, key.v.i), node);
            if (key.tag == NP_STR && np_str(&key)->is_short) REQUIRE_PTR(np_dict_find_short(dict, np_str(&key)), node);
        }
        NpValue more;
        make_key(L, size, &more);
        EXPECT_NULL(np_dict_find(L, dict, &more));
        EXPECT_NULL(np_dict_insert(L, dict, &more));
    }
    lua_close(L);
}

TEST(colliding_integers_stay_apart) {
    lua_State *L = open_state();
    NpDict *dict = np_dict_new(L, 64);
    /* Find 64 keys with one main position. */
    int64_t keys[64];
    unsigned found = 0;
    for (int64_t key = 1; found < 64; key++)
        if (np_dict_position((uint64_t)key, 64) == 5) keys[found++] = key;
    for (unsigned i = 0; i < 64; i++) {
        NpValue key;
        np_set_int(&key, keys[i]);
        NpDictNode *node = np_dict_insert(L, dict, &key);
        REQUIRE_NOT_NULL(node);
        node->value.i = (int64_t)i;
        node->value_tag = NP_INT;
    }
    for (unsigned i = 0; i < 64; i++) {
        REQUIRE_NOT_NULL(np_dict_find_int(dict, keys[i]));
        REQUIRE_EQ(np_dict_find_int(dict, keys[i])->value.i, i);
    }
    lua_close(L);
}

TEST(positions_are_within_bounds_and_neighbours_are_close) {
    uint64_t seed = 8;
    for (uint32_t size = 1; size <= 1u << 30; size *= 2) {
        EXPECT_LT(np_dict_position(UINT64_MAX, size), size);
        EXPECT_LT(np_dict_position(0, size), size);
        for (int i = 0; i < 200; i++) REQUIRE(np_dict_position(unit_random(&seed), size) < size);
    }
    for (uint64_t key = 1000; key < 1100; key++)
        EXPECT_EQ(np_dict_position(key + 1, 4096), np_dict_position(key, 4096) + 1);
}

/* The chains that strings make are no longer than those of random positions, also when they lie at regular distances. */
TEST(strings_spread_and_neighbours_are_close) {
    lua_State *L = open_state();
    enum { COUNT = 1 << 15 };
    static uint8_t used[COUNT];
    static NpString *strings[COUNT];
    for (int distance = 1; distance <= 16; distance *= 4) {
        char text[40];
        int free_nodes = COUNT, most = 0;
        memset(used, 0, sizeof used);
        for (int i = 0; i < COUNT * distance; i++) {
            int length = snprintf(text, sizeof text, "%d of %d", i, distance);
            NpString *string = np_string_new(L, text, (size_t)length);
            if (i % distance == 0) strings[i / distance] = string;
        }
        for (int i = 0; i < COUNT; i++) {
            uint32_t at = np_dict_string_position(strings[i], COUNT);
            REQUIRE(at < COUNT);
            if (used[at] == 0) free_nodes--;
            if (++used[at] > most) most = used[at];
            REQUIRE(np_dict_string_position(strings[i], 64) < 64);
        }
        EXPECT(free_nodes < COUNT * 45 / 100); /* random: 37 % */
        EXPECT(most <= 16);
    }
    int close = 0;
    for (int i = 1; i < COUNT; i++) {
        uint64_t bytes = (uint64_t)((char *)strings[i] - (char *)strings[i - 1]);
        if (bytes > 4096) continue;
        uint32_t nodes = np_dict_string_position(strings[i], COUNT) - np_dict_string_position(strings[i - 1], COUNT);
        close += (nodes & (COUNT - 1)) == bytes >> NP_GRANULE_SHIFT;
    }
    EXPECT(close > COUNT / 2);
    lua_close(L);
}

TEST(kinds_of_keys_are_never_confused) {
    lua_State *L = open_state();
    NpDict *dict = np_dict_new(L, 8);
    NpValue key;
    np_set_int(&key, 1);
    np_dict_insert(L, dict, &key)->value_tag = NP_TRUE;
    np_set_bool(&key, true);
    EXPECT_NULL(np_dict_find(L, dict, &key));
    np_set_obj(&key, (void *)(uintptr_t)1, NP_LIGHTUD);
    EXPECT_NULL(np_dict_find(L, dict, &key));
    np_set_flt(&key, 5e-324); /* the float with the bits of integer 1 */
    EXPECT_NULL(np_dict_find(L, dict, &key));
    np_set_nil(&key);
    EXPECT_NULL(np_dict_find(L, dict, &key));
    np_set_flt(&key, NAN);
    EXPECT_NULL(np_dict_find(L, dict, &key));
    lua_close(L);
}

/* Every live key must be found from its main position whatever was deleted and put in between. */
TEST(random_deletions_and_insertions) {
    lua_State *L = open_state();
    uint64_t seed = 3;
    enum { POOL = 300 };
    for (uint32_t size = 8; size <= 256; size *= 4) {
        static bool present[POOL];
        static int64_t values[POOL];
        memset(present, 0, sizeof present);
        NpDict *dict = np_dict_new(L, size);
        unsigned refused = 0;
        for (int64_t step = 0; step < 20000; step++) {
            unsigned number = (unsigned)(unit_random(&seed) % POOL);
            NpValue key;
            make_key(L, number, &key);
            NpDictNode *node = np_dict_find(L, dict, &key);
            REQUIRE_EQ(node && node->value_tag != NP_NIL, present[number]);
            if (present[number]) {
                REQUIRE_EQ(node->value.i, values[number]);
                if (unit_random(&seed) % 2) {
                    node->value_tag = NP_NIL;
                    present[number] = false;
                }
                continue;
            }
            if (!node) node = np_dict_insert(L, dict, &key);
            if (!node) {
                refused++;
                if (unit_random(&seed) % 8 == 0) { /* what table.c would do: start afresh */
                    dict = np_dict_new(L, size);
                    memset(present, 0, sizeof present);
                }
                continue;
            }
            node->value.i = values[number] = step;
            node->value_tag = NP_INT;
            present[number] = true;
        }
        EXPECT_GT(refused, 0);
        for (unsigned number = 0; number < POOL; number++) {
            NpValue key;
            make_key(L, number, &key);
            NpDictNode *node = np_dict_find(L, dict, &key);
            REQUIRE_EQ(node && node->value_tag != NP_NIL, present[number]);
        }
    }
    lua_close(L);
}

TEST(a_dead_key_is_found_by_its_address_only) {
    lua_State *L = open_state();
    NpDict *dict = np_dict_new(L, 4);
    NpValue key, twin;
    make_key(L, 4, &key);
    make_key(L, 4, &twin); /* equal, another object */
    REQUIRE(key.v.p != twin.v.p);
    NpDictNode *node = np_dict_insert(L, dict, &key);
    node->value_tag = NP_TRUE;
    EXPECT_PTR(np_dict_find(L, dict, &twin), node);
    node->value_tag = NP_NIL;
    node->dead_key = 1;
    EXPECT_PTR(np_dict_find_even_dead(L, dict, &key), node);
    EXPECT_NULL(np_dict_find(L, dict, &twin)); /* the dead string's text must not be looked at */
    lua_close(L);
}

UNIT_MAIN
