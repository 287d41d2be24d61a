/* auxlib_test.c: the auxiliary library as a C module or host sees it. */
#include <errno.h>

#include "tests/unit/stdlib/script.h"

static void define(lua_State *L, const char *name, lua_CFunction function) {
    lua_register(L, name, function);
}

/* ---- buffers ---- */

TEST(buffer_that_stays_small) {
    lua_State *L = open_state();
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    EXPECT_EQ(luaL_bufflen(&buffer), 0);
    luaL_addchar(&buffer, 'a');
    luaL_addstring(&buffer, "bc");
    luaL_addlstring(&buffer, "d\0e", 3);
    luaL_addlstring(&buffer, NULL, 0);
    EXPECT_EQ(luaL_bufflen(&buffer), 6);
    EXPECT_MEM(luaL_buffaddr(&buffer), "abcd\0e", 6);
    luaL_buffsub(&buffer, 2);
    luaL_pushresult(&buffer);
    EXPECT_EQ(lua_gettop(L), 1);
    EXPECT_STR(lua_tostring(L, -1), "abcd");
    lua_close(L);
}

TEST(empty_buffer_is_the_empty_string) {
    lua_State *L = open_state();
    luaL_Buffer buffer;
    size_t size = 1;
    luaL_buffinit(L, &buffer);
    luaL_pushresult(&buffer);
    EXPECT_STR(lua_tolstring(L, -1, &size), "");
    EXPECT_EQ(size, 0);
    EXPECT_EQ(lua_gettop(L), 1);
    lua_close(L);
}

TEST(buffer_grows_byte_by_byte_and_keeps_every_byte) {
    lua_State *L = open_state();
    luaL_Buffer buffer;
    const char *text;
    size_t size, i;
    int right = 1;
    lua_pushliteral(L, "below");
    luaL_buffinit(L, &buffer);
    for (i = 0; i < 100000; i++) luaL_addchar(&buffer, (char)(i * 7 % 256));
    luaL_pushresult(&buffer);
    text = lua_tolstring(L, -1, &size);
    REQUIRE_EQ(size, 100000);
    for (i = 0; i < size; i++) right = right && text[i] == (char)(i * 7 % 256);
    EXPECT_TRUE(right);
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_STR(lua_tostring(L, 1), "below");
    lua_close(L);
}

TEST(buffer_takes_values_from_above_its_slot) {
    lua_State *L = open_state();
    luaL_Buffer buffer;
    int i;
    luaL_buffinit(L, &buffer);
    for (i = 0; i < 400; i++) {
        lua_pushinteger(L, i);
        luaL_addvalue(&buffer);
        lua_pushfstring(L, "<%f>", 0.5);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    EXPECT_EQ(lua_gettop(L), 1);
    EXPECT_EQ(lua_rawlen(L, -1), 10 + 90 * 2 + 300 * 3 + 400 * 5);
    EXPECT_EQ(strncmp(lua_tostring(L, -1), "0<0.5>1<0.5>2", 13), 0);
    lua_close(L);
}

TEST(buffer_of_a_given_size) {
    lua_State *L = open_state();
    luaL_Buffer buffer;
    char *place = luaL_buffinitsize(L, &buffer, 5000);
    memset(place, 'x', 5000);
    luaL_addsize(&buffer, 5000);
    place = luaL_prepbuffsize(&buffer, 70000);
    memset(place, 'y', 70000);
    luaL_pushresultsize(&buffer, 70000);
    EXPECT_EQ(lua_rawlen(L, -1), 75000);
    EXPECT_EQ(lua_tostring(L, -1)[4999], 'x');
    EXPECT_EQ(lua_tostring(L, -1)[5000], 'y');
    EXPECT_EQ(lua_gettop(L), 1);
    lua_close(L);
}

static int fill_too_much(lua_State *L) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addchar(&buffer, 'x');
    luaL_prepbuffsize(&buffer, SIZE_MAX);
    return 0;
}

TEST(buffer_that_cannot_be_that_large) {
    lua_State *L = open_state();
    define(L, "fill", fill_too_much);
    EXPECT_CONTAINS(run(L, "return select(2, pcall(fill))"), "buffer too large");
    lua_close(L);
}

