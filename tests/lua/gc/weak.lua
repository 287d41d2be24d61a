-- Manual 2.5.4: weak tables and ephemerons.
local check = dofile "tests/lua/check.lua"
local eq = check.eq
local function collect() collectgarbage(); collectgarbage() end
local function count(t) local n = 0; for _ in pairs(t) do n = n + 1 end return n end

-- weak values
local t = setmetatable({}, {__mode = "v"})
local held = {}
t[1] = {}; t[2] = held; t.x = {}; t.y = held; t[3] = function() return t end; t.n = 5; t.s = "string"; t.b = true
t[10] = coroutine.create(print)
collect()
eq(t[1], nil); eq(t[2], held); eq(t.x, nil); eq(t.y, held); eq(t[3], nil); eq(t.n, 5); eq(t.s, "string"); eq(t.b, true); eq(t[10], nil)
eq(count(t), 5)
held = nil
collect()
eq(count(t), 3)

-- weak keys
t = setmetatable({}, {__mode = "k"})
held = {}
t[held] = 1; t[{}] = 2; t[{}] = {}; t["s"] = {}; t[1] = {}; t[function() return held end] = 3; t[true] = 4
collect()
eq(t[held], 1); eq(type(t.s), "table"); eq(type(t[1]), "table"); eq(t[true], 4); eq(count(t), 4)
held = nil
collect()
eq(count(t), 3)

-- both
t = setmetatable({}, {__mode = "kv"})
held = {}
local value = {}
t[held] = value; t[{}] = value; t[held] = value; t[1] = {}; t[{}] = {}
collect()
eq(count(t), 1); eq(t[held], value)
value = nil
collect()
eq(count(t), 0)
eq(count(setmetatable({{}, {}}, {__mode = "x"})), 2)

-- strings are never removed by themselves, as they are values
t = setmetatable({}, {__mode = "kv"})
for i = 1, 100 do t["key" .. i] = "value" .. i; t[i] = ("x"):rep(100) .. i end
collect()
eq(count(t), 200); eq(t.key50, "value50")

-- ephemerons: a value reachable only through its own key does not hold it
t = setmetatable({}, {__mode = "k"})
do local k = {}; t[k] = {k} end
do local k = {}; t[k] = function() return k end end
do local a, b, c = {}, {}, {}; t[a] = b; t[b] = c; t[c] = a end
collect()
eq(next(t), nil)
-- a chain hangs on its first key
local n = check.size(1000, 50)
local first = {}
do local k = first; for i = 1, n do local nextkey = {}; t[k] = nextkey; k = nextkey end end
collect()
eq(count(t), n)
local length, k = 0, first
while t[k] do k = t[k]; length = length + 1 end
eq(length, n)
k = nil
first = nil
collect()
eq(next(t), nil)
-- a chain in the opposite order of insertion, and through two tables
local a, b = setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "k"})
local keys = {}
for i = 1, 20 do keys[i] = {} end
for i = 20, 2, -1 do if i % 2 == 0 then a[keys[i]] = keys[i - 1] else b[keys[i]] = keys[i - 1] end end
local last = keys[20]
keys = nil
collect()
eq(count(a), 10); eq(count(b), 9)
last = nil
collect()
eq(count(a), 0); eq(count(b), 0)

-- the mode may change
t = setmetatable({}, {__mode = "k"})
t[1] = {}
collect()
eq(type(t[1]), "table")
getmetatable(t).__mode = "v"
collect()
eq(t[1], nil)
local v = {}
t[1] = v
setmetatable(t, nil)
v = nil
collect()
eq(type(t[1]), "table")

-- removal and finalizers: from weak values before, from weak keys after finalizers have run
local values, weakkeys = setmetatable({}, {__mode = "v"}), setmetatable({}, {__mode = "k"})
local seen
do
  local o = setmetatable({}, {__gc = function(o) seen = {values[1], weakkeys[o]} end})
  values[1] = o; weakkeys[o] = "info"
end
collectgarbage()
eq(seen[1], nil); eq(seen[2], "info")
collect()
eq(next(weakkeys), nil)
-- resurrected objects: gone from weak values, still there as weak keys while alive
local saved
do
  local o = setmetatable({}, {__gc = function(o) saved = o end})
  values[1] = o; weakkeys[o] = "still"
end
collect()
eq(values[1], nil); eq(weakkeys[saved], "still")
saved = nil
collect()
eq(next(weakkeys), nil)

-- a cache that is used while it is cleared
local cache = setmetatable({}, {__mode = "v"})
local made = 0
local function get(i) local o = cache[i]; if not o then made = made + 1; o = {i}; cache[i] = o end return o end
local rounds = check.size(20000, 300)
for i = 1, rounds do eq(get(i % 100)[1], i % 100) end
assert(made >= 100)
collect()
assert(count(cache) == 0, "the cache is empty after a collection")
-- traversing a weak table while collections clear it
t = setmetatable({}, {__mode = "k"})
for i = 1, 200 do t[{}] = i end
local visited = 0
for _ in pairs(t) do visited = visited + 1; if visited % 50 == 0 then collectgarbage() end end
assert(visited <= 200)
-- clearing and growing in turn
t = setmetatable({}, {__mode = "v"})
for i = 1, check.size(5000, 200) do t[i] = {}; if i % 1000 == 0 then collectgarbage "step" end end
collect()
eq(next(t), nil)
for i = 1, 100 do t[i] = i end
eq(#t, 100)
-- a weak table as a value of itself, and as its own metatable
t = {}
t.__mode = "v"; t.me = t; t.other = {}
setmetatable(t, t)
collect()
eq(t.me, t); eq(t.other, nil)
-- weak tables in coroutines and as upvalues
local wrapped = coroutine.wrap(function() local w = setmetatable({}, {__mode = "v"}); w[1] = {}; coroutine.yield(w); coroutine.yield(w[1]) end)
wrapped()
collect()
eq(wrapped(), nil)
