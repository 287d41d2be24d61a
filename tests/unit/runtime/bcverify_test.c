/* Tests of runtime/bcverify.c: sound code passes, each rule rejects code that breaks it. */
#include "runtime/func.h"
#include "tests/unit/compiler/code.h"

static NpInstr words[4096];

/* The main function's parts, with its code in `words`, to be changed. */
static NpProtoParts parts_of(const char *source) {
    const NpProto *proto = code_compile(source);
    REQUIRE_NOT_NULL(proto);
    REQUIRE(proto->ncode < 4096);
    memcpy(words, proto->code, (size_t)proto->ncode * sizeof *words);
    return (NpProtoParts){
        .nparams = proto->nparams, .is_vararg = proto->is_vararg, .max_stack = proto->max_stack,
        .code = words, .ncode = proto->ncode, .constants = proto->constants, .nconstants = proto->nconstants,
        .protos = proto->protos, .nprotos = proto->nprotos, .upvalues = proto->upvalues,
        .nupvalues = proto->nupvalues, .lines = proto->lines, .nlines = proto->nlines,
        .locvars = proto->locvars, .nlocvars = proto->nlocvars,
    };
}

static const char *verdict(const NpProtoParts *parts) {
    NpScratch scratch;
    const char *wrong;
    np_scratch_init(&scratch);
    wrong = np_bcverify(parts, &scratch);
    np_scratch_free(&scratch);
    return wrong ? wrong : "sound";
}

/* Word index of the n-th (from 0) instruction with that opcode. */
static int32_t find(const NpProtoParts *parts, NpOpcode op, int n) {
    for (int32_t pc = 0; pc < parts->ncode; pc += np_opcode_info[np_op(words[pc])].words)
        if (np_op(words[pc]) == op && n-- == 0) return pc;
    unit_fail(__FILE__, __LINE__, np_opcode_info[op].name, "in the code", "not there", true);
    return 0;
}

/* What comes of the source when the first `op` is replaced by this word. */
static const char *with(const char *source, NpOpcode op, NpInstr word) {
    NpProtoParts parts = parts_of(source);
    words[find(&parts, op, 0)] = word;
    return verdict(&parts);
}

/* The same for operand word `number` of it. */
static const char *with_word(const char *source, NpOpcode op, int number, uint32_t word) {
    NpProtoParts parts = parts_of(source);
    words[find(&parts, op, 0) + number] = word;
    return verdict(&parts);
}

#define ABC(op, a, b, c) np_make_abc(NP_OP_##op, a, b, c)

TEST(compiled_code_is_sound) {
    static const char *const sources[] = {
        "", "return ...", "local t = {f(...)}", "for i = 1, 2 do for j = 1, 2 do if i then break end end end",
        "for k, v in f() do local x g = function() return x, k end end",
        "local a <close> = f() do local b <close> = g() goto l end ::l:: return h(a)",
        "local x repeat local y = x if y then break end g = function() return y end until y",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        NpProtoParts parts = parts_of(sources[i]);
        EXPECT_STR(verdict(&parts), "sound");
    }
}

TEST(v1_whole_known_instructions) {
    NpProtoParts parts = parts_of("x = 1");
    EXPECT_STR(with("local a = b", NP_OP_GETTABUP, NP_OP_COUNT), "unknown instruction");
    EXPECT_STR(with("local a = b", NP_OP_GETTABUP, ABC(GETTABUP_OWN, 0, 0, 0)), "unknown instruction");
    EXPECT_STR(with_word("local a = b", NP_OP_GETTABUP, 1, 5), "cache not empty");
    EXPECT_STR(with("local a = b", NP_OP_GETTABUP, ABC(GETTABUP, 0, 0, 1)), "cache not empty");
    EXPECT_STR(with_word("a = 1", NP_OP_SETTABUP, 3, 1), "cache not empty");
    EXPECT_STR(with("x = 1", NP_OP_RETURN0, ABC(MOVE, 0, 0, 0)), "function does not end with a return");
    EXPECT_STR(with("x = 1", NP_OP_RETURN0, ABC(LOADKX, 0, 0, 0)), "incomplete instruction");
    parts = parts_of("x = 1");
    parts.ncode = 0;
    EXPECT_STR(verdict(&parts), "no code");
}

