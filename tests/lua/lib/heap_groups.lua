-- heap.group: memory is charged to the group that runs, credited when it is freed, and limited. Silent on success.
-- stress: 20
-- emergency: off a request that is refused on purpose and then by the group gets the message without the group's name

local check = dofile "tests/lua/check.lua"
local eq, fails, list = check.eq, check.fails, check.list
local n = check.size(2000, 200)

local function collect() collectgarbage() collectgarbage() end

local function make(count)
  local t = {}
  for i = 1, count do t[i] = {i} end
  return t
end

-- results and errors pass through
do
  local g = heap.group "calls"
  list(table.pack(g:run(function(...) return ... end, 1, nil, 3, nil)), 1, nil, 3, nil)
  list(table.pack(g:run(function() end)))
  list(table.pack(g:run(string.rep, "x", 3)), "xxx")                 -- a C function
  list(table.pack(pcall(g.run, g, error, "text", 0)), false, "text")
  local object = {}
  list(table.pack(pcall(g.run, g, error, object)), false, object)
  list(table.pack(pcall(g.run, g, error, nil)), false, nil)
  fails("attempt to call a nil value", g.run, g, nil)
  local trace = select(2, xpcall(g.run, debug.traceback, g, function() local function deep() error "here" end deep() end))
  assert(trace:find("in upvalue 'deep'", 1, true) or trace:find("in local 'deep'", 1, true), trace)
  list(table.pack(xpcall(g.run, function(m) return m .. "!" end, g, error, "a", 0)), false, "a!")
  -- nested a hundred times, and until the stack is full
  local function nest(depth) if depth == 0 then return "bottom" end return g:run(nest, depth - 1) end
  eq(nest(100), "bottom")
  local function forever() return 1 + g:run(forever) end
  eq(pcall(forever), false)
  eq(pcall(g.run, g, forever), false)
end

