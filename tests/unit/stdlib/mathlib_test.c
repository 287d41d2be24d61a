/* mathlib_test.c: the generator against an independent implementation of xoshiro256**, its state
 * apart in every Lua state, and the distribution of its ranges. */
#include "tests/unit/stdlib/script.h"

/* The algorithm as its authors publish it, seeded as the manual's implementation seeds. */
static uint64_t reference[4];

static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static uint64_t reference_next(void) {
    uint64_t *s = reference, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

static void reference_seed(uint64_t x, uint64_t y) {
    reference[0] = x;
    reference[1] = 0xff;
    reference[2] = y;
    reference[3] = 0;
    for (int i = 0; i < 16; i++) reference_next();
}

static void call_math(lua_State *L, const char *name, int nargs, int nresults) {
    lua_getglobal(L, "math");
    lua_getfield(L, -1, name);
    lua_insert(L, -(nargs + 2));
    lua_pop(L, 1);
    lua_call(L, nargs, nresults);
}

static void seed_state(lua_State *L, lua_Integer x, lua_Integer y) {
    lua_pushinteger(L, x);
    lua_pushinteger(L, y);
    call_math(L, "randomseed", 2, 0);
}

static lua_Integer draw(lua_State *L, lua_Integer low, lua_Integer high) {
    lua_pushinteger(L, low);
    lua_pushinteger(L, high);
    call_math(L, "random", 2, 1);
    lua_Integer value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

TEST(follows_the_published_generator) {
    static const lua_Integer seeds[][2] = {{1007, 0}, {0, 0}, {-1, -1}, {42, 99}, {LUA_MININTEGER, 1}};
    lua_State *L = open_state();
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        seed_state(L, seeds[i][0], seeds[i][1]);
        reference_seed((uint64_t)seeds[i][0], (uint64_t)seeds[i][1]);
        for (int n = 0; n < 100; n++) {
            lua_pushinteger(L, 0);
            call_math(L, "random", 1, 1);
            EXPECT_EQ(lua_tointeger(L, -1), reference_next());
            call_math(L, "random", 0, 1);
            EXPECT_NUM(lua_tonumber(L, -1), (double)(reference_next() >> 11) / 9007199254740992.0);
            lua_pop(L, 2);
        }
    }
    lua_close(L);
}

TEST(every_state_has_its_own) {
    lua_State *first = open_state(), *second = open_state();
    lua_Integer values[10];
    seed_state(first, 5, 6);
    for (int i = 0; i < 10; i++) values[i] = draw(first, LUA_MININTEGER, LUA_MAXINTEGER);
    seed_state(first, 5, 6);
    seed_state(second, 5, 6);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(draw(first, LUA_MININTEGER, LUA_MAXINTEGER), values[i]);
        EXPECT_EQ(draw(second, LUA_MININTEGER, LUA_MAXINTEGER), values[i]);
    }
    lua_close(first);
    lua_close(second);
}

TEST(ranges_are_even) {
    static const lua_Integer widths[] = {2, 3, 6, 7, 10, 16, 100};
    lua_State *L = open_state();
    seed_state(L, 2026, 1);
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        lua_Integer width = widths[w];
        int counts[100] = {0};
        int each = 300;
        for (int n = 0; n < each * width; n++) {
            lua_Integer value = draw(L, -5, width - 6);
            REQUIRE(value >= -5 && value <= width - 6);
            counts[value + 5]++;
        }
        for (int i = 0; i < width; i++) { /* five standard deviations */
            EXPECT_GT(counts[i], each - 90);
            EXPECT_LT(counts[i], each + 90);
        }
    }
    lua_close(L);
}

TEST(seeds_by_chance_differ) {
    lua_State *first = open_state(), *second = open_state();
    EXPECT_NE(draw(first, LUA_MININTEGER, LUA_MAXINTEGER), draw(second, LUA_MININTEGER, LUA_MAXINTEGER));
    lua_close(first);
    lua_close(second);
}

UNIT_MAIN
