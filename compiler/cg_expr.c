/* cg_expr.c: expressions into registers.
 *
 * Owns: values, calls, tables, indexing, arithmetic, places to store to.
 * Does not: short-circuit and comparison jumps (cg_cond.c).
 *
 * Order: operands are evaluated from left to right. A local is used in its own register, as it is
 * when the instruction runs. A local that is the target of an assignment is written by the last
 * instruction of the expression only, so that nothing can see a half-made value in it.
 *
 * Expressions lean to the left without bound (a+b+c..., f()()(), a.b.c): `spine` walks down by turning
 * the left links around and comes back up without using the C stack.
 */
#include "compiler/cg.h"

#include "runtime/state.h"

#define SETLIST_BATCH 50

static void set_line(NpFuncGen *fg, const NpExpr *expr) {
    if (expr->line) fg->line = expr->line;
}

/* The same for a load that `late`, if it is not 0, gives another line (NpFuncGen.late_line). */
static void set_load_line(NpFuncGen *fg, const NpExpr *expr, int late) {
    if (late || expr->line) fg->line = late ? late : expr->line;
}

static int take_late_line(NpFuncGen *fg) {
    int late = fg->late_line;
    fg->late_line = 0;
    return late;
}

/* ---- literals ---- */

static bool float_immediate(double number, int *out) {
    if (!(number >= -32768.0 && number <= 32767.0)) return false;
    int truncated = (int)number;
    if ((double)truncated != number || (truncated == 0 && __builtin_signbit(number))) return false;
    *out = truncated;
    return true;
}

static void load_constant(NpFuncGen *fg, int k, int target) {
    if (k <= 0xffff) np_emit_ad(fg, NP_OP_LOADK, target, k);
    else np_emit_abcw(fg, NP_OP_LOADKX, target, 0, 0, (uint32_t)k);
}

void np_cg_literal(NpFuncGen *fg, const NpExpr *literal, int target) {
    int immediate;
    np_emit_need(fg, target + 1);
    switch (literal->kind) {
    case NP_EXPR_NIL: np_emit_nil(fg, target, 1); return;
    case NP_EXPR_TRUE: np_emit_abc(fg, NP_OP_LOADTRUE, target, 0, 0); return;
    case NP_EXPR_FALSE: np_emit_abc(fg, NP_OP_LOADFALSE, target, 0, 0); return;
    case NP_EXPR_INT:
        if (literal->u.integer >= INT16_MIN && literal->u.integer <= INT16_MAX) {
            np_emit_ad(fg, NP_OP_LOADI, target, (int)literal->u.integer);
            return;
        }
        break;
    case NP_EXPR_FLOAT:
        if (float_immediate(literal->u.number, &immediate)) {
            np_emit_ad(fg, NP_OP_LOADF, target, immediate);
            return;
        }
        break;
    default: break;
    }
    load_constant(fg, np_emit_k_literal(fg, literal), target);
}

/* ---- operands ---- */

int np_cg_next(NpFuncGen *fg, NpExpr *expr) {
    int target = fg->free;
    np_cg_into(fg, expr, target);
    return np_emit_take(fg, 1);
}

NpOperand np_cg_operand(NpFuncGen *fg, NpExpr *expr) {
    NpOperand operand = {NULL, -1};
    if (np_ast_is_literal(expr)) operand.literal = expr;
    else if (expr->kind == NP_EXPR_LOCAL) operand.reg = expr->u.local->reg;
    else operand.reg = np_cg_next(fg, expr);
    fg->late_line = 0;
    return operand;
}

int np_cg_operand_reg(NpFuncGen *fg, NpOperand *operand) {
    if (operand->literal) {
        np_cg_literal(fg, operand->literal, fg->free);
        operand->reg = np_emit_take(fg, 1);
        operand->literal = NULL;
    }
    return operand->reg;
}

int np_cg_any(NpFuncGen *fg, NpExpr *expr) {
    NpOperand operand = np_cg_operand(fg, expr);
    return np_cg_operand_reg(fg, &operand);
}

