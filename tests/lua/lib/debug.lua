-- The debug library (manual 6.10). Silent on success.

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

local function here() return debug.getinfo(2, "l").currentline end

-- getinfo
do
  local function subject(a, b, ...) local c = a; return debug.getinfo(1), c, subject end
  local info = subject(1)
  eq(info.name, "subject"); eq(info.namewhat, "local"); eq(info.what, "Lua"); eq(info.func, subject)
  eq(info.nparams, 2); eq(info.isvararg, true); eq(info.istailcall, false); eq(info.activelines, nil)
  eq(info.currentline, info.linedefined); eq(info.linedefined, info.lastlinedefined)
  assert(string.find(info.source, "^@.*debug%.lua$")); assert(string.find(info.short_src, "debug%.lua$"))
  info = debug.getinfo(print)
  eq(info.what, "C"); eq(info.short_src, "[C]"); eq(info.source, "=[C]"); eq(info.currentline, -1); eq(info.linedefined, -1)
  eq(info.func, print); eq(info.name, nil); eq(info.namewhat, "")
  info = debug.getinfo(1, "S")
  eq(info.what, "main"); eq(info.func, nil); eq(info.linedefined, 0)
  info = debug.getinfo(subject, "L")
  eq(info.activelines[debug.getinfo(subject, "S").linedefined], true); eq(info.source, nil)
  eq(debug.getinfo(print, "L").activelines, nil)
  info = debug.getinfo(1, "fL")
  eq(type(info.func), "function"); eq(type(info.activelines), "table")
  info = debug.getinfo(function() return check, eq end, "u")
  eq(info.nups, 2); eq(info.nparams, 0); eq(info.isvararg, false)
  eq(debug.getinfo(1, "l").currentline, here())
  eq(debug.getinfo(1000), nil); eq(debug.getinfo(-1), nil)
  local function tail() return debug.getinfo(1, "t").istailcall end
  eq((function() return tail() end)(), true)
  fails("bad argument #2 to 'debug.getinfo' (invalid option)", debug.getinfo, 1, "X")
  fails("bad argument #2 to 'debug.getinfo' (invalid option '>')", debug.getinfo, 1, ">S")
  fails("number expected, got string", debug.getinfo, "x")
  local t = setmetatable({}, {__index = function(_, k) return debug.getinfo(1, "n") end})
  info = t.x
  eq(info.name, "index"); eq(info.namewhat, "metamethod")
end

-- getlocal, setlocal
do
  local function probe(a, b)
    local c = 3
    check.list(table.pack(debug.getlocal(1, 1)), "a", a)
    check.list(table.pack(debug.getlocal(1, 3)), "c", 3)
    eq(debug.setlocal(1, 3, "new"), "c"); eq(c, "new")
    eq(debug.setlocal(1, 1, "A"), "a"); eq(a, "A")
    do local d = 4; check.list(table.pack(debug.getlocal(1, 4)), "d", 4) end
    eq(debug.getlocal(1, 100), nil); eq(debug.setlocal(1, 100, 1), nil)
  end
  probe(1, 2)
  eq(debug.getlocal(probe, 1), "a"); eq(debug.getlocal(probe, 2), "b"); eq(debug.getlocal(probe, 3), nil)
  eq(debug.getlocal(print, 1), nil)
  local function varargs(x, ...)
    check.list(table.pack(debug.getlocal(1, -1)), "(vararg)", "v1")
    check.list(table.pack(debug.getlocal(1, -2)), "(vararg)", nil)
    eq(debug.getlocal(1, -3), nil)
    eq(debug.setlocal(1, -2, "set"), "(vararg)")
    return ...
  end
  check.list(table.pack(varargs(0, "v1", nil)), "v1", "set")
  fails("bad argument #1 to 'debug.getlocal' (level out of range)", debug.getlocal, 1000, 1)
  fails("bad argument #1 to 'debug.setlocal' (level out of range)", debug.setlocal, 1000, 1, 1)
  fails("number expected, got no value", debug.getlocal, 1)
  -- of another coroutine
  local co = coroutine.create(function(x) local y = x + 1; coroutine.yield(); return x, y end)
  coroutine.resume(co, 10)
  check.list(table.pack(debug.getlocal(co, 1, 1)), "x", 10)
  check.list(table.pack(debug.getlocal(co, 1, 2)), "y", 11)
  eq(debug.setlocal(co, 1, 2, "changed"), "y")
  check.list(table.pack(coroutine.resume(co)), true, 10, "changed")
