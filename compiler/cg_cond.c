/* cg_cond.c: conditions, comparisons and the logical operators.
 *
 * Owns: everything that is made of jumps inside expressions.
 * Does not: loops and blocks (cg_stat.c).
 *
 * A condition is code that jumps when the truth is as asked and falls through otherwise. A value with
 * `and`/`or` is a row of "keep" steps: each either leaves the final value in the target and jumps to the
 * end, or falls through. Steps that are comparisons jump to a shared tail instead:
 *         ...                  last operand
 *         JMP end              (not when the last operand is a comparison itself)
 *     F:  LFALSESKIP target    where a kept comparison is false
 *     T:  LOADTRUE target      where it is true
 *     end:
 *
 * Chains a and b and c lean to the left; they are walked as in cg_expr.c, without the C stack.
 */
#include "compiler/cg.h"

typedef struct NpValueJumps {
    NpJumps done;     /* the value is in the target */
    NpJumps on[2];    /* the value is false, true and not loaded yet */
} NpValueJumps;

/* ---- chains of one logical operator ---- */

typedef struct NpChain {
    NpExpr *above, *current;
} NpChain;

static NpExpr *chain_begin(NpChain *chain, NpExpr *expr) {
    uint8_t kind = expr->kind;
    chain->above = NULL;
    while (expr->kind == kind) {
        NpExpr *left = expr->u.binary.left;
        expr->u.binary.left = chain->above;
        chain->above = expr;
        expr = left;
    }
    chain->current = expr;
    return expr;
}

/* The next operand to the right; NULL at the end, when the tree is as it was. */
static NpExpr *chain_next(NpChain *chain) {
    NpExpr *level = chain->above;
    if (!level) return NULL;
    chain->above = level->u.binary.left;
    level->u.binary.left = chain->current;
    chain->current = level;
    return level->u.binary.right;
}

static bool is_logical(const NpExpr *expr) { return expr->kind == NP_EXPR_AND || expr->kind == NP_EXPR_OR; }

bool np_cg_is_jumpy(const NpExpr *expr) {
    while (expr->kind == NP_EXPR_UNARY && expr->op == NP_UN_NOT) expr = expr->u.operand;
    return is_logical(expr) || np_cg_is_comparison(expr);
}

/* ---- comparisons ---- */

/* Does the literal fit an instruction, as an integer or as a float that has its value? */
static bool is_immediate(const NpExpr *expr) {
    if (!expr) return false;
    if (expr->kind == NP_EXPR_INT) return expr->u.integer >= -128 && expr->u.integer <= 127;
    return expr->kind == NP_EXPR_FLOAT && expr->u.number >= -128 && expr->u.number <= 127 &&
           expr->u.number == (double)(int)expr->u.number;
}
static int immediate_of(const NpExpr *expr) {
    return expr->kind == NP_EXPR_INT ? (int)expr->u.integer : (int)expr->u.number;
}
static void order_immediate(NpFuncGen *fg, uint8_t op, int reg, const NpExpr *literal, bool when, NpJumps *list) {
    int flag = literal->kind == NP_EXPR_FLOAT ? 2 : 0;
    np_emit_cond(fg, (NpOpcode)op, reg, immediate_of(literal), when | flag, list);
}

/* Comparisons are reported where their right operand ends, as far as that is known. */
static void set_compare_line(NpFuncGen *fg, const NpExpr *expr) {
    int line = expr->line > expr->u.binary.right->line ? expr->line : expr->u.binary.right->line;
    if (line > fg->line) fg->line = line;
}

/* EQ and NE with a literal: an immediate (floats with an integer value are equal to it) or a constant. */
static bool equal_literal(NpFuncGen *fg, int reg, const NpExpr *literal, bool when, NpJumps *list) {
    int k;
    if (is_immediate(literal)) {
        np_emit_cond(fg, NP_OP_EQI, reg, immediate_of(literal), when, list);
        return true;
    }
    k = np_emit_k_literal(fg, literal);
    if (k > NP_MAX_K) return false;
    np_emit_cond(fg, NP_OP_EQK, reg, k, when, list);
    return true;
}

