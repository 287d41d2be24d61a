/* bcverify.c: checks the code of a function that did not come from our compiler.
 *
 * Owns: the rules that the interpreter relies on and does not check itself:
 *   V1  code consists of whole instructions that the code generator emits (none quickened, caches empty),
 *       and ends with a return.
 *   V2  every register an instruction may touch is below max_stack; constants, upvalues and inner
 *       functions exist; field keys are short strings, arithmetic constants numbers.
 *   V3  jumps land on instructions; JMP, conditional jumps and loop entries go forward, LOOP and loop
 *       ends backward (so that every loop passes an instruction that can be interrupted).
 *   V4  an instruction with results "up to top" is followed at once by the one that uses them, which
 *       nothing else leads to.
 *   V5  VARARGPREP is the first instruction of vararg functions and of no others.
 *   V6  FORPREP and FORLOOP come in nested pairs; nothing jumps into a loop, and nothing in it writes
 *       or captures the three state registers: FORLOOP may trust their tags.
 *   V7  a return that does not close is reached only when nothing was captured or to be closed; to-be-closed
 *       registers are marked in rising order, and nothing at or above the first register that an instruction lends to
 *       others (a call, a concatenation, a step of the collector) is to be closed or captured.
 *   V8  SETLIST works on a table that NEWTABLE put there and that has not been lent since.
 * Does not: prove that registers are set before they are used: a frame's slots always hold sound values.
 *
 * V6's jumps use the nesting of loops; V7 and V8 a data flow over jump targets (State).
 */
#include "runtime/bcverify.h"

#include "runtime/mem/scratch.h"

const char np_bcverify_no_memory[] = "not enough memory";

enum { STARTS = 1, TARGET = 2 }; /* marks of code words */
#define NONE (-1)

typedef struct Bits { uint64_t word[4]; } Bits;

/* What is known at a point of the code. */
typedef struct State {
    Bits captured; /* registers that an open upvalue may refer to (any path) */
    Bits tables;   /* registers that hold a table (all paths) */
    Bits tbc;      /* registers that may be to be closed (any path) */
    bool reached, queued;
} State;

typedef struct Loop {
    int32_t start, end; /* words of the body, FORLOOP included */
    int32_t parent;
    int a;
} Loop;

typedef struct Verifier {
    const NpProtoParts *parts;
    const NpInstr *code;
    int32_t ncode;
    NpScratch *scratch;
    uint8_t *marks;
    int32_t *state_of; /* by word: index of the target's state; else NONE */
    int32_t *loop_of;  /* by word: innermost loop, NONE */
    State *states; int32_t nstates;
    Loop *loops; int32_t nloops;
    int32_t *queue; int32_t nqueue;
    const char *wrong;
} Verifier;

#define REQUIRE(cond, reason) \
    do {                      \
        if (!(cond)) {        \
            v->wrong = (reason); \
            return false;     \
        }                     \
    } while (0)

/* ---- register sets ---- */

static void bit_set(Bits *bits, int reg) { bits->word[reg >> 6] |= (uint64_t)1 << (reg & 63); }
static bool bit_test(const Bits *bits, int reg) { return (bits->word[reg >> 6] >> (reg & 63)) & 1; }

/* The registers low..high (up to 255). */
static Bits bit_range(int low, int high) {
    Bits bits = {{0}};
    if (high > 255) high = 255;
    for (int i = 0; i < 4; i++) {
        int from = low - i * 64, to = high - i * 64;
        if (to < 0 || from > 63) continue;
        uint64_t mask = ~(uint64_t)0;
        if (from > 0) mask &= ~(uint64_t)0 << from;
        if (to < 63) mask &= ~(uint64_t)0 >> (63 - to);
        bits.word[i] = mask;
    }
    return bits;
}

static bool bits_meet(const Bits *a, const Bits *b) {
    return ((a->word[0] & b->word[0]) | (a->word[1] & b->word[1]) | (a->word[2] & b->word[2]) |
            (a->word[3] & b->word[3])) != 0;
}