TEST(plain_substitution) {
    lua_State *L = open_state();
    luaL_Buffer buffer;
    EXPECT_STR(luaL_gsub(L, "a.b.c", ".", "::"), "a::b::c");
    EXPECT_STR(luaL_gsub(L, "?/x;?", "?", "name"), "name/x;name");
    EXPECT_STR(luaL_gsub(L, "none", "z", "y"), "none");
    EXPECT_STR(luaL_gsub(L, "aaa", "aa", ""), "a");
    EXPECT_EQ(lua_gettop(L), 4);
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, "[");
    luaL_addgsub(&buffer, "x-y", "-", "+");
    luaL_addstring(&buffer, "]");
    luaL_pushresult(&buffer);
    EXPECT_STR(lua_tostring(L, -1), "[x+y]");
    lua_close(L);
}

/* ---- arguments ---- */

static int needs_everything(lua_State *L) {
    static const char *const options[] = {"red", "green", NULL};
    luaL_checkinteger(L, 1);
    luaL_checknumber(L, 2);
    luaL_checkstring(L, 3);
    luaL_checktype(L, 4, LUA_TTABLE);
    luaL_checkany(L, 5);
    lua_pushinteger(L, luaL_checkoption(L, 6, "green", options));
    lua_pushinteger(L, luaL_optinteger(L, 7, 70));
    lua_pushnumber(L, luaL_optnumber(L, 8, 0.5));
    lua_pushstring(L, luaL_optstring(L, 9, "default"));
    return 4;
}

TEST(arguments_and_their_messages) {
    lua_State *L = open_state();
    define(L, "f", needs_everything);
    EXPECT_STR(run(L, "return table.concat({f(1, 2, 'x', {}, nil)}, ' ')"), "1 70 0.5 default");
    EXPECT_STR(run(L, "return table.concat({f('1', '2', 3, {}, 1, 'red', 7.0, 8, 9)}, ' ')"),
               "0 7 8.0 9");
    EXPECT_CONTAINS(run(L, "f()"),
                    "bad argument #1 to 'f' (number expected, got no value)");
    EXPECT_CONTAINS(run(L, "f(1.5)"),
                    "bad argument #1 to 'f' (number has no integer representation)");
    EXPECT_CONTAINS(run(L, "f({})"), "bad argument #1 to 'f' (number expected, got table)");
    EXPECT_CONTAINS(run(L, "f(1, 'x')"), "bad argument #2 to 'f' (number expected, got string)");
    EXPECT_CONTAINS(run(L, "f(1, 2, nil)"), "bad argument #3 to 'f' (string expected, got nil)");
    EXPECT_CONTAINS(run(L, "f(1, 2, 3, io.stdout)"),
                    "bad argument #4 to 'f' (table expected, got FILE*)");
    EXPECT_CONTAINS(run(L, "f(1, 2, 3, {})"), "bad argument #5 to 'f' (value expected)");
    EXPECT_CONTAINS(run(L, "f(1, 2, 3, {}, nil, 'blue')"),
                    "bad argument #6 to 'f' (invalid option 'blue')");
    EXPECT_CONTAINS(run(L, "f(1, 2, 3, {}, nil, nil, 'x')"),
                    "bad argument #7 to 'f' (number expected, got string)");
    lua_close(L);
}

TEST(names_in_argument_errors) {
    lua_State *L = open_state();
    define(L, "f", needs_everything);
    EXPECT_CONTAINS(run(L, "local t = {m = f}; t.m('x')"), "bad argument #1 to 'm' (");
    EXPECT_CONTAINS(run(L, "local t = {m = f}; t:m(1)"),
                    "calling 'm' on bad self (number expected, got table)");
    EXPECT_CONTAINS(run(L, "string.rep('x')"), "bad argument #2 to 'rep' (");
    EXPECT_CONTAINS(run(L, "('x'):rep({})"), "bad argument #1 to 'rep' (");
    EXPECT_STR(run(L, "return select(2, pcall(string.rep))"),
               "bad argument #1 to 'string.rep' (string expected, got no value)");
    EXPECT_STR(run(L, "return select(2, pcall(f, {}))"),
               "bad argument #1 to 'f' (number expected, got table)");
    EXPECT_STR(run(L, "local g = f; f = nil; return select(2, pcall(g, {}))"),
               "bad argument #1 to '?' (number expected, got table)");
    lua_close(L);
}

