/* emit.c: the emitter. See emit.h.
 *
 * Jump lists: the offset field of a jump that waits for its target holds the word index of the next
 * one in its list, or -1. Targets of JMP and of conditional jumps are always ahead; LOOP goes back.
 * After a function is complete, jumps to jumps are shortened (thread_jumps).
 */
#include "compiler/emit.h"

#include <stdarg.h>

#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/strings.h"

/* ---- memory ---- */

static void *scratch_take(NpGen *gen, size_t size) {
    void *block = np_scratch_alloc(gen->scratch, size);
    if (!block) np_err_memory(gen->L);
    return block;
}

enum { LARGE_ARRAY = 1 << 20 }; /* bytes, from which on arrays grow by half and do not leave their old place behind */

/* Room for one more element. The old run stays in the scratch; doubling bounds what is lost. */
static void *grow(NpFuncGen *fg, void *old, int32_t *capacity, int32_t count, size_t element, int32_t first) {
    if (NP_LIKELY(count < *capacity)) return old;
    bool large = (size_t)count * element >= LARGE_ARRAY;
    int32_t wanted = large ? *capacity + *capacity / 2 : *capacity ? *capacity * 2 : first;
    void *block = scratch_take(fg->gen, (size_t)wanted * element);
    if (count) memcpy(block, old, (size_t)count * element);
    np_scratch_drop(fg->gen->scratch, old, (size_t)count * element);
    *capacity = wanted;
    return block;
}

#define GROW(fg, array, count, capacity, first) \
    ((array) = grow(fg, array, &(capacity), count, sizeof *(array), first))

/* ---- errors ---- */

void np_emit_error(NpFuncGen *fg, const char *format, ...) {
    lua_State *L = fg->gen->L;
    NpString *source = fg->gen->source;
    char chunk[LUA_IDSIZE];
    const char *message;
    va_list arguments;
    np_err_chunk_id(chunk, source->text, source->length);
    va_start(arguments, format);
    message = np_err_vformat(L, format, arguments);
    va_end(arguments);
    np_err_format(L, "%s:%d: %s", chunk, fg->line, message);
    np_err_throw(L, LUA_ERRSYNTAX);
}

void np_emit_limit_error(NpFuncGen *fg, const char *what, int limit) {
    if (fg->func->line == 0) np_emit_error(fg, "too many %s (limit is %d) in main function", what, limit);
    np_emit_error(fg, "too many %s (limit is %d) in function at line %d", what, limit, fg->func->line);
}

/* ---- instructions ---- */

static void note_line(NpFuncGen *fg) {
    if (fg->nlines && fg->lines[fg->nlines - 1].line == fg->line) return;
    GROW(fg, fg->lines, fg->nlines, fg->clines, 16);
    fg->lines[fg->nlines].pc = (uint32_t)fg->ncode;
    fg->lines[fg->nlines++].line = fg->line;
}

static void put_word(NpFuncGen *fg, NpInstr word) {
    GROW(fg, fg->code, fg->ncode, fg->ccode, 64);
    fg->code[fg->ncode++] = word;
}

static int32_t put(NpFuncGen *fg, NpInstr instr) {
    int32_t pc = fg->ncode;
    if (pc >= NP_MAX_WORDS - 8) np_emit_error(fg, "function is too long (limit is %d code words)", NP_MAX_WORDS);
    note_line(fg);
    put_word(fg, instr);
    fg->last_pc = pc;
    return pc;
}

int32_t np_emit_abc(NpFuncGen *fg, NpOpcode op, int a, int b, int c) {
    CHECK1("codegen", a >= 0 && a <= 255 && b >= -128 && b <= 255 && c >= 0 && c <= 255);
    return put(fg, np_make_abc(op, (unsigned)a, (unsigned)b & 0xff, (unsigned)c));
}

int32_t np_emit_abcw(NpFuncGen *fg, NpOpcode op, int a, int b, int c, uint32_t w1) {
    int32_t pc = np_emit_abc(fg, op, a, b, c);
    put_word(fg, w1);
    return pc;
}

int32_t np_emit_ad(NpFuncGen *fg, NpOpcode op, int a, int d) {
    return put(fg, np_make_ad(op, (unsigned)a, (unsigned)d & 0xffff));
}

int32_t np_emit_cached(NpFuncGen *fg, NpOpcode op, int a, int b, int key) {
    int32_t pc = np_emit_abcw(fg, op, a, b, 0, 0);
    put_word(fg, (NpInstr)key);
    if (np_opcode_info[op].words == 4) put_word(fg, 0);
    return pc;
}

