/* Tests of compiler/api_load.c: lua_load and lua_dump as a host calls them. */
#include "tests/unit/unit.h"

#include "include/lua.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

/* Hands a text out in pieces of `step` bytes. */
typedef struct Source {
    const char *text;
    size_t left, step;
    bool fail;
} Source;

static const char *read_piece(lua_State *L, void *data, size_t *size) {
    Source *source = data;
    if (source->fail) {
        lua_pushstring(L, "the disk is gone");
        lua_error(L);
    }
    *size = source->left < source->step ? source->left : source->step;
    const char *piece = source->text;
    source->text += *size;
    source->left -= *size;
    return piece;
}

static int load_text(lua_State *L, const char *text, size_t step, const char *mode) {
    Source source = {text, strlen(text), step, false};
    return lua_load(L, read_piece, &source, "=chunk", mode);
}

typedef struct Sink {
    char bytes[4096];
    size_t used;
    int refuse; /* what the writer returns */
} Sink;

static int write_piece(lua_State *L, const void *bytes, size_t size, void *data) {
    Sink *sink = data;
    (void)L;
    if (sink->used + size > sizeof sink->bytes) return 99;
    memcpy(sink->bytes + sink->used, bytes, size);
    sink->used += size;
    return sink->refuse;
}

TEST(text_in_pieces_of_any_size) {
    lua_State *L = open();
    for (size_t step = 1; step < 40; step += 5) {
        EXPECT_EQ(load_text(L, "local a, b = ...; return a * 10 + b, 'long enough to be cut'", step, NULL), LUA_OK);
        lua_pushinteger(L, 4);
        lua_pushinteger(L, 2);
        lua_call(L, 2, 2);
        EXPECT_EQ(lua_tointeger(L, -2), 42);
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(the_first_upvalue_is_the_globals) {
    lua_State *L = open();
    REQUIRE_EQ(load_text(L, "x = 5", 99, "t"), LUA_OK);
    EXPECT_STR(lua_getupvalue(L, 1, 1), "_ENV");
    lua_pushglobaltable(L);
    EXPECT_EQ(lua_rawequal(L, -1, -2), 1);
    lua_settop(L, 1);
    lua_call(L, 0, 0);
    lua_getglobal(L, "x");
    EXPECT_EQ(lua_tointeger(L, -1), 5);
    lua_close(L);
}

TEST(what_cannot_be_loaded) {
    lua_State *L = open();
    EXPECT_EQ(load_text(L, "x = = 1", 99, NULL), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(L, -1), "chunk:1: unexpected symbol near '='");
    EXPECT_EQ(load_text(L, "x = 1", 99, "b"), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(L, -1), "attempt to load a text chunk (mode is 'b')");
    EXPECT_EQ(load_text(L, "\x1bLua rubbish", 99, NULL), LUA_ERRSYNTAX);
    EXPECT_CONTAINS(lua_tostring(L, -1), "bad binary format");
    EXPECT_EQ(load_text(L, "\x1bLua", 99, "t"), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(L, -1), "attempt to load a binary chunk (mode is 't')");
    Source source = {.fail = true};
    EXPECT_EQ(lua_load(L, read_piece, &source, NULL, NULL), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "the disk is gone");
    EXPECT_EQ(lua_gettop(L), 5);
    lua_close(L);
}

TEST(a_dump_can_be_loaded) {
    static Sink sink;
    lua_State *L = open();
    for (int strip = 0; strip < 2; strip++) {
        sink.used = 0;
        REQUIRE_EQ(load_text(L, "local n = ... ; local function f(x) return x + n end; return f(1)", 99, NULL), LUA_OK);
        EXPECT_EQ(lua_dump(L, write_piece, &sink, strip), 0);
        EXPECT_EQ(lua_gettop(L), 1);
        EXPECT_MEM(sink.bytes, LUA_SIGNATURE, 4);
        Source source = {sink.bytes, sink.used, 7, false};
        REQUIRE_EQ(lua_load(L, read_piece, &source, "dumped", "b"), LUA_OK);
        lua_pushinteger(L, 41);
        lua_call(L, 1, 1);
        EXPECT_EQ(lua_tointeger(L, -1), 42);
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(what_cannot_be_dumped) {
    static Sink sink;
    lua_State *L = open();
    lua_pushcfunction(L, (lua_CFunction)lua_gettop);
    EXPECT_EQ(lua_dump(L, write_piece, &sink, 0), 1);
    sink.refuse = 5;
    REQUIRE_EQ(load_text(L, "return 1", 99, NULL), LUA_OK);
    EXPECT_EQ(lua_dump(L, write_piece, &sink, 0), 5);
    lua_close(L);
}

UNIT_MAIN
