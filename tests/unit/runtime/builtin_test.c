/* Tests of runtime/builtin.c: what the interpreter does itself and what the library's C functions do is the same. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/builtin.h"

/* Calls its first argument from C, so that the C function itself runs. */
static int call_from_c(lua_State *L) {
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* Every function with every choice of up to three arguments, as call, with a fixed number of results, in tail position. */
static const char compare[] =
    "local by_c = ...\n"
    "local meta = {__len = function() return 2 end, __index = function() return 7 end, __pairs = next}\n"
    "local function tables()\n"
    "    return {10, 20, 30}, {}, {x = 1}, setmetatable({1, 2}, meta), setmetatable({4}, {__metatable = 'locked'}) end\n"
    "local values = {0, 1, 2, -1, 3, 200, -300, 256, math.mininteger, math.maxinteger, 0.5, -0.5, 2.0, -3.0, 1e300,\n"
    "    0/0, -0.0, math.huge, '', 'a', 'abCDef\\0\\xe4', '0x10', '12.5 ', '#', ('long'):rep(20), true, false}\n"
    "local functions = {assert, ipairs, pairs, rawequal, rawget, rawlen, select, setmetatable, tonumber, tostring, type,\n"
    "    math.abs, math.ceil, math.cos, math.exp, math.floor, math.fmod, math.max, math.min, math.sin, math.sqrt,\n"
    "    math.tointeger, string.byte, string.char, string.len, string.lower, string.sub, string.upper, table.insert, table.remove, table.unpack}\n"
    "local function show(v)\n"
    "    if type(v) == 'table' then local t = {} for k, w in next, v do t[#t + 1] = show(k) .. '=' .. show(w) end return '{' .. table.concat(t, ',') .. '}' end\n"
    "    if v ~= v then return 'nan' end\n"
    "    return (math.type(v) or type(v)) .. ':' .. ((type(v) == 'string' and v or string.format('%s', v)):gsub('0x%x+$', '')) end\n"
    "local function row(...) local t = {} for i = 1, select('#', ...) do t[i] = show((select(i, ...))) end return #t .. ':' .. table.concat(t, ' ') end\n"
    "local n = 0\n"
    "local function tail(f, ...) return f(...) end\n"
    "local function fixed(f, ...) local a, b, c, d = f(...) return a, b, c, d end\n"
    "local function first(a, b, c, d) return a, b, c, d end\n"
    "local function check(f, make)\n"
    "    local good, want = pcall(function() return row(by_c(f, make())) .. row(make()) end)\n"
    "    local fine, got = pcall(function() return row(f(make())) .. row(make()) end)\n"
    "    if good ~= fine or good and want ~= got then error(got .. ' instead of ' .. want) end\n"
    "    if good then\n"
    "        local plain = row(by_c(f, make()))\n"
    "        if row(tail(f, make())) ~= plain then error('tail call: ' .. plain) end\n"
    "        if row(fixed(f, make())) ~= row(first(by_c(f, make()))) then error('fixed: ' .. plain) end\n"
    "    end\n"
    "    n = n + 1\n"
    "end\n"
    "for _, f in next, functions do\n"
    "    check(f, function() end)\n"
    "    for i, a in next, values do\n"
    "        check(f, function() return a end)\n"
    "        for j, b in next, values do\n"
    "            check(f, function() return a, b end)\n"
    "            if i % 3 == 0 then for _, c in next, {1, 2, -2, 2.0, 'z'} do check(f, function() return a, b, c end) end end\n"
    "        end\n"
    "    end\n"
    "    for i = 1, 5 do\n"
    "        check(f, function() return (select(i, tables())) end)\n"
    "        for _, b in next, values do\n"
    "            check(f, function() local t = select(i, tables()) return t, b, nil end)\n"
    "            check(f, function() return (select(i, tables())), b end)\n"
    "        end\n"
    "        check(f, function() local t = select(i, tables()) return t, {} end)\n"
    "    end\n"
    "end\n"
    "local changed = {1, 2, 3}\n"
    "table.insert(changed, 'x') table.insert(changed, nil) assert(#changed == 4 and changed[4] == 'x')\n"
    "assert(table.remove(changed) == 'x' and #changed == 3 and changed[4] == nil)\n"
    "local t, mt = {}, {__index = {k = 5}}\n"
    "assert(setmetatable(t, mt) == t and t.k == 5 and getmetatable(t) == mt)\n"
    "local seen, calls = 0, 0\n"
    "debug.sethook(function() calls = calls + 1 end, 'c') math.floor(2.5) debug.sethook()\n"
    "assert(calls == 2)\n"
    "return n";

TEST(the_plain_cases_are_those_of_the_library) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    EXPECT_STR(luaL_loadstring(L, compare) == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    lua_pushcfunction(L, call_from_c);
    EXPECT_STR(lua_pcall(L, 1, 1, 0) == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    EXPECT_TRUE(lua_tointeger(L, -1) > 20000);
    lua_close(L);
}

static int own_floor(lua_State *L) {
    lua_pushinteger(L, 99);
    return 1;
}
static int other(lua_State *L) { return own_floor(L); }

TEST(only_what_was_announced_is_done) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    lua_register(L, "floor", own_floor);
    EXPECT_EQ(luaL_dostring(L, "return floor(2.5)"), LUA_OK);
    EXPECT_EQ(lua_tointeger(L, -1), 99);
    neap_setbuiltin(L, "math", "no such function", own_floor);
    EXPECT_TRUE(np_builtin_find(L->global, own_floor) == NULL);
    neap_setbuiltin(L, "math", "floor", own_floor);
    EXPECT_EQ(luaL_dostring(L, "return floor(2.5)"), LUA_OK);
    EXPECT_EQ(lua_tointeger(L, -1), 2);
    neap_setbuiltin(L, "math", "floor", other); /* the last word counts */
    lua_register(L, "floor", other);
    EXPECT_EQ(luaL_dostring(L, "return floor(3.5)"), LUA_OK);
    EXPECT_EQ(lua_tointeger(L, -1), 3);
    lua_close(L);
}

UNIT_MAIN