static void bits_clear(Bits *bits, const Bits *what) {
    for (int i = 0; i < 4; i++) bits->word[i] &= ~what->word[i];
}

static bool bits_empty(const Bits *bits) { return (bits->word[0] | bits->word[1] | bits->word[2] | bits->word[3]) == 0; }

/* ---- instructions ---- */

static int words_of(NpInstr instr) { return np_opcode_info[np_op(instr)].words; }

/* Kinds of the fields A, B, C: R register, U upvalue, k constant, N constant number, 1 truth, 3 truth and a flag, - anything. */
static const char operands[NP_OP_COUNT][4] = {
    [NP_OP_MOVE] = "RR-",     [NP_OP_LOADI] = "R--",     [NP_OP_LOADF] = "R--",     [NP_OP_LOADK] = "R--",
    [NP_OP_LOADKX] = "R--",   [NP_OP_LOADNIL] = "R--",   [NP_OP_LOADFALSE] = "R--", [NP_OP_LOADTRUE] = "R--",
    [NP_OP_LFALSESKIP] = "R--", [NP_OP_GETUPVAL] = "RU-", [NP_OP_SETUPVAL] = "RU-", [NP_OP_GETTABUP] = "RU-",
    [NP_OP_SETTABUP] = "RU-", [NP_OP_GETFIELD] = "RR-",  [NP_OP_SETFIELD] = "RR-",  [NP_OP_GETINDEX] = "RRR",
    [NP_OP_SETINDEX] = "RRR", [NP_OP_GETINT] = "RR-",    [NP_OP_SETINT] = "R-R",    [NP_OP_SELF] = "RR-",
    [NP_OP_NEWTABLE] = "R--", [NP_OP_SETLIST] = "R--",   [NP_OP_ADD] = "RRR",       [NP_OP_SUB] = "RRR",
    [NP_OP_MUL] = "RRR",      [NP_OP_MOD] = "RRR",       [NP_OP_POW] = "RRR",       [NP_OP_DIV] = "RRR",
    [NP_OP_IDIV] = "RRR",     [NP_OP_BAND] = "RRR",      [NP_OP_BOR] = "RRR",       [NP_OP_BXOR] = "RRR",
    [NP_OP_SHL] = "RRR",      [NP_OP_SHR] = "RRR",       [NP_OP_ADDK] = "RRN",      [NP_OP_SUBK] = "RRN",
    [NP_OP_MULK] = "RRN",     [NP_OP_MODK] = "RRN",      [NP_OP_POWK] = "RRN",      [NP_OP_DIVK] = "RRN",
    [NP_OP_IDIVK] = "RRN",    [NP_OP_BANDK] = "RRN",     [NP_OP_BORK] = "RRN",      [NP_OP_BXORK] = "RRN",
    [NP_OP_SHLK] = "RRN",     [NP_OP_SHRK] = "RRN",      [NP_OP_KADD] = "RNR",      [NP_OP_KSUB] = "RNR",
    [NP_OP_KMUL] = "RNR",     [NP_OP_KDIV] = "RNR",      [NP_OP_UNM] = "RR-",       [NP_OP_BNOT] = "RR-",
    [NP_OP_NOT] = "RR-",      [NP_OP_LEN] = "RR-",       [NP_OP_CONCAT] = "RR-",    [NP_OP_JMP] = "---",
    [NP_OP_LOOP] = "---",     [NP_OP_EQ] = "RR1",        [NP_OP_LT] = "RR1",        [NP_OP_LE] = "RR1",
    [NP_OP_EQK] = "Rk1",      [NP_OP_EQI] = "R-1",       [NP_OP_LTI] = "R-3",       [NP_OP_LEI] = "R-3",
    [NP_OP_GTI] = "R-3",      [NP_OP_GEI] = "R-3",       [NP_OP_TEST] = "R-1",      [NP_OP_TESTSET] = "RR1",
    [NP_OP_CALL] = "R--",     [NP_OP_TAILCALL] = "R-1",  [NP_OP_RETURN] = "R-1",    [NP_OP_RETURN0] = "---",
    [NP_OP_RETURN1] = "R--",  [NP_OP_VARARGPREP] = "---", [NP_OP_VARARG] = "R--",   [NP_OP_FORPREP] = "R--",
    [NP_OP_FORLOOP] = "R--",  [NP_OP_TFORPREP] = "R--",  [NP_OP_TFORCALL] = "R--",  [NP_OP_TFORLOOP] = "R--",
    [NP_OP_CLOSURE] = "R--",  [NP_OP_CLOSE] = "R--",     [NP_OP_TBC] = "R--",
};

