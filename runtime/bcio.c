/* bcio.c: writing and reading binary chunks.
 *
 * Owns: the format. It starts with the header of Lua 5.4's binary chunks, byte for byte, so that
 *       everything that recognises those recognises ours; then follows the mark of Neap's own format:
 *
 *   "\x1bLua" 0x54 0 "\x19\x93\r\n\x1a\n"  4 (bytes of a code word)  8 (of an integer)  8 (of a float)
 *   the integer 0x5678 and the float 370.5 as the machine has them
 *   "Neap" and FORMAT_REVISION, one byte: changes with opcodes.def
 *   number of upvalues, one byte, and the main function:
 *
 *   function  source, line, last line, parameters (byte), vararg (byte), registers (byte),
 *             code: count, words; constants: count, (tag byte, contents); upvalues: count, (from stack,
 *             index, kind: bytes); inner functions: count, functions; line runs: count, (words since the
 *             last, line); variables: count, (name, start, end); names of upvalues: count, names
 *   count, line, ...   unsigned, 7 bits to a byte, least first, high bit: more follow
 *   string             count = length + 1 (0: none), bytes
 *   integers, floats, code words   as the machine has them
 *
 * Does not: write caches: quickened instructions are put back to their base. A function is written
 * without regard to what its instructions mean but for that.
 * A reader of damaged input stops at the first thing that cannot be; counts are checked against the
 * bytes that are left before memory is asked for.
 */
#include "runtime/bcio.h"

#include "runtime/bcverify.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/mem/scratch.h"
#include "runtime/strings.h"

#define LUA_VERSION_BYTE 0x54
#define LUA_FORMAT_BYTE 0
#define CHECK_BYTES "\x19\x93\r\n\x1a\n"
#define CHECK_INTEGER INT64_C(0x5678)
#define CHECK_FLOAT 370.5
#define OWN_MARK "Neap"
#define FORMAT_REVISION 2
#define MAX_NESTING 190 /* functions within functions; the parser's limit is about the same */

/* ---- writing ---- */

typedef struct Dumper {
    lua_State *L;
    lua_Writer writer;
    void *data;
    bool strip;
    int status;
    size_t used;
    char buffer[512];
} Dumper;

static void write_out(Dumper *dumper, const void *bytes, size_t size) {
    if (dumper->status == 0 && size > 0) {
        dumper->status = dumper->writer(dumper->L, bytes, size, dumper->data);
        np_gate_pass(dumper->L);
    }
}

static void flush(Dumper *dumper) {
    write_out(dumper, dumper->buffer, dumper->used);
    dumper->used = 0;
}

static void put_bytes(Dumper *dumper, const void *bytes, size_t size) {
    if (size > sizeof dumper->buffer - dumper->used) flush(dumper);
    if (size > sizeof dumper->buffer) {
        write_out(dumper, bytes, size);
        return;
    }
    memcpy(dumper->buffer + dumper->used, bytes, size);
    dumper->used += size;
}

static void put_byte(Dumper *dumper, unsigned byte) {
    char one = (char)byte;
    put_bytes(dumper, &one, 1);
}

static void put_count(Dumper *dumper, uint64_t count) {
    for (; count >= 0x80; count >>= 7) put_byte(dumper, (unsigned)(count & 0x7f) | 0x80);
    put_byte(dumper, (unsigned)count);
}

static void put_string(Dumper *dumper, const NpString *string) {
    put_count(dumper, string ? (uint64_t)string->length + 1 : 0);
    if (string && string->length) put_bytes(dumper, string->text, string->length);
}

int np_bcio_base(const NpProto *proto, int32_t pc, NpInstr out[4]) {
    NpInstr instr = proto->code[pc];
    const NpOpInfo *info = &np_opcode_info[np_op(instr)];
    NpOpcode op = (NpOpcode)np_op(instr);
    memcpy(out, proto->code + pc, info->words * sizeof(NpInstr));
    if (op == NP_OP_NEWTABLE_AS) {
        out[0] = np_make_abc(NP_OP_NEWTABLE, np_a(instr), np_b(instr), np_c(instr));
        out[1] = 0; /* no array elements, or it would not have this form */
    }
    if (!(info->flags & NP_OPF_KW)) return info->words;
    out[0] = np_make_abc((NpOpcode)info->base, np_a(instr), np_b(instr), 0);
    out[1] = 0;
    if (op == NP_OP_GETFIELD_CHAIN || op == NP_OP_SELF_CHAIN) out[2] = proto->chains[out[2]].key;
    if (info->words == 4) out[3] = 0;
    return info->words;
}

