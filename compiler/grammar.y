/* grammar.y: the grammar of Lua 5.4; lemon makes grammar.c and grammar.h of it.
 *
 * Owns: the loop that feeds tokens to the parser, and the actions that build the tree, open and
 *       close scopes (scope.c) in source order, and have code made (cg.h) of what is complete: of a simple statement at its
 *       end, of one with blocks where each of them begins and ends.
 * Does not: word syntax errors. A parser that goes wrong only notes parse->failed; diagnose.c then
 *       reads the source again and says what C Lua would.
 *
 * Invariants:
 *   1  An action runs when its last token and one more (parse->token, the lookahead) were read. C
 *      Lua's parser is in the same position at the corresponding point.
 *   2  Actions see sound nodes even after a failure (np_parse_alloc never returns NULL), but lists
 *      made of the spare node may be circular: nothing walks a list when parse->failed is set.
 *   3  Lists under construction are circular: `last` points to the last node and last->next to the
 *      first. close_x() opens them.
 *   4  Code is made only through generator(), which gives NULL after a failure: no sound tree, no code.
 *   5  Between two statements of a block that code is made for, the tree is as it was when the block began.
 */

%name np_grammar
%token_prefix NP_TK_
%token_type {NpToken}
%extra_context {NpParse *parse}

// 197 levels of C Lua's nesting take at most 12 entries each.
%stack_size 2600
%stack_overflow { parse->failed = parse->deep = true; }
%syntax_error { parse->failed = true; }

