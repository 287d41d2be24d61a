/* Tests of runtime/coro.c: resume and yield, continuations, errors, closing. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/strings.h"

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

static void expect_chunk(lua_State *L, const char *chunk) {
    int status = luaL_dostring(L, chunk);
    EXPECT_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    EXPECT_TRUE(lua_toboolean(L, -1));
    EXPECT_PTR(L->global->running, L);
    EXPECT_NULL(L->global->jump);
    EXPECT_EQ(np_c_calls(L), 0);
    lua_settop(L, 0);
}

static lua_State *thread_of(lua_State *L, const char *chunk) {
    lua_State *co = lua_newthread(L);
    REQUIRE_EQ(luaL_loadstring(co, chunk), LUA_OK);
    return co;
}

TEST(values_go_both_ways) {
    lua_State *L = open_state();
    lua_State *co = thread_of(L, "local a, b = ... while true do a, b = coroutine.yield(a + b, a, b) if not a then return 'end', 'of', 'it' end end");
    int n = -1;
    for (int i = 0; i < 50; i++) {
        lua_pushinteger(co, i);
        lua_pushinteger(co, 2 * i);
        REQUIRE_EQ(lua_resume(co, L, 2, &n), LUA_YIELD);
        REQUIRE_EQ(n, 3);
        EXPECT_EQ(lua_status(co), LUA_YIELD);
        EXPECT_EQ(lua_tointeger(co, -3), 3 * i);
        EXPECT_EQ(lua_tointeger(co, -1), 2 * i);
        lua_pop(co, 3);
        EXPECT_EQ(lua_gettop(co), 0);
    }
    EXPECT_EQ(lua_resume(co, L, 0, &n), LUA_OK);
    EXPECT_EQ(n, 3);
    EXPECT_STR(lua_tostring(co, -1), "it");
    EXPECT_EQ(lua_status(co), LUA_OK);
    EXPECT_EQ(lua_gettop(co), 3);
    EXPECT_PTR(L->global->running, L);
    lua_settop(co, 0);
    EXPECT_EQ(lua_resume(co, L, 0, &n), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(co, -1), "cannot resume dead coroutine");
    lua_close(L);
}

TEST(what_cannot_be_resumed) {
    lua_State *L = open_state();
    int n;
    lua_State *co = lua_newthread(L);
    EXPECT_EQ(lua_resume(co, L, 0, &n), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(co, -1), "cannot resume dead coroutine");
    expect_chunk(L, "local co co = coroutine.create(function() return coroutine.resume(co) end)\n"
                    "local ok, inner, message = coroutine.resume(co)\n"
                    "assert(ok and not inner and message == 'cannot resume non-suspended coroutine')\n"
                    "local ok, message = pcall(coroutine.yield)\n"
                    "assert(not ok and message == 'attempt to yield from outside a coroutine')\n"
                    "co = coroutine.wrap(function() table.sort({1, 2, 3}, function() coroutine.yield() end) end)\n"
                    "ok, message = pcall(co)\n"
                    "assert(not ok and message:find('attempt to yield across a C%-call boundary'))\n"
                    "return true");
    lua_close(L);
}

TEST(an_error_kills_the_coroutine_and_keeps_its_stack) {
    lua_State *L = open_state();
    int n;
    lua_State *co = thread_of(L, "local function deep(n) if n == 0 then error({}) end return deep(n - 1) + 1 end deep(10)");
    EXPECT_EQ(lua_resume(co, L, 0, &n), LUA_ERRRUN);
    EXPECT(lua_istable(co, -1));
    EXPECT_EQ(lua_status(co), LUA_ERRRUN);
    lua_Debug debug;
    EXPECT_EQ(lua_getstack(co, 3, &debug), 1); /* for tracebacks */
    EXPECT_EQ(lua_resume(co, L, 0, &n), LUA_ERRRUN);
    EXPECT_STR(lua_tostring(co, -1), "cannot resume dead coroutine");
    EXPECT_EQ(lua_closethread(co, L), LUA_ERRRUN);
    EXPECT_EQ(lua_status(co), LUA_OK);
    EXPECT_PTR(L->global->running, L);
    lua_close(L);
}