static bool check_field(Verifier *v, char kind, unsigned field) {
    const NpProtoParts *parts = v->parts;
    switch (kind) {
    case 'R': REQUIRE(field < parts->max_stack, "register out of range"); break;
    case 'U': REQUIRE((int)field < parts->nupvalues, "upvalue out of range"); break;
    case 'k': REQUIRE((int)field < parts->nconstants, "constant out of range"); break;
    case 'N':
        REQUIRE((int)field < parts->nconstants, "constant out of range");
        REQUIRE(np_is_number(&parts->constants[field]), "arithmetic with a constant that is not a number");
        break;
    case '3': REQUIRE(field <= 3, "condition is not 0 to 3"); break;
    case '1': REQUIRE(field <= 1, "condition is neither 0 nor 1"); break;
    default: break;
    }
    return true;
}

/* Highest register the instruction may touch beyond its plain operands; NONE if there is none. */
static int highest_register(NpInstr instr) {
    int a = (int)np_a(instr), b = (int)np_b(instr), c = (int)np_c(instr);
    switch (np_op(instr)) {
    case NP_OP_LOADNIL: return a + b;
    case NP_OP_NEWTABLE: return c - 1; /* the collector looks at all below */
    case NP_OP_SELF: return a + 1;
    case NP_OP_SETLIST: return a + b;
    case NP_OP_CONCAT: return b + c - 1;
    case NP_OP_CALL: return (b ? a + b - 1 : a) > a + c - 2 ? (b ? a + b - 1 : a) : a + c - 2;
    case NP_OP_TAILCALL: return b ? a + b - 1 : a;
    case NP_OP_RETURN: return b > 1 ? a + b - 2 : NONE;
    case NP_OP_VARARG: return c > 1 ? a + c - 2 : NONE;
    case NP_OP_FORPREP: case NP_OP_FORLOOP: case NP_OP_TFORPREP: return a + 3;
    case NP_OP_TFORCALL: return c > 3 ? a + 3 + c : a + 6;
    case NP_OP_TFORLOOP: return a + 4;
    default: return NONE;
    }
}

static bool check_words(Verifier *v, int32_t pc) {
    const NpProtoParts *parts = v->parts;
    NpInstr instr = v->code[pc];
    const NpOpInfo *info = &np_opcode_info[np_op(instr)];
    const NpInstr *extra = &v->code[pc + 1];
    if (info->flags & NP_OPF_KW) {
        REQUIRE(np_c(instr) == 0 && extra[0] == 0 && (info->words < 4 || extra[2] == 0), "cache not empty");
        REQUIRE(extra[1] < (uint32_t)parts->nconstants, "constant out of range");
        REQUIRE(np_is_str(&parts->constants[extra[1]]) && np_str(&parts->constants[extra[1]])->is_short,
                "field key is not a short string");
    }
    switch (np_op(instr)) {
    case NP_OP_LOADK: REQUIRE((int)np_d(instr) < parts->nconstants, "constant out of range"); break;
    case NP_OP_LOADKX: REQUIRE(extra[0] < (uint32_t)parts->nconstants, "constant out of range"); break;
    case NP_OP_SETLIST: REQUIRE(extra[0] <= INT32_MAX - 256, "list too long"); break;
    case NP_OP_NEWTABLE: REQUIRE(extra[0] <= INT32_MAX, "table too large"); break;
    case NP_OP_CLOSURE: REQUIRE((int)np_d(instr) < parts->nprotos, "inner function out of range"); break;
    case NP_OP_CONCAT: REQUIRE(np_c(instr) >= 2, "concatenation of less than two values"); break;
    case NP_OP_TFORCALL: REQUIRE(np_c(instr) >= 1, "loop without a variable"); break;
    case NP_OP_VARARG: REQUIRE(parts->is_vararg, "'...' outside a vararg function"); break;
    case NP_OP_VARARGPREP:
        REQUIRE(pc == 0 && parts->is_vararg && np_a(instr) == parts->nparams, "misplaced VARARGPREP");
        break;
    default: break;
    }
    return true;
}