%include {
#ifndef NDEBUG
#define NDEBUG 1 /* of lemon's driver: no tracing, no assert */
#endif
#define np_grammar_ENGINEALWAYSONSTACK 1
#define YYNOERRORRECOVERY 1

#include "compiler/cg.h"
#include "compiler/diagnose.h"
#include "compiler/parse.h"
#include "compiler/scope.h"
#include "grammar.h"

typedef struct NpPrefix { /* an expression that can be called, indexed or assigned to */
    NpExpr *expr;
    int line;         /* of its first token */
    bool parentheses; /* (e): not assignable */
} NpPrefix;
typedef struct NpExprs {
    NpExpr *last;
    int count, line; /* line: as arguments, of the token that opens them */
} NpExprs;
typedef struct NpLocals {
    NpLocal *last;
    int count;
    bool close; /* one of them is to be closed */
} NpLocals;
typedef struct NpStats { /* not circular */
    NpStat *first, *last;
} NpStats;
typedef struct NpLocalHead { /* local names = */
    NpLocals names;
    int line;
} NpLocalHead;
typedef struct NpOpenTable { /* a constructor that is being read */
    NpTableItem *last;
    int npositional, nnamed, line;
    /* What follows is for making code of it before it is complete. */
    bool ready;            /* all that is evaluated before it has code or will have, when this begins: see begin_table */
    bool begun;            /* it has code */
    bool holds;            /* the value of the item being read has begun */
    struct NpOpenTable *outer; /* whose item it begins; NULL: it is what a statement evaluates first, */
    NpExpr *target;        /* to assign it to that, if not NULL; or in `outer`, the item's key */
    int stat_line;         /* of that statement */
    NpPlace place;         /* of target, once this has begun */
    struct NpOpenTable *made;  /* NpParse.made before this */
    NpScratchMark mark;    /* the tree without its items */
    NpGenTable gen;
} NpOpenTable;
typedef struct NpKey { /* of an item */
    NpItemKind kind;
    NpExpr *key;
} NpKey;
typedef struct NpArms {
    NpIfArm *last;
    int line;
    bool decided; /* one of them is always taken: what follows is never reached */
    NpJumps end;  /* out of those before */
} NpArms;
typedef struct NpArmHead { /* an arm whose block comes */
    NpArms before;
    NpIfArm *arm;
} NpArmHead;
typedef struct NpForHead {
    NpLocal *var;
    int line;
} NpForHead;

#define NP_RING_ADD(ring, node)                                                                    \
    do {                                                                                           \
        if ((ring)) {                                                                              \
            (node)->next = (ring)->next;                                                           \
            (ring)->next = (node);                                                                 \
        } else {                                                                                   \
            (node)->next = (node);                                                                 \
        }                                                                                          \
        (ring) = (node);                                                                           \
    } while (0)

/* Opens a ring: the value is its first node. */
#define NP_RING_CLOSE(ring) ((ring) ? np_ring_first((void **)&(ring)->next) : NULL)
static inline void *np_ring_first(void **next) {
    void *first = *next;
    *next = NULL;
    return first;
}

static NpExprs no_exprs(int line) {
    return (NpExprs){NULL, 0, line};
}

static void add_expr(NpExprs *list, NpExpr *expr) {
    NP_RING_ADD(list->last, expr);
    list->count++;
}

static NpExprs one_expr(NpExpr *expr, int line) {
    NpExprs list = {NULL, 0, line};
    add_expr(&list, expr);
    return list;
}

static NpExpr *keyword(NpParse *parse, const NpToken *token) {
    NpExprKind kind = token->kind == NP_TK_NIL    ? NP_EXPR_NIL
                      : token->kind == NP_TK_TRUE ? NP_EXPR_TRUE
                                                  : NP_EXPR_FALSE;
    return np_ast_expr(parse, kind, token->line);
}

static NpExpr *number(NpParse *parse, const NpToken *token) {
    bool integer = token->kind == NP_TK_INTEGER;
    NpExpr *expr = np_ast_expr(parse, integer ? NP_EXPR_INT : NP_EXPR_FLOAT, token->line);
    if (integer) expr->u.integer = token->u.integer;
    else expr->u.number = token->u.number;
    return expr;
}

static NpExpr *string(NpParse *parse, const NpToken *token) {
    NpExpr *expr = np_ast_expr(parse, NP_EXPR_STRING, token->line);
    expr->u.string = token->u.name;
    return expr;
}

static NpExpr *vararg(NpParse *parse, int line) {
    if (!parse->failed && !np_scope_is_vararg(parse)) parse->failed = true;
    return np_ast_expr(parse, NP_EXPR_VARARG, line);
}

static NpExpr *binary(NpParse *parse, const NpToken *token, NpExpr *left, NpExpr *right) {
    static const uint8_t ops[] = {
        [NP_TK_PLUS] = NP_BIN_ADD,    [NP_TK_MINUS] = NP_BIN_SUB,  [NP_TK_STAR] = NP_BIN_MUL,
        [NP_TK_PERCENT] = NP_BIN_MOD, [NP_TK_CARET] = NP_BIN_POW,  [NP_TK_SLASH] = NP_BIN_DIV,
        [NP_TK_IDIV] = NP_BIN_IDIV,   [NP_TK_AMP] = NP_BIN_BAND,   [NP_TK_PIPE] = NP_BIN_BOR,
        [NP_TK_TILDE] = NP_BIN_BXOR,  [NP_TK_SHL] = NP_BIN_SHL,    [NP_TK_SHR] = NP_BIN_SHR,
        [NP_TK_CONCAT] = NP_BIN_CONCAT, [NP_TK_EQ] = NP_BIN_EQ,    [NP_TK_NE] = NP_BIN_NE,
        [NP_TK_LT] = NP_BIN_LT,       [NP_TK_LE] = NP_BIN_LE,      [NP_TK_GT] = NP_BIN_GT,
        [NP_TK_GE] = NP_BIN_GE,
    };
    return np_ast_binary(parse, (NpBinary)ops[token->kind], left, right, token->line);
}

/* Its errors are told of at the line where the right operand ends, those of arithmetic at the operator's. */
static NpExpr *comparison(NpParse *parse, const NpToken *token, NpExpr *left, NpExpr *right) {
    NpToken end = *token;
    end.line = parse->last_line;
    return binary(parse, &end, left, right);
}

static NpExpr *unary(NpParse *parse, const NpToken *token, NpExpr *operand) {
    NpUnary op = token->kind == NP_TK_MINUS  ? NP_UN_NEG
                 : token->kind == NP_TK_NOT  ? NP_UN_NOT
                 : token->kind == NP_TK_HASH ? NP_UN_LEN
                                             : NP_UN_BNOT;
    return np_ast_unary(parse, op, operand, token->line);
}

static NpExpr *index_with(NpParse *parse, NpExpr *object, NpExpr *key, int line) {
    NpExpr *expr = np_ast_expr(parse, NP_EXPR_INDEX, line);
    expr->u.index.object = np_ast_value(object);
    expr->u.index.key = key;
    return expr;
}

static NpExpr *call(NpParse *parse, NpExpr *callee, NpAstName *method, NpExprs args) {
    NpExpr *expr = np_ast_expr(parse, method ? NP_EXPR_METHOD : NP_EXPR_CALL, args.line);
    expr->u.call.callee = np_ast_value(callee);
    expr->u.call.method = method;
    expr->u.call.args = NP_RING_CLOSE(args.last);
    expr->u.call.nargs = args.count;
    return expr;
}

static NpPrefix parenthesise(NpParse *parse, NpExpr *inner, int line) {
    NpPrefix result = {inner, line, true};
    if (inner->kind == NP_EXPR_CALL || inner->kind == NP_EXPR_METHOD ||
        inner->kind == NP_EXPR_VARARG) {
        result.expr = np_ast_expr(parse, NP_EXPR_PAREN, line);
        result.expr->u.operand = inner;
    }
    return result;
}

static NpExpr *function(NpParse *parse, NpFunc *func, int line) {
    NpExpr *expr = np_ast_expr(parse, NP_EXPR_FUNCTION, line);
    expr->u.func = func;
    return expr;
}

/* ---- making code ---- */

/* The jump of an arm that was held back, with the code for its condition before it. */
static void flush_arm(NpParse *parse, NpFuncGen *fg, NpOpen *open) {
    NpIfArm *arm = open->arm;
    NpJumps next = NP_NO_JUMP;
    open->arm = NULL;
    np_cg_condition(fg, arm, false, &next);
    np_emit_enter(fg, &open->block, false);
    open->block.exit = next;
    if (open->jump) np_cg_jump(fg, open->jump, np_scope_waiting(parse, open->jump));
    fg->free = fg->nactive;
}

/* Who makes code of what was read: NULL if nobody does, or not any more. All before it has its code then. */
static NpFuncGen *generator(NpParse *parse) {
    if (parse->failed || !parse->gen) return NULL;
    if (parse->open->arm) flush_arm(parse, parse->gen, parse->open);
    return parse->gen;
}

/* A block begins, with its scopes open already: returns where its code's state is kept, or NULL. */
static NpOpen *push_open(NpParse *parse) {
    NpOpen *open;
    if (parse->failed || !parse->gen) return NULL;
    open = np_scratch_alloc(parse->tree, sizeof *open);
    if (!open) {
        np_parse_no_memory(parse);
        return NULL;
    }
    memset(open, 0, sizeof *open);
    open->outer = parse->open;
    open->mark = np_scratch_mark(parse->tree);
    parse->open = open;
    return open;
}

static void pop_open(NpParse *parse) { parse->open = parse->open->outer; }

/* Code for a statement in the innermost block, after which its tree is gone. */
static void make(NpParse *parse, NpFuncGen *fg, NpStat *stat) {
    NpOpen *open = parse->open;
    bool jump = stat->kind == NP_STAT_BREAK || stat->kind == NP_STAT_GOTO;
    open->last_kind = stat->kind;
    open->last_line = stat->end_line;
    if (jump && open->arm && !open->jump) { /* perhaps the only one there */
        open->jump = stat;
        return;
    }
    if (open->arm) flush_arm(parse, fg, open);
    switch (stat->kind) {
    case NP_STAT_BREAK: case NP_STAT_GOTO: np_cg_jump(fg, stat, np_scope_waiting(parse, stat)); break;
    case NP_STAT_LOCAL: case NP_STAT_ASSIGN: case NP_STAT_CALL: case NP_STAT_FUNCTION: case NP_STAT_LOCAL_FUNCTION:
    case NP_STAT_RETURN: np_cg_statement(fg, stat); break;
    default: break; /* its code is there already */
    }
    np_scratch_release(parse->tree, open->mark);
}

/* ---- tables ---- */

/* Code for a large table is made while it is read, if nothing has to be evaluated before it that has no code yet. That is known
 * where it begins: the places where it can stand set parse->ready_at to the number of the next token. */
static void ready(NpParse *parse, NpOpenTable *outer, NpExpr *target, int line) {
    parse->ready_at = parse->ntokens;
    parse->ready_table = outer;
    parse->ready_target = target;
    parse->ready_line = line;
}

/* An item begins, with parse->token. */
static void item_begins(NpParse *parse, NpOpenTable *table) {
    if (!table->ready) return;
    ready(parse, table, NULL, 0);
    parse->item_at = parse->ntokens;
}

/* parse->token is behind the brace. */
static NpOpenTable *open_table(NpParse *parse, int line) {
    NpOpenTable *table = np_scratch_alloc(parse->tree, sizeof *table);
    if (!table) {
        np_parse_no_memory(parse);
        table = (NpOpenTable *)parse->spare;
    }
    memset(table, 0, sizeof *table);
    table->line = line;
    if (!parse->failed && parse->gen && parse->ready_at == parse->ntokens - 1) {
        table->ready = true;
        table->outer = parse->ready_table;
        table->target = parse->ready_target;
        table->stat_line = parse->ready_line;
        table->mark = np_scratch_mark(parse->tree);
    }
    item_begins(parse, table);
    return table;
}

static void make_items(NpFuncGen *fg, NpOpenTable *table, bool complete) {
    np_cg_table_items(fg, &table->gen, NP_RING_CLOSE(table->last), complete);
    table->last = NULL;
}

/* Makes code of what is evaluated before the table, and of the table's beginning. Recursion is bounded by the nesting. */
static void begin_table(NpFuncGen *fg, NpOpenTable *table) {
    NpOpenTable *outer = table->outer;
    if (table->begun) return;
    table->begun = true;
    if (outer) {
        begin_table(fg, outer);
        make_items(fg, outer, false);
        outer->holds = true;
        table->place = np_cg_begin_item(fg, &outer->gen, table->target);
        outer->place = table->place;
    } else {
        fg->line = table->stat_line;
        if (table->target) table->place = np_cg_place(fg, table->target, false, false);
    }
    np_cg_open_table(fg, &table->gen, table->line);
}

/* A separator behind an item was read; parse->token follows. */
static NpOpenTable *next_item(NpParse *parse, NpOpenTable *table) {
    enum { LARGE_TREE = 1 << 15 }; /* bytes, of which code is made as soon as can be */
    if (table->ready && parse->tree->used - table->mark.used > LARGE_TREE && parse->token.kind != NP_TK_RBRACE) {
        NpFuncGen *fg = generator(parse);
        if (fg) {
            begin_table(fg, table);
            make_items(fg, table, false);
            np_scratch_release(parse->tree, table->mark);
        }
    }
    item_begins(parse, table);
    return table;
}

/* "name =" or "[key] =" was read, and the item began with token number `at`. */
static NpKey item_key(NpParse *parse, NpItemKind kind, NpExpr *key, NpOpenTable *table) {
    if (table) ready(parse, table, key, 0);
    return (NpKey){kind, key};
}

/* The table that an item of so many tokens up to now is the beginning of, if code may be made of it. */
static NpOpenTable *table_of_item(NpParse *parse, size_t ntokens) {
    return parse->item_at == parse->ntokens - ntokens ? parse->ready_table : NULL;
}

static NpOpenTable *add_item(NpParse *parse, NpOpenTable *table, NpKey key, NpExpr *value) {
    NpTableItem *item = np_parse_alloc(parse, sizeof *item);
    item->next = NULL;
    item->key = key.key;
    item->value = value;
    item->end_line = parse->last_line;
    item->kind = (uint8_t)key.kind;
    if (key.kind == NP_ITEM_POSITIONAL) table->npositional++;
    else table->nnamed++;
    if (table->holds) {
        NpFuncGen *fg = generator(parse);
        table->holds = false;
        if (fg) np_cg_end_item(fg, &table->gen, item, &table->place);
        return table;
    }
    NP_RING_ADD(table->last, item);
    return table;
}

static NpExpr *close_table(NpParse *parse, NpOpenTable *table) {
    NpExpr *expr;
    if (table->begun) {
        int line = 0;
        NpFuncGen *fg = generator(parse);
        if (fg) {
            make_items(fg, table, true);
            np_cg_close_table(fg, &table->gen);
            if (!table->outer && table->target) {
                table->made = parse->made;
                parse->made = table;
            }
            line = fg->line;
            np_scratch_release(parse->tree, table->mark);
        }
        expr = np_ast_expr(parse, NP_EXPR_MADE, line);
        expr->u.reg = table->gen.reg;
        return expr;
    }
    expr = np_ast_expr(parse, NP_EXPR_TABLE, table->line);
    expr->u.table.items = NP_RING_CLOSE(table->last);
    expr->u.table.npositional = table->npositional;
    expr->u.table.nnamed = table->nnamed;
    return expr;
}

/* ---- statements ---- */

static NpStat *statement(NpParse *parse, NpStatKind kind, int line) {
    NpStat *stat = np_ast_stat(parse, kind, line);
    stat->end_line = parse->last_line;
    return stat;
}

static void add_stat(NpParse *parse, NpStats *list, NpStat *stat) {
    if (!stat) return;
    if (parse->generator) {
        if (!parse->failed && parse->gen) make(parse, parse->gen, stat);
        return;
    }
    if (list->last) list->last->next = stat;
    else list->first = stat;
    list->last = stat;
}

static NpBlock *new_block(NpParse *parse, int line) {
    NpBlock *block = np_parse_alloc(parse, sizeof *block);
    memset(block, 0, sizeof *block);
    block->line = line;
    return block;
}

static NpBlock *open_block(NpParse *parse, bool loop) {
    np_scope_open_block(parse, loop);
    return new_block(parse, parse->last_line);
}

/* The rest of closing a block; `level`: see np_scope_close_block. */
static void close_block(NpParse *parse, NpBlock *block, NpStats stats, int end_line, int level) {
    block->first = stats.first;
    block->last = stats.last;
    block->end_line = end_line;
    np_scope_close_block(parse, level);
}

/* `do` */
static NpStat *open_do(NpParse *parse, int line) {
    NpFuncGen *fg = generator(parse);
    NpStat *stat = statement(parse, NP_STAT_DO, line);
    NpOpen *open;
    stat->u.block = open_block(parse, false);
    open = push_open(parse);
    if (open) np_emit_enter(fg, &open->block, false);
    return stat;
}

/* `while c do`, `repeat` */
static NpStat *open_loop(NpParse *parse, NpStatKind kind, NpExpr *condition, int line) {
    NpFuncGen *fg = generator(parse);
    NpStat *stat = statement(parse, kind, line);
    NpOpen *open;
    stat->u.loop.condition = condition;
    stat->u.loop.block = open_block(parse, true);
    open = push_open(parse);
    if (open && kind == NP_STAT_WHILE) np_cg_open_while(fg, &open->block, condition, line);
    else if (open) np_cg_open_repeat(fg, &open->block, line);
    return stat;
}

/* The end of any statement with one block; condition: behind `until`. */
static NpStat *close_statement(NpParse *parse, NpStat *stat, NpStats stats, int end_line, NpExpr *condition) {
    NpFuncGen *fg = generator(parse);
    NpBlock *block;
    int level = -1;
    switch (stat->kind) {
    case NP_STAT_WHILE:
        block = stat->u.loop.block;
        if (fg) level = np_cg_close_while(fg);
        break;
    case NP_STAT_REPEAT:
        block = stat->u.loop.block;
        stat->u.loop.condition = condition;
        if (fg) level = np_cg_close_repeat(fg, condition);
        break;
    case NP_STAT_FOR_NUM:
        block = stat->u.for_num.block;
        if (fg) level = np_cg_close_for_num(fg);
        break;
    case NP_STAT_FOR_IN:
        block = stat->u.for_in.block;
        if (fg) level = np_cg_close_for_in(fg, stat->u.for_in.nnames);
        break;
    default:
        block = stat->u.block;
        if (fg) level = np_cg_close_block(fg);
    }
    if (fg) pop_open(parse);
    if (stat->kind == NP_STAT_FOR_NUM || stat->kind == NP_STAT_FOR_IN) { /* gotos leave both blocks at once */
        close_block(parse, block, stats, end_line, -1);
        np_scope_close_block(parse, level);
    } else {
        close_block(parse, block, stats, end_line, level);
    }
    stat->end_line = parse->last_line;
    return stat;
}

/* `if c then`, `elseif c then`, `else`: parse->token is the first of the block. */
static NpArmHead open_arm(NpParse *parse, NpArms before, NpExpr *condition, int line) {
    NpFuncGen *fg = generator(parse);
    NpArmHead head = {before, np_parse_alloc(parse, sizeof *head.arm)};
    NpOpen *open;
    head.arm->next = NULL;
    head.arm->condition = condition;
    head.arm->line = line;
    head.arm->block = open_block(parse, false);
    open = push_open(parse);
    if (!open) return head;
    if (before.decided || (condition && np_ast_is_literal(condition))) {
        open->unreachable = before.decided || !np_cg_is_true(condition);
        /* A jump to where it stands, as its line is one that debuggers see; a break has none for itself. */
        if (open->unreachable && !before.decided && parse->token.kind != NP_TK_BREAK) {
            NpJumps next = NP_NO_JUMP;
            np_cg_condition(fg, head.arm, false, &next);
            np_emit_patch_here(fg, next);
        }
        open->before = np_emit_mark(fg);
        open->ngotos = parse->scope.gotos.count;
    } else if (condition && (parse->token.kind == NP_TK_BREAK || parse->token.kind == NP_TK_GOTO)) {
        open->arm = head.arm;
        return head;
    } else if (condition) {
        NpJumps next = NP_NO_JUMP;
        np_cg_condition(fg, head.arm, false, &next);
        np_emit_enter(fg, &open->block, false);
        open->block.exit = next;
        return head;
    }
    np_emit_enter(fg, &open->block, false);
    return head;
}

/* An arm that consists of a jump: its condition makes it, if it can. */
static bool close_direct_arm(NpParse *parse, NpOpen *open) {
    NpJumps *list;
    if (!open->arm || !open->jump) return false;
    list = np_cg_direct_jump(parse->gen, open->jump, np_scope_waiting(parse, open->jump));
    if (!list) return false;
    np_cg_condition(parse->gen, open->arm, true, list);
    return true;
}

/* The code at the end of an arm; returns what np_scope_close_block needs. */
static int close_arm_code(NpParse *parse, NpArms *arms, const NpExpr *condition) {
    NpOpen *open = parse->open;
    bool more = condition && (parse->token.kind == NP_TK_ELSE || parse->token.kind == NP_TK_ELSEIF);
    bool jumps = open->last_line && (open->last_kind == NP_STAT_RETURN || open->last_kind == NP_STAT_BREAK ||
                                     open->last_kind == NP_STAT_GOTO);
    NpFuncGen *fg;
    int level;
    if (close_direct_arm(parse, open)) return -1;
    fg = generator(parse);
    level = np_cg_close_block(fg);
    if (open->unreachable) {
        np_emit_forget(fg, &open->before);
        np_scope_forget_gotos(parse, open->ngotos);
        return -1;
    }
    if (condition && np_cg_is_always(condition)) arms->decided = true;
    else if (more && !jumps) np_emit_jump(fg, &arms->end);
    np_emit_patch_here(fg, open->block.exit);
    return level;
}

static NpArms close_arm(NpParse *parse, NpArmHead head, NpStats stats, int end_line) {
    NpArms arms = head.before;
    int level = -1;
    if (!parse->failed && parse->gen) {
        level = close_arm_code(parse, &arms, head.arm->condition);
        pop_open(parse);
    }
    close_block(parse, head.arm->block, stats, end_line, level);
    if (!parse->generator) NP_RING_ADD(arms.last, head.arm);
    else if (!parse->failed && parse->gen) np_scratch_release(parse->tree, parse->open->mark);
    return arms;
}

static NpStat *if_statement(NpParse *parse, NpArms arms) {
    NpStat *stat = statement(parse, NP_STAT_IF, arms.line);
    NpFuncGen *fg = generator(parse);
    stat->u.arms = NP_RING_CLOSE(arms.last);
    if (fg) np_emit_patch_here(fg, arms.end);
    return stat;
}

/* parse->token tells which kind of loop it is: "=" or something else. */
static NpForHead for_head(NpParse *parse, const NpToken *name, int line) {
    NpForHead head = {NULL, line};
    np_scope_open_block(parse, true);
    np_scope_declare_hidden(parse, parse->token.kind == NP_TK_ASSIGN ? 3 : 4);
    head.var = np_scope_declare(parse, name->u.name, name->line);
    return head;
}

static NpStat *open_for_num(NpParse *parse, NpForHead head, NpExpr *start, NpExpr *limit, NpExpr *step) {
    NpFuncGen *fg = generator(parse);
    NpStat *stat = statement(parse, NP_STAT_FOR_NUM, head.line);
    NpOpen *open;
    np_scope_activate(parse);
    stat->u.for_num.var = head.var;
    stat->u.for_num.start = start;
    stat->u.for_num.limit = limit;
    stat->u.for_num.step = step;
    stat->u.for_num.block = open_block(parse, false);
    open = push_open(parse);
    if (open) np_cg_open_for_num(fg, &open->block, &open->body, stat);
    return stat;
}

static NpStat *open_for_in(NpParse *parse, NpForHead head, NpLocals more, NpExprs exprs) {
    NpFuncGen *fg = generator(parse);
    NpStat *stat = statement(parse, NP_STAT_FOR_IN, head.line);
    NpOpen *open;
    np_scope_activate(parse);
    head.var->next = NP_RING_CLOSE(more.last);
    stat->u.for_in.names = head.var;
    stat->u.for_in.nnames = more.count + 1;
    stat->u.for_in.exprs = NP_RING_CLOSE(exprs.last);
    stat->u.for_in.nexprs = exprs.count;
    stat->u.for_in.block = open_block(parse, false);
    open = push_open(parse);
    if (open) np_cg_open_for_in(fg, &open->block, &open->body, stat);
    return stat;
}

/* A target of an assignment was read; "," or "=" follows. */
static void add_target(NpParse *parse, NpExprs *targets, NpPrefix prefix) {
    NpExprKind kind = (NpExprKind)prefix.expr->kind;
    if (prefix.parentheses || kind < NP_EXPR_LOCAL || kind > NP_EXPR_INDEX) parse->failed = true;
    np_scope_assign(parse, prefix.expr);
    add_expr(targets, prefix.expr);
    if (targets->count > NP_PARSE_DEEP) parse->deep = true; /* C Lua recurses for each target */
}

/* "=" was read behind them. */
static NpExprs assign_to(NpParse *parse, NpExprs targets) {
    if (targets.count == 1) ready(parse, NULL, targets.last, targets.line);
    return targets;
}

static NpStat *assignment(NpParse *parse, NpExprs targets, NpExprs exprs) {
    NpExpr *target = targets.last;
    NpStat *stat = statement(parse, NP_STAT_ASSIGN, targets.line);
    stat->u.assign.targets = NP_RING_CLOSE(targets.last);
    stat->u.assign.ntargets = targets.count;
    stat->u.assign.exprs = NP_RING_CLOSE(exprs.last);
    stat->u.assign.nexprs = exprs.count;
    if (parse->made && parse->made->target == target) {
        stat->u.assign.place = &parse->made->place;
        parse->made = parse->made->made;
    }
    return stat;
}

static NpStat *call_statement(NpParse *parse, NpPrefix prefix) {
    NpStat *stat = statement(parse, NP_STAT_CALL, prefix.line);
    if (prefix.expr->kind != NP_EXPR_CALL && prefix.expr->kind != NP_EXPR_METHOD)
        parse->failed = true;
    stat->u.call = prefix.expr;
    return stat;
}

static void set_attrib(NpParse *parse, NpLocals *list, NpLocal *local, NpAstName *attrib) {
    if (attrib) {
        if (strcmp(attrib->text, "const") == 0) local->attrib = NP_ATTRIB_CONST;
        else if (strcmp(attrib->text, "close") == 0) local->attrib = NP_ATTRIB_CLOSE;
        else np_scope_fail(parse, "unknown attribute '%s'", attrib->text);
    }
    if (local->attrib == NP_ATTRIB_CLOSE) {
        if (list->close)
            np_scope_fail(parse, "multiple to-be-closed variables in local list");
        list->close = true;
        local->func->has_close = true;
    }
    NP_RING_ADD(list->last, local);
    list->count++;
}

static NpStat *local_statement(NpParse *parse, int line, NpLocals names, NpExprs exprs) {
    NpStat *stat = statement(parse, NP_STAT_LOCAL, line);
    /* As in C Lua only the last variable, matched by an expression of its own, needs no register. */
    if (names.count == exprs.count && names.last->attrib == NP_ATTRIB_CONST &&
        np_ast_is_literal(exprs.last))
        names.last->value = np_ast_keep(parse, exprs.last);
    stat->u.local.names = NP_RING_CLOSE(names.last);
    stat->u.local.nnames = names.count;
    stat->u.local.exprs = NP_RING_CLOSE(exprs.last);
    stat->u.local.nexprs = exprs.count;
    np_scope_activate(parse);
    return stat;
}

static NpStat *jump_statement(NpParse *parse, NpStatKind kind, int line, NpAstName *name) {
    NpStat *stat = statement(parse, kind, line);
    if (kind == NP_STAT_LABEL) {
        NpFuncGen *fg = generator(parse);
        if (fg) fg->line = line;
        stat->u.label.name = name;
        np_scope_label(parse, stat);
    } else if (kind == NP_STAT_GOTO) {
        stat->u.jump.label = name;
        np_scope_goto(parse, stat);
    } else {
        np_scope_break(parse, stat);
    }
    return stat;
}

static NpStat *return_statement(NpParse *parse, int line, NpExprs exprs) {
    NpStat *stat = statement(parse, NP_STAT_RETURN, line);
    stat->u.ret.exprs = NP_RING_CLOSE(exprs.last);
    stat->u.ret.nexprs = exprs.count;
    return stat;
}

/* ---- functions ---- */

/* parse->token is the parenthesis that opens the parameters. */
static NpFunc *open_function(NpParse *parse) {
    NpFuncGen *fg = generator(parse);
    NpFunc *func = np_parse_alloc(parse, sizeof *func);
    memset(func, 0, sizeof *func);
    func->line = parse->function_line ? parse->function_line : parse->token.line;
    func->name_hint = parse->function_name;
    func->is_method = parse->method;
    parse->function_line = 0;
    parse->function_name = NULL;
    parse->method = false;
    np_scope_open_func(parse, func);
    if (func->is_method) {
        NpAstName *self = np_lexer_intern(&parse->names, "self", 4);
        if (self) func->params = np_scope_declare(parse, self, func->line);
        else np_parse_no_memory(parse);
        func->nparams = 1;
    }
    if (fg && !parse->failed) parse->gen = np_emit_begin(fg->gen, fg, func);
    return func;
}

static void set_params(NpParse *parse, NpFunc *func, NpLocals params, bool is_vararg) {
    NpLocal *first = NP_RING_CLOSE(params.last);
    func->is_vararg = is_vararg;
    func->nparams += params.count;
    if (func->params) func->params->next = first;
    else func->params = first;
    np_scope_activate(parse);
}

static void open_body(NpParse *parse) {
    NpOpen *open = push_open(parse);
    if (open) np_cg_open_body(parse->gen, &open->block);
}

/* parse->token is the first of the body. */
static NpBlock *open_function_body(NpParse *parse) {
    NpBlock *block = new_block(parse, parse->token.line);
    open_body(parse);
    return block;
}

/* The code of a function that is complete. */
static void close_body(NpParse *parse, NpFuncGen *fg, NpFunc *func) {
    NpProto *proto;
    int line = func->line ? func->end_line : parse->open->last_line;
    proto = np_cg_close_body(fg, line ? line : 1);
    pop_open(parse);
    parse->gen = fg->outer;
    if (fg->outer) func->proto = np_emit_add_proto(fg->outer, proto);
    else parse->proto = proto;
}

static NpFunc *close_function(NpParse *parse, NpFunc *func, NpStats stats, int end_line) {
    NpFuncGen *fg = generator(parse);
    func->body->first = stats.first;
    func->body->last = stats.last;
    func->body->end_line = func->end_line = end_line;
    if (fg && !np_scope_has_gotos(parse)) close_body(parse, fg, func);
    np_scope_close_func(parse);
    return func;
}

/* A function statement's name was read; its body follows. */
static NpPrefix name_function(NpParse *parse, NpPrefix target, int line, NpAstName *method) {
    NpExpr *expr = target.expr;
    parse->function_line = line;
    parse->method = method != NULL;
    if (method) expr = index_with(parse, expr, np_ast_key(parse, method, line), line);
    if (expr->kind == NP_EXPR_LOCAL) parse->function_name = expr->u.local->name;
    else if (expr->kind == NP_EXPR_UPVALUE) parse->function_name = expr->u.upvalue.name;
    else parse->function_name = expr->u.index.key->u.string;
    target.expr = expr;
    target.line = line;
    return target;
}

static NpStat *function_statement(NpParse *parse, NpPrefix target, NpFunc *func) {
    NpStat *stat = statement(parse, NP_STAT_FUNCTION, target.line);
    np_scope_assign(parse, target.expr);
    stat->u.function.target = target.expr;
    stat->u.function.func = func;
    return stat;
}

static NpLocal *local_function(NpParse *parse, const NpToken *name) {
    NpLocal *local = np_scope_declare(parse, name->u.name, name->line);
    NpFuncGen *fg = generator(parse);
    np_scope_activate(parse);
    if (fg) np_cg_declare_function(fg, local);
    parse->function_name = name->u.name;
    return local;
}
} // %include

