/* Tests of runtime/arith.c: integer wraparound, signs of // and %, shifts, exact order of mixed numbers. */
#include "tests/unit/unit.h"

#include <float.h>

#include "runtime/vmslow.h"

static NpValue integer(int64_t i) {
    NpValue value;
    np_set_int(&value, i);
    return value;
}

static NpValue number(double n) {
    NpValue value;
    np_set_flt(&value, n);
    return value;
}

static void expect_int(int op, int64_t a, int64_t b, int64_t want) {
    NpValue left = integer(a), right = integer(b), result;
    REQUIRE(np_arith_raw(NULL, op, &left, &right, &result));
    REQUIRE_EQ(result.tag, NP_INT);
    REQUIRE_EQ(result.v.i, want);
}

static void expect_flt(int op, NpValue a, NpValue b, double want) {
    NpValue result;
    REQUIRE(np_arith_raw(NULL, op, &a, &b, &result));
    REQUIRE_EQ(result.tag, NP_FLT);
    EXPECT_NUM(result.v.n, want);
}

TEST(integers_wrap_around) {
    expect_int(LUA_OPADD, INT64_MAX, 1, INT64_MIN);
    expect_int(LUA_OPSUB, INT64_MIN, 1, INT64_MAX);
    expect_int(LUA_OPMUL, INT64_MAX, 2, -2);
    expect_int(LUA_OPMUL, INT64_MIN, -1, INT64_MIN);
    expect_int(LUA_OPUNM, INT64_MIN, INT64_MIN, INT64_MIN);
    expect_int(LUA_OPUNM, 5, 5, -5);
}

TEST(integer_division_rounds_down) {
    expect_int(LUA_OPIDIV, 7, 2, 3);
    expect_int(LUA_OPIDIV, -7, 2, -4);
    expect_int(LUA_OPIDIV, 7, -2, -4);
    expect_int(LUA_OPIDIV, -7, -2, 3);
    expect_int(LUA_OPIDIV, -8, 2, -4);
    expect_int(LUA_OPIDIV, INT64_MIN, -1, INT64_MIN);
    expect_int(LUA_OPIDIV, INT64_MIN, 1, INT64_MIN);
    expect_int(LUA_OPIDIV, INT64_MAX, INT64_MIN, -1);
}

TEST(integer_modulo_has_the_divisors_sign) {
    expect_int(LUA_OPMOD, 7, 3, 1);
    expect_int(LUA_OPMOD, -7, 3, 2);
    expect_int(LUA_OPMOD, 7, -3, -2);
    expect_int(LUA_OPMOD, -7, -3, -1);
    expect_int(LUA_OPMOD, -6, 3, 0);
    expect_int(LUA_OPMOD, INT64_MIN, -1, 0);
    expect_int(LUA_OPMOD, INT64_MIN, INT64_MAX, INT64_MAX - 1);
    expect_int(LUA_OPMOD, INT64_MAX, INT64_MIN, -1);
}

TEST(division_and_modulo_fit_together) {
    uint64_t seed = 11;
    for (int i = 0; i < 20000; i++) {
        int64_t a = (int64_t)unit_random(&seed) >> (i % 60), b = (int64_t)unit_random(&seed) >> (i % 53);
        if (b == 0) continue;
        int64_t quotient = np_arith_idiv(NULL, a, b), rest = np_arith_imod(NULL, a, b);
        REQUIRE_EQ((int64_t)((uint64_t)quotient * (uint64_t)b + (uint64_t)rest), a);
        REQUIRE(rest == 0 || (rest < 0) == (b < 0));
    }
}

TEST(float_modulo) {
    EXPECT_NUM(np_arith_fmod(5.5, 2), 1.5);
    EXPECT_NUM(np_arith_fmod(-5.5, 2), 0.5);
    EXPECT_NUM(np_arith_fmod(5.5, -2), -0.5);
    EXPECT_NUM(np_arith_fmod(-5.5, -2), -1.5);
    EXPECT_NUM(np_arith_fmod(1, INFINITY), 1);
    EXPECT_NUM(np_arith_fmod(-1, INFINITY), INFINITY);
    EXPECT_NUM(np_arith_fmod(1, -INFINITY), -INFINITY);
    EXPECT_NUM(np_arith_fmod(-1, -INFINITY), -1);
    EXPECT_NUM(np_arith_fmod(1, 0), NAN);
    EXPECT_NUM(np_arith_fmod(INFINITY, 2), NAN);
    EXPECT_NUM(np_arith_fmod(-6, 2), -0.0);
    EXPECT_NUM(np_arith_fmod(5e-324, -5e-324), 0.0);
}

TEST(float_results) {
    expect_flt(LUA_OPDIV, integer(7), integer(2), 3.5);
    expect_flt(LUA_OPDIV, integer(1), integer(0), INFINITY);
    expect_flt(LUA_OPDIV, integer(0), integer(0), NAN);
    expect_flt(LUA_OPPOW, integer(2), integer(10), 1024);
    expect_flt(LUA_OPPOW, integer(3), integer(2), 9);
    expect_flt(LUA_OPPOW, number(2), number(0.5), sqrt(2));
    expect_flt(LUA_OPIDIV, number(-7), integer(2), -4);
    expect_flt(LUA_OPIDIV, number(7), number(0), INFINITY);
    expect_flt(LUA_OPIDIV, number(-7), number(0), -INFINITY);
    expect_flt(LUA_OPADD, integer(1), number(0.5), 1.5);
    expect_flt(LUA_OPUNM, number(0), number(0), -0.0);
    expect_flt(LUA_OPMOD, integer(-5), number(3), 1);
}

