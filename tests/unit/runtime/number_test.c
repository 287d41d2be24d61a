/* Tests of runtime/number.c: numerals, their limits, and how numbers are printed. */
#include "tests/unit/unit.h"

#include <locale.h>

#include "runtime/number.h"

static NpValue parsed;

static bool parse(const char *text) {
    size_t length = strlen(text);
    parsed.tag = NP_NIL;
    return np_number_parse(text, length, &parsed) == length + 1;
}

static void expect_int(const char *text, int64_t want) {
    REQUIRE(parse(text));
    REQUIRE_EQ(parsed.tag, NP_INT);
    REQUIRE_EQ(parsed.v.i, want);
}

static void expect_flt(const char *text, double want) {
    REQUIRE(parse(text));
    REQUIRE_EQ(parsed.tag, NP_FLT);
    EXPECT_NUM(parsed.v.n, want);
}

static const char *format_int(int64_t integer) {
    static char text[NP_NUMBER_TEXT];
    NpValue value;
    np_set_int(&value, integer);
    size_t length = np_number_format(&value, text);
    REQUIRE_EQ(length, strlen(text));
    return text;
}

static const char *format_flt(double number) {
    static char text[NP_NUMBER_TEXT];
    NpValue value;
    np_set_flt(&value, number);
    size_t length = np_number_format(&value, text);
    REQUIRE_EQ(length, strlen(text));
    return text;
}

TEST(decimal_integers) {
    expect_int("0", 0);
    expect_int("-0", 0);
    expect_int("+7", 7);
    expect_int("  12\t\n\v\f\r", 12);
    expect_int("00000000000000000000000000123", 123);
    expect_int("9223372036854775807", INT64_MAX);
    expect_int("-9223372036854775808", INT64_MIN);
}

TEST(integers_that_do_not_fit_are_floats) {
    expect_flt("9223372036854775808", 9223372036854775808.0);
    expect_flt("-9223372036854775809", -9223372036854775808.0);
    expect_flt("18446744073709551616", 18446744073709551616.0);
    expect_flt("123456789012345678901234567890", 123456789012345678901234567890.0);
}

TEST(hexadecimal_integers_wrap) {
    expect_int("0x10", 16);
    expect_int("-0xA", -10);
    expect_int("0Xffffffffffffffff", -1);
    expect_int("0x1ffffffffffffffff", -1);
    expect_int("-0x8000000000000000", INT64_MIN);
}

TEST(floats) {
    expect_flt("1.", 1.0);
    expect_flt(".5", 0.5);
    expect_flt("-0.0", -0.0);
    expect_flt("1e1", 10.0);
    expect_flt("0e12", 0.0);
    expect_flt("3.14159", 3.14159);
    expect_flt("1E+2", 100.0);
    expect_flt("314.16e-2", 3.1416);
    expect_flt("0.1e1", 1.0);
    expect_flt("1e22", 1e22);
    expect_flt("1e23", 1e23);
    expect_flt("9007199254740993.0", 9007199254740992.0);
    expect_flt("2.2250738585072014e-308", 2.2250738585072014e-308);
    expect_flt("4.9406564584124654e-324", 4.9406564584124654e-324);
    expect_flt("1e400", INFINITY);
    expect_flt("-1e9999999999999999999999", -INFINITY);
    expect_flt("1e-9999999999999999999999", 0.0);
    expect_flt("0.00000000000000000000000000000000000001", 1e-38);
}

TEST(hexadecimal_floats) {
    expect_flt("0x.1", 0.0625);
    expect_flt("0xA.8p1", 21.0);
    expect_flt("0x1p4", 16.0);
    expect_flt("-0x1P-2", -0.25);
    expect_flt("0x1.", 1.0);
    expect_flt("0x1.fffffffffffffp1023", 1.7976931348623157e308);
}

