/* decimal.h: numbers as decimal digits (decimal.c).
 * Does not: know values, locales ('.' is the point), signs of floats, padding. */
#ifndef NP_DECIMAL_H
#define NP_DECIMAL_H

#include "runtime/base.h"

#define NP_DECIMAL_ROOM 64 /* bytes that any text made here fits into */
#define NP_DECIMAL_DIGITS_MAX 17 /* significant digits of np_decimal_scientific */

/* [-] Writes the digits of `number` so that they end before `end`; returns where they begin. At most 20. */
char *np_decimal_unsigned(uint64_t number, char *end);

/* [-] The text of printf's "%.*f" for a number that is not negative, without a NUL; its length. 0: not one of those this is for
 * (many digits, very large, infinite, NaN), leave it to printf. */
size_t np_decimal_fixed(double number, int places, char *out);

/* [-] "%.*e" likewise, `significant` being one more than the precision. 0: very small or large, or more than
 * NP_DECIMAL_DIGITS_MAX digits. */
size_t np_decimal_scientific(double number, int significant, char *out);

/* [-] "%.*g" likewise. */
size_t np_decimal_general(double number, int significant, char *out);

#endif
