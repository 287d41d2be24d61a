/* emit.h: the state of code generation, and the emitter (emit.c): code words, constants, lines, jumps,
 * registers, active variables and blocks of the function being generated.
 *
 * Owns: NpFuncGen and everything in it. Arrays live in the compilation's NpScratch; an NpFuncGen is used
 *       again for the next function at its depth, so that arrays are grown once.
 * Does not: know expressions and statements (cg_expr.c, cg_cond.c, cg_stat.c).
 *
 * Registers: locals below, temporaries above, as a stack; `free` is the first unused one.
 * A register at or above `free` may be used as a scratch by whoever evaluates into it.
 * Everything here may throw: LUA_ERRMEM, or LUA_ERRSYNTAX for a limit. No safe points: nothing collects.
 */
#ifndef NP_EMIT_H
#define NP_EMIT_H

#include "compiler/ast.h"
#include "runtime/mem/scratch.h"
#include "runtime/object.h"
#include "runtime/opcode.h"

/* Jumps waiting for their target: word index of the last such instruction, linked through their
 * offset fields. */
typedef int32_t NpJumps;
#define NP_NO_JUMP (-1)

#define NP_MAX_WORDS (1 << 30) /* words of code in a function */
#define NP_MAX_JUMP (1 << 23)  /* JMP has 24 bits of offset, in which it also says where the jump before it in a list is */
#define NP_MAX_K 255           /* largest constant index an 8-bit operand holds */

/* A variable with a register. Hidden ones, "(for state)", have no NpLocal. */
typedef struct NpActive {
    NpLocal *local;
    int32_t locvar;  /* its entry in locvars */
    bool closes;     /* to-be-closed */
} NpActive;

typedef struct NpGenBlock {
    struct NpGenBlock *outer;
    int nactive;      /* variables active outside it; their count is also its first register */
    int label_level;  /* NpFuncGen.label_level outside it */
    bool is_loop;     /* `break` ends here */
    bool has_close;   /* a to-be-closed variable of this block or an outer one of the function is in scope */
    bool break_closes; /* the code behind the loop closes everything: `break` needs no CLOSE of its own */
    NpJumps breaks;
    /* for cg_stat.c, between the beginning of a statement and its end */
    NpJumps exit;     /* a condition that does not hold */
    int32_t start;    /* first word of a loop; of a `for`, its FORPREP or TFORPREP */
    int line;         /* of the step of a `for` */
} NpGenBlock;

/* How far the code of a function was: to forget what cannot be reached. */
typedef struct NpEmitMark {
    int32_t ncode, nconstants, nprotos, nlines, nlocvars, nreturns, last_pc, last_target;
    int max_stack;
    NpJumps *breaks; /* of the innermost loop, or NULL */
    NpJumps breaks_were;
} NpEmitMark;

typedef struct NpGen {
    lua_State *L;
    NpScratch *scratch; /* what lives until the end */
    NpScratch *tree;    /* what is freed after every statement */
    NpString *source;
    NpString **strings; /* by NpAstName.constant */
    int32_t nstrings, cstrings;
    NpString *for_state; /* "(for state)", made when first needed */
} NpGen;

typedef struct NpFuncGen {
    NpGen *gen;
    struct NpFuncGen *outer, *spare_inner; /* spare_inner: finished, kept for its arrays */
    NpFunc *func;
    NpGenBlock *block;
    NpInstr *code; int32_t ncode, ccode;
    NpValue *constants; int32_t nconstants, cconstants;
    int32_t *constant_index; uint32_t index_mask, index_capacity; /* open addressing: constant + 1, 0 empty */
    NpProto **protos; int32_t nprotos, cprotos;
    NpLineRun *lines; int32_t nlines, clines;
    NpLocVar *locvars; int32_t nlocvars, clocvars;
    int32_t *returns, nreturns, creturns; /* words of returns that close nothing, while a variable that is active
                                             there may yet be captured; ascending */
    NpActive active[NP_MAX_REGISTERS]; /* index = register */
    int nactive;
    int ncapturable; /* active variables that are captured, and those that are closed: returns must close if there are any */
    int label_level; /* the largest number of variables active at a label that can be seen */
    int free, max_stack;
    int line;        /* given to the instructions emitted next */
    int test_line;   /* if not 0: line of the truth test that ends the condition of an `if` */
    int late_line;   /* if not 0: line of the load that comes next, should it be of a variable, field or
                        literal: Lua emits these when it has read the operator behind them */
    int32_t last_pc; /* start of the instruction emitted last, -1: none */
    int32_t last_target; /* largest word index known to be jumped to */
} NpFuncGen;

