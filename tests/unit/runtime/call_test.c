/* Tests of runtime/call.c: arguments and results, __call, protected calls in both forms, continuations, to-be-closed
 * variables, levels of the C stack. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/strings.h"

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

/* Runs a chunk that returns true when all is well. */
static void expect_chunk(lua_State *L, const char *chunk) {
    int top = lua_gettop(L);
    int status = luaL_dostring(L, chunk);
    EXPECT_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    EXPECT_TRUE(lua_toboolean(L, -1));
    EXPECT_EQ(L->n_c_calls, NP_NOT_YIELDABLE);
    EXPECT_PTR(L->frame, L->frames);
    EXPECT_EQ(L->errfunc, 0);
    lua_settop(L, top);
}

/* ---- arguments and results ---- */

static int give_integers(lua_State *L) { /* n values 1..n on top of its arguments */
    int n = (int)lua_tointeger(L, lua_upvalueindex(1));
    luaL_checkstack(L, n, NULL);
    for (int i = 1; i <= n; i++) lua_pushinteger(L, i);
    return n;
}

TEST(results_are_adjusted) {
    lua_State *L = open_state();
    for (int given = 0; given <= 40; given += given < 4 ? 1 : 12) {
        for (int wanted = LUA_MULTRET; wanted <= 8; wanted++) {
            lua_pushstring(L, "below");
            lua_pushinteger(L, given);
            lua_pushcclosure(L, give_integers, 1);
            for (int i = 0; i < 3; i++) lua_pushboolean(L, 0);
            lua_call(L, 3, wanted);
            int got = wanted == LUA_MULTRET ? given : wanted;
            REQUIRE_EQ(lua_gettop(L), 1 + got);
            for (int i = 1; i <= got; i++) {
                if (i <= given) REQUIRE_EQ(lua_tointeger(L, 1 + i), i);
                else REQUIRE(lua_isnil(L, 1 + i));
            }
            EXPECT_STR(lua_tostring(L, 1), "below");
            lua_settop(L, 0);
        }
    }
    lua_close(L);
}

TEST(many_arguments_and_results) {
    lua_State *L = open_state();
    expect_chunk(L, "local function all(...) return ... end\n"
                    "local t = table.pack(all(table.unpack({}, 1, 5000)))\n"
                    "assert(t.n == 5000)\n"
                    "local function first(a, b) return b, a end\n"
                    "assert(select('#', first(table.unpack({}, 1, 3000))) == 2)\n"
                    "local function some(a, ...) return select('#', ...), ... end\n"
                    "assert(select('#', some()) == 1 and some() == 0 and some(1) == 0 and some(1, nil) == 1)\n"
                    "return true");
    lua_close(L);
}

TEST(call_metamethods_chain) {
    lua_State *L = open_state();
    expect_chunk(L, "local f = function(...) return select('#', ...), ... end\n"
                    "for depth = 1, 20 do f = setmetatable({depth}, {__call = f}) end\n"
                    "local t = table.pack(f('x', 'y'))\n"
                    "assert(t[1] == 22 and t[22] == 'x' and t[23] == 'y')\n"
                    "for i = 1, 20 do assert(t[i + 1][1] == i) end\n"
                    "local ok, message = pcall(setmetatable({}, {__call = 1}))\n"
                    "assert(not ok and message:find('attempt to call'))\n"
                    "return select('#', setmetatable({}, {__call = select})) == 1 or true");
    lua_close(L);
}

/* ---- protected calls ---- */

TEST(a_protected_call_puts_the_stack_back) {
    lua_State *L = open_state();
    lua_pushinteger(L, 11);
    luaL_loadstring(L, "local a, b, c <close> = 1, 2, setmetatable({}, {__close = function() closed = true end}); error({a + b})");
    int status = lua_pcall(L, 0, 5, 0);
    EXPECT_EQ(status, LUA_ERRRUN);
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT(lua_istable(L, 2));
    lua_getglobal(L, "closed");
    EXPECT(lua_toboolean(L, -1));
    EXPECT_EQ(L->n_c_calls, NP_NOT_YIELDABLE);
    EXPECT_PTR(L->tbc, L->stack);
    lua_close(L);
}

