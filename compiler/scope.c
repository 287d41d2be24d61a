/* scope.c: which variable a name means, which label a goto means, and what is wrong with that.
 *
 * Owns: the stacks of open functions, blocks, variables, labels and pending gotos (NpScope).
 * Does not: walk the tree. The grammar's actions call it in source order, and each call happens with
 *       the same lookahead token that C Lua's parser has at that point, so that messages give the
 *       same line and the same text.
 *
 * Invariants:
 *   1  name->binding is the innermost active variable of that name in any open function; the chain
 *      of `shadowed` below it is exactly the other active ones, inside out.
 *   2  scope->locals[func->first .. func->first + func->nactive) are the active variables of an open
 *      function, what follows up to the next function's first is declared and not active yet.
 *   3  Gotos pending when a block closes have no label in it; they move to the block around it with
 *      the variables that are active there. Breaks inside a loop are never pending.
 */
#include "compiler/scope.h"

#include <stdarg.h>
#include <stdio.h>

#include "compiler/cg.h"
#include "compiler/diagnose.h"
#include "grammar.h"

struct NpScopeBlock {
    NpScopeBlock *outer; /* of the same function; NULL: its body */
    int nactive;         /* of the function, when the block began */
    int first_label, first_goto;
    bool in_loop; /* it or a block round it in this function is a loop */
};

struct NpScopeFunc {
    NpScopeFunc *outer;
    NpFunc *func;
    NpScopeBlock *outer_block; /* where it stands */
    int first, nactive;        /* in scope->locals */
    int first_label;
    NpExpr *env; /* the UPVALUE _ENV once it was needed, shared by all globals */
    NpUpvalue *upvalues; /* while not in use: those of the last one, for the room */
    int upvalue_capacity;
};

/* ---- errors and growth ----------------------------------------------------------------------- */

void np_scope_fail(NpParse *parse, const char *format, ...) {
    char *text;
    int length;
    va_list args;
    if (parse->failed) return;
    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = length < 0 ? NULL : np_scratch_alloc(parse->scratch, (size_t)length + 1);
    if (!text) {
        np_parse_no_memory(parse);
        return;
    }
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    np_diagnose_fail(parse, parse->lexer.line, NULL, "%s", text);
    parse->failed = true;
    parse->failed_at = parse->ntokens;
}

static void fail_limit(NpParse *parse, const NpFunc *func, const char *what, int limit) {
    NpNear near;
    if (parse->failed) return;
    if (!np_lexer_near(&parse->lexer, &parse->token, &near)) {
        np_parse_no_memory(parse);
        return;
    }
    if (func->line == 0)
        np_diagnose_fail(parse, parse->lexer.line, &near,
                         "too many %s (limit is %d) in main function", what, limit);
    else
        np_diagnose_fail(parse, parse->lexer.line, &near,
                         "too many %s (limit is %d) in function at line %d", what, limit,
                         func->line);
    parse->failed = true;
    parse->failed_at = parse->ntokens;
}

/* Returns a list with room for count + 1 items; NULL (and parse->failed) without memory. */
static void *grow(NpParse *parse, void *list, int count, int *capacity, size_t size) {
    int wanted;
    void *bigger;
    if (count < *capacity) return list;
    wanted = *capacity ? *capacity * 2 : 16;
    bigger = count > INT32_MAX / 4 ? NULL : np_scratch_alloc(parse->scratch, (size_t)wanted * size);
    if (!bigger) {
        np_parse_no_memory(parse);
        return NULL;
    }
    if (count) memcpy(bigger, list, (size_t)count * size);
    *capacity = wanted;
    return bigger;
}

static NpScopeJump *add_jump(NpParse *parse, NpScopeJumps *jumps, NpAstName *name, NpStat *stat, int line) {
    NpScopeJump *list = grow(parse, jumps->list, jumps->count, &jumps->capacity, sizeof *list);
    if (!list) return NULL;
    jumps->list = list;
    list += jumps->count++;
    list->name = name;
    list->stat = stat;
    list->line = line;
    list->nactive = parse->scope.func->nactive;
    list->waiting = NP_NO_JUMP;
    return list;
}

/* ---- variables ------------------------------------------------------------------------------- */

static bool push_local(NpParse *parse, NpLocal *local) {
    NpScope *scope = &parse->scope;
    NpLocal **list;
    if (scope->nlocals + 1 - scope->func->first > NP_PARSE_MAX_LOCALS) {
        fail_limit(parse, scope->func->func, "local variables", NP_PARSE_MAX_LOCALS);
        return false;
    }
    list = grow(parse, scope->locals, scope->nlocals, &scope->capacity, sizeof *list);
    if (!list) return false;
    scope->locals = list;
    list[scope->nlocals++] = local;
    return true;
}