%nonassoc LOWEST.
%left OR.
%left AND.
%left LT GT LE GE NE EQ.
%left PIPE.
%left TILDE.
%left AMP.
%left SHL SHR.
%right CONCAT.
%left PLUS MINUS.
%left STAR SLASH IDIV PERCENT.
%right NOT HASH.
%right CARET.
// After an expression that can be called, "(" is always its call: no statement begins there.
%nonassoc LPAREN.

%token NAME STRING INTEGER FLOAT OTHER ERROR.

%type body {NpStats}
%type stats {NpStats}
%type stat {NpStat *}
%type opened {NpStat *}
%type repeat {NpStat *}
%type arms {NpArms}
%type arm {NpArmHead}
%type else {NpArmHead}
%type for_head {NpForHead}
%type names {NpLocals}
%type attribs {NpLocals}
%type declared {NpLocal *}
%type attrib {NpAstName *}
%type targets {NpExprs}
%type exprs {NpExprs}
%type some_exprs {NpExprs}
%type args {NpExprs}
%type expr {NpExpr *}
%type table {NpExpr *}
%type prefix {NpPrefix}
%type path {NpPrefix}
%type function_head {NpPrefix}
%type local_head {NpLocal *}
%type func {NpFunc *}
%type func_open {NpFunc *}
%type func_body {NpBlock *}
%type table_open {NpOpenTable *}
%type items {NpOpenTable *}
%type next_item {NpOpenTable *}
%type item_open {NpOpenTable *}
%type key {NpKey}
%type bracket {NpOpenTable *}
%type return {int}
%type assign {NpExprs}
%type local {NpLocalHead}

