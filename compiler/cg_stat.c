/* cg_stat.c: statements, blocks and functions.
 *
 * Owns: the shape of loops, scopes' CLOSE instructions, returns, assignments, np_cg_chunk.
 * Does not: evaluate expressions (cg_expr.c, cg_cond.c).
 *
 * Closing: whether something may be open at a point is known exactly, as scope.c has seen every use of a
 * variable: a CLOSE is emitted where a captured or to-be-closed variable goes out of scope, and a return
 * closes only while such a variable is in scope. A generic `for` holds a to-be-closed value, so its end
 * always closes, and `break` goes to that CLOSE.
 */
#include "compiler/cg.h"

#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/state.h"

static void statements(NpFuncGen *fg, NpBlock *block);

/* ---- returns ---- */

/* count: values from `first` on; -1: up to top. */
static void emit_return(NpFuncGen *fg, int first, int count) {
    bool closes = fg->ncapturable > 0;
    if (!closes && count == 0) np_emit_abc(fg, NP_OP_RETURN0, 0, 0, 0);
    else if (!closes && count == 1) np_emit_abc(fg, NP_OP_RETURN1, first, 0, 0);
    else np_emit_abc(fg, NP_OP_RETURN, first, count + 1, closes);
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

int np_cg_function(NpFuncGen *outer, NpFunc *func) {
    NpFuncGen *fg = np_emit_begin(outer->gen, outer, func);
    NpGenBlock block;
    NpProto *proto;
    np_emit_enter(fg, &block, false);
    for (NpLocal *param = func->params; param; param = param->next) {
        np_emit_take(fg, 1);
        np_emit_activate(fg, param);
    }
    if (func->is_vararg) np_emit_abc(fg, NP_OP_VARARGPREP, func->nparams, 0, 0);
    statements(fg, func->body);
    fg->line = func->end_line;
    emit_return(fg, 0, 0);
    np_emit_leave(fg, false);
    proto = np_emit_finish(fg);
    outer->line = func->end_line;
    return np_emit_add_proto(outer, proto);
}

NpProto *np_cg_chunk(lua_State *L, NpScratch *scratch, NpFunc *main, NpString *source) {
    NpGen gen = {.L = L, .scratch = scratch, .source = source};
    NpFuncGen *fg = np_emit_begin(&gen, NULL, main);
    NpGenBlock block;
    np_emit_enter(fg, &block, false);
    if (main->is_vararg) np_emit_abc(fg, NP_OP_VARARGPREP, 0, 0, 0);
    statements(fg, main->body);
    fg->line = main->body->last ? main->body->last->end_line : 1;
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

static void local_function_stat(NpFuncGen *fg, NpStat *stat) {
    int reg = np_emit_take(fg, 1);
    np_emit_activate(fg, stat->u.local_function.name); /* its body can refer to it */
    int proto = np_cg_function(fg, stat->u.local_function.func);
    np_emit_ad(fg, NP_OP_CLOSURE, reg, proto);
    fg->locvars[fg->active[reg].locvar].start_pc = fg->ncode;
}

static void function_stat(NpFuncGen *fg, NpStat *stat) {
    NpPlace place = np_cg_place(fg, stat->u.function.target, false, false);
    int proto = np_cg_function(fg, stat->u.function.func);
    int reg = np_emit_take(fg, 1); /* even for a local: CLOSURE wants the highest register */
    np_emit_ad(fg, NP_OP_CLOSURE, reg, proto);
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
    NpPlace *places = np_scratch_alloc(fg->gen->scratch, (size_t)ntargets * sizeof *places);
    NpPlace *place = places;
    int first;
    if (!places) np_err_memory(fg->gen->L);
    for (NpExpr *target = stat->u.assign.targets; target; target = target->next) {
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
    place = np_cg_place(fg, stat->u.assign.targets, false, false);
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

/* The register from which a break or forward goto must close; -1: none. Sets *list to the jumps that
 * it joins; NULL when the goto goes back. */
static int leaving_level(NpFuncGen *fg, const NpStat *stat, NpJumps **list) {
    NpGenBlock *block = fg->block, *inside = NULL;
    NpGenLabel *label;
    if (stat->kind == NP_STAT_BREAK) {
        block = innermost_loop(fg);
        *list = &block->breaks;
        return block->break_closes ? -1 : np_emit_close_level(fg, block->nactive);
    }
    label = np_emit_find_label(fg, stat->u.jump.target);
    if (label->pc >= 0) {
        *list = NULL;
        return np_emit_close_level(fg, label->nactive);
    }
    for (; block != label->block; block = block->outer) inside = block;
    *list = &label->pending;
    return inside ? np_emit_close_level(fg, inside->nactive) : -1;
}

static void jump_stat(NpFuncGen *fg, NpStat *stat) {
    NpJumps *list;
    int level = leaving_level(fg, stat, &list);
    if (level >= 0) np_emit_abc(fg, NP_OP_CLOSE, level, 0, 0);
    if (list) np_emit_jump(fg, list);
    else np_emit_loop(fg, np_emit_find_label(fg, stat->u.jump.target)->pc);
}

static void label_stat(NpFuncGen *fg, NpStat *stat) {
    NpGenLabel *label = np_emit_find_label(fg, stat);
    label->pc = np_emit_label(fg);
    label->nactive = fg->nactive;
    np_emit_patch_here(fg, label->pending);
    label->pending = NP_NO_JUMP;
}

/* ---- if ---- */

static bool is_always(const NpExpr *condition) {
    return np_ast_is_literal(condition) && np_cg_is_true(condition);
}

/* `if c then break end` and the like: the list its condition can jump to at once, or NULL. */
static NpJumps *direct_jump(NpFuncGen *fg, const NpBlock *block) {
    const NpStat *only = block->first;
    NpJumps *list;
    if (!only || only->next || (only->kind != NP_STAT_BREAK && only->kind != NP_STAT_GOTO)) return NULL;
    return leaving_level(fg, only, &list) < 0 ? list : NULL;
}

static void block_stat(NpFuncGen *fg, NpBlock *block) {
    NpGenBlock scope;
    np_emit_enter(fg, &scope, false);
    statements(fg, block);
    np_emit_leave(fg, true);
}

static bool ends_in_jump(const NpBlock *block) {
    return block->last && (block->last->kind == NP_STAT_RETURN || block->last->kind == NP_STAT_BREAK ||
                           block->last->kind == NP_STAT_GOTO);
}

/* One arm with a condition; code for the next arm follows. */
static void if_arm(NpFuncGen *fg, NpIfArm *arm, NpJumps *end) {
    NpJumps *direct = direct_jump(fg, arm->block), next = NP_NO_JUMP;
    bool dead = np_ast_is_literal(arm->condition) && !np_cg_is_true(arm->condition);
    fg->line = arm->line;
    fg->test_line = arm->block->line;
    np_cg_jump_if(fg, arm->condition, direct != NULL, direct ? direct : &next);
    fg->test_line = 0;
    if (!direct && !dead) {
        block_stat(fg, arm->block);
        if (arm->next && !ends_in_jump(arm->block)) np_emit_jump(fg, end);
    }
    np_emit_patch_here(fg, next);
}

static void if_stat(NpFuncGen *fg, NpStat *stat) {
    NpJumps end = NP_NO_JUMP;
    for (NpIfArm *arm = stat->u.arms; arm; arm = arm->next) {
        if (!arm->condition || is_always(arm->condition)) {
            block_stat(fg, arm->block);
            break; /* what follows is never reached */
        }
        if_arm(fg, arm, &end);
    }
    np_emit_patch_here(fg, end);
}

/* ---- loops ---- */

static void while_stat(NpFuncGen *fg, NpStat *stat) {
    NpExpr *condition = stat->u.loop.condition;
    NpJumps exit = NP_NO_JUMP;
    NpGenBlock block;
    int32_t start = np_emit_label(fg);
    np_cg_jump_if(fg, condition, false, &exit);
    np_emit_enter(fg, &block, true);
    statements(fg, stat->u.loop.block);
    np_emit_leave(fg, true);
    np_emit_loop(fg, start);
    np_emit_patch_here(fg, exit);
    np_emit_patch_here(fg, block.breaks);
}

static void repeat_stat(NpFuncGen *fg, NpStat *stat) {
    NpExpr *condition = stat->u.loop.condition;
    NpJumps exit = NP_NO_JUMP;
    NpGenBlock block;
    int32_t start = np_emit_label(fg);
    np_emit_enter(fg, &block, true);
    statements(fg, stat->u.loop.block);
    if (!is_always(condition)) {
        int level;
        np_cg_jump_if(fg, condition, true, &exit);
        level = np_emit_close_level(fg, block.nactive);
        if (level >= 0) np_emit_abc(fg, NP_OP_CLOSE, level, 0, 0);
        np_emit_loop(fg, start);
        np_emit_patch_here(fg, exit);
    }
    np_emit_leave(fg, true);
    np_emit_patch_here(fg, block.breaks);
}

static void for_body(NpFuncGen *fg, NpLocal *names, int nnames, NpBlock *body) {
    NpGenBlock block;
    np_emit_enter(fg, &block, false);
    np_emit_take(fg, nnames);
    for (; names; names = names->next) np_emit_activate(fg, names);
    statements(fg, body);
    np_emit_leave(fg, true);
}

static void for_num_stat(NpFuncGen *fg, NpStat *stat) {
    NpGenBlock block;
    int32_t prepare, loop;
    int base = fg->free;
    np_emit_enter(fg, &block, true);
    np_cg_next(fg, stat->u.for_num.start);
    np_cg_next(fg, stat->u.for_num.limit);
    if (stat->u.for_num.step) np_cg_next(fg, stat->u.for_num.step);
    else np_emit_ad(fg, NP_OP_LOADI, np_emit_take(fg, 1), 1);
    for (int i = 0; i < 3; i++) np_emit_activate_hidden(fg, false);
    if (stat->u.for_num.block->line) fg->line = stat->u.for_num.block->line;
    prepare = np_emit_abcw(fg, NP_OP_FORPREP, base, 0, 0, 0);
    np_emit_label(fg);
    for_body(fg, stat->u.for_num.var, 1, stat->u.for_num.block);
    fg->line = stat->line;
    loop = np_emit_abcw(fg, NP_OP_FORLOOP, base, 0, 0, 0);
    np_emit_set_offset(fg, loop, prepare + 2);
    np_emit_set_offset(fg, prepare, fg->ncode);
    np_emit_leave(fg, false);
    np_emit_patch_here(fg, block.breaks);
}

static void for_in_stat(NpFuncGen *fg, NpStat *stat) {
    NpGenBlock block;
    int32_t prepare, loop;
    int base = fg->free, line;
    const NpExpr *leftmost = stat->u.for_in.exprs;
    while (np_ast_spine(leftmost)) leftmost = np_ast_spine(leftmost);
    line = leftmost->line ? leftmost->line : stat->line;
    np_emit_enter(fg, &block, true);
    block.break_closes = true;
    np_cg_adjust(fg, stat->u.for_in.exprs, 4);
    for (int i = 0; i < 4; i++) np_emit_activate_hidden(fg, i == 3);
    np_emit_need(fg, base + 7); /* the iterator is called at base + 4 with two arguments */
    if (stat->u.for_in.block->line) fg->line = stat->u.for_in.block->line;
    prepare = np_emit_abcw(fg, NP_OP_TFORPREP, base, 0, 0, 0);
    np_emit_label(fg);
    for_body(fg, stat->u.for_in.names, stat->u.for_in.nnames, stat->u.for_in.block);
    np_emit_set_offset(fg, prepare, fg->ncode);
    fg->line = line;
    np_emit_abc(fg, NP_OP_TFORCALL, base, 0, stat->u.for_in.nnames);
    loop = np_emit_abcw(fg, NP_OP_TFORLOOP, base, 0, 0, 0);
    np_emit_set_offset(fg, loop, prepare + 2);
    np_emit_patch_here(fg, block.breaks);
    np_emit_leave(fg, true);
}

/* ---- statements ---- */

static void statement(NpFuncGen *fg, NpStat *stat) {
    switch (stat->kind) {
    case NP_STAT_LOCAL: local_stat(fg, stat); break;
    case NP_STAT_ASSIGN: assign_stat(fg, stat); break;
    case NP_STAT_CALL: np_cg_multi(fg, stat->u.call, 0); break;
    case NP_STAT_DO: block_stat(fg, stat->u.block); break;
    case NP_STAT_WHILE: while_stat(fg, stat); break;
    case NP_STAT_REPEAT: repeat_stat(fg, stat); break;
    case NP_STAT_IF: if_stat(fg, stat); break;
    case NP_STAT_FOR_NUM: for_num_stat(fg, stat); break;
    case NP_STAT_FOR_IN: for_in_stat(fg, stat); break;
    case NP_STAT_FUNCTION: function_stat(fg, stat); break;
    case NP_STAT_LOCAL_FUNCTION: local_function_stat(fg, stat); break;
    case NP_STAT_RETURN: return_stat(fg, stat); break;
    case NP_STAT_BREAK: case NP_STAT_GOTO: jump_stat(fg, stat); break;
    case NP_STAT_LABEL: label_stat(fg, stat); break;
    default: break;
    }
}

/* The labels are noted first, so that gotos know which block they go to. */
static void statements(NpFuncGen *fg, NpBlock *block) {
    for (NpStat *stat = block->first; stat; stat = stat->next)
        if (stat->kind == NP_STAT_LABEL) np_emit_add_label(fg, stat);
    for (NpStat *stat = block->first; stat; stat = stat->next) {
        fg->line = stat->line;
        statement(fg, stat);
        fg->free = fg->nactive;
    }
}
