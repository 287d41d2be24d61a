/* Tests of runtime/vm.c with vm_ops.h: hand-assembled bytecode, run instruction by instruction against what opcodes.def
 * promises. (That the code generator and the interpreter agree is tests/lua's business.) */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lua.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/strings.h"
#include "runtime/table.h"
#include "runtime/vmslow.h"

/* ---- an assembler ---- */

enum { CODE_MAX = 200, CONSTANTS_MAX = 40 };
typedef struct Asm {
    lua_State *L;
    NpInstr code[CODE_MAX];
    int ncode;
    NpValue constants[CONSTANTS_MAX];
    int nconstants;
    NpProto *protos[4];
    int nprotos;
    int nparams, is_vararg, nupvalues;
    NpUpvalDesc upvalues[4];
} Asm;

static Asm begin(lua_State *L, int nparams) {
    Asm as = {.L = L, .nparams = nparams};
    return as;
}
static int word(Asm *as, NpInstr insn) {
    REQUIRE(as->ncode < CODE_MAX);
    as->code[as->ncode] = insn;
    return as->ncode++;
}
static int abc(Asm *as, NpOpcode op, int a, int b, int c) {
    return word(as, np_make_abc(op, (unsigned)a & 0xff, (unsigned)b & 0xff, (unsigned)c & 0xff));
}
static int ad(Asm *as, NpOpcode op, int a, int d) { return word(as, np_make_ad(op, (unsigned)a, (unsigned)d & 0xffff)); }
static int constant(Asm *as, NpValue value) {
    REQUIRE(as->nconstants < CONSTANTS_MAX);
    as->constants[as->nconstants] = value;
    return as->nconstants++;
}
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
static NpValue boolean(bool b) {
    NpValue value;
    np_set_bool(&value, b);
    return value;
}
static NpValue nil(void) {
    NpValue value;
    np_set_nil(&value);
    return value;
}
static NpValue text(lua_State *L, const char *string) {
    NpValue value;
    np_set_obj(&value, np_string_from(L, string), NP_STR);
    return value;
}
static NpProto *finish(Asm *as, int max_stack) {
    NpProtoParts parts = {.nparams = (uint8_t)as->nparams, .is_vararg = (uint8_t)as->is_vararg, .max_stack = (uint8_t)max_stack,
        .code = as->code, .ncode = as->ncode, .constants = as->constants, .nconstants = as->nconstants,
        .protos = as->protos, .nprotos = as->nprotos, .upvalues = as->upvalues, .nupvalues = as->nupvalues};
    return np_func_new_proto(as->L, &parts);
}

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    lua_gc(L, LUA_GCSTOP);
    return L;
}

static void push(lua_State *L, NpValue value) {
    np_stack_need(L, 1);
    np_copy(L->top++, &value);
}
static NpLClosure *push_closure(lua_State *L, NpProto *proto) {
    NpLClosure *closure = np_func_new_lua(L, proto);
    np_func_init_upvalues(L, closure);
    NpValue value;
    np_set_obj(&value, closure, NP_LCLOSURE);
    push(L, value);
    return closure;
}

/* Runs a prototype with up to three arguments; the first result, popped. */
static NpValue run(lua_State *L, NpProto *proto, int nargs, NpValue a, NpValue b, NpValue c) {
    const NpValue arguments[] = {a, b, c};
    NpValue result;
    push_closure(L, proto);
    for (int i = 0; i < nargs; i++) push(L, arguments[i]);
    int status = lua_pcall(L, nargs, 1, 0);
    EXPECT_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    np_copy(&result, L->top - 1);
    L->top--;
    EXPECT_PTR(L->frame, L->frames);
    return result;
}

static void expect_value(NpValue got, NpValue want, const char *what) {
    if (got.tag == want.tag && (got.tag <= NP_TRUE || (got.tag == NP_FLT ? got.v.n == want.v.n || (got.v.n != got.v.n && want.v.n != want.v.n) : got.v.bits == want.v.bits))) return;
    printf("# %s: tag %d, payload %lld (%g); wanted tag %d, payload %lld (%g)\n", what, got.tag, (long long)got.v.i, got.v.n,
           want.tag, (long long)want.v.i, want.v.n);
    unit.failed = true;
}

/* ---- loads and moves ---- */