/* ---- indexing ---- */

/* Is it a literal that the field instructions take as a key? */
static bool is_field_key(const NpExpr *key) {
    return key->kind == NP_EXPR_STRING && np_emit_is_field_name(key->u.string);
}

static bool is_small_int(const NpExpr *expr, int64_t low, int64_t high) {
    return expr->kind == NP_EXPR_INT && expr->u.integer >= low && expr->u.integer <= high;
}

/* x.name where x is an upvalue (globals are _ENV.name): one instruction. */
static bool is_upvalue_field(NpFuncGen *fg, const NpExpr *expr) {
    const NpExpr *object = expr->u.index.object;
    if (expr->kind != NP_EXPR_INDEX && expr->kind != NP_EXPR_GLOBAL) return false;
    if (object->kind != NP_EXPR_UPVALUE || (object->u.upvalue.local && object->u.upvalue.local->value)) return false;
    return is_field_key(expr->u.index.key);
}

/* target := object[key], the object being in a register. */
static void get_index(NpFuncGen *fg, const NpExpr *expr, int object, int target, int late) {
    NpExpr *key = expr->u.index.key;
    int mark = fg->free, reg;
    if (is_field_key(key)) {
        int k = np_emit_k_string(fg, key->u.string);
        set_load_line(fg, expr, late);
        np_emit_cached(fg, NP_OP_GETFIELD, target, object, k);
    } else if (is_small_int(key, 0, 255)) {
        set_load_line(fg, expr, late);
        np_emit_abc(fg, NP_OP_GETINT, target, object, (int)key->u.integer);
    } else {
        reg = np_cg_any(fg, key);
        set_load_line(fg, expr, late);
        np_emit_abc(fg, NP_OP_GETINDEX, target, object, reg);
    }
    fg->free = mark;
}

/* ---- calls ---- */

bool np_cg_is_multi(const NpExpr *expr) {
    return expr->kind == NP_EXPR_CALL || expr->kind == NP_EXPR_METHOD || expr->kind == NP_EXPR_VARARG;
}

bool np_cg_list(NpFuncGen *fg, NpExpr *first) {
    for (NpExpr *expr = first; expr; expr = expr->next) {
        if (!expr->next && np_cg_is_multi(expr)) {
            np_cg_multi(fg, expr, LUA_MULTRET);
            return true;
        }
        np_cg_next(fg, expr);
    }
    return false;
}

void np_cg_adjust(NpFuncGen *fg, NpExpr *first, int want) {
    int start = fg->free;
    for (NpExpr *expr = first; expr; expr = expr->next) {
        int left = want - (fg->free - start);
        if (!expr->next && np_cg_is_multi(expr)) {
            np_cg_multi(fg, expr, left > 0 ? left : 0);
            np_emit_take(fg, left > 0 ? left : 0);
        } else if (left > 0) {
            np_cg_next(fg, expr);
        } else if (!np_ast_is_literal(expr)) { /* evaluated for its effects */
            np_cg_into(fg, expr, fg->free);
        }
    }
    int missing = want - (fg->free - start);
    if (missing > 0) {
        int from = np_emit_take(fg, missing);
        np_emit_nil(fg, from, missing);
    }
}

/* The callee is in `base`, the newest register taken (a method's object in base + 1). */
static void finish_call(NpFuncGen *fg, NpExpr *expr, int base, int want) {
    bool open = np_cg_list(fg, expr->u.call.args);
    int b = open ? 0 : fg->free - base;
    fg->free = base;
    np_emit_need(fg, base + (want > 0 ? want : 1));
    set_line(fg, expr);
    np_emit_abc(fg, NP_OP_CALL, base, b, want + 1);
}

