-- helper: the debug library, and what programs can see of names, lines and hooks. Printed by neap and by lua5.4 alike.
local function show(value)
  local kind = type(value)
  if kind == "string" then return ("%q"):format(value) end
  if kind == "table" or kind == "function" or kind == "userdata" or kind == "thread" then return kind end
  return tostring(value)
end
local function say(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = show(parts[i]) end
  print(table.concat(parts, " ", 1, parts.n))
end

-- ---- getinfo ----
local FIELDS = { "source", "short_src", "what", "currentline", "linedefined", "lastlinedefined", "nups", "nparams", "isvararg",
  "name", "namewhat", "istailcall", "ftransfer", "ntransfer", "func", "activelines" }
local function info(title, ...)
  local t = debug.getinfo(...)
  if not t then return print(title, t) end
  local parts = {}
  for _, field in ipairs(FIELDS) do
    if t[field] ~= nil then parts[#parts + 1] = field .. "=" .. show(t[field]) end
  end
  if t.activelines then
    local lines = {}
    for line in pairs(t.activelines) do lines[#lines + 1] = line end
    table.sort(lines)
    parts[#parts + 1] = "lines=" .. table.concat(lines, ",")
  end
  print(title, table.concat(parts, " "))
end
local up1, up2 = 1, 2
local function plain(a, b) return a + up1, b + up2 end
local function vararg(a, ...)
  local x = ...

  return x, a
end
local function empty() end
for _, f in ipairs { plain, vararg, empty, print, string.rep, load "return 1", load("\n\nlocal x = 1\n\nreturn x", "=named"),
    load("x = 1", "@file.lua"), load("x = 1", "line one\nline two"), load("x = 1", ("long "):rep(40)),
    load("x = 1", "=" .. ("name "):rep(40)), load("x = 1", "@" .. ("path/"):rep(40)), load("", "") } do
  for _, options in ipairs { "S", "l", "u", "n", "t", "r", "f", "L", "SlutnrfL" } do info(options, f, options) end
end
for level = 0, 6 do info("level " .. level, level, "nSlutr") end
for _, bad in ipairs { ">S", "X", "S>", "", "SX", "ff" } do say(bad, pcall(debug.getinfo, 1, bad)) end
say(pcall(debug.getinfo, "x"))
say(pcall(debug.getinfo, 1.5))
say(pcall(debug.getinfo))
say(debug.getinfo(-1), debug.getinfo(100))

-- ---- names of what is called, and how ----
local object = setmetatable({}, {
  __index = function(_, k) info("__index", 1, "n") return k end,
  __newindex = function() info("__newindex", 1, "n") end,
  __add = function() info("__add", 1, "n") return 1 end,
  __unm = function() info("__unm", 1, "n") return 1 end,
  __concat = function() info("__concat", 1, "n") return "" end,
  __len = function() info("__len", 1, "n") return 1 end,
  __eq = function() info("__eq", 1, "n") return true end,
  __lt = function() info("__lt", 1, "n") return true end,
  __le = function() info("__le", 1, "n") return true end,
  __call = function() info("__call", 1, "nt") return true end,
  __band = function() info("__band", 1, "n") return 1 end,
  __shl = function() info("__shl", 1, "n") return 1 end,
  __idiv = function() info("__idiv", 1, "n") return 1 end,
  __close = function() info("__close", 1, "n") end,
  __gc = function() info("__gc", 1, "n") end,
})
local other = setmetatable({}, getmetatable(object))
local _ = object.field
object.field = 1
_ = object + 1, -object, object .. "x", "x" .. object, #object, object == other, object < other, object <= 1, object & 1
_ = object << 1, object // 2, 1 + object
object(1)
do local closed <close> = object end
function global_function() info("global", 1, "nt") end
local t = { method = global_function, [1] = global_function }
global_function()
t.method()
t:method()
t[1]()
local alias = global_function
alias();
(function() info("anonymous", 1, "nt") end)()
local function tail() return global_function() end
tail()
for _ in function(_, c) info("iterator", 1, "n") return nil end do end
table.sort({ 1, 2 }, function(a, b) info("sort", 1, "n") return a < b end)
pcall(function() info("pcall", 1, "nt") end)
string.gsub("x", "x", function() info("gsub", 1, "n") end)
coroutine.wrap(function() info("wrap", 1, "nt") info("wrap 2", 2, "n") end)()
xpcall(error, function() info("handler", 1, "nt") info("handler 2", 2, "nS") end, "x")

-- ---- getlocal, setlocal ----
local function locals(level)
  local i = 1
  while true do
    local name, value = debug.getlocal(level + 1, i)
    if not name then break end
    if name:sub(1, 1) ~= "(" or name == "(vararg)" or name == "(for state)" then say(i, name, value) end
    i = i + 1
  end
  for n = -1, -10, -1 do
    local name, value = debug.getlocal(level + 1, n)
    if not name then break end
    say(n, name, value)
  end
end
local function many(a, b, ...)
  local c <const> = 10 -- no register
  local d <const> = {}
  for i = 1, 1 do
    local inside = i
    for k, v in pairs { 5 } do locals(1) end
  end
  do local gone = 1 end
  local late
  locals(1)
  local after = 5
  return after
end
many(1, 2, 3, nil, "x")
many()
local function sets(a, ...)
  say(debug.setlocal(1, 1, "new a"), debug.setlocal(1, -1, "new vararg"), debug.setlocal(1, -5, "none"), debug.setlocal(1, 50, 1))
  local b = 1
  say(debug.setlocal(1, 2, "new b"))
  return a, b, ...
end
say(sets(1, 2, 3))
say(debug.getlocal(plain, 1), debug.getlocal(plain, 2), debug.getlocal(plain, 3), debug.getlocal(print, 1), debug.getlocal(vararg, 2))
say(pcall(debug.getlocal, 100, 1))
say(pcall(debug.setlocal, 100, 1, 1))
say(pcall(debug.getlocal, 1))
local thread = coroutine.create(function(a, ...) local b = 2 coroutine.yield(b) end)
coroutine.resume(thread, "arg", "extra")
say(debug.getlocal(thread, 1, 1), debug.getlocal(thread, 1, 2), debug.getlocal(thread, 1, -1), pcall(debug.getlocal, thread, 5, 1))
say(debug.setlocal(thread, 1, 2, "set"), debug.getlocal(thread, 1, 2))
say(debug.getlocal(thread, 0, 1))
info("thread", thread, 1, "nSl")
info("thread f", thread, print, "S")
print(debug.traceback(thread), debug.traceback(thread, "msg"), debug.traceback(thread, nil, 1), debug.traceback(thread, "m", 9))
say(debug.traceback(12), debug.traceback({}), debug.traceback("x", 99))

-- ---- upvalues ----
local shared = 0
local function one() shared = shared + 1 return shared end
local function two() return shared, up1 end
say(debug.getupvalue(one, 1), debug.getupvalue(one, 2), debug.getupvalue(two, 2), debug.getupvalue(print, 1), debug.getupvalue(one, 0))
say(debug.setupvalue(one, 1, 41), one(), debug.setupvalue(one, 9, 1))
say(debug.upvalueid(one, 1) == debug.upvalueid(two, 1), debug.upvalueid(two, 1) == debug.upvalueid(two, 2))
say(pcall(debug.upvalueid, one, 5), pcall(debug.upvalueid, print, 1))
say(pcall(debug.upvaluejoin, one, 5, two, 1))
say(pcall(debug.upvaluejoin, one, 1, two, 5))
say(pcall(debug.upvaluejoin, print, 1, two, 1))
debug.upvaluejoin(one, 1, two, 2)
say(one(), up1, shared)
local stripped = load(string.dump(function() return up1, shared end, true)) -- not vararg: 5.4.4 crashes
say(debug.getupvalue(stripped, 1), debug.getupvalue(stripped, 2))
info("stripped", stripped, "Slut")
say(pcall(load(string.dump(function(x) local y = x.a.b end, true)), {}))
say(pcall(load(string.dump(function(x) error "here" end, true))))

-- ---- user values, metatables, registry, limits ----
say(debug.setuservalue(io.stdout, 1, 1), debug.getuservalue(io.stdout, 1), debug.getuservalue(io.stdout, 0), debug.getuservalue(1))
say(pcall(debug.setuservalue, {}, 1))
say(debug.getmetatable(io.stdout).__name, debug.getmetatable("").__index == string, debug.getmetatable(1))
say(debug.setmetatable(10, { __index = function(a, b) return b end }) == 10, (10).name, debug.setmetatable(10, nil))
say(type(debug.getregistry()), debug.getregistry()[2] == _G, type(debug.getregistry()[1]))
say(debug.setcstacklimit(100) > 0, pcall(debug.setcstacklimit))

-- ---- hooks ----
local function trace(mask, count, body)
  local events = 0
  local function hook(event, line)
    local t = debug.getinfo(2, "nSlt")
    if t.short_src ~= debug.getinfo(1, "S").short_src then return end
    events = events + 1
    if events < 60 then say(event, line, t.currentline, t.linedefined, t.name, t.istailcall) end
  end
  debug.sethook(hook, mask, count)
  body()
  debug.sethook()
  print(events > 0)
end
local function work(n, ...)
  local sum = 0
  for i = 1, n do
    sum = sum + i
  end
  while n > 0 do n = n - 1 end
  repeat n = n + 1 until n > 1
  if sum > 2 then
    sum = 2
  else
    sum = 3
  end
  local t = {
    a = 1,
    b = sum,
  }
  return plain(
    sum,
    n)
end
trace("l", 0, function() work(3) end)
trace("c", 0, function() work(2) end)
trace("r", 0, function() work(2) end)
trace("crl", 0, function()
  local function f() return work(1) end
  f()
  pcall(error, "x")
  for _ in ipairs { 1 } do end
  goto done
  ::done::
  coroutine.wrap(function() work(1) end)()
end)
trace("l", 0, function() for i = 1, 3 do local x = i end end)
trace("l", 0, function()
  local f = function()
    return 1
  end
  f()

  do
    local closed <close> = setmetatable({}, { __close = function()
      f()
    end })
  end
end)
local transfers = {}
debug.sethook(function(event)
  local t = debug.getinfo(2, "rS")
  if t.what == "Lua" then transfers[#transfers + 1] = event .. " " .. t.ftransfer .. " " .. t.ntransfer end
end, "cr")
plain(1, 2)
vararg(1, 2, 3)
debug.sethook()
print(table.concat(transfers, "; "))
local ticks = 0
debug.sethook(function(event) assert(event == "count") ticks = ticks + 1 end, "", 1000)
for i = 1, 100000 do end
debug.sethook()
say(ticks > 10)
say(debug.gethook())
debug.sethook(print, "crl", 7)
local h, mask, count = debug.gethook()
debug.sethook()
say(h == print, mask, count)
say(pcall(debug.sethook, 1))
debug.sethook(thread, function() print "in thread" end, "l")
say(debug.gethook(thread) ~= nil, debug.gethook() == nil)
say(coroutine.resume(thread))
-- an error in a hook, a yield that cannot be
local ok, message = pcall(function()
  debug.sethook(function()
    debug.sethook()
    error("from the hook", 0)
  end, "l")
  local x = 1
end)
debug.sethook()
say(ok, message)

-- ---- tracebacks ----
local function deep(n)
  if n == 0 then error "bottom" end
  deep(n - 1)
  return 1
end
print(select(2, xpcall(deep, debug.traceback, 3)))
print(select(2, xpcall(deep, debug.traceback, 40)))
local function tails(n) if n == 0 then return debug.traceback("t") end return tails(n - 1) end
print(tails(3))
local M = {}
function M.inner() return (debug.traceback("in a module")) end
package.loaded.my_module = M
print(M.inner())
print(setmetatable({}, { __index = function() return (debug.traceback("meta")) end }).x)
print(coroutine.wrap(function() return (debug.traceback("co")) end)())