TEST(loads) {
    lua_State *L = open_state();
    struct { int op, d; NpValue want; } cases[] = {
        {NP_OP_LOADI, 12345, integer(12345)}, {NP_OP_LOADI, -32768, integer(-32768)}, {NP_OP_LOADF, -3, number(-3)},
        {NP_OP_LOADF, 32767, number(32767)},  {NP_OP_LOADTRUE, 0, boolean(true)},     {NP_OP_LOADFALSE, 0, boolean(false)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Asm as = begin(L, 0);
        ad(&as, (NpOpcode)cases[i].op, 1, cases[i].d);
        abc(&as, NP_OP_MOVE, 0, 1, 0);
        abc(&as, NP_OP_RETURN1, 0, 0, 0);
        expect_value(run(L, finish(&as, 3), 0, nil(), nil(), nil()), cases[i].want, np_opcode_info[cases[i].op].name);
    }
    Asm as = begin(L, 0);
    int k = constant(&as, number(2.5)), s = constant(&as, text(L, "text"));
    ad(&as, NP_OP_LOADK, 0, k);
    abc(&as, NP_OP_LOADKX, 1, 0, 0);
    word(&as, (NpInstr)s);
    abc(&as, NP_OP_LOADNIL, 2, 2, 0);
    abc(&as, NP_OP_LFALSESKIP, 5, 0, 0);
    abc(&as, NP_OP_LOADTRUE, 5, 0, 0);
    abc(&as, NP_OP_RETURN, 0, 7, 0);
    push_closure(L, finish(&as, 8));
    REQUIRE_EQ(lua_pcall(L, 0, LUA_MULTRET, 0), LUA_OK);
    REQUIRE_EQ(lua_gettop(L), 6);
    EXPECT_NUM(lua_tonumber(L, 1), 2.5);
    EXPECT_STR(lua_tostring(L, 2), "text");
    for (int i = 3; i <= 5; i++) EXPECT(lua_isnil(L, i));
    EXPECT(lua_isboolean(L, 6) && !lua_toboolean(L, 6));
    lua_close(L);
}

/* ---- arithmetic: every operator with registers and with a constant ---- */

static const int lua_ops[] = {LUA_OPADD, LUA_OPSUB, LUA_OPMUL, LUA_OPMOD, LUA_OPPOW, LUA_OPDIV,
                              LUA_OPIDIV, LUA_OPBAND, LUA_OPBOR, LUA_OPBXOR, LUA_OPSHL, LUA_OPSHR};

TEST(arithmetic_agrees_with_the_complete_operations) {
    lua_State *L = open_state();
    const NpValue samples[] = {
        integer(0), integer(1), integer(-1), integer(7), integer(-7), integer(3), integer(63), integer(64), integer(65), integer(-64),
        integer(INT64_MAX), integer(INT64_MIN), integer((int64_t)1 << 32), integer(-((int64_t)1 << 32)), integer(4294967295),
        number(0.0), number(-0.0), number(1.0), number(-2.5), number(2.0), number(1e300), number(INFINITY), number(NAN), number(9007199254740993.0),
    };
    enum { N = sizeof samples / sizeof *samples };
    int failures = 0, done = 0;
    for (int op = 0; op < 12; op++) {
        Asm plain = begin(L, 2);
        abc(&plain, (NpOpcode)(NP_OP_ADD + op), 2, 0, 1);
        abc(&plain, NP_OP_RETURN1, 2, 0, 0);
        NpProto *registers = finish(&plain, 4);
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                Asm with = begin(L, 1);
                int k = constant(&with, samples[j]);
                abc(&with, (NpOpcode)(NP_OP_ADDK + op), 1, 0, k);
                abc(&with, NP_OP_RETURN1, 1, 0, 0);
                NpProto *forms[] = {registers, finish(&with, 3)};
                for (int form = 0; form < 2; form++) {
                    push_closure(L, forms[form]);
                    push(L, samples[i]);
                    if (form == 0) push(L, samples[j]);
                    int status = lua_pcall(L, 2 - form, 1, 0);
                    bool divides = op == 3 || op == 6;
                    bool by_zero = divides && samples[j].tag == NP_INT && samples[j].v.i == 0 && samples[i].tag == NP_INT;
                    NpValue want;
                    bool possible = !by_zero && np_arith_raw(L, lua_ops[op], &samples[i], &samples[j], &want);
                    REQUIRE_EQ(status == LUA_OK, possible);
                    if (possible) expect_value(*(L->top - 1), want, np_opcode_info[NP_OP_ADD + op].name);
                    else failures++;
                    L->top--;
                    done++;
                }
            }
        }
    }
    EXPECT_GT(failures, 100);
    EXPECT_EQ(done, 12 * N * N * 2);
    lua_close(L);
}