TEST(a_coroutine_can_overflow_its_stack) {
    lua_State *L = open_state();
    int n;
    lua_State *co = thread_of(L, "local function f() return f() + 1 end return f()");
    EXPECT_EQ(lua_resume(co, L, 0, &n), LUA_ERRRUN);
    EXPECT_CONTAINS(lua_tostring(co, -1), "stack overflow");
    EXPECT_EQ(lua_closethread(co, L), LUA_ERRRUN);
    EXPECT_LT(co->stack_last - co->stack, 1000);
    luaL_loadstring(co, "return 1");
    EXPECT_EQ(lua_resume(co, L, 0, &n), LUA_OK); /* as good as new */
    EXPECT_EQ(lua_tointeger(co, -1), 1);
    expect_chunk(L, "local function nest(n) local ok, v = coroutine.resume(coroutine.create(nest), n + 1) return ok and v or n end\n"
                    "local n = nest(0)\n"
                    "return n > 50 and n < 250");
    lua_close(L);
}

/* ---- yields of C functions ---- */

static int goes_on(lua_State *L, int status, lua_KContext ctx) {
    lua_pushinteger(L, status);
    lua_pushinteger(L, (lua_Integer)ctx);
    if (ctx < 3) {
        lua_pushstring(L, "again");
        return lua_yieldk(L, 1, ctx + 1, goes_on);
    }
    return lua_gettop(L);
}
static int yields_with_k(lua_State *L) {
    lua_pushstring(L, "first");
    return lua_yieldk(L, 1, 1, goes_on);
}
static int yields_without(lua_State *L) { return lua_yield(L, lua_gettop(L)); }

TEST(c_functions_yield_with_and_without_continuation) {
    lua_State *L = open_state();
    lua_register(L, "withk", yields_with_k);
    lua_register(L, "without", yields_without);
    expect_chunk(L, "local co = coroutine.wrap(function() return withk('own') end)\n"
                    "assert(co() == 'first' and co('x') == 'again' and co('y') == 'again')\n"
                    "local t = table.pack(co('z'))\n"
                    "assert(t[1] == 'own' and t[2] == 'x' and t[3] == 1 and t[4] == 1 and t[5] == 'y' and t[8] == 'z' and t.n == 10)\n"
                    "co = coroutine.wrap(function() local a, b = without(1, 2) return a, b, (without()) end)\n"
                    "local a, b = co()\n"
                    "assert(a == 1 and b == 2)\n"
                    "assert(co('p', 'q') == nil)\n"
                    "local x, y, z = co('r', 's')\n"
                    "assert(x == 'p' and y == 'q' and z == 'r')\n"
                    "co = coroutine.wrap(without)\n"
                    "assert(co(5) == 5 and co(6) == 6)\n"
                    "return true");
    lua_close(L);
}

TEST(yields_out_of_every_kind_of_instruction) {
    lua_State *L = open_state();
    expect_chunk(L,
        "local yield = coroutine.yield\n"
        "local mt = {}\n"
        "for _, e in ipairs{'add', 'sub', 'mul', 'div', 'mod', 'pow', 'idiv', 'band', 'bor', 'bxor', 'shl', 'shr', 'concat', 'unm', 'bnot', 'len', 'index'} do\n"
        "  mt['__' .. e] = function(a, b) yield(e) return e end\n"
        "end\n"
        "for _, e in ipairs{'lt', 'le', 'eq'} do mt['__' .. e] = function() return yield(e) end end\n"
        "mt.__newindex = function(t, k, v) yield('newindex') rawset(t, k, v) end\n"
        "mt.__call = function(_, ...) yield('call') return ... end\n"
        "mt.__close = function() yield('close') end\n"
        "local function new() return setmetatable({}, mt) end\n"
        "local function drive(f, ...)\n"
        "  local co, log = coroutine.create(f), {}\n"
        "  local r = table.pack(coroutine.resume(co, ...))\n"
        "  while coroutine.status(co) == 'suspended' do log[#log + 1] = r[2]; r = table.pack(coroutine.resume(co, true)) end\n"
        "  assert(r[1], r[2])\n"
        "  return table.concat(log, ' '), table.unpack(r, 2, r.n)\n"
        "end\n"
        "local o, p = new(), new()\n"
        "local function is(want, f) local log, r = drive(f); assert(log .. '=' .. tostring(r) == want, log .. '=' .. tostring(r)) end\n"
        "is('add=add', function() return o + 1 end)\n"
        "is('sub=sub', function() return 1 - o end)\n"
        "is('mod pow=pow', function() local x = o % 2; return o ^ p end)\n"
        "is('band shl bnot=bnot', function() local a, b = o & 1, 1 << o; return ~o end)\n"
        "is('unm len=len', function() local a = -o; return #o end)\n"
        "is('index=index', function() return o.field end)\n"
        "is('index index=index', function() local k = 1; local x = o[k]; return o[1] end)\n"
        "is('newindex=5', function() local q = new(); q.x = 5; return q.x end)\n"
        "is('newindex newindex=6', function() local q, k = new(), 'y'; q[1] = 5; q[k] = 6; return q.y end)\n"
        "is('concat=concat', function() return o .. 'a' end)\n"
        "is('concat=aconcat', function() return 'a' .. (o .. 'b') end)\n"
        "is('concat=axbcconcat', function() return 'a' .. 'x' .. 'b' .. 'c' .. o .. p end)\n"
        "is('concat concat=concat', function() return o .. 'm' .. p end)\n"
        "is('lt=1', function() if o < p then return 1 else return 2 end end)\n"
        "is('le=2', function() if not (o <= p) then return 1 else return 2 end end)\n"
        "is('lt le=true', function() return o > 3 and o >= 4 end)\n"
        "is('eq=yes', function() return o == p and 'yes' or 'no' end)\n"
        "is('eq=no', function() return o ~= p and 'yes' or 'no' end)\n"
        "is('call=7', function() return (o(7)) end)\n"
        "is('call=7', function() return o(7) end)\n"
        "is('close close=9', function() local a <close> = o; local b <close> = p; return 9 end)\n"
        "is('close=3', function() do local a <close> = o end return 3 end)\n"
        "is('close close=10', function() for i = 1, 2 do local a <close> = o end return 10 end)\n"
        "is('it it it=2', function() local n = 0 for i in function(_, c) yield('it') if (c or 0) < 2 then return (c or 0) + 1 end end do n = i end return n end)\n"
        "is('close=false', function() return pcall(function() local a <close> = o; error('x') end) end)\n"
        "is('close close=false', function() return pcall(function() local b <close> = p; local a <close> = o; error('x') end) end)\n"
        "return true");
    lua_close(L);
}

