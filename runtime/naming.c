/* naming.c: under which name the program knows a value, for messages and tracebacks.
 *
 * Owns: the reading of bytecode backwards from effect to cause: which instruction gave a register its
 *       value, and what the instruction at hand is calling.
 * Does not: know lines or activations (debuginfo.c).
 *
 * A register is either a local variable active at the instruction, or a temporary. A temporary has one
 * setter unless control flow joins between its setters and the instruction (`a and b`, comparisons as
 * values); then it has no name. Temporaries never live across a backward jump, so one pass forward from
 * the function's start finds the last setter, and forward jumps alone need to be minded. */
#include "runtime/debuginfo.h"
#include "runtime/func.h"

static const NpDebugName nameless = {NULL, NULL};

static NpDebugName named(const char *kind, const char *name) { return (NpDebugName){kind, name}; }

static const char *text_or(const NpString *string, const char *otherwise) {
    return string ? string->text : otherwise;
}

static const char *upvalue_name(const NpProto *proto, unsigned index) {
    return text_or(proto->upvalues[index].name, "?");
}

static NpOpcode base_op(NpInstr instr) { return (NpOpcode)np_opcode_info[np_op(instr)].base; }

/* The instruction's unconditional or conditional forward jump, as the word it leads to; 0 when none. */
static int forward_target(const NpInstr *code, int pc) {
    NpInstr instr = code[pc];
    const NpOpInfo *info = &np_opcode_info[np_op(instr)];
    int next = pc + info->words;
    int target = 0;
    if (info->flags & NP_OPF_JE) target = next + np_e(instr);
    else if (info->flags & NP_OPF_JW) target = next + (int32_t)code[pc + 1];
    else if (np_op(instr) == NP_OP_LFALSESKIP) target = next + 1;
    return target > pc ? target : 0;
}

/* Whether executing the instruction may change the register. */
static bool changes(NpInstr instr, int reg) {
    int a = (int)np_a(instr);
    switch (base_op(instr)) {
    case NP_OP_LOADNIL: return reg >= a && reg <= a + (int)np_b(instr);
    case NP_OP_SELF: return reg == a || reg == a + 1;
    case NP_OP_CONCAT: return reg == a || reg >= (int)np_b(instr);
    case NP_OP_CALL:
    case NP_OP_TAILCALL:
    case NP_OP_VARARG: return reg >= a;
    case NP_OP_TFORCALL: return reg >= a + 4;
    case NP_OP_TFORLOOP: return reg == a + 2;
    case NP_OP_FORPREP:
    case NP_OP_FORLOOP: return reg >= a && reg <= a + 3;
    default: return (np_opcode_info[np_op(instr)].flags & NP_OPF_SA) && reg == a;
    }
}

/* Word of the instruction that alone gave `reg` the value seen at `end`; -1 when there is no such one. */
static int find_setter(const NpProto *proto, int end, int reg) {
    const NpInstr *code = proto->code;
    int setter = -1;
    int join = 0; /* up to this word the code may have been jumped over */
    for (int pc = 0; pc < end; pc += np_opcode_info[np_op(code[pc])].words) {
        if (changes(code[pc], reg)) setter = pc < join ? -1 : pc;
        int target = forward_target(code, pc);
        if (target > join && target <= end) join = target;
    }
    return setter;
}

static NpDebugName constant_name(const NpProto *proto, uint32_t index) {
    if (index < (uint32_t)proto->nconstants && np_is_str(&proto->constants[index]))
        return named("constant", np_str(&proto->constants[index])->text);
    return nameless;
}

/* The key of an inline-cached access. A chain form's operand leads to it through the chain cache. */
static const char *cached_key(const NpProto *proto, int pc) {
    uint32_t operand = proto->code[pc + 2];
    unsigned op = np_op(proto->code[pc]);
    if (op == NP_OP_GETFIELD_CHAIN || op == NP_OP_SELF_CHAIN) operand = proto->chains[operand].key;
    NpDebugName key = constant_name(proto, operand);
    return key.name ? key.name : "?";
}

/* A field of the table known as `table` is a global when that is _ENV. */
static NpDebugName field_of(const char *table, const char *key) {
    return named(table && strcmp(table, "_ENV") == 0 ? "global" : "field", key);
}

/* The name of the register that holds a table, if it is a variable's. */
static const char *variable_name(const NpProto *proto, int pc, int reg) {
    NpDebugName name = np_debug_register_name(proto, pc, reg);
    if (name.kind && (strcmp(name.kind, "local") == 0 || strcmp(name.kind, "upvalue") == 0)) return name.name;
    return NULL;
}

/* What the instruction at `pc` put into a register. */
static NpDebugName value_of(const NpProto *proto, int pc) {
    NpInstr instr = proto->code[pc];
    int b = (int)np_b(instr);
    switch (base_op(instr)) {
    case NP_OP_MOVE:
        /* A move upwards copies a variable; one downwards is an assignment to one. */
        return b < (int)np_a(instr) ? np_debug_register_name(proto, pc, b) : nameless;
    case NP_OP_GETUPVAL: return named("upvalue", upvalue_name(proto, (unsigned)b));
    case NP_OP_GETTABUP: return field_of(upvalue_name(proto, (unsigned)b), cached_key(proto, pc));
    case NP_OP_GETFIELD: return field_of(variable_name(proto, pc, b), cached_key(proto, pc));
    case NP_OP_GETINDEX: {
        NpDebugName key = np_debug_register_name(proto, pc, (int)np_c(instr));
        bool constant = key.kind && strcmp(key.kind, "constant") == 0;
        return field_of(variable_name(proto, pc, b), constant ? key.name : "?");
    }
    case NP_OP_GETINT: return named("field", "integer index");
    case NP_OP_SELF: return named("method", cached_key(proto, pc));
    case NP_OP_LOADK: return constant_name(proto, np_d(instr));
    case NP_OP_LOADKX: return constant_name(proto, proto->code[pc + 1]);
    default: return nameless;
    }
}