%start_symbol chunk

chunk ::= body(B). { close_function(parse, parse->main, B, parse->token.line); }

// ---- blocks

body ::= stats.
body(A) ::= stats(A) return(L) some_exprs(E) optional_semi.
    { add_stat(parse, &A, return_statement(parse, L, E)); }
return(A) ::= RETURN(T). { A = T.line; ready(parse, NULL, NULL, T.line); }
optional_semi ::= .
optional_semi ::= SEMI.

stats(A) ::= . { A = (NpStats){NULL, NULL}; }
stats(A) ::= stats(A) stat(S). { add_stat(parse, &A, S); }

// ---- statements

stat(A) ::= SEMI. { A = NULL; np_scope_void(parse); }
stat(A) ::= assign(T) exprs(E). { A = assignment(parse, T, E); }
assign(A) ::= targets(T) ASSIGN. { A = assign_to(parse, T); }
stat(A) ::= prefix(P). [LOWEST] { A = call_statement(parse, P); }
stat(A) ::= DBCOLON(T) NAME(N) DBCOLON.
    { A = jump_statement(parse, NP_STAT_LABEL, T.line, N.u.name); }
stat(A) ::= BREAK(T). { A = jump_statement(parse, NP_STAT_BREAK, T.line, NULL); }
stat(A) ::= GOTO NAME(N). { A = jump_statement(parse, NP_STAT_GOTO, N.line, N.u.name); }