TEST(v2_operands_exist) {
    static const char move[] = "local a, b = 1, 2 b = a";
    NpProtoParts parts;
    EXPECT_STR(with(move, NP_OP_MOVE, ABC(MOVE, 200, 0, 0)), "register out of range");
    EXPECT_STR(with(move, NP_OP_MOVE, ABC(MOVE, 0, 200, 0)), "register out of range");
    EXPECT_STR(with("local a = 1.5", NP_OP_LOADK, np_make_ad(NP_OP_LOADK, 0, 9)), "constant out of range");
    EXPECT_STR(with_word("local a = b", NP_OP_GETTABUP, 2, 9), "constant out of range");
    EXPECT_STR(with("local a = b", NP_OP_GETTABUP, ABC(GETTABUP, 0, 3, 0)), "upvalue out of range");
    EXPECT_STR(with("local a = function() end", NP_OP_CLOSURE, np_make_ad(NP_OP_CLOSURE, 0, 1)),
               "inner function out of range");
    EXPECT_STR(with("local a, b = 1, 's' a = a + 1.5", NP_OP_ADDK, ABC(ADDK, 0, 0, 0)),
               "arithmetic with a constant that is not a number");
    EXPECT_STR(with_word("local a, b = 1.5, c", NP_OP_GETTABUP, 2, 0), "field key is not a short string");
    EXPECT_STR(with("local a, b = 1", NP_OP_LOADNIL, ABC(LOADNIL, 1, 100, 0)), "register out of range");
    EXPECT_STR(with("local a = {}", NP_OP_NEWTABLE, ABC(NEWTABLE, 0, 0, 115)), "register out of range");
    EXPECT_STR(with("f(1)", NP_OP_CALL, ABC(CALL, 0, 100, 1)), "register out of range");
    EXPECT_STR(with("f(1)", NP_OP_CALL, ABC(CALL, 0, 2, 100)), "register out of range");
    EXPECT_STR(with("local a = 'x' .. b", NP_OP_CONCAT, ABC(CONCAT, 0, 0, 1)),
               "concatenation of less than two values");
    EXPECT_STR(with("for i = 1, 2 do end", NP_OP_FORPREP, ABC(FORPREP, 1, 0, 0)), "register out of range");
    EXPECT_STR(with("local a if a then end", NP_OP_TEST, ABC(TEST, 0, 0, 2)), "condition is neither 0 nor 1");
    parts = parts_of("x = 1");
    parts.max_stack = 255;
    EXPECT_STR(verdict(&parts), "too many registers");
    parts = parts_of("local a return function() return a end");
    parts.max_stack = 0;
    EXPECT_STR(verdict(&parts), "too many registers");
}

TEST(v2_captured_variables_exist) {
    NpProtoParts parts = parts_of("local a, b, c, d return function() return d end");
    parts.max_stack = 3;
    EXPECT_STR(verdict(&parts), "captured variable out of range");
}

TEST(v3_jumps) {
    static const char test[] = "local a if a then a = 1 end";
    EXPECT_STR(with_word(test, NP_OP_TEST, 1, 100), "jump out of range");
    EXPECT_STR(with_word(test, NP_OP_TEST, 1, (uint32_t)-2), "jump in the wrong direction");
    EXPECT_STR(with_word(test, NP_OP_TEST, 1, (uint32_t)-1), "jump out of range"); /* into itself */
    EXPECT_STR(with("while true do end", NP_OP_LOOP, np_make_e(NP_OP_LOOP, 0)), "jump in the wrong direction");
    EXPECT_STR(with("while true do end", NP_OP_LOOP, np_make_e(NP_OP_JMP, -1)), "jump in the wrong direction");
}