-- charged while it lives, credited when it is freed
do
  local g = heap.group "charge"
  eq(g:stats().bytes, 0)
  local t = g:run(make, n)
  local stats = g:stats()
  assert(stats.bytes >= n * 32 and stats.bytes < n * 200, stats.bytes)
  eq(stats.objects, n + 1)
  make(n)                                                           -- not in the group
  assert(g:stats().bytes <= stats.bytes)
  for i = 1, n, 2 do t[i] = nil end
  collect()
  eq(g:stats().objects, n // 2 + 1)
  t = nil
  collect()
  eq(g:stats().bytes, 0); eq(g:stats().objects, 0)
  assert(g:stats().peak >= stats.bytes)
end

-- a buffer is paid by who had it grow
do
  local g = heap.group "buffers"
  local t = {}
  g:run(function() for i = 1, n do t[i] = i end end)
  collect()
  assert(g:stats().bytes >= n * 9); eq(g:stats().objects, 0)
  for i = n + 1, 3 * n do t[i] = i end
  collect()
  eq(g:stats().bytes, 0)
  eq(#t, 3 * n)
end

-- strings: long ones by who makes them, short ones by who makes them first
do
  local g, h = heap.group "first", heap.group "second"
  local long = g:run(string.rep, "x", 100000)
  assert(g:stats().bytes >= 100000)
  local short = g:run(function() return "a short " .. "text of number " .. n end)
  local before = h:stats().objects
  eq(h:run(function() return "a short text " .. "of number " .. n end), short)
  eq(h:stats().objects - before <= 1, true)                          -- the piece in between
  eq(#long, 100000)
end

-- nested groups: the inner one is charged
do
  local outer, inner = heap.group "outer", heap.group "inner"
  local keep = {}
  outer:run(function()
    keep[1] = inner:run(make, n)
    eq(pcall(inner.run, inner, error), false)
    keep[2] = make(n)
  end)
  eq(inner:stats().objects, n + 1)
  assert(outer:stats().objects >= n + 1 and outer:stats().objects < n + 20)
end

-- coroutines keep their group over yields, and have the one they were made in
do
  local g, h = heap.group "coroutines", heap.group "others"
  local keep = {}
  local co = coroutine.wrap(function()
    g:run(function()
      for i = 1, 3 do keep[#keep + 1] = make(n) coroutine.yield(i) end
    end)
    keep[#keep + 1] = make(n)
    coroutine.yield "outside"
    keep[#keep + 1] = make(n)
  end)
  h:run(function()
    eq(co(), 1); eq(co(), 2)
  end)
  eq(co(), 3); eq(co(), "outside")
  eq(g:stats().objects >= 3 * (n + 1) and g:stats().objects < 3 * (n + 1) + 20, true)
  co()
  assert(g:stats().objects < 3 * (n + 1) + 20)
  assert(h:stats().objects < n)
  -- made inside: its stack and all that it does
  local made = g:run(coroutine.wrap, function() while true do keep[#keep + 1] = {} coroutine.yield() end end)
  local before = g:stats().objects
  for i = 1, 10 do made() end
  assert(g:stats().objects >= before + 10)
  -- dead by an error, inside: the next one is not charged
  local bad = coroutine.create(function() g:run(error, "gone") end)
  eq(coroutine.resume(bad), false)
  collect()
  before = g:stats().objects
  keep[#keep + 1] = make(n)
  assert(g:stats().objects <= before)
  -- closed while it is inside: its variables are closed in the group
  local co2 = coroutine.create(function()
    g:run(function()
      local closing <close> = setmetatable({}, {__close = function() keep[#keep + 1] = make(n) end})
      coroutine.yield()
    end)
  end)
  coroutine.resume(co2)
  collect()
  before = g:stats().objects
  eq(coroutine.close(co2), true)
  assert(g:stats().objects >= before + n)
  collect()
  before = g:stats().objects
  make(n)
  assert(g:stats().objects <= before)
end

-- what is closed because of an error is closed in the group
do
  local g = heap.group "closing"
  local keep
  eq(pcall(g.run, g, function()
    local closing <close> = setmetatable({}, {__close = function() keep = make(n) end})
    error "out"
  end), false)
  assert(g:stats().objects >= n)
end

-- finalisers run in the group of their object
do
  local g = heap.group "finalisers"
  local keep
  g:run(function() setmetatable({}, {__gc = function() keep = make(n) end}) end)
  collect()
  assert(keep)
  assert(g:stats().objects >= n + 1, g:stats().objects)
  keep = nil
  collect()
  eq(g:stats().objects, 1)                                           -- the variable `keep` as an upvalue
end

-- the stack that grew is the host's again
do
  local g = heap.group "stack"
  local function deep(k) if k == 0 then return 0 end return 1 + deep(k - 1) end
  local co = coroutine.wrap(function() g:run(deep, 5000) while true do g:run(deep, 0) coroutine.yield() end end)
  for i = 1, 3 do co() end                                           -- there may be no memory to move it the first time
  eq(g:stats().bytes, 0)
end

-- the limit: an error that names the group; the host is unharmed, and so is the group
do
  local g = heap.group("plugin", {limit = "256KiB"})
  for round = 1, 5 do
    local ok, message = pcall(g.run, g, function() local t = {} while true do t[#t + 1] = {} end end)
    eq(ok, false); eq(message, "not enough memory (group 'plugin')")
    eq(g:stats().hits, round)
    assert(g:stats().bytes <= 256 * 1024 + 16384 and g:stats().peak <= 256 * 1024 + 16384, g:stats().peak)
  end
  eq(#make(10000), 10000)
  eq(g:run(function() return #make(500) end), 500)
  fails("not enough memory (group 'plugin')", g.run, g, string.rep, "x", 1 << 20)
  -- caught inside it can go on
  eq(g:run(function()
    for i = 1, 3 do eq(pcall(string.rep, "x", 1 << 20), false) end
    local ok = pcall(function() local t = {} while true do t[#t + 1] = {} end end)
    eq(ok, false)
    return #make(100)
  end), 100)
  -- in a coroutine of its own
  local co = g:run(coroutine.create, function() local t = {} while true do t[#t + 1] = {} coroutine.yield() end end)
  local ok, message
  repeat ok, message = coroutine.resume(co) until not ok
  eq(message, "not enough memory (group 'plugin')")
  -- handlers have some room
  co = nil
  collect()
  local handled
  xpcall(g.run, function(m) handled = debug.traceback(m) end, g, function() local t = {} while true do t[#t + 1] = {} end end)
  assert(handled and handled:find("stack traceback", 1, true), handled)
end

-- garbage does not count: of tables, strings, and what has a finaliser
do
  local g = heap.group("garbage", {limit = "512KiB"})
  local rounds = check.size(60000, 300)
  g:run(function() for i = 1, rounds do local t = {i} end end)
  g:run(function() for i = 1, rounds do local s = "number " .. i end end)
  g:run(function() for i = 1, rounds do local s = string.rep("x", i % 1000) end end)
  g:run(function() for i = 1, rounds do setmetatable({}, {__gc = function() end}) end end)
  g:run(function() for i = 1, rounds do local co = coroutine.wrap(function() end) co() end end)
  eq(g:stats().hits, 0)
end

-- limits change
do
  local g = heap.group("limits", {limit = 100000})
  eq(g:limit(), 100000); eq(g:limit("1MiB"), 100000); eq(g:limit(), 1 << 20)
  eq(g:limit(false), 1 << 20); eq(g:limit(), false); eq(g:stats().limit, false)
  local t = g:run(make, 100)
  fails("less than what is in use", g.limit, g, 100)
  eq(g:limit(), false)
  t = nil
  g:limit(100)
  fails("not enough memory (group 'limits')", g.run, g, make, 100)
end

-- a dropped group is charged until the last of it is gone
do
  local function objects()
    return tonumber(heap.metrics():match('neap_group_objects{group="dropped",id="%d+"} (%d+)'))
  end
  local t
  do
    local g = heap.group "dropped"
    t = g:run(make, n)
  end
  collect()
  eq(objects(), n + 1)
  local kept = t[1]
  t = nil
  collect()
  eq(objects(), 1)
  kept = nil
  collect()
  eq(objects(), nil)
end

-- many groups that come and go
do
  local groups = {}
  for round = 1, check.size(20, 3) do
    for i = 1, 30 do
      local g = heap.group("g" .. i, {limit = 100000 + i})
      groups[i] = {g, g:run(make, i)}
    end
    for i = 1, 30 do eq(groups[i][1]:stats().objects, i + 1) end
  end
end

-- hooks are charged to who runs, and an error in one leaves the group
do
  local g = heap.group "hooks"
  local count = 0
  eq(pcall(g.run, g, function()
    debug.sethook(function() count = count + 1 if count > 3 then debug.sethook() error "hook" end end, "", 10)
    while true do end
  end), false)
  local before = g:stats().objects
  make(n)
  assert(g:stats().objects <= before)
end

-- the message of the state's own limit is what it always was
eq(tostring(heap.group "a 'b'"), "heap.group: a 'b'")
eq(getmetatable(heap.group "x"), false)