stat(A) ::= opened(H) body(S) END(E). { A = close_statement(parse, H, S, E.line, NULL); }
opened(A) ::= DO(T). { A = open_do(parse, T.line); }
opened(A) ::= WHILE(T) expr(C) DO. { A = open_loop(parse, NP_STAT_WHILE, C, T.line); }
opened(A) ::= for_head(H) ASSIGN expr(X) COMMA expr(Y) DO. { A = open_for_num(parse, H, X, Y, NULL); }
opened(A) ::= for_head(H) ASSIGN expr(X) COMMA expr(Y) COMMA expr(Z) DO.
    { A = open_for_num(parse, H, X, Y, Z); }
opened(A) ::= for_head(H) IN exprs(X) DO. { A = open_for_in(parse, H, (NpLocals){NULL, 0, false}, X); }
opened(A) ::= for_head(H) COMMA names(N) IN exprs(X) DO. { A = open_for_in(parse, H, N, X); }
for_head(A) ::= FOR(T) NAME(N). { A = for_head(parse, &N, T.line); }

stat(A) ::= repeat(H) body(S) UNTIL(E) expr(C). { A = close_statement(parse, H, S, E.line, C); }
repeat(A) ::= REPEAT(T). { A = open_loop(parse, NP_STAT_REPEAT, NULL, T.line); }