static bool check_operands(Verifier *v, int32_t pc) {
    NpInstr instr = v->code[pc];
    const char *kinds = operands[np_op(instr)];
    REQUIRE(kinds[0] != '\0', "unknown instruction");
    if (!check_field(v, kinds[0], np_a(instr)) || !check_field(v, kinds[1], np_b(instr)) ||
        !check_field(v, kinds[2], np_c(instr)))
        return false;
    REQUIRE(highest_register(instr) < v->parts->max_stack, "register out of range");
    return check_words(v, pc);
}

/* ---- layout ---- */

/* Where the instruction may jump to; NONE if it does not. LFALSESKIP counts as a jump. */
static int64_t target_of(const Verifier *v, int32_t pc) {
    NpInstr instr = v->code[pc];
    const NpOpInfo *info = &np_opcode_info[np_op(instr)];
    if (info->flags & NP_OPF_JE) return (int64_t)pc + 1 + np_e(instr);
    if (info->flags & NP_OPF_JW) return (int64_t)pc + info->words + (int32_t)v->code[pc + 1];
    if (np_op(instr) == NP_OP_LFALSESKIP) return pc + 2;
    return NONE;
}

static bool goes_back(unsigned op) { return op == NP_OP_LOOP || op == NP_OP_FORLOOP || op == NP_OP_TFORLOOP; }

static bool is_return(unsigned op) {
    return op == NP_OP_RETURN || op == NP_OP_RETURN0 || op == NP_OP_RETURN1;
}

static bool check_layout(Verifier *v) {
    int32_t pc = 0, last = NONE;
    REQUIRE(v->ncode > 0, "no code");
    while (pc < v->ncode) {
        unsigned op = np_op(v->code[pc]);
        REQUIRE(op < NP_OP_COUNT && !(np_opcode_info[op].flags & NP_OPF_Q), "unknown instruction");
        REQUIRE(np_opcode_info[op].words <= v->ncode - pc, "incomplete instruction");
        v->marks[pc] |= STARTS;
        last = pc;
        pc += np_opcode_info[op].words;
    }
    REQUIRE(is_return(np_op(v->code[last])), "function does not end with a return");
    REQUIRE((np_op(v->code[0]) == NP_OP_VARARGPREP) == (v->parts->is_vararg != 0), "misplaced VARARGPREP");
    for (pc = 0; pc < v->ncode; pc += words_of(v->code[pc])) {
        int64_t target = target_of(v, pc);
        if (target == NONE) continue;
        REQUIRE(target >= 0 && target < v->ncode && (v->marks[target] & STARTS), "jump out of range");
        REQUIRE(goes_back(np_op(v->code[pc])) == (target <= pc), "jump in the wrong direction");
        v->marks[target] |= TARGET;
    }
    return true;
}

/* ---- values up to top ---- */

static bool gives_open(NpInstr instr) {
    unsigned op = np_op(instr);
    return op == NP_OP_TAILCALL || ((op == NP_OP_CALL || op == NP_OP_VARARG) && np_c(instr) == 0);
}

