-- A table-heavy program: about 400 MB of small tables, visited at random. What huge pages bring it.
--
--   neap --huge-pages=MODE bench/memory/tables.lua [SECONDS [TABLES]]
--
-- One line for the building and one for every fifth of the time: visits in a second of CPU time, page faults,
-- system time, resident megabytes and those of them in huge pages. On Linux, any Lua 5.1 to 5.4.
local SECONDS = tonumber(arg and arg[1]) or 60
local N = tonumber(arg and arg[2]) or 3000000

local function read(path)
  local f = io.open(path)
  if not f then return "" end
  local text = f:read("*a")
  f:close()
  return text
end
local function counters()
  local words = {}
  for word in read("/proc/self/stat"):gsub("%(.*%)", "x"):gmatch("%S+") do words[#words + 1] = word end
  return tonumber(words[10]), tonumber(words[14]) / 100, tonumber(words[15]) / 100
end
local function memory()
  local text = read("/proc/self/smaps_rollup")
  return (tonumber(text:match("Rss:%s+(%d+)")) or 0) / 1024, (tonumber(text:match("AnonHugePages:%s+(%d+)")) or 0) / 1024
end
local function wall() return tonumber(read("/proc/uptime"):match("%S+")) end

local faults, user, system = counters()
local visits = 0
local function report(what)
  local f, u, s = counters()
  local resident, huge = memory()
  print(string.format("%-9s %6.2f M visits/s  user %6.2f s  system %5.2f s  %8d faults  resident %6.1f  huge %6.1f MB",
    what, visits / (u - user + s - system) / 1e6, u - user, s - system, f - faults, resident, huge))
  io.stdout:flush()
  faults, user, system = counters()
  visits = 0
end

local all = {}
for i = 1, N do all[i] = {id = i, name = "n" .. i % 1000, pos = {i, i + 1}} end
report("building")

local seed, sum = 42, 0
local start = wall()
for fifth = 1, 5 do
  repeat
    for _ = 1, 200000 do
      seed = (seed * 16807) % 2147483647
      local t = all[seed % N + 1]
      sum = sum + t.pos[2]
      t.pos[1] = t.id
      if seed % 8 == 0 then t.pos = {t.id, t.id + 1} end -- an eighth makes garbage
    end
    visits = visits + 200000
  until wall() - start >= SECONDS * fifth / 5
  report(string.format("%5.1f s", wall() - start))
end
