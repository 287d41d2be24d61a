/* iolib_test.c: handles made by C, the closing of files with the state, and reading against what
 * was written, at every position around the sizes of buffers. */
#include "tests/unit/stdlib/script.h"

static int closed;

static int close_mine(lua_State *L) {
    luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    closed++;
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

/* A handle as a C module makes one, as global `h`. */
static FILE *push_handle(lua_State *L) {
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    stream->closef = NULL;
    luaL_setmetatable(L, LUA_FILEHANDLE);
    stream->f = tmpfile();
    REQUIRE_NOT_NULL(stream->f);
    stream->closef = close_mine;
    closed = 0;
    lua_setglobal(L, "h");
    return stream->f;
}

TEST(handles_of_c_modules_work) {
    lua_State *L = open_state();
    FILE *file = push_handle(L);
    EXPECT_STR(run(L, "return h:write('from lua') == h"), "true");
    rewind(file);
    EXPECT_STR(run(L, "return h:read('a')"), "from lua");
    EXPECT_STR(run(L, "return io.type(h)"), "file");
    EXPECT_STR(run(L, "return h:close()"), "true");
    EXPECT_EQ(closed, 1);
    EXPECT_STR(run(L, "return io.type(h) .. ' ' .. tostring(h)"), "closed file file (closed)");
    EXPECT_CONTAINS(run(L, "h:read()"), "attempt to use a closed file");
    lua_close(L);
    EXPECT_EQ(closed, 1);
}

TEST(every_way_out_closes_once) {
    lua_State *L = open_state();
    push_handle(L);
    run(L, "do local x <close> = h end");
    EXPECT_EQ(closed, 1);
    push_handle(L);
    run(L, "pcall(function() local x <close> = h error('out') end)");
    EXPECT_EQ(closed, 1);
    push_handle(L);
    run(L, "h = nil");
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    EXPECT_EQ(closed, 1);
    push_handle(L);
    lua_close(L);
    EXPECT_EQ(closed, 1);
}

TEST(a_handle_that_was_never_opened_is_closed) {
    lua_State *L = open_state();
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    stream->f = NULL;
    stream->closef = NULL;
    luaL_setmetatable(L, LUA_FILEHANDLE);
    lua_setglobal(L, "h");
    EXPECT_STR(run(L, "return io.type(h)"), "closed file");
    lua_close(L);
}

/* Lines of every length around the buffer's size, read back by every format. */
TEST(lines_of_every_length) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local sizes = {0, 1, 2, 1022, 1023, 1024, 1025, 2047, 2048, 2049, 5000} "
                      "local f = io.tmpfile() "
                      "for _, n in ipairs(sizes) do f:write(('x'):rep(n), '\\n') end "
                      "f:seek('set') "
                      "for _, n in ipairs(sizes) do assert(#f:read('l') == n, n) end assert(f:read('l') == nil) "
                      "f:seek('set') "
                      "for _, n in ipairs(sizes) do assert(f:read('L') == ('x'):rep(n) .. '\\n', n) end "
                      "f:seek('set') "
                      "for _, n in ipairs(sizes) do assert(n == 0 or #f:read(n) == n, n) assert(f:read(1) == '\\n') end "
                      "f:seek('set') local all = f:read('a') "
                      "for _, n in ipairs(sizes) do f:seek('set', n) assert(f:read('a') == all:sub(n + 1)) end "
                      "return 'fine'"), "fine");
    lua_close(L);
}

/* Whatever the bytes: what was written is what is read. */
TEST(random_bytes_come_back) {
    lua_State *L = open_state();
    uint64_t seed = 11;
    char bytes[5000];
    for (int round = 0; round < 30; round++) {
        size_t size = unit_random(&seed) % sizeof bytes;
        random_bytes(&seed, bytes, size, "ab\n\r\0\xff\x1a", 7);
        lua_settop(L, 0);
        luaL_loadstring(L, "local f, s = io.tmpfile(), ... f:write(s) f:seek('set') local t = {} "
                           "for l in f:lines('L') do t[#t + 1] = l end return table.concat(t)");
        lua_pushlstring(L, bytes, size);
        REQUIRE_EQ(lua_pcall(L, 1, 1, 0), LUA_OK);
        size_t got;
        const char *text = lua_tolstring(L, -1, &got);
        REQUIRE_EQ(got, size);
        EXPECT_MEM(text, bytes, size);
    }
    lua_close(L);
}

/* read("n") agrees with tonumber on numerals of every form. */
TEST(numbers_read_as_tonumber_reads_them) {
    lua_State *L = open_state();
    uint64_t seed = 3;
    char text[24];
    int numbers = 0;
    for (int round = 0; round < 3000; round++) {
        size_t size = 1 + unit_random(&seed) % 8;
        random_bytes(&seed, text, size, "0123456789.eExX+-abp", 20);
        text[size] = '\0';
        lua_settop(L, 0);
        luaL_loadstring(L, "local f = tmp f:seek('set') f:write(..., ' ', ('#'):rep(30)) f:seek('set') "
                           "local n = f:read('n') local rest = f:read(1) "
                           "local want = tonumber((...)) "
                           "if want and rest == ' ' then assert(n == want and math.type(n) == math.type(want), ...) return 1 end "
                           "if want then error('not read whole: ' .. ...) end return 0");
        if (round == 0) luaL_dostring(L, "tmp = io.tmpfile()");
        lua_pushstring(L, text);
        if (lua_pcall(L, 1, 1, 0) != LUA_OK) EXPECT_STR(lua_tostring(L, -1), "no error");
        else numbers += (int)lua_tointeger(L, -1);
    }
    EXPECT_GT(numbers, 100);
    lua_close(L);
}

TEST(lost_data_is_a_warning) {
    lua_State *L = open_state();
    FILE *probe = fopen("/dev/full", "w");
    if (probe == NULL) SKIP("this system has no /dev/full");
    fclose(probe);
    EXPECT_STDERR({
        lua_warning(L, "@on", 0);
        run(L, "local f = io.open('/dev/full', 'w') f:write('x')");
        lua_close(L);
    }, "Lua warning: error closing a file: No space left on device\n");
    lua_close(L);
}

UNIT_MAIN
