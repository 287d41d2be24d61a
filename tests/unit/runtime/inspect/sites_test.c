/* sites_test.c: stacks and lines as numbers: the same place has the same number, names are found, tables are bounded. */
#include "runtime/inspect/sites.h"

#include "runtime/inspect/pprof.h"
#include "tests/unit/runtime/gc/lua_state.h"

static char folded[8192];
static uint32_t line_at, stack_at;

/* Called from Lua: notes where it was called from. */
static int here(lua_State *thread) {
    NpSites *sites = np_sites_get(thread->global);
    REQUIRE_NOT_NULL(sites);
    line_at = np_sites_line(sites, thread);
    stack_at = np_sites_stack(sites, thread, lua_isnoneornil(thread, 1) ? NULL : "(special)");
    np_pprof_fold(sites, stack_at, folded, sizeof folded);
    return 0;
}

static void open_with_here(void) {
    open_state();
    lua_register(L, "here", here);
}

/* As a file would be, so that the name is not cut. A function that is defined in the same lines is the same. */
static void run_file_as(const char *name, const char *text) {
    REQUIRE_EQ(luaL_loadbuffer(L, text, strlen(text), name), LUA_OK);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) unit_fail(__FILE__, __LINE__, text, "no error", lua_tostring(L, -1), true);
}
static void run_file(const char *text) { run_file_as("@f.lua", text); }

TEST(frames_have_names_and_lines) {
    open_with_here();
    run_file("local function inner() here() end\n"
             "local function outer() inner() end\n"
             "\n outer()");
    EXPECT_STR(folded, "main chunk (f.lua:4);outer (f.lua:2);inner (f.lua:1);here");
    EXPECT_EQ(np_sites_location(L->global->sites, line_at)->line, 1);
    run_file_as("@g.lua", "local o = {m = function() here() end}\n o.m() \n o:m()");
    EXPECT_STR(folded, "main chunk (g.lua:3);m (g.lua:1);here");
    run_file_as("@h.lua", "setmetatable({}, {__index = function() here() return 1 end}).x = 1\n"
             "local a = setmetatable({}, {__index = function() here() return 1 end}).x");
    EXPECT_STR(folded, "main chunk (h.lua:2);__index (h.lua:2);here");
    run_file("here(true)");
    EXPECT_STR(folded, "main chunk (f.lua:1);here;(special)");
    close_state();
}

TEST(functions_in_c_have_the_names_of_their_modules) {
    open_with_here();
    run_file("table.sort({1, 2}, function() here() return false end)");
    EXPECT_STR(folded, "main chunk (f.lua:1);table.sort;<f.lua:1> (f.lua:1);here");
    run_file("local renamed = string.gsub renamed('x', 'x', function() here() end)");
    EXPECT_NOT_NULL(strstr(folded, ";string.gsub;"));
    run_file("pcall(here)");
    EXPECT_STR(folded, "main chunk (f.lua:1);pcall;here");
    close_state();
}

TEST(threads_are_chained) {
    open_with_here();
    run_file("local co = coroutine.wrap(function()\n here() coroutine.yield() here() end)\n co()\n co()");
    EXPECT_STR(folded, "main chunk (f.lua:4);co;<f.lua:1> (f.lua:2);here");
    run_file("coroutine.resume(coroutine.create(function() coroutine.wrap(function() here() end)() end))");
    EXPECT_NOT_NULL(strstr(folded, "main chunk (f.lua:1);coroutine.resume;<f.lua:1> (f.lua:1);"));
    close_state();
}

TEST(a_tail_call_takes_the_place_of_its_caller) {
    open_with_here();
    run_file("local function inner() here() return 1 end\nlocal function outer() return inner() end\nlocal x = outer()");
    EXPECT_STR(folded, "main chunk (f.lua:3);<f.lua:1> (f.lua:1);here");
    run_file("\nlocal function inner() here() return 1 end\nlocal x = inner()\nlocal function outer() return inner() end\nx = outer()");
    EXPECT_STR(folded, "main chunk (f.lua:5);inner (f.lua:2);here"); /* it has been seen by its name */
    close_state();
}

TEST(the_same_place_is_the_same_number) {
    uint32_t first, first_line;
    size_t stacks;
    const char *text = "for i = 1, 3 do here() end";
    open_with_here();
    run_file(text);
    first = stack_at;
    first_line = line_at;
    stacks = L->global->sites->stacks.count;
    collect(); /* the function dies, and is compiled again */
    run_file(text);
    EXPECT_EQ(stack_at, first);
    EXPECT_EQ(line_at, first_line);
    EXPECT_EQ(L->global->sites->stacks.count, stacks);
    run_file("\nfor i = 1, 3 do here() end");
    EXPECT_NE(stack_at, first);
    close_state();
}

TEST(deep_stacks_are_cut) {
    const char *at = folded;
    int frames = 1;
    open_with_here();
    run_file("local function deep(n) if n == 0 then here() else deep(n - 1) end return n end deep(1000)");
    EXPECT_EQ(strncmp(folded, "(truncated);deep (f.lua:1);deep", 31), 0);
    while ((at = strchr(at, ';')) != NULL) {
        frames++;
        at++;
    }
    EXPECT_EQ(frames, NP_SITES_DEPTH + 1);
    close_state();
}

TEST(sources_of_all_kinds) {
    open_with_here();
    REQUIRE_EQ(luaL_loadbuffer(L, "here()", 6, "=named"), LUA_OK);
    lua_call(L, 0, 0);
    EXPECT_STR(folded, "main chunk (named:1);here");
    REQUIRE_EQ(luaL_loadstring(L, "here() ; local a"), LUA_OK);
    lua_call(L, 0, 0);
    EXPECT_STR(folded, "main chunk ([string \"here() , local a\"]:1);here"); /* ';' separates frames */
    RUN("load(string.dump(load('here()', '@f.lua'), true))()");
    EXPECT_STR(folded + strlen(folded) - 7, "?);here"); /* stripped: no lines */
    close_state();
}

/* Every request refused in turn: whatever comes out, nothing breaks. */
TEST(no_memory) {
    open_with_here();
    for (long nth = 1; nth < 60; nth++) {
        NpSites *sites;
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        sites = np_sites_get(L->global);
        if (sites) {
            for (int i = 0; i < 3; i++) EXPECT(np_sites_stack(sites, L, i ? "(a)" : NULL) != 0);
            np_mem_fail_at(0, 0);
        }
        np_mem_fail_at(0, 0);
        np_sites_close(L->global);
        EXPECT_EQ(np_sites_bytes(L->global), 0);
    }
    close_state();
}

TEST(notes_are_numbers_of_what_is_asked_for) {
    NpSites *sites;
    uint32_t a, b;
    open_with_here();
    run_file("here()");
    sites = L->global->sites;
    a = np_sites_note(sites, line_at, 1, 0);
    b = np_sites_note(sites, line_at, 2, 0);
    EXPECT(a != 0 && b != 0 && a != b);
    EXPECT_EQ(np_sites_note(sites, line_at, 1, 0), a);
    EXPECT_EQ(np_sites_note_at(sites, b)->generation, 2);
    /* Notes that no slot has are dropped when there are many. */
    for (uint32_t i = 3; i < 20000; i++) REQUIRE(np_sites_note(sites, line_at, i, 0) != 0);
    EXPECT(sites->notes.count < 5000);
    close_state();
}

UNIT_MAIN