NpLocal *np_scope_declare(NpParse *parse, NpAstName *name, int line) {
    NpScope *scope = &parse->scope;
    NpLocal *local = scope->free_locals;
    if (local) scope->free_locals = local->next;
    else local = np_parse_keep(parse, sizeof *local);
    memset(local, 0, sizeof *local);
    local->name = name;
    local->func = parse->scope.func->func;
    local->line = line;
    local->reg = -1;
    push_local(parse, local);
    return local;
}

void np_scope_declare_hidden(NpParse *parse, int count) {
    while (count-- > 0 && push_local(parse, NULL)) {
    }
}

void np_scope_activate(NpParse *parse) {
    NpScope *scope = &parse->scope;
    if (parse->failed) return;
    for (int i = scope->func->first + scope->func->nactive; i < scope->nlocals; i++) {
        NpLocal *local = scope->locals[i];
        if (!local) continue;
        local->shadowed = local->name->binding;
        local->name->binding = local;
    }
    scope->func->nactive = scope->nlocals - scope->func->first;
}

/* Forgets the variables of the innermost function beyond the first `nactive`. When their code has been made nothing
 * refers to them any more. */
static void deactivate(NpParse *parse, int nactive) {
    NpScope *scope = &parse->scope;
    NpScopeFunc *func = scope->func;
    for (int i = func->first + func->nactive; i-- > func->first + nactive;) {
        NpLocal *local = scope->locals[i];
        if (!local) continue;
        local->name->binding = local->shadowed;
        if (!parse->generator) continue;
        local->next = scope->free_locals;
        scope->free_locals = local;
    }
    func->nactive = nactive;
    scope->nlocals = func->first + nactive;
}

static int add_upvalue(NpParse *parse, NpFunc *func, NpLocal *local, int outer_index) {
    NpUpvalue *upvalue;
    if (func->nupvalues >= NP_PARSE_MAX_UPVALUES) {
        fail_limit(parse, func, "upvalues", NP_PARSE_MAX_UPVALUES);
        return 0;
    }
    if (func->nupvalues == func->upvalue_capacity) {
        int wanted = func->upvalue_capacity ? func->upvalue_capacity * 2 : 4;
        NpUpvalue *list = np_parse_keep(parse, (size_t)wanted * sizeof *list);
        if (parse->failed) return 0;
        if (func->nupvalues) memcpy(list, func->upvalues, (size_t)func->nupvalues * sizeof *list);
        func->upvalues = list;
        func->upvalue_capacity = wanted;
    }
    upvalue = &func->upvalues[func->nupvalues];
    upvalue->name = local->name;
    upvalue->local = local;
    upvalue->from_stack = outer_index < 0;
    upvalue->kind = local->attrib;
    upvalue->index = outer_index;
    return func->nupvalues++;
}

/* The upvalue of func that is `local`, made in all functions on the way if need be. Recursion is
 * bounded by the nesting of functions. */
static int find_upvalue(NpParse *parse, NpFunc *func, NpLocal *local) {
    int outer_index = -1;
    for (int i = 0; i < func->nupvalues; i++)
        if (func->upvalues[i].local == local) return i;
    if (local->func != func->parent) {
        outer_index = find_upvalue(parse, func->parent, local);
        if (parse->failed) return 0;
    } else {
        if (!local->captured && local->func->gen) np_emit_captured(local->func->gen);
        local->captured = true;
    }
    return add_upvalue(parse, func, local, outer_index);
}

static NpExpr *variable(NpParse *parse, NpLocal *local, int line) {
    NpFunc *func = parse->scope.func->func;
    NpExpr *expr;
    if (local->func == func || local->value) {
        expr = np_ast_expr(parse, NP_EXPR_LOCAL, line);
        expr->u.local = local;
        return expr;
    }
    expr = np_ast_expr(parse, NP_EXPR_UPVALUE, line);
    expr->u.upvalue.index = parse->failed ? 0 : find_upvalue(parse, func, local);
    expr->u.upvalue.name = local->name;
    expr->u.upvalue.local = local;
    return expr;
}

static NpExpr *environment(NpParse *parse, int line) {
    NpScopeFunc *func = parse->scope.func;
    NpLocal *local = parse->scope.env->binding;
    NpExpr *expr = func->env;
    if (expr && expr->u.upvalue.local == local) return expr;
    expr = variable(parse, local, line);
    if (expr->kind == NP_EXPR_UPVALUE) func->env = np_ast_keep(parse, expr);
    return np_ast_value(expr);
}

