-- Manual 2.3, error handling.
local check = dofile "tests/lua/check.lua"
local eq, list = check.eq, check.list
local pack = table.pack

-- an error value is any value, passed on unchanged
local object = {}
local values = {"message", 12, 1.5, true, false, object, print, coroutine.create(print)}
for i = 1, #values do
  list(pack(pcall(error, values[i], 0)), false, values[i])
  list(pack(pcall(function() error(values[i], 0) end)), false, values[i])
end
list(pack(pcall(error)), false, nil)
list(pack(pcall(error, nil)), false, nil)
list(pack(pcall(function() error(object) end)), false, object)
list(pack(pcall(function() error(42) end)), false, 42)

-- the position is added to strings, at the level asked for
local function at(level) error("m", level) end
local function caller(level) at(level) end
local source = debug.getinfo(1, "S").short_src
local function here(f) return source .. ":" .. debug.getinfo(f, "S").linedefined .. ": m" end
list(pack(pcall(at)), false, here(at))
list(pack(pcall(at, 1)), false, here(at))
list(pack(pcall(at, 0)), false, "m")
list(pack(pcall(caller, 2)), false, here(caller))
list(pack(pcall(caller, 99)), false, "m")
list(pack(pcall(at, 2)), false, "m")             -- level 2 is pcall, a C function
check.raises("c:3: here", "\n\nerror('here')")

-- pcall gives all results
list(pack(pcall(function(...) return ... end, 1, nil, 3, nil)), true, 1, nil, 3, nil)
list(pack(pcall(function() end)), true)
list(pack(pcall(pcall, error, "x")), true, false, "x")
list(pack(pcall(pcall)), false, "bad argument #1 to 'pcall' (value expected)")
list(pack(pcall(5)), false, "attempt to call a number value")
list(pack(pcall(nil)), false, "attempt to call a nil value")

-- an error unwinds any depth, and state is intact after it
local function deep(n) if n == 0 then error("deep", 0) end return 1 + deep(n - 1) end
for _ = 1, 3 do list(pack(pcall(deep, 100)), false, "deep") end
local log = {}
local function nest(n)
  local ok, message = pcall(function()
    if n == 0 then error("bottom", 0) end
    nest(n - 1)
    error("level " .. n, 0)
  end)
  log[#log + 1] = message
end
nest(3)
eq(table.concat(log, ","), "bottom,level 1,level 2,level 3")

-- locals and upvalues keep what was assigned before the error
local counter = 0
local function count() for i = 1, 10 do counter = i; if i == 7 then error("stop", 0) end end end
pcall(count)
eq(counter, 7)

-- xpcall: the handler runs before the stack is unwound and gives the result
list(pack(xpcall(function(a, b) return a + b, "more" end, print, 3, 4)), true, 7, "more")
list(pack(xpcall(error, function(m) return "handled " .. m end, "e", 0)), false, "handled e")
list(pack(xpcall(function() error(object) end, function(m) return m end)), false, object)
list(pack(xpcall(function() error("e", 0) end, function(m) return m, "second" end)), false, "e")
list(pack(xpcall(function() error("e", 0) end, function() end)), false, nil)
local inside
local function failing() local marker = "found"; error("e", 0) end
xpcall(failing, function()
  for level = 1, 10 do
    local info = debug.getinfo(level, "f")
    if info and info.func == failing then
      local name, value = debug.getlocal(level, 1)
      inside = name .. "=" .. value
    end
  end
end)
eq(inside, "marker=found", "the handler sees the frames of the error")
local trace
xpcall(failing, function(m) trace = debug.traceback(m, 1) end)
assert(trace:find("^e\nstack traceback:\n"), trace)
assert(trace:find("in upvalue 'failing'", 1, true) or trace:find("in function <", 1, true) or trace:find("'failing'", 1, true), trace)

-- an error in the handler calls the handler again; in the end it gives up with a status
list(pack(xpcall(error, function(m) if m == "first" then error("second", 0) end return "got " .. m end, "first", 0)),
  false, "got second")
local ok, message = xpcall(error, function() error("again") end, "start")
eq(ok, false)
eq(message == nil or type(message) == "string", true)
check.fails("bad argument #2 to 'xpcall' (function expected, got nil)", xpcall, error, nil)
check.fails("bad argument #2 to 'xpcall' (function expected, got no value)", xpcall, error)

-- runtime errors are errors like others
list(pack(xpcall(function() return nil + 1 end, function(m) return "H:" .. m end)),
  false, "H:" .. source .. ":" .. (debug.getinfo(1, "l").currentline - 1) .. ": attempt to perform arithmetic on a nil value")

-- handlers nest: only the innermost runs
local order = {}
xpcall(function()
  xpcall(error, function() order[#order + 1] = "inner" end, "x")
  error("y")
end, function() order[#order + 1] = "outer" end)
eq(table.concat(order, ","), "inner,outer")
-- a pcall inside an xpcall hides its handler
order = {}
xpcall(function() pcall(error, "x") end, function() order[#order + 1] = "never" end)
eq(#order, 0)

-- assert
list(pack(assert(1, 2, 3)), 1, 2, 3)
list(pack(pcall(assert, false)), false, "assertion failed!")
list(pack(pcall(assert, nil, "why")), false, "why")
list(pack(pcall(assert, nil, object)), false, object)
list(pack(pcall(assert, false, nil)), false, nil)
list(pack(pcall(assert)), false, "bad argument #1 to 'assert' (value expected)")

-- an error value with __tostring is not converted by pcall
local tricky = setmetatable({}, {__tostring = function() return "converted" end})
list(pack(pcall(error, tricky)), false, tricky)

-- many errors leave nothing behind
for i = 1, check.size(5000, 50) do pcall(error, i) end
for i = 1, check.size(5000, 50) do pcall(string.rep) end