TEST(shifts) {
    expect_int(LUA_OPSHL, 1, 63, INT64_MIN);
    expect_int(LUA_OPSHL, 1, 64, 0);
    expect_int(LUA_OPSHL, 1, INT64_MAX, 0);
    expect_int(LUA_OPSHL, -1, -63, 1);
    expect_int(LUA_OPSHL, -1, -64, 0);
    expect_int(LUA_OPSHL, -1, INT64_MIN, 0);
    expect_int(LUA_OPSHR, -1, 60, 15);
    expect_int(LUA_OPSHR, -1, 0, -1);
    expect_int(LUA_OPSHR, 1, -4, 16);
    expect_int(LUA_OPSHR, 1, INT64_MIN, 0);
    expect_int(LUA_OPSHR, -1, INT64_MAX, 0);
}

TEST(bitwise_operators) {
    expect_int(LUA_OPBAND, 0xff0, 0x0ff, 0x0f0);
    expect_int(LUA_OPBOR, 0xf00, 0x00f, 0xf0f);
    expect_int(LUA_OPBXOR, -1, 0x0f, ~0x0fLL);
    expect_int(LUA_OPBNOT, 0, 0, -1);
    NpValue two = number(2), half = number(0.5), three = integer(3), result;
    EXPECT(np_arith_raw(NULL, LUA_OPBAND, &two, &three, &result));
    EXPECT_EQ(result.v.i, 2);
    EXPECT(!np_arith_raw(NULL, LUA_OPBAND, &half, &three, &result));
    NpValue huge = number(1e30);
    EXPECT(!np_arith_raw(NULL, LUA_OPBOR, &three, &huge, &result));
}

TEST(only_numbers_count) {
    NpValue nil = {.tag = NP_NIL}, one = integer(1), result;
    NpValue text = {.tag = NP_STR};
    EXPECT(!np_arith_raw(NULL, LUA_OPADD, &nil, &one, &result));
    EXPECT(!np_arith_raw(NULL, LUA_OPADD, &one, &nil, &result));
    EXPECT(!np_arith_raw(NULL, LUA_OPADD, &text, &one, &result));
}

/* ---- order ---- */

static void expect_order(NpValue a, NpValue b, int order) { /* 2: unordered */
    REQUIRE_EQ(np_arith_less_num(&a, &b), order == -1);
    REQUIRE_EQ(np_arith_less_equal_num(&a, &b), order == -1 || order == 0);
    REQUIRE_EQ(np_arith_less_num(&b, &a), order == 1);
    REQUIRE_EQ(np_arith_less_equal_num(&b, &a), order == 1 || order == 0);
}

TEST(order_of_equal_kinds) {
    expect_order(integer(1), integer(2), -1);
    expect_order(integer(2), integer(2), 0);
    expect_order(integer(INT64_MIN), integer(INT64_MAX), -1);
    expect_order(number(1.5), number(1.5), 0);
    expect_order(number(-0.0), number(0.0), 0);
    expect_order(number(NAN), number(NAN), 2);
}

TEST(order_of_integers_and_floats_is_exact) {
    const int64_t big = INT64_C(1) << 53;
    expect_order(integer(1), number(1.5), -1);
    expect_order(integer(-1), number(-1.5), 1);
    expect_order(integer(0), number(-0.0), 0);
    expect_order(integer(big), number(9007199254740992.0), 0);
    expect_order(integer(big + 1), number(9007199254740992.0), 1);
    expect_order(integer(big + 1), number(9007199254740994.0), -1);
    expect_order(integer(-big - 1), number(-9007199254740992.0), -1);
    expect_order(integer(INT64_MAX), number(9223372036854775808.0), -1);
    expect_order(integer(INT64_MAX), number(9223372036854774784.0), 1);
    expect_order(integer(INT64_MIN), number(-9223372036854775808.0), 0);
    expect_order(integer(INT64_MIN), number(-9223372036854777856.0), 1);
    expect_order(integer(INT64_MIN + 1), number(-9223372036854775808.0), 1);
    expect_order(integer(INT64_MAX), number(INFINITY), -1);
    expect_order(integer(INT64_MIN), number(-INFINITY), 1);
    expect_order(integer(0), number(NAN), 2);
    expect_order(integer(INT64_MAX), number(NAN), 2);
    expect_order(integer(0), number(5e-324), -1);
    expect_order(integer(0), number(-5e-324), 1);
}

/* long double holds both kinds exactly on x86-64; elsewhere the test would compare rounded values. */
TEST(order_of_random_pairs) {
    if (LDBL_MANT_DIG < 64) SKIP("long double cannot hold a 64-bit integer here");
    uint64_t seed = 5;
    for (int i = 0; i < 50000; i++) {
        int64_t a = (int64_t)unit_random(&seed) >> (unit_random(&seed) % 63);
        double b = (double)(a + (int64_t)(unit_random(&seed) % 5) - 2);
        if (i % 4 == 0) b += 0.5;
        long double left = (long double)a, right = (long double)b;
        expect_order(integer(a), number(b), left < right ? -1 : left > right ? 1 : 0);
    }
}

UNIT_MAIN
