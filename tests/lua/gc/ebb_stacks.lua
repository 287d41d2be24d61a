-- After deep recursion the collector gives the unused ends of stacks back, of idle coroutines too.
-- emergency: 100
local check = dofile "tests/lua/check.lua"
local heap = require "heap"
local DEPTH = check.size(15000, 2000)

local function dive(n) if n == 0 then return 0 end return 1 + dive(n - 1) end
local function ready() collectgarbage(); collectgarbage(); heap.release(); return heap.stats().live end

local before = ready()
check.eq(dive(DEPTH), DEPTH)
check.eq(ready() - before <= DEPTH * 4, true)

-- one that waits deep inside a call keeps what it needs, and goes on
local threads = {}
before = ready()
for i = 1, 10 do
  threads[i] = coroutine.create(function(n)
    local a, b = i, {i}
    dive(DEPTH)
    local got = coroutine.yield(a)
    local function deep(k)
      if k == 0 then return coroutine.yield(b[1]) end
      local r = deep(k - 1)
      assert(k >= 0)
      return r
    end
    return deep(DEPTH) + got + b[1]
  end)
  check.eq(select(2, coroutine.resume(threads[i])), i)
end
check.eq(ready() - before <= 10 * (DEPTH * 4 + 4000), true)
for i = 1, 10 do check.eq(select(2, coroutine.resume(threads[i], 5)), i) end
ready()
for i = 1, 10 do
  local ok, got = coroutine.resume(threads[i], 100)
  check.eq(ok, true); check.eq(got, 100 + 5 + i)
end

-- open upvalues and to-be-closed variables of a stack that shrinks
local closed
local co = coroutine.wrap(function()
  local x = 1
  local guard <close> = setmetatable({}, {__close = function() closed = x end})
  local function bump() x = x + 1; return x end
  dive(DEPTH)
  for _ = 1, 3 do coroutine.yield(bump()) end
end)
for i = 2, 4 do check.eq(co(), i); ready() end
co()
check.eq(closed, 4)
