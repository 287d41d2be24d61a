/* disasm.c: readable listings of bytecode, from the table in opcodes.def.
 *
 * Owns: the look of a listing:
 *     function <chunk:first,last> (12 words, 3 registers, 2 parameters+, 1 upvalue, 4 constants, 0 functions)
 *       word  [line]  NAME  operands   ; what they mean
 * Does not: write anywhere itself, or trust the code: numbers out of range are shown as numbers.
 */
#include "runtime/disasm.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/func.h"
#include "runtime/number.h"

typedef struct Text {
    char *at;
    size_t left; /* the NUL included */
} Text;

static void NP_PRINTF(2, 3) add(Text *text, const char *format, ...) {
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsnprintf(text->at, text->left, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    size_t used = (size_t)length < text->left ? (size_t)length : text->left - 1;
    text->at += used;
    text->left -= used;
}

/* A string in quotes, shortened, on one line. */
static void add_string(Text *text, const NpString *string) {
    size_t shown = string->length < 40 ? string->length : 40;
    add(text, "\"");
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)string->text[i];
        if (byte == '"' || byte == '\\') add(text, "\\%c", byte);
        else if (byte == '\n') add(text, "\\n");
        else if (byte < 0x20 || byte == 0x7f) add(text, "\\x%02x", byte);
        else add(text, "%c", byte);
    }
    add(text, shown < string->length ? "...\"" : "\"");
}

static void add_value(Text *text, const NpValue *value) {
    char number[NP_NUMBER_TEXT + 1];
    switch (value->tag) {
    case NP_NIL: add(text, "nil"); break;
    case NP_FALSE: add(text, "false"); break;
    case NP_TRUE: add(text, "true"); break;
    case NP_INT: case NP_FLT:
        number[np_number_format(value, number)] = '\0';
        add(text, "%s", number);
        break;
    case NP_STR: add_string(text, np_str(value)); break;
    default: add(text, "?"); break;
    }
}

static void add_constant(Text *text, const NpProto *proto, uint32_t index) {
    if (index < (uint32_t)proto->nconstants) add_value(text, &proto->constants[index]);
    else add(text, "constant %u?", (unsigned)index);
}

static void add_upvalue(Text *text, const NpProto *proto, unsigned index) {
    if (index < proto->nupvalues && proto->upvalues[index].name) add(text, "%s", proto->upvalues[index].name->text);
    else add(text, "upvalue %u", index);
}

static bool has_number_constant(unsigned op) { return op >= NP_OP_ADDK && op <= NP_OP_KDIV; }

static bool is_immediate_compare(unsigned op) { return op >= NP_OP_EQI && op <= NP_OP_GEI; }

/* The constant of a field access, wherever quickening has put it. */
static void add_field(Text *text, const NpProto *proto, NpInstr instr, uint32_t word) {
    unsigned op = np_op(instr);
    bool chained = op == NP_OP_GETFIELD_CHAIN || op == NP_OP_SELF_CHAIN;
    if (chained && word < (uint32_t)proto->nchains) word = proto->chains[word].key;
    if (np_opcode_info[op].base == NP_OP_GETTABUP || np_opcode_info[op].base == NP_OP_SETTABUP) {
        add_upvalue(text, proto, np_b(instr));
        add(text, " ");
    }
    add_constant(text, proto, word);
}

/* What the operands stand for, after a semicolon. */
static void add_meaning(Text *text, const NpProto *proto, int32_t pc) {
    NpInstr instr = proto->code[pc];
    unsigned op = np_op(instr);
    const NpOpInfo *info = &np_opcode_info[op];
    if (info->flags & NP_OPF_JE) {
        add(text, "  ; to %d", (int)(pc + 1 + np_e(instr)));
    } else if (info->flags & NP_OPF_JW) {
        add(text, "  ; to %d", (int)(pc + info->words + (int32_t)proto->code[pc + 1]));
        if (op == NP_OP_EQK) {
            add(text, ", ");
            add_constant(text, proto, np_b(instr));
        }
    } else if (info->flags & NP_OPF_KW) {
        add(text, "  ; ");
        add_field(text, proto, instr, proto->code[pc + 2]);
    } else if (op == NP_OP_LOADK || op == NP_OP_LOADKX) {
        add(text, "  ; ");
        add_constant(text, proto, op == NP_OP_LOADK ? np_d(instr) : proto->code[pc + 1]);
    } else if (has_number_constant(op)) {
        add(text, "  ; ");
        add_constant(text, proto, op >= NP_OP_KADD ? np_b(instr) : np_c(instr));
    } else if (op == NP_OP_GETUPVAL || op == NP_OP_SETUPVAL) {
        add(text, "  ; ");
        add_upvalue(text, proto, np_b(instr));
    } else if (op == NP_OP_CLOSURE && (int)np_d(instr) < proto->nprotos) {
        add(text, "  ; function at line %d", (int)proto->protos[np_d(instr)]->line);
    }
}

