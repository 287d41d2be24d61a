/* Tests of runtime/debuginfo.c: activations, lines, locals, hooks. */
#include <sys/time.h>

#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "include/neap.h"

static lua_State *L;
static lua_Debug ar;

/* Opens a state, makes `probe` a global and runs the program. */
static void run(lua_CFunction probe, const char *program) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    lua_register(L, "probe", probe);
    REQUIRE_EQ(luaL_loadbuffer(L, program, strlen(program), "@test.lua"), LUA_OK);
    int status = lua_pcall(L, 0, 0, 0);
    if (status != LUA_OK) unit_fail(__FILE__, __LINE__, program, "no error", lua_tostring(L, -1), true);
    lua_close(L);
}

static int levels(lua_State *S) {
    EXPECT_EQ(lua_getstack(S, 0, &ar), 1);
    EXPECT_EQ(lua_getinfo(S, "nSltu", &ar), 1);
    EXPECT_STR(ar.what, "C");
    EXPECT_STR(ar.name, "probe");
    EXPECT_STR(ar.namewhat, "global");
    EXPECT_STR(ar.short_src, "[C]");
    EXPECT_EQ(ar.currentline, -1);
    EXPECT_EQ(ar.isvararg, 1);
    EXPECT_EQ(lua_getstack(S, 1, &ar), 1);
    EXPECT_EQ(lua_getinfo(S, "nSltu", &ar), 1);
    EXPECT_STR(ar.what, "Lua");
    EXPECT_STR(ar.name, "f");
    EXPECT_STR(ar.namewhat, "local");
    EXPECT_STR(ar.source, "@test.lua");
    EXPECT_EQ(ar.srclen, 9);
    EXPECT_STR(ar.short_src, "test.lua");
    EXPECT_EQ(ar.currentline, 3);
    EXPECT_EQ(ar.linedefined, 2);
    EXPECT_EQ(ar.lastlinedefined, 4);
    EXPECT_EQ(ar.nparams, 2);
    EXPECT_EQ(ar.isvararg, 1);
    EXPECT_EQ(ar.istailcall, 0);
    EXPECT_EQ(lua_getstack(S, 2, &ar), 1);
    EXPECT_EQ(lua_getinfo(S, "nSl", &ar), 1);
    EXPECT_STR(ar.what, "main");
    EXPECT_NULL(ar.name);
    EXPECT_STR(ar.namewhat, "");
    EXPECT_EQ(ar.currentline, 5);
    EXPECT_EQ(lua_getstack(S, 3, &ar), 0);
    EXPECT_EQ(lua_getstack(S, -1, &ar), 0);
    EXPECT_EQ(lua_getinfo(S, "Sy", &ar), 0);
    return 0;
}

TEST(activations) {
    run(levels, "\n"
                "local function f(a, b, ...)\n"
                "  probe(a)\n"
                "end\n"
                "f(1)\n");
}

static int tail_called(lua_State *S) {
    EXPECT_EQ(lua_getstack(S, 1, &ar), 1);
    lua_getinfo(S, "nt", &ar);
    EXPECT_EQ(ar.istailcall, 1);
    EXPECT_NULL(ar.name);
    return 0;
}

TEST(tail_calls_have_no_name) {
    run(tail_called, "local function g() probe(); return 1 end\n"
                     "local function f() return g() end\n"
                     "f()");
}

static int calls_by_event(lua_State *S) {
    char got[100] = "";
    lua_getstack(S, 1, &ar);
    lua_getinfo(S, "n", &ar);
    snprintf(got, sizeof got, "%s %s", ar.namewhat, ar.name);
    EXPECT_STR(got, lua_tostring(S, 1));
    return 0;
}

