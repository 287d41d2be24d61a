-- Every kind of object is made, changed and dropped while collections run in the midst of it; what
-- is kept is checked against a plain model.
local check = dofile "tests/lua/check.lua"
local eq = check.eq

local seed = 12345
local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648; return seed // 65536 % n + 1 end

-- a graph of tables that is rewired all the time; each node knows its number
local size, rounds = check.size(2000, 60), check.size(100000, 1500)
local nodes = {}
for i = 1, size do nodes[i] = {id = i, links = {}} end
for r = 1, rounds do
  local i, j = random(size), random(size)
  local choice = random(8)
  if choice == 1 then nodes[i] = {id = i, links = {nodes[j]}}
  elseif choice == 2 then nodes[i].links[#nodes[i].links + 1] = nodes[j]; if #nodes[i].links > 8 then nodes[i].links = {} end
  elseif choice == 3 then nodes[i].extra = {j, tostring(j)}
  elseif choice == 4 then nodes[i].extra = nil
  elseif choice == 5 then nodes[i].call = function() return nodes[i].id + j end; eq(nodes[i].call(), i + j)
  elseif choice == 6 then nodes[i]["key" .. random(20)] = r
  elseif choice == 7 then nodes[i].co = coroutine.wrap(function() local n = nodes[j]; coroutine.yield(n.id); return n end); eq(nodes[i].co(), j)
  else nodes[i].text = (nodes[i].text or "") .. r; if #nodes[i].text > 200 then nodes[i].text = nil end end
  if r % 5000 == 0 then collectgarbage "step" end
  if r % 30011 == 0 then collectgarbage() end
end
for i = 1, size do
  eq(nodes[i].id, i)
  for _, other in ipairs(nodes[i].links) do eq(type(other.id), "number") end
  if nodes[i].extra then eq(nodes[i].extra[2], tostring(nodes[i].extra[1])) end
end

-- strings: interned ones stay one, long ones stay whole
local strings, model = {}, {}
for r = 1, check.size(30000, 500) do
  local i = random(300)
  local length = random(120)
  local letter = string.char(96 + random(26))
  strings[i] = letter:rep(length); model[i] = {letter, length}
  local check_i = random(300)
  if model[check_i] then eq(strings[check_i], model[check_i][1]:rep(model[check_i][2])) end
end

-- tables as maps: insertions and removals of all kinds of keys
local map, mirror, present = {}, {}, 0
for r = 1, check.size(60000, 800) do
  local n = random(400)
  local key = n % 4 == 0 and n or n % 4 == 1 and n + 0.5 or n % 4 == 2 and "k" .. n or (mirror[n] or {})
  if n % 4 == 3 then mirror[n] = key end
  if random(3) == 1 then map[key] = nil else map[key] = r end
  eq(map[key] == nil or map[key] == r, true)
end
for key, value in pairs(map) do eq(map[key], value); present = present + 1 end
assert(present > 0)

-- queues and stacks at a steady size
local queue, head, tail = {}, 1, 0
for i = 1, check.size(50000, 800) do
  tail = tail + 1; queue[tail] = {i}
  if tail - head > 50 then eq(queue[head][1], head); queue[head] = nil; head = head + 1 end
end

-- closures that share upvalues over collections
local cells = {}
for i = 1, 200 do local v = i; cells[i] = {get = function() return v end, set = function(n) v = n end} end
for r = 1, check.size(20000, 500) do
  local i = random(200)
  cells[i].set({r, i})
  eq(cells[i].get()[2], i)
  if random(10) == 1 then local v = i; cells[i] = {get = function() return v end, set = function(n) v = n end}; cells[i].set({0, i}) end
end

-- coroutines in all states
local threads = {}
for r = 1, check.size(20000, 300) do
  local i = random(50)
  local co = threads[i]
  if not co or coroutine.status(co) == "dead" then
    threads[i] = coroutine.create(function(...)
      local mine = {i, ...}
      for k = 1, random(5) do local got = coroutine.yield(mine[1], {k}); eq(mine[1], i) end
      return mine[1]
    end)
  else
    local ok, id = coroutine.resume(co, r)
    eq(ok, true, id); eq(id, i)
  end
end

-- deep structures do not trouble the collector
local list
for i = 1, check.size(200000, 500) do list = {list, i} end
collectgarbage()
local n = 0
while list do n = n + 1; list = list[1] end
eq(n, check.size(200000, 500))
local chain = function() return 0 end
for i = 1, check.size(5000, 100) do local previous = chain; chain = function() return previous, i end end
collectgarbage()
n = 0
repeat local nextone, i = chain(); n = n + 1; chain = nextone until i == nil
assert(n > 100)
