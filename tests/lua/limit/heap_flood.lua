-- stress: 2000
-- emergency: 5000
-- Resident memory never passes the hard limit by more than 1 % and what libc takes, whatever floods; the program floods
-- again and again in each run. What libc and the command take is measured on a program that does nothing.
if arg[1] == "child" then
  local kinds = {
    tables = function() local t = {} for i = 1, math.maxinteger do t[i] = {i} end end,
    strings = function() local t = {} for i = 1, math.maxinteger do t[i] = "string " .. i end end,
    array = function() local t = {} for i = 1, math.maxinteger do t[i] = i end end,
    map = function() local t = {} for i = 1, math.maxinteger do t[i * 7.5] = i end end,
    rep = function() local s = "x" while true do s = s:rep(3) end end,
    coroutines = function()
      local t = {}
      for i = 1, math.maxinteger do t[i] = coroutine.wrap(function(a) coroutine.yield(a) end) t[i](i) end
    end,
    closures = function() local t = {} for i = 1, math.maxinteger do t[i] = function() return i, t end end end,
    buffers = function()
      local t = {}
      for i = 1, math.maxinteger do t[i] = ("y"):rep(1000 + i % 5000) end
    end,
    concat = function()
      local t = {}
      for i = 1, 20000 do t[i] = "some text" end
      while true do t[#t + 1] = table.concat(t, ",") end
    end,
    chain = function() local t while true do t = {t} end end, -- what the mark stack likes least
    load = function() local t = {} for i = 1, math.maxinteger do t[i] = assert(load("local a = ... return a + " .. i), "not enough memory") end end,
  }
  for _ = 1, 3 do
    local ok, message = pcall(kinds[arg[2]])
    assert(not ok and message:find "not enough memory", message)
  end
  print(heap.stats().peak, heap.stats().limit)
  os.exit(true, false)
end

local check = dofile "tests/lua/check.lua"
local interpreter, count = arg[-1], 0
while arg[-count - 1] do count = count + 1 end
interpreter = arg[-count]

local function run(arguments)
  local pipe = assert(io.popen(("'%s' %s 2>&1"):format(interpreter, arguments)))
  local said = pipe:read "a"
  pipe:close()
  return said
end

local idle = tonumber(run "-e 'print(heap.stats().peak)'")
local instrumented = idle > 6 << 20 or check.small or os.getenv "NEAPDEBUG" -- a sanitizer and checks take memory of their own
local MIB <const> = 1 << 20
for _, limit in ipairs(check.verified and {4} or check.small and {8} or {8, 24}) do
  for _, kind in ipairs {"tables", "strings", "array", "map", "rep", "coroutines", "closures", "buffers", "concat",
                         "chain", "load"} do
    local said = run(("--heap-limit=%dMiB '%s' child %s"):format(limit, arg[0], kind))
    local peak, hard = said:match "^(%d+)%s+(%d+)"
    assert(peak, kind .. ": " .. said)
    assert(tonumber(hard) == limit * MIB)
    local most = idle + limit * MIB * 101 // 100
    assert(instrumented or tonumber(peak) <= most, ("%s: limit %d MiB: %s > %d"):format(kind, limit, peak, most))
  end
end
