-- stress: 500
-- emergency: 50000 a stack of a million slots is verified each time
-- Stack overflow is an error that can be caught, in every kind of recursion, and all is well after.
local check = dofile "tests/lua/check.lua"
local eq = check.eq
local function overflow(what, f, ...)
  for round = 1, check.small and 1 or 2 do
    local ok, message = pcall(f, ...)
    eq(ok, false, what)
    assert(type(message) ~= "string" or message:find "overflow" or message:find "error in error handling" or message:find "too" or message:find "memory",
      what .. ": expected a stack overflow, got " .. tostring(message))
  end
  local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
  eq(depth(50), 50, "calls work after " .. what)
end

local function plain() return 1 + plain() end
overflow("recursion", plain)
local function wide(...) return 1 + wide(...) end
overflow("recursion with arguments", wide, table.unpack({}, 1, 100))
local function grow(...) return (grow(1, ...)) end
overflow("growing arguments", grow)
local function mutual1() local r = mutual2() return r end
function mutual2() local r = mutual1() return r end
overflow("mutual recursion", mutual1)
mutual2 = nil

local function message_of(f) local ok, m = pcall(f) return m end
assert(message_of(plain):find "stack overflow", message_of(plain))

-- through metamethods
local t
t = setmetatable({}, {__index = function(self, k) local r = self[k] return r end})
overflow("__index", function() return t.a end)
t = setmetatable({}, {__newindex = function(self, k, v) self[k + 1] = v; return 1 end})
overflow("__newindex", function() t[1] = 1 end)
t = setmetatable({}, {__call = function(self, ...) local r = self(...) return r end})
overflow("__call", t, 1)
t = setmetatable({}, {__add = function(a, b) local r = a + b return r end})
overflow("__add", function() return t + 1 end)
t = setmetatable({}, {__eq = function(a, b) return not (a == b) end})
overflow("__eq", function() return t == setmetatable({}, getmetatable(t)) end)
t = setmetatable({}, {__lt = function(a, b) return not (a < b) end})
overflow("__lt", function() return t < t end)
t = setmetatable({}, {__concat = function(a, b) local r = a .. b return r end})
overflow("__concat", function() return t .. "x" end)
t = setmetatable({}, {__len = function(a) local r = #a return r end})
overflow("__len", function() return #t end)
t = setmetatable({}, {__tostring = function(a) return tostring(a) .. "" end})
overflow("__tostring", function() return tostring(t) end)
-- a metatable that is its own __index
t = {}
t.__index = t
setmetatable(t, t)
check.fails("'__index' chain too long", function() return t.x end)
t = {}
t.__newindex = t
setmetatable(t, t)
check.fails("'__newindex' chain too long", function() t.x = 1 end)
local a, b = {}, {}
setmetatable(a, {__index = b}); setmetatable(b, {__index = a})
check.fails("'__index' chain too long", function() return a.x end)

-- through C functions: sort, gsub, pcall, load, coroutines
local function sort() table.sort({1, 2, 3}, function(x, y) sort() return x < y end) end
overflow("sort", sort)
local function gsub() string.gsub("x", "x", gsub) end
overflow("gsub", gsub)
local function protected() local ok, m = pcall(protected) if not ok then error(m, 0) end end
overflow("pcall", protected)
local function handler() error "in handler" end
local ok = xpcall(error, handler, "x")
eq(ok, false)
local function handled() local r = xpcall(plain, function(m) return plain() end) return r end
eq(handled(), false)
ok = xpcall(plain, function(m) return m end)
eq(ok, false)
ok = xpcall(plain, debug.traceback)
eq(ok, false)
local function wrapped() return coroutine.wrap(wrapped)() end
overflow("coroutines", wrapped)
local function resumed() local co = coroutine.create(resumed) local ok, m = coroutine.resume(co) if not ok then error(m, 0) end end
overflow("coroutine.resume", resumed)
local function loading() return load("local f = ... return f()")(loading) .. "" end
overflow("load", loading)
local function required() return select(2, pcall(string.gsub, "a", "a", required)) end
pcall(required)
local function tostrings() return tostring(setmetatable({}, {__tostring = tostrings})) end
overflow("tostring", tostrings)

-- inside a coroutine the main stack is not touched
local co = coroutine.create(plain)
local ok, message = coroutine.resume(co)
eq(ok, false); assert(message:find "overflow", message); eq(coroutine.status(co), "dead")

-- deep but finite recursion works
local function sum(n) if n == 0 then return 0 end return n + sum(n - 1) end
local depth = check.size(10000, 150)
if select(2, pcall(sum, depth)) == depth * (depth + 1) // 2 then eq(sum(depth), depth * (depth + 1) // 2) end
eq(sum(100), 5050)
eq(select(2, pcall(pcall, pcall, pcall, sum, 100)), true)

-- an overflow unwinds to-be-closed variables
local closed = 0
local meta = {__close = function() closed = closed + 1 end}
local opened = 0
local function open() local v <close> = setmetatable({}, meta) opened = opened + 1 return 1 + open() end
ok = pcall(open)
eq(ok, false)
assert(closed >= opened - 1 and closed <= opened + 1, ("expected %d to be closed, got %d"):format(opened, closed))

-- the argument list of one call
local ok, message = pcall(table.unpack, {}, 1, 1e7)
eq(ok, false); assert(message:find "too many results to unpack", message)
ok, message = pcall(string.char, table.unpack({}, 1, 100))
eq(ok, false)
ok, message = pcall(function() return select("#", table.unpack({}, 1, 999990)) end)
assert(ok or message:find "too many results" or message:find "overflow" or message:find "memory", message)
