/* Tests of compiler/cg_expr.c: what code expressions, calls, tables and places become. */
#include "tests/unit/compiler/code.h"

TEST(literals_use_immediates_where_they_fit) {
    EXPECT_CODE("local a = 1", "LOADI 0 1");
    EXPECT_CODE("local a = -32769", "LOADK 0 0");
    EXPECT_CODE("local a = 32767.0", "LOADF 0 32767");
    EXPECT_CODE("local a = 32768.0", "LOADK 0 0");
    EXPECT_CODE("local a = -0.0", "LOADF 0 0; UNM 0 0 0");
    EXPECT_CODE("local a = 'x'", "LOADK 0 0");
    EXPECT_CODE("local a, b, c = nil, true, false",
                "LOADNIL 0 0 0; LOADTRUE 1 0 0; LOADFALSE 2 0 0");
    EXPECT_CODE("local a = (f())", "GETTABUP 0 0 0 0 0; CALL 0 1 2");
}

TEST(lists_are_adjusted) {
    EXPECT_CODE("local a, b, c", "LOADNIL 0 2 0");
    EXPECT_CODE("local a local b local c", "LOADNIL 0 2 0");
    EXPECT_CODE("local a, b = 1", "LOADI 0 1; LOADNIL 1 0 0");
    EXPECT_CODE("local a = 1, 2", "LOADI 0 1");
    EXPECT_CODE("local a, b = f()", "GETTABUP 0 0 0 0 0; CALL 0 1 3");
    EXPECT_CODE("local a = f(), 2", "GETTABUP 0 0 0 0 0; CALL 0 1 2");
    EXPECT_CODE("local a = (f())", "GETTABUP 0 0 0 0 0; CALL 0 1 2");
    EXPECT_CODE("local a = ...", "VARARG 0 0 2");
    EXPECT_CODE("local a, b = ...", "VARARG 0 0 3");
}

TEST(tables) {
    EXPECT_CODE("local a = {...}", "NEWTABLE 0 0 0 0; VARARG 1 0 0; SETLIST 0 0 0 0");
    EXPECT_CODE("local a = {1, 2, x = 3, [4] = 5, [300] = 6}",
                "NEWTABLE 0 1 0 0; LOADI 1 1; LOADI 2 2; LOADI 3 3; SETFIELD 0 3 0 0 0 0; "
                "LOADI 3 5; SETINT 0 4 3; LOADI 3 300; LOADI 4 6; SETINDEX 0 3 4; SETLIST 0 2 0 0");
    EXPECT_CODE("local a = {f(), f()}",
                "NEWTABLE 0 0 0 0; GETTABUP 1 0 0 0 0; CALL 1 1 2; GETTABUP 2 0 0 0 0; "
                "CALL 2 1 0; SETLIST 0 0 0 0");
    EXPECT_CODE("local t = {} t = {t}",
                "NEWTABLE 0 0 0 0; NEWTABLE 1 0 1 1; MOVE 2 0 0; SETLIST 1 1 0 0; MOVE 0 1 0");
}

TEST(indexing_and_places) {
    EXPECT_CODE("local t, i t[i] = t.x t[1] = t[255] t[256] = 1",
                "LOADNIL 0 1 0; GETFIELD 2 0 0 0 0; SETINDEX 0 1 2; GETINT 2 0 255; "
                "SETINT 0 1 2; LOADI 2 256; LOADI 3 1; SETINDEX 0 2 3");
    EXPECT_CODE("x = y", "GETTABUP 0 0 0 0 1; SETTABUP 0 0 0 0 0 0");
    EXPECT_CODE("x.y.z = 1",
                "GETTABUP 0 0 0 0 0; GETFIELD 0 0 0 0 1; LOADI 1 1; SETFIELD 0 1 0 0 2 0");
    EXPECT_CODE("local a, b a = a .. b .. 'x'",
                "LOADNIL 0 1 0; MOVE 2 0 0; MOVE 3 1 0; LOADK 4 0; CONCAT 0 2 3");
}