static void compare_equal(NpFuncGen *fg, const NpExpr *expr, NpOperand left, bool when, NpJumps *list) {
    NpOperand right;
    bool constant_left = left.literal && !np_ast_is_literal(expr->u.binary.right);
    if (!constant_left) np_cg_operand_reg(fg, &left);
    right = np_cg_operand(fg, expr->u.binary.right);
    set_compare_line(fg, expr);
    if (constant_left || right.literal) {
        const NpExpr *literal = constant_left ? left.literal : right.literal;
        int reg = constant_left ? right.reg : left.reg;
        if (equal_literal(fg, reg, literal, when, list)) return;
        np_cg_operand_reg(fg, constant_left ? &left : &right);
    }
    np_emit_cond(fg, NP_OP_EQ, left.reg, right.reg, when, list);
}

static void compare_order(NpFuncGen *fg, const NpExpr *expr, NpOperand left, bool when, NpJumps *list) {
    static const uint8_t right_literal[] = {NP_OP_LTI, NP_OP_LEI, NP_OP_GTI, NP_OP_GEI};
    static const uint8_t left_literal[] = {NP_OP_GTI, NP_OP_GEI, NP_OP_LTI, NP_OP_LEI};
    int kind = expr->op - NP_BIN_LT;
    bool constant_left = is_immediate(left.literal) && !np_ast_is_literal(expr->u.binary.right);
    NpOperand right;
    if (!constant_left) np_cg_operand_reg(fg, &left);
    right = np_cg_operand(fg, expr->u.binary.right);
    set_compare_line(fg, expr);
    if (constant_left) {
        order_immediate(fg, left_literal[kind], right.reg, left.literal, when, list);
    } else if (is_immediate(right.literal)) {
        order_immediate(fg, right_literal[kind], left.reg, right.literal, when, list);
    } else {
        NpOpcode op = expr->op == NP_BIN_LT || expr->op == NP_BIN_GT ? NP_OP_LT : NP_OP_LE;
        np_cg_operand_reg(fg, &right);
        if (expr->op >= NP_BIN_GT) np_emit_cond(fg, op, right.reg, left.reg, when, list);
        else np_emit_cond(fg, op, left.reg, right.reg, when, list);
    }
}

void np_cg_compare(NpFuncGen *fg, const NpExpr *expr, NpOperand left, bool when, NpJumps *list) {
    if (expr->op == NP_BIN_EQ || expr->op == NP_BIN_NE)
        compare_equal(fg, expr, left, when != (expr->op == NP_BIN_NE), list);
    else
        compare_order(fg, expr, left, when, list);
}

/* ---- conditions ---- */

static void jump_if_chain(NpFuncGen *fg, NpExpr *expr, bool when, NpJumps *list) {
    bool stop = expr->kind == NP_EXPR_OR; /* the truth of an operand that decides the whole */
    int test_line = fg->test_line;
    NpJumps skip = NP_NO_JUMP;
    NpChain chain;
    NpExpr *operand = chain_begin(&chain, expr), *next;
    fg->test_line = 0;
    for (; (next = chain_next(&chain)) != NULL; operand = next)
        np_cg_jump_if(fg, operand, stop, when == stop ? list : &skip);
    fg->test_line = test_line;
    np_cg_jump_if(fg, operand, when, list);
    np_emit_patch_here(fg, skip);
}

void np_cg_jump_if(NpFuncGen *fg, NpExpr *expr, bool when, NpJumps *list) {
    int mark = fg->free;
    for (;;) {
        if (expr->kind == NP_EXPR_PAREN) {
            expr = expr->u.operand;
        } else if (expr->kind == NP_EXPR_UNARY && expr->op == NP_UN_NOT) {
            expr = expr->u.operand;
            when = !when;
        } else {
            break;
        }
    }
    if (is_logical(expr)) {
        jump_if_chain(fg, expr, when, list);
    } else if (np_ast_is_literal(expr)) {
        if (expr->line) fg->line = expr->line;
        if (fg->test_line) fg->line = fg->test_line;
        if (np_cg_is_true(expr) == when) np_emit_jump(fg, list);
    } else if (np_cg_is_comparison(expr)) {
        fg->late_line = expr->line;
        np_cg_compare(fg, expr, np_cg_operand(fg, expr->u.binary.left), when, list);
    } else {
        int reg;
        fg->late_line = fg->test_line;
        reg = np_cg_any(fg, expr);
        if (expr->kind == NP_EXPR_LOCAL && expr->line) fg->line = expr->line;
        if (fg->test_line) fg->line = fg->test_line;
        np_emit_cond(fg, NP_OP_TEST, reg, 0, when, list);
    }
    fg->free = mark;
}