/* ---- functions ---- */
/* [err] Starts a function inside `outer` (NULL: the main chunk); func->gen is it. */
NpFuncGen *np_emit_begin(NpGen *gen, NpFuncGen *outer, NpFunc *func);
/* [err] Makes its prototype; the last instruction must be a return. */
NpProto *np_emit_finish(NpFuncGen *fg);
/* [err] Adds an inner function and returns its index. */
int np_emit_add_proto(NpFuncGen *fg, NpProto *proto);
/* [err] Throws LUA_ERRSYNTAX: "chunk:line: message"; line is fg->line. */
NP_NORETURN NP_COLD void np_emit_error(NpFuncGen *fg, const char *format, ...) NP_PRINTF(2, 3);
/* [err] Throws "too many <what> (limit is <limit>) in <function>". */
NP_NORETURN NP_COLD void np_emit_limit_error(NpFuncGen *fg, const char *what, int limit);

/* ---- instructions: all return the word index of the instruction ---- */
int32_t np_emit_abc(NpFuncGen *fg, NpOpcode op, int a, int b, int c);
int32_t np_emit_abcw(NpFuncGen *fg, NpOpcode op, int a, int b, int c, uint32_t w1);
int32_t np_emit_ad(NpFuncGen *fg, NpOpcode op, int a, int d);
/* GETFIELD, SETFIELD, SELF, GETTABUP, SETTABUP with empty caches. */
int32_t np_emit_cached(NpFuncGen *fg, NpOpcode op, int a, int b, int key);
/* LOADNIL of n registers, merged with one just before where possible. */
void np_emit_nil(NpFuncGen *fg, int first, int n);

/* ---- jumps ---- */
void np_emit_jump(NpFuncGen *fg, NpJumps *list);                                 /* JMP */
void np_emit_cond(NpFuncGen *fg, NpOpcode op, int a, int b, int c, NpJumps *list); /* compare and jump */
void np_emit_patch_here(NpFuncGen *fg, NpJumps list);
int32_t np_emit_label(NpFuncGen *fg); /* the next word, noted as a target */
void np_emit_loop(NpFuncGen *fg, int32_t target); /* LOOP back to target */
/* Sets W1 of the instruction at pc so that it goes to target. */
void np_emit_set_offset(NpFuncGen *fg, int32_t pc, int32_t target);

/* ---- constants ---- */
int np_emit_k_value(NpFuncGen *fg, const NpValue *value); /* nil, booleans, numbers */
int np_emit_k_string(NpFuncGen *fg, NpAstName *name);
int np_emit_k_literal(NpFuncGen *fg, const NpExpr *literal);
NpString *np_emit_string(NpGen *gen, NpAstName *name);
/* Can the text be a key of the cached instructions? */
static inline bool np_emit_is_field_name(const NpAstName *name) { return name->length <= NP_SHORT_MAX; }

/* ---- registers ---- */
/* Counts registers up to and without `end` as used; throws when there are not so many. */
void np_emit_need(NpFuncGen *fg, int end);
/* The next n free registers are taken; returns the first. */
int np_emit_take(NpFuncGen *fg, int n);

/* ---- variables and blocks ---- */
/* The variable becomes active; its register is the number of active ones before (already taken). */
void np_emit_activate(NpFuncGen *fg, NpLocal *local);
void np_emit_activate_hidden(NpFuncGen *fg, bool closes); /* a "(for state)" */
void np_emit_enter(NpFuncGen *fg, NpGenBlock *block, bool is_loop);
/* The block's variables end; emits CLOSE for them when something may be open and `close` is set. Returns the first
 * register to be closed by a jump out of the block; -1: none. */
int np_emit_leave(NpFuncGen *fg, bool close);
/* First register at or above the level-th active variable that is captured or to be closed; -1: none. */
int np_emit_close_level(const NpFuncGen *fg, int level);
/* The same for a jump from here to where `level` variables are active: one that is captured in code still to come
 * counts too if that code can have run before, through a loop or a label behind its declaration. */
int np_emit_jump_level(const NpFuncGen *fg, int level);
/* Marks an active variable (by its register) to be closed. */
void np_emit_mark_close(NpFuncGen *fg, int reg);
/* An active variable of the function has been captured for the first time. */
static inline void np_emit_captured(NpFuncGen *fg) { fg->ncapturable++; }
/* Notes that a return at pc, emitted without closing, closes if an active variable is captured later. */
void np_emit_note_return(NpFuncGen *fg, int32_t pc);
NpEmitMark np_emit_mark(NpFuncGen *fg);
/* Forgets the code since the mark: it cannot be reached. */
void np_emit_forget(NpFuncGen *fg, const NpEmitMark *mark);

#endif
