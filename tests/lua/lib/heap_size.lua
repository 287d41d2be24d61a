-- heap.size and heap.retained: exact sizes of small graphs. Silent on success.

local check = dofile "tests/lua/check.lua"
local eq = check.eq
local size, retained = heap.size, heap.retained

-- what is not in the heap takes nothing
for _, x in ipairs{0, 1.5, true, print} do eq(size(x), 0); eq(retained(x), 0) end
eq(size(nil), 0)
eq(select(2, retained(1)), 0)

-- a table grows with its entries, not with what they refer to
local empty = size({})
assert(empty > 0)
local list = {}
for i = 1, 100 do list[i] = i end
assert(size(list) >= empty + 100 * 9, "an entry takes nine bytes at least")
local before = size(list)
list[1] = string.rep("x", 10000)
eq(size(list), before)
assert(size(list[1]) > 10000)

-- Sizes of what is retained are added up first: a list of the objects would hold them.
local function sum(...)
  local bytes = 0
  for i = 1, select("#", ...) do bytes = bytes + size((select(i, ...))) end
  return bytes, select("#", ...)
end

local function check_retained(x, bytes, objects)
  local got_bytes, got_objects = retained(x)
  eq(got_objects, objects)
  eq(got_bytes, bytes)
end

-- a tree; arrays, so that no shape belongs to it
do
  local x = {{}, {1, 2, 3}, {string.rep("y", 100)}}
  check_retained(x, sum(x, x[1], x[2], x[3], x[3][1]))
  -- what others hold stays
  local keep = x[3]
  check_retained(x, sum(x, x[1], x[2]))
  check_retained(keep, sum(keep, keep[1])) -- however many refer to it
end

-- a cycle
do
  local x = {}
  x[1] = {x}
  x[1][2] = {x[1], x}
  check_retained(x, sum(x, x[1], x[1][2]))
end

-- weak references hold nothing
do
  local x = {{}}
  local weak = setmetatable({x, x[1]}, {__mode = "v"})
  check_retained(x, sum(x, x[1]))
  eq(weak[1], x)
end

-- the value of an ephemeron is its key's; in a table that is weak in both ways it is nobody's
do
  local x = {}
  local weak = setmetatable({}, {__mode = "k"})
  weak[x] = {{}}
  check_retained(x, sum(x, weak[x], weak[x][1]))
  setmetatable(weak, {__mode = "kv"})
  collectgarbage()
  eq(weak[x], nil)
  check_retained(x, sum(x))
end

-- a closure that is the only one to have a variable
do
  local x
  local bytes
  do
    local variable = {{}}
    bytes = sum(variable, variable[1])
    x = function() return variable end
  end
  local got, objects = retained(x)
  eq(objects, 4) -- function, variable (upvalue), two tables
  assert(got > bytes + size(x) and got < bytes + size(x) + 100)
end

-- a coroutine and what is on its stack
do
  local bytes
  local co = coroutine.create(function()
    local inside = {{}, {}}
    bytes = sum(inside, inside[1], inside[2])
    coroutine.yield()
    return inside
  end)
  assert(coroutine.resume(co))
  -- its function, its upvalue's object being shared; three tables
  local got, objects = retained(co)
  eq(objects, 5)
  assert(got >= bytes + size(co) and got < bytes + size(co) + 200)
end

-- a metatable that only one table has
do
  local x = setmetatable({}, {})
  local got, objects = retained(x)
  eq(objects, 2)
  eq(got, (sum(x, getmetatable(x))))
end
