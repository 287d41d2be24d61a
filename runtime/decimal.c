/* decimal.c: numbers as decimal digits.
 *
 * Owns: integers as digits, and floats where the exact result needs no more than 128 bits: a double is m * 2^e with m
 *       below 2^53, so m * 10^k is exact for k up to 22, the bits below the point tell exactly which way to round, and
 *       ties go to the even digit, as in printf.
 * Does not: do what does not fit; the C library's printf has all cases. Both give the same text, digit for digit. */
#include "runtime/decimal.h"

#include <math.h>
#include <string.h>

#define POWER_MAX 22   /* 10^22 < 2^75, and 53 + 75 = 128 */
#define SHIFT_MAX 75   /* of m to the left */

__extension__ typedef unsigned __int128 Wide;

/* ---- integers ---- */

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
                            "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
                            "9899";

char *np_decimal_unsigned(uint64_t number, char *end) {
    while (number >= 100) {
        end -= 2;
        memcpy(end, pairs + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number >= 10) {
        end -= 2;
        memcpy(end, pairs + 2 * number, 2);
    } else {
        *--end = (char)('0' + number);
    }
    return end;
}

static const uint64_t powers[] = {UINT64_C(1),
                                  UINT64_C(10),
                                  UINT64_C(100),
                                  UINT64_C(1000),
                                  UINT64_C(10000),
                                  UINT64_C(100000),
                                  UINT64_C(1000000),
                                  UINT64_C(10000000),
                                  UINT64_C(100000000),
                                  UINT64_C(1000000000),
                                  UINT64_C(10000000000),
                                  UINT64_C(100000000000),
                                  UINT64_C(1000000000000),
                                  UINT64_C(10000000000000),
                                  UINT64_C(100000000000000),
                                  UINT64_C(1000000000000000),
                                  UINT64_C(10000000000000000),
                                  UINT64_C(100000000000000000),
                                  UINT64_C(1000000000000000000),
                                  UINT64_C(10000000000000000000)};
#define POWERS ((int)(sizeof powers / sizeof *powers))

static Wide power(int exponent) {
    return exponent < POWERS ? powers[exponent] : (Wide)powers[POWERS - 1] * powers[exponent - POWERS + 1];
}

/* ---- floats ---- */

typedef enum { ROUND_DOWN, ROUND_UP, ROUND_TIE } Rest;

/* number == mantissa * 2^exponent; false for what is not finite. */
static bool take_apart(double number, uint64_t *mantissa, int *exponent) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    int biased = (int)(bits >> 52 & 0x7ff);
    *mantissa = bits & ((UINT64_C(1) << 52) - 1);
    if (biased == 0x7ff) return false;
    if (biased) *mantissa |= UINT64_C(1) << 52;
    else biased = 1;
    *exponent = biased - 1075;
    return true;
}

/* With fewer bits more products fit. */
static void drop_zeros(uint64_t *mantissa, int *exponent) {
    if (*exponent >= 0 || *mantissa == 0) return;
    int zeros = __builtin_ctzll(*mantissa);
    if (zeros > -*exponent) zeros = -*exponent;
    *mantissa >>= zeros;
    *exponent += zeros;
}

/* The integer part of mantissa * 2^exponent * 10^scale, and how what is cut off compares with a half. False: it takes more
 * bits than there are here. */
static bool scale(uint64_t mantissa, int exponent, int by, uint64_t *whole, Rest *rest) {
    Wide product, quotient, cut, divisor;
    if (by > POWER_MAX || by < -2 * (POWERS - 1) || exponent > SHIFT_MAX) return false;
    if (by >= 0 && exponent >= 0) {
        product = mantissa * power(by);
        if (exponent > 28 || product >> 100) return false;
        quotient = product << exponent;
        cut = 0, divisor = 2;
    } else if (by >= 0) {
        product = mantissa * power(by);
        if (exponent < -127) {
            if (exponent == -128) return false;
            quotient = 0; /* product < 2^128 is less than a half */
            cut = 0, divisor = 2;
        } else {
            divisor = (Wide)1 << -exponent;
            quotient = product >> -exponent;
            cut = product & (divisor - 1);
        }
    } else {
        product = exponent >= 0 ? (Wide)mantissa << exponent : mantissa;
        divisor = power(-by);
        if (exponent < 0) {
            if (exponent < -64 || divisor >> (127 + exponent)) return false;
            divisor <<= -exponent;
        }
        quotient = product / divisor;
        cut = product - quotient * divisor;
    }
    if (quotient >> 64) return false;
    *whole = (uint64_t)quotient;
    Wide half = divisor / 2; /* powers of two and of ten are even */
    *rest = cut < half ? ROUND_DOWN : cut > half ? ROUND_UP : ROUND_TIE;
    return true;
}