NpExpr *np_scope_name(NpParse *parse, NpAstName *name, int line) {
    NpExpr *expr, *object;
    if (name->binding) return variable(parse, name->binding, line);
    object = environment(parse, line);
    expr = np_ast_expr(parse, NP_EXPR_GLOBAL, line);
    if (object->kind != NP_EXPR_LOCAL && object->kind != NP_EXPR_UPVALUE) expr->kind = NP_EXPR_INDEX;
    expr->u.index.object = object;
    expr->u.index.key = np_ast_key(parse, name, line);
    return expr;
}

void np_scope_assign(NpParse *parse, NpExpr *target) {
    NpLocal *local;
    if (target->kind == NP_EXPR_LOCAL) local = target->u.local;
    else if (target->kind == NP_EXPR_UPVALUE) local = target->u.upvalue.local;
    else return;
    if (parse->failed) return;
    if (local->attrib != NP_ATTRIB_NONE)
        np_scope_fail(parse, "attempt to assign to const variable '%s'", local->name->text);
    local->assigned = true;
}

/* ---- functions and blocks -------------------------------------------------------------------- */

void np_scope_open_block(NpParse *parse, bool loop) {
    NpScope *scope = &parse->scope;
    NpScopeBlock *block = scope->free_blocks;
    if (block) scope->free_blocks = block->outer;
    else block = np_parse_keep(parse, sizeof *block);
    if (parse->failed) return;
    block->outer = scope->block;
    block->nactive = scope->func->nactive;
    block->first_label = scope->labels.count;
    block->first_goto = scope->gotos.count;
    block->in_loop = loop || (block->outer && block->outer->in_loop);
    scope->block = block;
}

/* Code for the gotos that leave the block and have variables from register `level` on to close. */
static void close_by_gotos(NpParse *parse, int level) {
    NpScope *scope = &parse->scope;
    NpJumps over = NP_NO_JUMP;
    for (int i = scope->block->first_goto; i < scope->gotos.count; i++) {
        NpScopeJump *jump = &scope->gotos.list[i];
        if (jump->waiting == NP_NO_JUMP) continue;
        if (over == NP_NO_JUMP) np_emit_jump(parse->gen, &over);
        np_cg_leave_by_goto(parse->gen, &jump->waiting, level);
    }
    np_emit_patch_here(parse->gen, over);
}

void np_scope_close_block(NpParse *parse, int level) {
    NpScope *scope = &parse->scope;
    NpScopeBlock *block = scope->block;
    if (parse->failed) return;
    deactivate(parse, block->nactive);
    scope->labels.count = block->first_label;
    if (parse->gen && level >= 0) close_by_gotos(parse, level);
    for (int i = block->first_goto; i < scope->gotos.count; i++)
        scope->gotos.list[i].nactive = block->nactive;
    scope->block = block->outer;
    block->outer = scope->free_blocks;
    scope->free_blocks = block;
}

void np_scope_open_func(NpParse *parse, NpFunc *func) {
    NpScope *scope = &parse->scope;
    NpScopeFunc *open = scope->free_funcs;
    if (open) {
        scope->free_funcs = open->outer;
    } else {
        open = np_parse_keep(parse, sizeof *open);
        open->upvalues = NULL;
        open->upvalue_capacity = 0;
    }
    if (parse->failed) return;
    if (parse->generator && func->upvalue_capacity == 0) {
        func->upvalues = open->upvalues;
        func->upvalue_capacity = open->upvalue_capacity;
    }
    open->outer = scope->func;
    open->func = func;
    open->outer_block = scope->block;
    open->first = scope->nlocals;
    open->nactive = 0;
    open->first_label = scope->labels.count;
    open->env = NULL;
    func->parent = open->outer ? open->outer->func : NULL;
    scope->func = open;
    scope->block = NULL;
    np_scope_open_block(parse, false);
}

void np_scope_close_func(NpParse *parse) {
    NpScope *scope = &parse->scope;
    NpScopeFunc *open = scope->func;
    int first_goto;
    if (parse->failed) return;
    first_goto = scope->block->first_goto;
    np_scope_close_block(parse, -1);
    if (first_goto < scope->gotos.count) {
        const NpScopeJump *jump = &scope->gotos.list[first_goto];
        if (!jump->name)
            np_scope_fail(parse, "break outside loop at line %d", jump->line);
        else
            np_scope_fail(parse, "no visible label '%s' for <goto> at line %d", jump->name->text,
                          jump->line);
        return;
    }
    open->upvalues = open->func->upvalues;
    open->upvalue_capacity = open->func->upvalue_capacity;
    scope->block = open->outer_block;
    scope->func = open->outer;
    open->outer = scope->free_funcs;
    scope->free_funcs = open;
}

bool np_scope_has_gotos(const NpParse *parse) { return parse->scope.block->first_goto < parse->scope.gotos.count; }

