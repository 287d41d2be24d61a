-- Basic functions (manual 6.1). Silent on success.

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

eq(_VERSION, "Lua 5.4")
eq(_G._G, _G)

-- assert
do
  local a, b, c = assert(1, "two", nil)
  eq(a, 1); eq(b, "two"); eq(c, nil)
  eq(select("#", assert(1, nil, nil)), 3)
  fails("assertion failed!", assert, false)
  fails("my text", assert, nil, "my text")
  fails("bad argument #1 to 'assert' (value expected)", assert)
  local object = {}
  local ok, caught = pcall(assert, false, object)
  eq(ok, false); eq(caught, object)
  ok, caught = pcall(assert, false, nil)
  eq(ok, false); eq(caught, nil)
  ok, caught = pcall(assert, false, 12)
  eq(caught, 12)
end

-- error: positions and levels
do
  local line = debug.getinfo(1, "l").currentline
  local function at(level) error("x", level) end -- line + 1
  local _, message = pcall(function() at(1) end)
  assert(string.find(message, "base.lua:" .. line + 1 .. ": x$"), message)
  _, message = pcall(function() at(2); local _ end) -- line + 4
  assert(string.find(message, "base.lua:" .. line + 4 .. ": x$"), message)
  _, message = pcall(at, 0)
  eq(message, "x")
  _, message = pcall(error)
  eq(message, nil)
  local object = setmetatable({}, {})
  _, message = pcall(error, object, 1)
  eq(message, object)
  _, message = pcall(error, 42)
  eq(message, 42)
  fails("number expected, got string", error, "x", "y")
end

-- pcall, xpcall
do
  eq(select("#", pcall(function() return 1, nil, 3, nil end)), 5)
  eq(pcall(pcall), false)
  local ok, inner, message = pcall(pcall, error, "e")
  eq(ok, true); eq(inner, false); eq(message, "e")
  fails("bad argument #1 to 'pcall' (value expected)", pcall)
  fails("bad argument #2 to 'xpcall' (function expected, got no value)", xpcall, print)
  local a, b, c = xpcall(function(...) return select("#", ...), ... end, print, "p", nil)
  eq(a, true); eq(b, 2); eq(c, "p")
  ok, message = xpcall(error, function(m) return "<" .. m .. ">" end, "m")
  eq(ok, false); eq(message, "<m>")
  ok, message = xpcall(function() local x = nil; return x.y end, debug.traceback)
  assert(not ok and string.find(message, "stack traceback:\n", 1, true), message)
  -- handlers that fail do not loop for ever
  ok, message = xpcall(error, function() error("again") end)
  eq(ok, false)
  -- calling something that cannot be called
  ok, message = pcall(42)
  assert(not ok and string.find(message, "attempt to call a number value", 1, true), message)
  -- protected calls nest deeply and unwind through all levels
  local function nest(n) if n == 0 then error("deep") end local s, m = pcall(nest, n - 1); error(m, 0) end
  ok, message = pcall(nest, 150)
  assert(not ok and string.find(message, "deep", 1, true))
  -- yields cross pcall and xpcall
  local co = coroutine.wrap(function()
    local s, v = pcall(function() local x = coroutine.yield(1); error("err" .. x, 0) end)
    local t, w = xpcall(function() return coroutine.yield(v) end, print)
    return s, t, w
  end)
  eq(co(), 1); eq(co("A"), "errA")
  local s, t, w = co("B")
  eq(s, false); eq(t, true); eq(w, "B")
end

-- tonumber
do
  eq(tonumber(3), 3); eq(tonumber(3.5), 3.5)
  eq(tonumber("10"), 10); eq(tonumber("  0x1F  "), 31); eq(tonumber("1e1"), 10.0)
  eq(tonumber("1e"), nil); eq(tonumber(""), nil); eq(tonumber("0x"), nil); eq(tonumber("1 2"), nil)
  eq(tonumber("1\0"), nil); eq(tonumber({}), nil); eq(tonumber(nil), nil); eq(tonumber(true), nil)
  eq(tonumber("9223372036854775808"), 9223372036854775808.0)
  eq(tonumber("0xffffffffffffffff"), -1)
  eq(tonumber("7fffffffffffffff", 16), math.maxinteger)
  eq(tonumber("ffffffffffffffff", 16), -1)
  eq(tonumber(" -zZ ", 36), -35 * 36 - 35)
  eq(tonumber("+11", 2), 3)
  eq(tonumber("12", 2), nil); eq(tonumber("", 10), nil); eq(tonumber("-", 10), nil)
  eq(tonumber("1.0", 10), nil); eq(tonumber("8", 8), nil); eq(tonumber("1 1", 10), nil)
  eq(tonumber("\t10\n", 10), 10)
  fails("bad argument #2 to 'tonumber' (base out of range)", tonumber, "1", 1)
  fails("bad argument #2 to 'tonumber' (base out of range)", tonumber, "1", 37)
  fails("bad argument #1 to 'tonumber' (string expected, got number)", tonumber, 1, 10)
  fails("bad argument #1 to 'tonumber' (value expected)", tonumber)
end

