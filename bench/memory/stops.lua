-- The collector's longest stop in cases made to be its worst: what lives is one huge, deep or numerous thing, and the program
-- goes on making garbage. Not a program for bench/run: it prints what heap.stats() says, one case a process.
--
--   neap bench/memory/stops.lua            every case, each in a process of its own
--   neap bench/memory/stops.lua CASE...    these cases, in this process
--
-- Columns: the longest stop in CPU time and in time, stops of over 1 ms, cycles, and for comparison the longest time between two looks at the
-- clock that the program itself saw (whatever it was doing: growing a table, waiting for the processor).
local cases, order = {}, {}
local function case(name, f) cases[name] = f order[#order + 1] = name end

local clock = os.clock
local longest_gap = 0
-- Makes about `mb` megabytes of garbage, calling `f` now and then.
local sink = {}
local function churn(mb, f)
  local last = clock()
  for i = 1, mb * 1024 do
    for j = 1, 16 do sink[j] = {i} end
    if f then f(i) end
    local now = clock()
    if now - last > longest_gap then longest_gap = now - last end
    last = now
  end
end

case("deep_stack", function() -- 150,000 frames wait while the one on top works
  local function down(n) local a, b = {n}, n if n == 0 then churn(200) return 0 end return down(n - 1) + b - a[1] + 1 end
  down(150000)
end)
case("swinging_stack", function() -- goes down and up again all the time
  local function down(n) local a = {n} if n == 0 then return 0 end return down(n - 1) + a[1] end
  for _ = 1, 40 do down(150000) churn(1) end
end)
case("many_arguments", function()
  local t = {} for i = 1, 200000 do t[i] = {i} end
  local function f(...) churn(200) return (select("#", ...)) end
  f(table.unpack(t))
end)
case("coroutines", function() -- 200,000 of them, suspended
  local cos = {}
  for i = 1, 200000 do local co = coroutine.wrap(function(a) local t = {a} coroutine.yield() return t end) co(i) cos[i] = co end
  churn(300)
end)
case("coroutines_in_turn", function() -- 200,000 of them, all the time
  local cos = {}
  for i = 1, 200000 do
    cos[i] = coroutine.wrap(function(a) local t = {a} while true do t = coroutine.yield(t) end end)
    cos[i](i)
  end
  local at = 0
  churn(300, function() for _ = 1, 30 do at = at % 200000 + 1 cos[at]({}) end end)
end)
case("coroutines_abandoned", function()
  churn(200, function() for _ = 1, 10 do coroutine.wrap(function(a) local t = {a} coroutine.yield(function() return t end) end)({}) end end)
end)
case("deep_coroutines", function() -- 100 stacks of 10,000 frames, in turn
  local function down(n) local t = {n} if n == 0 then while true do coroutine.yield() end end down(n - 1) return t end
  local cos = {} for i = 1, 100 do cos[i] = coroutine.wrap(down) cos[i](10000) end
  local at = 0
  churn(300, function() at = at % 100 + 1 cos[at]() end)
end)
local function weak(mode, live)
  return function()
    local t, held = setmetatable({}, {__mode = mode}), {}
    for i = 1, 3000000 do
      local k, v = {}, {}
      if i % 10 < live then held[#held + 1] = k held[#held + 1] = v end
      t[mode == "v" and i or k] = v
    end
    churn(500, function(i) local x = t[i], next(t) end)
  end
end
case("weak_values", weak("v", 10))
case("weak_values_dying", weak("v", 1))
case("weak_keys", weak("k", 10))
case("weak_keys_dying", weak("k", 1))
case("weak_both_dying", weak("kv", 1))
case("ephemeron_chain", function()
  local t = setmetatable({}, {__mode = "k"})
  local first = {} local k = first
  for i = 1, 1000000 do local n = {} t[k] = n k = n end
  churn(300)
  return first
end)
case("weak_small", function() -- 100,000 tables
  local ts, held = {}, {}
  for i = 1, 100000 do held[i] = {} ts[i] = setmetatable({[held[i]] = {}, [{}] = {}, {}, held[i]}, {__mode = i % 2 == 0 and "k" or "v"}) end
  churn(300)
end)
case("finalizers", function()
  local t, mt = {}, {__gc = function() end}
  for i = 1, 300000 do t[i] = setmetatable({}, mt) end
  churn(200)
end)
case("finalizers_dying", function() -- all at once
  local t, mt = {}, {__gc = function() end}
  for i = 1, 300000 do t[i] = setmetatable({{i}}, mt) end
  churn(50)
  t = nil
  churn(300)
end)
case("array", function() local t = {} for i = 1, 10000000 do t[i] = i % 10 == 0 and {} or i end churn(300) return t end)
case("array_growing", function() local t = {} churn(300, function() for i = 1, 30 do t[#t + 1] = {} end end) return t end)
case("hash", function() local t = {} for i = 1, 10000000 do t[i * 7] = i % 10 == 0 and {} or i end churn(500) return t end)
case("hash_growing", function() local t, n = {}, 0 churn(300, function() for i = 1, 20 do n = n + 1 t[n * 7] = {} end end) return t end)
case("strings", function() local t = {} for i = 1, 3000000 do t[i] = "s" .. i end churn(500) return t end)
case("strings_growing", function() local t, n = {}, 0 churn(300, function() for i = 1, 20 do n = n + 1 t[n] = "g" .. n end end) return t end)
case("strings_dying", function()
  local t = {} for i = 1, 3000000 do t[i] = "s" .. i end
  t = nil
  churn(500)
end)
case("shapes", function()
  local ts = {}
  for i = 1, 300000 do ts[i] = setmetatable({}, {}) ts[i].x = i end
  churn(300)
  return ts
end)
case("shapes_dying", function() churn(300, function() for i = 1, 10 do local t = setmetatable({}, {}) t.x = i end end) end)
case("huge_string", function() local s = ("x"):rep(1 << 28) churn(300) return s end)
case("large_objects", function() local keep = {} for i = 1, 2000 do keep[i % 100] = ("x"):rep(1000000 + i) end end)
case("upvalues", function() -- one thread with 100,000 open variables
  local fs = {}
  local function down(n) local v = {n} fs[n] = function() return v end if n == 1 then churn(200) return end down(n - 1) return v end
  down(100000)
end)
case("closure_chain", function()
  local f = function() end
  for i = 1, 1000000 do local g = f f = function() return g end end
  churn(300)
  return f
end)
case("linked_list", function() local l for i = 1, 2000000 do l = {l} end churn(300) return l end)
case("code", function() -- one function with 200,000 constants and as many instructions
  local lines = {} for i = 1, 200000 do lines[i] = ("t[%d] = 'k%d'"):format(i, i) end
  local f = load("local t = ... " .. table.concat(lines, " "))
  local f2 = load("return {" .. ("{1,'a'},"):rep(100000) .. "}")
  churn(300)
  return f, f2
end)
case("nodes", function() -- tide/pause.lua
  local N, live = 2000000, {}
  for i = 1, N do live[i] = {i, {i}} end
  local last = clock()
  for i = 1, 10000000 do
    live[i % N + 1][1] = {i, i}
    if i % 16 == 0 then
      local now = clock()
      if now - last > longest_gap then longest_gap = now - last end
      last = now
    end
  end
end)

local function report(name)
  local before = clock()
  cases[name]()
  local took = clock() - before
  local s = heap.stats()
  local over = 0
  for _, bucket in ipairs(s.stop_histogram) do if bucket.below > 0.00103 then over = over + bucket.count end end
  print(("%-22s %7.2f ms %7.2f ms %5d %5d %9.2f ms %7.2f s"):format(name, s.longest_stop_cpu * 1e3, s.longest_stop * 1e3, over, s.collections, longest_gap * 1e3, took))
end

if #arg > 0 then
  for _, name in ipairs(arg) do report(name) end
else
  print(("%-22s %10s %10s %5s %5s %12s %9s"):format("case", "CPU", "longest", ">1 ms", "cycles", "seen", "CPU"))
  for _, name in ipairs(order) do
    io.stdout:flush()
    os.execute(("'%s' '%s' %s"):format(arg[-1], arg[0], name))
  end
end