stat(A) ::= arms(I) END. { A = if_statement(parse, I); }
stat(A) ::= else(H) body(S) END(E). { A = if_statement(parse, close_arm(parse, H, S, E.line)); }
arms(A) ::= arm(H) body(S). { A = close_arm(parse, H, S, parse->token.line); }
arm(A) ::= IF(T) expr(C) THEN. { A = open_arm(parse, (NpArms){NULL, T.line, false, NP_NO_JUMP}, C, T.line); }
arm(A) ::= arms(I) ELSEIF(T) expr(C) THEN. { A = open_arm(parse, I, C, T.line); }
else(A) ::= arms(I) ELSE(T). { A = open_arm(parse, I, NULL, T.line); }

stat(A) ::= function_head(H) func(F). { A = function_statement(parse, H, F); }
function_head(A) ::= FUNCTION(T) path(P). { A = name_function(parse, P, T.line, NULL); }
function_head(A) ::= FUNCTION(T) path(P) COLON NAME(N).
    { A = name_function(parse, P, T.line, N.u.name); }
path(A) ::= NAME(N). { A = (NpPrefix){np_scope_name(parse, N.u.name, N.line), N.line, false}; }
path(A) ::= path(A) DOT NAME(N).
    { A.expr = index_with(parse, A.expr, np_ast_key(parse, N.u.name, N.line), N.line); }

