/* Tests of runtime/bcio.c: writing and reading functions. */
#include "runtime/bcio.h"

#include "runtime/object.h"
#include "tests/unit/compiler/code.h"

static const char program[] =
    "local a, b <const>, c = 1, 2, 'x' local t = {a, b; c = c, [3] = 1.5, [true] = nil}\n"
    "local function f(...) local u <close> = nil for i = 1, select('#', ...) do a = a + i end return a, t.c, ... end\n"
    "for k, v in pairs(t) do if v == 1.5 then goto out end end ::out::\n"
    "return f(1, 2, 'a long string of more than forty bytes, which is not interned')";

static char chunk[1 << 16];
static size_t chunk_size;

static int append(lua_State *L, const void *bytes, size_t size, void *data) {
    (void)L;
    (void)data;
    if (chunk_size + size > sizeof chunk) return 1;
    memcpy(chunk + chunk_size, bytes, size);
    chunk_size += size;
    return 0;
}

static void dump(const NpProto *proto, bool strip) {
    chunk_size = 0;
    REQUIRE_EQ(np_dump(code_state, proto, append, NULL, strip), 0);
}

static int load(size_t size) { return luaL_loadbufferx(code_state, chunk, size, "=dumped", "b"); }

static bool same(const NpProto *a, const NpProto *b) {
    if (a->ncode != b->ncode || memcmp(a->code, b->code, (size_t)a->ncode * sizeof *a->code) != 0) return false;
    if (a->nconstants != b->nconstants || a->nupvalues != b->nupvalues || a->nprotos != b->nprotos) return false;
    if (a->nlines != b->nlines || a->nlocvars != b->nlocvars || a->max_stack != b->max_stack) return false;
    if (a->line != b->line || a->last_line != b->last_line || a->source != b->source) return false;
    for (int i = 0; i < a->nlines; i++)
        if (a->lines[i].pc != b->lines[i].pc || a->lines[i].line != b->lines[i].line) return false;
    for (int i = 0; i < a->nlocvars; i++)
        if (a->locvars[i].name != b->locvars[i].name || a->locvars[i].end_pc != b->locvars[i].end_pc) return false;
    for (int i = 0; i < a->nprotos; i++)
        if (!same(a->protos[i], b->protos[i])) return false;
    return true;
}

TEST(what_is_read_is_what_was_written) {
    const NpProto *proto = code_compile(program);
    REQUIRE_NOT_NULL(proto);
    dump(proto, false);
    REQUIRE_EQ(load(chunk_size), LUA_OK);
    EXPECT_TRUE(same(proto, np_lcl(code_state->top - 1)->proto));
}

TEST(it_runs) {
    dump(code_compile(program), false);
    REQUIRE_EQ(load(chunk_size), LUA_OK);
    REQUIRE_EQ(lua_pcall(code_state, 0, LUA_MULTRET, 0), LUA_OK);
    EXPECT_EQ(lua_gettop(code_state), 1 + 5);
    EXPECT_EQ(lua_tointeger(code_state, 2), 7);
    EXPECT_STR(lua_tostring(code_state, 3), "x");
}

TEST(stripped) {
    const NpProto *proto = code_compile(program), *stripped;
    size_t full;
    dump(proto, false);
    full = chunk_size;
    dump(proto, true);
    EXPECT_LT(chunk_size, full);
    REQUIRE_EQ(load(chunk_size), LUA_OK);
    stripped = np_lcl(code_state->top - 1)->proto;
    EXPECT_NULL(stripped->source);
    EXPECT_NULL(stripped->lines);
    EXPECT_NULL(stripped->locvars);
    EXPECT_NULL(stripped->upvalues[0].name);
    EXPECT_EQ(lua_pcall(code_state, 0, LUA_MULTRET, 0), LUA_OK);
}

