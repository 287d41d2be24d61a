/* ast.c: making nodes of the syntax tree, folding constants on the way, and printing the tree.
 *
 * Owns: what np_ast_dump prints. A list is (word ...); names of variables are printed as
 *       a (local), a^2 (upvalue 2 of its function) and :a (global, or _ENV.a by its parts if _ENV is
 *       a local), constants as in Lua. Declared variables have marks: ! captured, = assigned later,
 *       <const>, <close>, and <const 5> for a compile-time constant.
 * Does not: resolve names (scope.c) or decide what is a statement (grammar.y).
 */
#include "compiler/ast.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "compiler/parse.h"

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Bytes of a node of each kind: the tree is most of what compiling costs. Whatever it is, folding may turn it
 * into a number. */
#define MEMBER_BYTES(member) sizeof(((NpExpr *)0)->u.member)
#define UP_TO(member) \
    (offsetof(NpExpr, u) + (MEMBER_BYTES(member) > sizeof(int64_t) ? MEMBER_BYTES(member) : sizeof(int64_t)))
static const uint8_t sizes[NP_EXPR_MADE + 1] = {
    [NP_EXPR_NIL] = UP_TO(integer),      [NP_EXPR_TRUE] = UP_TO(integer),
    [NP_EXPR_FALSE] = UP_TO(integer),    [NP_EXPR_INT] = UP_TO(integer),
    [NP_EXPR_FLOAT] = UP_TO(number),     [NP_EXPR_STRING] = UP_TO(string),
    [NP_EXPR_VARARG] = UP_TO(integer),   [NP_EXPR_NAME] = UP_TO(string),
    [NP_EXPR_LOCAL] = UP_TO(local),      [NP_EXPR_UPVALUE] = UP_TO(upvalue),
    [NP_EXPR_GLOBAL] = UP_TO(index),     [NP_EXPR_INDEX] = UP_TO(index),
    [NP_EXPR_CALL] = UP_TO(call),        [NP_EXPR_METHOD] = UP_TO(call),
    [NP_EXPR_FUNCTION] = UP_TO(func),    [NP_EXPR_TABLE] = UP_TO(table),
    [NP_EXPR_UNARY] = UP_TO(operand),    [NP_EXPR_BINARY] = UP_TO(binary),
    [NP_EXPR_AND] = UP_TO(binary),       [NP_EXPR_OR] = UP_TO(binary),
    [NP_EXPR_PAREN] = UP_TO(operand),    [NP_EXPR_MADE] = UP_TO(integer),
};

NpExpr *np_ast_expr(struct NpParse *parse, NpExprKind kind, int line) {
    size_t size = sizes[kind];
    NpExpr *expr = np_parse_alloc(parse, size);
    memset(expr, 0, size);
    expr->kind = (uint8_t)kind;
    expr->line = line;
    return expr;
}

NpStat *np_ast_stat(struct NpParse *parse, NpStatKind kind, int line) {
    NpStat *stat = np_parse_alloc(parse, sizeof *stat);
    memset(stat, 0, sizeof *stat);
    stat->kind = (uint8_t)kind;
    stat->line = line;
    return stat;
}

NpExpr *np_ast_key(struct NpParse *parse, NpAstName *name, int line) {
    if (!name->key) {
        NpExpr *key = np_parse_keep(parse, sizes[NP_EXPR_STRING]);
        memset(key, 0, sizes[NP_EXPR_STRING]);
        key->kind = NP_EXPR_STRING;
        key->line = line;
        key->u.string = name;
        name->key = key;
    }
    return name->key;
}

NpExpr *np_ast_keep(struct NpParse *parse, NpExpr *expr) {
    NpExpr *kept = expr;
    if (parse->tree != parse->scratch) {
        kept = np_parse_keep(parse, sizes[expr->kind]);
        if (!parse->failed) memcpy(kept, expr, sizes[expr->kind]);
    }
    return kept;
}

NpExpr *np_ast_value(NpExpr *expr) {
    if (expr->kind == NP_EXPR_LOCAL && expr->u.local->value) {
        const NpExpr *value = expr->u.local->value;
        expr->kind = value->kind;
        expr->u.integer = value->u.integer; /* whichever member it is: 8 bytes */
    }
    return expr;
}

/* ---- folding --------------------------------------------------------------------------------- */

static bool is_number(const NpExpr *expr) {
    return expr->kind == NP_EXPR_INT || expr->kind == NP_EXPR_FLOAT;
}

