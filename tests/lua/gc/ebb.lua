-- What a program no longer needs goes back to the system, counted in bytes, whatever the size of the
-- system's pages. Silent on success.
-- stress: 1000
-- emergency: 500

local check = dofile "tests/lua/check.lua"

-- These take back nothing but whole ranges of address space.
local keeps = {aix = true, sbrk = true}
if keeps[heap.stats().system] then return end

local function ready()
  collectgarbage()
  heap.release()
  return heap.stats().ready
end

local n = check.size(100000, 50000)

-- What the collector makes once, when a heap is large for the first time (the thread for waits among it), is not the flood's.
local flood = {}
for i = 1, n do flood[i] = {i, i, i} end
flood = nil

-- all of it
local before = ready()
flood = {}
for i = 1, n do flood[i] = {i, i, i} end
local full = heap.stats()
local grown = full.ready - before
assert(grown > n * 60, "grew by " .. grown)
flood = nil
local after = ready()
assert(after - before < grown // 10, "of " .. grown .. " bytes " .. after - before .. " stay")
local released = heap.stats().released
assert(released > grown * 9 // 10, "of " .. grown .. " bytes " .. released .. " are released")

-- all but a few that lie far apart: each holds a page of the system
flood = {}
for i = 1, n do flood[i] = {i, i, i} end
local kept = {}
for i = 1, n, n // 8 do kept[#kept + 1] = flood[i] end
flood = nil
after = ready()
assert(after - before < grown // 3, "of " .. grown .. " bytes " .. after - before .. " stay with " .. #kept .. " kept")
for i, t in ipairs(kept) do assert(t[1] == t[3] and t[1] == 1 + (i - 1) * (n // 8)) end

-- what was given back is taken again, and goes again
for _ = 1, 3 do
  flood = {}
  for i = 1, n do flood[i] = {i, i, i} end
  for i = 1, n, 7 do assert(flood[i][1] == i and flood[i][3] == i) end
  flood = nil
  after = ready()
  assert(after - before < grown // 3, "of " .. grown .. " bytes " .. after - before .. " stay")
end

-- one large string
local text = string.rep("x", 20 * n)
assert(heap.stats().ready >= after + #text)
text = nil
assert(ready() - before < grown // 3)
