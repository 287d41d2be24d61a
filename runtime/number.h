/* number.h: conversions between numbers and texts, integers and floats (number.c).
 * Source of the rules: reference manual sections 3.1 and 3.4.3. Nothing here touches the heap, except np_number_to_string. */
#ifndef NP_NUMBER_H
#define NP_NUMBER_H

#include "runtime/state.h"

typedef enum { NP_ROUND_EXACT, NP_ROUND_FLOOR, NP_ROUND_CEIL } NpRound;
/* [-] Float to integer; false when it has no integer value (EXACT) or does not fit. */
bool np_number_flt_to_int(double number, int64_t *out, NpRound mode);
/* [-] A number or a numeric string as integer / float; false when it cannot be. */
bool np_number_to_int(const NpValue *value, int64_t *out, NpRound mode);
bool np_number_to_int_no_string(const NpValue *value, int64_t *out, NpRound mode);
bool np_number_to_flt(const NpValue *value, double *out);
/* [-] Text to number as the lexer and tonumber do (spaces around allowed); returns bytes used + 1, or 0. The text ends with a NUL at text[length]. */
size_t np_number_parse(const char *text, size_t length, NpValue *out);
/* [-] Number to text as tostring does; returns the length (< NP_NUMBER_TEXT). */
#define NP_NUMBER_TEXT 48
size_t np_number_format(const NpValue *value, char *out);
/* [gc-free, err] Turns the number at a slot into a string in place. */
void np_number_to_string(lua_State *L, NpValue *slot);

#endif
