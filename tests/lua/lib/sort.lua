-- table.sort (manual 6.6). Silent on success.
-- stress: 50
-- emergency: 50

local check = dofile "tests/lua/check.lua"
local fails = check.fails

-- A small generator of our own: the same inputs on every run.
local state = 12345
local function random(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % n + 1
end

local function check_sorted(t, before, what)
  for i = 2, #t do
    if before(t[i], t[i - 1]) then error(what .. ": elements " .. i - 1 .. " and " .. i .. " out of order", 2) end
  end
end

-- Sorts copies with < and with a function, and checks order and that nothing got lost.
local function try(t, what)
  local function less(a, b) return a < b end
  local counts = {}
  for _, v in ipairs(t) do counts[v] = (counts[v] or 0) + 1 end
  for _, order in ipairs({false, less, function(a, b) return a > b end}) do
    local copy = table.move(t, 1, #t, 1, {})
    table.sort(copy, order or nil)
    check_sorted(copy, order or less, what)
    assert(#copy == #t)
    local left = {}
    for k, v in pairs(counts) do left[k] = v end
    for _, v in ipairs(copy) do left[v] = left[v] - 1 end
    for _, v in pairs(left) do assert(v == 0, what .. ": an element was lost or doubled") end
  end
end

local shapes = {
  random = function(n, i) return random(n * 10) end,
  sorted = function(n, i) return i end,
  reversed = function(n, i) return n - i end,
  equal = function() return 7 end,
  two = function() return random(2) end,
  sawtooth = function(n, i) return i % 17 end,
  organ = function(n, i) return i < n / 2 and i or n - i end,
  nearly = function(n, i) return random(20) == 1 and random(n) or i end,
  floats = function(n, i) return random(1000) / 7 end,
  strings = function(n, i) return "s" .. random(n) end,
}
for name, make in pairs(shapes) do
  for _, n in ipairs({0, 1, 2, 3, 5, 15, 16, 17, 18, 40, 199, 200, 201, 1500}) do
    local t = {}
    for i = 1, n do t[i] = make(n, i) end
    try(t, name .. " " .. n)
  end
end

-- Every permutation of up to 6 elements, with equal ones among them.
local function permute(t, n)
  if n <= 1 then return try(t, "permutation") end
  for i = 1, n do
    t[i], t[n] = t[n], t[i]
    permute(t, n - 1)
    t[i], t[n] = t[n], t[i]
  end
end
permute({1, 2, 3, 4, 5, 6}, 6)
permute({1, 1, 2, 2, 3}, 5)

-- An input made to drive quicksorts into quadratic time (McIlroy's adversary): bounded all the same.
if heap then -- in Neap; PUC's sort takes a million comparisons
  local n, solid, candidate, count = 2000, 0, 1, 0
  local values, gas = {}, n + 1
  local items = {}
  for i = 1, n do values[i] = gas; items[i] = i end
  table.sort(items, function(x, y)
    count = count + 1
    if values[x] == gas and values[y] == gas then
      solid = solid + 1
      if x == candidate then values[x] = solid else values[y] = solid end
    end
    if values[x] == gas then candidate = x elseif values[y] == gas then candidate = y end
    return values[x] < values[y]
  end)
  assert(count < 250 * n, "comparisons: " .. count)
end

-- Order functions that are none are noticed or harmless, never fatal.
local function always(a, b) assert(a and b); return true end
for n = 4, heap and 40 or 6 do -- PUC lets some larger sizes pass
  local t = {}
  for i = 1, n do t[i] = i end
  fails("invalid order function for sorting", table.sort, t, always)
end
for round = 1, 50 do
  local t = {}
  for i = 1, 200 do t[i] = random(1000) end
  pcall(table.sort, t, function() return random(2) == 1 end)
  assert(#t == 200)
end
for n = 2, 50 do -- "never" is a valid order in which all are equal
  local t = {}
  for i = 1, n do t[i] = i end
  table.sort(t, function() return nil end)
end

-- Arguments.
fails("bad argument #1 to 'sort' (table expected, got nil)", function() table.sort(nil) end)
fails("bad argument #2 to 'sort' (function expected, got table)", function() table.sort({1, 2}, {}) end)
table.sort({1}, 42) -- not looked at when there is nothing to compare
table.sort({})
fails("array too big", table.sort, setmetatable({}, {__len = function() return math.maxinteger end}))
table.sort(setmetatable({}, {__len = function() return -1 end}), error)
fails("attempt to compare", table.sort, {1, "x", 2})
fails("attempt to compare two table values", table.sort, {{}, {}})
fails("attempt to compare", table.sort, {1, 2, nil, 4, n = 4, 5})

-- Errors of the order function arrive; the table stays whole enough.
do
  local calls = 0
  local t = {}
  for i = 1, 100 do t[i] = 100 - i end
  fails("stop", table.sort, t, function(a, b) calls = calls + 1; if calls > 50 then error("stop") end return a < b end)
  assert(calls == 51 and #t == 100)
end

-- Metamethods: __lt of the elements, __index and __newindex of the container.
do
  local Point = {}
  Point.__index = Point
  Point.__lt = function(a, b) return a.x < b.x end
  local t = {}
  for i = 1, 60 do t[i] = setmetatable({x = random(50)}, Point) end
  table.sort(t)
  check_sorted(t, Point.__lt, "objects")
  local store = {}
  for i = 1, 60 do store[i] = random(99) end
  local proxy = setmetatable({}, {
    __index = store,
    __newindex = function(_, k, v) store[k] = v end,
    __len = function() return #store end,
  })
  table.sort(proxy)
  check_sorted(store, function(a, b) return a < b end, "proxy")
  assert(next(proxy) == nil)
end

-- The collector may run in the middle.
do
  local t = {}
  for i = 1, 300 do t[i] = "key" .. random(300) end
  local n = 0
  table.sort(t, function(a, b) n = n + 1; if n % 40 == 0 then collectgarbage() end return a .. "" < b .. "" end)
  check_sorted(t, function(a, b) return a < b end, "with collections")
end