end

-- upvalues
do
  local a, b = 1, 2
  local function f() return a, b end
  local function g() return b end
  check.list(table.pack(debug.getupvalue(f, 1)), "a", 1)
  check.list(table.pack(debug.getupvalue(f, 2)), "b", 2)
  eq(select("#", debug.getupvalue(f, 3)), 0); eq(select("#", debug.getupvalue(f, 0)), 0)
  eq(debug.setupvalue(f, 2, "B"), "b"); eq(b, "B"); eq(g(), "B")
  eq(select("#", debug.setupvalue(f, 3, 1)), 0)
  eq(debug.getupvalue(string.gmatch("x", "x"), 1), "")
  assert(debug.upvalueid(f, 2) == debug.upvalueid(g, 1)); assert(debug.upvalueid(f, 1) ~= debug.upvalueid(f, 2))
  eq(type(debug.upvalueid(f, 1)), "userdata"); eq(debug.upvalueid(f, 3), nil)
  local function counter() local n = 0; return function() n = n + 1; return n end end
  local c1, c2 = counter(), counter()
  eq(c1(), 1); eq(c2(), 1)
  debug.upvaluejoin(c1, 1, c2, 1)
  eq(c1(), 2); eq(c2(), 3); eq(debug.upvalueid(c1, 1), debug.upvalueid(c2, 1))
  fails("bad argument #2 to 'debug.upvaluejoin' (invalid upvalue index)", debug.upvaluejoin, c1, 5, c2, 1)
  fails("bad argument #4 to 'debug.upvaluejoin' (invalid upvalue index)", debug.upvaluejoin, c1, 1, c2, 5)
  fails("(Lua function expected)", debug.upvaluejoin, string.gmatch("x", "x"), 1, c2, 1)
  fails("function expected, got table", debug.getupvalue, {}, 1)
end

-- metatables and user values
do
  local meta = {__metatable = "hidden"}
  local t = setmetatable({}, meta)
  eq(debug.getmetatable(t), meta); eq(debug.setmetatable(t, nil), t); eq(debug.getmetatable(t), nil)
  eq(debug.getmetatable(10), nil)
  debug.setmetatable(10, {__index = {half = function(n) return n / 2 end}})
  eq((10):half(), 5.0)
  debug.setmetatable(10, nil)
  debug.setmetatable(nil, {__index = function() return "nil's" end})
  eq((nil).x, "nil's")
  debug.setmetatable(nil, nil)
  fails("bad argument #2 to 'debug.setmetatable' (nil or table expected", debug.setmetatable, {}, 1)
  local f = io.stdout
  check.list(table.pack(debug.getuservalue(f, 1)), nil)
  check.list(table.pack(debug.getuservalue(f, -1)), nil)
  check.list(table.pack(debug.getuservalue(5)), nil)
  eq(debug.setuservalue(f, 1), nil)
  fails("userdata expected, got table", debug.setuservalue, {}, 1)
  eq(debug.getregistry()[2], _G); eq(debug.getregistry()._LOADED, package.loaded)
end

