-- heap.map: the pages of each arena. Silent on success.

local check = dofile "tests/lua/check.lua"
local eq = check.eq

local function totals(map)
  local sum = {released = 0, free = 0, used = 0, ready = 0, full = 0}
  for i, arena in ipairs(map) do
    eq(type(arena.base), "string"); eq(type(arena.huge), "boolean")
    assert(arena.pages:find "^[.1-8_]+$", arena.pages)
    eq(#arena.pages, arena.bytes // 8192)
    local letters = {released = "%.", free = "_", used = "%d"}
    for state, letter in pairs(letters) do
      eq(select(2, arena.pages:gsub(letter, "")), arena[state], state)
      sum[state] = sum[state] + arena[state]
    end
    eq(arena.released + arena.free + arena.used, #arena.pages)
    assert(arena.ready <= arena.bytes)
    sum.ready = sum.ready + arena.ready
    sum.full = sum.full + select(2, arena.pages:gsub("8", ""))
  end
  return sum
end

collectgarbage()
local before = totals(heap.map())
assert(before.used > 0 and before.released > 0)
assert(before.ready <= heap.stats().ready)

local keep = {}
local n = check.size(50000, 2000)
for i = 1, n do keep[i] = {i} end
local big = string.rep("x", 1 << 20)
local during = totals(heap.map())
assert(during.used >= before.used + (n * heap.size(keep[1]) + (1 << 20)) // 8192, "pages of tables and of a string")
assert(during.full >= before.full + (1 << 20) // 8192, "the string's pages are full")
keep, big = nil
collectgarbage(); heap.release()
local after = totals(heap.map())
assert(after.used < during.used - (1 << 20) // 8192)
assert(after.released + after.free > during.released + during.free)
if heap.stats().system ~= "sbrk" then assert(after.released > during.released) end -- that one takes whole arenas only