void np_emit_nil(NpFuncGen *fg, int first, int n) {
    if (n <= 0) return;
    if (fg->last_pc >= 0 && fg->last_target < fg->ncode && np_op(fg->code[fg->last_pc]) == NP_OP_LOADNIL &&
        fg->last_pc == fg->ncode - 1) {
        NpInstr last = fg->code[fg->last_pc];
        int from = (int)np_a(last), count = (int)np_b(last) + 1;
        if (from + count == first) {
            fg->code[fg->last_pc] = np_make_abc(NP_OP_LOADNIL, (unsigned)from, (unsigned)(count + n - 1), 0);
            return;
        }
    }
    np_emit_abc(fg, NP_OP_LOADNIL, first, n - 1, 0);
}

/* ---- jumps ---- */

static bool is_plain_jump(NpInstr instr) { return (np_opcode_info[np_op(instr)].flags & NP_OPF_JE) != 0; }

static int32_t offset_of(const NpFuncGen *fg, int32_t pc) {
    return is_plain_jump(fg->code[pc]) ? np_e(fg->code[pc]) : (int32_t)fg->code[pc + 1];
}

static bool fits(int32_t offset) { return offset >= -NP_MAX_JUMP && offset < NP_MAX_JUMP; }

static NpInstr make_jump(NpFuncGen *fg, NpOpcode op, int32_t offset) {
    if (!fits(offset)) np_emit_error(fg, "control structure too long (limit is %d code words)", NP_MAX_JUMP);
    return np_make_e(op, offset);
}

static void store_offset(NpFuncGen *fg, int32_t pc, int32_t offset) {
    if (is_plain_jump(fg->code[pc])) fg->code[pc] = make_jump(fg, (NpOpcode)np_op(fg->code[pc]), offset);
    else fg->code[pc + 1] = (NpInstr)offset;
}

void np_emit_set_offset(NpFuncGen *fg, int32_t pc, int32_t target) {
    store_offset(fg, pc, target - (pc + np_opcode_info[np_op(fg->code[pc])].words));
    if (target > fg->last_target) fg->last_target = target;
}

void np_emit_jump(NpFuncGen *fg, NpJumps *list) {
    *list = put(fg, make_jump(fg, NP_OP_JMP, *list));
}

void np_emit_cond(NpFuncGen *fg, NpOpcode op, int a, int b, int c, NpJumps *list) {
    *list = np_emit_abcw(fg, op, a, b, c, (uint32_t)*list);
}

void np_emit_patch_here(NpFuncGen *fg, NpJumps list) {
    while (list != NP_NO_JUMP) {
        NpJumps next = offset_of(fg, list);
        np_emit_set_offset(fg, list, fg->ncode);
        list = next;
    }
}

int32_t np_emit_label(NpFuncGen *fg) {
    fg->last_target = fg->ncode;
    return fg->ncode;
}

void np_emit_loop(NpFuncGen *fg, int32_t target) {
    put(fg, make_jump(fg, NP_OP_LOOP, target - (fg->ncode + 1)));
}

/* Where a jump to `target` finally gets to through forward JMPs. */
static int32_t chase(const NpFuncGen *fg, int32_t target) {
    for (int hops = 0; hops < 100 && target < fg->ncode; hops++) {
        NpInstr instr = fg->code[target];
        if (np_op(instr) != NP_OP_JMP) break;
        target += 1 + np_e(instr);
    }
    return target;
}

/* Makes jumps to jumps go where those go; a JMP to a LOOP becomes a LOOP. */
static void thread_jumps(NpFuncGen *fg) {
    for (int32_t pc = 0; pc < fg->ncode; pc += np_opcode_info[np_op(fg->code[pc])].words) {
        NpInstr instr = fg->code[pc];
        const NpOpInfo *info = &np_opcode_info[np_op(instr)];
        int32_t target, final;
        if (np_op(instr) != NP_OP_JMP && !(info->flags & NP_OPF_CMP)) continue;
        target = pc + info->words + offset_of(fg, pc);
        final = chase(fg, target);
        if (np_op(instr) == NP_OP_JMP && final < fg->ncode && np_op(fg->code[final]) == NP_OP_LOOP) {
            int32_t back = final + 1 + np_e(fg->code[final]) - (pc + 1);
            if (back < 0 && fits(back)) {
                fg->code[pc] = np_make_e(NP_OP_LOOP, back);
                continue;
            }
        }
        if (final != target && (!is_plain_jump(instr) || fits(final - (pc + info->words)))) store_offset(fg, pc, final - (pc + info->words));
    }
}

