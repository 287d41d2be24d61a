/* lexer_test.c: tokens, their values and lines, and lexical errors. */
#include "compiler/lexer.h"

#include <locale.h>

#include "grammar.h"
#include "tests/unit/unit.h"

static NpScratch scratch;
static NpNames names;
static NpLexer lexer;
static NpToken token;

static void start(const char *source, size_t length) {
    if (scratch.mem) np_scratch_free(&scratch);
    else np_scratch_init(&scratch);
    memset(&names, 0, sizeof names);
    names.scratch = &scratch;
    np_lexer_init(&lexer, &names, source, length);
}

/* The only token of a source. */
static int only(const char *source, size_t length) {
    NpToken end;
    int kind;
    start(source, length);
    kind = np_lexer_next(&lexer, &token);
    if (kind != NP_TK_ERROR) EXPECT_EQ(np_lexer_next(&lexer, &end), 0);
    return kind;
}

static void expect_string(const char *source, const char *want, size_t length) {
    REQUIRE_EQ(only(source, strlen(source)), NP_TK_STRING);
    REQUIRE_EQ(token.u.name->length, length);
    EXPECT_MEM(token.u.name->text, want, length);
    EXPECT_EQ(token.u.name->text[length], 0);
}
#define EXPECT_STRING(source, want) expect_string(source, want, sizeof(want) - 1)

static void expect_error(const char *source, size_t length, const char *problem, const char *near) {
    char got[256] = "nothing";
    REQUIRE_EQ(only(source, length), NP_TK_ERROR);
    EXPECT_STR(lexer.problem, problem);
    if (lexer.near.text) snprintf(got, sizeof got, "%.*s", (int)lexer.near.length, lexer.near.text);
    EXPECT_STR(got, near);
}
#define EXPECT_ERROR(source, problem, near) expect_error(source, sizeof(source) - 1, problem, near)

static void expect_int(const char *source, int64_t want) {
    REQUIRE_EQ(only(source, strlen(source)), NP_TK_INTEGER);
    EXPECT_EQ(token.u.integer, want);
}

static void expect_float(const char *source, double want) {
    REQUIRE_EQ(only(source, strlen(source)), NP_TK_FLOAT);
    EXPECT_NUM(token.u.number, want);
}

TEST(every_fixed_token_reads_as_its_spelling) {
    int seen = 0;
    for (int kind = 1; kind < 100; kind++) {
        const char *text = np_lexer_spelling(kind);
        if (!np_lexer_is_fixed(kind) || strcmp(text, "?") == 0) continue;
        EXPECT_EQ(only(text, strlen(text)), kind);
        seen++;
    }
    EXPECT_EQ(seen, 55); /* 22 words and 33 symbols */
    EXPECT_STR(np_lexer_spelling(0), "<eof>");
    EXPECT_STR(np_lexer_spelling(-1), "?");
}

TEST(the_longest_token_wins) {
    static const int want[] = {NP_TK_DOTS, NP_TK_CONCAT, NP_TK_DBCOLON, NP_TK_COLON, NP_TK_EQ,
                               NP_TK_ASSIGN, NP_TK_IDIV, NP_TK_SLASH, NP_TK_NAME, NP_TK_NAME, 0};
    const char source[] = "..... ::: === /// ends _end9";
    start(source, sizeof source - 1);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        EXPECT_EQ(np_lexer_next(&lexer, &token), want[i]);
    EXPECT_EQ(np_lexer_next(&lexer, &token), 0); /* and again at the end */
}