TEST(unary_operators) {
    lua_State *L = open_state();
    struct { int op; NpValue operand, want; } cases[] = {
        {NP_OP_UNM, integer(5), integer(-5)}, {NP_OP_UNM, integer(INT64_MIN), integer(INT64_MIN)}, {NP_OP_UNM, number(2.5), number(-2.5)},
        {NP_OP_BNOT, integer(0), integer(-1)}, {NP_OP_BNOT, number(2.0), integer(-3)}, {NP_OP_NOT, nil(), boolean(true)},
        {NP_OP_NOT, integer(0), boolean(false)}, {NP_OP_NOT, boolean(false), boolean(true)}, {NP_OP_LEN, text(L, "four"), integer(4)},
        {NP_OP_LEN, text(L, ""), integer(0)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Asm as = begin(L, 1);
        abc(&as, (NpOpcode)cases[i].op, 1, 0, 0);
        abc(&as, NP_OP_RETURN1, 1, 0, 0);
        expect_value(run(L, finish(&as, 3), 1, cases[i].operand, nil(), nil()), cases[i].want, np_opcode_info[cases[i].op].name);
    }
    lua_close(L);
}

/* ---- comparisons: all, both ways, with jumps taken and not ---- */

static NpProto *comparison(lua_State *L, NpOpcode op, int b, int c, NpValue k) {
    Asm as = begin(L, 2);
    if (op == NP_OP_EQK) b = constant(&as, k);
    abc(&as, op, 0, b, c);
    word(&as, 2); /* to LOADTRUE */
    abc(&as, NP_OP_LOADFALSE, 2, 0, 0);
    abc(&as, NP_OP_RETURN1, 2, 0, 0);
    abc(&as, NP_OP_LOADTRUE, 2, 0, 0);
    abc(&as, NP_OP_RETURN1, 2, 0, 0);
    return finish(&as, 5);
}

TEST(comparisons) {
    lua_State *L = open_state();
    const NpValue numbers[] = {integer(0), integer(-3), integer(5), integer(INT64_MAX), integer(INT64_MIN), number(-3.0), number(5.5),
                               number(9223372036854775808.0), number(-9223372036854775808.0), number(INFINITY), number(NAN), number(-0.0)};
    enum { N = sizeof numbers / sizeof *numbers };
    static const NpOpcode ops[] = {NP_OP_EQ, NP_OP_LT, NP_OP_LE, NP_OP_EQK};
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            const NpValue *a = &numbers[i], *b = &numbers[j];
            bool want[] = {np_raw_equal(a, b), np_arith_less_num(a, b), np_arith_less_equal_num(a, b), np_raw_equal(a, b)};
            for (int op = 0; op < 4; op++)
                for (int c = 0; c < 2; c++)
                    expect_value(run(L, comparison(L, ops[op], 1, c, *b), 2, *a, *b, nil()), boolean(want[op] == (c != 0)), np_opcode_info[ops[op]].name);
        }
        static const NpOpcode immediate[] = {NP_OP_EQI, NP_OP_LTI, NP_OP_LEI, NP_OP_GTI, NP_OP_GEI};
        for (int k = -128; k < 128; k += 5) {
            NpValue right = integer(k);
            const NpValue *a = &numbers[i];
            bool want[] = {np_raw_equal(a, &right), np_arith_less_num(a, &right), np_arith_less_equal_num(a, &right),
                           np_arith_less_num(&right, a), np_arith_less_equal_num(&right, a)};
            for (int op = 0; op < 5; op++)
                for (int c = 0; c < 2; c++)
                    expect_value(run(L, comparison(L, immediate[op], k, c, nil()), 2, *a, nil(), nil()), boolean(want[op] == (c != 0)), np_opcode_info[immediate[op]].name);
        }
    }
    lua_close(L);
}

TEST(equality_of_other_things) {
    lua_State *L = open_state();
    char longer[60];
    memset(longer, 'l', 59);
    longer[59] = 0;
    NpValue table, same, first = text(L, longer), second = text(L, longer);
    np_set_obj(&table, np_table_new(L, 0, 0), NP_TABLE);
    np_set_obj(&same, np_table_new(L, 0, 0), NP_TABLE);
    struct { NpValue a, b; bool equal; } cases[] = {
        {nil(), nil(), true}, {nil(), boolean(false), false}, {boolean(true), boolean(true), true}, {boolean(true), integer(1), false},
        {text(L, "a"), text(L, "a"), true}, {text(L, "a"), text(L, "b"), false}, {first, second, true}, {first, text(L, "l"), false},
        {table, table, true}, {table, same, false}, {text(L, "1"), integer(1), false}, {table, nil(), false},
    };
    REQUIRE(first.v.p != second.v.p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int c = 0; c < 2; c++) {
            bool want = cases[i].equal == (c != 0);
            expect_value(run(L, comparison(L, NP_OP_EQ, 1, c, nil()), 2, cases[i].a, cases[i].b, nil()), boolean(want), "EQ");
            if (cases[i].b.tag != NP_TABLE)
                expect_value(run(L, comparison(L, NP_OP_EQK, 0, c, cases[i].b), 2, cases[i].a, nil(), nil()), boolean(want), "EQK");
        }
    }
    lua_close(L);
}