/* base, base + 1 := method, object; the object is in any register. Both are taken. */
static void get_method(NpFuncGen *fg, NpExpr *expr, int object, int base) {
    NpAstName *method = expr->u.call.method;
    int k = np_emit_k_string(fg, method);
    fg->free = base;
    np_emit_take(fg, 2);
    set_line(fg, expr);
    if (np_emit_is_field_name(method)) {
        np_emit_cached(fg, NP_OP_SELF, base, object, k);
    } else {
        np_emit_need(fg, base + 3);
        np_emit_abc(fg, NP_OP_MOVE, base + 1, object, 0);
        load_constant(fg, k, base + 2);
        np_emit_abc(fg, NP_OP_GETINDEX, base, base + 1, base + 2);
    }
}

void np_cg_multi(NpFuncGen *fg, NpExpr *expr, int want) {
    int base = fg->free;
    if (expr->kind == NP_EXPR_VARARG) {
        set_line(fg, expr);
        np_emit_need(fg, base + (want > 0 ? want : 1));
        np_emit_abc(fg, NP_OP_VARARG, base, 0, want + 1);
        return;
    }
    if (want > 254) np_emit_limit_error(fg, "results of a call", 254);
    if (expr->kind == NP_EXPR_METHOD) get_method(fg, expr, np_cg_any(fg, expr->u.call.callee), base);
    else np_cg_next(fg, expr->u.call.callee);
    finish_call(fg, expr, base, want);
}

/* ---- operators ---- */

/* The constant for a number on the left of an operator that has a form with one, else -1. */
static int left_constant(NpFuncGen *fg, const NpExpr *expr, NpOperand left) {
    if (!left.literal || (left.literal->kind != NP_EXPR_INT && left.literal->kind != NP_EXPR_FLOAT)) return -1;
    if (expr->op != NP_BIN_ADD && expr->op != NP_BIN_SUB && expr->op != NP_BIN_MUL && expr->op != NP_BIN_DIV) return -1;
    if (np_ast_is_literal(expr->u.binary.right)) return -1;
    int k = np_emit_k_literal(fg, left.literal);
    return k <= NP_MAX_K ? k : -1;
}
_Static_assert(NP_OP_KSUB - NP_OP_KADD == NP_OP_SUB - NP_OP_ADD && NP_OP_KMUL - NP_OP_KADD == NP_OP_MUL - NP_OP_ADD,
               "same order");

static void binary_arith(NpFuncGen *fg, const NpExpr *expr, NpOperand left, int target) {
    static const uint8_t opcodes[] = {
        [NP_BIN_ADD] = NP_OP_ADD,   [NP_BIN_SUB] = NP_OP_SUB,   [NP_BIN_MUL] = NP_OP_MUL,
        [NP_BIN_MOD] = NP_OP_MOD,   [NP_BIN_POW] = NP_OP_POW,   [NP_BIN_DIV] = NP_OP_DIV,
        [NP_BIN_IDIV] = NP_OP_IDIV, [NP_BIN_BAND] = NP_OP_BAND, [NP_BIN_BOR] = NP_OP_BOR,
        [NP_BIN_BXOR] = NP_OP_BXOR, [NP_BIN_SHL] = NP_OP_SHL,   [NP_BIN_SHR] = NP_OP_SHR,
    };
    NpOperand right;
    bool bitwise = expr->op >= NP_BIN_BAND;
    int opcode = opcodes[expr->op], c = -1;
    int b = left_constant(fg, expr, left);
    if (b >= 0) {
        c = np_cg_any(fg, expr->u.binary.right);
        set_line(fg, expr);
        np_emit_abc(fg, opcode == NP_OP_DIV ? NP_OP_KDIV : (NpOpcode)(opcode + NP_OP_KADD - NP_OP_ADD), target, b, c);
        return;
    }
    b = np_cg_operand_reg(fg, &left);
    right = np_cg_operand(fg, expr->u.binary.right);
    if (right.literal && (right.literal->kind == NP_EXPR_INT || (!bitwise && right.literal->kind == NP_EXPR_FLOAT))) {
        int k = np_emit_k_literal(fg, right.literal);
        if (k <= NP_MAX_K) {
            c = k;
            opcode += NP_OP_ADDK - NP_OP_ADD;
        }
    }
    if (c < 0) c = np_cg_operand_reg(fg, &right);
    set_line(fg, expr);
    np_emit_abc(fg, (NpOpcode)opcode, target, b, c);
}