static bool takes_open(NpInstr instr) {
    unsigned op = np_op(instr);
    return np_b(instr) == 0 &&
           (op == NP_OP_CALL || op == NP_OP_TAILCALL || op == NP_OP_RETURN || op == NP_OP_SETLIST);
}

static bool check_open(Verifier *v) {
    NpInstr previous = 0;
    bool open = false;
    for (int32_t pc = 0; pc < v->ncode; pc += words_of(v->code[pc])) {
        NpInstr instr = v->code[pc];
        REQUIRE(takes_open(instr) == open, "open results and their use do not match");
        if (open) {
            unsigned least = np_a(instr) + (np_op(instr) != NP_OP_RETURN);
            REQUIRE(np_op(previous) != NP_OP_TAILCALL || np_op(instr) == NP_OP_RETURN, "tail call without its return");
            REQUIRE(np_a(previous) >= least, "open results below their use");
            REQUIRE(!(v->marks[pc] & TARGET), "jump to a use of open results");
        }
        open = gives_open(instr);
        previous = instr;
    }
    return true; /* a return is last, so nothing is left open */
}

/* ---- loops ---- */

/* The first register that is lent to others while the instruction is carried out: there the frame of a callee, a
 * metamethod or a finaliser may lie. 256: none. */
static int lent_from(NpInstr instr) {
    int a = (int)np_a(instr), b = (int)np_b(instr), c = (int)np_c(instr);
    switch (np_op(instr)) {
    case NP_OP_CALL: return a;
    case NP_OP_TFORCALL: return a + 4;
    case NP_OP_CONCAT: return b;
    case NP_OP_CLOSURE: return a + 1;
    case NP_OP_NEWTABLE: return c > a ? c : a + 1;
    default: return 256;
    }
}

/* Registers the instruction may write, or let others write. */
static Bits written_by(NpInstr instr) {
    int a = (int)np_a(instr), b = (int)np_b(instr), c = (int)np_c(instr);
    Bits bits = bit_range(lent_from(instr), 255);
    switch (np_op(instr)) {
    case NP_OP_LOADNIL: return bit_range(a, a + b);
    case NP_OP_SELF: return bit_range(a, a + 1);
    case NP_OP_CALL: case NP_OP_TFORCALL: return bits;
    case NP_OP_VARARG: return c == 1 ? bits : bit_range(a, c ? a + c - 2 : 255);
    case NP_OP_FORPREP: return bit_range(a, a + 3);
    case NP_OP_FORLOOP:
        bit_set(&bits, a);
        bit_set(&bits, a + 3);
        return bits;
    case NP_OP_TFORLOOP: return bit_range(a + 2, a + 2);
    default:
        if (np_opcode_info[np_op(instr)].flags & NP_OPF_SA) bit_set(&bits, a);
        return bits;
    }
}

/* Registers of this frame that the closure captures. */
static Bits captured_by(const Verifier *v, NpInstr instr) {
    const NpProto *inner = v->parts->protos[np_d(instr)];
    Bits bits = {{0}};
    for (int i = 0; i < inner->nupvalues; i++)
        if (inner->upvalues[i].from_stack) bit_set(&bits, inner->upvalues[i].index);
    return bits;
}

static bool open_loop(Verifier *v, int32_t pc, int32_t *innermost) {
    int32_t end = (int32_t)target_of(v, pc), last = end - 2;
    Loop *loop = &v->loops[v->nloops];
    REQUIRE(last >= pc + 2 && (v->marks[last] & STARTS) && np_op(v->code[last]) == NP_OP_FORLOOP &&
            np_a(v->code[last]) == np_a(v->code[pc]) && target_of(v, last) == pc + 2,
            "FORPREP without its FORLOOP");
    REQUIRE(*innermost == NONE || end <= v->loops[*innermost].end - 2, "loops overlap");
    loop->start = pc + 2;
    loop->end = end;
    loop->parent = *innermost;
    loop->a = (int)np_a(v->code[pc]);
    *innermost = v->nloops++;
    return true;
}