TEST(names_of_calls) {
    run(calls_by_event, "local m = {}\n"
                        "m.__index = function() probe('metamethod index') end\n"
                        "m.__newindex = function() probe('metamethod newindex') end\n"
                        "m.__add = function() probe('metamethod add') end\n"
                        "m.__concat = function() probe('metamethod concat') end\n"
                        "m.__lt = function() probe('metamethod lt') end\n"
                        "m.__eq = function() probe('metamethod eq') end\n"
                        "m.__close = function() probe('metamethod close') end\n"
                        "local t, u = setmetatable({}, m), setmetatable({}, m)\n"
                        "local _ = t.x; t.x = 1; _ = t + 1; _ = 2 + t; _ = t .. 'x'; _ = t < u; _ = t > 3; _ = t == u\n"
                        "do local c <close> = t end\n"
                        "for _ in function() probe('for iterator for iterator') end do end\n"
                        "local o = {f = function() probe('method f') end}; o:f()\n"
                        "function o.g() probe('field g') end; o.g()\n");
}

static int read_locals(lua_State *S) {
    static const char *const want[] = {"a=1", "b=2", "c=3"};
    lua_getstack(S, 1, &ar);
    for (int i = 1; i <= 3; i++) {
        char got[40];
        const char *name = lua_getlocal(S, &ar, i);
        snprintf(got, sizeof got, "%s=%s", name, lua_tostring(S, -1));
        EXPECT_STR(got, want[i - 1]);
        lua_pop(S, 1);
    }
    EXPECT_STR(lua_getlocal(S, &ar, -1), "(vararg)");
    EXPECT_EQ(lua_tointeger(S, -1), 8);
    EXPECT_STR(lua_getlocal(S, &ar, -2), "(vararg)");
    EXPECT_EQ(lua_tointeger(S, -1), 9);
    lua_pop(S, 2);
    EXPECT_NULL(lua_getlocal(S, &ar, -3));
    EXPECT_NULL(lua_getlocal(S, &ar, 0));
    EXPECT_STR(lua_getlocal(S, &ar, 4), "(temporary)");
    lua_pop(S, 1);
    EXPECT_NULL(lua_getlocal(S, &ar, 100));
    lua_pushinteger(S, 30);
    EXPECT_STR(lua_setlocal(S, &ar, 3), "c");
    lua_pushinteger(S, 90);
    EXPECT_STR(lua_setlocal(S, &ar, -2), "(vararg)");
    lua_pushinteger(S, 1);
    EXPECT_NULL(lua_setlocal(S, &ar, 100));
    EXPECT_EQ(lua_gettop(S), 1);
    lua_pop(S, 1);
    lua_getstack(S, 0, &ar);
    lua_pushinteger(S, 5);
    EXPECT_STR(lua_getlocal(S, &ar, 1), "(C temporary)");
    EXPECT_EQ(lua_tointeger(S, -1), 5);
    return 0;
}

TEST(locals) {
    run(read_locals, "local function f(a, b, ...)\n"
                     "  local c = 3\n"
                     "  local _ = 'a' .. (probe() or '')\n"
                     "  assert(c == 30 and select(2, ...) == 90)\n"
                     "end\n"
                     "f(1, 2, 8, 9)\n");
}

static int parameters(lua_State *S) {
    EXPECT_STR(lua_getlocal(S, NULL, 1), "first");
    EXPECT_STR(lua_getlocal(S, NULL, 2), "second");
    EXPECT_NULL(lua_getlocal(S, NULL, 3));
    lua_getinfo(S, ">uS", &ar);
    EXPECT_EQ(ar.nparams, 2);
    EXPECT_EQ(ar.linedefined, 1);
    EXPECT_EQ(lua_gettop(S), 0);
    return 0;
}

TEST(functions_that_do_not_run) { run(parameters, "probe(function(first, second) local third end)"); }

static int valid_lines(lua_State *S) {
    char got[60] = "";
    lua_getinfo(S, ">L", &ar);
    for (int line = 1; line < 20; line++) {
        if (lua_rawgeti(S, -1, line) == LUA_TBOOLEAN) snprintf(got + strlen(got), sizeof got - strlen(got), "%d ", line);
        lua_pop(S, 1);
    }
    EXPECT_STR(got, lua_tostring(S, 1));
    return 0;
}

