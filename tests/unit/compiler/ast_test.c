/* ast_test.c: folding of constants, and the printed tree itself. */
#include "tests/unit/compiler/front.h"

static const char *value(const char *expression) {
    char source[512];
    const char *dump;
    snprintf(source, sizeof source, "return %s", expression);
    dump = front_dump(source);
    if (strncmp(dump, "(return ", 8) != 0) return dump;
    front_text[strlen(front_text) - 1] = '\0';
    return dump + 8;
}
#define EXPECT_VALUE(expression, want) EXPECT_STR(value(expression), want)

TEST(integers_fold) {
    EXPECT_VALUE("1 + 2 * 3", "7");
    EXPECT_VALUE("7 // 2", "3");
    EXPECT_VALUE("-7 // 2", "-4");
    EXPECT_VALUE("7 // -2", "-4");
    EXPECT_VALUE("-7 % 3", "2");
    EXPECT_VALUE("7 % -3", "-2");
    EXPECT_VALUE("-6 % 3", "0");
    EXPECT_VALUE("0x7fffffffffffffff + 1", "-9223372036854775808");
    EXPECT_VALUE("0x8000000000000000 // -1", "-9223372036854775808");
    EXPECT_VALUE("0x8000000000000000 % -1", "0");
    EXPECT_VALUE("-0x8000000000000000", "-9223372036854775808");
    EXPECT_VALUE("0xff & 0x0f | 0x100 ~ 1", "271");
    EXPECT_VALUE("~0", "-1");
    EXPECT_VALUE("1 << 63", "-9223372036854775808");
    EXPECT_VALUE("1 << 64", "0");
    EXPECT_VALUE("1 << -1", "0");
    EXPECT_VALUE("-1 >> 60", "15");
    EXPECT_VALUE("1 >> -4", "16");
    EXPECT_VALUE("1 >> 0x8000000000000000", "0");
    EXPECT_VALUE("1 << 0x8000000000000000", "0");
    EXPECT_VALUE("2.0 | 1", "3");
}

TEST(floats_fold) {
    EXPECT_VALUE("1 / 2", "0.5");
    EXPECT_VALUE("2 ^ 3", "8.0");
    EXPECT_VALUE("1 + 0.5", "1.5");
    EXPECT_VALUE("7.5 // 2", "3.0");
    EXPECT_VALUE("-7.5 // 2", "-4.0");
    EXPECT_VALUE("-7.5 % 2", "0.5");
    EXPECT_VALUE("7.5 % -2", "-0.5");
    EXPECT_VALUE("5 % (1/0)", "(% 5 (/ 1 0))");
    EXPECT_VALUE("-2 ^ 2", "-4.0");
    EXPECT_VALUE("1e308 * 10", "inf");
}

TEST(what_could_go_wrong_or_give_zero_is_left_alone) {
    EXPECT_VALUE("1 // 0", "(// 1 0)");
    EXPECT_VALUE("1 % 0", "(% 1 0)");
    EXPECT_VALUE("1 / 0", "(/ 1 0)");
    EXPECT_VALUE("0 / 1", "(/ 0 1)");
    EXPECT_VALUE("-0.0", "(- 0.0)");
    EXPECT_VALUE("0.5 - 0.5", "(- 0.5 0.5)");
    EXPECT_VALUE("1.5 | 1", "(| 1.5 1)");
    EXPECT_VALUE("1e100 | 1", "(| 1e+100 1)");
    EXPECT_VALUE("(-1) ^ 0.5", "(^ -1 0.5)");
    EXPECT_VALUE("'1' + 1", "(+ \"1\" 1)");
    EXPECT_VALUE("1 < 2", "(< 1 2)");
    EXPECT_VALUE("1 .. 2", "(.. 1 2)");
    EXPECT_VALUE("#'abc'", "(# \"abc\")");
    EXPECT_VALUE("~1.5", "(~ 1.5)");
}

TEST(logic_folds_on_its_left_side) {
    EXPECT_VALUE("not nil", "true");
    EXPECT_VALUE("not 0", "false");
    EXPECT_VALUE("not 'x'", "false");
    EXPECT_VALUE("true and x", ":x");
    EXPECT_VALUE("1 and f()", "(paren (call :f))");
    EXPECT_VALUE("nil or 'x'", "\"x\"");
    EXPECT_VALUE("false or ...", "(paren ...)");
    EXPECT_VALUE("nil and x", "(and nil :x)");
    EXPECT_VALUE("1 or x", "(or 1 :x)");
    EXPECT_VALUE("x and 1", "(and :x 1)");
}

TEST(strings_are_printed_with_escapes) { EXPECT_VALUE("'a\"\\\\\\n\\200'", "\"a\\\"\\\\\\010\\200\""); }

TEST(a_dump_that_does_not_fit_is_cut) {
    char small[8];
    size_t whole;
    front_dump("return 1");
    whole = np_ast_dump(front_parse.main, NULL, 0);
    EXPECT_EQ(np_ast_dump(front_parse.main, small, sizeof small), whole);
    EXPECT_STR(small, "(functi");
    EXPECT_EQ(whole, strlen("(function... () [_ENV] (return 1))"));
}

TEST(keys_are_shared_by_name) {
    const NpExpr *first, *second;
    front_dump("return a.k, b.k");
    first = front_parse.main->body->first->u.ret.exprs;
    second = first->next;
    EXPECT_PTR(first->u.index.key, second->u.index.key);
    EXPECT_PTR(first->u.index.object->u.index.object, second->u.index.object->u.index.object);
    EXPECT_PTR(np_ast_spine(first), first->u.index.object);
    EXPECT_NULL(np_ast_spine(first->u.index.key));
}

UNIT_MAIN