static void put_code(Dumper *dumper, const NpProto *proto) {
    put_count(dumper, (uint64_t)proto->ncode);
    for (int32_t pc = 0; pc < proto->ncode;) {
        NpInstr words[4];
        int count = np_bcio_base(proto, pc, words);
        put_bytes(dumper, words, (size_t)count * sizeof(NpInstr));
        pc += count;
    }
}

static void put_constants(Dumper *dumper, const NpProto *proto) {
    put_count(dumper, (uint64_t)proto->nconstants);
    for (int32_t i = 0; i < proto->nconstants; i++) {
        const NpValue *value = &proto->constants[i];
        put_byte(dumper, value->tag);
        if (np_is_number(value)) put_bytes(dumper, &value->v.bits, sizeof value->v.bits);
        else if (np_is_str(value)) put_string(dumper, np_str(value));
    }
}

static void put_debug(Dumper *dumper, const NpProto *proto) {
    int32_t nlines = dumper->strip || !proto->lines ? 0 : proto->nlines;
    int32_t nlocvars = dumper->strip || !proto->locvars ? 0 : proto->nlocvars;
    uint32_t last = 0;
    put_count(dumper, (uint64_t)nlines);
    for (int32_t i = 0; i < nlines; i++) {
        put_count(dumper, proto->lines[i].pc - last);
        put_count(dumper, (uint32_t)proto->lines[i].line);
        last = proto->lines[i].pc;
    }
    put_count(dumper, (uint64_t)nlocvars);
    for (int32_t i = 0; i < nlocvars; i++) {
        put_string(dumper, proto->locvars[i].name);
        put_count(dumper, (uint32_t)proto->locvars[i].start_pc);
        put_count(dumper, (uint32_t)proto->locvars[i].end_pc);
    }
    put_count(dumper, dumper->strip ? 0 : proto->nupvalues);
    for (int i = 0; !dumper->strip && i < proto->nupvalues; i++) put_string(dumper, proto->upvalues[i].name);
}

static void put_function(Dumper *dumper, const NpProto *proto, const NpString *outer_source) {
    bool same = proto->source == outer_source; /* an inner function's is its outer one's */
    put_string(dumper, dumper->strip || same ? NULL : proto->source);
    put_count(dumper, (uint32_t)proto->line);
    put_count(dumper, (uint32_t)proto->last_line);
    put_byte(dumper, proto->nparams);
    put_byte(dumper, proto->is_vararg);
    put_byte(dumper, proto->max_stack);
    put_code(dumper, proto);
    put_constants(dumper, proto);
    put_count(dumper, proto->nupvalues);
    for (int i = 0; i < proto->nupvalues; i++) {
        put_byte(dumper, proto->upvalues[i].from_stack);
        put_byte(dumper, proto->upvalues[i].index);
        put_byte(dumper, proto->upvalues[i].kind);
    }
    put_count(dumper, (uint64_t)proto->nprotos);
    for (int32_t i = 0; i < proto->nprotos && dumper->status == 0; i++)
        put_function(dumper, proto->protos[i], proto->source);
    put_debug(dumper, proto);
}

int np_dump(lua_State *L, const NpProto *proto, lua_Writer writer, void *data, bool strip) {
    Dumper dumper = {.L = L, .writer = writer, .data = data, .strip = strip};
    int64_t integer = CHECK_INTEGER;
    double number = CHECK_FLOAT;
    put_bytes(&dumper, LUA_SIGNATURE, sizeof LUA_SIGNATURE - 1);
    put_byte(&dumper, LUA_VERSION_BYTE);
    put_byte(&dumper, LUA_FORMAT_BYTE);
    put_bytes(&dumper, CHECK_BYTES, sizeof CHECK_BYTES - 1);
    put_byte(&dumper, sizeof(NpInstr));
    put_byte(&dumper, sizeof integer);
    put_byte(&dumper, sizeof number);
    put_bytes(&dumper, &integer, sizeof integer);
    put_bytes(&dumper, &number, sizeof number);
    put_bytes(&dumper, OWN_MARK, sizeof OWN_MARK - 1);
    put_byte(&dumper, FORMAT_REVISION);
    put_byte(&dumper, proto->nupvalues);
    put_function(&dumper, proto, NULL);
    flush(&dumper);
    return dumper.status;
}

/* ---- reading ---- */

typedef struct Undumper {
    lua_State *L;
    const char *at, *end;
    const char *name;   /* for messages */
    NpScratch *scratch; /* arrays until the prototype has copied them */
    int depth;
} Undumper;