static double as_float(const NpExpr *expr) {
    return expr->kind == NP_EXPR_INT ? (double)expr->u.integer : expr->u.number;
}

static bool as_integer(const NpExpr *expr, int64_t *out) {
    double number;
    if (expr->kind == NP_EXPR_INT) {
        *out = expr->u.integer;
        return true;
    }
    number = expr->u.number;
    if (!(number >= -0x1p63 && number < 0x1p63) || number != floor(number)) return false;
    *out = (int64_t)number;
    return true;
}

static uint64_t shift_left(uint64_t value, int64_t by) {
    if (by <= -64 || by >= 64) return 0;
    return by >= 0 ? value << by : value >> -by;
}

static bool fold_bits(NpBinary op, const NpExpr *left, const NpExpr *right, NpExpr *out) {
    int64_t a, b;
    uint64_t result;
    if (!as_integer(left, &a) || !as_integer(right, &b)) return false;
    switch (op) {
    case NP_BIN_BAND: result = (uint64_t)a & (uint64_t)b; break;
    case NP_BIN_BOR: result = (uint64_t)a | (uint64_t)b; break;
    case NP_BIN_BXOR: result = (uint64_t)a ^ (uint64_t)b; break;
    case NP_BIN_SHL: result = shift_left((uint64_t)a, b); break;
    default: result = b == INT64_MIN ? 0 : shift_left((uint64_t)a, -b); break;
    }
    out->kind = NP_EXPR_INT;
    out->u.integer = (int64_t)result;
    return true;
}

static bool fold_integers(NpBinary op, int64_t a, int64_t b, NpExpr *out) {
    uint64_t result, x = (uint64_t)a, y = (uint64_t)b;
    switch (op) {
    case NP_BIN_ADD: result = x + y; break;
    case NP_BIN_SUB: result = x - y; break;
    case NP_BIN_MUL: result = x * y; break;
    case NP_BIN_IDIV:
        if (b == 0) return false;
        if (b == -1) result = 0 - x; /* INT64_MIN // -1 wraps */
        else result = (uint64_t)(a / b - (a % b != 0 && (a ^ b) < 0));
        break;
    case NP_BIN_MOD:
        if (b == 0) return false;
        if (b == -1) result = 0;
        else result = (uint64_t)(a % b + (a % b != 0 && (a ^ b) < 0 ? b : 0));
        break;
    default: return false;
    }
    out->kind = NP_EXPR_INT;
    out->u.integer = (int64_t)result;
    return true;
}

static bool fold_floats(NpBinary op, double a, double b, NpExpr *out) {
    double result;
    if (b == 0 && (op == NP_BIN_DIV || op == NP_BIN_IDIV || op == NP_BIN_MOD)) return false;
    switch (op) {
    case NP_BIN_ADD: result = a + b; break;
    case NP_BIN_SUB: result = a - b; break;
    case NP_BIN_MUL: result = a * b; break;
    case NP_BIN_DIV: result = a / b; break;
    case NP_BIN_POW: result = b == 2 ? a * a : pow(a, b); break;
    case NP_BIN_IDIV: result = floor(a / b); break;
    case NP_BIN_MOD:
        result = fmod(a, b);
        if (result != 0 && (result < 0) != (b < 0)) result += b;
        break;
    default: return false;
    }
    if (isnan(result) || result == 0) return false; /* a NaN or -0.0 cannot be a constant */
    out->kind = NP_EXPR_FLOAT;
    out->u.number = result;
    return true;
}

/* Turns `left op right` into a literal in `left` if it is one. Nothing that could raise an error or
 * give a NaN or a float zero is folded. */
static bool fold(NpBinary op, NpExpr *left, const NpExpr *right) {
    if (!is_number(left) || !is_number(right)) return false;
    if (op >= NP_BIN_BAND && op <= NP_BIN_SHR) return fold_bits(op, left, right, left);
    if (op > NP_BIN_IDIV) return false;
    if (left->kind == NP_EXPR_INT && right->kind == NP_EXPR_INT && op != NP_BIN_DIV &&
        op != NP_BIN_POW)
        return fold_integers(op, left->u.integer, right->u.integer, left);
    return fold_floats(op, as_float(left), as_float(right), left);
}

