/* cg_stat.c: statements, blocks and functions.
 *
 * Owns: the shape of loops, scopes' CLOSE instructions, returns, assignments.
 * Does not: evaluate expressions (cg_expr.c, cg_cond.c), or know which statement comes next (grammar.y).
 *
 * A statement with blocks in it is made in pieces, an opening and an end, as grammar.y reads it; what one piece leaves
 * for the other is in its NpGenBlock.
 *
 * Closing: a CLOSE is emitted where a captured or to-be-closed variable goes out of scope. At the end of a block
 * everything that could capture its variables has been read. Jumps and returns inside come earlier:
 *   - a return that finds nothing captured is noted, and made to close at the end of the block of a variable
 *     that was captured after all (np_emit_note_return);
 *   - a break or a goto back closes what is captured so far. What is captured later in the text has not been
 *     captured when the jump is made, but by an earlier run of the same text: np_emit_jump_level;
 *   - a goto forward closes nothing itself: at the end of each block that it leaves with something to close, it
 *     is led over a CLOSE there (np_cg_leave_by_goto).
 * A generic `for` holds a to-be-closed value, so its end always closes, and `break` goes to that CLOSE.
 */
#include "compiler/cg.h"

#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/state.h"

/* ---- returns ---- */

/* count: values from `first` on; -1: up to top. */
static void emit_return(NpFuncGen *fg, int first, int count) {
    bool closes = fg->ncapturable > 0;
    int32_t pc;
    if (!closes && count == 0) pc = np_emit_abc(fg, NP_OP_RETURN0, 0, 0, 0);
    else if (!closes && count == 1) pc = np_emit_abc(fg, NP_OP_RETURN1, first, 0, 0);
    else pc = np_emit_abc(fg, NP_OP_RETURN, first, count + 1, closes);
    if (!closes) np_emit_note_return(fg, pc);
}

static void return_stat(NpFuncGen *fg, NpStat *stat) {
    NpExpr *first = stat->u.ret.exprs;
    int base = fg->free;
    if (!first) {
        emit_return(fg, 0, 0);
        return;
    }
    if (!first->next && !np_cg_is_multi(first)) {
        int reg = np_cg_any(fg, first);
        fg->line = stat->end_line;
        emit_return(fg, reg, 1);
        return;
    }
    if (!first->next && first->kind != NP_EXPR_VARARG && !fg->block->has_close) {
        NpInstr call;
        np_cg_multi(fg, first, LUA_MULTRET);
        call = fg->code[fg->last_pc];
        fg->code[fg->last_pc] = np_make_abc(NP_OP_TAILCALL, np_a(call), np_b(call), fg->ncapturable > 0);
        if (fg->ncapturable == 0) np_emit_note_return(fg, fg->last_pc);
        /* A callee that is a C function leaves its results for this. */
        np_emit_abc(fg, NP_OP_RETURN, np_a(call), 0, 0);
        return;
    }
    bool open = np_cg_list(fg, first);
    int count = open ? -1 : fg->free - base;
    fg->line = stat->end_line;
    emit_return(fg, base, count);
}

/* ---- functions ---- */

void np_cg_open_body(NpFuncGen *fg, NpGenBlock *block) {
    NpFunc *func = fg->func;
    np_emit_enter(fg, block, false);
    for (NpLocal *param = func->params; param; param = param->next) {
        np_emit_take(fg, 1);
        np_emit_activate(fg, param);
    }
    if (func->is_vararg) np_emit_abc(fg, NP_OP_VARARGPREP, func->nparams, 0, 0);
}

NpProto *np_cg_close_body(NpFuncGen *fg, int line) {
    fg->line = line;
    emit_return(fg, 0, 0);
    np_emit_leave(fg, false);
    return np_emit_finish(fg);
}

/* ---- declarations and assignments ---- */

static void local_stat(NpFuncGen *fg, NpStat *stat) {
    NpLocal *local = stat->u.local.names, *last = local;
    int wanted = stat->u.local.nnames, closes = -1;
    while (last->next) last = last->next;
    if (last->value) { /* a compile-time constant: it and its expression are gone */
        NpExpr **link = &stat->u.local.exprs;
        while ((*link)->next) link = &(*link)->next;
        *link = NULL;
        wanted--;
    }
    np_cg_adjust(fg, stat->u.local.exprs, wanted);
    for (; local; local = local->next) {
        if (local->value) continue;
        if (local->attrib == NP_ATTRIB_CLOSE) closes = fg->nactive;
        np_emit_activate(fg, local);
    }
    if (closes >= 0) {
        np_emit_mark_close(fg, closes);
        fg->line = stat->end_line;
        np_emit_abc(fg, NP_OP_TBC, closes, 0, 0);
    }
}

