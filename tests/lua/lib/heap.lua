-- The `heap` module, which only Neap has. Silent on success.
-- stress: 10

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

eq(require("heap"), heap); eq(package.loaded.heap, heap)

local function check_figures(stats)
  for _, name in ipairs{"live", "allocated", "reserved", "mapped", "ready", "released", "resident", "peak", "collections"} do
    eq(math.type(stats[name]), "integer", name)
    assert(stats[name] >= 0, name .. " is negative: " .. stats[name])
  end
  for _, name in ipairs{"longest_stop", "longest_stop_cpu", "total_stop"} do
    eq(math.type(stats[name]), "float", name)
    assert(stats[name] >= 0, name .. " is negative: " .. stats[name])
  end
  assert(({linux = 1, bsd = 1, darwin = 1, aix = 1, sbrk = 1})[stats.system])
  local function ordered(low, high)
    if stats[low] > stats[high] then
      error(low .. " (" .. stats[low] .. ") exceeds " .. high .. " (" .. stats[high] .. ")", 2)
    end
  end
  ordered("live", "ready"); ordered("live", "allocated"); ordered("ready", "mapped"); ordered("mapped", "reserved")
  ordered("released", "mapped"); ordered("longest_stop", "total_stop")
  local stops, below = 0, 0
  for _, bucket in ipairs(stats.stop_histogram) do
    assert(bucket.below > below and bucket.count > 0, "buckets ascend and are not empty")
    stops, below = stops + bucket.count, bucket.below
  end
  eq(stops, stats.stops)
  assert(stats.longest_stop < below)
  if stats.peak > 0 then ordered("resident", "peak") end
  for name, kind in pairs(stats.objects) do
    eq(math.type(kind.count), "integer", name); eq(math.type(kind.bytes), "integer", name)
    assert(kind.count >= 0 and kind.bytes >= kind.count, name)
  end
  local last = -1
  for i, class in ipairs(stats.classes) do
    if class.size > 0 then
      assert(class.size > last, "classes ascend")
      last = class.size
    end
    assert(class.live <= class.slots, "class " .. class.size .. ": more live than slots")
    assert(class.spans > 0 and class.slots >= class.spans, "class " .. class.size)
  end
  assert(#stats.classes > 0)
  for _, name in ipairs{"objects", "strings", "buffers"} do
    local kind = stats.kinds[name]
    assert(kind.live > 0 and kind.live <= kind.ready, name)
  end
end

collectgarbage()
local before = heap.stats()
check_figures(before)

-- what is made shows, what is dropped goes
local n = check.size(20000, 2000)
local list = {}
for i = 1, n do list[i] = {i, tostring(i) .. " is a string"} end
collectgarbage()
local full = heap.stats()
check_figures(full)
assert(full.allocated > before.allocated); assert(full.collections > before.collections)
assert(full.live >= before.live + n * 32, "live grew by " .. full.live - before.live)
assert(full.objects.table.count >= before.objects.table.count + n)
assert(full.objects.string.count >= before.objects.string.count + n)
assert(full.objects.string.bytes >= before.objects.string.bytes + n * 16)

list = nil
collectgarbage(); collectgarbage()
local empty = heap.stats()
check_figures(empty)
assert(empty.live < full.live - n * 32, "live fell by " .. full.live - empty.live)
assert(empty.objects.table.count <= full.objects.table.count - n + 200) -- (the tables of `full` came after it was taken)
assert(empty.allocated >= full.allocated)

-- release gives back what is free; doing it again gives back nothing much
local gave = heap.release()
eq(math.type(gave), "integer")
assert(gave >= 0)
local after = heap.stats()
check_figures(after)
assert(after.ready <= empty.ready)
assert(heap.release() <= math.max(gave, 1 << 20))

-- a large object is a span of its own and leaves when it dies
local before_large = heap.stats().live
local large = string.rep("x", 4 << 20)
assert(heap.stats().live >= before_large + (4 << 20))
large = nil
collectgarbage(); collectgarbage()
assert(heap.stats().live < before_large + (1 << 20))

-- the table is the caller's own, and extra arguments do no harm
before.live = nil
assert(heap.stats(1, 2).live); eq(select("#", heap.stats()), 1); eq(select("#", heap.release("x")), 1)
-- inside a coroutine it is the same heap
local inside = coroutine.wrap(function() return heap.stats().reserved end)()
assert(inside >= after.reserved - (64 << 20))

-- what the process has used
local mine, children = heap.usage()
for _, usage in ipairs{mine, children} do
  for _, name in ipairs{"peak", "minor_faults", "major_faults"} do eq(math.type(usage[name]), "integer", name) end
  for _, name in ipairs{"user", "system"} do eq(math.type(usage[name]), "float", name) end
end
assert(mine.user + mine.system > 0)
assert(mine.peak >= before.resident // 2 and (mine.minor_faults > 0 or before.system == "sbrk"))

-- heap.step: comes to the end of a cycle in steps of any size, whether the collector is stopped or not
do
  local hold = {}
  for i = 1, check.size(20000, 500) do hold[i] = {i} end
  for _, ms in ipairs{0, 0.01, 5} do
    local cycles, steps = heap.stats().collections, 0
    collectgarbage "stop"
    repeat steps = steps + 1 until heap.step(ms)
    collectgarbage "restart"
    assert(heap.stats().collections > cycles)
    if ms == 0 then assert(steps > check.size(3, 0), "a step of no time is a small one") end
  end
  local finalized = false
  setmetatable({}, {__gc = function() finalized = true eq(heap.step(1), false) end})
  repeat heap.step(10) until finalized
  fails("(a time in milliseconds expected)", heap.step, -1)
  fails("number expected", heap.step)
end
