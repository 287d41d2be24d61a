/* arith.c: arithmetic and order on numbers alone, as manual 3.4.1 to 3.4.4 defines them.
 *
 * Owns: wraparound of integers, the signs of // and %, shifts, exact comparison of integers with floats.
 * Does not: convert strings or ask metamethods (vmslow.c). The interpreter's handlers have the common
 *           cases inline; these are the complete ones. */
#include <math.h>

#include "runtime/err.h"
#include "runtime/number.h"
#include "runtime/vmslow.h"

#define TWO_63 9223372036854775808.0

int64_t np_arith_imod(lua_State *L, int64_t a, int64_t b) {
    if (NP_UNLIKELY((uint64_t)b + 1 <= 1)) { /* 0, or -1 on which the machine's division may trap */
        if (b == 0) np_err_run(L, "attempt to perform 'n%%0'");
        return 0;
    }
    int64_t rest = a % b;
    return rest != 0 && (rest ^ b) < 0 ? rest + b : rest;
}

int64_t np_arith_idiv(lua_State *L, int64_t a, int64_t b) {
    if (NP_UNLIKELY((uint64_t)b + 1 <= 1)) {
        if (b == 0) np_err_run(L, "attempt to divide by zero");
        return (int64_t)(0 - (uint64_t)a);
    }
    int64_t quotient = a / b;
    return (a ^ b) < 0 && quotient * b != a ? quotient - 1 : quotient;
}

/* The result has the divisor's sign, or is the zero fmod gave. */
double np_arith_fmod(double a, double b) {
    double rest = fmod(a, b);
    if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
    return rest;
}

int64_t np_arith_shl(int64_t a, int64_t b) {
    if (b <= -64 || b >= 64) return 0;
    return (int64_t)(b >= 0 ? (uint64_t)a << b : (uint64_t)a >> -b);
}

static int64_t bit_operation(int op, int64_t a, int64_t b) {
    switch (op) {
    case LUA_OPBAND: return a & b;
    case LUA_OPBOR: return a | b;
    case LUA_OPBXOR: return a ^ b;
    case LUA_OPSHL: return np_arith_shl(a, b);
    case LUA_OPSHR: return np_arith_shl(a, b == INT64_MIN ? INT64_MAX : -b);
    default: return ~a; /* LUA_OPBNOT */
    }
}

static int64_t integer_operation(lua_State *L, int op, int64_t a, int64_t b) {
    uint64_t left = (uint64_t)a, right = (uint64_t)b;
    switch (op) {
    case LUA_OPADD: return (int64_t)(left + right);
    case LUA_OPSUB: return (int64_t)(left - right);
    case LUA_OPMUL: return (int64_t)(left * right);
    case LUA_OPMOD: return np_arith_imod(L, a, b);
    case LUA_OPIDIV: return np_arith_idiv(L, a, b);
    default: return (int64_t)(0 - left); /* LUA_OPUNM */
    }
}

double np_arith_float(int op, double a, double b) {
    switch (op) {
    case LUA_OPADD: return a + b;
    case LUA_OPSUB: return a - b;
    case LUA_OPMUL: return a * b;
    case LUA_OPMOD: return np_arith_fmod(a, b);
    case LUA_OPPOW: return b == 2 ? a * a : pow(a, b);
    case LUA_OPDIV: return a / b;
    case LUA_OPIDIV: return floor(a / b);
    default: return -a; /* LUA_OPUNM */
    }
}

static double as_float(const NpValue *value) {
    return np_is_int(value) ? (double)value->v.i : value->v.n;
}

bool np_arith_raw(lua_State *L, int op, const NpValue *a, const NpValue *b, NpValue *result) {
    if (!np_is_number(a) || !np_is_number(b)) return false;
    if ((op >= LUA_OPBAND && op <= LUA_OPSHR) || op == LUA_OPBNOT) {
        int64_t left, right;
        if (!np_number_to_int_no_string(a, &left, NP_ROUND_EXACT) ||
            !np_number_to_int_no_string(b, &right, NP_ROUND_EXACT))
            return false;
        np_set_int(result, bit_operation(op, left, right));
    } else if (np_is_int(a) && np_is_int(b) && op != LUA_OPDIV && op != LUA_OPPOW) {
        np_set_int(result, integer_operation(L, op, a->v.i, b->v.i));
    } else {
        np_set_flt(result, np_arith_float(op, as_float(a), as_float(b)));
    }
    return true;
}

/* ---- order ---- */

typedef enum { BELOW = -1, SAME = 0, ABOVE = 1, UNORDERED = 2 } Order;

/* How an integer stands to a float. Converting the integer would round it, so the float is cut to an
 * integer, which is exact within the range, and its fraction decides between equals. */
static Order order_int_flt(int64_t integer, double number) {
    if (number >= TWO_63) return BELOW;
    if (number < -TWO_63) return ABOVE;
    if (number != number) return UNORDERED;
    int64_t whole = (int64_t)number;
    if (integer != whole) return integer < whole ? BELOW : ABOVE;
    double fraction = number - (double)whole;
    return fraction > 0 ? BELOW : fraction < 0 ? ABOVE : SAME;
}

bool np_arith_less_num(const NpValue *a, const NpValue *b) {
    if (np_is_int(a))
        return np_is_int(b) ? a->v.i < b->v.i : order_int_flt(a->v.i, b->v.n) == BELOW;
    return np_is_flt(b) ? a->v.n < b->v.n : order_int_flt(b->v.i, a->v.n) == ABOVE;
}

bool np_arith_less_equal_num(const NpValue *a, const NpValue *b) {
    if (np_is_int(a))
        return np_is_int(b) ? a->v.i <= b->v.i : order_int_flt(a->v.i, b->v.n) <= SAME;
    if (np_is_flt(b)) return a->v.n <= b->v.n;
    Order order = order_int_flt(b->v.i, a->v.n);
    return order == SAME || order == ABOVE;
}