TEST(equal_texts_are_one_name) {
    NpAstName *first;
    char text[16];
    start("abc 'abc' abd", 13);
    REQUIRE_EQ(np_lexer_next(&lexer, &token), NP_TK_NAME);
    first = token.u.name;
    REQUIRE_EQ(np_lexer_next(&lexer, &token), NP_TK_STRING);
    EXPECT_PTR(token.u.name, first);
    REQUIRE_EQ(np_lexer_next(&lexer, &token), NP_TK_NAME);
    EXPECT(token.u.name != first);
    EXPECT_EQ(first->constant, -1);
    for (int i = 0; i < 5000; i++) { /* the table grows */
        snprintf(text, sizeof text, "n%d", i);
        REQUIRE_NOT_NULL(np_lexer_intern(&names, text, strlen(text)));
    }
    for (int i = 0; i < 5000; i++) {
        NpAstName *name;
        snprintf(text, sizeof text, "n%d", i);
        name = np_lexer_intern(&names, text, strlen(text));
        EXPECT_STR(name->text, text);
    }
    EXPECT_EQ(names.count, 5002);
    EXPECT_PTR(np_lexer_intern(&names, "abc", 3), first);
}

TEST(names_of_every_length_are_told_apart) {
    char text[64];
    memset(text, 'q', sizeof text);
    start("", 0);
    for (size_t length = 0; length <= sizeof text; length++) {
        EXPECT_EQ(np_lexer_intern(&names, text, length)->length, length);
        for (size_t i = 0; i < length; i++) {
            NpAstName *name;
            text[i] = 'z';
            name = np_lexer_intern(&names, text, length);
            EXPECT_MEM(name->text, text, length);
            text[i] = 'q';
        }
    }
}

TEST(integers) {
    expect_int("0", 0);
    expect_int("3", 3);
    expect_int("007", 7);
    expect_int("9223372036854775807", INT64_MAX);
    expect_int("0xff", 255);
    expect_int("0XA", 10);
    expect_int("0xffffffffffffffff", -1);
    expect_int("0x1ffffffffffffffff", -1); /* modulo 2^64 */
    expect_int("0x123456789abcdef01", 0x23456789abcdef01);
}

TEST(floats) {
    expect_float("3.0", 3.0);
    expect_float("3.", 3.0);
    expect_float(".5", 0.5);
    expect_float("1e1", 10.0);
    expect_float("1E+2", 100.0);
    expect_float("1e-2", 0.01);
    expect_float("3.1416", 3.1416);
    expect_float("314.16e-2", 3.1416);
    expect_float("9223372036854775808", 0x1p63);
    expect_float("99999999999999999999", 99999999999999999999.0);
    expect_float("123456789012345678e-3", 123456789012345678e-3);
    expect_float("0.1", 0.1);
    expect_float("1e308", 1e308);
    expect_float("1e309", INFINITY);
    expect_float("5e-324", 5e-324);
    expect_float("1e-400", 0.0);
    expect_float("2.2250738585072011e-308", 2.2250738585072011e-308);
    expect_float("0x1p4", 16.0);
    expect_float("0xA.8p0", 10.5);
    expect_float("0x.1", 0.0625);
    expect_float("0x1.", 1.0);
    expect_float("0X1P-2", 0.25);
    expect_float("0x0.1E", 0x0.1Ep0);
}

TEST(numerals_of_any_length) {
    char *text = malloc(40100);
    memset(text, '0', 40000);
    strcpy(text + 40000, "1");
    expect_int(text, 1);
    memcpy(text, "0.", 2);
    strcpy(text + 40000, "1e39999");
    expect_float(text, 1.0);
    memset(text, '9', 40000);
    strcpy(text + 40000, "e-40000");
    expect_float(text, 1.0); /* 0.999... */
    strcpy(text + 40000, ".5e-39999");
    expect_float(text, 10.0);
    text[300] = '\0';
    expect_float(text, 1e300);
    memset(text, '0', 40000);
    text[1] = 'x';
    strcpy(text + 39999, "fp-4");
    expect_float(text, 15.0 / 16);
    /* half way between two doubles but for the last digit, which is far away */
    strcpy(text, "9007199254740993.");
    memset(text + 17, '0', 3000);
    strcpy(text + 3017, "1");
    expect_float(text, 9007199254740994.0);
    strcpy(text + 3017, "0");
    expect_float(text, 9007199254740992.0);
    memset(text, '1', 300);
    strcpy(text + 300, "e");
    EXPECT_EQ(only(text, strlen(text)), NP_TK_ERROR);
    strcpy(text + 300, "e5.");
    EXPECT_EQ(only(text, strlen(text)), NP_TK_ERROR);
    strcpy(text + 300, ".1.");
    EXPECT_EQ(only(text, strlen(text)), NP_TK_ERROR);
    free(text);
}

