-- Manual 2.2, environments and the global environment.
local check = dofile "tests/lua/check.lua"
local eq = check.eq

eq(_G._G, _G); eq(_ENV, _G)
some_global = 10
eq(_G.some_global, 10); eq(_ENV.some_global, 10); eq(_ENV["some_global"], 10)
_G.some_global = nil
eq(some_global, nil)

-- a local _ENV changes what global names mean, from there on
do
  local eq = eq
  local _ENV = {y = 2}
  x = 1
  eq(_ENV.x, 1); eq(y, 2); eq(print, nil)
end
eq(x, nil)

-- as a parameter, as an upvalue, as a loop variable
local function with(_ENV) a = 1; return b end
local t = {b = "b"}
eq(with(t), "b"); eq(t.a, 1); eq(a, nil)
do
  local eq = eq
  local function make()
    local _ENV = {n = 0}
    return function() n = n + 1; return n end, function() return _ENV end
  end
  local tick, get = make()
  tick(); tick()
  eq(get().n, 2)
end
local seen = {}
for _, _ENV in ipairs {{v = 1}, {v = 2}} do seen[#seen + 1] = v end
eq(seen[1], 1); eq(seen[2], 2); eq(#seen, 2)

-- assigning to _ENV itself
do
  local eq, _G = eq, _G
  local saved = _ENV
  local function look() return z end
  _ENV = {z = "other"}
  eq(look(), "other")
  _ENV = saved
  eq(look(), nil)
end

-- reading and writing through metamethods of the environment
do
  local log = {}
  local env = setmetatable({}, {
    __index = function(_, k) log[#log + 1] = "get " .. k; return k end,
    __newindex = function(self, k, v) log[#log + 1] = "set " .. k; rawset(self, k, v) end,
  })
  local f = load("alpha = beta; return alpha", "=c", "t", env)
  eq(f(), "beta")
  eq(table.concat(log, ","), "get beta,set alpha")
end

-- load: the first upvalue of a chunk is its environment
local f = load("x = 1; return _ENV", "=c", "t", t)
eq(f(), t); eq(t.x, 1)
f = load("return x")
eq(f(), nil)
eq(debug.getupvalue(f, 1), "_ENV")
f = load("local a = 1; return function() return a end")
eq(debug.getupvalue(f, 1), "_ENV", "a chunk has _ENV even when it does not use it")
f = load("return x", "=c", "t", nil)
check.fails("attempt to index a nil value (upvalue '_ENV')", f)

-- a chunk's globals go through the _ENV it was compiled under, not the caller's
do
  local eq, load = eq, load
  local _ENV = {marker = 1}
  eq(load("return marker")(), nil)
end

-- errors name the variable
check.raises("c:1: attempt to call a nil value (global 'nofunction')", "nofunction()")
check.raises("c:1: attempt to index a nil value (global 'x')", "local _ENV = {}; return _ENV.x.y")
check.raises("c:1: attempt to index a nil value (global 'x')", "local _ENV = {}; return x.y")
check.raises("c:1: attempt to index a nil value (local '_ENV')", "local _ENV; return x")
check.raises("c:1: attempt to index a number value (upvalue '_ENV')", "local _ENV = 5; return (function() return x end)()")
