/* grammar.y: the grammar of Lua 5.4; lemon makes grammar.c and grammar.h of it.
 *
 * Owns: the loop that feeds tokens to the parser, and the actions that build the tree and open and
 *       close scopes (scope.c) in source order.
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
typedef struct NpItems {
    NpTableItem *last;
    int npositional, nnamed;
} NpItems;
typedef struct NpArms {
    NpIfArm *last;
    int line;
} NpArms;
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

static NpExpr *table(NpParse *parse, NpItems items, int line) {
    NpExpr *expr = np_ast_expr(parse, NP_EXPR_TABLE, line);
    expr->u.table.items = NP_RING_CLOSE(items.last);
    expr->u.table.npositional = items.npositional;
    expr->u.table.nnamed = items.nnamed;
    return expr;
}

static NpItems add_item(NpItems items, NpTableItem *item) {
    NP_RING_ADD(items.last, item);
    if (item->kind == NP_ITEM_POSITIONAL) items.npositional++;
    else items.nnamed++;
    return items;
}

static NpTableItem *item(NpParse *parse, NpItemKind kind, NpExpr *key, NpExpr *value) {
    NpTableItem *made = np_parse_alloc(parse, sizeof *made);
    made->next = NULL;
    made->key = key;
    made->value = value;
    made->end_line = parse->last_line;
    made->kind = (uint8_t)kind;
    return made;
}

/* ---- statements ---- */

static NpStat *statement(NpParse *parse, NpStatKind kind, int line) {
    NpStat *stat = np_ast_stat(parse, kind, line);
    stat->end_line = parse->last_line;
    return stat;
}

static void add_stat(NpStats *list, NpStat *stat) {
    if (!stat) return;
    if (list->last) list->last->next = stat;
    else list->first = stat;
    list->last = stat;
}

static NpBlock *open_block(NpParse *parse, bool loop) {
    NpBlock *block = np_parse_alloc(parse, sizeof *block);
    memset(block, 0, sizeof *block);
    block->line = parse->last_line;
    np_scope_open_block(parse, loop);
    return block;
}

static NpBlock *close_block(NpParse *parse, NpBlock *block, NpStats stats, int end_line) {
    block->first = stats.first;
    block->last = stats.last;
    block->end_line = end_line;
    np_scope_close_block(parse);
    return block;
}

static NpStat *block_statement(NpParse *parse, NpBlock *block, NpStats stats, int line,
                               int end_line) {
    NpStat *stat = statement(parse, NP_STAT_DO, line);
    stat->u.block = close_block(parse, block, stats, end_line);
    return stat;
}

static NpStat *loop(NpParse *parse, NpStatKind kind, NpExpr *condition, NpBlock *block, int line) {
    NpStat *stat = statement(parse, kind, line);
    stat->u.loop.condition = condition;
    stat->u.loop.block = block;
    return stat;
}

static NpArms add_arm(NpParse *parse, NpArms arms, int line, NpExpr *condition, NpBlock *block,
                      NpStats stats, int end_line) {
    NpIfArm *arm = np_parse_alloc(parse, sizeof *arm);
    arm->condition = condition;
    arm->block = close_block(parse, block, stats, end_line);
    arm->line = line;
    NP_RING_ADD(arms.last, arm);
    return arms;
}

