/* Tests of compiler/emit.c: constants, registers, limits, jumps, line runs. */
#include "tests/unit/compiler/code.h"

/* count expressions made by printf(format, i), joined by the separator; freed by the caller. */
static char *joined(const char *head, const char *format, const char *separator, int count, const char *tail) {
    size_t room = strlen(head) + strlen(tail) + (size_t)count * (strlen(format) + strlen(separator) + 12) + 1;
    char *out = malloc(room), *at = stpcpy(out, head);
    for (int i = 0; i < count; i++) {
        if (i) at = stpcpy(at, separator);
        at += snprintf(at, room - (size_t)(at - out), format, i);
    }
    stpcpy(at, tail);
    return out;
}

TEST(constants_are_shared) {
    const NpProto *proto = code_compile("local a = {'x', 'x', 1e100, 1e100, x = 'x', 70000, 70000, 'y', 7e4}");
    REQUIRE_NOT_NULL(proto);
    EXPECT_EQ(proto->nconstants, 5); /* "x", 1e100, 70000, "y", 70000.0 */
}

TEST(constants_keep_integers_and_floats_apart) {
    EXPECT_RUN("local a, b = 5, 5.0 return a * 3 .. ' ' .. a * 3.0", "15 15.0");
    EXPECT_RUN("local a = 0.0 local b = -a return 1 / (b * 1) .. ' ' .. 1 / (a * 1)", "-inf inf");
    EXPECT_RUN("return (2^53 == 2^53 + 1) == false", "false");
    EXPECT_RUN("local x = 0/0 return x ~= x", "true");
}

TEST(many_constants) {
    char *source = joined("local x = 1 local t = {", "'s%d'", ",", 300, "} return t[1] .. t[300] .. (x + 70001) .. "
                          "tostring(x == 'later') .. (#t.n or '') ");
    char *fixed = strstr(source, " .. (#t.n or '')");
    *fixed = '\0';
    EXPECT_RUN(source, "s0s29970002false");
    free(source);
    source = joined("local t = {", "%d.5", ",", 70000, "} return t[1] + t[66000] + t[70000] .. 'end'");
    EXPECT_RUN(source, "135999.5end");
    EXPECT_STR(code_of("return 1"), "LOADI 0 1; RETURN1 0 0 0"); /* the large index is not in the way */
    free(source);
}

TEST(constants_of_inner_functions_are_their_own) {
    EXPECT_RUN("local a = 'x' local function f() return 'y' .. 'x' .. 'z' end local b = 'z' return a .. b .. f() .. 'x'",
               "xzyxzx");
}

TEST(too_many_registers) {
    char *source = joined("return f(", "x", ",", 240, ")");
    EXPECT_EQ(code_compile(source) != NULL, 1);
    free(source);
    source = joined("return f(", "x", ",", 260, ")");
    EXPECT_STR(code_of(source),
               "c:1: function or expression needs too many registers (limit is 249) in main function");
    free(source);
    source = joined("\n\nlocal function g()\n f(", "x", ",", 260, ") end");
    EXPECT_STR(code_of(source),
               "c:4: function or expression needs too many registers (limit is 249) in function at line 3");
    free(source);
}

TEST(two_hundred_locals_and_a_call) {
    char *source = joined("local ", "v%d", ",", 200, " = 1 return (function(...) return select('#', ...) end)(v0, v199, 3)");
    EXPECT_RUN(source, "3");
    free(source);
}

TEST(nil_loads_merge_but_not_over_a_target) {
    EXPECT_CODE("local a local b local c, d", "LOADNIL 0 3 0");
    EXPECT_CODE("local a if a then a = 1 end local b local c", "LOADNIL 0 0 0; TEST 0 0 0 1; LOADI 0 1; LOADNIL 1 1 0");
    EXPECT_RUN("local a = 1 do ::l:: end local b b = a return b", "1");
}

TEST(jumps_to_jumps_are_shortened) {
    /* out of the inner if over the outer else: straight to the end */
    EXPECT_CODE("local a, b if a then if b then a = 1 else a = 2 end else a = 3 end",
                "LOADNIL 0 1 0; TEST 0 0 0 6; TEST 1 0 0 2; LOADI 0 1; JMP 3; LOADI 0 2; JMP 1; LOADI 0 3");
    /* a jump to the end of a loop goes back at once */
    EXPECT_CODE("local a while true do if a then a = 1 else a = 2 end end",
                "LOADNIL 0 0 0; TEST 0 0 0 2; LOADI 0 1; LOOP -4; LOADI 0 2; LOOP -6");
}

TEST(far_jumps) {
    char *source = joined("local t, n = {}, 0 for i = 1, 2 do if i == 2 then n = n + 1 else ", "t[%d] = i", " ", 40000,
                          " end end return n + #t");
    EXPECT_RUN(source, "40000");
    free(source);
}

TEST(lines_are_runs) {
    const NpProto *proto = code_compile("local a = 1\nlocal b = 2 local c = 3\n\nlocal d = a");
    static const int32_t lines[] = {1, 2, 4};
    REQUIRE_NOT_NULL(proto);
    REQUIRE_EQ(proto->nlines, 3);
    for (int i = 0; i < 3; i++) EXPECT_EQ(proto->lines[i].line, lines[i]);
    EXPECT_EQ(proto->lines[0].pc, 0);
}

TEST(upvalues_are_described) {
    const NpProto *proto = code_compile("local a, b local function f() return function() return b, x, a end end");
    const NpProto *f, *g;
    REQUIRE_NOT_NULL(proto);
    f = proto->protos[0];
    g = f->protos[0];
    REQUIRE_EQ(f->nupvalues, 3);
    REQUIRE_EQ(g->nupvalues, 3);
    EXPECT_STR(f->upvalues[0].name->text, "b");
    EXPECT_EQ(f->upvalues[0].from_stack, 1);
    EXPECT_EQ(f->upvalues[0].index, 1);
    EXPECT_STR(f->upvalues[1].name->text, "_ENV");
    EXPECT_EQ(f->upvalues[1].from_stack, 0);
    EXPECT_EQ(f->upvalues[1].index, 0);
    EXPECT_STR(g->upvalues[2].name->text, "a");
    EXPECT_EQ(g->upvalues[2].from_stack, 0);
    EXPECT_EQ(g->upvalues[2].index, 2);
}

UNIT_MAIN