/* a .. b .. c ...: the operands side by side, then one instruction. */
static void concat(NpFuncGen *fg, NpExpr *expr, NpOperand left, int mark, int target) {
    int first = mark;
    if (left.literal || left.reg != mark || fg->free != mark + 1) {
        fg->free = mark;
        np_emit_need(fg, mark + 1);
        if (left.literal) np_cg_literal(fg, left.literal, mark);
        else np_emit_abc(fg, NP_OP_MOVE, mark, left.reg, 0);
        fg->free = mark + 1;
    }
    for (;;) {
        NpExpr *right = expr->u.binary.right;
        if (right->kind != NP_EXPR_BINARY || right->op != NP_BIN_CONCAT) {
            np_cg_next(fg, right);
            break;
        }
        np_cg_next(fg, right->u.binary.left);
        expr = right;
    }
    set_line(fg, expr);
    np_emit_abc(fg, NP_OP_CONCAT, target, first, fg->free - first);
}

static void unary(NpFuncGen *fg, NpExpr *expr, int target) {
    static const uint8_t opcodes[] = {[NP_UN_NEG] = NP_OP_UNM, [NP_UN_NOT] = NP_OP_NOT,
                                      [NP_UN_LEN] = NP_OP_LEN, [NP_UN_BNOT] = NP_OP_BNOT};
    int mark = fg->free;
    int operand = np_cg_any(fg, expr->u.operand);
    fg->free = mark;
    set_line(fg, expr);
    np_emit_abc(fg, (NpOpcode)opcodes[expr->op], target, operand, 0);
}

/* ---- the left spine ---- */

static NpExpr **left_link(NpExpr *expr) {
    switch (expr->kind) {
    case NP_EXPR_BINARY: return &expr->u.binary.left;
    case NP_EXPR_INDEX: case NP_EXPR_GLOBAL: return &expr->u.index.object;
    default: return &expr->u.call.callee;
    }
}

/* Has the expression an operand that is evaluated first and handed up? */
static bool is_level(NpFuncGen *fg, const NpExpr *expr) {
    switch (expr->kind) {
    case NP_EXPR_BINARY: case NP_EXPR_CALL: case NP_EXPR_METHOD: return true;
    case NP_EXPR_INDEX: case NP_EXPR_GLOBAL: return !is_upvalue_field(fg, expr);
    default: return false;
    }
}

/* The object of a global. The node is shared by many, so its line is not the one. */
static NpOperand environment(NpFuncGen *fg, const NpExpr *global, const NpExpr *env) {
    NpOperand operand = {NULL, -1};
    if (env->kind == NP_EXPR_LOCAL) {
        operand.reg = env->u.local->reg;
        return operand;
    }
    operand.reg = np_emit_take(fg, 1);
    set_line(fg, global);
    np_emit_abc(fg, NP_OP_GETUPVAL, operand.reg, env->u.upvalue.index, 0);
    return operand;
}