TEST(v4_values_up_to_top) {
    EXPECT_STR(with("return f(...)", NP_OP_VARARG, ABC(VARARG, 1, 0, 2)), "open results and their use do not match");
    EXPECT_STR(with("f(1)", NP_OP_CALL, ABC(CALL, 0, 0, 1)), "open results and their use do not match");
    EXPECT_STR(with("f(1)", NP_OP_CALL, ABC(CALL, 0, 2, 0)), "open results and their use do not match");
    EXPECT_STR(with("return f(...)", NP_OP_VARARG, ABC(VARARG, 0, 0, 0)), "open results below their use");
    EXPECT_STR(with("return f(g(), h(...))", NP_OP_TAILCALL, ABC(CALL, 0, 0, 0)), "sound");
    EXPECT_STR(with("local t = {f()} return t", NP_OP_SETLIST, ABC(SETLIST, 0, 1, 0)),
               "open results and their use do not match");
}

TEST(v5_varargs) {
    NpProtoParts parts = parts_of("return ...");
    parts.is_vararg = 0;
    EXPECT_STR(verdict(&parts), "misplaced VARARGPREP");
    EXPECT_STR(with("return ...", NP_OP_VARARGPREP, ABC(VARARGPREP, 1, 0, 0)), "misplaced VARARGPREP");
    EXPECT_STR(with("local a = 1 return a", NP_OP_LOADI, ABC(VARARGPREP, 0, 0, 0)), "misplaced VARARGPREP");
}

TEST(v6_numeric_loops) {
    static const char loop[] = "local a for i = 1, 2 do a = i end";
    NpProtoParts parts;
    EXPECT_STR(with(loop, NP_OP_FORLOOP, ABC(TFORLOOP, 0, 0, 0)), "FORPREP without its FORLOOP");
    EXPECT_STR(with(loop, NP_OP_FORPREP, ABC(TEST, 1, 0, 0)), "FORLOOP without its FORPREP");
    EXPECT_STR(with(loop, NP_OP_FORLOOP, ABC(FORLOOP, 0, 0, 0)), "FORPREP without its FORLOOP");
    EXPECT_STR(with(loop, NP_OP_MOVE, ABC(MOVE, 2, 0, 0)), "write to the state of a loop");
    EXPECT_STR(with(loop, NP_OP_MOVE, ABC(LOADNIL, 0, 1, 0)), "write to the state of a loop");
    EXPECT_STR(with("local a for i = 1, 2 do f() end", NP_OP_CALL, ABC(CALL, 1, 1, 1)), "write to the state of a loop");
    parts = parts_of("local a if a then a = 1 end for i = 1, 2 do a = i end");
    words[find(&parts, NP_OP_TEST, 0) + 1] = (uint32_t)(find(&parts, NP_OP_MOVE, 0) - find(&parts, NP_OP_TEST, 0) - 2);
    EXPECT_STR(verdict(&parts), "jump into a loop");
}

TEST(v6_generic_loops) {
    static const char loop[] = "for k in f do g() end";
    EXPECT_STR(with(loop, NP_OP_TFORCALL, ABC(TFORCALL, 1, 0, 1)), "register out of range");
    EXPECT_STR(with("local a for i = 1, 2 do local f = function() end end", NP_OP_CLOSURE, np_make_ad(NP_OP_CLOSURE, 0, 0)),
               "write to the state of a loop");
    EXPECT_STR(with("local a for i = 1, 2 do local t = {} end", NP_OP_NEWTABLE, ABC(NEWTABLE, 0, 0, 1)),
               "write to the state of a loop");
    EXPECT_STR(with("local a for i = 1, 2 do local s = a .. i end", NP_OP_CONCAT, ABC(CONCAT, 0, 0, 2)),
               "write to the state of a loop");
    EXPECT_STR(with("local a, b, c for k in f do g(a, b, c, a, b) end", NP_OP_TFORCALL, ABC(TFORCALL, 2, 0, 1)),
               "TFORPREP without its TFORCALL");
    EXPECT_STR(with(loop, NP_OP_TFORLOOP, ABC(FORLOOP, 0, 0, 0)), "TFORCALL without its TFORLOOP");
    EXPECT_STR(with(loop, NP_OP_TFORCALL, ABC(TFORCALL, 0, 0, 0)), "loop without a variable");
}