TEST(numerals_ignore_the_locale) {
    static const char *const candidates[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    const char *set = NULL;
    for (size_t i = 0; !set && i < sizeof candidates / sizeof *candidates; i++)
        set = setlocale(LC_NUMERIC, candidates[i]);
    if (!set) SKIP("no locale with a decimal comma is installed");
    expect_float("3.141592653589793238462643", 3.141592653589793);
    setlocale(LC_NUMERIC, "C");
}

TEST(malformed_numbers) {
    EXPECT_ERROR("3x", "malformed number", "3x");
    EXPECT_ERROR("3xyz", "malformed number", "3x");
    EXPECT_ERROR("1e", "malformed number", "1e");
    EXPECT_ERROR("1e+", "malformed number", "1e+");
    EXPECT_ERROR("1..2", "malformed number", "1..2");
    EXPECT_ERROR("0x", "malformed number", "0x");
    EXPECT_ERROR("0x1p", "malformed number", "0x1p");
    EXPECT_ERROR("0x.", "malformed number", "0x.");
    EXPECT_ERROR("0xg", "malformed number", "0xg");
    EXPECT_ERROR(".5.", "malformed number", ".5.");
    EXPECT_ERROR(".0x1", "malformed number", ".0x1");
    EXPECT_ERROR("1f", "malformed number", "1f");
    EXPECT_ERROR("1_000", "malformed number", "1_");
}

TEST(quoted_strings) {
    EXPECT_STRING("''", "");
    EXPECT_STRING("\"it's\"", "it's");
    EXPECT_STRING("'say \"x\"'", "say \"x\"");
    EXPECT_STRING("'\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"'", "\a\b\f\n\r\t\v\\'\"");
    EXPECT_STRING("'\\65\\066\\0067\\0'", "AB\0067\0");
    EXPECT_STRING("'\\x41\\x7a\\xFF'", "Az\xff");
    EXPECT_STRING("'a\\z  \n\t\r\n b'", "ab");
    EXPECT_STRING("'a\\\nb\\\r\nc\\\rd\\\n\re'", "a\nb\nc\nd\ne");
    EXPECT_STRING("'\\u{0}\\u{7f}\\u{80}\\u{7FF}\\u{800}\\u{FFFF}\\u{10000}'",
                  "\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80");
    EXPECT_STRING("'\\u{1FFFFF}\\u{200000}\\u{3FFFFFF}\\u{4000000}\\u{7fffffff}'",
                  "\xf7\xbf\xbf\xbf\xf8\x88\x80\x80\x80\xfb\xbf\xbf\xbf\xbf\xfc\x84\x80\x80\x80\x80"
                  "\xfd\xbf\xbf\xbf\xbf\xbf");
    EXPECT_EQ(only("'a\0b'", 5), NP_TK_STRING);
    EXPECT_EQ(token.u.name->length, 3);
    EXPECT_MEM(token.u.name->text, "a\0b", 3);
}

TEST(long_strings) {
    EXPECT_STRING("[[]]", "");
    EXPECT_STRING("[[a]b]]", "a]b");
    EXPECT_STRING("[==[a]]b]=]c]==]", "a]]b]=]c");
    EXPECT_STRING("[[\nx]]", "x");
    EXPECT_STRING("[[\r\nx\r\ny\n\rz\rw\n\nv]]", "x\ny\nz\nw\n\nv");
    EXPECT_STRING("[[\n\n]]", "\n");
    EXPECT_STRING("[[\\n]]", "\\n");
    EXPECT_STRING("[=[]]]=]", "]]");
    EXPECT_EQ(only("[[\0]]", 5), NP_TK_STRING);
    EXPECT_EQ(token.u.name->length, 1);
}

TEST(a_string_longer_than_every_buffer) {
    size_t size = 300000;
    char *text = malloc(size + 8);
    text[0] = '\'';
    memset(text + 1, 'x', size);
    memcpy(text + size / 2, "\\n", 2);
    text[size + 1] = '\0';
    EXPECT_EQ(only(text, size + 1), NP_TK_ERROR); /* no closing quote */
    text[size + 1] = '\'';
    text[size + 2] = '\0';
    EXPECT_EQ(only(text, size + 2), NP_TK_STRING);
    EXPECT_EQ(token.u.name->length, size - 1);
    EXPECT_EQ(token.u.name->text[size / 2 - 1], '\n');
    free(text);
}

TEST(string_errors) {
    EXPECT_ERROR("'abc", "unfinished string", "<eof>");
    EXPECT_ERROR("'abc\\", "unfinished string", "<eof>");
    EXPECT_ERROR("'abc\n'", "unfinished string", "'abc");
    EXPECT_ERROR("'a\\65b\r'", "unfinished string", "'aAb");
    EXPECT_ERROR("'\\q'", "invalid escape sequence", "'\\q");
    EXPECT_ERROR("'a\\", "unfinished string", "<eof>");
    EXPECT_ERROR("'\\300'", "decimal escape too large", "'\\300'");
}

TEST(escape_errors) {
    EXPECT_ERROR("'\\xag'", "hexadecimal digit expected", "'\\xag");
    EXPECT_ERROR("'\\x", "hexadecimal digit expected", "'\\x");
    EXPECT_ERROR("'\\u41'", "missing '{'", "'\\u4");
    EXPECT_ERROR("'\\u{'", "hexadecimal digit expected", "'\\u{'");
    EXPECT_ERROR("'\\u{41'", "missing '}'", "'\\u{41'");
    EXPECT_ERROR("'\\u{80000000}'", "UTF-8 value too large", "'\\u{80000000");
}

TEST(long_bracket_errors) {
    EXPECT_ERROR("[=x", "invalid long string delimiter", "[=");
    EXPECT_ERROR("\n[==[x\n]=]", "unfinished long string", "<eof>");
    EXPECT_EQ(lexer.problem_line, 2);
    EXPECT_EQ(lexer.line, 3);
    EXPECT_ERROR("--[[\n\n", "unfinished long comment", "<eof>");
    EXPECT_EQ(lexer.problem_line, 1);
}

TEST(comments_and_blanks) {
    static const struct { const char *source; int line; } cases[] = {
        {" \t\v\f7", 1},        {"-- x\n7", 2},          {"--[[ \n ]]7", 2},
        {"--[==[ ]] ]==] 7", 1}, {"--[= not long\n7", 2}, {"--\r\n--\n\r--\r7", 4},
        {"--[[x]]--\n7", 2},    {"\r\r7", 3},            {"--]]\n7", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        EXPECT_EQ(only(cases[i].source, strlen(cases[i].source)), NP_TK_INTEGER);
        EXPECT_EQ(token.line, cases[i].line);
    }
    EXPECT_EQ(only("-- a\0b", 6), 0);
    EXPECT_EQ(only("--[[ \0 ]]", 9), 0);
}

TEST(bytes_that_start_no_token) {
    NpNear near;
    EXPECT_EQ(only("@", 1), NP_TK_OTHER);
    REQUIRE(np_lexer_near(&lexer, &token, &near));
    EXPECT_MEM(near.text, "@", 1);
    EXPECT_EQ(near.length, 1);
    EXPECT_EQ(only("\x01", 1), NP_TK_OTHER);
    REQUIRE(np_lexer_near(&lexer, &token, &near));
    EXPECT_MEM(near.text, "<\\1>", 4);
    EXPECT_EQ(only("\xc8", 1), NP_TK_OTHER);
    REQUIRE(np_lexer_near(&lexer, &token, &near));
    EXPECT_MEM(near.text, "<\\200>", 6);
    EXPECT_EQ(near.length, 6);
    EXPECT_EQ(only("\0", 1), NP_TK_OTHER); /* not the end of the source */
    REQUIRE(np_lexer_near(&lexer, &token, &near));
    EXPECT_NULL(near.text);
}

UNIT_MAIN
