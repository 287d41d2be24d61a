/* number.c: conversions between numbers and texts, integers and floats.
 *
 * Owns: the grammar of numerals as tonumber and the lexer accept it, and how numbers are printed.
 * Does not: convert to strings on Lua's behalf anywhere but in np_number_to_string (the one function
 *           here that makes an object).
 *
 * The decimal point of the C locale is always accepted; the one of the current locale is, too, because
 * strtod and printf use it and programs read back what they printed. */
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/decimal.h"
#include "runtime/number.h"
#include "runtime/strings.h"

#define TWO_63 9223372036854775808.0
/* A numeral that has to be rewritten for the locale must fit here; longer ones are not numbers then. */
#define LOCALE_NUMERAL_MAX 200
#define FLOAT_DIGITS 14 /* as LUA_NUMBER_FMT says */

/* ---- integers and floats ---- */

bool np_number_flt_to_int(double number, int64_t *out, NpRound mode) {
    double whole = floor(number);
    if (whole != number) {
        if (mode == NP_ROUND_EXACT) return false;
        if (mode == NP_ROUND_CEIL) whole += 1;
    }
    if (!(whole >= -TWO_63 && whole < TWO_63)) return false; /* also false for NaN */
    *out = (int64_t)whole;
    return true;
}

bool np_number_to_int_no_string(const NpValue *value, int64_t *out, NpRound mode) {
    if (np_is_int(value)) {
        *out = value->v.i;
        return true;
    }
    return np_is_flt(value) && np_number_flt_to_int(value->v.n, out, mode);
}

static bool parse_string(const NpValue *value, NpValue *out) {
    if (!np_is_str(value)) return false;
    const NpString *string = np_str(value);
    return np_number_parse(string->text, string->length, out) == string->length + 1;
}

bool np_number_to_int(const NpValue *value, int64_t *out, NpRound mode) {
    NpValue parsed;
    if (parse_string(value, &parsed)) value = &parsed;
    return np_number_to_int_no_string(value, out, mode);
}

bool np_number_to_flt(const NpValue *value, double *out) {
    NpValue parsed;
    if (parse_string(value, &parsed)) value = &parsed;
    if (np_is_flt(value)) *out = value->v.n;
    else if (np_is_int(value)) *out = (double)value->v.i;
    else return false;
    return true;
}

/* ---- text to number ---- */