NP_NORETURN static void fail(Undumper *reader, const char *reason) {
    np_err_format(reader->L, "%s: bad binary format (%s)", reader->name, reason);
    np_err_throw(reader->L, LUA_ERRSYNTAX);
}

static void get_bytes(Undumper *reader, void *into, size_t size) {
    if ((size_t)(reader->end - reader->at) < size) fail(reader, "truncated chunk");
    memcpy(into, reader->at, size);
    reader->at += size;
}

static unsigned get_byte(Undumper *reader) {
    if (reader->at == reader->end) fail(reader, "truncated chunk");
    return (unsigned char)*reader->at++;
}

/* A number of at most `limit`. */
static uint64_t get_number(Undumper *reader, uint64_t limit) {
    uint64_t number = 0;
    for (int shift = 0;; shift += 7) {
        unsigned byte = get_byte(reader);
        if (shift > 56) fail(reader, "number too large");
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) break;
    }
    if (number > limit) fail(reader, "number too large");
    return number;
}

static int32_t get_int(Undumper *reader) { return (int32_t)get_number(reader, INT32_MAX); }

/* How many things follow that take at least `size` bytes each. */
static int32_t get_count(Undumper *reader, size_t size) {
    int32_t count = get_int(reader);
    if ((uint64_t)count * size > (uint64_t)(reader->end - reader->at)) fail(reader, "truncated chunk");
    return count;
}

static NpString *get_string(Undumper *reader) {
    uint64_t size = get_number(reader, (uint64_t)1 << 60);
    const char *text = reader->at;
    if (size == 0) return NULL;
    if (size - 1 > (uint64_t)(reader->end - reader->at)) fail(reader, "truncated chunk");
    reader->at += size - 1;
    return np_string_new(reader->L, text, (size_t)size - 1);
}

static void *take(Undumper *reader, size_t count, size_t size) {
    void *block = np_scratch_alloc(reader->scratch, (count ? count : 1) * size);
    if (!block) np_err_memory(reader->L);
    return block;
}

static void get_constants(Undumper *reader, NpProtoParts *parts) {
    NpValue *constants;
    parts->nconstants = get_count(reader, 1);
    parts->constants = constants = take(reader, (size_t)parts->nconstants, sizeof *constants);
    for (int i = 0; i < parts->nconstants; i++) {
        NpString *string;
        memset(&constants[i], 0, sizeof constants[i]);
        constants[i].tag = (uint8_t)get_byte(reader);
        switch (constants[i].tag) {
        case NP_NIL: case NP_FALSE: case NP_TRUE: break;
        case NP_INT: case NP_FLT: get_bytes(reader, &constants[i].v.bits, sizeof constants[i].v.bits); break;
        case NP_STR:
            string = get_string(reader);
            if (!string) fail(reader, "bad format for constant string");
            np_set_obj(&constants[i], string, NP_STR);
            break;
        default: fail(reader, "invalid constant");
        }
    }
}

static void get_upvalues(Undumper *reader, NpProtoParts *parts) {
    NpUpvalDesc *upvalues;
    parts->nupvalues = get_count(reader, 3);
    if (parts->nupvalues > 255) fail(reader, "too many upvalues");
    parts->upvalues = upvalues = take(reader, (size_t)parts->nupvalues, sizeof *upvalues);
    for (int i = 0; i < parts->nupvalues; i++) {
        upvalues[i].name = NULL;
        upvalues[i].from_stack = get_byte(reader) != 0;
        upvalues[i].index = (uint8_t)get_byte(reader);
        upvalues[i].kind = (uint8_t)get_byte(reader);
    }
}

static void get_debug(Undumper *reader, NpProtoParts *parts) {
    NpLineRun *lines;
    NpLocVar *locvars;
    uint32_t pc = 0;
    int named;
    parts->nlines = get_count(reader, 2);
    lines = take(reader, (size_t)parts->nlines, sizeof *lines);
    for (int i = 0; i < parts->nlines; i++) {
        uint64_t next = pc + get_number(reader, INT32_MAX);
        if (next > INT32_MAX) fail(reader, "number too large");
        lines[i].pc = pc = (uint32_t)next;
        lines[i].line = get_int(reader);
    }
    if (parts->nlines) parts->lines = lines;
    parts->nlocvars = get_count(reader, 3);
    locvars = take(reader, (size_t)parts->nlocvars, sizeof *locvars);
    for (int i = 0; i < parts->nlocvars; i++) {
        locvars[i].name = get_string(reader);
        if (!locvars[i].name) fail(reader, "variable without a name");
        locvars[i].start_pc = get_int(reader);
        locvars[i].end_pc = get_int(reader);
    }
    if (parts->nlocvars) parts->locvars = locvars;
    named = get_count(reader, 1);
    if (named != 0 && named != parts->nupvalues) fail(reader, "bad number of upvalue names");
    for (int i = 0; i < named; i++) ((NpUpvalDesc *)parts->upvalues)[i].name = get_string(reader);
}