void np_cg_declare_function(NpFuncGen *fg, NpLocal *local) {
    np_emit_take(fg, 1);
    np_emit_activate(fg, local);
    fg->free = fg->nactive;
}

static void local_function_stat(NpFuncGen *fg, NpStat *stat) {
    const NpFunc *func = stat->u.local_function.func;
    int reg = stat->u.local_function.name->reg;
    fg->line = func->end_line;
    np_emit_ad(fg, NP_OP_CLOSURE, reg, func->proto);
    fg->locvars[fg->active[reg].locvar].start_pc = fg->ncode;
}

static void function_stat(NpFuncGen *fg, NpStat *stat) {
    NpPlace place = np_cg_place(fg, stat->u.function.target, false, false);
    const NpFunc *func = stat->u.function.func;
    int reg = np_emit_take(fg, 1); /* even for a local: CLOSURE wants the highest register */
    fg->line = func->end_line;
    np_emit_ad(fg, NP_OP_CLOSURE, reg, func->proto);
    fg->line = stat->line; /* the definition happens in its first line */
    np_cg_store(fg, &place, reg);
}

/* Is the variable that `part` names assigned by one of these targets? */
static bool is_assigned(const NpExpr *part, const NpExpr *targets) {
    for (; targets; targets = targets->next) {
        if (targets->kind != part->kind) continue;
        if (part->kind == NP_EXPR_LOCAL && part->u.local == targets->u.local) return true;
        if (part->kind == NP_EXPR_UPVALUE && part->u.upvalue.index == targets->u.upvalue.index) return true;
    }
    return false;
}

/* Targets from left to right, then the values, then the stores from right to left. A variable that is
 * used in place by an earlier target and assigned as a later one is stored before: copy it. */
static void multiple_assign(NpFuncGen *fg, NpStat *stat) {
    int ntargets = stat->u.assign.ntargets, left = ntargets;
    NpPlace *places = np_scratch_alloc(fg->gen->tree, (size_t)ntargets * sizeof *places);
    NpPlace *place = places;
    int first;
    if (!places) np_err_memory(fg->gen->L);
    if (stat->u.assign.place) *place = *stat->u.assign.place;
    for (NpExpr *target = stat->u.assign.targets; target && !stat->u.assign.place; target = target->next) {
        bool indexed = target->kind == NP_EXPR_INDEX || target->kind == NP_EXPR_GLOBAL;
        *place++ = np_cg_place(fg, target, indexed && is_assigned(target->u.index.object, target->next),
                               indexed && is_assigned(target->u.index.key, target->next));
    }
    first = fg->free;
    if (stat->u.assign.nexprs == ntargets) { /* the last value needs no register of its own */
        NpExpr *expr = stat->u.assign.exprs;
        for (; expr->next; expr = expr->next) np_cg_next(fg, expr);
        left--;
        if (places[left].kind == NP_PLACE_LOCAL) {
            np_cg_into(fg, expr, places[left].object);
        } else {
            int value = np_cg_any(fg, expr);
            fg->line = stat->end_line;
            np_cg_store(fg, &places[left], value);
        }
    } else {
        np_cg_adjust(fg, stat->u.assign.exprs, ntargets);
    }
    fg->line = stat->end_line;
    while (left-- > 0) np_cg_store(fg, &places[left], first + left);
}

static void assign_stat(NpFuncGen *fg, NpStat *stat) {
    NpPlace place;
    int value;
    if (stat->u.assign.ntargets > 1 || stat->u.assign.nexprs > 1) {
        multiple_assign(fg, stat);
        return;
    }
    place = stat->u.assign.place ? *stat->u.assign.place : np_cg_place(fg, stat->u.assign.targets, false, false);
    if (place.kind == NP_PLACE_LOCAL) {
        np_cg_into(fg, stat->u.assign.exprs, place.object);
        return;
    }
    value = np_cg_any(fg, stat->u.assign.exprs);
    fg->line = stat->end_line;
    np_cg_store(fg, &place, value);
}