NpExpr *np_ast_unary(struct NpParse *parse, NpUnary op, NpExpr *operand, int line) {
    NpExpr *expr;
    int64_t integer;
    switch (op) {
    case NP_UN_NEG:
        if (operand->kind == NP_EXPR_INT) {
            operand->u.integer = (int64_t)(0 - (uint64_t)operand->u.integer);
            return operand;
        }
        if (operand->kind == NP_EXPR_FLOAT && operand->u.number != 0) {
            operand->u.number = -operand->u.number;
            return operand;
        }
        break;
    case NP_UN_BNOT:
        if (is_number(operand) && as_integer(operand, &integer)) {
            operand->kind = NP_EXPR_INT;
            operand->u.integer = ~integer;
            return operand;
        }
        break;
    case NP_UN_NOT:
        if (np_ast_is_literal(operand)) {
            bool falsy = operand->kind == NP_EXPR_NIL || operand->kind == NP_EXPR_FALSE;
            operand->kind = falsy ? NP_EXPR_TRUE : NP_EXPR_FALSE;
            return operand;
        }
        break;
    default: break;
    }
    expr = np_ast_expr(parse, NP_EXPR_UNARY, line);
    expr->op = (uint8_t)op;
    expr->u.operand = operand;
    return expr;
}

NpExpr *np_ast_binary(struct NpParse *parse, NpBinary op, NpExpr *left, NpExpr *right, int line) {
    NpExpr *expr;
    if (fold(op, left, right)) return left;
    expr = np_ast_expr(parse, NP_EXPR_BINARY, line);
    expr->op = (uint8_t)op;
    expr->u.binary.left = left;
    expr->u.binary.right = right;
    return expr;
}

NpExpr *np_ast_logical(struct NpParse *parse, NpExprKind kind, NpExpr *left, NpExpr *right,
                       int line) {
    NpExpr *expr;
    if (np_ast_is_literal(left)) {
        bool falsy = left->kind == NP_EXPR_NIL || left->kind == NP_EXPR_FALSE;
        if (falsy == (kind == NP_EXPR_OR)) { /* the left side never decides */
            if (right->kind != NP_EXPR_CALL && right->kind != NP_EXPR_METHOD &&
                right->kind != NP_EXPR_VARARG)
                return right;
            expr = np_ast_expr(parse, NP_EXPR_PAREN, right->line); /* an operand has one value */
            expr->u.operand = right;
            return expr;
        }
    }
    expr = np_ast_expr(parse, kind, line);
    expr->u.binary.left = left;
    expr->u.binary.right = right;
    return expr;
}

/* ---- printing -------------------------------------------------------------------------------- */

typedef struct Dump {
    char *out;
    size_t size, used; /* used may exceed size */
    int depth;
} Dump;

enum { DUMP_DEPTH = 1000 }; /* deeper trees are printed as "..." */

static void put_bytes(Dump *dump, const char *text, size_t length) {
    if (dump->used < dump->size) {
        size_t room = dump->size - dump->used;
        memcpy(dump->out + dump->used, text, length < room ? length : room);
    }
    dump->used += length;
}