TEST(lines_that_hold_code) {
    run(valid_lines, "probe('3 6 7 ', function()\n"
                     "  -- nothing\n"
                     "  local x = probe\n"
                     "\n"
                     "  --\n"
                     "  x = 1\n"
                     "end)\n");
    run(valid_lines, "probe('2 3 ', function(...)\n"
                     "  local x = ...\n"
                     "end)\n");
}

/* ---- hooks ---- */

static char trace[400];

static void note(lua_State *S, lua_Debug *event) {
    char line[16] = "";
    static const char letters[] = "CRLNT"; /* call, return, line, count, tail call */
    if (event->event == LUA_HOOKLINE) snprintf(line, sizeof line, "%d", event->currentline);
    size_t used = strlen(trace);
    snprintf(trace + used, sizeof trace - used, "%c%s ", letters[event->event], line);
    (void)S;
}

static int set_hook(lua_State *S) {
    trace[0] = '\0';
    lua_sethook(S, lua_tointeger(S, 1) ? note : NULL, (int)lua_tointeger(S, 1), (int)luaL_optinteger(S, 2, 0));
    EXPECT_EQ(lua_gethookmask(S), lua_tointeger(S, 1));
    EXPECT_EQ(lua_gethookcount(S), luaL_optinteger(S, 2, 0));
    EXPECT(lua_gethook(S) == (lua_tointeger(S, 1) ? note : NULL));
    return 0;
}

static int check_trace(lua_State *S) {
    lua_sethook(S, NULL, 0, 0);
    EXPECT_STR(trace, lua_tostring(S, 1));
    return 0;
}

static void traced(const char *program) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    lua_register(L, "hook", set_hook);
    lua_register(L, "check", check_trace);
    if (luaL_dostring(L, program)) unit_fail(__FILE__, __LINE__, program, "no error", lua_tostring(L, -1), true);
    lua_close(L);
}

TEST(line_hooks) {
    traced("hook(4)\n"
           "local a = 1\n"
           "a = a + 1; a = a\n"
           "\n"
           "for i = 1, 2 do\n"
           "  a = a + i\n"
           "end\n"
           "check('L2 L3 L5 L6 L5 L6 L5 L8 ')");
    traced("local function f()\n"
           "  return 1\n"
           "end\n"
           "hook(4)\n"
           "local x = f()\n"
           "x = f() +\n"
           "    f()\n"
           "check('L5 L2 L6 L2 L7 L2 L6 L8 ')");
}

TEST(a_loop_on_one_line_is_new_each_time) {
    traced("hook(4)\n"
           "local a = 0; while a < 3 do a = a + 1 end\n"
           "check('L2 L2 L2 L2 L3 ')");
}

TEST(call_and_return_hooks) {
    traced("local function g() return 1 end\n"
           "local function f() return g() end\n"
           "hook(3)\n"
           "f()\n"
           "check('R C T R C ')");
    traced("local function f(...) return ... end\n"
           "hook(3)\n"
           "f(1)\n"
           "check('R C R C ')");
}

TEST(count_hooks) {
    traced("hook(8, 1000)\n"
           "for i = 1, 10000 do end\n"
           "check('N N N N N N N N N N ')");
}

static int transferred[2];

static void note_transfer(lua_State *S, lua_Debug *event) {
    lua_getinfo(S, "r", event);
    transferred[0] = event->ftransfer;
    transferred[1] = event->ntransfer;
    if (event->event == LUA_HOOKRET) { /* the values are where it says */
        const char *name = lua_getlocal(S, event, event->ftransfer);
        if (name) {
            lua_pop(S, 1);
            lua_sethook(S, NULL, 0, 0);
        }
    }
}

TEST(hooks_know_what_is_transferred) {
    L = luaL_newstate();
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_loadstring(L, "local a, b, c = ... ; return 10, 20"), LUA_OK);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 2);
    lua_sethook(L, note_transfer, LUA_MASKRET, 0);
    lua_call(L, 2, 2);
    EXPECT_EQ(transferred[1], 2);
    EXPECT_GE(transferred[0], 4);
    EXPECT(lua_gethook(L) == NULL);
    lua_close(L);
}

/* ---- hooks of all running threads ---- */