TEST(what_is_no_numeral) {
    static const char *const texts[] = {
        "", " ", "-", "+", ".", "-.", "e1", ".e1", "1e", "1e+", "0x", "0xg", "0x.", "0x.p1", "0x1p", "0x1p+",
        "1 2", "1a", "--1", "- 1", "+-1", "nan", "inf", "-inf", "infinity", "NaN", "1..2", "1.2.3", "0x1.2.3",
        "1e1.5", "1,5", "1_000", "0b1", "1f", ("\xc2\xa0" "1"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (parse(texts[i])) unit_fail(__FILE__, __LINE__, "parse", "no number", texts[i], false);
}

TEST(a_nul_inside_ends_it) {
    NpValue out;
    EXPECT_EQ(np_number_parse("12\0", 3, &out), 0);
    EXPECT_EQ(np_number_parse("12\0" "34", 5, &out), 0);
}

TEST(random_numerals_as_strtod_reads_them) {
    uint64_t seed = 7;
    char text[80];
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = unit_random(&seed);
        double number;
        memcpy(&number, &bits, sizeof number);
        if (i % 3 == 1) number = (double)(int64_t)(bits >> 40) / 1000.0;
        if (isnan(number) || isinf(number)) continue;
        snprintf(text, sizeof text, i & 1 ? "%.17g" : "%.6e", number);
        REQUIRE(parse(text));
        double got = np_is_int(&parsed) ? (double)parsed.v.i : parsed.v.n;
        if (got != strtod(text, NULL)) unit_fail(__FILE__, __LINE__, text, "strtod's value", "another", true);
    }
}

TEST(printing) {
    EXPECT_STR(format_int(0), "0");
    EXPECT_STR(format_int(-1), "-1");
    EXPECT_STR(format_int(INT64_MAX), "9223372036854775807");
    EXPECT_STR(format_int(INT64_MIN), "-9223372036854775808");
    EXPECT_STR(format_flt(1), "1.0");
    EXPECT_STR(format_flt(0.0), "0.0");
    EXPECT_STR(format_flt(-0.0), "-0.0");
    EXPECT_STR(format_flt(-2.5), "-2.5");
    EXPECT_STR(format_flt(3.14159265358979), "3.1415926535898");
    EXPECT_STR(format_flt(99999999999999), "99999999999999.0");
    EXPECT_STR(format_flt(-99999999999999), "-99999999999999.0");
    EXPECT_STR(format_flt(1e14), "1e+14");
    EXPECT_STR(format_flt(1e15), "1e+15");
    EXPECT_STR(format_flt(1e100), "1e+100");
    EXPECT_STR(format_flt(9007199254740993.0), "9.007199254741e+15");
    EXPECT_STR(format_flt(INFINITY), "inf");
    EXPECT_STR(format_flt(-INFINITY), "-inf");
    EXPECT_STR(format_flt(copysign(NAN, -1.0)), "-nan");
    EXPECT_STR(format_flt(copysign(NAN, 1.0)), "nan");
    EXPECT_STR(format_flt(5e-324), "4.9406564584125e-324");
    EXPECT_STR(format_flt(-1.2345678901234e-300), "-1.2345678901234e-300");
}

TEST(floats_to_integers) {
    int64_t out = 42;
    EXPECT(np_number_flt_to_int(3.0, &out, NP_ROUND_EXACT) && out == 3);
    EXPECT(!np_number_flt_to_int(3.5, &out, NP_ROUND_EXACT));
    EXPECT(np_number_flt_to_int(3.5, &out, NP_ROUND_FLOOR) && out == 3);
    EXPECT(np_number_flt_to_int(3.5, &out, NP_ROUND_CEIL) && out == 4);
    EXPECT(np_number_flt_to_int(-3.5, &out, NP_ROUND_FLOOR) && out == -4);
    EXPECT(np_number_flt_to_int(-3.5, &out, NP_ROUND_CEIL) && out == -3);
    EXPECT(np_number_flt_to_int(-9223372036854775808.0, &out, NP_ROUND_EXACT) && out == INT64_MIN);
    EXPECT(!np_number_flt_to_int(9223372036854775808.0, &out, NP_ROUND_EXACT));
    EXPECT(!np_number_flt_to_int(-9223372036854777856.0, &out, NP_ROUND_FLOOR));
    EXPECT(!np_number_flt_to_int(INFINITY, &out, NP_ROUND_FLOOR));
    EXPECT(!np_number_flt_to_int(NAN, &out, NP_ROUND_CEIL));
}

TEST(strings_convert_where_allowed) {
    _Alignas(NpString) char memory[sizeof(NpString) + 16] = {0};
    NpString *string = (NpString *)memory;
    NpValue value;
    int64_t integer;
    double number;
    np_set_obj(&value, string, NP_STR);
    char *text = string->text;
    strcpy(text, " 0x10 ");
    string->length = 6;
    EXPECT(np_number_to_int(&value, &integer, NP_ROUND_EXACT) && integer == 16);
    EXPECT(np_number_to_flt(&value, &number) && number == 16);
    EXPECT(!np_number_to_int_no_string(&value, &integer, NP_ROUND_EXACT));
    strcpy(text, "1e1");
    string->length = 3;
    EXPECT(np_number_to_int(&value, &integer, NP_ROUND_EXACT) && integer == 10);
    strcpy(text, "1.5");
    EXPECT(!np_number_to_int(&value, &integer, NP_ROUND_EXACT));
    EXPECT(np_number_to_int(&value, &integer, NP_ROUND_FLOOR) && integer == 1);
    strcpy(text, "abc");
    EXPECT(!np_number_to_flt(&value, &number));
    np_set_bool(&value, true);
    EXPECT(!np_number_to_int(&value, &integer, NP_ROUND_FLOOR));
    EXPECT(!np_number_to_flt(&value, &number));
}

TEST(the_point_of_the_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "pt_BR.UTF-8", "pt_BR", "fr_FR.UTF-8", "ptb"};
    bool found = false;
    for (size_t i = 0; !found && i < sizeof names / sizeof *names; i++)
        found = setlocale(LC_NUMERIC, names[i]) && localeconv()->decimal_point[0] == ',';
    if (!found) SKIP("no locale with a decimal comma is installed");
    bool point = parse("1.25") && parsed.v.n == 1.25;
    bool comma = parse("1,25") && parsed.v.n == 1.25;
    bool large = parse("123456789012345678901234567890.5");
    bool list = parse("1,2,3");
    char text[NP_NUMBER_TEXT];
    NpValue value;
    np_set_flt(&value, 1);
    np_number_format(&value, text);
    setlocale(LC_NUMERIC, "C");
    EXPECT(point);
    EXPECT(comma);
    EXPECT(large);
    EXPECT(!list);
    EXPECT_STR(text, "1,0");
}

UNIT_MAIN