-- traceback
do
  local text = debug.traceback("message")
  assert(string.find(text, "^message\nstack traceback:\n\t[^\n]*debug%.lua:" .. here() - 1 .. ": in main chunk"), text)
  assert(string.find(debug.traceback(), "^stack traceback:\n"))
  assert(string.find(debug.traceback(nil, 1), "^stack traceback:\n"))
  assert(string.find(debug.traceback("m", 0), "'debug.traceback'", 1, true))
  local object = {}
  eq(debug.traceback(object), object); eq(debug.traceback(true), true)
  eq(debug.traceback(12, 1000), "12\nstack traceback:")
  local function named() return (debug.traceback("x")) end
  assert(string.find(named(), "in upvalue 'named'", 1, true) or string.find(named(), "in local 'named'", 1, true))
  local co = coroutine.create(function() local function inner() coroutine.yield() end inner() end)
  eq(debug.traceback(co), "stack traceback:")
  coroutine.resume(co)
  text = debug.traceback(co, "co")
  assert(string.find(text, "^co\nstack traceback:\n\t%[C%]: in function 'coroutine.yield'\n\t.-in local 'inner'"), text)
  assert(not string.find(debug.traceback(co, "co", 1), "yield", 1, true))
  local function deep(n) if n == 0 then return debug.traceback("deep") end return (deep(n - 1)) end
  text = deep(100)
  assert(string.find(text, "\n\t...\t(skipping ", 1, true))
  local _, lines = string.gsub(text, "\n", "\n")
  eq(lines, 23)
end

-- hooks
do
  eq(debug.gethook(), nil)
  local events = {}
  local function note(event, line) events[#events + 1] = line and event .. line or event end
  local function reset() local r = table.concat(events, " "); events = {}; return r end
  local first = here() + 2
  debug.sethook(note, "l")
  local x = 1
  x = x + 1
  debug.sethook()
  eq(reset(), string.format("line%d line%d line%d", first, first + 1, first + 2))
  local f, mask, count
  debug.sethook(note, "crl", 5)
  f, mask, count = debug.gethook()
  debug.sethook()
  eq(f, note); eq(mask, "crl"); eq(count, 5)
  eq(debug.gethook(), nil)
  reset()
  local function callee() end
  local function tail() return callee() end
  debug.sethook(note, "cr")
  callee()
  tail()
  debug.sethook()
  eq(reset(), "return call return call tail call return call")
  local n = 0
  debug.sethook(function(event) eq(event, "count"); n = n + 1 end, "", 10)
  for i = 1, 1000 do end
  debug.sethook()
  assert(n >= 90 and n < 1000, n)
  -- a hook may raise an error, which goes to the hooked code
  local ok, message = pcall(function()
    debug.sethook(function() debug.sethook(); error("from the hook", 0) end, "", 1)
    local y = 0
    for i = 1, 100 do y = y + i end
  end)
  eq(ok, false); eq(message, "from the hook"); eq(debug.gethook(), nil)
  -- every coroutine has a hook of its own
  local co = coroutine.create(function() local z = 1; coroutine.yield(); z = 2 end)
  debug.sethook(co, note, "l")
  eq(debug.gethook(), nil); eq((debug.gethook(co)), note)
  reset()
  coroutine.resume(co); coroutine.resume(co)
  assert(string.find(reset(), "^line%d+"))
  debug.sethook(co)
  eq(debug.gethook(co), nil)
  fails("function expected, got number", debug.sethook, 1, "l")
  fails("string expected, got no value", debug.sethook, print)
  -- ftransfer, ntransfer
  local moved
  debug.sethook(function(event)
    local info = debug.getinfo(2, "rf")
    if info.func == math.max then
      moved = moved or {}
      for i = info.ftransfer, info.ftransfer + info.ntransfer - 1 do
        moved[#moved + 1] = select(2, debug.getlocal(2, i))
      end
    end
  end, "cr")
  math.max(4, 9, 2)
  debug.sethook()
  eq(table.concat(moved, " "), "4 9 2 9")
end

eq(math.type(debug.setcstacklimit(200)), "integer")