TEST(statuses_of_protected_calls) {
    lua_State *L = open_state();
    EXPECT_EQ(luaL_loadstring(L, "x ="), LUA_ERRSYNTAX);
    luaL_loadstring(L, "return ('x'):rep(1 << 40)");
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN); /* too large to be asked for at all */
    luaL_loadstring(L, "local function f() return f() + 1 end return f()");
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    EXPECT_CONTAINS(lua_tostring(L, -1), "stack overflow");
    lua_settop(L, 0);
    luaL_loadstring(L, "return function() error 'handler' end");
    lua_call(L, 0, 1);
    luaL_loadstring(L, "error 'first'");
    EXPECT_EQ(lua_pcall(L, 0, 0, 1), LUA_ERRERR);
    lua_close(L);
}

/* pcall and xpcall of the library: in the loop when an interpreter calls them, on the C stack when C does. */
TEST(pcall_in_all_places) {
    lua_State *L = open_state();
    expect_chunk(L,
        "local function boom() error('boom', 0) end\n"
        "local function ok(...) return pcall(function(...) return 'fine', ... end, ...) end\n"
        "local function check(run)\n"
        "  for _, f in ipairs{boom, function() local x <close> = setmetatable({}, {__close = function() end}); boom() end,\n"
        "                     function() return boom() end, function() pcall(boom); boom() end} do\n"
        "    local good, message = run(f)\n"
        "    assert(good == false and message == 'boom')\n"
        "    local inner = table.pack(ok(1, nil, 3))\n"
        "    assert(inner.n == 5 and inner[1] == true and inner[2] == 'fine' and inner[5] == 3)\n"
        "  end\n"
        "end\n"
        "check(pcall)\n"
        "check(function(f) return pcall(f) end)\n"
        "check(function(f) return select(2, pcall(pcall, f)) end)\n"
        "check(function(f) return select(3, pcall(pcall, pcall, f)) end)\n"
        "check(function(f) local a, b; table.sort({1, 2}, function() a, b = pcall(f) end); return a, b end)\n"
        "check(function(f) local a, b; string.gsub('x', 'x', function() a, b = pcall(f) end); return a, b end)\n"
        "check(function(f) return coroutine.wrap(function() return pcall(f) end)() end)\n"
        "check(function(f) local co = coroutine.wrap(function() return pcall(function() coroutine.yield(); f() end) end); co(); return co() end)\n"
        "check(function(f) local t = setmetatable({}, {__index = function() return table.pack(pcall(f)) end}).x; return t[1], t[2] end)\n"
        "return true");
    lua_close(L);
}

TEST(pcall_as_a_metamethod) {
    lua_State *L = open_state();
    expect_chunk(L, "local o = setmetatable({}, {__index = pcall, __add = pcall, __lt = pcall, __concat = pcall,\n"
                    "                           __len = pcall, __newindex = pcall, __unm = pcall, __eq = pcall})\n"
                    "o.x = 1\n"
                    "assert(o.x == false and o + 1 == false and o .. 'a' == false and #o == false and -o == false)\n"
                    "assert((o < 1) == false and (o == setmetatable({}, getmetatable(o))) == false)\n"
                    "for _ in pcall, error do break end\n"
                    "return true");
    lua_close(L);
}

TEST(xpcall_and_its_handler) {
    lua_State *L = open_state();
    expect_chunk(L, "local log = {}\n"
                    "local function handler(m) log[#log + 1] = m; return m .. '!' end\n"
                    "local ok, m = xpcall(error, handler, 'one', 0)\n"
                    "assert(not ok and m == 'one!')\n"
                    "ok, m = xpcall(function() local ok, m = xpcall(error, handler, 'in', 0); assert(m == 'in!'); error('out', 0) end, handler)\n"
                    "assert(not ok and m == 'out!' and #log == 3)\n"
                    "ok, m = xpcall(function() pcall(error, 'quiet'); return 'done' end, handler)\n"
                    "assert(ok and m == 'done' and #log == 3)\n"
                    "ok, m = pcall(xpcall, error, handler, 'through', 0)\n"
                    "assert(ok and not m and #log == 4)\n"
                    "ok, m = xpcall(error, function() error('again') end, 'x')\n"
                    "assert(not ok)\n"
                    "ok, m = xpcall(nil, handler)\n"
                    "assert(not ok and m:find('call a nil value.*!'))\n"
                    "return true");
    lua_close(L);
}