TEST(pcall_and_yield_mix) {
    lua_State *L = open_state();
    expect_chunk(L,
        "local yield = coroutine.yield\n"
        "local co = coroutine.wrap(function()\n"
        "  local r = table.pack(pcall(function() yield(1); local ok = pcall(function() yield(2); error('a') end); yield(ok); error('b', 0) end))\n"
        "  yield(r[2])\n"
        "  local ok, m = xpcall(function() yield('x'); error('c', 0) end, function(m) return m .. 'h' end)\n"
        "  return m\n"
        "end)\n"
        "assert(co() == 1 and co() == 2 and co() == false and co() == 'b' and co() == 'x' and co() == 'ch')\n"
        "local function gen(n) return coroutine.wrap(function() for i = 1, n do yield(i) end end) end\n"
        "local sum = 0\n"
        "for i in gen(1000) do for j in gen(2) do sum = sum + i * j end end\n"
        "assert(sum == 500500 * 3)\n"
        "return true");
    lua_close(L);
}

/* ---- closing ---- */

TEST(closing_runs_what_is_pending) {
    lua_State *L = open_state();
    expect_chunk(L,
        "local log = {}\n"
        "local function closer(name, fail) return setmetatable({}, {__close = function(_, e) log[#log + 1] = name .. tostring(e); if fail then error(fail, 0) end end}) end\n"
        "local co = coroutine.create(function() local a <close> = closer('a'); local b <close> = closer('b'); coroutine.yield() end)\n"
        "coroutine.resume(co)\n"
        "assert(coroutine.close(co) == true and table.concat(log, ' ') == 'bnil anil' and coroutine.status(co) == 'dead')\n"
        "assert(coroutine.close(co) == true)\n"
        "log = {}\n"
        "co = coroutine.create(function() local a <close> = closer('a'); local b <close> = closer('b', 'B'); local c <close> = closer('c', 'C'); coroutine.yield() end)\n"
        "coroutine.resume(co)\n"
        "local ok, m = coroutine.close(co)\n"
        "assert(not ok and m == 'B' and table.concat(log, ' ') == 'cnil bC aB')\n"
        "assert(coroutine.close(coroutine.create(print)) == true)\n"
        "ok, m = pcall(coroutine.close, (coroutine.running()))\n"
        "assert(not ok)\n"
        "log = {}\n"
        "local wrapped = coroutine.wrap(function() local a <close> = closer('w'); error('E', 0) end)\n"
        "ok, m = pcall(wrapped)\n"
        "assert(not ok and m == 'E' and log[1] == 'wE')\n"
        "return true");
    lua_close(L);
}