/* ---- jumps ---- */

static NpGenBlock *innermost_loop(NpFuncGen *fg) {
    NpGenBlock *block = fg->block;
    while (!block->is_loop) block = block->outer;
    return block;
}

/* The register from which a break or goto must close itself; -1: none. */
static int leaving_level(NpFuncGen *fg, const NpStat *stat) {
    if (stat->kind == NP_STAT_BREAK) {
        const NpGenBlock *loop = innermost_loop(fg);
        return loop->break_closes ? -1 : np_emit_jump_level(fg, loop->nactive);
    }
    return stat->u.jump.waiting < 0 ? np_emit_jump_level(fg, stat->u.jump.level) : -1;
}

NpJumps *np_cg_direct_jump(NpFuncGen *fg, const NpStat *stat, NpJumps *waiting) {
    if (stat->kind == NP_STAT_BREAK) {
        if (stat->u.jump.waiting < -1 || leaving_level(fg, stat) >= 0) return NULL;
        return &innermost_loop(fg)->breaks;
    }
    return stat->u.jump.waiting >= 0 ? waiting : NULL;
}

void np_cg_jump(NpFuncGen *fg, const NpStat *stat, NpJumps *waiting) {
    int level;
    if (stat->u.jump.waiting < -1) return; /* a break outside of loops: the function will not be finished */
    fg->line = stat->line;
    level = leaving_level(fg, stat);
    if (level >= 0) np_emit_abc(fg, NP_OP_CLOSE, level, 0, 0);
    if (stat->kind == NP_STAT_BREAK) np_emit_jump(fg, &innermost_loop(fg)->breaks);
    else if (stat->u.jump.waiting >= 0) np_emit_jump(fg, waiting);
    else np_emit_loop(fg, stat->u.jump.pc);
}

int32_t np_cg_label(NpFuncGen *fg) {
    fg->label_level = fg->nactive;
    return np_emit_label(fg);
}

void np_cg_leave_by_goto(NpFuncGen *fg, NpJumps *gotos, int level) {
    np_emit_patch_here(fg, *gotos);
    np_emit_abc(fg, NP_OP_CLOSE, level, 0, 0);
    *gotos = NP_NO_JUMP;
    np_emit_jump(fg, gotos);
}

/* ---- blocks and if ---- */

int np_cg_close_block(NpFuncGen *fg) { return np_emit_leave(fg, true); }

void np_cg_condition(NpFuncGen *fg, const NpIfArm *arm, bool when, NpJumps *list) {
    fg->line = arm->line;
    fg->test_line = arm->block->line;
    np_cg_jump_if(fg, arm->condition, when, list);
    fg->test_line = 0;
}

/* ---- loops ---- */

void np_cg_open_while(NpFuncGen *fg, NpGenBlock *block, NpExpr *condition, int line) {
    NpJumps exit = NP_NO_JUMP;
    int32_t start;
    fg->line = line;
    start = np_emit_label(fg);
    np_cg_jump_if(fg, condition, false, &exit);
    np_emit_enter(fg, block, true);
    block->start = start;
    block->exit = exit;
}

int np_cg_close_while(NpFuncGen *fg) {
    const NpGenBlock *block = fg->block;
    int level = np_emit_leave(fg, true);
    np_emit_loop(fg, block->start);
    np_emit_patch_here(fg, block->exit);
    np_emit_patch_here(fg, block->breaks);
    return level;
}

void np_cg_open_repeat(NpFuncGen *fg, NpGenBlock *block, int line) {
    int32_t start = np_emit_label(fg);
    fg->line = line;
    np_emit_enter(fg, block, true);
    block->start = start;
}

int np_cg_close_repeat(NpFuncGen *fg, NpExpr *condition) {
    const NpGenBlock *block = fg->block;
    NpJumps exit = NP_NO_JUMP;
    int level;
    if (!np_cg_is_always(condition)) {
        np_cg_jump_if(fg, condition, true, &exit);
        level = np_emit_close_level(fg, block->nactive);
        if (level >= 0) np_emit_abc(fg, NP_OP_CLOSE, level, 0, 0);
        np_emit_loop(fg, block->start);
        np_emit_patch_here(fg, exit);
    }
    level = np_emit_leave(fg, true);
    np_emit_patch_here(fg, block->breaks);
    return level;
}