TEST(catching_inside_a_close_method) {
    lua_State *L = open_state();
    expect_chunk(L,
        "local log = {}\n"
        "local function closer(name) return setmetatable({}, {__close = function(_, e)\n"
        "  local ok, m = pcall(error, name, 0); log[#log + 1] = m .. ':' .. tostring(e) end}) end\n"
        "local function body() local a <close> = closer 'a'; local b <close> = closer 'b'; error('E', 0) end\n"
        "local ok, m = pcall(body)\n"
        "assert(not ok and m == 'E' and table.concat(log, ' ') == 'b:E a:E')\n"
        "log = {}\n"
        "ok, m = pcall(table.sort, {1, 2}, function() local x <close> = closer 'sorted'; error('S', 0) end)\n"
        "assert(not ok and m == 'S' and log[1] == 'sorted:S')\n"
        "log = {}\n"
        "local co = coroutine.create(body)\n"
        "assert(not coroutine.resume(co) and #log == 0)\n"
        "ok, m = coroutine.close(co)\n"
        "assert(not ok and m == 'E' and table.concat(log, ' ') == 'b:E a:E')\n"
        "return true");
    lua_close(L);
}

TEST(catching_inside_a_reader_of_load) {
    lua_State *L = open_state();
    expect_chunk(L, "local parts = {'return ', '4', '2'}\n"
                    "local f, m = load(function() assert(not pcall(error, 'x')); return table.remove(parts, 1) end)\n"
                    "assert(f, m)\n"
                    "assert(f() == 42)\n"
                    "f, m = load(function() error('reader', 0) end)\n"
                    "assert(f == nil and m == 'reader')\n"
                    "return true");
    lua_close(L);
}

/* ---- neap_tailpcallk from C ---- */

static int after_call(lua_State *L, int status, lua_KContext ctx) {
    if (ctx > 0 && status == LUA_YIELD) { /* once more, with what came out */
        lua_pushvalue(L, 1);
        lua_insert(L, 2);
        return neap_tailpcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, ctx - 1, after_call);
    }
    lua_pushinteger(L, status);
    lua_replace(L, 1);
    return lua_gettop(L);
}

/* guarded(f, n, ...): f(...) n+1 times over, each time with the results of the last; status, results. */
static int guarded(lua_State *L) {
    lua_KContext times = (lua_KContext)lua_tointeger(L, 2);
    lua_remove(L, 2);
    lua_pushvalue(L, 1);
    lua_insert(L, 2);
    return neap_tailpcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, times, after_call);
}

TEST(a_tail_call_may_be_repeated) {
    lua_State *L = open_state();
    lua_register(L, "guarded", guarded);
    static const char check[] =
        "local function inc(x) return x + 1 end\n"
        "local function check()\n"
        "  local s, v = guarded(inc, 5, 10)\n"
        "  assert(s == 1 and v == 16)\n"
        "  s, v = guarded(math.abs, 3, -4)\n" /* C callees only */
        "  assert(s == 1 and v == 4)\n"
        "  s, v = guarded(function(x) if x == 3 then error('three', 0) end return x + 1 end, 9, 0)\n"
        "  assert(s == 2 and v == 'three')\n"
        "  s, v = guarded(guarded, 0, inc, 2, 1)\n"
        "  assert(s == 1 and v == 1)\n"
        "end\n"
        "check()\n"
        "table.sort({1, 2, 3}, function(a, b) check() return a < b end)\n"
        "local co = coroutine.wrap(function() check(); return guarded(function(x) return coroutine.yield(x) end, 3, 'a') end)\n"
        "assert(co() == 'a' and co('b') == 'b' and co('c') == 'c' and co('d') == 'd')\n"
        "local s, v = co('e')\n"
        "assert(s == 1 and v == 'e')\n"
        "return true";
    expect_chunk(L, check);
    /* And straight from C, where nothing but C is below. */
    lua_pushcfunction(L, guarded);
    luaL_loadstring(L, "local x = ... if x > 3 then error('high', 0) end return x + 1");
    lua_pushinteger(L, 9);
    lua_pushinteger(L, 1);
    lua_call(L, 3, LUA_MULTRET);
    EXPECT_EQ(lua_gettop(L), 2);
    EXPECT_EQ(lua_tointeger(L, 1), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(L, 2), "high");
    lua_close(L);
}