TEST(operators) {
    EXPECT_CODE("local a, b, c a, b, c = f()",
                "LOADNIL 0 2 0; GETTABUP 3 0 0 0 0; CALL 3 1 4; MOVE 2 5 0; MOVE 1 4 0; "
                "MOVE 0 3 0");
    EXPECT_CODE("local a, b a = a + b a = a - 1 a = 2 * a a = a / 0.5",
                "LOADNIL 0 1 0; ADD 0 0 1; SUBK 0 0 0; KMUL 0 1 0; DIVK 0 0 2");
    EXPECT_CODE("local a a = a << 1 a = a & 2.0 a = 1 << a",
                "LOADNIL 0 0 0; SHLK 0 0 0; LOADF 1 2; BAND 0 0 1; LOADI 1 1; SHL 0 1 0");
    EXPECT_CODE("local a = 1 + 2 * 3", "LOADI 0 7");
    EXPECT_CODE("local a <const> = 5 local b = a + 1", "LOADI 0 6");
    EXPECT_CODE("local a a = -a a = ~a a = #a a = not a",
                "LOADNIL 0 0 0; UNM 0 0 0; BNOT 0 0 0; LEN 0 0 0; NOT 0 0 0");
}

TEST(calls) {
    EXPECT_CODE("local a, b a = (a .. b) .. a",
                "LOADNIL 0 1 0; MOVE 2 0 0; MOVE 3 1 0; CONCAT 2 2 2; MOVE 3 0 0; CONCAT 0 2 2");
    EXPECT_CODE("local a a = a.b.c[1].d",
                "LOADNIL 0 0 0; GETFIELD 1 0 0 0 0; GETFIELD 1 1 0 0 1; GETINT 1 1 1; "
                "GETFIELD 0 1 0 0 2");
    EXPECT_CODE("f(1)(2)(3)",
                "GETTABUP 0 0 0 0 0; LOADI 1 1; CALL 0 2 2; LOADI 1 2; CALL 0 2 2; LOADI 1 3; "
                "CALL 0 2 1");
}

/* A local is written by the last instruction only: an error on the way must not show. */
TEST(an_assigned_local_is_not_used_as_scratch) {
    EXPECT_RUN("local x = 1 local f = function() return x end "
               "pcall(function() x = {1, error('no')} end) return f()", "1");
    EXPECT_RUN("local x = 1 pcall(function() x = (x + 1) .. nil end) return x", "1");
    EXPECT_RUN("local x, y = 7 y = function() return x end x = {x, y()} return x[1] + x[2]", "14");
}

