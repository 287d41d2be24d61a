-- Buffers move when a heap shrinks: whatever a program does meanwhile, tables hold what they held.
local check = dofile "tests/lua/check.lua"
local eq = check.eq
local N = check.size(40000, 1500)

local function build(i)
  local t = {i, i + 1, i + 2, name = "n" .. i % 7, [i + 0.5] = i}
  if i % 3 == 0 then t.a, t.b, t.c, t.d, t.e = i, i, i, i, i end
  if i % 5 == 0 then return setmetatable({x = i, inner = t}, {__index = t}) end
  return {inner = t}
end
local function intact(o, i)
  local t = o.inner
  eq(t[1], i); eq(t[2], i + 1); eq(t[3], i + 2); eq(#t, 3); eq(t.name, "n" .. i % 7); eq(t[i + 0.5], i)
  if i % 3 == 0 then eq(t.e, i) end
  if i % 5 == 0 then eq(o[2], i + 1); eq(o.x, i) end
end

local function flood(every)
  local all, kept = {}, {}
  for i = 1, N do all[i] = build(i) end
  for i = every, N, every do kept[i] = all[i] end
  return kept
end

-- a full collection
local kept = flood(50)
collectgarbage(); collectgarbage()
for i, o in pairs(kept) do intact(o, i) end

-- in slices, amid iteration, sorting, and growth of what moves
kept = flood(60)
local list = {}
for i in pairs(kept) do list[#list + 1] = i end
for _ = 1, 3 do
  table.sort(list, function(a, b)
    collectgarbage("step", 1)
    return a < b
  end)
  for i = 2, #list do assert(list[i - 1] < list[i]) end
  local seen = 0
  for i, o in next, kept do
    collectgarbage("step", 1)
    seen = seen + 1
    intact(o, i)
    for k, v in pairs(o.inner) do
      collectgarbage("step", 0)
      if type(k) == "number" then assert(v == i or k <= 3 and v == i + k - 1) end
    end
  end
  eq(seen, #list)
  for _, i in ipairs(list) do
    local t = kept[i].inner
    collectgarbage("step", 0)
    t.extra = {i, i}
    t.extra[3] = i
    if i % 2 == 0 then t.extra = nil end
  end
end

-- a coroutine that is amid its work with tables that move
kept = flood(70)
local co = coroutine.wrap(function()
  for i, o in pairs(kept) do
    local inner = o.inner
    local one, two = inner[1], inner[2]
    coroutine.yield()
    eq(inner[1], one); eq(inner[2], two)
    intact(o, i)
  end
  return true
end)
repeat collectgarbage() until co()

-- weak tables and finalizers of objects around them
local died = 0
do
  local cache = setmetatable({}, {__mode = "v"})
  for i = 1, N // 4 do
    cache[i] = setmetatable({i}, {__gc = function(o) died = died + o[1] * 0 + 1 end})
    if i % 80 == 0 then kept[-i] = cache[i] end
  end
  collectgarbage(); collectgarbage()
  for i = 1, N // 4 do
    if i % 80 == 0 then eq(cache[i][1], i) else eq(cache[i], nil) end
  end
end
eq(died, N // 4 - N // 4 // 80)