NpJumps *np_scope_waiting(NpParse *parse, const NpStat *stat) {
    return stat->kind == NP_STAT_GOTO && stat->u.jump.waiting >= 0 ? &parse->scope.gotos.list[stat->u.jump.waiting].waiting : NULL;
}

void np_scope_forget_gotos(NpParse *parse, int first) {
    for (int i = first; i < parse->scope.gotos.count; i++) parse->scope.gotos.list[i].waiting = NP_NO_JUMP;
}

bool np_scope_is_vararg(const NpParse *parse) { return parse->scope.func->func->is_vararg; }

/* ---- labels and gotos ------------------------------------------------------------------------ */

/* The label of that name which can be seen in the innermost function, or NULL. */
static const NpScopeJump *find_label(const NpScope *scope, const NpAstName *name) {
    for (int i = scope->func->first_label; i < scope->labels.count; i++)
        if (scope->labels.list[i].name == name) return &scope->labels.list[i];
    return NULL;
}

void np_scope_goto(NpParse *parse, NpStat *stat) {
    const NpScopeJump *label;
    if (parse->failed) return;
    label = find_label(&parse->scope, stat->u.jump.label);
    if (label) {
        stat->u.jump.target = label->stat;
        stat->u.jump.waiting = -1;
        stat->u.jump.pc = label->pc;
        stat->u.jump.level = label->level;
    } else {
        stat->u.jump.waiting = parse->scope.gotos.count;
        add_jump(parse, &parse->scope.gotos, stat->u.jump.label, stat, stat->line);
    }
}

void np_scope_break(NpParse *parse, NpStat *stat) {
    if (parse->failed) return;
    stat->u.jump.waiting = parse->scope.block->in_loop ? -1 : -2;
    if (!parse->scope.block->in_loop) add_jump(parse, &parse->scope.gotos, NULL, stat, stat->line);
}

/* Gives a goto that waited its label: in the tree that is kept, or among those whose code is waiting. */
static void solve(NpParse *parse, const NpScopeJump *jump, const NpScopeJump *label) {
    if (parse->gen) np_emit_patch_here(parse->gen, jump->waiting);
    else if (!parse->generator) jump->stat->u.jump.target = label->stat;
}

/* Gives the gotos of this block that wait for `label` their target. */
static void solve_gotos(NpParse *parse, const NpScopeJump *label) {
    NpScope *scope = &parse->scope;
    int kept = scope->block->first_goto;
    for (int i = kept; i < scope->gotos.count; i++) {
        NpScopeJump *jump = &scope->gotos.list[i];
        if (jump->name != label->name) {
            scope->gotos.list[kept++] = *jump;
            continue;
        }
        if (jump->nactive < label->nactive) {
            const NpLocal *local = scope->locals[scope->func->first + jump->nactive];
            np_scope_fail(parse, "<goto %s> at line %d jumps into the scope of local '%s'",
                          jump->name->text, jump->line, local ? local->name->text : "(for state)");
            return;
        }
        solve(parse, jump, label);
    }
    scope->gotos.count = kept;
}

static void define_label(NpParse *parse, const NpScopeJump *pending, bool last) {
    NpScope *scope = &parse->scope;
    const NpScopeJump *same = find_label(scope, pending->name);
    NpScopeJump *label;
    if (same) {
        np_scope_fail(parse, "label '%s' already defined on line %d", pending->name->text, same->line);
        return;
    }
    label = add_jump(parse, &scope->labels, pending->name, pending->stat, pending->line);
    if (!label) return;
    if (parse->gen) {
        label->pc = np_cg_label(parse->gen);
        label->level = parse->gen->nactive;
    } else if (!parse->generator) {
        label->stat->u.label.last = last;
    }
    if (last) label->nactive = scope->block->nactive; /* as if the block's variables were gone */
    solve_gotos(parse, label);
}

void np_scope_label(NpParse *parse, NpStat *stat) {
    if (parse->failed || !add_jump(parse, &parse->scope.pending, stat->u.label.name, stat, stat->line)) return;
    if (parse->scope.pending.count > NP_PARSE_DEEP) parse->deep = true;
    np_scope_void(parse);
}

void np_scope_void(NpParse *parse) {
    NpScope *scope = &parse->scope;
    bool last;
    if (parse->failed || scope->pending.count == 0) return;
    switch (parse->token.kind) {
    case NP_TK_SEMI:
    case NP_TK_DBCOLON: return;
    case 0:
    case NP_TK_END:
    case NP_TK_ELSE:
    case NP_TK_ELSEIF: last = true; break;
    default: last = false; break; /* `until` too: its condition still sees the variables */
    }
    while (scope->pending.count > 0 && !parse->failed) /* the last one first, as C Lua does */
        define_label(parse, &scope->pending.list[--scope->pending.count], last);
}