static int outside_any_function(lua_State *L) {
    lua_pushlightuserdata(L, L);
    return luaL_typeerror(L, 1, "number");
}

TEST(light_userdata_has_its_own_name) {
    lua_State *L = open_state();
    lua_pushcfunction(L, outside_any_function);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "bad argument #1 to '?' (number expected, got light userdata)");
    lua_close(L);
}

static int wants_stack(lua_State *L) {
    luaL_checkstack(L, 10, "never seen");
    luaL_checkstack(L, 1 << 30, lua_tostring(L, 1));
    return 0;
}

TEST(stack_that_cannot_grow_so_far) {
    lua_State *L = open_state();
    define(L, "f", wants_stack);
    EXPECT_CONTAINS(run(L, "f 'too many'"), "stack overflow (too many)");
    EXPECT_CONTAINS(run(L, "f()"), "stack overflow");
    lua_close(L);
}

/* ---- userdata ---- */

TEST(userdata_types) {
    lua_State *L = open_state();
    void *block;
    EXPECT_EQ(luaL_newmetatable(L, "A"), 1);
    EXPECT_EQ(lua_getfield(L, -1, "__name"), LUA_TSTRING);
    EXPECT_STR(lua_tostring(L, -1), "A");
    EXPECT_EQ(luaL_newmetatable(L, "A"), 0);
    EXPECT_TRUE(lua_rawequal(L, -1, -3));
    EXPECT_EQ(luaL_newmetatable(L, "B"), 1);
    lua_settop(L, 0);
    block = lua_newuserdatauv(L, 16, 1);
    EXPECT_NULL(luaL_testudata(L, 1, "A"));
    luaL_setmetatable(L, "A");
    EXPECT_PTR(luaL_testudata(L, 1, "A"), block);
    EXPECT_PTR(luaL_checkudata(L, 1, "A"), block);
    EXPECT_NULL(luaL_testudata(L, 1, "B"));
    EXPECT_NULL(luaL_testudata(L, 1, "never registered"));
    EXPECT_NULL(luaL_testudata(L, 2, "A"));
    lua_pushinteger(L, 1);
    EXPECT_NULL(luaL_testudata(L, 2, "A"));
    EXPECT_EQ(lua_gettop(L), 2);
    lua_close(L);
}

/* ---- conversion ---- */

TEST(every_value_as_text) {
    lua_State *L = open_state();
    size_t size;
    lua_pushinteger(L, -7);
    EXPECT_STR(luaL_tolstring(L, -1, NULL), "-7");
    EXPECT_EQ(lua_type(L, -2), LUA_TNUMBER);
    lua_pushnumber(L, 3);
    EXPECT_STR(luaL_tolstring(L, -1, NULL), "3.0");
    lua_pushlstring(L, "a\0b", 3);
    luaL_tolstring(L, -1, &size);
    EXPECT_EQ(size, 3);
    lua_pushnil(L);
    EXPECT_STR(luaL_tolstring(L, -1, NULL), "nil");
    lua_pushboolean(L, 0);
    EXPECT_STR(luaL_tolstring(L, -1, NULL), "false");
    lua_newtable(L);
    EXPECT_EQ(strncmp(luaL_tolstring(L, -1, NULL), "table: 0x", 9), 0);
    EXPECT_STR(run(L, "return setmetatable({}, {__tostring = function() return 'mine' end})"),
               "mine");
    EXPECT_EQ(strncmp(run(L, "return setmetatable({}, {__name = 'Kind'})"), "Kind: 0x", 8), 0);
    EXPECT_CONTAINS(run(L, "local t = setmetatable({}, {__tostring = function() return {} end})\n"
                           "return tostring(t)"),
                    "'__tostring' must return a string");
    lua_close(L);
}