stat(A) ::= LOCAL(T) local_head(H) func(F). {
    A = statement(parse, NP_STAT_LOCAL_FUNCTION, T.line);
    A->u.local_function.name = H;
    A->u.local_function.func = F;
}
local_head(A) ::= FUNCTION NAME(N). { A = local_function(parse, &N); }

stat(A) ::= LOCAL(T) attribs(N). { A = local_statement(parse, T.line, N, no_exprs(0)); }
stat(A) ::= local(H) exprs(E). { A = local_statement(parse, H.line, H.names, E); }
local(A) ::= LOCAL(T) attribs(N) ASSIGN. { A = (NpLocalHead){N, T.line}; ready(parse, NULL, NULL, T.line); }
attribs(A) ::= declared(D) attrib(X).
    { A = (NpLocals){NULL, 0, false}; set_attrib(parse, &A, D, X); }
attribs(A) ::= attribs(A) COMMA declared(D) attrib(X). { set_attrib(parse, &A, D, X); }
declared(A) ::= NAME(N). { A = np_scope_declare(parse, N.u.name, N.line); }
attrib(A) ::= . { A = NULL; }
attrib(A) ::= LT NAME(N) GT. { A = N.u.name; }

targets(A) ::= prefix(P). { A = no_exprs(P.line); add_target(parse, &A, P); }
targets(A) ::= targets(A) COMMA prefix(P). { add_target(parse, &A, P); }

// ---- functions

func(A) ::= func_open(F) LPAREN params RPAREN func_body(B) body(S) END(E).
    { F->body = B; A = close_function(parse, F, S, E.line); }
func_open(A) ::= . { A = parse->opening = open_function(parse); }
func_body(A) ::= . { A = open_function_body(parse); }
params ::= . { set_params(parse, parse->opening, (NpLocals){NULL, 0, false}, false); }
params ::= DOTS. { set_params(parse, parse->opening, (NpLocals){NULL, 0, false}, true); }
params ::= names(N). { set_params(parse, parse->opening, N, false); }
params ::= names(N) COMMA DOTS. { set_params(parse, parse->opening, N, true); }
names(A) ::= declared(D).
    { A = (NpLocals){NULL, 0, false}; set_attrib(parse, &A, D, NULL); }
names(A) ::= names(A) COMMA declared(D). { set_attrib(parse, &A, D, NULL); }

// ---- expressions

