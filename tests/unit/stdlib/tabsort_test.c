/* tabsort_test.c: the sort on random input with a count of comparisons, and on inputs that make a
 * plain quicksort quadratic. */
#include "stdlib/tabsort.h"

#include "tests/unit/stdlib/script.h"

static long comparisons;

static int counting_less(lua_State *L) {
    comparisons++;
    lua_pushboolean(L, lua_tointeger(L, 1) < lua_tointeger(L, 2));
    return 1;
}

/* Fills a table with `count` integers by `make`, sorts it, and checks order and sum. */
static void sort_by(lua_State *L, int count, lua_Integer (*make)(int at, int count)) {
    lua_Integer sum = 0, last = LUA_MININTEGER;
    lua_settop(L, 0);
    lua_createtable(L, count, 0);
    for (int i = 1; i <= count; i++) {
        lua_Integer value = make(i, count);
        sum += value;
        lua_pushinteger(L, value);
        lua_rawseti(L, 1, i);
    }
    lua_pushcfunction(L, counting_less);
    comparisons = 0;
    np_tabsort_sort(L, count, 1);
    REQUIRE_EQ(lua_gettop(L), 2);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        REQUIRE(lua_isinteger(L, -1));
        REQUIRE(lua_tointeger(L, -1) >= last);
        last = lua_tointeger(L, -1);
        sum -= last;
        lua_pop(L, 1);
    }
    REQUIRE_EQ(sum, 0);
    double levels = 1;
    for (int rest = count; rest > 1; rest /= 2) levels++;
    EXPECT_LT(comparisons, (long)(3 * count * levels + 20)); /* whatever the input: c * n * log n */
}

static uint64_t seed = 7;

static lua_Integer by_chance(int at, int count) {
    return (lua_Integer)(unit_random(&seed) % (uint64_t)(count * 4 + 1));
}
static lua_Integer rising(int at, int count) { return at; }
static lua_Integer falling(int at, int count) { return -at; }
static lua_Integer same(int at, int count) { return 3; }
static lua_Integer few(int at, int count) { return (lua_Integer)(unit_random(&seed) % 3); }
static lua_Integer pipes(int at, int count) { return at < count / 2 ? at : count - at; }
static lua_Integer teeth(int at, int count) { return at % 9; }
static lua_Integer swapped(int at, int count) { return at ^ 1; }

TEST(every_shape_and_size) {
    static lua_Integer (*const shapes[])(int, int) = {by_chance, rising, falling, same, few, pipes, teeth, swapped};
    lua_State *L = open_state();
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int count = 2; count <= 40; count++) sort_by(L, count, shapes[s]);
        sort_by(L, 199, shapes[s]);
        sort_by(L, 200, shapes[s]);
        sort_by(L, 5000, shapes[s]);
    }
    lua_close(L);
}

/* McIlroy's adversary: answers so that every pivot turns out to be bad. */
static int solid, candidate, gas;
static int *frozen;

static int adversary(lua_State *L) {
    int x = (int)lua_tointeger(L, 1), y = (int)lua_tointeger(L, 2);
    comparisons++;
    if (frozen[x] == gas && frozen[y] == gas) frozen[x == candidate ? x : y] = solid++;
    if (frozen[x] == gas) candidate = x;
    else if (frozen[y] == gas) candidate = y;
    lua_pushboolean(L, frozen[x] < frozen[y]);
    return 1;
}

TEST(an_adversary_cannot_make_it_quadratic) {
    enum { COUNT = 4000 };
    static int values[COUNT + 1];
    lua_State *L = open_state();
    frozen = values;
    gas = COUNT + 1;
    solid = candidate = 0;
    comparisons = 0;
    lua_createtable(L, COUNT, 0);
    for (int i = 1; i <= COUNT; i++) {
        values[i] = gas;
        lua_pushinteger(L, i);
        lua_rawseti(L, 1, i);
    }
    lua_pushcfunction(L, adversary);
    np_tabsort_sort(L, COUNT, 1);
    EXPECT_LT(comparisons, 100L * COUNT); /* a quadratic sort takes about COUNT * COUNT / 4 */
    lua_close(L);
}

static int at_random(lua_State *L) {
    lua_pushboolean(L, (int)(unit_random(&seed) & 1));
    return 1;
}

static int sort_argument(lua_State *L) {
    lua_settop(L, 2);
    np_tabsort_sort(L, (lua_Integer)lua_rawlen(L, 1), 1);
    return 0;
}

TEST(nonsense_orders_end) {
    lua_State *L = open_state();
    for (int round = 0; round < 300; round++) {
        int count = 2 + (int)(unit_random(&seed) % 300);
        lua_settop(L, 0);
        lua_pushcfunction(L, sort_argument);
        lua_createtable(L, count, 0);
        for (int i = 1; i <= count; i++) {
            lua_pushinteger(L, i);
            lua_rawseti(L, -2, i);
        }
        lua_pushcfunction(L, at_random);
        if (lua_pcall(L, 2, 0, 0) != LUA_OK)
            EXPECT_STR(lua_tostring(L, -1), "invalid order function for sorting");
    }
    lua_close(L);
}

TEST(without_a_function_elements_compare_as_lua_does) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local t = {3, 1.5, 2, -1, 2^53, math.mininteger} table.sort(t) return table.concat(t, ' ')"),
               "-9223372036854775808 -1 1.5 2 3 9.007199254741e+15");
    EXPECT_STR(run(L, "local t = {'b', 'B', 'a', '', 'ab'} table.sort(t) return table.concat(t, ' ')"), " B a ab b");
    lua_close(L);
}

UNIT_MAIN