/* ---- constants ---- */

static uint32_t hash_value(const NpValue *value) {
    uint64_t bits = value->tag <= NP_TRUE ? 0 : value->v.bits;
    bits = (bits ^ (uint64_t)value->tag << 56 ^ bits >> 29) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(bits >> 32);
}

static bool same_constant(const NpValue *a, const NpValue *b) {
    return a->tag == b->tag && (a->tag <= NP_TRUE || a->v.bits == b->v.bits);
}

static void index_insert(NpFuncGen *fg, int32_t constant) {
    uint32_t at = hash_value(&fg->constants[constant]) & fg->index_mask;
    while (fg->constant_index[at]) at = (at + 1) & fg->index_mask;
    fg->constant_index[at] = constant + 1;
}

/* An empty index of `size` places (a power of two). */
static void index_reset(NpFuncGen *fg, uint32_t size) {
    if (size > fg->index_capacity) {
        np_scratch_drop(fg->gen->scratch, fg->constant_index, fg->index_capacity * sizeof(int32_t));
        fg->index_capacity = 0;
        fg->constant_index = scratch_take(fg->gen, size * sizeof(int32_t));
        fg->index_capacity = size;
    }
    memset(fg->constant_index, 0, size * sizeof(int32_t));
    fg->index_mask = size - 1;
}

int np_emit_k_value(NpFuncGen *fg, const NpValue *value) {
    uint32_t at = hash_value(value) & fg->index_mask;
    NpValue *constant;
    for (; fg->constant_index[at]; at = (at + 1) & fg->index_mask)
        if (same_constant(&fg->constants[fg->constant_index[at] - 1], value)) return fg->constant_index[at] - 1;
    GROW(fg, fg->constants, fg->nconstants, fg->cconstants, 16);
    constant = &fg->constants[fg->nconstants++];
    memset(constant, 0, sizeof *constant);
    if (value->tag > NP_TRUE) constant->v.bits = value->v.bits;
    constant->tag = value->tag;
    if ((uint32_t)fg->nconstants * 2 > fg->index_mask) {
        index_reset(fg, (fg->index_mask + 1) * 2);
        for (int32_t i = 0; i < fg->nconstants; i++) index_insert(fg, i);
    } else {
        fg->constant_index[at] = fg->nconstants;
    }
    return fg->nconstants - 1;
}

NpString *np_emit_string(NpGen *gen, NpAstName *name) {
    if (name->constant < 0) {
        if (gen->nstrings == gen->cstrings) {
            int32_t wanted = gen->cstrings ? gen->cstrings * 2 : 32;
            NpString **larger = scratch_take(gen, (size_t)wanted * sizeof *larger);
            if (gen->nstrings) memcpy(larger, gen->strings, (size_t)gen->nstrings * sizeof *larger);
            np_scratch_drop(gen->scratch, gen->strings, (size_t)gen->nstrings * sizeof *larger);
            gen->strings = larger;
            gen->cstrings = wanted;
        }
        gen->strings[gen->nstrings] = np_string_new(gen->L, name->text, name->length);
        name->constant = gen->nstrings++;
    }
    return gen->strings[name->constant];
}

int np_emit_k_string(NpFuncGen *fg, NpAstName *name) {
    NpValue value = {.tag = NP_STR};
    value.v.p = np_emit_string(fg->gen, name);
    return np_emit_k_value(fg, &value);
}

int np_emit_k_literal(NpFuncGen *fg, const NpExpr *literal) {
    NpValue value = {.tag = NP_NIL};
    switch (literal->kind) {
    case NP_EXPR_TRUE: np_set_bool(&value, true); break;
    case NP_EXPR_FALSE: np_set_bool(&value, false); break;
    case NP_EXPR_INT: np_set_int(&value, literal->u.integer); break;
    case NP_EXPR_FLOAT: np_set_flt(&value, literal->u.number); break;
    case NP_EXPR_STRING: return np_emit_k_string(fg, literal->u.string);
    default: break;
    }
    return np_emit_k_value(fg, &value);
}

/* ---- registers ---- */

void np_emit_need(NpFuncGen *fg, int end) {
    if (end <= fg->max_stack) return;
    if (end >= NP_MAX_REGISTERS) {
        int limit = NP_MAX_REGISTERS - 1;
        if (fg->func->line == 0)
            np_emit_error(fg, "function or expression needs too many registers (limit is %d) in main function", limit);
        np_emit_error(fg, "function or expression needs too many registers (limit is %d) in function at line %d",
                      limit, fg->func->line);
    }
    fg->max_stack = end;
}