TEST(metafields) {
    lua_State *L = open_state();
    run(L, "value = setmetatable({}, {field = 5, __len = function() return 'x' end})");
    lua_settop(L, 0);
    lua_getglobal(L, "value");
    EXPECT_EQ(luaL_getmetafield(L, 1, "field"), LUA_TNUMBER);
    EXPECT_EQ(lua_tointeger(L, -1), 5);
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_EQ(luaL_getmetafield(L, 1, "missing"), LUA_TNIL);
    EXPECT_EQ(luaL_getmetafield(L, 2, "field"), LUA_TNIL);
    EXPECT_EQ(luaL_callmeta(L, 1, "missing"), 0);
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_EQ(luaL_callmeta(L, 1, "__len"), 1);
    EXPECT_STR(lua_tostring(L, -1), "x");
    lua_close(L);
}

static int length_of(lua_State *L) {
    lua_pushinteger(L, luaL_len(L, 1));
    return 1;
}

TEST(lengths) {
    lua_State *L = open_state();
    define(L, "length", length_of);
    EXPECT_STR(run(L, "return length {1, 2, 3}"), "3");
    EXPECT_STR(run(L, "return length 'four'"), "4");
    EXPECT_STR(run(L, "return length(setmetatable({}, {__len = function() return 7.0 end}))"), "7");
    EXPECT_CONTAINS(run(L, "return length(setmetatable({}, {__len = function() return 1.5 end}))"),
                    "object length is not an integer");
    lua_close(L);
}

/* ---- references ---- */

TEST(references_are_reused_last_freed_first) {
    lua_State *L = open_state();
    int refs[5], i;
    lua_newtable(L);
    for (i = 0; i < 5; i++) {
        lua_pushinteger(L, 100 + i);
        refs[i] = luaL_ref(L, 1);
        EXPECT_GT(refs[i], 0);
    }
    for (i = 0; i < 5; i++) {
        lua_rawgeti(L, 1, refs[i]);
        EXPECT_EQ(lua_tointeger(L, -1), 100 + i);
        lua_pop(L, 1);
    }
    luaL_unref(L, 1, refs[1]);
    luaL_unref(L, 1, refs[3]);
    lua_pushboolean(L, 1);
    EXPECT_EQ(luaL_ref(L, 1), refs[3]);
    lua_pushboolean(L, 1);
    EXPECT_EQ(luaL_ref(L, 1), refs[1]);
    EXPECT_EQ(lua_gettop(L), 1);
    lua_close(L);
}

TEST(references_to_nil_and_to_nothing) {
    lua_State *L = open_state();
    lua_pushnil(L);
    EXPECT_EQ(luaL_ref(L, LUA_REGISTRYINDEX), LUA_REFNIL);
    luaL_unref(L, LUA_REGISTRYINDEX, LUA_REFNIL);
    luaL_unref(L, LUA_REGISTRYINDEX, LUA_NOREF);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_REFNIL);
    EXPECT_TRUE(lua_isnil(L, -1));
    lua_close(L);
}

TEST(references_in_the_registry_leave_its_own_keys) {
    lua_State *L = open_state();
    int i;
    for (i = 0; i < 20; i++) {
        int ref;
        lua_pushfstring(L, "value %d", i);
        ref = luaL_ref(L, LUA_REGISTRYINDEX);
        EXPECT_GT(ref, LUA_RIDX_LAST);
        if (i % 3 == 0) luaL_unref(L, LUA_REGISTRYINDEX, ref);
    }
    EXPECT_EQ(lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD), LUA_TTHREAD);
    EXPECT_EQ(lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS), LUA_TTABLE);
    lua_close(L);
}

/* ---- errors, places, tracebacks ---- */

static int where_am_i(lua_State *L) {
    luaL_where(L, (int)luaL_checkinteger(L, 1));
    return 1;
}

static int raise_error(lua_State *L) {
    return luaL_error(L, "%s %d %%", "reason", 5);
}