TEST(tests_and_jumps) {
    lua_State *L = open_state();
    const NpValue values[] = {nil(), boolean(false), boolean(true), integer(0), number(0.0)};
    for (int i = 0; i < 5; i++) {
        bool truth = i >= 2;
        for (int c = 0; c < 2; c++) {
            expect_value(run(L, comparison(L, NP_OP_TEST, 0, c, nil()), 1, values[i], nil(), nil()), boolean(truth == (c != 0)), "TEST");
            Asm as = begin(L, 1);
            ad(&as, NP_OP_LOADI, 1, 42);
            abc(&as, NP_OP_TESTSET, 1, 0, c);
            word(&as, 0);
            abc(&as, NP_OP_RETURN1, 1, 0, 0);
            expect_value(run(L, finish(&as, 4), 1, values[i], nil(), nil()), truth == (c != 0) ? values[i] : integer(42), "TESTSET");
        }
    }
    Asm as = begin(L, 0);
    ad(&as, NP_OP_LOADI, 0, 0);
    word(&as, np_make_e(NP_OP_JMP, 1));
    abc(&as, NP_OP_RETURN1, 0, 0, 0); /* 2: reached from below */
    int one = constant(&as, integer(1));
    abc(&as, NP_OP_ADDK, 0, 0, one);
    abc(&as, NP_OP_LTI, 0, 5, 0);
    word(&as, 1);
    word(&as, np_make_e(NP_OP_LOOP, -4));
    word(&as, np_make_e(NP_OP_LOOP, -6));
    expect_value(run(L, finish(&as, 3), 0, nil(), nil(), nil()), integer(5), "JMP and LOOP");
    lua_close(L);
}

/* ---- loops ---- */

/* Counts the rounds and returns count, last value of the control variable. */
static void count_loop(lua_State *L, NpValue start, NpValue limit, NpValue step, int64_t rounds, NpValue last) {
    Asm as = begin(L, 3);
    int one = constant(&as, integer(1));
    ad(&as, NP_OP_LOADI, 4, 0);      /* rounds */
    abc(&as, NP_OP_LOADNIL, 5, 0, 0);
    abc(&as, NP_OP_MOVE, 6, 0, 0);
    abc(&as, NP_OP_MOVE, 7, 1, 0);
    abc(&as, NP_OP_MOVE, 8, 2, 0);
    abc(&as, NP_OP_FORPREP, 6, 0, 0);
    int out = word(&as, 0);
    int body = as.ncode;
    abc(&as, NP_OP_ADDK, 4, 4, one);
    abc(&as, NP_OP_MOVE, 5, 9, 0);
    abc(&as, NP_OP_FORLOOP, 6, 0, 0);
    word(&as, (NpInstr)(body - (as.ncode + 1)));
    as.code[out] = (NpInstr)(as.ncode - (out + 1));
    abc(&as, NP_OP_RETURN, 4, 3, 0);
    push_closure(L, finish(&as, 12));
    push(L, start), push(L, limit), push(L, step);
    REQUIRE_EQ(lua_pcall(L, 3, 2, 0), LUA_OK);
    expect_value(*(L->top - 2), integer(rounds), "rounds");
    expect_value(*(L->top - 1), last, "last value");
    L->top -= 2;
}

