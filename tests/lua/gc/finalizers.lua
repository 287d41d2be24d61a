-- Manual 2.5.3: finalizers run once, in the reverse order of marking, and may resurrect.
local check = dofile "tests/lua/check.lua"
local eq = check.eq

local function collect() collectgarbage(); collectgarbage() end
local log = {}
local function finalized(name) return setmetatable({name = name}, {__gc = function(o) log[#log + 1] = o.name end}) end

-- reverse order of setmetatable
local all = {}
for i = 1, 5 do all[i] = finalized("o" .. i) end
all = nil
collect()
eq(table.concat(log, " "), "o5 o4 o3 o2 o1")
collect()
eq(#log, 5, "each runs once")

-- nothing runs while the object is reachable
log = {}
local kept = finalized "kept"
collect()
eq(#log, 0)
kept = nil
collect()
eq(log[1], "kept")

-- an object marked by a metatable that had no __gc then is not finalized
log = {}
do
  local meta = {}
  local object = setmetatable({}, meta)
  meta.__gc = function() log[#log + 1] = "late" end
  object = nil
end
collect()
eq(#log, 0)
-- the field is looked up when the object dies; setmetatable marks when it is present, whatever it is
do
  local meta = {__gc = true}
  local object = setmetatable({}, meta)
  meta.__gc = function() log[#log + 1] = "looked up" end
  object = nil
end
collect()
eq(log[1], "looked up")
log = {}
setmetatable({}, {__gc = true}); setmetatable({}, {__gc = 5})
collect()

-- an object that refers to another that dies at the same time sees it whole
log = {}
do
  local inner = {value = "inner value"}
  setmetatable({inner = inner}, {__gc = function(o) log[#log + 1] = o.inner.value end})
end
collect()
eq(log[1], "inner value")
-- cycles of finalized objects
log = {}
do
  local a, b = finalized "a", finalized "b"
  a.other, b.other = b, a
end
collect()
eq(table.concat(log, " "), "b a")

-- resurrection: once, unless it is marked again
log = {}
local saved
do
  setmetatable({data = {1, 2, 3}}, {__gc = function(o) saved = o; log[#log + 1] = "saved" end})
end
collect()
eq(#log, 1); eq(saved.data[3], 3)
saved = nil
collect()
eq(#log, 1)
do
  local meta = {}
  meta.__gc = function(o) log[#log + 1] = "again"; o.count = o.count + 1; if o.count < 3 then setmetatable(o, meta) end end
  setmetatable({count = 0}, meta)
end
log = {}
for _ = 1, 6 do collect() end
eq(#log, 3)

-- setmetatable twice counts as once, and moves nothing
log = {}
do
  local a, b = finalized "first", finalized "second"
  setmetatable(a, getmetatable(a))
end
collect()
eq(table.concat(log, " "), "second first")

-- a finalizer may create objects, with finalizers too, and call the collector
log = {}
setmetatable({}, {__gc = function() finalized "made inside"; local t = {}; for i = 1, 100 do t[i] = {i} end log[#log + 1] = #t end})
collect(); collect()
eq(log[1], 100); eq(log[2], "made inside")
log = {}
setmetatable({}, {__gc = function() collectgarbage(); collectgarbage("step"); log[#log + 1] = "ran" end})
collect()
eq(log[1], "ran")

-- an error in a finalizer is a warning, and the others run
log = {}
warn "@off"
all = {}
for i = 1, 3 do all[i] = setmetatable({}, {__gc = function() log[#log + 1] = i; if i == 2 then error("in finalizer") end end}) end
all = nil
collect()
eq(table.concat(log, " "), "3 2 1")

-- a finalizer runs in the middle of other code without disturbing it
local ran = 0
local function churn(n)
  local sum = 0
  for i = 1, n do
    local o = setmetatable({i}, {__gc = function(o) ran = ran + o[1] - o[1] + 1 end})
    sum = sum + o[1]
  end
  return sum
end
local n = check.size(20000, 200)
eq(churn(n), n * (n + 1) // 2)
collect()
eq(ran, n)

-- finalizers and coroutines
log = {}
do
  local co = coroutine.wrap(function() local o = finalized "in coroutine"; coroutine.yield(); return o end)
  co()
end
collect()
eq(log[1], "in coroutine")
log = {}
do
  local live = coroutine.create(function() local o = finalized "held by live"; coroutine.yield(); log[#log + 1] = "resumed"; return o.name end)
  coroutine.resume(live)
  collect()
  eq(#log, 0)
  coroutine.resume(live)
end
collect()
eq(table.concat(log, " "), "resumed held by live")
-- a yield in a finalizer is refused (as a warning); the finalizer sees no coroutine's stack
setmetatable({}, {__gc = function() coroutine.yield() end})
collect()

-- a table that is a key or value of others, and its own metatable
log = {}
do
  local t = {name = "own"}
  t.__gc = function(o) log[#log + 1] = o.name end
  setmetatable(t, t)
end
collect()
eq(log[1], "own")
-- upvalues of the finalizer live as long as they are needed
log = {}
do
  local big = {}
  for i = 1, 50 do big[i] = {i} end
  setmetatable({}, {__gc = function() log[#log + 1] = big[50][1] end})
end
collect()
eq(log[1], 50)
-- the finalizer gets the object only
setmetatable({}, {__gc = function(...) log = {select("#", ...)} end})
collect()
eq(log[1], 1)