some_exprs(A) ::= . { A = no_exprs(0); }
some_exprs(A) ::= exprs(A).
exprs(A) ::= expr(E). { A = one_expr(E, 0); }
exprs(A) ::= exprs(A) COMMA expr(E). { add_expr(&A, E); }

expr(A) ::= NIL|FALSE|TRUE(T). { A = keyword(parse, &T); }
expr(A) ::= INTEGER|FLOAT(T). { A = number(parse, &T); }
expr(A) ::= STRING(T). { A = string(parse, &T); }
expr(A) ::= DOTS(T). { A = vararg(parse, T.line); }
expr(A) ::= table(A).
expr(A) ::= FUNCTION(T) func(F). { A = function(parse, F, T.line); }
expr(A) ::= prefix(P). [LOWEST] { A = np_ast_value(P.expr); }
expr(A) ::= expr(L) OR(T) expr(R). { A = np_ast_logical(parse, NP_EXPR_OR, L, R, T.line); }
expr(A) ::= expr(L) AND(T) expr(R). { A = np_ast_logical(parse, NP_EXPR_AND, L, R, T.line); }
expr(A) ::= expr(L) LT|GT|LE|GE|NE|EQ(T) expr(R). [LT] { A = comparison(parse, &T, L, R); }
expr(A) ::= expr(L) PIPE(T) expr(R). { A = binary(parse, &T, L, R); }
expr(A) ::= expr(L) TILDE(T) expr(R). { A = binary(parse, &T, L, R); }
expr(A) ::= expr(L) AMP(T) expr(R). { A = binary(parse, &T, L, R); }
expr(A) ::= expr(L) SHL|SHR(T) expr(R). [SHL] { A = binary(parse, &T, L, R); }
expr(A) ::= expr(L) CONCAT(T) expr(R). { A = binary(parse, &T, L, R); }
expr(A) ::= expr(L) PLUS|MINUS(T) expr(R). [PLUS] { A = binary(parse, &T, L, R); }
expr(A) ::= expr(L) STAR|SLASH|IDIV|PERCENT(T) expr(R). [STAR] { A = binary(parse, &T, L, R); }
expr(A) ::= expr(L) CARET(T) expr(R). { A = binary(parse, &T, L, R); }
expr(A) ::= NOT|HASH|MINUS|TILDE(T) expr(E). [NOT] { A = unary(parse, &T, E); }

prefix(A) ::= NAME(N). { A = (NpPrefix){np_scope_name(parse, N.u.name, N.line), N.line, false}; }
prefix(A) ::= LPAREN(T) expr(E) RPAREN. { A = parenthesise(parse, E, T.line); }
prefix(A) ::= prefix(A) DOT NAME(N). {
    A.expr = index_with(parse, A.expr, np_ast_key(parse, N.u.name, N.line), N.line);
    A.parentheses = false;
}
prefix(A) ::= prefix(A) LBRACKET expr(E) RBRACKET(T). {
    A.expr = index_with(parse, A.expr, E, T.line);
    A.parentheses = false;
}
prefix(A) ::= prefix(A) args(X). {
    A.expr = call(parse, A.expr, NULL, X);
    A.parentheses = false;
}
prefix(A) ::= prefix(A) COLON NAME(N) args(X). {
    A.expr = call(parse, A.expr, N.u.name, X);
    A.parentheses = false;
}

args(A) ::= LPAREN(T) RPAREN. { A = no_exprs(T.line); }
args(A) ::= LPAREN(T) exprs(E) RPAREN. { A = E; A.line = T.line; }
args(A) ::= table(E). { A = one_expr(E, E->line); }
args(A) ::= STRING(T). { A = one_expr(string(parse, &T), T.line); }

table(A) ::= table_open(T) RBRACE. { A = close_table(parse, T); }
table(A) ::= items(I) RBRACE. { A = close_table(parse, I); }
table(A) ::= next_item(I) RBRACE. { A = close_table(parse, I); }
table_open(A) ::= LBRACE(T). { A = open_table(parse, T.line); }
next_item(A) ::= items(I) COMMA|SEMI. { A = next_item(parse, I); }
items(A) ::= item_open(T) expr(E). { A = add_item(parse, T, (NpKey){NP_ITEM_POSITIONAL, NULL}, E); }
items(A) ::= item_open(T) key(K) expr(E). { A = add_item(parse, T, K, E); }
item_open(A) ::= table_open(A).
item_open(A) ::= next_item(A).
key(A) ::= NAME(N) ASSIGN.
    { A = item_key(parse, NP_ITEM_NAMED, np_ast_key(parse, N.u.name, N.line), table_of_item(parse, 2)); }
key(A) ::= bracket(T) expr(K) RBRACKET ASSIGN. { A = item_key(parse, NP_ITEM_KEYED, K, T); }
bracket(A) ::= LBRACKET. { A = table_of_item(parse, 1); }

%code {
/* The nesting may be more than C Lua allows, and more than the generator can follow. If the source is wrong somewhere no
 * more code is made: what is wrong first will be found when all has been read. */
static void count_levels(NpParse *parse) {
    parse->counted = true;
    if (!np_diagnose(parse, 0) && !parse->out_of_memory) return;
    parse->error = NULL;
    parse->gen = NULL;
}

/* Feeds the whole source to the parser. False when parse->failed was set on the way. */
bool np_grammar_run(NpParse *parse) {
    yyParser engine;
    int deepest = 0;
    np_grammarInit(&engine, parse);
    if (parse->generator) {
        parse->gen = np_emit_begin(parse->generator, NULL, parse->main);
        open_body(parse);
    }
    do {
        int depth;
        parse->last_line = parse->token.line;
        parse->ntokens++;
        if (np_lexer_next(&parse->lexer, &parse->token) == NP_TK_ERROR) {
            parse->failed = true;
            break;
        }
        np_grammar(&engine, parse->token.kind, parse->token);
        depth = (int)(engine.yytos - engine.yystack);
        if (depth > deepest) deepest = depth;
        if (deepest > NP_PARSE_DEEP) parse->deep = true;
        if (parse->deep && !parse->counted && parse->gen) count_levels(parse);
    } while (!parse->failed && parse->token.kind != 0);
    return !parse->failed;
}
}