int np_disasm_instr(const NpProto *proto, int32_t pc, char *out, size_t size) {
    Text text = {out, size};
    NpInstr instr = proto->code[pc];
    const NpOpInfo *info;
    if (size == 0) return 1;
    *out = '\0';
    if (np_op(instr) >= NP_OP_COUNT) {
        add(&text, "?%08x", (unsigned)instr);
        return 1;
    }
    info = &np_opcode_info[np_op(instr)];
    add(&text, "%-15s", info->name);
    switch (info->format) {
    case NP_FORMAT_ABC:
        if (is_immediate_compare(np_op(instr))) add(&text, "%u %d %u", np_a(instr), np_sb(instr), np_c(instr));
        else add(&text, "%u %u %u", np_a(instr), np_b(instr), np_c(instr));
        break;
    case NP_FORMAT_AD: add(&text, "%u %u", np_a(instr), np_d(instr)); break;
    case NP_FORMAT_AsD: add(&text, "%u %d", np_a(instr), np_sd(instr)); break;
    default: add(&text, "%d", (int)np_e(instr)); break;
    }
    if (info->words > proto->ncode - pc) {
        add(&text, " (incomplete)");
        return (int)(proto->ncode - pc);
    }
    for (int i = 1; i < info->words; i++) add(&text, " %d", (int)(int32_t)proto->code[pc + i]);
    add_meaning(&text, proto, pc);
    return info->words;
}

typedef struct Listing {
    NpDisasmWrite write;
    void *ctx;
    char line[512];
} Listing;

static void NP_PRINTF(2, 3) list(Listing *listing, const char *format, ...) {
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsnprintf(listing->line, sizeof listing->line, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if ((size_t)length >= sizeof listing->line) length = sizeof listing->line - 1;
    listing->write(listing->ctx, listing->line, (size_t)length);
}

static void list_tables(Listing *listing, const NpProto *proto) {
    char shown[256];
    list(listing, "  constants (%d)\n", (int)proto->nconstants);
    for (int32_t i = 0; i < proto->nconstants; i++) {
        Text text = {shown, sizeof shown};
        add_value(&text, &proto->constants[i]);
        list(listing, "    %d  %s\n", (int)i, shown);
    }
    list(listing, "  variables (%d)\n", (int)proto->nlocvars);
    for (int32_t i = 0; i < proto->nlocvars; i++)
        list(listing, "    %d  %s  %d..%d\n", (int)i, proto->locvars[i].name->text,
             (int)proto->locvars[i].start_pc, (int)proto->locvars[i].end_pc);
    list(listing, "  upvalues (%d)\n", (int)proto->nupvalues);
    for (int i = 0; i < proto->nupvalues; i++) {
        const NpUpvalDesc *upvalue = &proto->upvalues[i];
        list(listing, "    %d  %s  %s %d\n", i, upvalue->name ? upvalue->name->text : "-",
             upvalue->from_stack ? "register" : "upvalue", upvalue->index);
    }
}

static void list_function(Listing *listing, const NpProto *proto, bool full) {
    char shown[400];
    const char *source = proto->source ? proto->source->text : "=?";
    if (*source == '@' || *source == '=') source++;
    else source = "(string)";
    list(listing, "%s <%.200s:%d,%d> (%d words, %d registers, %d%s parameters, %d upvalues, %d constants, %d functions)\n",
         proto->line ? "function" : "main", source, (int)proto->line, (int)proto->last_line, (int)proto->ncode,
         proto->max_stack, proto->nparams, proto->is_vararg ? "+" : "", proto->nupvalues,
         (int)proto->nconstants, (int)proto->nprotos);
    for (int32_t pc = 0; pc < proto->ncode;) {
        int line = np_func_line(proto, pc), words = np_disasm_instr(proto, pc, shown, sizeof shown);
        if (line >= 0) list(listing, "  %5d  [%d]\t%s\n", (int)pc, line, shown);
        else list(listing, "  %5d  [-]\t%s\n", (int)pc, shown);
        pc += words;
    }
    if (full) list_tables(listing, proto);
    for (int32_t i = 0; i < proto->nprotos; i++) list_function(listing, proto->protos[i], full);
}

void np_disasm(const NpProto *proto, bool full, NpDisasmWrite write, void *ctx) {
    Listing listing = {.write = write, .ctx = ctx};
    list_function(&listing, proto, full);
}