/* target := the value of one level, whose left operand is there. mark: first free register before it. */
static void apply(NpFuncGen *fg, NpExpr *level, NpOperand left, int mark, int target, int late) {
    switch (level->kind) {
    case NP_EXPR_BINARY:
        if (level->op == NP_BIN_CONCAT) {
            concat(fg, level, left, mark, target);
        } else if (level->op >= NP_BIN_EQ) {
            NpJumps when_true = NP_NO_JUMP;
            np_cg_compare(fg, level, left, true, &when_true);
            np_emit_abc(fg, NP_OP_LFALSESKIP, target, 0, 0);
            np_emit_patch_here(fg, when_true);
            np_emit_abc(fg, NP_OP_LOADTRUE, target, 0, 0);
        } else {
            binary_arith(fg, level, left, target);
        }
        break;
    case NP_EXPR_INDEX: case NP_EXPR_GLOBAL:
        get_index(fg, level, np_cg_operand_reg(fg, &left), target, late);
        break;
    default: /* CALL, METHOD */
        if (level->kind == NP_EXPR_METHOD) {
            get_method(fg, level, np_cg_operand_reg(fg, &left), mark);
        } else if (left.literal || left.reg != mark || fg->free != mark + 1) {
            fg->free = mark;
            np_emit_need(fg, mark + 1);
            if (left.literal) np_cg_literal(fg, left.literal, mark);
            else np_emit_abc(fg, NP_OP_MOVE, mark, left.reg, 0);
            fg->free = mark + 1;
        }
        finish_call(fg, level, mark, 1);
        if (target != mark) np_emit_abc(fg, NP_OP_MOVE, target, mark, 0);
    }
    fg->free = mark;
}

static void spine(NpFuncGen *fg, NpExpr *expr, int target, int late) {
    int mark = fg->free;
    NpExpr *above = NULL, *current = expr;
    NpOperand left;
    while (is_level(fg, current)) {
        NpExpr **link = left_link(current), *below = *link;
        *link = above;
        above = current;
        current = below;
    }
    fg->late_line = above->kind == NP_EXPR_BINARY ? above->line : 0;
    left = above->kind == NP_EXPR_GLOBAL ? environment(fg, above, current) : np_cg_operand(fg, current);
    while (above) {
        NpExpr *level = above;
        NpExpr **link = left_link(level);
        above = *link;
        *link = current;
        current = level;
        if (above) {
            np_emit_need(fg, mark + 1);
            apply(fg, level, left, mark, mark, above->kind == NP_EXPR_BINARY ? above->line : 0);
            left.literal = NULL;
            left.reg = np_emit_take(fg, 1);
        } else {
            apply(fg, level, left, mark, target, late);
        }
    }
}

/* ---- table constructors ---- */

static void flush_items(NpFuncGen *fg, NpGenTable *table, bool open) {
    if (table->pending == 0 && !open) return;
    if (table->stored > INT32_MAX - 2 * SETLIST_BATCH) np_emit_limit_error(fg, "items in a constructor", INT32_MAX);
    np_emit_abcw(fg, NP_OP_SETLIST, table->reg, open ? 0 : table->pending, 0, (uint32_t)table->stored);
    table->stored += table->pending;
    table->pending = 0;
    fg->free = table->reg + 1;
}

static NpPlace item_place(NpFuncGen *fg, NpExpr *key, int table) {
    NpPlace place = {NP_PLACE_KEY, table, 0};
    if (is_field_key(key)) {
        place.kind = NP_PLACE_FIELD;
        place.key = np_emit_k_string(fg, key->u.string);
    } else if (is_small_int(key, 0, 255)) {
        place.kind = NP_PLACE_INT;
        place.key = (int)key->u.integer;
    } else {
        place.key = np_cg_any(fg, key);
    }
    return place;
}

static void store_item(NpFuncGen *fg, NpTableItem *item, const NpPlace *place) {
    fg->line = item->end_line;
    int value = np_cg_any(fg, item->value);
    fg->line = item->end_line;
    np_cg_store(fg, place, value);
}

void np_cg_open_table(NpFuncGen *fg, NpGenTable *table, int line) {
    memset(table, 0, sizeof *table);
    table->reg = fg->free;
    if (line) fg->line = line;
    np_emit_need(fg, table->reg + 1);
    table->pc = np_emit_abcw(fg, NP_OP_NEWTABLE, table->reg, 0, table->reg, 0);
    np_emit_take(fg, 1);
}

NpPlace np_cg_begin_item(NpFuncGen *fg, NpGenTable *table, NpExpr *key) {
    if (table->pending == SETLIST_BATCH) flush_items(fg, table, false);
    table->item = fg->free;
    return key ? item_place(fg, key, table->reg) : (NpPlace){NP_PLACE_LOCAL, table->reg, 0};
}