TEST(places) {
    lua_State *L = open_state();
    define(L, "where", where_am_i);
    define(L, "raise", raise_error);
    EXPECT_STR(run(L, "return where(0)"), "");
    EXPECT_STR(run(L, "\nlocal r = where(1) return r"), "[string \"...\"]:2: ");
    EXPECT_STR(run(L, "return where(50)"), "");
    EXPECT_STR(run(L, "local a = 1; raise()"), "[string \"local a = 1; raise()\"]:1: reason 5 %");
    EXPECT_STR(run(L, "return select(2, pcall(raise))"), "reason 5 %");
    lua_close(L);
}

static int count(const char *text, const char *part) {
    int found = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part)) found++;
    return found;
}

TEST(tracebacks) {
    lua_State *L = open_state();
    luaL_traceback(L, L, "message", 0);
    EXPECT_STR(lua_tostring(L, -1), "message\nstack traceback:");
    luaL_traceback(L, L, NULL, 0);
    EXPECT_STR(lua_tostring(L, -1), "stack traceback:");
    static const char chunk[] = "local function inner() return (debug.traceback('m', 1)) end\n"
                                "function outer() local r = inner() return r end\n"
                                "local r = outer() return r";
    REQUIRE_EQ(luaL_loadbuffer(L, chunk, sizeof chunk - 1, "=chunk"), LUA_OK);
    REQUIRE_EQ(lua_pcall(L, 0, 1, 0), LUA_OK);
    EXPECT_STR(lua_tostring(L, -1), "m\nstack traceback:\n"
                                    "\tchunk:1: in upvalue 'inner'\n"
                                    "\tchunk:2: in function 'outer'\n"
                                    "\tchunk:3: in main chunk");
    EXPECT_CONTAINS(run(L, "local function t() return debug.traceback() end\n"
                           "local r = (function() return t() end)() return r"),
                    "\n\t(...tail calls...)");
    EXPECT_CONTAINS(run(L, "local r; string.gsub('x', 'x', function() r = debug.traceback() end)"
                           " return r"),
                    "\n\t[C]: in function 'string.gsub'");
    lua_close(L);
}

TEST(long_tracebacks_show_both_ends) {
    lua_State *L = open_state();
    const char *text;
    text = run(L, "local function f(n) if n == 0 then return debug.traceback('', 1) end\n"
                  "local r = f(n - 1) return r end\n"
                  "return (f(100))");
    /* 102 levels: ten, the note (for one more level than it names), eleven. */
    EXPECT_EQ(count(text, "\n\t["), 21);
    EXPECT_CONTAINS(text, "\n\t...\t(skipping 80 levels)");
    text = run(L, "local function f(n) if n == 0 then return debug.traceback('', 1) end\n"
                  "local r = f(n - 1) return r end\n"
                  "return (f(18))");
    EXPECT_EQ(count(text, "\n\t["), 20);
    EXPECT_NULL(strstr(text, "skipping"));
    lua_close(L);
}

TEST(traceback_of_another_thread) {
    lua_State *L = open_state();
    const char *text = run(L, "local co = coroutine.create(function() local x = {} ; (function()\n"
                              "coroutine.yield() end)() end)\n"
                              "coroutine.resume(co) return debug.traceback(co, 'm')");
    EXPECT_EQ(strncmp(text, "m\nstack traceback:\n\t[C]: in function 'coroutine.yield'\n", 54), 0);
    EXPECT_EQ(count(text, "\n\t"), 3);
    EXPECT_STR(run(L, "return debug.traceback(coroutine.create(print))"), "stack traceback:");
    lua_close(L);
}

/* ---- loading ---- */

static char path[256];

static const char *write_file(const char *bytes, size_t size) {
    const char *folder = getenv("TMPDIR");
    FILE *file;
    snprintf(path, sizeof path, "%s/neap_auxlib_%d.lua", folder ? folder : "/tmp", (int)getpid());
    file = fopen(path, "wb");
    REQUIRE_NOT_NULL(file);
    REQUIRE_EQ(fwrite(bytes, 1, size, file), size);
    fclose(file);
    return path;
}