static uint64_t rounded(uint64_t whole, Rest rest) {
    return whole + (rest == ROUND_UP || (rest == ROUND_TIE && (whole & 1)));
}

size_t np_decimal_fixed(double number, int places, char *out) {
    uint64_t mantissa, whole;
    int exponent;
    Rest rest;
    char digits[24], *end = digits + sizeof digits;
    if (!take_apart(number, &mantissa, &exponent)) return 0;
    drop_zeros(&mantissa, &exponent);
    if (!scale(mantissa, exponent, places, &whole, &rest) || whole == UINT64_MAX) return 0;
    char *first = np_decimal_unsigned(rounded(whole, rest), end);
    int count = (int)(end - first), before = count - places;
    char *to = out;
    if (before > 0) {
        memcpy(to, first, (size_t)before);
        to += before, first += before;
    } else {
        *to++ = '0';
    }
    if (places == 0) return (size_t)(to - out);
    *to++ = '.';
    for (; before < 0; before++) *to++ = '0';
    memcpy(to, first, (size_t)(end - first));
    return (size_t)(to - out) + (size_t)(end - first);
}

/* The first `significant` digits, rounded, and the power of ten of the first; false: left to printf. */
static bool first_digits(double number, int significant, char *digits, int *exponent10) {
    uint64_t mantissa, whole;
    int exponent;
    Rest rest;
    if (significant < 1 || significant > NP_DECIMAL_DIGITS_MAX || !take_apart(number, &mantissa, &exponent)) return false;
    if (mantissa == 0) {
        memset(digits, '0', (size_t)significant);
        *exponent10 = 0;
        return true;
    }
    if (mantissa >> 52 == 0) return false;
    /* floor(log10) or one less: number is in [2^(exponent + 52), 2^(exponent + 53)), and 1233/4096 is a little less than
     * log10(2) in the range that scale takes. */
    int binary = exponent + 52, at = binary >= 0 ? binary * 1233 / 4096 : -((-binary * 1234 + 4095) / 4096);
    drop_zeros(&mantissa, &exponent);
    if (!scale(mantissa, exponent, significant - 1 - at, &whole, &rest)) return false;
    if (whole >= powers[significant]) {
        at++;
        if (!scale(mantissa, exponent, significant - 1 - at, &whole, &rest)) return false;
    }
    whole = rounded(whole, rest);
    if (whole == powers[significant]) whole /= 10, at++;
    (void)np_decimal_unsigned(whole, digits + significant);
    *exponent10 = at;
    return true;
}

static size_t put_scientific(const char *digits, int count, int exponent, char *out) {
    char *to = out;
    *to++ = digits[0];
    if (count > 1) {
        *to++ = '.';
        memcpy(to, digits + 1, (size_t)count - 1);
        to += count - 1;
    }
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    if (exponent < 0) exponent = -exponent;
    memcpy(to, pairs + 2 * exponent, 2); /* never three digits here */
    return (size_t)(to + 2 - out);
}

size_t np_decimal_scientific(double number, int significant, char *out) {
    char digits[24];
    int exponent;
    return first_digits(number, significant, digits, &exponent) ? put_scientific(digits, significant, exponent, out) : 0;
}

size_t np_decimal_general(double number, int significant, char *out) {
    char digits[24], *to = out;
    int exponent;
    if (significant == 0) significant = 1;
    if (!first_digits(number, significant, digits, &exponent)) return 0;
    int count = significant;
    while (count > 1 && digits[count - 1] == '0') count--;
    if (exponent < -4 || exponent >= significant) return put_scientific(digits, count, exponent, out);
    if (exponent < 0) {
        memcpy(to, "0.000", 5);
        to += 1 - exponent;
        memcpy(to, digits, (size_t)count);
        return (size_t)(to + count - out);
    }
    int before = exponent + 1;
    if (count <= before) {
        memcpy(to, digits, (size_t)count);
        memset(to + count, '0', (size_t)(before - count));
        return (size_t)before;
    }
    memcpy(to, digits, (size_t)before);
    to[before] = '.';
    memcpy(to + before + 1, digits + before, (size_t)(count - before));
    return (size_t)count + 1;
}
