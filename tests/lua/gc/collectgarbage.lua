-- collectgarbage, all its options; memory falls when objects die.
local check = dofile "tests/lua/check.lua"
local eq = check.eq

eq(collectgarbage(), 0); eq(collectgarbage "collect", 0)
eq(math.type(collectgarbage "count"), "float"); assert(collectgarbage "count" > 0)
eq(collectgarbage "isrunning", true)
eq(collectgarbage "stop", 0); eq(collectgarbage "isrunning", false)
eq(collectgarbage "restart", 0); eq(collectgarbage "isrunning", true)
eq(type(collectgarbage "step"), "boolean"); eq(type(collectgarbage("step", 100)), "boolean")
check.fails("bad argument #1 to 'collectgarbage' (invalid option 'bad')", collectgarbage, "bad")
check.fails("bad argument #1 to 'collectgarbage' (string expected, got table)", collectgarbage, {})
check.fails("number expected", collectgarbage, "step", "x")

-- modes give the one before; parameters are accepted
collectgarbage "incremental"             -- the command may have begun in either mode
eq(collectgarbage "generational", "incremental"); eq(collectgarbage "generational", "generational")
for _ = 1, 100 do local _ = {} end
collectgarbage()
eq(collectgarbage "incremental", "generational"); eq(collectgarbage "incremental", "incremental")
eq(collectgarbage("incremental", 100, 200, 10), "incremental"); eq(collectgarbage("generational", 20, 100), "incremental")
eq(collectgarbage("incremental", 0, 0, 0), "generational")
local pause = collectgarbage("setpause", 200)
eq(math.type(pause), "integer"); eq(collectgarbage("setpause", pause), 200)
local multiplier = collectgarbage("setstepmul", 300)
eq(math.type(multiplier), "integer"); eq(collectgarbage("setstepmul", multiplier) >= 0, true)

-- what dies is given back
local n = check.size(100000, 2000)
collectgarbage()
local before = collectgarbage "count"
local t = {}
for i = 1, n do t[i] = {i} end
local full = collectgarbage "count"
assert(full > before + n * 32 / 1024, "a table of tables is counted")
t = nil
collectgarbage(); collectgarbage()
local after = collectgarbage "count"
assert(after < before + (full - before) * 0.1 + 64, ("expected about %.0f KiB after, got %.0f of %.0f"):format(before, after, full))
local text = ("x"):rep(1000000)
assert(collectgarbage "count" > after + 900)
text = nil
collectgarbage()
assert(collectgarbage "count" < after + 100)

-- steps finish a cycle
local garbage = {}
for i = 1, n // 10 do garbage[i] = {} end
garbage = nil
collectgarbage "stop"
local steps = 0
repeat steps = steps + 1 until collectgarbage("step", 10) or steps > 100000
assert(steps <= 100000, "steps end a cycle")
eq(collectgarbage("step", 0) ~= nil, true)
collectgarbage "restart"
-- with the collector stopped nothing is collected, after restart it is
collectgarbage "stop"
local gone = false
do local _ = setmetatable({}, {__gc = function() gone = true end}) end
for i = 1, check.size(10000, 100) do local _ = {i} end
eq(gone, false)
collectgarbage "restart"
collectgarbage(); collectgarbage()
eq(gone, true)

-- memory does not grow while garbage is made for long
collectgarbage()
local start = collectgarbage "count"
local highest = 0
for i = 1, check.size(300000, 2000) do
  local _ = {i, tostring(i)}
  if i % 1000 == 0 then highest = math.max(highest, collectgarbage "count") end
end
assert(highest < start * 4 + 4096, ("expected it to stay low, got %.0f KiB from %.0f"):format(highest, start))