/* What the chunk returns as text, or the message. */
static const char *load_and_run(lua_State *L, const char *bytes, size_t size, const char *mode) {
    luaL_checkstack(L, LUA_MINSTACK, NULL); /* results pile up */
    int status = luaL_loadfilex(L, write_file(bytes, size), mode);
    if (status == LUA_OK) lua_pcall(L, 0, 1, 0);
    remove(path);
    return luaL_tolstring(L, -1, NULL);
}

#define LOAD(text, mode) load_and_run(L, text, sizeof(text) - 1, mode)

TEST(files_with_a_heading) {
    lua_State *L = open_state();
    EXPECT_STR(LOAD("return 'plain'", NULL), "plain");
    EXPECT_STR(LOAD("#!/usr/bin/neap\nreturn debug.getinfo(1, 'l').currentline", NULL), "2");
    EXPECT_STR(LOAD("\xEF\xBB\xBFreturn 'mark'", NULL), "mark");
    EXPECT_STR(LOAD("\xEF\xBB\xBF#!/bin/x\nreturn 'both'", NULL), "both");
    EXPECT_STR(LOAD("", NULL), "nil");
    EXPECT_STR(LOAD("#", NULL), "nil");
    EXPECT_STR(LOAD("# only this line\n", NULL), "nil");
    EXPECT_STR(LOAD("\xEF\xBB\xBF", NULL), "nil");
    EXPECT_CONTAINS(LOAD("\xEF\xBB", NULL), "unexpected symbol");
    EXPECT_CONTAINS(LOAD("\n#x", NULL), ":2: unexpected symbol near '#'");
    lua_close(L);
}

TEST(a_heading_longer_than_a_block) {
    lua_State *L = open_state();
    static char text[3 * BUFSIZ];
    size_t at;
    for (at = BUFSIZ - 4; at < BUFSIZ + 4; at++) {
        memset(text, 'x', at);
        text[0] = '#';
        strcpy(text + at, "\nreturn debug.getinfo(1, 'l').currentline");
        EXPECT_STR(load_and_run(L, text, strlen(text), NULL), "2");
    }
    lua_close(L);
}

TEST(binary_files) {
    lua_State *L = open_state();
    const char *binary;
    size_t size;
    static char text[4096];
    lua_settop(L, 0);
    EXPECT_EQ(luaL_loadstring(L, "return string.dump(function() return 'from binary' end)"),
              LUA_OK);
    REQUIRE_EQ(lua_pcall(L, 0, 1, 0), LUA_OK);
    binary = lua_tolstring(L, 1, &size);
    REQUIRE(size + 16 < sizeof text);
    EXPECT_STR(load_and_run(L, binary, size, NULL), "from binary");
    EXPECT_STR(load_and_run(L, binary, size, "b"), "from binary");
    EXPECT_CONTAINS(load_and_run(L, binary, size, "t"),
                    "attempt to load a binary chunk (mode is 't')");
    memcpy(text, "#!heading\n", 10);
    memcpy(text + 10, binary, size);
    EXPECT_STR(load_and_run(L, text, size + 10, NULL), "from binary");
    EXPECT_CONTAINS(LOAD("return 1", "b"), "attempt to load a text chunk (mode is 'b')");
    lua_close(L);
}

TEST(files_that_cannot_be_read) {
    lua_State *L = open_state();
    EXPECT_EQ(luaL_loadfile(L, "/nowhere/at all.lua"), LUA_ERRFILE);
    EXPECT_STR(lua_tostring(L, -1), "cannot open /nowhere/at all.lua: No such file or directory");
    EXPECT_EQ(luaL_loadfile(L, "/"), LUA_ERRFILE);
    EXPECT_STR(lua_tostring(L, -1), "cannot read /: Is a directory");
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_EQ(luaL_loadfile(L, write_file("x =", 3)), LUA_ERRSYNTAX);
    EXPECT_CONTAINS(lua_tostring(L, -1), ".lua:1: unexpected symbol near <eof>");
    EXPECT_EQ(lua_gettop(L), 3);
    remove(path);
    lua_close(L);
}