int np_emit_take(NpFuncGen *fg, int n) {
    int first = fg->free;
    np_emit_need(fg, first + n);
    fg->free = first + n;
    return first;
}

/* ---- variables and blocks ---- */

static NpActive *activate(NpFuncGen *fg, NpString *name) {
    NpActive *active;
    if (fg->nactive >= NP_MAX_REGISTERS - 1) np_emit_limit_error(fg, "local variables", NP_MAX_REGISTERS - 1);
    active = &fg->active[fg->nactive++];
    GROW(fg, fg->locvars, fg->nlocvars, fg->clocvars, 16);
    active->locvar = fg->nlocvars;
    active->local = NULL;
    active->closes = false;
    fg->locvars[fg->nlocvars].name = name;
    fg->locvars[fg->nlocvars].start_pc = fg->ncode;
    fg->locvars[fg->nlocvars++].end_pc = fg->ncode;
    return active;
}

void np_emit_activate(NpFuncGen *fg, NpLocal *local) {
    NpActive *active = activate(fg, np_emit_string(fg->gen, local->name));
    active->local = local;
    local->reg = (int16_t)(fg->nactive - 1);
}

void np_emit_mark_close(NpFuncGen *fg, int reg) {
    fg->ncapturable++;
    fg->active[reg].closes = true;
    fg->block->has_close = true;
}

void np_emit_activate_hidden(NpFuncGen *fg, bool closes) {
    NpGen *gen = fg->gen;
    if (!gen->for_state) gen->for_state = np_string_lit(gen->L, "(for state)");
    activate(fg, gen->for_state);
    if (closes) np_emit_mark_close(fg, fg->nactive - 1);
}

void np_emit_enter(NpFuncGen *fg, NpGenBlock *block, bool is_loop) {
    block->outer = fg->block;
    block->nactive = fg->nactive;
    block->label_level = fg->label_level;
    block->is_loop = is_loop;
    block->has_close = fg->block && fg->block->has_close;
    block->break_closes = false;
    block->breaks = block->exit = NP_NO_JUMP;
    fg->block = block;
}

static bool is_captured(const NpActive *active) { return active->local && active->local->captured; }

int np_emit_close_level(const NpFuncGen *fg, int level) {
    for (int i = level; i < fg->nactive; i++)
        if (is_captured(&fg->active[i]) || fg->active[i].closes) return i;
    return -1;
}

int np_emit_jump_level(const NpFuncGen *fg, int level) {
    const NpGenBlock *loop = fg->block;
    int behind = fg->label_level;
    while (loop && !loop->is_loop) loop = loop->outer;
    if (loop && loop->nactive > behind) behind = loop->nactive;
    return behind > level ? level : np_emit_close_level(fg, level);
}

void np_emit_note_return(NpFuncGen *fg, int32_t pc) {
    if (fg->nactive == 0) return;
    GROW(fg, fg->returns, fg->nreturns, fg->creturns, 16);
    fg->returns[fg->nreturns++] = pc;
}

/* The returns from `start` on close after all. */
static void close_returns(NpFuncGen *fg, int32_t start) {
    while (fg->nreturns > 0 && fg->returns[fg->nreturns - 1] >= start) {
        NpInstr *instr = &fg->code[fg->returns[--fg->nreturns]];
        unsigned a = np_a(*instr);
        switch (np_op(*instr)) {
        case NP_OP_RETURN0: *instr = np_make_abc(NP_OP_RETURN, a, 1, 1); break;
        case NP_OP_RETURN1: *instr = np_make_abc(NP_OP_RETURN, a, 2, 1); break;
        default: *instr = np_make_abc((NpOpcode)np_op(*instr), a, np_b(*instr), 1); break; /* RETURN, TAILCALL */
        }
    }
}

int np_emit_leave(NpFuncGen *fg, bool close) {
    NpGenBlock *block = fg->block;
    int level = np_emit_close_level(fg, block->nactive);
    if (level >= 0) {
        close_returns(fg, fg->locvars[fg->active[level].locvar].start_pc);
        if (close) np_emit_abc(fg, NP_OP_CLOSE, level, 0, 0);
    }
    while (fg->nactive > block->nactive) {
        NpActive *active = &fg->active[--fg->nactive];
        fg->ncapturable -= is_captured(active) + active->closes;
        if (active->local) active->local->reg = -1;
        fg->locvars[active->locvar].end_pc = fg->ncode;
    }
    fg->label_level = block->label_level;
    fg->free = fg->nactive;
    fg->block = block->outer;
    return level;
}

/* ---- code that cannot be reached ---- */