static void raise_in_hook(lua_State *S, lua_Debug *event) {
    (void)event;
    luaL_error(S, "from the hook");
}

static int hook_running(lua_State *S) {
    neap_hookrunning(L, lua_toboolean(S, 1) ? raise_in_hook : NULL, LUA_MASKCOUNT, 1); /* any thread of the state will do */
    return 0;
}

/* Whether the thread given has the hook. */
static int is_hooked(lua_State *S) {
    lua_pushboolean(S, lua_gethook(lua_tothread(S, 1)) == raise_in_hook);
    return 1;
}

TEST(hooks_of_running_threads) {
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_register(L, "hook", hook_running);
    lua_register(L, "hooked", is_hooked);
    /* The threads that wait are hooked, the one that is suspended is not. */
    int failed = luaL_dostring(L, "main = coroutine.running()\n"
                                  "other = coroutine.create(function() while true do coroutine.yield(1) end end)\n"
                                  "coroutine.resume(other)\n"
                                  "outer = coroutine.create(function()\n"
                                  "  inner = coroutine.create(function() hook(true) while true do end end)\n"
                                  "  local result, message = coroutine.resume(inner)\n"
                                  "  while true do end\n"
                                  "end)\n"
                                  "local result, message = coroutine.resume(outer)\n"
                                  "while true do end");
    EXPECT(failed && strstr(lua_tostring(L, -1), "from the hook") != NULL);
    lua_settop(L, 0);
    neap_hookrunning(L, NULL, 0, 0);
    EXPECT(lua_gethook(L) == NULL);
    if (luaL_dostring(L, "assert(hooked(inner) and hooked(outer) and not hooked(other) and not hooked(main))\n"
                         "assert(coroutine.resume(other))"))
        unit_fail(__FILE__, __LINE__, "threads", "no error", lua_tostring(L, -1), true);
    lua_close(L);
}

/* ---- yields in hooks ---- */

static void yield_in_hook(lua_State *S, lua_Debug *event) {
    (void)event;
    lua_yield(S, 0);
}

TEST(line_hooks_can_yield) {
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_State *co = lua_newthread(L);
    REQUIRE_EQ(luaL_loadstring(co, "local a = 1\na = a + 1\nreturn a * 10"), LUA_OK);
    lua_sethook(co, yield_in_hook, LUA_MASKLINE, 0);
    int nresults, yields = 0, lines = 0;
    int status;
    while ((status = lua_resume(co, L, 0, &nresults)) == LUA_YIELD) {
        EXPECT_EQ(nresults, 0);
        if (yields++ > 10) break;
        lua_getstack(co, 0, &ar);
        lua_getinfo(co, "S", &ar);
        lines += ar.what[0] == 'm';
    }
    EXPECT_EQ(status, LUA_OK);
    EXPECT_EQ(yields, 3);
    EXPECT_EQ(lines, 3);
    EXPECT_EQ(lua_tointeger(co, -1), 20);
    lua_close(L);
}

static lua_State *interrupted;
static void stop(lua_State *S, lua_Debug *event) {
    (void)event;
    lua_sethook(S, NULL, 0, 0);
    luaL_error(S, "stopped");
}
static void on_alarm(int number) {
    (void)number;
    lua_sethook(interrupted, stop, LUA_MASKCOUNT, 1);
}

/* Ctrl-C: without calls of C functions or loops nothing else would look at the hooks for years. */
TEST(a_hook_set_by_a_signal_breaks_into_recursion) {
    struct itimerval once = {{0, 0}, {0, 20000}};
    interrupted = luaL_newstate();
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &once, NULL);
    EXPECT(luaL_dostring(interrupted, "local function f(n) if n > 0 then f(n - 1) f(n - 1) end end f(60)") != LUA_OK);
    EXPECT_NOT_NULL(strstr(lua_tostring(interrupted, -1), "stopped"));
    EXPECT_EQ(luaL_dostring(interrupted, "local n = 0 for i = 1, 1000 do n = n + 1 end"), LUA_OK);
    lua_close(interrupted);
}

UNIT_MAIN