-- tostring, type
do
  eq(tostring(nil), "nil"); eq(tostring(false), "false"); eq(tostring(1), "1"); eq(tostring(1.0), "1.0")
  eq(tostring(-0.0), "-0.0"); eq(tostring(1e15), "1e+15"); eq(tostring(2^63), "9.2233720368548e+18")
  eq(tostring(math.huge), "inf"); eq(tostring("s"), "s")
  assert(string.find(tostring({}), "^table: "))
  assert(string.find(tostring(print), "^function: "))
  eq(tostring(setmetatable({}, {__tostring = function() return "mine" end})), "mine")
  assert(string.find(tostring(setmetatable({}, {__name = "Kind"})), "^Kind: "))
  fails("'__tostring' must return a string", tostring, setmetatable({}, {__tostring = function() return {} end}))
  fails("value expected", tostring)
  eq(type(nil), "nil"); eq(type(type), "function"); eq(type(io.stdout), "userdata")
  eq(type(coroutine.create(print)), "thread")
  fails("bad argument #1 to 'type' (value expected)", type)
end

-- metatables
do
  local meta = {}
  local t = setmetatable({}, meta)
  eq(getmetatable(t), meta)
  eq(setmetatable(t, nil), t)
  eq(getmetatable(t), nil)
  meta.__metatable = "locked"
  setmetatable(t, meta)
  eq(getmetatable(t), "locked")
  fails("cannot change a protected metatable", setmetatable, t, {})
  meta.__metatable = false
  eq(getmetatable(t), false)
  fails("bad argument #2 to 'setmetatable' (nil or table expected", setmetatable, {}, 1)
  fails("nil or table expected", setmetatable, {})
  fails("bad argument #1 to 'setmetatable' (table expected, got number)", setmetatable, 1, {})
  eq(getmetatable("").__index, string)
  fails("value expected", getmetatable)
end

-- raw access
do
  local trap = setmetatable({}, {__index = error, __newindex = error, __len = error, __eq = error})
  eq(rawget(trap, "x"), nil)
  eq(rawset(trap, "x", 1), trap)
  eq(rawget(trap, "x"), 1)
  eq(rawlen(trap), 0); eq(rawlen({1, 2}), 2); eq(rawlen("abc"), 3)
  eq(rawequal(trap, setmetatable({}, getmetatable(trap))), false)
  eq(rawequal(1, 1.0), true); eq(rawequal("1", 1), false)
  fails("bad argument #1 to 'rawlen' (table or string expected", rawlen, 5)
  fails("bad argument #2 to 'rawget' (value expected)", rawget, {})
  fails("bad argument #3 to 'rawset' (value expected)", rawset, {}, 1)
  fails("table expected, got nil", rawget, nil, 1)
  fails("index is nil", rawset, {}, nil, 1)
  fails("index is NaN", rawset, {}, 0/0, 1)
end