static NpStat *if_statement(NpParse *parse, NpArms arms) {
    NpStat *stat = statement(parse, NP_STAT_IF, arms.line);
    stat->u.arms = NP_RING_CLOSE(arms.last);
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

static NpStat *for_numeric(NpParse *parse, NpForHead head, NpExpr *start, NpExpr *limit,
                           NpExpr *step, NpBlock *block) {
    NpStat *stat = statement(parse, NP_STAT_FOR_NUM, head.line);
    np_scope_close_block(parse);
    stat->u.for_num.var = head.var;
    stat->u.for_num.start = start;
    stat->u.for_num.limit = limit;
    stat->u.for_num.step = step;
    stat->u.for_num.block = block;
    return stat;
}

static NpStat *for_generic(NpParse *parse, NpForHead head, NpLocals more, NpExprs exprs,
                           NpBlock *block) {
    NpStat *stat = statement(parse, NP_STAT_FOR_IN, head.line);
    np_scope_close_block(parse);
    head.var->next = NP_RING_CLOSE(more.last);
    stat->u.for_in.names = head.var;
    stat->u.for_in.nnames = more.count + 1;
    stat->u.for_in.exprs = NP_RING_CLOSE(exprs.last);
    stat->u.for_in.nexprs = exprs.count;
    stat->u.for_in.block = block;
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

static NpStat *assignment(NpParse *parse, NpExprs targets, NpExprs exprs) {
    NpStat *stat = statement(parse, NP_STAT_ASSIGN, targets.line);
    stat->u.assign.targets = NP_RING_CLOSE(targets.last);
    stat->u.assign.ntargets = targets.count;
    stat->u.assign.exprs = NP_RING_CLOSE(exprs.last);
    stat->u.assign.nexprs = exprs.count;
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
        names.last->value = exprs.last;
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

static NpFunc *close_function(NpParse *parse, NpFunc *func, NpStats stats, int end_line) {
    func->body->first = stats.first;
    func->body->last = stats.last;
    func->body->end_line = func->end_line = end_line;
    np_scope_close_func(parse);
    return func;
}

static NpBlock *function_block(NpParse *parse) {
    NpBlock *block = np_parse_alloc(parse, sizeof *block);
    memset(block, 0, sizeof *block);
    block->line = parse->token.line;
    return block;
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
    np_scope_activate(parse);
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
%type open {NpBlock *}
%type loop_open {NpBlock *}
%type for_open {NpBlock *}
%type arms {NpArms}
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
%type items {NpItems}
%type item {NpTableItem *}

%start_symbol chunk

chunk ::= body(B). { close_function(parse, parse->main, B, parse->token.line); }

// ---- blocks

body ::= stats.
body(A) ::= stats(A) RETURN(T) some_exprs(E) optional_semi.
    { add_stat(&A, return_statement(parse, T.line, E)); }
optional_semi ::= .
optional_semi ::= SEMI.

stats(A) ::= . { A = (NpStats){NULL, NULL}; }
stats(A) ::= stats(A) stat(S). { add_stat(&A, S); }

open(A) ::= . { A = open_block(parse, false); }
loop_open(A) ::= . { A = open_block(parse, true); }

// ---- statements

stat(A) ::= SEMI. { A = NULL; np_scope_void(parse); }
stat(A) ::= targets(T) ASSIGN exprs(E). { A = assignment(parse, T, E); }
stat(A) ::= prefix(P). [LOWEST] { A = call_statement(parse, P); }
stat(A) ::= DBCOLON(T) NAME(N) DBCOLON.
    { A = jump_statement(parse, NP_STAT_LABEL, T.line, N.u.name); }
stat(A) ::= BREAK(T). { A = jump_statement(parse, NP_STAT_BREAK, T.line, NULL); }
stat(A) ::= GOTO NAME(N). { A = jump_statement(parse, NP_STAT_GOTO, N.line, N.u.name); }
stat(A) ::= DO(T) open(B) body(S) END(E). { A = block_statement(parse, B, S, T.line, E.line); }
stat(A) ::= WHILE(T) expr(C) DO loop_open(B) body(S) END(E).
    { A = loop(parse, NP_STAT_WHILE, C, close_block(parse, B, S, E.line), T.line); }
stat(A) ::= REPEAT(T) loop_open(B) body(S) UNTIL(E) expr(C).
    { A = loop(parse, NP_STAT_REPEAT, C, close_block(parse, B, S, E.line), T.line); }
stat(A) ::= arms(I) END. { A = if_statement(parse, I); }
stat(A) ::= arms(I) ELSE(T) open(B) body(S) END(E).
    { A = if_statement(parse, add_arm(parse, I, T.line, NULL, B, S, E.line)); }
arms(A) ::= IF(T) expr(C) THEN open(B) body(S).
    { A = add_arm(parse, (NpArms){NULL, T.line}, T.line, C, B, S, parse->token.line); }
arms(A) ::= arms(A) ELSEIF(T) expr(C) THEN open(B) body(S).
    { A = add_arm(parse, A, T.line, C, B, S, parse->token.line); }

for_head(A) ::= FOR(T) NAME(N). { A = for_head(parse, &N, T.line); }
for_open(A) ::= DO. { np_scope_activate(parse); A = open_block(parse, false); }
stat(A) ::= for_head(H) ASSIGN expr(X) COMMA expr(Y) for_open(B) body(S) END(E).
    { A = for_numeric(parse, H, X, Y, NULL, close_block(parse, B, S, E.line)); }
stat(A) ::= for_head(H) ASSIGN expr(X) COMMA expr(Y) COMMA expr(Z) for_open(B) body(S) END(E).
    { A = for_numeric(parse, H, X, Y, Z, close_block(parse, B, S, E.line)); }
stat(A) ::= for_head(H) IN exprs(X) for_open(B) body(S) END(E).
    { A = for_generic(parse, H, (NpLocals){NULL, 0, false}, X, close_block(parse, B, S, E.line)); }
stat(A) ::= for_head(H) COMMA names(N) IN exprs(X) for_open(B) body(S) END(E).
    { A = for_generic(parse, H, N, X, close_block(parse, B, S, E.line)); }

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
stat(A) ::= LOCAL(T) attribs(N) ASSIGN exprs(E). { A = local_statement(parse, T.line, N, E); }
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
func_body(A) ::= . { A = function_block(parse); }
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

table(A) ::= LBRACE(T) RBRACE. { A = table(parse, (NpItems){NULL, 0, 0}, T.line); }
table(A) ::= LBRACE(T) items(I) RBRACE. { A = table(parse, I, T.line); }
table(A) ::= LBRACE(T) items(I) COMMA|SEMI RBRACE. { A = table(parse, I, T.line); }
items(A) ::= item(I). { A = add_item((NpItems){NULL, 0, 0}, I); }
items(A) ::= items(A) COMMA|SEMI item(I). { A = add_item(A, I); }
item(A) ::= expr(E). { A = item(parse, NP_ITEM_POSITIONAL, NULL, E); }
item(A) ::= NAME(N) ASSIGN expr(E).
    { A = item(parse, NP_ITEM_NAMED, np_ast_key(parse, N.u.name, N.line), E); }
item(A) ::= LBRACKET expr(K) RBRACKET ASSIGN expr(E). { A = item(parse, NP_ITEM_KEYED, K, E); }

%code {
/* Feeds the whole source to the parser. False when parse->failed was set on the way. */
bool np_grammar_run(NpParse *parse) {
    yyParser engine;
    int deepest = 0;
    np_grammarInit(&engine, parse);
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
    } while (!parse->failed && parse->token.kind != 0);
    if (deepest > NP_PARSE_DEEP) parse->deep = true;
    return !parse->failed;
}
}