void np_cg_end_item(NpFuncGen *fg, NpGenTable *table, NpTableItem *item, const NpPlace *place) {
    if (item->kind == NP_ITEM_POSITIONAL) {
        fg->line = item->end_line;
        np_cg_next(fg, item->value);
        table->pending++;
        table->elements++;
    } else {
        if (is_field_key(item->key) && table->fields < 255) table->fields++;
        store_item(fg, item, place);
        fg->free = table->item;
    }
}

void np_cg_table_items(NpFuncGen *fg, NpGenTable *table, NpTableItem *items, bool complete) {
    bool open = false;
    for (NpTableItem *item = items; item; item = item->next) {
        NpPlace place = np_cg_begin_item(fg, table, item->key);
        if (complete && !item->next && !item->key && np_cg_is_multi(item->value)) {
            np_cg_multi(fg, item->value, LUA_MULTRET);
            open = true;
            if (table->elements < SETLIST_BATCH) table->elements = 0; /* one SETLIST will know how many they are */
        } else {
            np_cg_end_item(fg, table, item, &place);
        }
    }
    if (complete) flush_items(fg, table, open);
}

/* NEWTABLE makes room for fields with names, and for elements known to come unless one SETLIST brings all of them: next to fields
 * that makes the room itself, as NEWTABLE is quick for fields alone. */
void np_cg_close_table(NpFuncGen *fg, const NpGenTable *table) {
    const bool one_list = table->fields > 0 && table->elements <= SETLIST_BATCH;
    fg->code[table->pc] = np_make_abc(NP_OP_NEWTABLE, (unsigned)table->reg, (unsigned)table->fields, (unsigned)table->reg);
    fg->code[table->pc + 1] = one_list ? 0 : table->elements;
    fg->free = table->reg;
}

static void table(NpFuncGen *fg, NpExpr *expr, int target) {
    NpGenTable table;
    if (!expr->u.table.items) {
        int mark = fg->free;
        set_line(fg, expr);
        np_emit_need(fg, mark + 1);
        np_emit_abcw(fg, NP_OP_NEWTABLE, target, 0, mark, 0);
        return;
    }
    np_cg_open_table(fg, &table, expr->line);
    np_cg_table_items(fg, &table, expr->u.table.items, true);
    np_cg_close_table(fg, &table);
    if (target != table.reg) np_emit_abc(fg, NP_OP_MOVE, target, table.reg, 0);
}

/* ---- any expression ---- */

void np_cg_into(NpFuncGen *fg, NpExpr *expr, int target) {
    int late = take_late_line(fg);
    np_emit_need(fg, target + 1);
    while (expr->kind == NP_EXPR_PAREN) expr = expr->u.operand;
    if (np_ast_is_literal(expr)) {
        set_load_line(fg, expr, late);
        np_cg_literal(fg, expr, target);
        return;
    }
    switch (expr->kind) {
    case NP_EXPR_VARARG:
        set_load_line(fg, expr, late);
        np_emit_abc(fg, NP_OP_VARARG, target, 0, 2);
        break;
    case NP_EXPR_LOCAL:
        set_load_line(fg, expr, late);
        if (expr->u.local->reg != target) np_emit_abc(fg, NP_OP_MOVE, target, expr->u.local->reg, 0);
        break;
    case NP_EXPR_UPVALUE:
        set_load_line(fg, expr, late);
        np_emit_abc(fg, NP_OP_GETUPVAL, target, expr->u.upvalue.index, 0);
        break;
    case NP_EXPR_GLOBAL: case NP_EXPR_INDEX:
        if (is_upvalue_field(fg, expr)) {
            int k = np_emit_k_string(fg, expr->u.index.key->u.string);
            set_load_line(fg, expr, late);
            np_emit_cached(fg, NP_OP_GETTABUP, target, expr->u.index.object->u.upvalue.index, k);
            break;
        }
        spine(fg, expr, target, late);
        break;
    case NP_EXPR_CALL: case NP_EXPR_METHOD: spine(fg, expr, target, late); break;
    case NP_EXPR_BINARY:
        if (expr->op >= NP_BIN_EQ) np_cg_logic(fg, expr, target);
        else spine(fg, expr, target, late);
        break;
    case NP_EXPR_FUNCTION: {
        const NpFunc *func = expr->u.func;
        /* The collector may run here and takes the registers above for dead, so a local below others is set after. */
        int reg = target + 1 < fg->free ? fg->free : target;
        np_emit_need(fg, reg + 1);
        fg->line = func->end_line;
        np_emit_ad(fg, NP_OP_CLOSURE, reg, func->proto);
        if (reg != target) np_emit_abc(fg, NP_OP_MOVE, target, reg, 0);
        break;
    }
    case NP_EXPR_TABLE: table(fg, expr, target); break;
    case NP_EXPR_MADE:
        set_line(fg, expr);
        if (expr->u.reg != target) np_emit_abc(fg, NP_OP_MOVE, target, expr->u.reg, 0);
        break;
    case NP_EXPR_UNARY:
        if (expr->op == NP_UN_NOT && np_cg_is_jumpy(expr->u.operand)) np_cg_logic(fg, expr, target);
        else unary(fg, expr, target);
        break;
    default: np_cg_logic(fg, expr, target); break; /* AND, OR */
    }
}

