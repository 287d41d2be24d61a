/* strmatch_test.c: patterns from C: depth, sets, iterators across threads, random garbage. */
#include "stdlib/strlib.h"

#include "tests/unit/stdlib/script.h"

/* Calls a function of the library on subject and pattern; 0 when it raised an error. */
static int apply(lua_State *L, lua_CFunction function, const char *subject, size_t subject_size,
                 const char *pattern, size_t pattern_size, const char *replacement) {
    lua_settop(L, 0);
    lua_pushcfunction(L, function);
    lua_pushlstring(L, subject, subject_size);
    lua_pushlstring(L, pattern, pattern_size);
    if (replacement != NULL) lua_pushstring(L, replacement);
    return lua_pcall(L, replacement != NULL ? 3 : 2, LUA_MULTRET, 0) == LUA_OK;
}

static int find(lua_State *L, const char *subject, const char *pattern) {
    REQUIRE(apply(L, np_strmatch_find, subject, strlen(subject), pattern, strlen(pattern), NULL));
    return lua_isnil(L, 1) ? 0 : (int)lua_tointeger(L, 1) * 100 + (int)lua_tointeger(L, 2);
}

TEST(places_found) {
    lua_State *L = open_state();
    EXPECT_EQ(find(L, "hello world", "o w"), 507);
    EXPECT_EQ(find(L, "hello world", "%s"), 606);
    EXPECT_EQ(find(L, "hello world", "(o)%s*(w)"), 507);
    EXPECT_EQ(lua_gettop(L), 4);
    EXPECT_EQ(find(L, "hello", "z"), 0);
    EXPECT_EQ(find(L, "hello", ""), 100);
    lua_close(L);
}

TEST(deep_patterns_end_in_an_error_not_in_a_crash) {
    lua_State *L = open_state();
    EXPECT_CONTAINS(run(L, "return ('a'):rep(5e5):match(('a?'):rep(5e5))"), "pattern too complex");
    EXPECT_CONTAINS(run(L, "return ('a'):rep(5e5):match(('.-'):rep(5e5) .. 'b')"),
                    "pattern too complex");
    EXPECT_STR(run(L, "return #('a'):rep(1e6):match('.-$')"), "1000000");
    EXPECT_STR(run(L, "return #('a'):rep(1e6):match('(.*)$')"), "1000000");
    EXPECT_STR(run(L, "return #(('(' ):rep(1e5) .. (')'):rep(1e5)):match('%b()')"), "200000");
    EXPECT_STR(run(L, "return #('a'):rep(199):match(('a?'):rep(199))"), "199");
    lua_close(L);
}

TEST(more_sets_than_are_remembered) {
    lua_State *L = open_state();
    /* Each of eight sets is asked often enough to be worth a bitmap. */
    EXPECT_STR(run(L, "local s = ('abcdefgh'):rep(100)\n"
                      "local n = select(2, s:gsub('[a][^a][c-c][d%s][e-e][%lf]-[g]*[^%d]', ''))\n"
                      "return n"),
               "100");
    lua_close(L);
}

TEST(captures_are_undone_when_matching_goes_back) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "return table.concat({('aXbXc'):match('^(.*)X(.-)$')}, '|')"), "aXb|c");
    EXPECT_STR(run(L, "return table.concat({('aab'):match('^(a*)(a)(b)$')}, '|')"), "a|a|b");
    EXPECT_STR(run(L, "return table.concat({('abcd'):match('((a)(b?))((c)(d))')}, '|')"),
               "ab|a|b|cd|c|d");
    EXPECT_STR(run(L, "return table.concat({('k = v'):match('^%s*((%w+)%s*=%s*()(%w+))')}, '|')"),
               "k = v|k|5|v");
    EXPECT_STR(run(L, "return ('xaaay'):match('x(a-)(a*)y', 1) == '' and 'ok'"), "ok");
    lua_close(L);
}

TEST(an_iterator_outlives_the_caller_and_changes_threads) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local function make() return (('w%d '):rep(3)):gmatch('%S+') end\n"
                      "local it = make() collectgarbage() local out = {}\n"
                      "for i = 1, 4 do\n"
                      "  out[i] = tostring(coroutine.wrap(function() return (it()) end)())\n"
                      "end return table.concat(out, '|')"),
               "w%d|w%d|w%d|nil");
    lua_close(L);
}

TEST(words_in_long_text) {
    lua_State *L = open_state();
    /* Many false beginnings: the search must change to one that is linear. */
    EXPECT_STR(run(L, "local hay = ('ab'):rep(1e5) .. 'abb'\n"
                      "return table.concat({hay:find('abb', 1, true)}, ',')"),
               "200001,200003");
    EXPECT_STR(run(L, "return tostring((('a'):rep(1e6)):find(('a'):rep(1e5) .. 'b', 1, true))"),
               "nil");
    lua_close(L);
}

TEST(garbage_patterns_match_or_fail_but_nothing_else) {
    static const char letters[] = "ab1 ()[]^$%.*+-?\0%%()[]fbadw,%1\xff";
    static const char *const replacements[] = {"", "%0", "<%1>", "%", "%9", "x%%y"};
    lua_State *L = open_state();
    uint64_t seed = 7;
    char subject[24], pattern[12];
    int i, errors = 0;
    for (i = 0; i < 20000; i++) {
        size_t subject_size = unit_random(&seed) % sizeof subject;
        size_t pattern_size = unit_random(&seed) % sizeof pattern;
        random_bytes(&seed, subject, subject_size, letters, sizeof letters - 1);
        random_bytes(&seed, pattern, pattern_size, letters, sizeof letters - 1);
        if (!apply(L, np_strmatch_find, subject, subject_size, pattern, pattern_size, NULL)) {
            EXPECT_EQ(lua_type(L, -1), LUA_TSTRING);
            errors++;
        } else if (!lua_isnil(L, 1)) {
            EXPECT_LE(lua_tointeger(L, 1), lua_tointeger(L, 2) + 1);
            EXPECT_LE(lua_tointeger(L, 2), subject_size);
        }
        apply(L, np_strmatch_match, subject, subject_size, pattern, pattern_size, NULL);
        apply(L, np_strmatch_gsub, subject, subject_size, pattern, pattern_size,
              replacements[i % 6]);
    }
    EXPECT_GT(errors, 1000);
    EXPECT_LT(errors, 19000);
    lua_close(L);
}

UNIT_MAIN
