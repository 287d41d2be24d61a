/* cg.h: code generation from the syntax tree: expressions (cg_expr.c), conditions and logical
 * operators (cg_cond.c), statements and functions (cg_stat.c). On top of emit.h.
 * Does not: check scopes (scope.c does it) or produce any message but about limits.
 *
 * grammar.y calls it while it reads: for a simple statement when it is complete, for one with blocks when each of them
 * begins and ends, with the blocks given from outside so that they live that long.
 *
 * Tags: all [gc-free, err]. */
#ifndef NP_CG_H
#define NP_CG_H

#include "compiler/emit.h"

/* ---- cg_stat.c ---- */
/* The parameters of a function begun with np_emit_begin are known, its body comes. */
void np_cg_open_body(NpFuncGen *fg, NpGenBlock *block);
/* Its end was read in that line. */
NpProto *np_cg_close_body(NpFuncGen *fg, int line);
/* A statement without blocks, or the function of one: LOCAL, ASSIGN, CALL, FUNCTION, LOCAL_FUNCTION, RETURN. */
void np_cg_statement(NpFuncGen *fg, NpStat *stat);
/* The variable of a `local function`, which its body can refer to. */
void np_cg_declare_function(NpFuncGen *fg, NpLocal *local);
/* BREAK and GOTO; `waiting`: the jumps of a goto whose label is not known yet. */
void np_cg_jump(NpFuncGen *fg, const NpStat *stat, NpJumps *waiting);
/* The list that a condition can jump to at once instead of jumping to that BREAK or GOTO, or NULL. */
NpJumps *np_cg_direct_jump(NpFuncGen *fg, const NpStat *stat, NpJumps *waiting);
/* A label is here. Returns its word. */
int32_t np_cg_label(NpFuncGen *fg);
/* Makes gotos that leave a block close from `level`, in code that is reached by them only. */
void np_cg_leave_by_goto(NpFuncGen *fg, NpJumps *gotos, int level);
/* The ends of blocks return the first register that a goto out of them must close; -1: none. */
int np_cg_close_block(NpFuncGen *fg); /* one begun with np_emit_enter */
/* The condition of an `if` or `elseif`: jumps when it is `when`. */
void np_cg_condition(NpFuncGen *fg, const NpIfArm *arm, bool when, NpJumps *list);
void np_cg_open_while(NpFuncGen *fg, NpGenBlock *block, NpExpr *condition, int line);
int np_cg_close_while(NpFuncGen *fg);
void np_cg_open_repeat(NpFuncGen *fg, NpGenBlock *block, int line);
int np_cg_close_repeat(NpFuncGen *fg, NpExpr *condition);
void np_cg_open_for_num(NpFuncGen *fg, NpGenBlock *loop, NpGenBlock *body, NpStat *stat);
int np_cg_close_for_num(NpFuncGen *fg);
void np_cg_open_for_in(NpFuncGen *fg, NpGenBlock *loop, NpGenBlock *body, NpStat *stat);
int np_cg_close_for_in(NpFuncGen *fg, int nnames);

/* ---- cg_expr.c ---- */
/* An operand: a literal not yet in a register, or a register (of a local, or the newest temporary). */
typedef struct NpOperand {
    const NpExpr *literal; /* or NULL */
    int reg;
} NpOperand;

/* One value into `target`, which is either below fg->free (a local's register, or taken already) or
 * equal to fg->free. fg->free is the same afterwards. A target below fg->free is written last of all. */
