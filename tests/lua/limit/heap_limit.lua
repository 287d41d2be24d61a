-- stress: 20000
-- emergency: 50000
-- heap.limit: what it takes and refuses, and a program that hits the limit in many places and goes on.
local check = dofile "tests/lua/check.lua"
local base = heap.stats().ready
local MIB <const> = 1 << 20

-- ---- what it takes ----
check.eq(type(heap.limit()), "table")
local before = heap.limit {hard = "64MiB", soft = 48 * MIB}
check.eq(heap.limit().hard, 64 * MIB); check.eq(heap.limit().soft, 48 * MIB)
check.eq(heap.stats().limit, 64 * MIB); check.eq(heap.stats().soft_limit, 48 * MIB)
check.eq(heap.limit({soft = false}).soft, 48 * MIB)
check.eq(heap.limit().soft, false); check.eq(heap.limit().hard, 64 * MIB)
heap.limit {hard = "none"}
check.eq(heap.limit().hard, false); check.eq(heap.stats().limit, false)
heap.limit {hard = "100%"}
assert(heap.limit().hard > 0)
heap.limit {hard = 1 << 50} -- more than any machine has
check.eq(heap.limit().hard, 1 << 50)
heap.limit {hard = false}

local function refused(limits, text)
  local ok, message = pcall(heap.limit, limits)
  check.eq(ok, false)
  assert(message:find(text, 1, true), message)
  check.eq(heap.limit().hard, false)
end
refused({hard = 4096}, "less than what is in use")
refused({hard = 0}, "not positive")
refused({hard = -1}, "not positive")
refused({hard = 1.5}, "whole number")
refused({hard = math.huge}, "whole number")
refused({hard = true}, "is true")
refused({hard = {}}, "neither a size nor false")
refused({hard = "lots"}, "hard (lots) is not a size")
refused({hard = "64MiB\0"}, "hard (64MiB) has a zero behind it")
refused({soft = "0"}, "soft (0) is zero")
refused({hard = "64MiB", soft = "65MiB"}, "above hard")
refused({hard = math.maxinteger}, "too large")
refused({herd = 1}, "unknown field 'herd'")
refused("64MiB", "table expected")
check.eq(pcall(heap.onlimit, 1), false)

-- ---- hit in many places, and gone on ----
local LIMIT <const> = base + (check.verified and 3 or 12) * MIB
heap.limit {hard = LIMIT}
local function flood() local t = {} for i = 1, math.maxinteger do t[i] = {i} end end
local function hits(f, ...)
  local was = heap.stats().limit_hits
  local ok, message = pcall(f, ...)
  check.eq(ok, false)
  assert(tostring(message):find "not enough memory", message)
  assert(heap.stats().limit_hits > was)
  local t = {} -- the program goes on
  for i = 1, 1000 do t[i] = {tostring(i)} end
  check.eq(t[1000][1], "1000")
end
local text = ("x"):rep(100000)
hits(flood)
hits(string.rep, "abc", 8 * MIB)
hits(function() local t = {} for i = 1, 1 << 30 do t[i] = i end end)
hits(function() local t = {} for i = 1, 1 << 30 do t["k" .. i] = i end end)
hits(function() local t = {} for i = 1, 1 << 30 do t[i] = coroutine.create(flood) end end)
hits(function() local t = {} for i = 1, 1 << 30 do t[i] = function() return t, i end end end)
hits(function() local s = text while true do s = s .. s end end)
hits(function() local t = {} for i = 1, 1000 do t[i] = text end return table.concat(t) end)
hits(function() return (("x"):rep(1000000):gsub("x", ("y"):rep(100))) end)
hits(function() local s = ("%s%s%s%s%s%s%s%s%s%s") local t = text
  while true do t = s:format(t, t, t, t, t, t, t, t, t, t) end end)
hits(function() local t = {} while true do table.insert(t, {}) end end)
hits(function() local t = {} for i = 1, (check.verified and 50000 or 200000) do t[i] = i end return (table.pack(table.unpack(t))), flood() end)
hits(function() local t = {} for i = 1, 3000 do t[i] = i end table.sort(t, function(a, b) flood() return a < b end) end)
hits(function() local function down() return 1 + down() end
  for i = 1, 5 do pcall(coroutine.wrap(function() down() end)) end flood() end)
hits(function() return assert(load(coroutine.wrap(function() coroutine.yield "return {" while true do coroutine.yield(text .. ",") end end))) end)
hits(function() local source = "return {" .. ("{1,'a'},"):rep(400000) .. "}" return assert(load(source))() end)
hits(function() return setmetatable({}, {__index = function() flood() end}).x end)
hits(function() return setmetatable({}, {__concat = flood}) .. "x" end)
hits(function() return pcall(pcall, pcall, pcall, error), flood() end)
hits(function() for _ in function() flood() end do end end)
hits(function() return tostring(setmetatable({}, {__tostring = flood})) end)
hits(coroutine.wrap(function() flood() end))
hits(function() local x <close> = setmetatable({}, {__close = function() flood() end}) end)
local closed
hits(function() local x <close> = setmetatable({}, {__close = function() closed = #{1, 2, 3} end}) flood() end)
check.eq(closed, 3)
package.preload.flooding = flood
hits(require, "flooding")

-- in a finalizer it is a warning, and the program does not notice
setmetatable({}, {__gc = function() flood() end})
collectgarbage() collectgarbage()

-- the handler and a traceback run at the limit
local ok, message = xpcall(flood, debug.traceback)
check.eq(ok, false)
assert(message:find "^not enough memory\nstack traceback:\n" and message:find "heap_limit.lua", message)
-- and when the handler itself floods, the error arrives all the same
ok, message = xpcall(flood, flood)
check.eq(ok, false)
check.eq(message, "not enough memory")
-- a message that is raised again
ok, message = pcall(function() local _, m = pcall(flood) error(m) end)
assert(message:find "not enough memory", message)

-- deep recursion under pcall, in which the stack itself may be what does not fit
local depth = 0
local function recurse() depth = depth + 1 return 1 + recurse() end
ok, message = pcall(recurse)
check.eq(ok, false)
assert(message:find "stack overflow" or message:find "not enough memory", message)

-- ---- set from elsewhere ----
coroutine.wrap(function() heap.limit {hard = LIMIT + MIB} end)()
check.eq(heap.limit().hard, LIMIT + MIB)
do
  local inside
  setmetatable({}, {__gc = function() inside = pcall(heap.limit, {hard = LIMIT}) end})
  collectgarbage() collectgarbage()
  check.eq(inside, true); check.eq(heap.limit().hard, LIMIT)
end
hits(flood)

-- nothing has been lost on the way
heap.limit {hard = false}
collectgarbage() collectgarbage() heap.release()
assert(heap.stats().ready < base + 3 * MIB, heap.stats().ready - base)
heap.limit(before)