TEST(a_closed_thread_can_be_used_again) {
    lua_State *L = open_state();
    int n;
    lua_State *co = lua_newthread(L);
    for (int round = 0; round < 300; round++) {
        REQUIRE_EQ(luaL_loadstring(co, "local a <close> = setmetatable({}, {__close = function() end}) coroutine.yield(1, 2) error('never')"), LUA_OK);
        REQUIRE_EQ(lua_resume(co, L, 0, &n), LUA_YIELD);
        REQUIRE_EQ(lua_closethread(co, L), LUA_OK);
        REQUIRE_EQ(lua_gettop(co), 0);
        REQUIRE_EQ(lua_status(co), LUA_OK);
        REQUIRE_PTR(co->frame, co->frames);
        REQUIRE_PTR(co->tbc, co->stack);
        REQUIRE_PTR(co->open_upvalues, NULL);
        REQUIRE_PTR(L->global->running, L);
    }
    EXPECT_EQ(lua_resetthread(co), LUA_OK);
    lua_close(L);
}

TEST(yieldable_only_inside) {
    lua_State *L = open_state();
    EXPECT_EQ(lua_isyieldable(L), 0);
    expect_chunk(L, "local inside, nested\n"
                    "coroutine.wrap(function() inside = coroutine.isyieldable(); table.sort({1, 2}, function() nested = coroutine.isyieldable() end) end)()\n"
                    "return inside == true and nested == false and coroutine.isyieldable() == false");
    lua_close(L);
}


static int depth_now(lua_State *L) {
    const NpErrJump *jump = L->global->jump;
    lua_pushinteger(L, jump->L == L && jump->level + 1 == np_c_calls(L) ? (lua_Integer)jump->depth : -1);
    return 1;
}

TEST(the_loop_goes_from_thread_to_thread) {
    lua_State *L = open_state();
    lua_register(L, "depth", depth_now);
    expect_chunk(L, "local wrap, yield = coroutine.wrap, coroutine.yield\n"
                    "local function nest(n) if n == 0 then yield(depth()) return depth() end return wrap(function() return nest(n - 1) end)() end\n"
                    "local at_yield = wrap(function() return nest(0) end)\n"
                    "assert(depth() == 0 and at_yield() == 1 and depth() == 0 and at_yield() == 1)\n"
                    "local order = {}\n"
                    "for inner in wrap(function() for i in wrap(function() yield(depth()) yield(depth()) end) do yield(i * 10 + depth()) end end) do\n"
                    "    order[#order + 1] = inner + depth() end\n"
                    "assert(table.concat(order, ' ') == '21 21')\n"
                    /* below a C function that calls it, a loop is another one */
                    "table.sort({2, 1}, function(a, b) assert(depth() == -1) assert(wrap(depth)() == 0) return a < b end)\n"
                    "return depth() == 0");
    lua_close(L);
}

TEST(errors_and_yields_pass_several_threads) {
    lua_State *L = open_state();
    lua_register(L, "depth", depth_now);
    expect_chunk(L, "local wrap, yield = coroutine.wrap, coroutine.yield\n"
                    "local function three(f, ...) return wrap(function(...) return wrap(function(...) return wrap(f)(...) end)(...) end)(...) end\n"
                    "local ok, message = pcall(three, function() assert(depth() == 3) error('deep', 0) end)\n"
                    "assert(not ok and message:match('deep$') and depth() == 0)\n"
                    "local inner = wrap(function() local ok, message = pcall(three, error, 'x', 0) yield(message:sub(-1) .. depth())\n"
                    "    return select(2, pcall(three, function() yield(setmetatable({}, {__index = function() return yield(depth()) end}).x) error({}) end)) end)\n"
                    "assert(inner() == 'x1' and type(inner()) == 'number' and depth() == 0)\n"
                    /* a yield that has to leave a C function ends the loop, and the next one goes on with the resumer */
                    "local from_close = wrap(function() do local c <close> = setmetatable({}, {__close = function() yield(depth()) yield(2) end}) end return depth() end)\n"
                    "assert(from_close() == -1 and depth() == 0 and from_close() == 2 and from_close() == 1 and depth() == 0)\n"
                    "local co = coroutine.create(function() local ok, message = pcall(function() local c <close> = setmetatable({}, {__close = function(_, e)\n"
                    "    yield(e) error(e .. '2', 0) end}) error('1', 0) end) yield(message, depth()) error('3', 0) end)\n"
                    "local function next(...) local a, b, c = coroutine.resume(co) return tostring(a) .. tostring(b) .. tostring(c) end\n"
                    "assert(next() == 'true1nil' and next() == 'true121' and next() == 'false3nil' and coroutine.status(co) == 'dead')\n"
                    "return depth() == 0");
    lua_close(L);
}

UNIT_MAIN