/* What pcall does by asking for it, which neap_setpcall lets the interpreter do by itself. */
static int plain_pcall(lua_State *L) { return neap_tailpcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, NULL); }

/* `p` is pcall in one of its forms; every number of results, meant for every number of places. */
static const char pcall_walk[] =
    "local p = ...\n"
    "local unpack, select = table.unpack, select\n"
    "local function give(n, ...) if n < 0 then error(n, 0) end return unpack({10, 20, 30, 40, 50}, 1, n) end\n"
    "local function check(call)\n"
    "  for n = 0, 5 do\n"
    "    local t = {call(p, give, n)}\n"
    "    assert(#t == n + 1 and t[1] == true and (n == 0 or t[n + 1] == n * 10))\n"
    "    call(p, give, n)\n"
    "    local a = call(p, give, n)\n"
    "    assert(a == true)\n"
    "    local b, c, d, e = call(p, give, n)\n"
    "    assert(b == true and c == (n > 0 and 10 or nil) and d == (n > 1 and 20 or nil) and e == (n > 2 and 30 or nil))\n"
    "    assert(select('#', call(p, p, p, give, n)) == n + 3)\n"
    "    local f, g, h = call(p, give, -1)\n"
    "    assert(f == false and g == -1 and h == nil and select('#', call(p, p, give, -1)) == 3)\n"
    "  end\n"
    "end\n"
    "local function plainly(f, ...) return f(...) end\n"
    "check(plainly)\n"
    "check(function(f, ...) local t = table.pack(f(...)) return unpack(t, 1, t.n) end)\n"
    "check(function(f, ...) return select(2, p(f, ...)) end)\n"
    "coroutine.wrap(function() check(plainly) check(function(f, ...) return f(...) end) end)()\n"
    "local co = coroutine.wrap(function() return p(function(...) return coroutine.yield(1), p(coroutine.yield, 2) end) end)\n"
    "assert(co() == 1 and co('x') == 2)\n"
    "local a, b, c, d, e = co('y', 'z')\n"
    "assert(a == true and b == 'x' and c == true and d == 'y' and e == 'z')\n"
    "local calls, returns = 0, 0\n"
    "debug.sethook(function(event) if event == 'call' then calls = calls + 1 else returns = returns + 1 end end, 'cr')\n"
    "local h, i, j = p(function(x, y) return y, x end, 1, 2)\n"
    "debug.sethook()\n"
    "assert(h and i == 2 and j == 1 and calls == 3 and returns == 3)\n" /* sethook's return, its call at the end */
    "local set, got = p(function() debug.sethook(function() calls = 0 end, 'r') return 7 end)\n" /* hooks that come inside */
    "debug.sethook()\n"
    "assert(set and got == 7 and calls == 0)\n"
    "local trace = select(2, p(function() return debug.traceback() end))\n"
    "assert(trace:find('%[C%]: in ') and select(2, p(function() return debug.getinfo(2, 'f').func end)) == p)\n"
    "assert(select(2, p(function() return debug.getinfo(1, 'n').name end)) == nil)\n"
    "return true";