/* ---- values ---- */

static void keep_if(NpFuncGen *fg, NpExpr *expr, bool when, int target, NpValueJumps *jumps);

static void keep_if_chain(NpFuncGen *fg, NpExpr *expr, bool when, int target, NpValueJumps *jumps) {
    bool stop = expr->kind == NP_EXPR_OR;
    NpJumps skip = NP_NO_JUMP;
    NpChain chain;
    NpExpr *operand = chain_begin(&chain, expr), *next;
    for (; (next = chain_next(&chain)) != NULL; operand = next) {
        if (when == stop) keep_if(fg, operand, stop, target, jumps);
        else np_cg_jump_if(fg, operand, stop, &skip);
    }
    keep_if(fg, operand, when, target, jumps);
    np_emit_patch_here(fg, skip);
}

/* If the truth of the expression is `when`, its value becomes the target's and the code jumps to the
 * end (a list of `jumps`); otherwise it falls through, and the target is as before or scratch. */
static void keep_if(NpFuncGen *fg, NpExpr *expr, bool when, int target, NpValueJumps *jumps) {
    int mark = fg->free, reg;
    if (is_logical(expr)) {
        keep_if_chain(fg, expr, when, target, jumps);
    } else if (np_ast_is_literal(expr)) {
        if (np_cg_is_true(expr) != when) return;
        np_cg_literal(fg, expr, target);
        np_emit_jump(fg, &jumps->done);
    } else if (np_cg_is_jumpy(expr) || (expr->kind == NP_EXPR_UNARY && expr->op == NP_UN_NOT)) {
        np_cg_jump_if(fg, expr, when, &jumps->on[when]);
    } else {
        reg = np_cg_any(fg, expr);
        if (reg == target) np_emit_cond(fg, NP_OP_TEST, reg, 0, when, &jumps->done);
        else np_emit_cond(fg, NP_OP_TESTSET, target, reg, when, &jumps->done);
    }
    fg->free = mark;
}

/* The whole value. True when it ends with a comparison whose falsehood falls through. */
static bool tail_value(NpFuncGen *fg, NpExpr *expr, int target, NpValueJumps *jumps) {
    while (is_logical(expr)) {
        bool stop = expr->kind == NP_EXPR_OR;
        NpChain chain;
        NpExpr *operand = chain_begin(&chain, expr), *next;
        for (; (next = chain_next(&chain)) != NULL; operand = next) keep_if(fg, operand, stop, target, jumps);
        expr = operand;
    }
    if (np_cg_is_jumpy(expr)) {
        np_cg_jump_if(fg, expr, true, &jumps->on[1]);
        return true;
    }
    np_cg_into(fg, expr, target);
    return false;
}

void np_cg_logic(NpFuncGen *fg, NpExpr *expr, int target) {
    NpValueJumps jumps = {NP_NO_JUMP, {NP_NO_JUMP, NP_NO_JUMP}};
    bool falls = tail_value(fg, expr, target, &jumps);
    if (falls || jumps.on[0] != NP_NO_JUMP || jumps.on[1] != NP_NO_JUMP) {
        if (!falls) np_emit_jump(fg, &jumps.done);
        np_emit_patch_here(fg, jumps.on[0]);
        np_emit_abc(fg, NP_OP_LFALSESKIP, target, 0, 0);
        np_emit_patch_here(fg, jumps.on[1]);
        np_emit_abc(fg, NP_OP_LOADTRUE, target, 0, 0);
    }
    np_emit_patch_here(fg, jumps.done);
}
