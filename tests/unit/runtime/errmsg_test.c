/* Tests of runtime/errmsg.c: the formatter, chunk names, and the wording of errors raised from C. */
#include "tests/unit/unit.h"

#include "runtime/err.h"
#include "runtime/vmslow.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

TEST(conversions) {
    lua_State *L = open();
    EXPECT_STR(lua_pushfstring(L, "plain"), "plain");
    EXPECT_STR(lua_pushfstring(L, ""), "");
    EXPECT_STR(lua_pushfstring(L, "%s|%s", "a", (char *)NULL), "a|(null)");
    EXPECT_STR(lua_pushfstring(L, "%d %d", -5, 2147483647), "-5 2147483647");
    EXPECT_STR(lua_pushfstring(L, "%I", (LUAI_UACINT)INT64_MIN), "-9223372036854775808");
    EXPECT_STR(lua_pushfstring(L, "%f %f %f", 1.0, 2.5, 1e100), "1.0 2.5 1e+100");
    EXPECT_STR(lua_pushfstring(L, "%c%c", 'x', 'y'), "xy");
    EXPECT_STR(lua_pushfstring(L, "100%%"), "100%");
    EXPECT_STR(lua_pushfstring(L, "%U %U %U %U", 0x41UL, 0xe9UL, 0x20acUL, 0x10ffffUL), "A \xc3\xa9 \xe2\x82\xac \xf4\x8f\xbf\xbf");
    EXPECT_STR(lua_pushfstring(L, "%U", 0x7fffffffUL), "\xfd\xbf\xbf\xbf\xbf\xbf");
    char want[40];
    snprintf(want, sizeof want, "<%p>", (void *)L);
    EXPECT_STR(lua_pushfstring(L, "<%p>", (void *)L), want);
    EXPECT_EQ(lua_gettop(L), 11);
    lua_close(L);
}

TEST(long_results) {
    lua_State *L = open();
    char text[3001];
    memset(text, 'q', 3000);
    text[3000] = '\0';
    size_t length;
    lua_pushfstring(L, "[%s|%d|%s]", text, 12, text);
    const char *made = lua_tolstring(L, -1, &length);
    EXPECT_EQ(length, 6006);
    EXPECT_MEM(made + 3000, "q|12|q", 6);
    EXPECT_STR(made + 6003, "qq]");
    for (int n = 505; n < 520; n++) { /* about the size of the local buffer */
        text[n] = '\0';
        lua_pushfstring(L, "%s", text);
        made = lua_tolstring(L, -1, &length);
        EXPECT_EQ(length, n);
        EXPECT_EQ(strlen(made), n);
        text[n] = 'q';
        lua_pop(L, 1);
    }
    lua_close(L);
}

static int bad_conversion(lua_State *L) {
    lua_pushfstring(L, "%y", 1);
    return 0;
}

TEST(an_unknown_conversion_is_an_error) {
    lua_State *L = open();
    lua_pushcfunction(L, bad_conversion);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "invalid option '%y' to 'lua_pushfstring'");
    lua_close(L);
}

static const char *chunk_id(const char *source) {
    static char out[LUA_IDSIZE];
    memset(out, 'Z', sizeof out);
    np_err_chunk_id(out, source, strlen(source));
    REQUIRE(memchr(out, '\0', sizeof out) != NULL);
    return out;
}

TEST(chunk_names) {
    EXPECT_STR(chunk_id("=stdin"), "stdin");
    EXPECT_STR(chunk_id("@file.lua"), "file.lua");
    EXPECT_STR(chunk_id("="), "");
    EXPECT_STR(chunk_id("return 1"), "[string \"return 1\"]");
    EXPECT_STR(chunk_id(""), "[string \"\"]");
    EXPECT_STR(chunk_id("one\ntwo"), "[string \"one...\"]");
    EXPECT_STR(chunk_id("\nx"), "[string \"...\"]");
}

TEST(chunk_names_that_are_too_long) {
    char source[200] = "=";
    memset(source + 1, 'a', 150);
    strcpy(source + 150, "end");
    const char *id = chunk_id(source);
    EXPECT_EQ(strlen(id), LUA_IDSIZE - 1);
    EXPECT_MEM(id, "aaa", 3);
    source[0] = '@';
    id = chunk_id(source);
    EXPECT_EQ(strlen(id), LUA_IDSIZE - 1);
    EXPECT_MEM(id, "...aaa", 6);
    EXPECT_STR(id + LUA_IDSIZE - 4, "end");
    source[0] = 'a';
    id = chunk_id(source);
    EXPECT_EQ(strlen(id), LUA_IDSIZE - 1);
    EXPECT_STR(id + LUA_IDSIZE - 1 - 8, "aaa...\"]");
    /* The longest that fits uncut, and one more. */
    source[45] = '\0';
    EXPECT_STR(chunk_id(source) + 9 + 45, "\"]");
    source[45] = 'a', source[46] = '\0';
    EXPECT_STR(chunk_id(source) + 9 + 45, "...\"]");
}

/* ---- errors without names: raised by C functions ---- */

static int op_add(lua_State *L) { lua_arith(L, LUA_OPADD); return 1; }
static int op_and(lua_State *L) { lua_arith(L, LUA_OPBAND); return 1; }
static int op_mod(lua_State *L) { lua_arith(L, LUA_OPMOD); return 1; }
static int op_idiv(lua_State *L) { lua_arith(L, LUA_OPIDIV); return 1; }
static int op_concat(lua_State *L) { lua_concat(L, 2); return 1; }
static int op_less(lua_State *L) { lua_compare(L, 1, 2, LUA_OPLT); return 0; }
static int op_call(lua_State *L) { lua_call(L, 1, 0); return 0; }
static int op_index(lua_State *L) { lua_pop(L, 1); lua_getfield(L, 1, "x"); return 0; }
static int op_length(lua_State *L) { lua_len(L, 1); return 0; }

static void expect_error(lua_CFunction op, const char *left, const char *right, const char *message) {
    lua_State *L = open();
    lua_pushcfunction(L, op);
    for (int i = 0; i < 2; i++) {
        const char *kind = i ? right : left;
        if (*kind == 't') lua_createtable(L, 0, 0);
        else if (*kind == 'n') lua_pushnil(L);
        else if (*kind == 's') lua_pushstring(L, kind + 1);
        else lua_stringtonumber(L, kind);
    }
    EXPECT_EQ(lua_pcall(L, 2, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), message);
    lua_close(L);
}

TEST(wording) {
    expect_error(op_add, "t", "1", "attempt to perform arithmetic on a table value");
    expect_error(op_add, "1", "n", "attempt to perform arithmetic on a nil value");
    expect_error(op_add, "sx", "n", "attempt to perform arithmetic on a string value");
    expect_error(op_and, "1", "t", "attempt to perform bitwise operation on a table value");
    expect_error(op_and, "1", "1.5", "number has no integer representation");
    expect_error(op_mod, "1", "0", "attempt to perform 'n%0'");
    expect_error(op_idiv, "1", "0", "attempt to divide by zero");
    expect_error(op_concat, "1", "t", "attempt to concatenate a table value");
    expect_error(op_concat, "n", "t", "attempt to concatenate a nil value");
    expect_error(op_less, "t", "t", "attempt to compare two table values");
    expect_error(op_less, "1", "sx", "attempt to compare number with string");
    expect_error(op_call, "n", "1", "attempt to call a nil value");
    expect_error(op_index, "n", "1", "attempt to index a nil value");
    expect_error(op_length, "1", "1", "attempt to get length of a number value");
}

UNIT_MAIN