TEST(order_of_evaluation_is_left_to_right) {
    static const char head[] = "local s = '' local function n(x) s = s .. x return x end ";
    char source[400];
    static const char *const cases[][2] = {
        {"local _ = n(1) + n(2) * n(3)", "123"},
        {"local _ = n(1) > n(2)", "12"},
        {"local _ = {n(1), x = n(2), n(3), [n(4)] = n(5)}", "12345"},
        {"local t = {} t[n(1)], t[n(2)] = n(3), n(4)", "1234"},
        {"local _ = n(1) .. n(2) .. n(3)", "123"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(source, sizeof source, "%s %s return s", head, cases[i][0]);
        EXPECT_RUN(source, cases[i][1]);
    }
}

/* Chains to the left are as long as the text: they must not use the C stack. */
TEST(long_chains) {
    char *source = code_repeat("local a = 1 return 1", " + a", 100000, "");
    EXPECT_RUN(source, "100001");
    free(source);
    source = code_repeat("local t = {} t.x = t return t == t", ".x", 100000, "");
    EXPECT_RUN(source, "true");
    free(source);
    source = code_repeat("local function f() return f end f = (function(...) local g g = function() return g end "
                         "return g end)() return f == f", "()", 50000, "");
    EXPECT_RUN(source, "true");
    free(source);
}

TEST(field_names_that_are_not_short_strings) {
    EXPECT_RUN("local o = {} function o:a123456789012345678901234567890123456789012345(x) return self == o and x end "
               "return o:a123456789012345678901234567890123456789012345(5)", "5");
    EXPECT_RUN("a123456789012345678901234567890123456789012345 = 3 "
               "return a123456789012345678901234567890123456789012345", "3");
}

TEST(a_compile_time_constant_has_no_register) {
    const NpProto *proto = code_compile("local a <const> = 5 local b <const> = a * 2 local c = b");
    REQUIRE_NOT_NULL(proto);
    EXPECT_EQ(proto->nlocvars, 1);
    EXPECT_STR(proto->locvars[0].name->text, "c");
    EXPECT_RUN("local a <const> = 5 return (function() return a end)()", "5");
}

/* A source with $ for a table that is large, in each of the forms that the items can have. */
static char *with_table(const char *source, const char *table) {
    size_t room = strlen(source) + 1;
    char *out, *at;
    for (const char *c = source; *c; c++) room += *c == '$' ? strlen(table) : 0;
    out = at = malloc(room);
    for (const char *c = source; *c; c++) {
        if (*c == '$') at = stpcpy(at, table);
        else *at++ = *c;
    }
    *at = '\0';
    return out;
}

static void expect_same_code(const NpProto *a, const NpProto *b) {
    REQUIRE_EQ(a->ncode, b->ncode);
    EXPECT_EQ(memcmp(a->code, b->code, (size_t)a->ncode * sizeof *a->code), 0);
    REQUIRE_EQ(a->nconstants, b->nconstants);
    EXPECT_EQ(a->max_stack, b->max_stack);
    REQUIRE_EQ(a->nlines, b->nlines);
    for (int i = 0; i < a->nlines; i++) EXPECT(a->lines[i].pc == b->lines[i].pc && a->lines[i].line == b->lines[i].line);
    REQUIRE_EQ(a->nprotos, b->nprotos);
    for (int i = 0; i < a->nprotos; i++) expect_same_code(a->protos[i], b->protos[i]);
}

/* Where nothing is evaluated before it, a table has its code made while it is read; in parentheses it has not. */
TEST(large_tables_are_made_bit_by_bit) {
    static const char *const sources[] = {
        "return $", "return $, $, x", "local t = $", "local a, b = $, $", "local t = $ .. 'x'", "local x x = $ or $", "g = $",
        "local t t.a.b[f()] = $", "local x x = $", "a[1] = $ == x", "g = $, function() h = $ end, function() i = 1 end",
        "return {$, 1, a = $, [f()] = $ .. x, ['k'] = $ and 1, [1] = $, {x, $, f()}, $}", "return {{{$}}}", "return {f(), $, f()}",
        "if x then goto e; g = $ end ::e::", "if false then g = $ end local t = $", "while x do if y then break; local t = $ end end",
        "return {1, 2, 3, function() local t = $ return t end, $, 4}", "t = $ u = $", "local a = {x = $, y = {z = $}}", "return {$, ...}",
    };
    static const char *const items[] = {"a, ", "x = y; ", "[z] = 'z', ", "{a, b, {c, d = 1}}, ", "function() return a end, ", "f(), ", "1, k%d = {n = %d, 's%d'},\n"};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        char *table = malloc(100000), *grouped = malloc(100004), *at = table;
        *at++ = '{';
        for (int n = 0; n < 1200; n++) at += sprintf(at, items[i], n, n, n);
        stpcpy(at, i % 2 ? "f()}" : "}");
        sprintf(grouped, "(%s)", table);
        for (size_t s = 0; s < sizeof sources / sizeof *sources; s++) {
            char *made = with_table(sources[s], table), *whole = with_table(sources[s], grouped);
            const NpProto *one, *other;
            REQUIRE_NOT_NULL(one = code_compile(made));
            lua_pushvalue(code_state, -1);
            lua_setglobal(code_state, "kept");
            REQUIRE_NOT_NULL(other = code_compile(whole));
            expect_same_code(one, other);
            free(made);
            free(whole);
        }
        free(table);
        free(grouped);
    }
    lua_pushnil(code_state);
    lua_setglobal(code_state, "kept");
}

UNIT_MAIN
