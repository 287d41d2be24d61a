/* Tests of compiler/cg_cond.c: conditions, comparisons, and/or/not. */
#include "tests/unit/compiler/code.h"

TEST(logical_values) {
    EXPECT_CODE("local a, b a = a and b", "LOADNIL 0 1 0; TEST 0 0 0 1; MOVE 0 1 0");
    EXPECT_CODE("local a, b a = a or b", "LOADNIL 0 1 0; TEST 0 0 1 1; MOVE 0 1 0");
    EXPECT_CODE("local a, b, c a = a and b or c",
                "LOADNIL 0 2 0; TEST 0 0 0 2; TESTSET 0 1 1 1; MOVE 0 2 0");
    EXPECT_CODE("local a, b local c = not a or not b",
                "LOADNIL 0 1 0; TEST 0 0 0 3; NOT 2 1 0; JMP 2; LFALSESKIP 2 0 0; LOADTRUE 2 0 0");
    EXPECT_CODE("local a local c = f() and a",
                "LOADNIL 0 0 0; GETTABUP 1 0 0 0 0; CALL 1 1 2; TEST 1 0 0 1; MOVE 1 0 0");
    EXPECT_CODE("local a a = f() or a",
                "LOADNIL 0 0 0; GETTABUP 1 0 0 0 0; CALL 1 1 2; TESTSET 0 1 1 0");
}

TEST(comparison_values) {
    EXPECT_CODE("local a, b local c = a == b",
                "LOADNIL 0 1 0; EQ 0 1 1 1; LFALSESKIP 2 0 0; LOADTRUE 2 0 0");
    EXPECT_CODE("local a, b local c = a < b and b",
                "LOADNIL 0 1 0; LT 0 1 0 2; MOVE 2 1 0; JMP 2; LFALSESKIP 2 0 0; LOADTRUE 2 0 0");
    EXPECT_CODE("local a, b local c = not (a < b)",
                "LOADNIL 0 1 0; LT 0 1 0 1; LFALSESKIP 2 0 0; LOADTRUE 2 0 0");
}

TEST(conditions_jump_without_a_value) {
    EXPECT_CODE("local a, b if a then b = 1 end", "LOADNIL 0 1 0; TEST 0 0 0 1; LOADI 1 1");
    EXPECT_CODE("local a, b if not a then b = 1 end", "LOADNIL 0 1 0; TEST 0 0 1 1; LOADI 1 1");
    EXPECT_CODE("local a, b if a and b then a = 1 end",
                "LOADNIL 0 1 0; TEST 0 0 0 3; TEST 1 0 0 1; LOADI 0 1");
    EXPECT_CODE("local a, b if a or b then a = 1 else a = 2 end",
                "LOADNIL 0 1 0; TEST 0 0 1 2; TEST 1 0 0 2; LOADI 0 1; JMP 1; LOADI 0 2");
    EXPECT_CODE("local a if (a and f()) or not (a or f()) then a = 1 end",
                "LOADNIL 0 0 0; TEST 0 0 0 6; GETTABUP 1 0 0 0 0; CALL 1 1 2; TEST 1 0 1 8; "
                "TEST 0 0 1 7; GETTABUP 1 0 0 0 0; CALL 1 1 2; TEST 1 0 1 1; LOADI 0 1");
}

TEST(comparisons_with_literals) {
    EXPECT_CODE("local a, b if a == b then a = 1 elseif a ~= 'x' then a = 2 elseif a == nil then a = 3 end",
                "LOADNIL 0 1 0; EQ 0 1 0 2; LOADI 0 1; JMP 7; EQK 0 0 1 2; LOADI 0 2; JMP 3; "
                "EQK 0 1 0 1; LOADI 0 3");
    EXPECT_CODE("local a if a < 5 then a = 1 end if a <= 5 then a = 2 end if a > -128 then a = 3 end if a >= 127 then a = 4 end",
                "LOADNIL 0 0 0; LTI 0 5 0 1; LOADI 0 1; LEI 0 5 0 1; LOADI 0 2; GTI 0 -128 0 1; "
                "LOADI 0 3; GEI 0 127 0 1; LOADI 0 4");
    EXPECT_CODE("local a if 5 < a then a = 1 end if 5 <= a then a = 2 end if 5 > a then a = 3 end if 5 >= a then a = 4 end",
                "LOADNIL 0 0 0; GTI 0 5 0 1; LOADI 0 1; GEI 0 5 0 1; LOADI 0 2; LTI 0 5 0 1; "
                "LOADI 0 3; LEI 0 5 0 1; LOADI 0 4");
    EXPECT_CODE("local a if a == 3 then a = 1 end if a == 3.0 then a = 2 end if 200 == a then a = 3 end if a == 2.5 then a = 4 end",
                "LOADNIL 0 0 0; EQI 0 3 0 1; LOADI 0 1; EQI 0 3 0 1; LOADI 0 2; EQK 0 0 0 1; "
                "LOADI 0 3; EQK 0 1 0 1; LOADI 0 4");
    EXPECT_CODE("local a if a < 128 then a = 1 end if a < 1.0 then a = 2 end",
                "LOADNIL 0 0 0; LOADI 1 128; LT 0 1 0 1; LOADI 0 1; LTI 0 1 2 1; LOADI 0 2"); /* 2: a float */
}