TEST(numeric_loops) {
    lua_State *L = open_state();
    count_loop(L, integer(1), integer(10), integer(1), 10, integer(10));
    count_loop(L, integer(1), integer(0), integer(1), 0, nil());
    count_loop(L, integer(10), integer(1), integer(-3), 4, integer(1));
    count_loop(L, integer(INT64_MAX - 2), integer(INT64_MAX), integer(1), 3, integer(INT64_MAX));
    count_loop(L, integer(INT64_MIN + 2), integer(INT64_MIN), integer(-1), 3, integer(INT64_MIN));
    count_loop(L, integer(INT64_MIN), integer(INT64_MAX), integer(INT64_MAX), 3, integer(INT64_MAX - 1));
    count_loop(L, integer(INT64_MAX), integer(INT64_MIN), integer(INT64_MIN), 2, integer(-1));
    count_loop(L, integer(1), number(3.9), integer(1), 3, integer(3));
    count_loop(L, integer(3), number(0.5), integer(-1), 3, integer(1));
    count_loop(L, integer(INT64_MAX - 1), number(INFINITY), integer(1), 2, integer(INT64_MAX));
    count_loop(L, integer(1), number(-INFINITY), integer(1), 0, nil());
    count_loop(L, integer(INT64_MIN + 1), number(-INFINITY), integer(-1), 2, integer(INT64_MIN));
    count_loop(L, integer(1), number(NAN), integer(1), 0, nil());
    count_loop(L, integer(1), number(NAN), integer(-1), 0, nil());
    count_loop(L, number(1), integer(3), integer(1), 3, number(3));
    count_loop(L, number(0), number(1), number(0.25), 5, number(1));
    count_loop(L, number(1), number(0), number(-0.5), 3, number(0));
    count_loop(L, integer(1), integer(2), number(0.5), 3, number(2));
    count_loop(L, number(NAN), integer(2), integer(1), 1, number(NAN)); /* as in PUC Lua: only what compares greater is out */
    count_loop(L, integer(1), text(L, "3"), integer(1), 3, integer(3)); /* numerals will do, as in PUC Lua 5.4 */
    count_loop(L, text(L, "1"), integer(2), integer(1), 2, number(2));
    lua_close(L);
}

static const char *loop_error(lua_State *L, NpValue start, NpValue limit, NpValue step) {
    Asm as = begin(L, 3);
    abc(&as, NP_OP_FORPREP, 0, 0, 0);
    word(&as, 0);
    abc(&as, NP_OP_RETURN0, 0, 0, 0);
    push_closure(L, finish(&as, 6));
    push(L, start), push(L, limit), push(L, step);
    REQUIRE_EQ(lua_pcall(L, 3, 0, 0), LUA_ERRRUN);
    return lua_tostring(L, -1);
}

TEST(errors_of_loops) {
    lua_State *L = open_state();
    EXPECT_CONTAINS(loop_error(L, integer(1), integer(2), integer(0)), "'for' step is zero");
    EXPECT_CONTAINS(loop_error(L, number(1), integer(2), number(0)), "'for' step is zero");
    EXPECT_CONTAINS(loop_error(L, nil(), integer(2), integer(1)), "'for' initial value (number expected, got nil)");
    EXPECT_CONTAINS(loop_error(L, integer(1), text(L, "x"), integer(1)), "'for' limit (number expected, got string)");
    EXPECT_CONTAINS(loop_error(L, integer(1), integer(1), boolean(true)), "'for' step (number expected, got boolean)");
    lua_close(L);
}

static int countdown(lua_State *L) { /* iterator: state is the limit */
    lua_Integer next = lua_tointeger(L, 2) + 1;
    if (next > lua_tointeger(L, 1)) return 0;
    lua_pushinteger(L, next);
    lua_pushinteger(L, next * 10);
    return 2;
}

TEST(generic_loops) {
    lua_State *L = open_state();
    Asm as = begin(L, 3); /* iterator, state, control */
    ad(&as, NP_OP_LOADI, 3, 0);
    abc(&as, NP_OP_MOVE, 4, 0, 0);
    abc(&as, NP_OP_MOVE, 5, 1, 0);
    abc(&as, NP_OP_MOVE, 6, 2, 0);
    abc(&as, NP_OP_LOADNIL, 7, 0, 0);
    abc(&as, NP_OP_TFORPREP, 4, 0, 0);
    word(&as, 1);
    int body = as.ncode;
    abc(&as, NP_OP_ADD, 3, 3, 9);
    abc(&as, NP_OP_TFORCALL, 4, 0, 2);
    abc(&as, NP_OP_TFORLOOP, 4, 0, 0);
    word(&as, (NpInstr)(body - (as.ncode + 1)));
    abc(&as, NP_OP_RETURN1, 3, 0, 0);
    NpValue iterator;
    iterator.v.f = countdown;
    iterator.tag = NP_CFUNC;
    NpProto *proto = finish(&as, 14);
    expect_value(run(L, proto, 3, iterator, integer(5), integer(0)), integer(150), "sum");
    expect_value(run(L, proto, 3, iterator, integer(0), integer(0)), integer(0), "sum");
    lua_close(L);
}

