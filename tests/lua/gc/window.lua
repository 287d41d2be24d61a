-- Weak tables and finalisers while a collection is on its way, step by step: what is dead but not yet dropped is not
-- seen, what lives always is, and a finaliser finds what the manual promises (2.5.3, 2.5.4).
local check = dofile "tests/lua/check.lua"
local eq = check.eq
local N = check.size(3000, 300)
local function step() return collectgarbage("step", 0) end
collectgarbage("incremental", 200, 100, 10) -- small steps
collectgarbage "stop"

-- Reads of every form, one at each step: never a value that died, and the metamethods have their say.
local record = setmetatable({}, {__mode = "v", __index = function(_, k) return "no " .. k end})
local newindex = 0
local meta = {__mode = "v", __newindex = function(t, k, v) newindex = newindex + 1 rawset(t, k, v) end}
local array, held = setmetatable({}, meta), {}
local keyed = setmetatable({}, {__mode = "k"})
local class = setmetatable({}, {__mode = "v"}) -- lookups of `object` pass through it
local object = setmetatable({}, {__index = class})
local function fill()
  newindex = 0
  record.alive, record.dead = held, {}
  class.alive, class.dead = held, {}
  for i = 1, N do
    held[i] = held[i] or {i}
    rawset(array, i, i % 3 == 0 and held[i] or {i})
    rawset(array, "k" .. i, i % 3 == 0 and held[i] or {i})
    keyed[held[i]] = {i}
    keyed[{i}] = {i}
  end
end
local function whole(v, i) return v == nil or v[1] == i end
for round = 1, 4 do
  fill()
  local i = 0
  repeat
    local over = step()
    i = i % N + 1
    eq(record.alive, held)
    local dead = record.dead
    if dead ~= "no dead" then eq(type(dead), "table") eq(next(dead), nil) end
    eq(object.alive, held)
    if object.dead then eq(next(object.dead), nil) end
    local v = array[i]
    if not whole(v, i) or (i % 3 == 0 and v ~= held[i]) then error("array element " .. i) end
    if not whole(rawget(array, "k" .. i), i) then error("field " .. i) end
    eq(keyed[held[i]][1], i)
    for at, w in ipairs(array) do if w[1] ~= at then error "ipairs" end if at > 20 then break end end
    if i % 50 == 0 then
      local n = 0
      for k, w in pairs(keyed) do if k[1] ~= w[1] then error "pairs" end if k == held[k[1]] then n = n + 1 end end
      eq(n, N)
    end
    if i % 7 == 0 then -- moves nodes about
      keyed[{-i}] = {-i}
      array["new" .. i] = {i}
    end
    local before = array[i + 1]
    newindex = 0
    array[i + 1] = before or held[i]
    if before == nil then eq(newindex, 1) end
    if before == nil then rawset(array, i + 1, nil) end
  until over
  collectgarbage() -- under stress a cycle had begun before
  eq(record.dead, "no dead")
  eq(object.dead, nil)
end

-- Resources registered by weak key and cached by weak value: until its finaliser runs an object is in the registry,
-- when it runs not in the cache, and afterwards in neither.
local registry, cache = setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "v"})
local waiting, called = 0, 0
local mt = {__gc = function(o)
  waiting = waiting - 1
  called = called + 1
  eq(cache[o.n], nil)
  eq(registry[o].n, o.n)
  eq(cache[-o.n], nil)
  eq(registry[o.part].n, -o.n)
end}
local function make(n)
  local part = {}
  local o = setmetatable({n = n, part = part}, mt)
  registry[o], cache[n] = {n = n}, o
  registry[part], cache[-n] = {n = -n}, part -- resurrected with it
  waiting = waiting + 1
end
for round = 1, 3 do
  for n = 1, N do make(n) end
  local steps = 0
  repeat
    local over = step()
    steps = steps + 1
    if steps % 40 == 1 then
      local n = 0
      for o, info in pairs(registry) do if o.part then n = n + 1 eq(o.n, info.n) eq(registry[o.part].n, -o.n) end end
      if n < waiting then error(("%d in the registry, %d not yet finalized"):format(n, waiting)) end
    end
  until over
end
repeat local before = called step() collectgarbage() until called == before
eq(called, 3 * N)
collectgarbage()
eq(next(registry), nil)
eq(next(cache), nil)

-- A mode that changes in the midst of it.
local changing = setmetatable({}, {__mode = "k"})
for round = 1, 10 do
  for i = 1, 200 do changing[{i}] = {i} end
  local steps = 0
  repeat
    local over = step()
    steps = steps + 1
    if steps == round * 5 then getmetatable(changing).__mode = ({"v", nil, "kv", "k"})[round % 4 + 1] end
    for k, v in pairs(changing) do if k[1] ~= v[1] then error "an entry changed" end end
  until over
end

-- Open variables of coroutines that are dropped, and of deep stacks that come and go, while stacks are scanned.
local kept = {}
local function deep(n, v)
  local t = {v}
  if n == 0 then coroutine.yield() else deep(n - 1, v) end
  if n % 16 == 0 then kept[#kept % 50 + 1] = function() return t[1] end coroutine.yield() end
  if t[1] ~= v then error "a frame lost its variable" end
end
for round = 1, 3 do
  local cos, steps = {}, 0
  repeat
    local over = step()
    steps = steps + 1
    local i = steps % 10 + 1
    if not cos[i] or coroutine.status(cos[i]) == "dead" then cos[i] = coroutine.create(deep) end
    local ok, err = coroutine.resume(cos[i], steps % 300 + 100, steps)
    if not ok then error(err, 0) end
    if steps % 11 == 0 then cos[i] = nil end
    for _, f in ipairs(kept) do eq(math.type(f()), "integer") end
  until over
end