/* A function that has run is written as if it had not. */
TEST(caches_are_not_written) {
    static char fresh[sizeof chunk];
    size_t fresh_size;
    const NpProto *proto = code_compile(
        "local class = {m = function(self, n) self.n = n return self.n end} class.__index = class\n"
        "for i = 1, 40 do local o = setmetatable({x = i}, class) o.y = o.x o:m(i) g = o.y + (g or 0) end return g");
    REQUIRE_NOT_NULL(proto);
    dump(proto, false);
    memcpy(fresh, chunk, chunk_size);
    fresh_size = chunk_size;
    lua_pushvalue(code_state, -1);
    REQUIRE_EQ(lua_pcall(code_state, 0, 0, 0), LUA_OK);
    dump(proto, false);
    REQUIRE_EQ(chunk_size, fresh_size);
    EXPECT_MEM(chunk, fresh, fresh_size);
}

TEST(every_truncation_is_noticed) {
    dump(code_compile(program), false);
    for (size_t size = 1; size < chunk_size; size++) {
        EXPECT_EQ(load(size), LUA_ERRSYNTAX);
        EXPECT_STR(lua_tostring(code_state, -1), "dumped: bad binary format (truncated chunk)");
        lua_settop(code_state, 1);
    }
}

TEST(every_byte_of_the_header_matters) {
    dump(code_compile(program), false);
    for (size_t i = 1; i < 36; i++) {
        chunk[i]++;
        EXPECT_EQ(load(chunk_size), LUA_ERRSYNTAX);
        lua_settop(code_state, 1);
        chunk[i]--;
    }
    EXPECT_EQ(load(chunk_size), LUA_OK);
}

TEST(chunks_of_the_other_byte_order_are_refused) {
    enum { INTEGER_AT = 15 };
    dump(code_compile(program), false);
    for (int i = 0; i < 4; i++) {
        char byte = chunk[INTEGER_AT + i];
        chunk[INTEGER_AT + i] = chunk[INTEGER_AT + 7 - i];
        chunk[INTEGER_AT + 7 - i] = byte;
    }
    EXPECT_EQ(load(chunk_size), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(code_state, -1), "dumped: bad binary format (integer format mismatch)");
}

TEST(chunks_of_lua_itself_are_refused) {
    static const char head[] = "\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08";
    static const int64_t integer = 0x5678;
    static const double number = 370.5;
    static const char rest[] = "\x01\x80\x80\x80";
    char *at = chunk;
    code_begin();
    at = mempcpy(at, head, sizeof head - 1);
    at = mempcpy(at, &integer, sizeof integer);
    at = mempcpy(at, &number, sizeof number);
    at = mempcpy(at, rest, sizeof rest);
    EXPECT_EQ(load((size_t)(at - chunk) - 1), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(code_state, -1), "dumped: bad binary format (made by another implementation of Lua)");
}

/* A few bytes changed anywhere: an error, or a function that can run without harm. */
TEST(damage_does_no_harm) {
    static char original[sizeof chunk];
    uint64_t seed = 1;
    size_t size;
    int refused = 0;
    dump(code_compile(program), false);
    size = chunk_size;
    memcpy(original, chunk, size);
    for (int round = 0; round < 3000; round++) {
        memcpy(chunk, original, size);
        for (int change = 0; change < 2; change++)
            chunk[36 + unit_random(&seed) % (size - 36)] = (char)unit_random(&seed);
        refused += load(size) != LUA_OK;
        lua_settop(code_state, 1);
    }
    EXPECT_GT(refused, 1000);
}

static int stop_at_once(lua_State *L, const void *bytes, size_t size, void *data) {
    (void)L;
    (void)bytes;
    (void)size;
    return ++*(int *)data == 1 ? 42 : 0;
}

TEST(the_writer_can_stop) {
    int calls = 0;
    char *source = code_repeat("local t = {'", "long ", 1000, "'}");
    const NpProto *proto = code_compile(source);
    EXPECT_EQ(np_dump(code_state, proto, stop_at_once, &calls, false), 42);
    EXPECT_EQ(calls, 1);
    free(source);
}

UNIT_MAIN
