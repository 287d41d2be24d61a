/* diagnose_test.c: the words of syntax errors. tests/lua/errors has more of them; here are one for
 * each place that words one, and which of several errors wins. */
#include "tests/unit/compiler/front.h"

TEST(expected_tokens) {
    EXPECT_MESSAGE("x", "1: syntax error near <eof>");
    EXPECT_MESSAGE("x =", "1: unexpected symbol near <eof>");
    EXPECT_MESSAGE("f() = 1", "1: syntax error near '='");
    EXPECT_MESSAGE("(x) = 1", "1: syntax error near '='");
    EXPECT_MESSAGE("a, f() = 1", "1: syntax error near '='");
    EXPECT_MESSAGE("a, b", "1: '=' expected near <eof>");
    EXPECT_MESSAGE("end", "1: <eof> expected near 'end'");
    EXPECT_MESSAGE("return 1; x", "1: <eof> expected near 'x'");
    EXPECT_MESSAGE("a.1", "1: syntax error near '.1'");
    EXPECT_MESSAGE("a. 1", "1: <name> expected near '1'");
    EXPECT_MESSAGE("a:b = 1", "1: function arguments expected near '='");
    EXPECT_MESSAGE("a[1", "1: ']' expected near <eof>");
    EXPECT_MESSAGE("for 1", "1: <name> expected near '1'");
    EXPECT_MESSAGE("for a b", "1: '=' or 'in' expected near 'b'");
    EXPECT_MESSAGE("for a = 1 do end", "1: ',' expected near 'do'");
    EXPECT_MESSAGE("for a, b = 1", "1: 'in' expected near '='");
    EXPECT_MESSAGE("function f(a, 1", "1: <name> or '...' expected near '1'");
    EXPECT_MESSAGE("function f(..., a) end", "1: ')' expected near ','");
    EXPECT_MESSAGE("local function f.a() end", "1: '(' expected near '.'");
    EXPECT_MESSAGE("local x <const = 1", "1: '>' expected near '='");
    EXPECT_MESSAGE("goto 1", "1: <name> expected near '1'");
    EXPECT_MESSAGE("::a", "1: '::' expected near <eof>");
    EXPECT_MESSAGE("x = {a = 1 b}", "1: '}' expected near 'b'");
    EXPECT_MESSAGE("x = {[1] 2}", "1: '=' expected near '2'");
    EXPECT_MESSAGE("if x do", "1: 'then' expected near 'do'");
    EXPECT_MESSAGE("while x then", "1: 'do' expected near 'then'");
}

TEST(closing_tokens_name_what_they_close) {
    EXPECT_MESSAGE("function f()\n\n", "3: 'end' expected (to close 'function' at line 1) near <eof>");
    EXPECT_MESSAGE("function f() ", "1: 'end' expected near <eof>");
    EXPECT_MESSAGE("f(\n1\n", "3: ')' expected (to close '(' at line 1) near <eof>");
    EXPECT_MESSAGE("x = {\n1\n", "3: '}' expected (to close '{' at line 1) near <eof>");
    EXPECT_MESSAGE("repeat\n end", "2: 'until' expected (to close 'repeat' at line 1) near 'end'");
    EXPECT_MESSAGE("if x then\n", "2: 'end' expected (to close 'if' at line 1) near <eof>");
    EXPECT_MESSAGE("while x do\n", "2: 'end' expected (to close 'while' at line 1) near <eof>");
    EXPECT_MESSAGE("for a in b do\n", "2: 'end' expected (to close 'for' at line 1) near <eof>");
    EXPECT_MESSAGE("do\n", "2: 'end' expected (to close 'do' at line 1) near <eof>");
}

TEST(tokens_are_quoted_as_they_are) {
    EXPECT_MESSAGE("x x", "1: syntax error near 'x'");
    EXPECT_MESSAGE("x = 1 0x1P3", "1: unexpected symbol near '0x1P3'");
    EXPECT_MESSAGE("x = 1 'a\\65'", "1: unexpected symbol near ''aA''");
    EXPECT_MESSAGE("x = 1 [=[\na\r\nb]=]", "3: unexpected symbol near '[=[a\nb]=]'");
    EXPECT_MESSAGE("x = 1 'a\0b'", "1: unexpected symbol near ''a'");
    EXPECT_MESSAGE("x = @", "1: unexpected symbol near '@'");
    EXPECT_MESSAGE("x = \1", "1: unexpected symbol near '<\\1>'");
    EXPECT_MESSAGE("x = \0", "1: unexpected symbol");
    EXPECT_MESSAGE("x = and", "1: unexpected symbol near 'and'");
}

TEST(long_tokens_are_quoted_whole) {
    enum { SIZE = 5000 };
    char *source = malloc(SIZE + 1);
    memset(source, 'a', SIZE);
    source[1] = ' ';
    EXPECT_CONTAINS(front_error(source, SIZE), "c:1: syntax error near 'aaa");
    EXPECT_EQ(strlen(front_parse.error), strlen("c:1: syntax error near ''") + SIZE - 2);
    free(source);
}

TEST(lexical_errors) {
    EXPECT_MESSAGE("x = 3x", "1: malformed number near '3x'");
    EXPECT_MESSAGE("x = 'a\\q'", "1: invalid escape sequence near ''a\\q'");
    EXPECT_MESSAGE("x = 'a", "1: unfinished string near <eof>");
    EXPECT_MESSAGE("\nx = [[a\n", "3: unfinished long string (starting at line 2) near <eof>");
    EXPECT_MESSAGE("--[==[\n]]", "2: unfinished long comment (starting at line 1) near <eof>");
}

TEST(vararg_outside) {
    EXPECT_MESSAGE("function f() return ... end", "1: cannot use '...' outside a vararg function near '...'");
    EXPECT_MESSAGE("function f(...) return function() f(\n...) end end",
                   "2: cannot use '...' outside a vararg function near '...'");
    EXPECT_TREE("function f(...) return function() end, ... end",
                "(deffunction :f (function... () (return (function ()) ...)))");
}

TEST(the_first_error_wins) {
    EXPECT_MESSAGE("local x <const> = 1; x = 2; )", "1: attempt to assign to const variable 'x'");
    EXPECT_MESSAGE("local x <const> = 1; x )", "1: syntax error near ')'");
    EXPECT_MESSAGE("goto a )", "1: unexpected symbol near ')'");
    EXPECT_MESSAGE("function f() goto a end )", "1: no visible label 'a' for <goto> at line 1");
    EXPECT_MESSAGE("x = ) 3x", "1: unexpected symbol near ')'");
    EXPECT_MESSAGE("x = {a 3x}", "1: malformed number near '3x'");
    EXPECT_MESSAGE("::a:: ::a:: )", "1: label 'a' already defined on line 1");
}

TEST(levels_are_counted_for_broken_programs_too) {
    char *source = front_repeat("return ", "(", 500, "", "", "");
    EXPECT_STR(front_error(source, strlen(source)), "C stack overflow");
    free(source);
    source = front_repeat("", "::a::", 1000, "", "", "");
    EXPECT_STR(front_error(source, strlen(source)), "C stack overflow");
    free(source);
}

UNIT_MAIN