TEST(memory_as_a_chunk) {
    lua_State *L = open_state();
    EXPECT_EQ(luaL_loadbuffer(L, "return ...", 10, "=name"), LUA_OK);
    EXPECT_EQ(luaL_loadbufferx(L, "return 1", 8, "=name", "b"), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(L, -1), "attempt to load a text chunk (mode is 'b')");
    EXPECT_EQ(luaL_loadbuffer(L, "return '\0'", 10, "=name"), LUA_OK);
    EXPECT_EQ(luaL_loadbuffer(L, "", 0, "=name"), LUA_OK);
    EXPECT_EQ(luaL_loadbuffer(L, "x", 1, "=name"), LUA_ERRSYNTAX);
    EXPECT_STR(lua_tostring(L, -1), "name:1: syntax error near <eof>");
    EXPECT_EQ(luaL_dostring(L, "return 1, 2"), 0);
    EXPECT_EQ(lua_tointeger(L, -1), 2);
    lua_close(L);
}

/* ---- tables and modules ---- */

TEST(subtables) {
    lua_State *L = open_state();
    lua_newtable(L);
    EXPECT_EQ(luaL_getsubtable(L, 1, "sub"), 0);
    EXPECT_EQ(luaL_getsubtable(L, 1, "sub"), 1);
    EXPECT_TRUE(lua_rawequal(L, -1, -2));
    lua_pushinteger(L, 5);
    lua_setfield(L, 1, "number");
    EXPECT_EQ(luaL_getsubtable(L, -3, "number"), 0);
    EXPECT_EQ(lua_getfield(L, 1, "number"), LUA_TTABLE);
    EXPECT_EQ(lua_gettop(L), 5);
    lua_close(L);
}

static int add_upvalue(lua_State *L) {
    lua_Integer sum = lua_tointeger(L, lua_upvalueindex(1)) + 1;
    lua_pushinteger(L, sum);
    lua_copy(L, -1, lua_upvalueindex(1));
    return 1;
}

TEST(function_lists) {
    static const luaL_Reg list[] = {{"one", add_upvalue}, {"two", add_upvalue}, {"later", NULL},
                                    {NULL, NULL}};
    lua_State *L = open_state();
    luaL_newlib(L, list);
    lua_pop(L, 1);
    luaL_newlibtable(L, list);
    lua_pushinteger(L, 10);
    lua_pushliteral(L, "second");
    luaL_setfuncs(L, list, 2);
    EXPECT_EQ(lua_gettop(L), 1);
    EXPECT_EQ(lua_getfield(L, 1, "later"), LUA_TBOOLEAN);
    EXPECT_FALSE(lua_toboolean(L, -1));
    lua_getfield(L, 1, "one");
    EXPECT_NOT_NULL(lua_getupvalue(L, -1, 2));
    EXPECT_STR(lua_tostring(L, -1), "second");
    lua_pop(L, 1);
    lua_call(L, 0, 1);
    EXPECT_EQ(lua_tointeger(L, -1), 11);
    lua_close(L);
}

static int opened;

static int open_module(lua_State *L) {
    opened++;
    EXPECT_STR(lua_tostring(L, 1), "mod");
    lua_newtable(L);
    return 1;
}

TEST(modules_are_opened_once) {
    lua_State *L = open_state();
    opened = 0;
    luaL_requiref(L, "mod", open_module, 0);
    EXPECT_EQ(lua_getglobal(L, "mod"), LUA_TNIL);
    luaL_requiref(L, "mod", open_module, 1);
    EXPECT_EQ(opened, 1);
    EXPECT_TRUE(lua_rawequal(L, 1, 3));
    EXPECT_EQ(lua_getglobal(L, "mod"), LUA_TTABLE);
    EXPECT_STR(run(L, "return package.loaded.mod == mod and require 'mod' == mod"), "true");
    lua_close(L);
}

/* ---- results of the system ---- */

