-- Flood and ebb: builds records in stages, drops them in stages, and shows what the process
-- holds at each stage, as a table and as a bar chart. This is what Neap is for.
--
--   neap examples/tide.lua [RECORDS]
--
-- live      bytes the engine counts as in use, after the stage
-- resident  bytes of memory the kernel counts for the process
-- On Neap resident follows live back down; on an engine that keeps its heap it stays at the
-- flood mark. What survives is checked record by record at every stage. On Neap the program
-- fails if more than 16 MiB above the starting point remain at the end.
-- test: 20000

local size = math.tointeger(tonumber(arg[1] or 1000000))
if not size or size < 1000 then
    io.stderr:write("tide: the number of records must be a whole number of at least 1000\n")
    os.exit(1)
end

local MiB = 1 << 20

-- From heap.stats() where there is one, from the kernel and the collector elsewhere.
local function resident()
    if heap then return heap.stats().resident end
    local file = io.open("/proc/self/statm")
    if not file then return 0 end
    local _, pages = file:read("n", "n")
    file:close()
    return pages * 4096
end

local function live()
    if heap then return heap.stats().live end
    return math.floor(collectgarbage("count") * 1024)
end

local function settle()
    collectgarbage()
    collectgarbage()
end

-- One record: three tables, a number, a string of its own.
local function record(i)
    return { id = i, name = "boat " .. i, position = { i, i + 1 }, tags = { "afloat" } }
end

local function intact(boat, i)
    return boat.id == i and boat.name == "boat " .. i and boat.position[2] == i + 1
        and boat.tags[1] == "afloat"
end

local boats, stages = {}, {}

-- Compares every place of the harbour with what should be there: boats at multiples of `every`.
local function check(highest, every)
    local count = 0
    for i = 1, size do
        local boat = boats[i]
        if i <= highest and every > 0 and i % every == 0 then
            if not boat or not intact(boat, i) then error("record " .. i .. " is damaged") end
            count = count + 1
        elseif boat then
            error("record " .. i .. " should be gone")
        end
    end
    return count
end

local function stage(name, highest, every)
    local count = check(highest, every)
    settle()
    stages[#stages + 1] = { name = name, records = count, live = live(), resident = resident() }
end

settle()
stage("before", 0, 0)

for quarter = 1, 4 do
    local from, to = size * (quarter - 1) // 4 + 1, size * quarter // 4
    for i = from, to do boats[i] = record(i) end
    stage(quarter < 4 and "flood " .. quarter .. "/4" or "high water", to, 1)
end

for _, every in ipairs({ 2, 10, 100, 1000 }) do
    for i = 1, size do
        if i % every ~= 0 then boats[i] = nil end
    end
    stage("ebb, 1 in " .. every, size, every)
end

boats = {}
stage("low water", size, 0)

-- The table and the chart ---------------------------------------------------------------------

local language = os.getenv("LC_ALL") or os.getenv("LC_CTYPE") or os.getenv("LANG") or ""
local fancy = language:lower():find("utf%-?8") ~= nil
local full, light = fancy and "█" or "#", fancy and "░" or "-"

local most = 1
for _, entry in ipairs(stages) do most = math.max(most, entry.resident, entry.live) end

print(string.format("%-14s %10s %12s %14s", "stage", "records", "live", "resident"))
for _, entry in ipairs(stages) do
    print(string.format("%-14s %10d %8.1f MiB %10.1f MiB", entry.name, entry.records,
        entry.live / MiB, entry.resident / MiB))
end
print()
local width = 56
for _, entry in ipairs(stages) do
    local used = math.floor(entry.live / most * width + 0.5)
    local held = math.max(0, math.floor(entry.resident / most * width + 0.5) - used)
    print(string.format("%-14s |%s%s", entry.name, full:rep(used), light:rep(held)))
end
print(string.format("%-14s  %s live   %s resident, not live", "", full, light))

local before, after = stages[1], stages[#stages]
local high = stages[5]
local flood = math.max(1, high.resident - before.resident)
local kept = math.max(0, after.resident - before.resident)
print()
print(string.format("Of the %.1f MiB that the flood brought, %.1f MiB (%.0f %%) are still here.",
    flood / MiB, kept / MiB, 100 * kept / flood))

if after.live > before.live + 64 * 1024 + size // 10 then
    error(string.format("%d bytes are live at low water, %d were before", after.live, before.live))
end
if heap and kept > 16 * MiB then
    error(string.format("%.1f MiB remain resident above the starting point; at most 16 were to",
        kept / MiB))
end