static bool check_generic_for(Verifier *v, int32_t pc) {
    NpInstr instr = v->code[pc];
    int32_t next = pc + words_of(instr);
    if (np_op(instr) == NP_OP_TFORPREP) {
        NpInstr call = v->code[target_of(v, pc)];
        REQUIRE(np_op(call) == NP_OP_TFORCALL && np_a(call) == np_a(instr), "TFORPREP without its TFORCALL");
    } else if (np_op(instr) == NP_OP_TFORCALL) {
        REQUIRE(next < v->ncode && np_op(v->code[next]) == NP_OP_TFORLOOP && np_a(v->code[next]) == np_a(instr),
                "TFORCALL without its TFORLOOP");
    }
    return true;
}

static bool check_loops(Verifier *v) {
    int32_t innermost = NONE;
    Bits state = {{0}}; /* state registers of the loops around */
    for (int32_t pc = 0; pc < v->ncode; pc += words_of(v->code[pc])) {
        NpInstr instr = v->code[pc];
        Bits touched;
        bool ends = innermost != NONE && pc == v->loops[innermost].end - 2;
        v->loop_of[pc] = innermost;
        REQUIRE((np_op(instr) == NP_OP_FORLOOP) == ends, "FORLOOP without its FORPREP");
        if (ends) {
            Bits own = bit_range(v->loops[innermost].a, v->loops[innermost].a + 2);
            bits_clear(&state, &own);
            innermost = v->loops[innermost].parent;
            continue;
        }
        touched = written_by(instr);
        REQUIRE(!bits_meet(&touched, &state), "write to the state of a loop");
        if (np_op(instr) == NP_OP_CLOSURE) {
            touched = captured_by(v, instr);
            REQUIRE(!bits_meet(&touched, &state), "state of a loop captured");
        } else if (np_op(instr) == NP_OP_FORPREP) {
            if (!open_loop(v, pc, &innermost)) return false;
            for (int i = 0; i < 3; i++) bit_set(&state, (int)np_a(instr) + i);
        }
        if (!check_generic_for(v, pc)) return false;
    }
    for (int32_t pc = 0; pc < v->ncode; pc += words_of(v->code[pc])) {
        int64_t target = target_of(v, pc);
        const Loop *loop;
        if (target == NONE || v->loop_of[target] == NONE) continue;
        loop = &v->loops[v->loop_of[target]];
        REQUIRE(pc >= loop->start && pc < loop->end, "jump into a loop");
    }
    return true;
}

/* ---- data flow ---- */

/* Lets the state at a target take in what comes along one more way. */
static void merge(Verifier *v, int32_t pc, const State *from) {
    State *to = &v->states[v->state_of[pc]];
    State old = *to;
    if (!to->reached) {
        *to = *from;
        to->reached = true;
        to->queued = old.queued;
    } else {
        for (int i = 0; i < 4; i++) {
            to->captured.word[i] |= from->captured.word[i];
            to->tables.word[i] &= from->tables.word[i];
            to->tbc.word[i] |= from->tbc.word[i];
        }
        if (memcmp(&old.captured, &to->captured, sizeof old.captured) == 0 &&
            memcmp(&old.tables, &to->tables, sizeof old.tables) == 0 &&
            memcmp(&old.tbc, &to->tbc, sizeof old.tbc) == 0)
            return;
    }
    if (!to->queued) {
        to->queued = true;
        v->queue[v->nqueue++] = pc;
    }
}

static bool any_from(const Bits *bits, int reg) {
    Bits above = bit_range(reg, 255);
    return bits_meet(bits, &above);
}

static bool mark_tbc(Verifier *v, State *state, int reg) {
    REQUIRE(!any_from(&state->tbc, reg), "to-be-closed variables out of order");
    bit_set(&state->tbc, reg);
    return true;
}

