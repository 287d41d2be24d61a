-- A steady program: a cache of about 200 MB live, in which the least recently used entry gives way to a new
-- one for as long as it runs. What a heap that gives memory back must not do is to give back what it will
-- need again in a moment.
--
--   ENGINE bench/memory/steady.lua [SECONDS [ENTRIES]]
--
-- Every tenth of the time one line: seconds, requests so far, resident and live megabytes, page faults and
-- seconds of system time since the line before. On Linux, any Lua 5.1 to 5.4.
--
-- Method. System time is all that the kernel does for the process: madvise, the faults by which released
-- pages come back, and on a busy machine interrupts and switches besides. The last line gives it from the
-- second fifth on as a share of all CPU time, an upper bound for the share of madvise and refaults, and beside
-- it the share that the faults alone make up at FAULT seconds each. (`strace -c -e madvise` counts the calls:
-- 3,800 in 20 s, 3 ms in all.)
local FAULT = 1.7e-6 -- a refault of 4 KiB, measured
local SECONDS = tonumber(arg and arg[1]) or 60
local ENTRIES = tonumber(arg and arg[2]) or 740000

local function words(path)
  local f = assert(io.open(path))
  local text = f:read("*a"):gsub("%(.*%)", "x")
  f:close()
  local list = {}
  for word in text:gmatch("%S+") do list[#list + 1] = word end
  return list
end
local function resident() return tonumber(words("/proc/self/statm")[2]) * 4096 / 2 ^ 20 end
local function counters()
  local stat = words("/proc/self/stat")
  return tonumber(stat[10]), tonumber(stat[14]) / 100, tonumber(stat[15]) / 100
end
local function wall() return tonumber(words("/proc/uptime")[1]) end

-- The cache: entries by key, in a ring from the latest used to the one that goes next.
local ring = {}
ring.newer, ring.older = ring, ring
local entries, count = {}, 0

local function unlink(entry) entry.newer.older, entry.older.newer = entry.older, entry.newer end
local function put_first(entry)
  entry.older, entry.newer = ring.older, ring
  ring.older.newer, ring.older = entry, entry
end

local seed = 42
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

local function request(key)
  local entry = entries[key]
  if entry then
    unlink(entry)
    put_first(entry)
    return entry
  end
  if count >= ENTRIES then
    local last = ring.newer
    unlink(last)
    entries[last.key] = nil
    count = count - 1
  end
  entry = {key = key, text = "entry " .. key .. ("."):rep(random(80)), tags = {key, key % 7}, hits = 0}
  entries[key] = entry
  put_first(entry)
  count = count + 1
  return entry
end

local start, requests = wall(), 0
local faults, user, system = counters()
local first_faults, first_user, first_system
local least, most = math.huge, 0
for line = 1, 10 do
  repeat
    for _ = 1, 100000 do
      local entry = request(random(3 * ENTRIES))
      entry.hits = (entry.hits or 0) + 1
    end
    requests = requests + 100000
    if line > 2 then
      local now = resident()
      least, most = math.min(least, now), math.max(most, now)
    end
  until wall() - start >= SECONDS * line / 10
  local more_faults, _, more_system = counters()
  print(string.format("%6.1f s  %9d requests  resident %6.1f  live %6.1f MB  %8d faults  system %5.2f s",
    wall() - start, requests, resident(), collectgarbage("count") / 1024, more_faults - faults, more_system - system))
  io.stdout:flush()
  faults, system = more_faults, more_system
  if line == 2 then first_faults, first_user, first_system = counters() end
end
faults, user, system = counters()
user, system = user - first_user, system - first_system
collectgarbage()
local live = collectgarbage("count") / 1024
print(string.format("live %.1f MB; from the second fifth on: resident %.1f to %.1f MB (%.2f of live at most), "
  .. "%d faults (%.2f %%), system time %.2f %% of %.1f s CPU", live, least, most, most / live, faults - first_faults,
  100 * (faults - first_faults) * FAULT / (user + system), 100 * system / (user + system), user + system))