static void enter_for_body(NpFuncGen *fg, NpGenBlock *body, NpLocal *names, int nnames) {
    np_emit_label(fg);
    np_emit_enter(fg, body, false);
    np_emit_take(fg, nnames);
    for (; names; names = names->next) np_emit_activate(fg, names);
}

void np_cg_open_for_num(NpFuncGen *fg, NpGenBlock *loop, NpGenBlock *body, NpStat *stat) {
    int base = fg->free;
    fg->line = loop->line = stat->line;
    np_emit_enter(fg, loop, true);
    np_cg_next(fg, stat->u.for_num.start);
    np_cg_next(fg, stat->u.for_num.limit);
    if (stat->u.for_num.step) np_cg_next(fg, stat->u.for_num.step);
    else np_emit_ad(fg, NP_OP_LOADI, np_emit_take(fg, 1), 1);
    for (int i = 0; i < 3; i++) np_emit_activate_hidden(fg, false);
    if (stat->u.for_num.block->line) fg->line = stat->u.for_num.block->line;
    loop->start = np_emit_abcw(fg, NP_OP_FORPREP, base, 0, 0, 0);
    enter_for_body(fg, body, stat->u.for_num.var, 1);
}

int np_cg_close_for_num(NpFuncGen *fg) {
    int level = np_emit_leave(fg, true);
    const NpGenBlock *loop = fg->block;
    int32_t step;
    fg->line = loop->line;
    step = np_emit_abcw(fg, NP_OP_FORLOOP, loop->nactive, 0, 0, 0);
    np_emit_set_offset(fg, step, loop->start + 2);
    np_emit_set_offset(fg, loop->start, fg->ncode);
    np_emit_leave(fg, false);
    np_emit_patch_here(fg, loop->breaks);
    return level;
}

void np_cg_open_for_in(NpFuncGen *fg, NpGenBlock *loop, NpGenBlock *body, NpStat *stat) {
    int base = fg->free;
    const NpExpr *leftmost = stat->u.for_in.exprs;
    while (np_ast_spine(leftmost)) leftmost = np_ast_spine(leftmost);
    fg->line = stat->line;
    loop->line = leftmost->line ? leftmost->line : stat->line;
    np_emit_enter(fg, loop, true);
    loop->break_closes = true;
    np_cg_adjust(fg, stat->u.for_in.exprs, 4);
    for (int i = 0; i < 4; i++) np_emit_activate_hidden(fg, i == 3);
    np_emit_need(fg, base + 7); /* the iterator is called at base + 4 with two arguments */
    if (stat->u.for_in.block->line) fg->line = stat->u.for_in.block->line;
    loop->start = np_emit_abcw(fg, NP_OP_TFORPREP, base, 0, 0, 0);
    enter_for_body(fg, body, stat->u.for_in.names, stat->u.for_in.nnames);
}

int np_cg_close_for_in(NpFuncGen *fg, int nnames) {
    const NpGenBlock *loop = fg->block->outer;
    int32_t step;
    np_emit_leave(fg, true);
    np_emit_set_offset(fg, loop->start, fg->ncode);
    fg->line = loop->line;
    np_emit_abc(fg, NP_OP_TFORCALL, loop->nactive, 0, nnames);
    step = np_emit_abcw(fg, NP_OP_TFORLOOP, loop->nactive, 0, 0, 0);
    np_emit_set_offset(fg, step, loop->start + 2);
    np_emit_patch_here(fg, loop->breaks);
    return np_emit_leave(fg, true);
}

/* ---- statements ---- */

void np_cg_statement(NpFuncGen *fg, NpStat *stat) {
    fg->line = stat->line;
    switch (stat->kind) {
    case NP_STAT_LOCAL: local_stat(fg, stat); break;
    case NP_STAT_ASSIGN: assign_stat(fg, stat); break;
    case NP_STAT_CALL: np_cg_multi(fg, stat->u.call, 0); break;
    case NP_STAT_FUNCTION: function_stat(fg, stat); break;
    case NP_STAT_LOCAL_FUNCTION: local_function_stat(fg, stat); break;
    default: return_stat(fg, stat); break;
    }
    fg->free = fg->nactive;
}
