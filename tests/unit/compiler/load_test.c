/* Tests of compiler/load.c: readers, modes, errors. */
#include "compiler/load.h"

#include "tests/unit/compiler/code.h"

typedef struct Pieces {
    const char *text;
    size_t left, step;
    bool collect; /* a full collection before each piece */
    int calls;
} Pieces;

static const char *next_piece(lua_State *L, void *data, size_t *size) {
    Pieces *pieces = data;
    const char *text = pieces->text;
    pieces->calls++;
    if (pieces->collect) lua_gc(L, LUA_GCCOLLECT);
    *size = pieces->left < pieces->step ? pieces->left : pieces->step;
    pieces->text += *size;
    pieces->left -= *size;
    return *size ? text : NULL;
}

static int load_pieces(const char *text, size_t size, size_t step, bool collect, const char *mode) {
    Pieces pieces = {text, size, step, collect, 0};
    return np_load(code_begin(), next_piece, &pieces, "=c", mode);
}

/* A source of more than a userdata takes, in pieces of every size, with collections between them, and wrong at its end. */
TEST(large_sources) {
    enum { LINES = 40000 };
    char *text = code_repeat("local n = 0\n", "n = n + 1 -- and so on\n", LINES, "return n");
    size_t size = strlen(text);
    static const size_t steps[] = {1000, 65536, 700000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        REQUIRE_EQ(load_pieces(text, size, steps[i], i == 1, NULL), LUA_OK);
        REQUIRE_EQ(lua_pcall(code_state, 0, 1, 0), LUA_OK);
        EXPECT_EQ(lua_tointeger(code_state, -1), LINES);
    }
    memcpy(text + size - 8, "return (", 8);
    EXPECT_EQ(load_pieces(text, size, 4096, false, NULL), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(code_state, -1), "c:40002: unexpected symbol near <eof>");
    free(text);
}

TEST(a_closure_or_a_message_is_left) {
    int status = load_pieces("return 7", 8, 100, false, NULL);
    EXPECT_EQ(status, LUA_OK);
    REQUIRE_EQ(lua_gettop(code_state), 1);
    EXPECT_TRUE(lua_isfunction(code_state, 1));
    EXPECT_FALSE(lua_iscfunction(code_state, 1));
    status = load_pieces("return 7 7", 10, 100, false, NULL);
    EXPECT_EQ(status, LUA_ERRSYNTAX);
    REQUIRE_EQ(lua_gettop(code_state), 1);
    EXPECT_STR(lua_tostring(code_state, 1), "c:1: <eof> expected near '7'");
}

TEST(pieces_of_any_size) {
    static const char text[] = "local t = {} for i = 1, 10 do t[i] = 'number ' .. i end return #t .. t[3]";
    for (size_t step = 1; step <= sizeof text; step += 6) {
        REQUIRE_EQ(load_pieces(text, sizeof text - 1, step, step < 20, NULL), LUA_OK);
        REQUIRE_EQ(lua_pcall(code_state, 0, 1, 0), LUA_OK);
        EXPECT_STR(lua_tostring(code_state, -1), "10number 3");
    }
}

TEST(an_empty_chunk) {
    Pieces pieces = {"", 0, 1, false, 0};
    EXPECT_EQ(np_load(code_begin(), next_piece, &pieces, NULL, NULL), LUA_OK);
    EXPECT_EQ(pieces.calls, 1);
    EXPECT_EQ(lua_pcall(code_state, 0, LUA_MULTRET, 0), LUA_OK);
    EXPECT_EQ(lua_gettop(code_state), 0);
}

TEST(bytes_of_value_zero_are_part_of_the_text) {
    EXPECT_EQ(load_pieces("return #'a\0b'", 13, 5, false, NULL), LUA_OK);
    REQUIRE_EQ(lua_pcall(code_state, 0, 1, 0), LUA_OK);
    EXPECT_EQ(lua_tointeger(code_state, -1), 3);
    EXPECT_EQ(load_pieces("return 1\0return 2", 17, 50, false, NULL), LUA_ERRSYNTAX);
}

TEST(modes) {
    static const char text[] = "return 1";
    EXPECT_EQ(load_pieces(text, 8, 8, false, "t"), LUA_OK);
    EXPECT_EQ(load_pieces(text, 8, 8, false, "bt"), LUA_OK);
    EXPECT_EQ(load_pieces(text, 8, 8, false, "b"), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(code_state, -1), "attempt to load a text chunk (mode is 'b')");
    EXPECT_EQ(load_pieces("\x1bLua", 4, 8, false, "t"), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(code_state, -1), "attempt to load a binary chunk (mode is 't')");
}

static const char *failing_reader(lua_State *L, void *data, size_t *size) {
    int *calls = data;
    if (++*calls == 2) luaL_error(L, "reader failed");
    *size = 7;
    return "return ";
}

TEST(errors_of_the_reader_are_returned) {
    int calls = 0;
    lua_State *L = code_begin();
    lua_pushinteger(L, 5);
    EXPECT_EQ(np_load(L, failing_reader, &calls, "=c", NULL), LUA_ERRRUN);
    REQUIRE_EQ(lua_gettop(L), 2);
    EXPECT_CONTAINS(lua_tostring(L, 2), "reader failed");
    EXPECT_EQ(lua_tointeger(L, 1), 5);
}

static const char *yielding_reader(lua_State *L, void *data, size_t *size) {
    (void)data;
    (void)size;
    lua_yield(L, 0);
    return NULL;
}

static int load_in_coroutine(lua_State *L) {
    lua_pushinteger(L, np_load(L, yielding_reader, NULL, "=c", NULL));
    return 2;
}

TEST(the_reader_cannot_yield) {
    lua_State *L = code_begin(), *co = lua_newthread(L);
    int results;
    lua_pushcfunction(co, load_in_coroutine);
    REQUIRE_EQ(lua_resume(co, L, 0, &results), LUA_OK);
    REQUIRE_EQ(results, 2);
    EXPECT_EQ(lua_tointeger(co, -1), LUA_ERRRUN);
    EXPECT_CONTAINS(lua_tostring(co, -2), "attempt to yield across a C-call boundary");
}

TEST(chunk_names_in_messages) {
    lua_State *L = code_begin();
    static const char *const cases[][2] = {
        {"=name", "name:1:"}, {"@file.lua", "file.lua:1:"}, {"x = = 1", "[string \"x = = 1\"]:1:"},
        {"two\nlines", "[string \"two...\"]:1:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        EXPECT_EQ(luaL_loadbufferx(L, "x = = 1", 7, cases[i][0], NULL), LUA_ERRSYNTAX);
        EXPECT_CONTAINS(lua_tostring(L, -1), cases[i][1]);
    }
}

TEST(code_generation_errors_are_returned) {
    char *source = code_repeat("return f(x", ",x", 300, ")");
    EXPECT_EQ(load_pieces(source, strlen(source), 1000, false, NULL), LUA_ERRSYNTAX);
    EXPECT_CONTAINS(lua_tostring(code_state, -1), "too many registers");
    EXPECT_EQ(lua_gettop(code_state), 1);
    free(source);
}

TEST(a_main_function_has_one_upvalue) {
    REQUIRE_NOT_NULL(code_compile("return 1"));
    EXPECT_STR(lua_getupvalue(code_state, -1, 1), "_ENV");
    EXPECT_NULL(lua_getupvalue(code_state, 1, 2));
}

UNIT_MAIN