static void NP_PRINTF(2, 3) put(Dump *dump, const char *format, ...) {
    char text[512];
    int length;
    va_list args;
    va_start(args, format);
    length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length <= 0) return;
    put_bytes(dump, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

static void put_name(Dump *dump, const NpAstName *name) { put_bytes(dump, name->text, name->length); }

static void put_string(Dump *dump, const NpAstName *string) {
    put(dump, "\"");
    for (size_t i = 0; i < string->length; i++) {
        unsigned char c = (unsigned char)string->text[i];
        if (c == '"' || c == '\\') put(dump, "\\%c", c);
        else if (c < ' ' || c > 126) put(dump, "\\%03d", c);
        else put(dump, "%c", c);
    }
    put(dump, "\"");
}

static void put_float(Dump *dump, double number) {
    char text[40];
    snprintf(text, sizeof text, "%.17g", number);
    put(dump, strpbrk(text, ".en") ? "%s" : "%s.0", text);
}

static void put_expr(Dump *dump, const NpExpr *expr);
static void put_block(Dump *dump, const NpBlock *block);
static void put_func(Dump *dump, const NpFunc *func);

static void put_exprs(Dump *dump, const NpExpr *list) {
    for (; list; list = list->next) {
        put(dump, " ");
        put_expr(dump, list);
    }
}

static void put_table(Dump *dump, const NpExpr *expr) {
    put(dump, "(table");
    for (const NpTableItem *item = expr->u.table.items; item; item = item->next) {
        put(dump, " ");
        if (item->kind != NP_ITEM_POSITIONAL) {
            put(dump, item->kind == NP_ITEM_NAMED ? "." : "[");
            put_expr(dump, item->key);
            put(dump, item->kind == NP_ITEM_NAMED ? "=" : "]=");
        }
        put_expr(dump, item->value);
    }
    put(dump, ")");
}

static void put_operator(Dump *dump, const NpExpr *expr) {
    static const char *const unary[] = {"-", "not", "#", "~"};
    static const char *const binary[] = {"+", "-", "*",  "%",  "^",  "/",  "//", "&", "|", "~",
                                         "<<", ">>", "..", "==", "~=", "<", "<=", ">", ">="};
    if (expr->kind == NP_EXPR_UNARY) {
        put(dump, "(%s ", unary[expr->op]);
        put_expr(dump, expr->u.operand);
    } else {
        put(dump, "(%s ", expr->kind == NP_EXPR_AND  ? "and"
                          : expr->kind == NP_EXPR_OR ? "or"
                                                     : binary[expr->op]);
        put_expr(dump, expr->u.binary.left);
        put(dump, " ");
        put_expr(dump, expr->u.binary.right);
    }
    put(dump, ")");
}

static void put_pair(Dump *dump, const char *word, const NpExpr *first, const NpExpr *second) {
    put(dump, "(%s ", word);
    put_expr(dump, first);
    put(dump, " ");
    put_expr(dump, second);
    put(dump, ")");
}

static void put_expr(Dump *dump, const NpExpr *expr) {
    if (++dump->depth > DUMP_DEPTH) {
        put(dump, "...");
        dump->depth--;
        return;
    }
    switch (expr->kind) {
    case NP_EXPR_NIL: put(dump, "nil"); break;
    case NP_EXPR_TRUE: put(dump, "true"); break;
    case NP_EXPR_FALSE: put(dump, "false"); break;
    case NP_EXPR_VARARG: put(dump, "..."); break;
    case NP_EXPR_INT: put(dump, "%lld", (long long)expr->u.integer); break;
    case NP_EXPR_FLOAT: put_float(dump, expr->u.number); break;
    case NP_EXPR_STRING: put_string(dump, expr->u.string); break;
    case NP_EXPR_LOCAL: put_name(dump, expr->u.local->name); break;
    case NP_EXPR_UPVALUE:
        put_name(dump, expr->u.upvalue.name);
        put(dump, "^%d", (int)expr->u.upvalue.index);
        break;
    case NP_EXPR_GLOBAL:
        if (expr->u.index.object->kind != NP_EXPR_UPVALUE) {
            put_expr(dump, expr->u.index.object);
            put(dump, ".");
        } else {
            put(dump, ":");
        }
        put_name(dump, expr->u.index.key->u.string);
        break;
    case NP_EXPR_INDEX: put_pair(dump, "index", expr->u.index.object, expr->u.index.key); break;
    case NP_EXPR_CALL:
    case NP_EXPR_METHOD:
        put(dump, expr->kind == NP_EXPR_CALL ? "(call " : "(method ");
        put_expr(dump, expr->u.call.callee);
        if (expr->kind == NP_EXPR_METHOD) {
            put(dump, " ");
            put_name(dump, expr->u.call.method);
        }
        put_exprs(dump, expr->u.call.args);
        put(dump, ")");
        break;
    case NP_EXPR_FUNCTION: put_func(dump, expr->u.func); break;
    case NP_EXPR_TABLE: put_table(dump, expr); break;
    case NP_EXPR_PAREN:
        put(dump, "(paren ");
        put_expr(dump, expr->u.operand);
        put(dump, ")");
        break;
    default: put_operator(dump, expr); break;
    }
    dump->depth--;
}

static void put_locals(Dump *dump, const NpLocal *local) {
    put(dump, "(");
    for (const NpLocal *first = local; local; local = local->next) {
        if (local != first) put(dump, " ");
        put_name(dump, local->name);
        put(dump, "%s%s", local->captured ? "!" : "", local->assigned ? "=" : "");
        if (local->value) {
            put(dump, "<const ");
            put_expr(dump, local->value);
            put(dump, ">");
        } else if (local->attrib) {
            put(dump, local->attrib == NP_ATTRIB_CLOSE ? "<close>" : "<const>");
        }
    }
    put(dump, ")");
}

static void put_for(Dump *dump, const NpStat *stat) {
    if (stat->kind == NP_STAT_FOR_NUM) {
        put(dump, "(for ");
        put_locals(dump, stat->u.for_num.var);
        put_exprs(dump, stat->u.for_num.start);
        put_exprs(dump, stat->u.for_num.limit);
        put_exprs(dump, stat->u.for_num.step);
        put_block(dump, stat->u.for_num.block);
    } else {
        put(dump, "(forin ");
        put_locals(dump, stat->u.for_in.names);
        put_exprs(dump, stat->u.for_in.exprs);
        put_block(dump, stat->u.for_in.block);
    }
    put(dump, ")");
}

static void put_jump(Dump *dump, const NpStat *stat) {
    if (stat->kind == NP_STAT_BREAK) {
        put(dump, "(break)");
        return;
    }
    if (stat->kind == NP_STAT_LABEL) {
        put(dump, "(label ");
        put_name(dump, stat->u.label.name);
        put(dump, stat->u.label.last ? " last)" : ")");
        return;
    }
    put(dump, "(goto ");
    put_name(dump, stat->u.jump.label);
    if (stat->u.jump.target) put(dump, "@%d", stat->u.jump.target->line);
    put(dump, ")");
}

static void put_simple(Dump *dump, const NpStat *stat) {
    switch (stat->kind) {
    case NP_STAT_LOCAL:
        put(dump, "(local ");
        put_locals(dump, stat->u.local.names);
        put_exprs(dump, stat->u.local.exprs);
        break;
    case NP_STAT_ASSIGN:
        put(dump, "(set");
        put_exprs(dump, stat->u.assign.targets);
        put(dump, " =");
        put_exprs(dump, stat->u.assign.exprs);
        break;
    case NP_STAT_FUNCTION:
        put(dump, "(deffunction ");
        put_expr(dump, stat->u.function.target);
        put(dump, " ");
        put_func(dump, stat->u.function.func);
        break;
    case NP_STAT_LOCAL_FUNCTION:
        put(dump, "(localfunction ");
        put_locals(dump, stat->u.local_function.name);
        put(dump, " ");
        put_func(dump, stat->u.local_function.func);
        break;
    case NP_STAT_RETURN:
        put(dump, "(return");
        put_exprs(dump, stat->u.ret.exprs);
        break;
    default: put(dump, "(?"); break;
    }
    put(dump, ")");
}

static void put_stat(Dump *dump, const NpStat *stat) {
    switch (stat->kind) {
    case NP_STAT_CALL: put_expr(dump, stat->u.call); break;
    case NP_STAT_DO:
        put(dump, "(do");
        put_block(dump, stat->u.block);
        put(dump, ")");
        break;
    case NP_STAT_WHILE:
    case NP_STAT_REPEAT:
        put(dump, stat->kind == NP_STAT_WHILE ? "(while " : "(repeat ");
        put_expr(dump, stat->u.loop.condition);
        put_block(dump, stat->u.loop.block);
        put(dump, ")");
        break;
    case NP_STAT_IF:
        put(dump, "(if");
        for (const NpIfArm *arm = stat->u.arms; arm; arm = arm->next) {
            put(dump, " (");
            if (arm->condition) put_expr(dump, arm->condition);
            else put(dump, "else");
            put_block(dump, arm->block);
            put(dump, ")");
        }
        put(dump, ")");
        break;
    case NP_STAT_FOR_NUM:
    case NP_STAT_FOR_IN: put_for(dump, stat); break;
    case NP_STAT_BREAK:
    case NP_STAT_GOTO:
    case NP_STAT_LABEL: put_jump(dump, stat); break;
    default: put_simple(dump, stat); break;
    }
}

static void put_block(Dump *dump, const NpBlock *block) {
    for (const NpStat *stat = block->first; stat; stat = stat->next) {
        put(dump, " ");
        put_stat(dump, stat);
    }
}

static void put_func(Dump *dump, const NpFunc *func) {
    if (++dump->depth > DUMP_DEPTH) {
        put(dump, "...");
        dump->depth--;
        return;
    }
    put(dump, "(function%s ", func->is_vararg ? "..." : "");
    put_locals(dump, func->params);
    if (func->nupvalues) {
        put(dump, " [");
        for (int i = 0; i < func->nupvalues; i++) {
            const NpUpvalue *upvalue = &func->upvalues[i];
            put(dump, i ? " " : "");
            put_name(dump, upvalue->name);
            if (!upvalue->from_stack) put(dump, "^%d", (int)upvalue->index);
        }
        put(dump, "]");
    }
    put_block(dump, func->body);
    put(dump, ")");
    dump->depth--;
}

size_t np_ast_dump(const NpFunc *func, char *out, size_t size) {
    Dump dump = {out, size, 0, 0};
    put_func(&dump, func);
    if (size) out[dump.used < size ? dump.used : size - 1] = '\0';
    return dump.used;
}