TEST(file_results) {
    lua_State *L = open_state();
    EXPECT_EQ(luaL_fileresult(L, 1, NULL), 1);
    EXPECT_TRUE(lua_toboolean(L, -1));
    errno = ENOENT;
    EXPECT_EQ(luaL_fileresult(L, 0, "name"), 3);
    EXPECT_TRUE(lua_isnil(L, -3));
    EXPECT_STR(lua_tostring(L, -2), "name: No such file or directory");
    EXPECT_EQ(lua_tointeger(L, -1), ENOENT);
    errno = EACCES;
    EXPECT_EQ(luaL_fileresult(L, 0, NULL), 3);
    EXPECT_STR(lua_tostring(L, -2), "Permission denied");
    errno = 0;
    EXPECT_EQ(luaL_fileresult(L, 0, "name"), 3);
    EXPECT_STR(lua_tostring(L, -2), "name: (no extra info)");
    lua_close(L);
}

TEST(process_results) {
    lua_State *L = open_state();
    errno = 0;
    EXPECT_EQ(luaL_execresult(L, 0), 3);
    EXPECT_TRUE(lua_toboolean(L, -3));
    EXPECT_STR(lua_tostring(L, -2), "exit");
    EXPECT_EQ(luaL_execresult(L, 3 << 8), 3);
    EXPECT_TRUE(lua_isnil(L, -3));
    EXPECT_EQ(lua_tointeger(L, -1), 3);
    EXPECT_EQ(luaL_execresult(L, SIGKILL), 3);
    EXPECT_STR(lua_tostring(L, -2), "signal");
    EXPECT_EQ(lua_tointeger(L, -1), SIGKILL);
    errno = ENOMEM;
    EXPECT_EQ(luaL_execresult(L, -1), 3);
    EXPECT_TRUE(lua_isnil(L, -3));
    EXPECT_EQ(lua_tointeger(L, -1), ENOMEM);
    lua_close(L);
}

/* ---- states ---- */

static int check_other_version(lua_State *L) {
    luaL_checkversion_(L, 503, LUAL_NUMSIZES);
    return 0;
}

static int check_other_sizes(lua_State *L) {
    luaL_checkversion_(L, LUA_VERSION_NUM, LUAL_NUMSIZES + 1);
    return 0;
}

TEST(versions) {
    lua_State *L = open_state();
    luaL_checkversion(L);
    lua_pushcfunction(L, check_other_version);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "version mismatch: app. needs 503.0, Lua core provides 504.0");
    lua_pushcfunction(L, check_other_sizes);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, -1), "core and library have incompatible numeric types");
    lua_close(L);
}

static void warn_in_many_ways(void) {
    lua_State *L = luaL_newstate();
    lua_warning(L, "off at first", 0);
    lua_warning(L, "@on", 0);
    lua_warning(L, "one", 0);
    lua_warning(L, "two ", 1);
    lua_warning(L, "@on ", 1);
    lua_warning(L, "pieces", 0);
    lua_warning(L, "@unknown", 0);
    lua_warning(L, "@off", 0);
    lua_warning(L, "silent", 1);
    lua_warning(L, "@on", 0);
    lua_warning(L, "again", 0);
    lua_close(L);
}

TEST(warnings) {
    EXPECT_STDERR(warn_in_many_ways(), "Lua warning: one\nLua warning: two @on pieces\n"
                                       "Lua warning: again\n");
}

static void panic(void) {
    lua_State *L = luaL_newstate();
    lua_pushliteral(L, "nobody listens");
    lua_error(L);
}

static void panic_without_text(void) {
    lua_State *L = luaL_newstate();
    lua_newtable(L);
    lua_error(L);
}

/* lpeg and others take their working memory from it. */
TEST(allocator_for_modules) {
    lua_State *L = luaL_newstate();
    void *ud;
    lua_Alloc allocate = lua_getallocf(L, &ud);
    char *block = allocate(ud, NULL, 0, 10);
    memcpy(block, "kept", 5);
    block = allocate(ud, block, 10, 100000);
    EXPECT_STR(block, "kept");
    EXPECT_NULL(allocate(ud, block, 100000, 0));
    lua_close(L);
}

TEST(panics_say_why) {
    EXPECT_DEATH(panic(), "PANIC: unprotected error in call to Lua API (nobody listens)\n");
    EXPECT_DEATH(panic_without_text(),
                 "PANIC: unprotected error in call to Lua API (error object is not a string)\n");
}

UNIT_MAIN