/* a > b is b < a, but a is evaluated first. */
TEST(greater_is_less_turned_round) {
    EXPECT_CODE("local a, b if a > b then a = 1 end if a >= b then a = 2 end",
                "LOADNIL 0 1 0; LT 1 0 0 1; LOADI 0 1; LE 1 0 0 1; LOADI 0 2");
    EXPECT_RUN("local s = '' local function n(x) s = s .. x return x end local _ = n(1) > n(2) return s", "12");
    EXPECT_RUN("local s = '' local function n(x) s = s .. x return x end if n(1) >= n(2) then end return s", "12");
}

TEST(metamethods_see_the_operands_in_order) {
    static const char head[] = "local mt = {__lt = function(a, b) return type(a) .. type(b) == 'numbertable' end} "
                               "local o = setmetatable({}, mt) return ";
    char source[300];
    static const char *const cases[][2] = {
        {"1 < o", "true"}, {"o > 1", "true"}, {"o < 1", "false"}, {"1 > o", "false"}, {"not (1 < o)", "false"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(source, sizeof source, "%s %s", head, cases[i][0]);
        EXPECT_RUN(source, cases[i][1]);
    }
}

TEST(constant_operands) {
    EXPECT_CODE("local a = nil and f()", "LOADNIL 0 0 0; JMP 4; GETTABUP 0 0 0 0 0; CALL 0 1 2");
    EXPECT_CODE("local a = false or 1", "LOADI 0 1");
    EXPECT_CODE("local a = 1 and 2", "LOADI 0 2");
    EXPECT_RUN("local a return (a or false) == false and (nil and a) == nil and (1 or a)", "1");
    EXPECT_RUN("local x = nil == false return x", "false");
    EXPECT_RUN("return 1 < 2, 2 < 1", "true");
}

/* Every combination of three operands and two operators against what they mean. */
TEST(all_short_combinations) {
    static const char *const values[] = {"nil", "false", "1", "x < y", "not x"}; /* x, y = 1, 2 */
    static const char *const shown[] = {"nil", "false", "1", "true", "false"};
    static const bool truth[] = {false, false, true, true, false};
    char source[200];
    for (int n = 0; n < 5 * 5 * 5 * 4; n++) {
        int a = n % 5, b = n / 5 % 5, c = n / 25 % 5, first = n / 125 % 2, second = n / 250;
        int left = first ? (truth[a] ? a : b) : (truth[a] ? b : a);
        int all = second ? (truth[left] ? left : c) : (truth[left] ? c : left);
        snprintf(source, sizeof source, "local x, y = 1, 2 local function id(v) return v end "
                 "return ((%s) %s id(%s)) %s (%s)", values[a], first ? "or" : "and", values[b],
                 second ? "or" : "and", values[c]);
        EXPECT_RUN(source, shown[all]);
        snprintf(source, sizeof source, "local x, y = 1, 2 local function id(v) return v end "
                 "if ((%s) %s id(%s)) %s (%s) then return 1 else return 0 end", values[a], first ? "or" : "and",
                 values[b], second ? "or" : "and", values[c]);
        EXPECT_RUN(source, truth[all] ? "1" : "0");
    }
}

TEST(long_chains) {
    char *source = code_repeat("local a = 1 local b = a", " and a", 100000, " return b");
    EXPECT_RUN(source, "1");
    free(source);
    source = code_repeat("local a = false if a", " or a", 100000, " then return 1 end return 2");
    EXPECT_RUN(source, "2");
    free(source);
}

UNIT_MAIN
