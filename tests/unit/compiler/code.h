/* code.h: what the tests of the code generator share: compiling a text and looking at the code. */
#ifndef NP_TEST_CODE_H
#define NP_TEST_CODE_H

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/bcverify.h"
#include "runtime/disasm.h"
#include "runtime/mem/scratch.h"
#include "tests/unit/unit.h"

static lua_State *code_state;
static char code_text[1 << 16];

/* One state for all tests of a program, with an empty stack. */
static inline lua_State *code_begin(void) {
    if (!code_state) {
        code_state = luaL_newstate();
        luaL_openlibs(code_state);
    }
    lua_settop(code_state, 0);
    return code_state;
}

/* The main function of the text, left on the stack; NULL with the message there. */
static inline const NpProto *code_compile(const char *source) {
    lua_State *L = code_begin();
    if (luaL_loadbufferx(L, source, strlen(source), "=c", "t") != LUA_OK) return NULL;
    return np_lcl(L->top - 1)->proto;
}

/* Its instructions as "NAME operands" with "; " between, VARARGPREP and the last return left out;
 * offsets of jumps are shown as the disassembler's "to" does. */
static inline const char *code_list(const NpProto *proto) {
    char *at = code_text, line[256];
    *at = '\0';
    for (int32_t pc = 0; pc < proto->ncode;) {
        int words = np_disasm_instr(proto, pc, line, sizeof line);
        char *comment = strstr(line, "  ; "), *space = strchr(line, ' ');
        bool last = pc + words >= proto->ncode;
        if (comment) *comment = '\0';
        if (np_op(proto->code[pc]) != NP_OP_VARARGPREP && !last) {
            if (at != code_text) at = stpcpy(at, "; ");
            at = mempcpy(at, line, (size_t)(space ? space - line : (ptrdiff_t)strlen(line)));
            *at = '\0';
            if (space) at = stpcpy(stpcpy(at, " "), space + strspn(space, " "));
        }
        pc += words;
    }
    return code_text;
}

/* The listing of the text's main function, or the message. What is compiled must pass the verifier. */
static inline const char *code_of(const char *source) {
    const NpProto *proto = code_compile(source);
    NpScratch scratch;
    const char *wrong;
    if (!proto) return lua_tostring(code_state, -1);
    np_scratch_init(&scratch);
    wrong = np_bcverify_proto(proto, &scratch);
    np_scratch_free(&scratch);
    return wrong ? wrong : code_list(proto);
}

/* Of the first function inside. */
static inline const char *code_of_inner(const char *source) {
    const char *outer = code_of(source);
    const NpProto *proto;
    if (lua_type(code_state, -1) != LUA_TFUNCTION) return outer;
    proto = np_lcl(code_state->top - 1)->proto;
    return proto->nprotos ? code_list(proto->protos[0]) : "no function inside";
}

/* Runs the text and gives its first result as text, or the message. */
static inline const char *code_run(const char *source) {
    if (!code_compile(source) || lua_pcall(code_state, 0, 1, 0) != LUA_OK) return lua_tostring(code_state, -1);
    return luaL_tolstring(code_state, -1, NULL);
}

/* `piece` repeated between head and tail; freed by the caller. */
static inline char *code_repeat(const char *head, const char *piece, int times, const char *tail) {
    char *out = malloc(strlen(head) + strlen(piece) * (size_t)times + strlen(tail) + 1), *at = stpcpy(out, head);
    for (int i = 0; i < times; i++) at = stpcpy(at, piece);
    stpcpy(at, tail);
    return out;
}

#define EXPECT_CODE(source, want) EXPECT_STR(code_of(source), want)
#define EXPECT_RUN(source, want) EXPECT_STR(code_run(source), want)

#endif