static void close_from(State *state, int reg) {
    Bits above = bit_range(reg, 255);
    bits_clear(&state->captured, &above);
    bits_clear(&state->tbc, &above);
}

/* A return, or a tail call, which has closed what must be when its RETURN follows. */
static bool check_leave(Verifier *v, State *state, NpInstr instr) {
    bool tail = np_op(instr) == NP_OP_TAILCALL;
    bool closes = (np_op(instr) == NP_OP_RETURN || tail) && np_c(instr);
    if (tail || !closes) REQUIRE(bits_empty(&state->tbc), "return without closing a to-be-closed variable");
    if (!closes) REQUIRE(bits_empty(&state->captured), "return without closing upvalues");
    if (tail) memset(&state->captured, 0, sizeof state->captured);
    return true;
}

/* Carries the state over one instruction. */
static bool step(Verifier *v, State *state, NpInstr instr) {
    int a = (int)np_a(instr);
    Bits bits = written_by(instr);
    bits_clear(&state->tables, &bits);
    switch (np_op(instr)) {
    case NP_OP_NEWTABLE:
        if (!bit_test(&state->captured, a)) bit_set(&state->tables, a);
        break;
    case NP_OP_SETLIST: REQUIRE(bit_test(&state->tables, a), "SETLIST without a table"); break;
    case NP_OP_CLOSURE:
        bits = captured_by(v, instr);
        for (int i = 0; i < 4; i++) state->captured.word[i] |= bits.word[i];
        bits_clear(&state->tables, &bits);
        break;
    case NP_OP_FORPREP:
        bits = bit_range(a, a + 2);
        REQUIRE(!bits_meet(&bits, &state->captured), "state of a loop captured");
        break;
    case NP_OP_CLOSE: close_from(state, a); break;
    case NP_OP_TBC: return mark_tbc(v, state, a);
    case NP_OP_TFORPREP: return mark_tbc(v, state, a + 3);
    case NP_OP_RETURN: case NP_OP_RETURN0: case NP_OP_RETURN1: case NP_OP_TAILCALL: return check_leave(v, state, instr);
    default: break;
    }
    REQUIRE(!any_from(&state->tbc, lent_from(instr)), "call below a to-be-closed variable");
    REQUIRE(!any_from(&state->captured, lent_from(instr)), "call below a captured variable");
    return true;
}

static bool falls_through(unsigned op) {
    return !is_return(op) && op != NP_OP_JMP && op != NP_OP_LOOP && op != NP_OP_LFALSESKIP && op != NP_OP_TFORPREP;
}

static bool check_flow(Verifier *v) {
    State start = {.reached = false};
    v->marks[0] |= TARGET;
    for (int32_t pc = 0; pc < v->ncode; pc++)
        if (v->marks[pc] & TARGET) {
            memset(&v->states[v->nstates], 0, sizeof *v->states);
            v->state_of[pc] = v->nstates++;
        }
    merge(v, 0, &start);
    while (v->nqueue > 0) {
        int32_t pc = v->queue[--v->nqueue];
        State state = v->states[v->state_of[pc]];
        v->states[v->state_of[pc]].queued = false;
        for (;;) {
            NpInstr instr = v->code[pc];
            int64_t target = target_of(v, pc);
            if (!step(v, &state, instr)) return false;
            if (target != NONE) merge(v, (int32_t)target, &state);
            if (!falls_through(np_op(instr))) break;
            pc += words_of(instr);
            if (v->marks[pc] & TARGET) {
                merge(v, pc, &state);
                break;
            }
        }
    }
    return true;
}

/* ---- the rest ---- */