NpDebugName np_debug_register_name(const NpProto *proto, int pc, int reg) {
    const char *local = np_func_local_name(proto, reg + 1, pc);
    if (local) return named("local", local);
    int setter = find_setter(proto, pc, reg);
    if (setter < 0) return nameless;
    /* The object of a method call is a copy whose name is the original's. */
    NpInstr instr = proto->code[setter];
    if (base_op(instr) == NP_OP_SELF && reg == (int)np_a(instr) + 1)
        return np_debug_register_name(proto, setter, (int)np_b(instr));
    return value_of(proto, setter);
}

/* The event that makes the instruction call a metamethod; NP_EVENT_COUNT when it calls none. */
static NpEvent event_of(NpInstr instr) {
    NpOpcode op = base_op(instr);
    if (op >= NP_OP_ADD && op <= NP_OP_SHR) {
        static const uint8_t events[] = {NP_EVENT_ADD,  NP_EVENT_SUB, NP_EVENT_MUL, NP_EVENT_MOD,
                                         NP_EVENT_POW,  NP_EVENT_DIV, NP_EVENT_IDIV, NP_EVENT_BAND,
                                         NP_EVENT_BOR,  NP_EVENT_BXOR, NP_EVENT_SHL, NP_EVENT_SHR};
        _Static_assert(NP_OP_SHR - NP_OP_ADD + 1 == sizeof(events), "one event an operator");
        return (NpEvent)events[op - NP_OP_ADD];
    }
    if (op >= NP_OP_ADDK && op <= NP_OP_SHRK) {
        _Static_assert(NP_OP_SHRK - NP_OP_ADDK == NP_OP_SHR - NP_OP_ADD, "same operators");
        return event_of(np_make_abc((NpOpcode)(op - NP_OP_ADDK + NP_OP_ADD), 0, 0, 0));
    }
    switch (op) {
    case NP_OP_KADD: return NP_EVENT_ADD;
    case NP_OP_KSUB: return NP_EVENT_SUB;
    case NP_OP_KMUL: return NP_EVENT_MUL;
    case NP_OP_KDIV: return NP_EVENT_DIV;
    case NP_OP_GETTABUP: case NP_OP_GETFIELD: case NP_OP_GETINDEX: case NP_OP_GETINT: case NP_OP_SELF:
        return NP_EVENT_INDEX;
    case NP_OP_SETTABUP: case NP_OP_SETFIELD: case NP_OP_SETINDEX: case NP_OP_SETINT:
        return NP_EVENT_NEWINDEX;
    case NP_OP_UNM: return NP_EVENT_UNM;
    case NP_OP_BNOT: return NP_EVENT_BNOT;
    case NP_OP_LEN: return NP_EVENT_LEN;
    case NP_OP_CONCAT: return NP_EVENT_CONCAT;
    case NP_OP_EQ: return NP_EVENT_EQ;
    case NP_OP_LT: case NP_OP_LTI: case NP_OP_GTI: return NP_EVENT_LT;
    case NP_OP_LE: case NP_OP_LEI: case NP_OP_GEI: return NP_EVENT_LE;
    case NP_OP_CLOSE: case NP_OP_RETURN: case NP_OP_TAILCALL: return NP_EVENT_CLOSE;
    default: return NP_EVENT_COUNT;
    }
}

NpDebugName np_debug_call_name(lua_State *L, const NpFrame *frame) {
    if (frame->flags & NP_FRAME_HOOKED) return named("hook", "?");
    if (frame->flags & NP_FRAME_FIN) return named("metamethod", "__gc");
    if (!np_frame_is_lua(frame)) return nameless;
    const NpProto *proto = np_frame_closure(frame)->proto;
    int pc = np_debug_pc(frame);
    NpInstr instr = proto->code[pc];
    switch (base_op(instr)) {
    case NP_OP_CALL:
    case NP_OP_TAILCALL: return np_debug_register_name(proto, pc, (int)np_a(instr));
    case NP_OP_TFORCALL: return named("for iterator", "for iterator");
    default: break;
    }
    NpEvent event = event_of(instr);
    if (event == NP_EVENT_COUNT) return nameless;
    return named("metamethod", L->global->event_names[event]->text + 2); /* without its "__" */
}

NpDebugName np_debug_value_name(lua_State *L, const NpValue *slot) {
    const NpFrame *frame = L->frame;
    if (!np_frame_is_lua(frame)) return nameless;
    const NpLClosure *closure = np_frame_closure(frame);
    for (int i = 0; i < closure->nupvalues; i++)
        if (closure->upvalue[i] && closure->upvalue[i]->at == slot)
            return named("upvalue", upvalue_name(closure->proto, (unsigned)i));
    const NpValue *base = np_frame_base(frame);
    if ((uintptr_t)slot < (uintptr_t)base || (uintptr_t)slot >= (uintptr_t)(base + closure->proto->max_stack))
        return nameless;
    return np_debug_register_name(closure->proto, np_debug_pc(frame), (int)(slot - base));
}