static NpProto *get_function(Undumper *reader, NpString *outer_source) {
    NpProtoParts parts = {0};
    NpInstr *code;
    NpProto **protos, *proto;
    const char *wrong;
    if (++reader->depth > MAX_NESTING) fail(reader, "functions nested too deeply");
    parts.source = get_string(reader);
    if (!parts.source) parts.source = outer_source;
    parts.line = get_int(reader);
    parts.last_line = get_int(reader);
    parts.nparams = (uint8_t)get_byte(reader);
    parts.is_vararg = get_byte(reader) != 0;
    parts.max_stack = (uint8_t)get_byte(reader);
    parts.ncode = get_count(reader, sizeof *code);
    parts.code = code = take(reader, (size_t)parts.ncode, sizeof *code);
    get_bytes(reader, code, (size_t)parts.ncode * sizeof *code);
    get_constants(reader, &parts);
    get_upvalues(reader, &parts);
    parts.nprotos = get_count(reader, 8);
    parts.protos = protos = take(reader, (size_t)parts.nprotos, sizeof *protos);
    for (int i = 0; i < parts.nprotos; i++) protos[i] = get_function(reader, parts.source);
    get_debug(reader, &parts);
    wrong = np_bcverify(&parts, reader->scratch);
    if (wrong == np_bcverify_no_memory) np_err_memory(reader->L);
    if (wrong) fail(reader, wrong);
    proto = np_func_new_proto(reader->L, &parts);
    reader->depth--;
    return proto;
}

static void expect(Undumper *reader, const void *bytes, size_t size, const char *reason) {
    const char *want = bytes;
    for (size_t i = 0; i < size; i++)
        if (get_byte(reader) != (unsigned char)want[i]) fail(reader, reason);
}

static void get_header(Undumper *reader) {
    int64_t integer = CHECK_INTEGER;
    double number = CHECK_FLOAT;
    expect(reader, LUA_SIGNATURE, sizeof LUA_SIGNATURE - 1, "not a binary chunk");
    if (get_byte(reader) != LUA_VERSION_BYTE) fail(reader, "version mismatch");
    if (get_byte(reader) != LUA_FORMAT_BYTE) fail(reader, "format mismatch");
    expect(reader, CHECK_BYTES, sizeof CHECK_BYTES - 1, "corrupted chunk");
    if (get_byte(reader) != sizeof(NpInstr)) fail(reader, "Instruction size mismatch");
    if (get_byte(reader) != sizeof integer) fail(reader, "lua_Integer size mismatch");
    if (get_byte(reader) != sizeof number) fail(reader, "lua_Number size mismatch");
    expect(reader, &integer, sizeof integer, "integer format mismatch");
    expect(reader, &number, sizeof number, "float format mismatch");
    expect(reader, OWN_MARK, sizeof OWN_MARK - 1, "made by another implementation of Lua");
    if (get_byte(reader) != FORMAT_REVISION) fail(reader, "made by another version of Neap");
}

typedef struct UndumpCall {
    Undumper reader;
    NpProto *result;
} UndumpCall;

static void undump(lua_State *L, void *arg) {
    UndumpCall *call = arg;
    Undumper *reader = &call->reader;
    unsigned nupvalues;
    get_header(reader);
    nupvalues = get_byte(reader);
    call->result = get_function(reader, NULL);
    if (nupvalues != call->result->nupvalues) fail(reader, "bad number of upvalues");
}

NpProto *np_undump(lua_State *L, const char *bytes, size_t size, const char *name) {
    NpScratch scratch;
    UndumpCall call = {{L, bytes, bytes + size, name, &scratch, 0}, NULL};
    int status;
    if (name[0] == '@' || name[0] == '=') call.reader.name++;
    else if (name[0] == LUA_SIGNATURE[0]) call.reader.name = "binary string";
    np_scratch_init_in(&scratch, np_heap_mem(&L->global->heap));
    status = np_err_protect(L, undump, &call); /* only so that the scratch is freed */
    np_scratch_free(&scratch);
    if (status != LUA_OK) np_err_throw(L, status);
    return call.result;
}