TEST(pcall_is_the_same_whoever_carries_it_out) {
    lua_State *L = open_state();
    for (int direct = 0; direct < 2; direct++) {
        neap_setpcall(L, direct ? plain_pcall : NULL);
        EXPECT_STR(luaL_loadstring(L, pcall_walk) == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
        lua_pushcfunction(L, plain_pcall);
        EXPECT_STR(lua_pcall(L, 1, 1, 0) == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
        EXPECT_EQ(L->n_catch, 0);
        EXPECT_EQ(L->errfunc, 0);
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(a_plain_protected_call_from_c) {
    lua_State *L = open_state();
    for (int fails = 0; fails < 2; fails++) {
        lua_pushcfunction(L, plain_pcall); /* entered from C with nothing that catches below */
        luaL_loadstring(L, "local fails, b = ... if fails then error('no', 0) end return b, 5");
        lua_pushboolean(L, fails);
        lua_pushinteger(L, 9);
        lua_call(L, 3, LUA_MULTRET);
        REQUIRE_EQ(lua_gettop(L), 3 - fails);
        EXPECT_EQ(lua_toboolean(L, 1), !fails);
        if (fails) EXPECT_STR(lua_tostring(L, 2), "no");
        else EXPECT_EQ(lua_tointeger(L, 2), 9);
        lua_settop(L, 0);
    }
    lua_close(L);
}

/* ---- continuations ---- */

static int pcall_done(lua_State *L, int status, lua_KContext ctx) {
    lua_pushinteger(L, status);
    lua_pushinteger(L, (lua_Integer)ctx);
    return 2;
}
static int pcall_with_k(lua_State *L) { return pcall_done(L, lua_pcallk(L, lua_gettop(L) - 1, 0, 0, 33, pcall_done), 44); }

TEST(continuations_run_when_the_c_code_is_gone) {
    lua_State *L = open_state();
    lua_register(L, "guard", pcall_with_k);
    expect_chunk(L, "local s, c = guard(function() end)\n"
                    "assert(s == 0 and c == 44)\n"
                    "s, c = guard(error, 'x')\n"
                    "assert(s == 2 and c == 44)\n"
                    "local co = coroutine.wrap(function(f) local s, c = guard(f); return s, c end)\n"
                    "co(coroutine.yield)\n"
                    "s, c = co()\n"
                    "assert(s == 1 and c == 33)\n"
                    "co = coroutine.wrap(function() local s, c = guard(function() coroutine.yield(); error('y') end); return s, c end)\n"
                    "co()\n"
                    "s, c = co()\n"
                    "assert(s == 2 and c == 33)\n"
                    "co = coroutine.wrap(function() return guard(error) end)\n" /* no yield, an error: the C code is gone, too */
                    "s, c = co()\n"
                    "assert(s == 2 and c == 33)\n"
                    "return true");
    lua_close(L);
}

/* ---- to-be-closed slots of C functions ---- */

static int with_closed_slot(lua_State *L) { /* (closable, n, fail) */
    int n = (int)lua_tointeger(L, 2);
    lua_settop(L, 3);
    lua_pushvalue(L, 1);
    lua_toclose(L, -1);
    if (lua_toboolean(L, 3)) return luaL_error(L, "failed on purpose");
    for (int i = 1; i <= n; i++) lua_pushinteger(L, i);
    return n;
}

TEST(slots_of_c_functions_are_closed) {
    lua_State *L = open_state();
    lua_register(L, "held", with_closed_slot);
    expect_chunk(L,
        "local count, seen = 0\n"
        "local c = setmetatable({}, {__close = function(_, e) count = count + 1; seen = e; local t = {}; for i = 1, 100 do t[i] = i end end})\n"
        "local a, b, d = held(c, 2)\n"
        "assert(a == 1 and b == 2 and d == nil and count == 1 and seen == nil)\n"
        "assert(select('#', held(c, 7)) == 7 and count == 2)\n"
        "held(c, 3)\n"
        "assert(count == 3)\n"
        "local ok, m = pcall(held, c, 0, true)\n"
        "assert(not ok and m == 'failed on purpose' and seen == m and count == 4)\n"
        "local y = setmetatable({}, {__close = function() coroutine.yield('closing') end})\n"
        "local co = coroutine.wrap(function() return held(y, 3) end)\n"
        "assert(co() == 'closing')\n"
        "a, b, d = co()\n"
        "assert(a == 1 and b == 2 and d == 3)\n"
        "ok, m = pcall(held, setmetatable({}, {__close = function() error('in close', 0) end}), 3)\n"
        "assert(not ok and m == 'in close')\n"
        "ok, m = pcall(held, {}, 1)\n"
        "assert(not ok and m:find('non%-closable'))\n"
        "return true");
    lua_close(L);
}

TEST(closing_with_a_full_stack) {
    lua_State *L = open_state();
    /* The last slots are in use when the variables are closed: the stack moves in the middle of it. */
    expect_chunk(L,
        "for fill = 1, 60 do\n"
        "  local order = {}\n"
        "  local function closer(n) return setmetatable({n}, {__close = function(o) order[#order + 1] = o[1]; return table.unpack({}, 1, 200) end}) end\n"
        "  local function f(...)\n"
        "    local a <close> = closer(1)\n"
        "    local b <close> = closer(2)\n"
        "    local c <close> = closer(3)\n"
        "    return ...\n"
        "  end\n"
        "  local co = coroutine.wrap(function() return f(table.unpack({}, 1, fill)) end)\n"
        "  assert(select('#', co()) == fill)\n"
        "  assert(table.concat(order) == '321')\n"
        "end\n"
        "return true");
    lua_close(L);
}

/* ---- levels ---- */

static int recurse(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushinteger(L, lua_tointeger(L, 1) + 1);
    lua_pushinteger(L, lua_tointeger(L, 1) + 1);
    lua_setglobal(L, "depth");
    lua_pushcfunction(L, recurse);
    lua_insert(L, -3);
    lua_remove(L, -2);
    lua_call(L, 1, 0);
    return 0;
}

TEST(too_deep_in_c_is_an_error) {
    lua_State *L = open_state();
    for (int round = 0; round < 3; round++) {
        lua_pushcfunction(L, recurse);
        lua_pushinteger(L, 0);
        EXPECT_EQ(lua_pcall(L, 1, 0, 0), LUA_ERRRUN);
        EXPECT_CONTAINS(lua_tostring(L, -1), "C stack overflow");
        lua_getglobal(L, "depth");
        EXPECT_GT(lua_tointeger(L, -1), 150);
        EXPECT_LT(lua_tointeger(L, -1), 220);
        EXPECT_EQ(np_c_calls(L), 0);
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(asking_for_calls_of_c_functions_does_not_eat_the_c_stack) {
    lua_State *L = open_state();
    expect_chunk(L, "local t = {} for i = 1, 100000 do t[i] = pcall end\n"
                    "local r = table.pack(pcall(table.unpack(t)))\n"
                    "assert(r.n < 300 and r[r.n - 1] == false)\n"
                    "assert(tostring(r[r.n]):find('overflow'))\n"
                    "return true");
    lua_close(L);
}

TEST(lua_functions_do_not_count_as_levels) {
    lua_State *L = open_state();
    expect_chunk(L, "local function down(n) if n == 0 then return 0 end return 1 + down(n - 1) end\n"
                    "assert(down(20000) == 20000)\n"
                    "local function guarded(n) if n == 0 then return 0 end local ok, v = pcall(guarded, n - 1) return ok and v + 1 end\n"
                    "assert(guarded(5000) == 5000)\n"
                    "local mt = {} mt.__index = function(t, k) if k == 0 then return 0 end return t[k - 1] + 1 end\n"
                    "assert(setmetatable({}, mt)[20000] == 20000)\n"
                    "local function tail(n) if n > 0 then return tail(n - 1) end return 'bottom' end\n"
                    "assert(tail(1000000) == 'bottom')\n"
                    "return true");
    lua_close(L);
}

UNIT_MAIN