-- next, pairs, ipairs
do
  eq(next({}), nil)
  local k, v = next({[7] = "seven"})
  eq(k, 7); eq(v, "seven")
  eq(next({7}, 1), nil)
  fails("table expected, got no value", next)
  local seen = 0
  for key, value in pairs({1, 2, 3, x = 4, y = 5}) do seen = seen + value end
  eq(seen, 15)
  local t = {a = 1, b = 2, c = 3}
  for key in pairs(t) do t[key] = nil end -- removing while walking is allowed
  eq(next(t), nil)
  local f, s, c, extra = pairs(setmetatable({}, {__pairs = function(x) return 1, 2, 3, 4 end}))
  eq(f, 1); eq(s, 2); eq(c, 3); eq(extra, nil)
  fails("bad argument #1 to 'pairs' (value expected)", pairs)
  local list = {}
  for i, value in ipairs({10, 20, nil, 40}) do list[#list + 1] = i * value end
  eq(#list, 2); eq(list[2], 40)
  local proxy = setmetatable({}, {__index = function(_, i) if i <= 3 then return i * i end end})
  local sum = 0
  for _, value in ipairs(proxy) do sum = sum + value end
  eq(sum, 14)
  local co = coroutine.wrap(function()
    for i, value in pairs(setmetatable({}, {__pairs = function() return coroutine.yield() end})) do return value end
  end)
  co()
  eq(co(function() return 1, "through a yield" end), "through a yield")
end

-- select
do
  eq(select("#"), 0); eq(select("#", nil, nil), 2)
  eq(select(2, "a", "b", "c"), "b"); eq(select(-1, "a", "b", "c"), "c")
  eq(select("#", select(3, "a", "b")), 0); eq(select("#", select(9, "a", "b")), 0)
  eq(select("2", "a", "b"), "b")
  fails("bad argument #1 to 'select' (index out of range)", select, 0)
  fails("bad argument #1 to 'select' (index out of range)", select, -3, "a", "b")
end

-- load
do
  eq(load("return 1 + 1")(), 2)
  local pieces, at = {"return ", "", "3", " + 4"}, 0
  eq(load(function() at = at + 1; return pieces[at] end)(), nil, "an empty piece ends the chunk")
  pieces, at = {"return ", "3", " + 4"}, 0
  local chunk = assert(load(function() at = at + 1; return pieces[at] end))
  eq(chunk(), 7)
  local env = {x = 5}
  eq(load("return x", "chunk", "t", env)(), 5)
  eq(load("return x == nil, ...", "chunk", "t", {})(1), true)
  eq(load("return _ENV", "chunk", "t", nil)(), nil)
  local f, message = load("x =")
  eq(f, nil); eq(message, '[string "x ="]:1: unexpected symbol near <eof>')
  f, message = load("x = = 1", "@file.lua")
  eq(message, "file.lua:1: unexpected symbol near '='")
  f, message = load("x = = 1", "=here")
  eq(message, "here:1: unexpected symbol near '='")
  f, message = load("return 1", "c", "b")
  eq(message, "attempt to load a text chunk (mode is 'b')")
  local binary = string.dump(function() return 99 end)
  eq(load(binary, "c", "b")(), 99)
  f, message = load(binary, "c", "t")
  eq(message, "attempt to load a binary chunk (mode is 't')")
  f, message = load(function() error("in the reader", 0) end)
  eq(f, nil); assert(string.find(message, "^in the reader"), message)
  f, message = load(function() return {} end)
  eq(f, nil); assert(string.find(message, "reader function must return a string", 1, true), message)
  fails("bad argument #1 to 'load' (function expected, got no value)", load)
  -- a reader may collect and be called many times
  local n = 0
  chunk = assert(load(function()
    n = n + 1
    if n % 100 == 0 then collectgarbage() end
    if n <= 1000 then return "local x" .. n .. " = " .. n .. "; do local y = x" .. n .. " end " ..
      (n % 150 == 0 and " goto l" .. n .. " ::l" .. n .. "::" or "") end
  end, "=many") or true)
  -- (too many locals for one function: an error, cleanly reported)
  if chunk == true then
    n = 0
    f, message = load(function() n = n + 1; if n <= 1000 then return "local x" .. n .. "; " end end)
    assert(string.find(message, "too many local variables", 1, true), message)
  end
end

-- loadfile, dofile
do
  local name = os.tmpname()
  local function write(text) local f = assert(io.open(name, "wb")); f:write(text); f:close() end
  write("#! first line\nreturn ..., x")
  local f = assert(loadfile(name, "t", {x = "env"}))
  local a, b = f("arg")
  eq(a, "arg"); eq(b, "env")
  write("return 1, 2, 3")
  eq(select("#", dofile(name)), 3)
  write("\xEF\xBB\xBFreturn 'bom'")
  eq(dofile(name), "bom")
  write("x = = 1")
  local chunk, message = loadfile(name)
  eq(chunk, nil); assert(string.find(message, ":1: unexpected symbol near '='", 1, true), message)
  fails("unexpected symbol near '='", dofile, name)
  write("#comment\n" .. string.dump(function() return "binary" end))
  eq(dofile(name), "binary")
  chunk, message = loadfile(name, "t")
  assert(string.find(message, "attempt to load a binary chunk", 1, true), message)
  os.remove(name)
  chunk, message = loadfile(name)
  eq(chunk, nil); assert(string.find(message, "cannot open", 1, true), message)
  fails("cannot open", dofile, name)
  chunk, message = loadfile("/")
  eq(chunk, nil); assert(string.find(message, "cannot read", 1, true), message)
end

-- collectgarbage
do
  eq(collectgarbage(), 0)
  eq(collectgarbage("collect"), 0)
  local kib = collectgarbage("count")
  assert(math.type(kib) == "float" and kib > 1)
  eq(collectgarbage("isrunning"), true)
  eq(collectgarbage("stop"), 0)
  eq(collectgarbage("isrunning"), false)
  eq(collectgarbage("restart"), 0)
  eq(collectgarbage("isrunning"), true)
  local first = collectgarbage("incremental")
  repeat local finished = collectgarbage("step", 100) until finished == true
  assert(first == "incremental" or first == "generational", first)
  eq(collectgarbage("generational"), "incremental")
  eq(collectgarbage("generational", 20, 100), "generational")
  eq(collectgarbage("incremental", 200, 100, 13), "generational")
  local pause = collectgarbage("setpause", 160)
  eq(collectgarbage("setpause", pause), 160)
  local mul = collectgarbage("setstepmul", 300)
  eq(collectgarbage("setstepmul", mul), 300)
  collectgarbage(first)
  fails("bad argument #1 to 'collectgarbage' (invalid option 'sweep')", collectgarbage, "sweep")
  fails("string expected, got table", collectgarbage, {})
  local garbage = string.rep("x", 1 << 20)
  local before = collectgarbage("count")
  garbage = nil
  collectgarbage()
  assert(before - collectgarbage("count") > 1000, "a dead string of 1 MiB goes")
end

-- warn: arguments are checked before anything is emitted
do
  fails("string expected, got no value", warn)
  fails("bad argument #2 to 'warn' (string expected, got table)", warn, "not shown", {})
  warn("@off")
  warn("not", " ", "shown")
end

-- print uses __tostring and __name and writes nothing but text: see tests/cli
fails("'__tostring' must return a string", print, setmetatable({}, {__tostring = function() end}))