NpEmitMark np_emit_mark(NpFuncGen *fg) {
    NpGenBlock *loop = fg->block;
    NpEmitMark mark = {fg->ncode, fg->nconstants, fg->nprotos, fg->nlines, fg->nlocvars, fg->nreturns, fg->last_pc, fg->last_target,
                       fg->max_stack, NULL, NP_NO_JUMP};
    while (loop && !loop->is_loop) loop = loop->outer;
    if (loop) mark.breaks = &loop->breaks, mark.breaks_were = loop->breaks;
    return mark;
}

void np_emit_forget(NpFuncGen *fg, const NpEmitMark *mark) {
    while (fg->nconstants > mark->nconstants) { /* the newest first: none that is left was put aside for it */
        uint32_t at = hash_value(&fg->constants[--fg->nconstants]) & fg->index_mask;
        while (fg->constant_index[at] != fg->nconstants + 1) at = (at + 1) & fg->index_mask;
        fg->constant_index[at] = 0;
    }
    fg->ncode = mark->ncode;
    fg->nprotos = mark->nprotos;
    fg->nlines = mark->nlines;
    fg->nlocvars = mark->nlocvars;
    fg->nreturns = mark->nreturns;
    fg->last_pc = mark->last_pc;
    fg->last_target = mark->last_target;
    fg->max_stack = mark->max_stack;
    if (mark->breaks) *mark->breaks = mark->breaks_were;
}

/* ---- functions ---- */

NpFuncGen *np_emit_begin(NpGen *gen, NpFuncGen *outer, NpFunc *func) {
    NpFuncGen *fg = outer ? outer->spare_inner : NULL;
    if (!fg) {
        fg = scratch_take(gen, sizeof *fg);
        memset(fg, 0, offsetof(NpFuncGen, active));
        fg->gen = gen;
        fg->outer = outer;
        if (outer) outer->spare_inner = fg;
    }
    fg->func = func;
    func->gen = fg;
    fg->block = NULL;
    fg->ncode = fg->nconstants = fg->nprotos = fg->nlines = fg->nlocvars = fg->nreturns = 0;
    fg->nactive = fg->ncapturable = fg->label_level = fg->free = 0;
    fg->max_stack = 2;
    fg->line = func->line ? func->line : 1;
    fg->test_line = fg->late_line = 0;
    fg->last_pc = -1;
    fg->last_target = -1;
    index_reset(fg, 16);
    return fg;
}

/* The upvalue descriptions; registers of captured locals are those of the enclosing function now. */
static void describe_upvalues(NpFuncGen *fg, NpUpvalDesc *out) {
    for (int i = 0; i < fg->func->nupvalues; i++) {
        const NpUpvalue *upvalue = &fg->func->upvalues[i];
        out[i].name = np_emit_string(fg->gen, upvalue->name);
        out[i].from_stack = upvalue->from_stack;
        out[i].kind = upvalue->kind;
        out[i].index = (uint8_t)(upvalue->from_stack && upvalue->index < 0 ? upvalue->local->reg : upvalue->index);
    }
}

NpProto *np_emit_finish(NpFuncGen *fg) {
    NpUpvalDesc upvalues[256];
    NpFunc *func = fg->func;
    NpProtoParts parts = {0};
    if (func->nupvalues > 255) np_emit_limit_error(fg, "upvalues", 255);
    thread_jumps(fg);
    describe_upvalues(fg, upvalues);
    parts.nparams = (uint8_t)func->nparams;
    parts.is_vararg = func->is_vararg;
    parts.max_stack = (uint8_t)fg->max_stack;
    parts.line = func->line;
    parts.last_line = func->line ? func->end_line : 0;
    parts.source = fg->gen->source;
    parts.code = fg->code, parts.ncode = fg->ncode;
    parts.constants = fg->constants, parts.nconstants = fg->nconstants;
    parts.protos = fg->protos, parts.nprotos = fg->nprotos;
    parts.upvalues = upvalues, parts.nupvalues = func->nupvalues;
    parts.lines = fg->lines, parts.nlines = fg->nlines;
    parts.locvars = fg->locvars, parts.nlocvars = fg->nlocvars;
    return np_func_new_proto(fg->gen->L, &parts);
}

int np_emit_add_proto(NpFuncGen *fg, NpProto *proto) {
    if (fg->nprotos > 0xffff) np_emit_limit_error(fg, "functions", 0x10000);
    GROW(fg, fg->protos, fg->nprotos, fg->cprotos, 8);
    fg->protos[fg->nprotos++] = proto;
    return fg->nprotos - 1;
}