void np_cg_into(NpFuncGen *fg, NpExpr *expr, int target);
/* One value into the next register, which is taken. */
int np_cg_next(NpFuncGen *fg, NpExpr *expr);
/* One value in any register: a local's own, or the next, taken. */
int np_cg_any(NpFuncGen *fg, NpExpr *expr);
NpOperand np_cg_operand(NpFuncGen *fg, NpExpr *expr);
/* The operand's register; a literal is loaded into the next one. */
int np_cg_operand_reg(NpFuncGen *fg, NpOperand *operand);
void np_cg_literal(NpFuncGen *fg, const NpExpr *literal, int target);
/* Can it give any number of values? */
bool np_cg_is_multi(const NpExpr *expr);
/* A CALL, METHOD or VARARG with `want` results (LUA_MULTRET: up to top) at fg->free, none taken. */
void np_cg_multi(NpFuncGen *fg, NpExpr *expr, int want);
/* All expressions into the next registers, taken; true when the last gives values up to top (not taken). */
bool np_cg_list(NpFuncGen *fg, NpExpr *first);
/* The list adjusted to `want` values in the next registers, which are taken. */
void np_cg_adjust(NpFuncGen *fg, NpExpr *first, int want);

/* A place to store: what `object[key] = ` needs, evaluated. */
typedef struct NpPlace {
    enum { NP_PLACE_LOCAL, NP_PLACE_UPVALUE, NP_PLACE_UPVALUE_FIELD, NP_PLACE_FIELD, NP_PLACE_INT, NP_PLACE_KEY } kind;
    int object; /* register; upvalue for UPVALUE and UPVALUE_FIELD */
    int key;    /* constant, integer or register */
} NpPlace;
/* Evaluates the parts of an assignment's target. With `copy_object` and `copy_key` set a local that
 * serves as such is copied to a temporary. */
NpPlace np_cg_place(NpFuncGen *fg, NpExpr *target, bool copy_object, bool copy_key);
void np_cg_store(NpFuncGen *fg, const NpPlace *place, int value);

/* A table constructor whose items come bit by bit. */
typedef struct NpGenTable {
    int reg;           /* it is in */
    int32_t pc;        /* of its NEWTABLE */
    int pending;       /* elements in the registers above, */
    int64_t stored;    /* and before those */
    int fields;        /* with names known to the compiler; at most 255 */
    uint32_t elements;
    int item;          /* first free register before the item that has begun */
} NpGenTable;
/* Makes it in the next register, which is taken. */
void np_cg_open_table(NpFuncGen *fg, NpGenTable *table, int line);
/* Items; `complete`: they are the last ones. */
void np_cg_table_items(NpFuncGen *fg, NpGenTable *table, NpTableItem *items, bool complete);
/* An item in two steps, its value being a table that begins between them; key: NULL for an element. */
NpPlace np_cg_begin_item(NpFuncGen *fg, NpGenTable *table, NpExpr *key);
void np_cg_end_item(NpFuncGen *fg, NpGenTable *table, NpTableItem *item, const NpPlace *place);
/* It is complete, and in the next register, not taken: a MADE. */
void np_cg_close_table(NpFuncGen *fg, const NpGenTable *table);

/* ---- cg_cond.c ---- */
/* Does a literal count as true? */
static inline bool np_cg_is_true(const NpExpr *literal) {
    return literal->kind != NP_EXPR_NIL && literal->kind != NP_EXPR_FALSE;
}
/* Is a condition true whatever happens? */
static inline bool np_cg_is_always(const NpExpr *condition) {
    return np_ast_is_literal(condition) && np_cg_is_true(condition);
}
/* Code that jumps when the expression's truth is `when`, and goes on otherwise. */
void np_cg_jump_if(NpFuncGen *fg, NpExpr *expr, bool when, NpJumps *list);
/* Compares and jumps; op is an NpBinary of the comparisons, the left operand is evaluated already. */
void np_cg_compare(NpFuncGen *fg, const NpExpr *expr, NpOperand left, bool when, NpJumps *list);
/* Values of AND, OR, comparisons, and NOT of such: as np_cg_into. */
void np_cg_logic(NpFuncGen *fg, NpExpr *expr, int target);
/* Does the expression consist of jumps (a comparison, AND, OR or NOT of one)? */
bool np_cg_is_jumpy(const NpExpr *expr);
static inline bool np_cg_is_comparison(const NpExpr *expr) {
    return expr->kind == NP_EXPR_BINARY && expr->op >= NP_BIN_EQ;
}

#endif
