/* Tests of runtime/disasm.c: listings. */
#include "tests/unit/compiler/code.h"

static void append(void *ctx, const char *text, size_t length) {
    size_t used = strlen(ctx);
    if (used + length < sizeof code_text) {
        memcpy((char *)ctx + used, text, length);
        ((char *)ctx)[used + length] = '\0';
    }
}

static const char *listing(const char *source, bool full) {
    const NpProto *proto = code_compile(source);
    code_text[0] = '\0';
    if (!proto) return "syntax error";
    np_disasm(proto, full, append, code_text);
    return code_text;
}

TEST(a_listing) {
    EXPECT_STR(listing("local a = f\nif a then g('x') end", false),
               "main <c:0,0> (12 words, 3 registers, 0+ parameters, 1 upvalues, 3 constants, 0 functions)\n"
               "      0  [1]\tVARARGPREP     0 0 0\n"
               "      1  [1]\tGETTABUP       0 0 0 0 0  ; _ENV \"f\"\n"
               "      4  [2]\tTEST           0 0 0 5  ; to 11\n"
               "      6  [2]\tGETTABUP       1 0 0 0 1  ; _ENV \"g\"\n"
               "      9  [2]\tLOADK          2 2  ; \"x\"\n"
               "     10  [2]\tCALL           1 2 1\n"
               "     11  [2]\tRETURN0        0 0 0\n");
}

TEST(meanings) {
    const char *text = listing("local a, t = 1, {} a = a + 70000 t.x = a == 2.5 for i = 1, 2 do while t do end end "
                               "return function() return a end", true);
    EXPECT_CONTAINS(text, "; 70000");
    EXPECT_CONTAINS(text, "; \"x\"");
    EXPECT_CONTAINS(text, ", 2.5");
    EXPECT_CONTAINS(text, "; to ");
    EXPECT_CONTAINS(text, "; function at line 1");
    EXPECT_CONTAINS(text, "; a\n");
    EXPECT_CONTAINS(text, "variables (");
    EXPECT_CONTAINS(text, "(for state)");
    EXPECT_CONTAINS(text, "a  register 0");
}

TEST(strings_are_shown_on_one_line) {
    EXPECT_CONTAINS(listing("return 'a\\n\\1\"\\\\'", false), "\"a\\n\\x01\\\"\\\\\"");
    EXPECT_CONTAINS(listing("return '0123456789012345678901234567890123456789tail'", false),
                    "\"0123456789012345678901234567890123456789...\"");
}

TEST(short_buffers_and_bad_code_do_no_harm) {
    static NpInstr code[] = {0xffffff00u | 250, NP_OP_SETFIELD};
    NpProto proto = {.code = code, .ncode = 2};
    char small[8];
    EXPECT_EQ(np_disasm_instr(&proto, 0, small, sizeof small), 1);
    EXPECT_EQ(small[7], '\0');
    EXPECT_EQ(np_disasm_instr(&proto, 1, code_text, sizeof code_text), 1);
    EXPECT_CONTAINS(code_text, "incomplete");
}

/* After it has run, code is shown with the caches that the interpreter put in. */
TEST(quickened_code_keeps_its_field_names) {
    const NpProto *proto = code_compile("local c = {m = function() return 1 end} c.__index = c "
                                        "local o = setmetatable({x = 1}, c) for i = 1, 50 do local y = o.x + o:m() end");
    REQUIRE_NOT_NULL(proto);
    lua_pushvalue(code_state, -1);
    REQUIRE_EQ(lua_pcall(code_state, 0, 0, 0), LUA_OK);
    code_text[0] = '\0';
    np_disasm(proto, false, append, code_text);
    EXPECT_CONTAINS(code_text, "; \"x\"");
    EXPECT_CONTAINS(code_text, "; \"m\"");
}

UNIT_MAIN