static bool check_header(Verifier *v) {
    const NpProtoParts *parts = v->parts;
    REQUIRE(parts->max_stack >= 1 && parts->max_stack <= NP_MAX_REGISTERS, "too many registers");
    REQUIRE(parts->nparams <= parts->max_stack, "more parameters than registers");
    for (int i = 0; i < parts->nprotos; i++) {
        const NpProto *inner = parts->protos[i];
        for (int u = 0; u < inner->nupvalues; u++)
            REQUIRE(inner->upvalues[u].index < (inner->upvalues[u].from_stack ? parts->max_stack : parts->nupvalues),
                    "captured variable out of range");
    }
    return true;
}

static bool check_debug(Verifier *v) {
    const NpProtoParts *parts = v->parts;
    int32_t last = 0;
    for (int i = 0; i < parts->nlines; i++) {
        uint32_t pc = parts->lines[i].pc;
        REQUIRE(pc < (uint32_t)v->ncode && (i ? pc > parts->lines[i - 1].pc : pc == 0), "bad line information");
        REQUIRE(parts->lines[i].line >= 0, "bad line information");
    }
    for (int i = 0; i < parts->nlocvars; i++) {
        const NpLocVar *var = &parts->locvars[i];
        REQUIRE(var->start_pc >= last && var->end_pc >= var->start_pc && var->end_pc <= v->ncode,
                "bad variable information");
        last = var->start_pc;
    }
    return true;
}

static void *take(Verifier *v, size_t count, size_t size) {
    void *block = np_scratch_alloc(v->scratch, (count + 1) * size);
    if (!block) v->wrong = np_bcverify_no_memory;
    return block;
}

/* The arrays whose size depends on what check_layout counted. */
static bool allocate(Verifier *v) {
    size_t targets = 1, loops = 0, ncode = (size_t)v->ncode;
    for (int32_t pc = 0; pc < v->ncode; pc++) {
        targets += (v->marks[pc] & TARGET) != 0;
        loops += (v->marks[pc] & STARTS) && np_op(v->code[pc]) == NP_OP_FORPREP;
    }
    v->state_of = take(v, ncode, sizeof *v->state_of);
    v->loop_of = take(v, ncode, sizeof *v->loop_of);
    v->states = take(v, targets, sizeof *v->states);
    v->queue = take(v, targets, sizeof *v->queue);
    v->loops = take(v, loops, sizeof *v->loops);
    return !v->wrong;
}

static bool check(Verifier *v) {
    if (!check_header(v)) return false;
    v->marks = take(v, (size_t)v->ncode, 1);
    if (!v->marks) return false;
    memset(v->marks, 0, (size_t)v->ncode + 1);
    if (!check_layout(v)) return false;
    for (int32_t pc = 0; pc < v->ncode; pc += words_of(v->code[pc]))
        if (!check_operands(v, pc)) return false;
    return check_debug(v) && check_open(v) && allocate(v) && check_loops(v) && check_flow(v);
}

const char *np_bcverify(const NpProtoParts *parts, NpScratch *scratch) {
    Verifier v = {.parts = parts, .code = parts->code, .ncode = parts->ncode, .scratch = scratch};
    check(&v);
    return v.wrong;
}

const char *np_bcverify_proto(const NpProto *proto, NpScratch *scratch) {
    NpProtoParts parts = {
        .nparams = proto->nparams, .is_vararg = proto->is_vararg, .max_stack = proto->max_stack,
        .line = proto->line, .last_line = proto->last_line, .source = proto->source,
        .code = proto->code, .ncode = proto->ncode,
        .constants = proto->constants, .nconstants = proto->nconstants,
        .protos = proto->protos, .nprotos = proto->nprotos,
        .upvalues = proto->upvalues, .nupvalues = proto->nupvalues,
        .lines = proto->lines, .nlines = proto->nlines,
        .locvars = proto->locvars, .nlocvars = proto->nlocvars,
    };
    const char *wrong = np_bcverify(&parts, scratch);
    for (int32_t i = 0; !wrong && i < proto->nprotos; i++) wrong = np_bcverify_proto(proto->protos[i], scratch);
    return wrong;
}
