/* strfmt_test.c: string.format from C: widest results, and random specifications. */
#include <math.h>

#include "stdlib/strlib.h"

#include "tests/unit/stdlib/script.h"

static const char *format_number(lua_State *L, const char *spec, double value) {
    lua_settop(L, 0);
    lua_pushcfunction(L, np_strfmt_format);
    lua_pushstring(L, spec);
    lua_pushnumber(L, value);
    lua_pcall(L, 2, 1, 0);
    return lua_tostring(L, -1);
}

TEST(the_widest_results) {
    lua_State *L = open_state();
    char want[600];
    static const char *const specs[] = {"%.99f", "%+99.99f", "%-99.99f", "%#.99f", "%.99e",
                                        "%+99.99e", "%.99g", "%#.99g", "%99.99g", "%.99a", "%+#99.99a"};
    static const double values[] = {1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 0.1,
                                    -1e-5, 0};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            snprintf(want, sizeof want, specs[i], values[k]);
            EXPECT_STR(format_number(L, specs[i], values[k]), want);
        }
    }
    lua_close(L);
}

TEST(decimals_without_modifiers) {
    lua_State *L = open_state();
    char want[40];
    lua_Integer value = 1;
    for (int i = 0; i < 70; i++) {
        lua_Integer cases[3] = {value, -value, value - 1};
        for (int k = 0; k < 3; k++) {
            snprintf(want, sizeof want, "%lld", cases[k]);
            lua_settop(L, 0);
            lua_pushcfunction(L, np_strfmt_format);
            lua_pushliteral(L, "%d");
            lua_pushinteger(L, cases[k]);
            lua_call(L, 2, 1);
            EXPECT_STR(lua_tostring(L, -1), want);
        }
        value = (lua_Integer)((lua_Unsigned)value * 3);
    }
    lua_close(L);
}

TEST(quoted_text_reads_back) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local all = {} for i = 0, 255 do all[#all + 1] = string.char(i, 48, i) end\n"
                      "all = table.concat(all)\n"
                      "return load('return ' .. string.format('%q', all))() == all"),
               "true");
    lua_close(L);
}

TEST(random_specifications) {
    static const char flags[] = "-+ #0123456789..";
    static const char letters[] = "diucxXoaAeEfFgGpqs%ylhn";
    lua_State *L = open_state();
    uint64_t seed = 11;
    char spec[32];
    int good = 0, bad = 0;
    for (int i = 0; i < 30000; i++) {
        size_t size = 1 + unit_random(&seed) % 6;
        spec[0] = '%';
        random_bytes(&seed, spec + 1, size, flags, sizeof flags - 1);
        spec[size + 1] = letters[unit_random(&seed) % (sizeof letters - 1)];
        spec[size + 2] = '\0';
        lua_settop(L, 0);
        lua_pushcfunction(L, np_strfmt_format);
        lua_pushstring(L, spec);
        if (i % 3 == 0) lua_pushnumber(L, (double)(i - 15000) * 1e300);
        else if (i % 3 == 1) lua_pushinteger(L, (lua_Integer)unit_random(&seed));
        else lua_pushstring(L, "text");
        if (lua_pcall(L, 2, 1, 0) == LUA_OK) good++;
        else bad++;
        EXPECT_EQ(lua_type(L, -1), LUA_TSTRING);
    }
    EXPECT_GT(good, 500);
    EXPECT_GT(bad, 500);
    lua_close(L);
}

UNIT_MAIN