/* ---- places ---- */

/* The expression in a register; a local is copied when `copy` is set. */
static int part(NpFuncGen *fg, NpExpr *expr, bool copy) {
    return copy ? np_cg_next(fg, expr) : np_cg_any(fg, expr);
}

NpPlace np_cg_place(NpFuncGen *fg, NpExpr *target, bool copy_object, bool copy_key) {
    NpPlace place = {NP_PLACE_LOCAL, 0, 0};
    if (target->kind == NP_EXPR_LOCAL) {
        place.object = target->u.local->reg;
        return place;
    }
    if (target->kind == NP_EXPR_UPVALUE) {
        place.kind = NP_PLACE_UPVALUE;
        place.object = target->u.upvalue.index;
        return place;
    }
    NpExpr *key = target->u.index.key;
    if (!copy_object && is_upvalue_field(fg, target)) {
        place.kind = NP_PLACE_UPVALUE_FIELD;
        place.object = target->u.index.object->u.upvalue.index;
        place.key = np_emit_k_string(fg, key->u.string);
        return place;
    }
    if (target->kind == NP_EXPR_GLOBAL && !copy_object) place.object = environment(fg, target, target->u.index.object).reg;
    else place.object = part(fg, target->u.index.object, copy_object);
    if (is_field_key(key)) {
        place.kind = NP_PLACE_FIELD;
        place.key = np_emit_k_string(fg, key->u.string);
    } else if (is_small_int(key, 0, 255)) {
        place.kind = NP_PLACE_INT;
        place.key = (int)key->u.integer;
    } else {
        place.kind = NP_PLACE_KEY;
        place.key = part(fg, key, copy_key);
    }
    return place;
}

void np_cg_store(NpFuncGen *fg, const NpPlace *place, int value) {
    switch (place->kind) {
    case NP_PLACE_LOCAL:
        if (place->object != value) np_emit_abc(fg, NP_OP_MOVE, place->object, value, 0);
        break;
    case NP_PLACE_UPVALUE: np_emit_abc(fg, NP_OP_SETUPVAL, value, place->object, 0); break;
    case NP_PLACE_UPVALUE_FIELD: np_emit_cached(fg, NP_OP_SETTABUP, value, place->object, place->key); break;
    case NP_PLACE_FIELD: np_emit_cached(fg, NP_OP_SETFIELD, place->object, value, place->key); break;
    case NP_PLACE_INT: np_emit_abc(fg, NP_OP_SETINT, place->object, place->key, value); break;
    case NP_PLACE_KEY: np_emit_abc(fg, NP_OP_SETINDEX, place->object, place->key, value); break;
    }
}
