/* Tests of runtime/decimal.c: every text is printf's, digit for digit. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>

#include "runtime/decimal.h"

typedef size_t Writer(double number, int digits, char *out);

static char ours[NP_DECIMAL_ROOM + 1], theirs[512];
static unsigned long written, left;

static void compare(Writer *write, const char *format, double number, int digits, int precision) {
    size_t length = write(number, digits, ours);
    if (length == 0) {
        left++;
        return;
    }
    written++;
    REQUIRE(length < NP_DECIMAL_ROOM);
    ours[length] = '\0';
    snprintf(theirs, sizeof theirs, format, precision, number);
    if (strcmp(ours, theirs) != 0) fprintf(stderr, "%a with %d digits: %s instead of %s\n", number, digits, ours, theirs);
    REQUIRE(strcmp(ours, theirs) == 0);
}

static void compare_all(double number, int digits) {
    compare(np_decimal_fixed, "%.*f", number, digits, digits);
    compare(np_decimal_general, "%.*g", number, digits, digits);
    if (digits > 0) compare(np_decimal_scientific, "%.*e", number, digits, digits - 1);
}

static double from_bits(uint64_t bits) {
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

TEST(integers) {
    char digits[20], *end = digits + sizeof digits;
    uint64_t seed = 1;
    for (int i = 0; i < 2000; i++) {
        uint64_t number = i < 1000 ? (uint64_t)i : unit_random(&seed) >> unit_random(&seed) % 64;
        if (i == 1000) number = UINT64_MAX;
        char *first = np_decimal_unsigned(number, end);
        snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)number);
        REQUIRE_EQ((size_t)(end - first), strlen(theirs));
        REQUIRE(memcmp(first, theirs, strlen(theirs)) == 0);
    }
}

TEST(ties_go_to_the_even_digit) {
    static const double numbers[] = {0.5, 1.5, 2.5, 0.25, 0.75, 0.125, 0.375, 1234.5, 1235.5, 12345, 12335, 0.0625, 99.5, 999.95, 0.05};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int digits = 0; digits < 24; digits++) compare_all(numbers[i], digits);
    EXPECT(np_decimal_fixed(2.5, 0, ours) == 1 && ours[0] == '2');
    EXPECT(np_decimal_general(1234.5, 4, ours) == 4 && memcmp(ours, "1234", 4) == 0);
}

TEST(powers_of_ten_and_their_neighbours) {
    for (int power = -30; power <= 60; power++) {
        snprintf(theirs, sizeof theirs, "1e%d", power);
        double number = strtod(theirs, NULL);
        for (int digits = 0; digits <= 23; digits++) {
            compare_all(number, digits);
            compare_all(nextafter(number, 0), digits);
            compare_all(nextafter(number, INFINITY), digits);
            compare_all(number * 5, digits);
        }
    }
}

TEST(powers_of_two_and_their_neighbours) {
    for (int power = -1074; power <= 1023; power += power > -140 && power < 140 ? 1 : 7) {
        double number = ldexp(1, power);
        for (int digits = 0; digits <= 23; digits += 3) {
            compare_all(number, digits);
            compare_all(nextafter(number, 0), digits);
        }
    }
}

TEST(what_is_no_case_of_it) {
    EXPECT_EQ(np_decimal_fixed(INFINITY, 2, ours), 0);
    EXPECT_EQ(np_decimal_general(NAN, 2, ours), 0);
    EXPECT_EQ(np_decimal_general(1, NP_DECIMAL_DIGITS_MAX + 1, ours), 0);
    EXPECT_EQ(np_decimal_fixed(1e300, 2, ours), 0);
    EXPECT_EQ(np_decimal_general(5e-324, 2, ours), 0);
    EXPECT_EQ(np_decimal_scientific(1, 0, ours), 0);
    compare_all(0, 0);
    compare_all(0, 14);
}

TEST(random_numbers) {
    uint64_t seed = 20261121;
    char *many = getenv("NEAP_DECIMAL_ROUNDS"); /* by hand: millions */
    long rounds = many ? atol(many) : 60000;
    written = left = 0;
    for (long i = 0; i < rounds; i++) {
        uint64_t bits = unit_random(&seed);
        int digits = (int)(unit_random(&seed) % 18);
        compare_all(from_bits(bits & INT64_MAX), digits);
        /* of everyday size: with few and with many bits */
        double near = ldexp((double)(bits >> 11), -(int)(unit_random(&seed) % 80));
        compare_all(near, digits);
        compare_all((double)(bits >> 44) / 1000, digits);
        compare_all((double)(bits >> 40) / 256, digits);
        compare_all((double)((bits & INT64_MAX) >> (bits & 63)), digits);
    }
    EXPECT(written > left * 3);
}

UNIT_MAIN