/* ---- calls ---- */

static NpProto *adder(lua_State *L) { /* (a, b) -> a + b, a, b */
    Asm as = begin(L, 2);
    abc(&as, NP_OP_ADD, 2, 0, 1);
    abc(&as, NP_OP_MOVE, 3, 0, 0);
    abc(&as, NP_OP_MOVE, 4, 1, 0);
    abc(&as, NP_OP_RETURN, 2, 4, 0);
    return finish(&as, 6);
}

TEST(calls_pass_and_adjust_values) {
    lua_State *L = open_state();
    Asm as = begin(L, 1); /* f = adder */
    abc(&as, NP_OP_MOVE, 1, 0, 0);
    ad(&as, NP_OP_LOADI, 2, 30);
    ad(&as, NP_OP_LOADI, 3, 12);
    abc(&as, NP_OP_CALL, 1, 3, 3); /* two results: R1, R2 */
    abc(&as, NP_OP_MOVE, 4, 0, 0);
    abc(&as, NP_OP_MOVE, 5, 1, 0);
    abc(&as, NP_OP_MOVE, 6, 2, 0);
    abc(&as, NP_OP_CALL, 4, 3, 0); /* all results up to top */
    abc(&as, NP_OP_RETURN, 3, 0, 0); /* R3 and up */
    push_closure(L, finish(&as, 9));
    push_closure(L, adder(L));
    REQUIRE_EQ(lua_pcall(L, 1, LUA_MULTRET, 0), LUA_OK);
    REQUIRE_EQ(lua_gettop(L), 4);
    EXPECT_EQ(lua_tointeger(L, 2), 72);
    EXPECT_EQ(lua_tointeger(L, 3), 42);
    EXPECT_EQ(lua_tointeger(L, 4), 30);
    /* Missing arguments are nil, surplus ones vanish, results are filled up. */
    lua_settop(L, 0);
    Asm back = begin(L, 2);
    abc(&back, NP_OP_RETURN, 0, 3, 0);
    NpProto *identity = finish(&back, 4);
    for (int given = 0; given <= 4; given++) {
        Asm call = begin(L, 1);
        abc(&call, NP_OP_MOVE, 1, 0, 0);
        for (int i = 0; i < given; i++) ad(&call, NP_OP_LOADI, 2 + i, 10 + i);
        abc(&call, NP_OP_CALL, 1, given + 1, 5); /* four results */
        abc(&call, NP_OP_RETURN, 1, 5, 0);
        push_closure(L, finish(&call, 9));
        push_closure(L, identity);
        REQUIRE_EQ(lua_pcall(L, 1, LUA_MULTRET, 0), LUA_OK);
        REQUIRE_EQ(lua_gettop(L), 4);
        for (int i = 1; i <= 4; i++) {
            if (i <= given && i <= 2) EXPECT_EQ(lua_tointeger(L, i), 9 + i);
            else EXPECT(lua_isnil(L, i));
        }
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(tail_calls_keep_one_frame) {
    lua_State *L = open_state();
    for (int vararg = 0; vararg < 2; vararg++) {
        Asm as = begin(L, 2); /* (self, n): n == 0 and 'done' or self(self, n - 1) */
        as.is_vararg = vararg;
        if (vararg) abc(&as, NP_OP_VARARGPREP, 2, 0, 0);
        int one = constant(&as, integer(1)), done = constant(&as, text(L, "done"));
        abc(&as, NP_OP_EQI, 1, 0, 0);
        word(&as, 2);
        ad(&as, NP_OP_LOADK, 2, done);
        abc(&as, NP_OP_RETURN1, 2, 0, 0);
        abc(&as, NP_OP_MOVE, 2, 0, 0);
        abc(&as, NP_OP_MOVE, 3, 0, 0);
        abc(&as, NP_OP_SUBK, 4, 1, one);
        ad(&as, NP_OP_LOADI, 5, 99); /* an extra argument */
        abc(&as, NP_OP_TAILCALL, 2, vararg ? 4 : 3, 0);
        abc(&as, NP_OP_RETURN, 2, 0, 0);
        NpLClosure *closure = push_closure(L, finish(&as, 8));
        NpValue self;
        np_set_obj(&self, closure, NP_LCLOSURE);
        push(L, self);
        push(L, integer(200000));
        REQUIRE_EQ(lua_pcall(L, 2, 1, 0), LUA_OK);
        EXPECT_STR(lua_tostring(L, -1), "done");
        EXPECT_LT(L->stack_last - L->stack, 1000);
        EXPECT_LT(L->frames_end - L->frames, 20);
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(variable_arguments) {
    lua_State *L = open_state();
    Asm as = begin(L, 1);
    as.is_vararg = 1;
    abc(&as, NP_OP_VARARGPREP, 1, 0, 0);
    abc(&as, NP_OP_VARARG, 1, 0, 3); /* two of them */
    abc(&as, NP_OP_MOVE, 3, 0, 0);
    abc(&as, NP_OP_VARARG, 4, 0, 0); /* all */
    abc(&as, NP_OP_RETURN, 1, 0, 0);
    NpProto *proto = finish(&as, 7);
    for (int given = 0; given <= 100; given += given < 5 ? 1 : 19) {
        push_closure(L, proto);
        for (int i = 1; i <= given; i++) push(L, integer(i));
        REQUIRE_EQ(lua_pcall(L, given, LUA_MULTRET, 0), LUA_OK);
        int extra = given > 1 ? given - 1 : 0;
        REQUIRE_EQ(lua_gettop(L), 3 + extra);
        for (int i = 1; i <= 2; i++) expect_value(*(L->frame->func + i), i <= extra ? integer(i + 1) : nil(), "first two");
        expect_value(*(L->frame->func + 3), given > 0 ? integer(1) : nil(), "the parameter");
        for (int i = 1; i <= extra; i++) REQUIRE_EQ(lua_tointeger(L, 3 + i), i + 1);
        lua_settop(L, 0);
    }
    lua_close(L);
}

/* ---- closures ---- */

TEST(closures_share_variables) {
    lua_State *L = open_state();
    Asm inner = begin(L, 0); /* U0 += 1; return U0 */
    inner.nupvalues = 1;
    inner.upvalues[0] = (NpUpvalDesc){NULL, 1, 0, 0};
    int one = constant(&inner, integer(1));
    abc(&inner, NP_OP_GETUPVAL, 0, 0, 0);
    abc(&inner, NP_OP_ADDK, 0, 0, one);
    abc(&inner, NP_OP_SETUPVAL, 0, 0, 0);
    abc(&inner, NP_OP_RETURN1, 0, 0, 0);
    NpProto *count = finish(&inner, 3);
    Asm outer = begin(L, 1);
    outer.protos[outer.nprotos++] = count;
    ad(&outer, NP_OP_CLOSURE, 1, 0);
    ad(&outer, NP_OP_CLOSURE, 2, 0);
    abc(&outer, NP_OP_MOVE, 3, 1, 0);
    abc(&outer, NP_OP_CALL, 3, 1, 1);
    abc(&outer, NP_OP_MOVE, 3, 0, 0); /* what the variable is now */
    abc(&outer, NP_OP_RETURN, 1, 4, 1); /* closes it */
    push_closure(L, finish(&outer, 6));
    push(L, integer(10));
    REQUIRE_EQ(lua_pcall(L, 1, 3, 0), LUA_OK);
    EXPECT_EQ(lua_tointeger(L, 3), 11);
    EXPECT_NULL(L->open_upvalues);
    for (int i = 12; i < 20; i++) {
        lua_pushvalue(L, i % 2 ? 1 : 2);
        REQUIRE_EQ(lua_pcall(L, 0, 1, 0), LUA_OK);
        EXPECT_EQ(lua_tointeger(L, -1), i);
        lua_pop(L, 1);
    }
    lua_close(L);
}

TEST(close_gives_every_round_its_own_variable) {
    lua_State *L = open_state();
    Asm inner = begin(L, 0);
    inner.nupvalues = 1;
    inner.upvalues[0] = (NpUpvalDesc){NULL, 1, 0, 0};
    abc(&inner, NP_OP_GETUPVAL, 0, 0, 0);
    abc(&inner, NP_OP_RETURN1, 0, 0, 0);
    NpProto *get = finish(&inner, 2);
    Asm outer = begin(L, 0);
    outer.protos[outer.nprotos++] = get;
    for (int i = 0; i < 3; i++) {
        ad(&outer, NP_OP_LOADI, 0, i);
        ad(&outer, NP_OP_CLOSURE, 1 + i, 0);
        if (i < 2) {
            abc(&outer, NP_OP_MOVE, 5 + i, 1 + i, 0);
            abc(&outer, NP_OP_CLOSE, 0, 0, 0);
            abc(&outer, NP_OP_MOVE, 1 + i, 5 + i, 0);
        }
    }
    abc(&outer, NP_OP_RETURN, 1, 4, 1);
    push_closure(L, finish(&outer, 9));
    REQUIRE_EQ(lua_pcall(L, 0, 3, 0), LUA_OK);
    for (int i = 1; i <= 3; i++) {
        lua_pushvalue(L, i);
        lua_call(L, 0, 1);
        EXPECT_EQ(lua_tointeger(L, -1), i - 1);
        lua_pop(L, 1);
    }
    lua_close(L);
}

/* ---- tables ---- */

TEST(tables_are_built_read_and_written) {
    lua_State *L = open_state();
    Asm as = begin(L, 0);
    int name = constant(&as, text(L, "name"));
    abc(&as, NP_OP_NEWTABLE, 0, 1, 0);
    word(&as, 3);
    for (int i = 1; i <= 3; i++) ad(&as, NP_OP_LOADI, i, i * 11);
    abc(&as, NP_OP_SETLIST, 0, 3, 0);
    word(&as, 0);
    ad(&as, NP_OP_LOADI, 1, 7);
    abc(&as, NP_OP_SETFIELD, 0, 1, 0);
    word(&as, 0), word(&as, (NpInstr)name), word(&as, 0);
    abc(&as, NP_OP_SETINT, 0, 4, 1); /* t[4] = 7 */
    ad(&as, NP_OP_LOADK, 2, name);
    abc(&as, NP_OP_GETINDEX, 1, 0, 2); /* t[name] */
    abc(&as, NP_OP_GETINT, 2, 0, 2);   /* t[2] */
    ad(&as, NP_OP_LOADI, 3, 4);
    abc(&as, NP_OP_GETINDEX, 3, 0, 3); /* t[4] */
    abc(&as, NP_OP_LEN, 4, 0, 0);
    abc(&as, NP_OP_GETFIELD, 5, 0, 0);
    word(&as, 0), word(&as, (NpInstr)name);
    abc(&as, NP_OP_RETURN, 1, 6, 0);
    NpProto *proto = finish(&as, 9);
    for (int round = 0; round < 3; round++) { /* the later ones with warm caches */
        push_closure(L, proto);
        REQUIRE_EQ(lua_pcall(L, 0, 5, 0), LUA_OK);
        static const int want[] = {7, 22, 7, 4, 7};
        for (int i = 0; i < 5; i++) EXPECT_EQ(lua_tointeger(L, i + 1), want[i]);
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(concatenation) {
    lua_State *L = open_state();
    Asm as = begin(L, 3);
    abc(&as, NP_OP_MOVE, 3, 0, 0);
    abc(&as, NP_OP_MOVE, 4, 1, 0);
    abc(&as, NP_OP_MOVE, 5, 2, 0);
    abc(&as, NP_OP_CONCAT, 3, 3, 3);
    abc(&as, NP_OP_RETURN1, 3, 0, 0);
    NpProto *proto = finish(&as, 8);
    NpValue result = run(L, proto, 3, text(L, "a"), integer(12), number(0.5));
    EXPECT_STR(np_str(&result)->text, "a120.5");
    result = run(L, proto, 3, text(L, ""), text(L, ""), text(L, ""));
    EXPECT_EQ(np_str(&result)->length, 0);
    result = run(L, proto, 3, integer(1), integer(2), integer(3));
    EXPECT_STR(np_str(&result)->text, "123");
    push_closure(L, proto);
    push(L, text(L, "x")), push(L, nil()), push(L, text(L, "y"));
    EXPECT_EQ(lua_pcall(L, 3, 1, 0), LUA_ERRRUN);
    EXPECT_CONTAINS(lua_tostring(L, -1), "attempt to concatenate a nil value");
    lua_close(L);
}

/* ---- hooks switch the dispatch table ---- */

static int counted;
static void count_hook(lua_State *L, lua_Debug *debug) { counted++; }

TEST(count_hooks_see_every_instruction) {
    lua_State *L = open_state();
    Asm as = begin(L, 0);
    for (int i = 0; i < 20; i++) ad(&as, NP_OP_LOADI, 0, i);
    abc(&as, NP_OP_RETURN1, 0, 0, 0);
    NpProto *proto = finish(&as, 3);
    counted = 0;
    lua_sethook(L, count_hook, LUA_MASKCOUNT, 1);
    expect_value(run(L, proto, 0, nil(), nil(), nil()), integer(19), "result");
    lua_sethook(L, NULL, 0, 0);
    EXPECT_EQ(counted, 21);
    expect_value(run(L, proto, 0, nil(), nil(), nil()), integer(19), "result");
    EXPECT_EQ(counted, 21);
    lua_close(L);
}

UNIT_MAIN
