-- stress: 5000
-- emergency: 20000
-- heap.onlimit: called once for an approach, may make the room that was lacking; the soft limit.
local check = dofile "tests/lua/check.lua"
local MIB <const> = 1 << 20
local base = heap.stats().ready
local M <const> = check.verified and 4 or 16 -- MiB to fill
local LIMIT <const> = base + M * MIB
local function flood() local t = {} for i = 1, math.maxinteger do t[i] = {i} end end

-- a cache that is let go of: the program does not notice
heap.limit {hard = LIMIT}
local cache, calls = {}, 0
heap.onlimit(function(which) calls = calls + 1 cache = {} check.eq(which, "hard") end)
local hits = heap.stats().limit_hits
for i = 1, 25 * M do
  local chunk = {}
  for j = 1, 1000 do chunk[j] = {i, j} end
  cache[#cache + 1] = chunk
end
assert(calls >= 1 and calls <= 12, calls)
check.eq(heap.stats().limit_hits, hits)
-- the same for one large request
cache, calls = {}, 0
for i = 1, 6250 * M do cache[i] = {i} end
local big = ("x"):rep(3 * M * MIB // 8)
check.eq(#big, 3 * M * MIB // 8); check.eq(calls, 1); check.eq(#cache, 0)
big = nil
cache = ("y"):rep(5 * M * MIB // 16)
local t = {}
for i = 1, 37500 * M do t[i] = i end
check.eq(#t, 37500 * M)
t = nil

-- once before the error when it cannot help
calls = 0
heap.onlimit(function() calls = calls + 1 end)
check.eq(pcall(flood), false)
check.eq(calls, 1)
collectgarbage()
check.eq(pcall(flood), false)
check.eq(calls, 2)

-- it is not called inside itself, and its own errors are warnings
local depth, deepest = 0, 0
heap.onlimit(function()
  depth = depth + 1
  if depth > deepest then deepest = depth end
  pcall(flood)
  depth = depth - 1
  heap.limit {hard = LIMIT + MIB}
end)
check.eq(pcall(flood), false)
check.eq(deepest, 1)
check.eq(heap.limit().hard, LIMIT + MIB)
collectgarbage()
heap.onlimit(function() error "not this time" end)
local ok, message = pcall(flood)
check.eq(ok, false); check.eq(message, "not enough memory")
collectgarbage()
heap.onlimit(function() flood() end)
ok, message = pcall(flood)
check.eq(ok, false); check.eq(message, "not enough memory")
collectgarbage()

-- taken off again
calls = 0
heap.onlimit(function() calls = calls + 1 end)
heap.onlimit(nil)
check.eq(pcall(flood), false)
check.eq(calls, 0)
collectgarbage()

-- the soft limit: the collector works to stay below, the function is told, nothing fails
heap.limit {hard = false, soft = base + M * MIB // 2}
calls = 0
heap.onlimit(function(which) calls = calls + 1 check.eq(which, "soft") end)
hits = heap.stats().limit_hits
local keep = {}
for i = 1, 6250 * M do keep[i] = {i, i} end -- below it
for i = 1, 12500 * M do local garbage = {i, i} end
check.eq(heap.stats().limit_hits, hits)
for i = 1, 18750 * M do keep[i] = {i, i} end -- and beyond
check.eq(#keep, 18750 * M)
assert(heap.stats().live > base + M * MIB // 2)
assert(calls >= 1, calls)
check.eq(heap.stats().limit_hits, hits)
heap.onlimit()
heap.limit {soft = false}