TEST(v7_closing) {
    static const char captured[] = "local a = 1 f = function() return a end return a";
    static const char tbc[] = "local a <close> = f() return g(a), 1";
    EXPECT_STR(with(captured, NP_OP_RETURN, ABC(RETURN, 0, 2, 0)), "return without closing upvalues");
    EXPECT_STR(with(captured, NP_OP_RETURN, ABC(RETURN1, 0, 0, 0)), "return without closing upvalues");
    EXPECT_STR(with(tbc, NP_OP_RETURN, ABC(RETURN, 1, 3, 0)), "return without closing a to-be-closed variable");
    EXPECT_STR(with("do local a f = function() return a end end return", NP_OP_CLOSE, ABC(CLOSE, 1, 0, 0)),
               "return without closing upvalues");
    EXPECT_STR(with("local a <close> = f() do local b <close> = g() end", NP_OP_CLOSE, ABC(TBC, 1, 0, 0)),
               "to-be-closed variables out of order");
    EXPECT_STR(with("local a, b f = function() return b end g()", NP_OP_CALL, ABC(CALL, 1, 1, 1)),
               "call below a captured variable");
    EXPECT_STR(with("local a, b local c <close> = f() g()", NP_OP_TBC, ABC(TBC, 3, 0, 0)),
               "call below a to-be-closed variable");
    EXPECT_STR(with("local a local f = function() return a end return f()", NP_OP_TAILCALL, ABC(TAILCALL, 2, 1, 0)),
               "return without closing upvalues");
}

TEST(v8_setlist) {
    EXPECT_STR(with("local t = {1, 2}", NP_OP_NEWTABLE, ABC(LOADKX, 0, 0, 0)), "constant out of range");
    EXPECT_STR(with("local t = {1, 2}", NP_OP_SETLIST, ABC(SETLIST, 1, 1, 0)), "SETLIST without a table");
    /* between the two, what lies above others' registers is lent */
    EXPECT_STR(with("local a local t = {function() end}", NP_OP_CLOSURE, np_make_ad(NP_OP_CLOSURE, 0, 0)),
               "SETLIST without a table");
    EXPECT_STR(with("local a local t = {a .. a}", NP_OP_CONCAT, ABC(CONCAT, 0, 0, 2)), "SETLIST without a table");
    EXPECT_STR(with("local a = {1, 2}", NP_OP_LOADI, np_make_ad(NP_OP_LOADI, 0, 1)), "SETLIST without a table");
    EXPECT_STR(with_word("local t = {1, 2}", NP_OP_SETLIST, 1, 0x7fffffff), "list too long");
}

TEST(debug_information) {
    NpLineRun lines[2] = {{0, 1}, {0, 2}};
    NpLocVar vars[1];
    NpProtoParts parts = parts_of("local a = 1");
    parts.lines = lines;
    parts.nlines = 2;
    EXPECT_STR(verdict(&parts), "bad line information");
    lines[1].pc = 1000;
    EXPECT_STR(verdict(&parts), "bad line information");
    lines[1].pc = 1;
    EXPECT_STR(verdict(&parts), "sound");
    vars[0] = (NpLocVar){parts.locvars[0].name, 2, 1};
    parts.locvars = vars;
    EXPECT_STR(verdict(&parts), "bad variable information");
}

UNIT_MAIN