/* Lua's white space does not depend on the locale. */
static const char *skip_space(const char *at) {
    while (*at == ' ' || (*at >= '\t' && *at <= '\r')) at++;
    return at;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int decimal_digit(char c) {
    unsigned digit = (unsigned char)c - '0';
    return digit <= 9 ? (int)digit : -1;
}

static char decimal_point(void) { return nl_langinfo(RADIXCHAR)[0]; } /* localeconv puts twenty other things together */
static bool fractional_locale(void) { return decimal_point() != '.'; }

/* The float in [start, end), which has the form of a numeral with '.' as its point. */
static bool read_float(const char *start, const char *end, double *out) {
    char copy[LOCALE_NUMERAL_MAX + 1];
    char *stop;
    if (!fractional_locale()) {
        *out = strtod(start, &stop);
        return stop == end;
    }
    size_t length = (size_t)(end - start);
    if (length > LOCALE_NUMERAL_MAX) return false;
    memcpy(copy, start, length);
    copy[length] = '\0';
    char *point = strchr(copy, '.');
    if (point) *point = decimal_point();
    *out = strtod(copy, &stop);
    return stop == copy + length;
}

/* A numeral with the locale's own point; NULL when it is none. */
static const char *read_locale_float(const char *start, double *out) {
    if (!fractional_locale() || strpbrk(start, "nN")) return NULL; /* neither inf nor nan */
    char *stop;
    *out = strtod(start, &stop);
    return stop == start ? NULL : stop;
}

/* A decimal numeral as far as it has been scanned. */
typedef struct Numeral {
    uint64_t mantissa; /* of all digits; meaningless when `long_digits` */
    bool digits;       /* there was one, be it a leading zero */
    bool long_digits;  /* the digits do not fit the mantissa */
    bool is_float;     /* has a point or an exponent */
    int64_t exponent;  /* power of ten to be applied to the mantissa; an absurdly large one is cut */
} Numeral;

static const char *scan_digits(const char *at, Numeral *numeral, bool fraction) {
    int digit;
    for (; (digit = decimal_digit(*at)) >= 0; at++) {
        numeral->digits = true;
        if (fraction) numeral->exponent--;
        if (numeral->mantissa > (UINT64_MAX - 9) / 10) numeral->long_digits = true;
        else numeral->mantissa = numeral->mantissa * 10 + (unsigned)digit;
    }
    return at;
}

static const char *scan_exponent(const char *at, int64_t *exponent) {
    bool negative = *at == '-';
    if (*at == '-' || *at == '+') at++;
    if (decimal_digit(*at) < 0) return NULL;
    int64_t value = 0;
    for (int digit; (digit = decimal_digit(*at)) >= 0; at++)
        if (value < 1000000) value = value * 10 + digit;
    *exponent += negative ? -value : value;
    return at;
}

/* Powers of ten that a double holds exactly. */
static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Both operands exact, so one rounding: the result is the nearest double. */
static bool small_float(const Numeral *numeral, double *out) {
    if (numeral->long_digits || numeral->mantissa > ((uint64_t)1 << 53)) return false;
    if (numeral->exponent < -22 || numeral->exponent > 22) return false;
    double mantissa = (double)numeral->mantissa;
    *out = numeral->exponent < 0 ? mantissa / exact_powers[-numeral->exponent]
                                 : mantissa * exact_powers[numeral->exponent];
    return true;
}

/* `start` is where the sign stood, `at` the first character after it. */
static const char *read_decimal(const char *start, const char *at, bool negative, NpValue *out) {
    Numeral numeral = {0};
    at = scan_digits(at, &numeral, false);
    if (*at == '.') {
        numeral.is_float = true;
        at = scan_digits(at + 1, &numeral, true);
    }
    if (!numeral.digits) return NULL;
    if (*at == 'e' || *at == 'E') {
        numeral.is_float = true;
        at = scan_exponent(at + 1, &numeral.exponent);
        if (!at) return NULL;
    }
    if (!numeral.is_float && !numeral.long_digits &&
        numeral.mantissa <= (uint64_t)INT64_MAX + (negative ? 1u : 0u)) {
        np_set_int(out, (int64_t)(negative ? 0 - numeral.mantissa : numeral.mantissa));
        return at;
    }
    double number;
    if (small_float(&numeral, &number)) number = negative ? -number : number;
    else if (!read_float(start, at, &number)) return NULL;
    np_set_flt(out, number);
    return at;
}

/* `at` is after the 0x. Integers wrap around; floats are left to strtod, which is exact on them. */
static const char *read_hex(const char *start, const char *at, bool negative, NpValue *out) {
    uint64_t bits = 0;
    bool any = false, is_float = false;
    int digit;
    for (; (digit = hex_digit(*at)) >= 0; at++) {
        any = true;
        bits = bits << 4 | (unsigned)digit;
    }
    if (*at == '.') {
        is_float = true;
        for (at++; hex_digit(*at) >= 0; at++) any = true;
    }
    if (!any) return NULL;
    if (*at == 'p' || *at == 'P') {
        int64_t exponent = 0;
        is_float = true;
        at = scan_exponent(at + 1, &exponent);
        if (!at) return NULL;
    }
    if (!is_float) {
        np_set_int(out, (int64_t)(negative ? 0 - bits : bits));
        return at;
    }
    double number;
    if (!read_float(start, at, &number)) return NULL;
    np_set_flt(out, number);
    return at;
}

size_t np_number_parse(const char *text, size_t length, NpValue *out) {
    const char *start = skip_space(text);
    const char *at = start;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+') at++;
    bool hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    const char *end = hex ? read_hex(start, at + 2, negative, out) : read_decimal(start, at, negative, out);
    if (end) end = skip_space(end);
    if (end != text + length) {
        double number = 0;
        end = read_locale_float(start, &number);
        if (end) end = skip_space(end);
        if (end != text + length) return 0;
        np_set_flt(out, number);
    }
    return length + 1;
}

/* ---- number to text ---- */

static size_t put_integer(int64_t integer, char *out) {
    char digits[20], *end = digits + sizeof digits;
    char *first = np_decimal_unsigned(integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer, end);
    size_t length = (size_t)(end - first);
    if (integer < 0) *out++ = '-';
    memcpy(out, first, length);
    return length + (integer < 0);
}

/* What could be read back as an integer gets a fraction; inf, nan and exponents tell by themselves. */
static size_t put_fraction(char *out, size_t length) {
    if (out[strspn(out, "-0123456789")] != '\0') return length;
    out[length] = decimal_point();
    out[length + 1] = '0';
    return length + 2;
}

static size_t put_float(double number, char *out) {
    /* Whole numbers of up to 14 digits are what %.14g prints without an exponent. */
    if (number > -1e14 && number < 1e14 && number == (double)(int64_t)number && !(number == 0 && signbit(number))) {
        size_t length = put_integer((int64_t)number, out);
        out[length++] = decimal_point();
        out[length++] = '0';
        return length;
    }
    size_t sign = signbit(number) != 0, length = 0;
    if (!fractional_locale()) length = np_decimal_general(fabs(number), FLOAT_DIGITS, out + sign);
    if (length) {
        if (sign) out[0] = '-';
        length += sign;
        out[length] = '\0';
    } else {
        length = (size_t)snprintf(out, NP_NUMBER_TEXT, LUA_NUMBER_FMT, number);
    }
    return put_fraction(out, length);
}

size_t np_number_format(const NpValue *value, char *out) {
    size_t length = np_is_int(value) ? put_integer(value->v.i, out) : put_float(value->v.n, out);
    out[length] = '\0';
    return length;
}

void np_number_to_string(lua_State *L, NpValue *slot) {
    char text[NP_NUMBER_TEXT];
    size_t length = np_number_format(slot, text);
    np_set_obj(slot, np_string_new(L, text, length), NP_STR);
}
