-- Draws the ebb: what a process holds while it builds records, drops 99 of 100, and then the rest, on
-- Neap and on the other Luas of this machine, as a picture (SVG).
--
--   neap examples/ebb.lua FILE.svg [RECORDS]
--
-- Every engine runs this same file with --measure, which prints seconds of CPU time and resident
-- bytes as the kernel counts them (/proc/self/statm, so Linux). Engines that are not there are
-- left out. README.md's picture is `./dev run examples/ebb.lua docs/ebb.svg 5000000`.
-- test: /dev/null 20000

local function resident()
    local file = assert(io.open("/proc/self/statm"))
    local _, pages = file:read("*n", "*n") -- the star for LuaJIT
    file:close()
    return pages * 4096
end

-- The flood and the ebb, with a sample every so often. Runs on any Lua.
local function measure(size)
    local function sample() print(("%.4f %d"):format(os.clock(), resident())) end
    local records = {}
    sample()
    for i = 1, size do
        records[i] = { id = i, name = "boat " .. i, draught = i * 0.5 }
        if i % math.ceil(size / 40) == 0 then sample() end
    end
    sample()
    local function ebb()
        collectgarbage()
        collectgarbage()
        sample()
        for round = 1, 20 do -- some life goes on
            for i = 1, size / 40 do
                local work = { i, round }
                if work[1] ~= i then error "a record is damaged" end
            end
            sample()
        end
    end
    for i = 1, size do
        if i % 100 ~= 0 then records[i] = nil end
    end
    ebb()
    records = nil
    ebb()
end

if arg[1] == "--measure" then return measure(tonumber(arg[2])) end

local path, size = arg[1], tonumber(arg[2] or 1000000)
if not path or not size or size < 1000 then
    io.stderr:write("usage: neap examples/ebb.lua FILE.svg [RECORDS], at least 1000 records\n")
    os.exit(1)
end

local function quoted(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

local lowest = 0 -- of arg: the command, which options may follow
while arg[lowest - 1] do lowest = lowest - 1 end

local engines = {
    { name = "neap", command = quoted(arg[lowest]), colour = "#1f6feb" },
    { name = "lua5.4", command = "lua5.4", colour = "#bf5700" },
    { name = "luajit", command = "luajit", colour = "#8250df" },
}

-- The samples {x = seconds, y = bytes} of one engine, or nil if it does not run.
local function samples_of(command)
    local pipe = io.popen(("%s %s --measure %d 2>&1"):format(command, quoted(arg[0]), size))
    local samples = {}
    for line in pipe:lines() do
        local x, y = line:match "^(%S+) (%d+)$"
        if not x then break end
        samples[#samples + 1] = { x = tonumber(x), y = tonumber(y) }
    end
    return pipe:close() and samples[1] and samples or nil
end

local most_x, most_y = 0, 0
for _, engine in ipairs(engines) do
    engine.samples = samples_of(engine.command)
    if not engine.samples then io.stderr:write("ebb: " .. engine.name .. " is left out: it does not run here\n") end
    for _, at in ipairs(engine.samples or {}) do
        most_x, most_y = math.max(most_x, at.x), math.max(most_y, at.y)
    end
end
if most_y == 0 then
    io.stderr:write("ebb: no engine could be measured\n")
    os.exit(1)
end

-- The drawing: a box of WIDTH x HEIGHT with its lower left corner at LEFT, BOTTOM.
local LEFT, BOTTOM, WIDTH, HEIGHT = 70, 300, 520, 250
local MB = 1000000

-- A round step, so that there are at most `count` of them.
local function step_for(most, count)
    local step = 10 ^ math.floor(math.log(most / count, 10))
    for _, factor in ipairs { 1, 2, 5, 10 } do
        if most / (step * factor) <= count then return step * factor end
    end
end

local function x_of(seconds) return LEFT + WIDTH * seconds / most_x end
local function y_of(bytes) return BOTTOM - HEIGHT * bytes / most_y end

local out = {}
local function put(format, ...) out[#out + 1] = format:format(...) end

put [[<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 360" font-family="system-ui, sans-serif" font-size="13">
<style>
  text { fill: #1b1f24 } .faint { fill: #667; font-size: 12px } .grid { stroke: #dde1e7 } .back { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .faint { fill: #9aa4b2 } .grid { stroke: #30363d } .back { fill: #0d1117 }
  }
</style>
<rect class="back" width="720" height="360"/>]]
put('<text x="%d" y="26" font-weight="bold">%s records built, 99 %% of them dropped, then the rest: what the process holds</text>',
    LEFT - 40, (("%d"):format(size):reverse():gsub("%d%d%d", "%0,"):reverse():gsub("^,", "")))
local step = step_for(most_y / MB, 6)
for value = 0, most_y / MB, step do
    put('<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>', LEFT, LEFT + WIDTH, y_of(value * MB), y_of(value * MB))
    put('<text class="faint" x="%d" y="%.1f" text-anchor="end">%g MB</text>', LEFT - 8, y_of(value * MB) + 4, value)
end
step = step_for(most_x, 8)
for value = 0, most_x, step do
    put('<text class="faint" x="%.1f" y="%d" text-anchor="middle">%g</text>', x_of(value), BOTTOM + 20, value)
end
put('<text class="faint" x="%d" y="%d" text-anchor="middle">seconds of CPU time</text>', LEFT + WIDTH / 2, BOTTOM + 42)

-- The names stand at the ends of their lines, apart from each other by a line's height.
local shown = {}
for _, engine in ipairs(engines) do
    if engine.samples then shown[#shown + 1] = engine end
end
table.sort(shown, function(a, b) return a.samples[#a.samples].y < b.samples[#b.samples].y end)
local lowest = BOTTOM + 16
for _, engine in ipairs(shown) do
    local points, last = {}, engine.samples[#engine.samples]
    for i, at in ipairs(engine.samples) do points[i] = ("%.1f,%.1f"):format(x_of(at.x), y_of(at.y)) end
    put('<polyline fill="none" stroke="%s" stroke-width="2.5" points="%s"/>', engine.colour, table.concat(points, " "))
    lowest = math.min(lowest - 16, y_of(last.y) + 4)
    put('<text x="%.1f" y="%.1f" style="fill: %s">%s, %.0f MB</text>',
        math.min(x_of(last.x) + 8, LEFT + WIDTH + 8), lowest, engine.colour, engine.name, last.y / MB)
end
put "</svg>"

local file = assert(io.open(path, "w"))
assert(file:write(table.concat(out, "\n"), "\n"))
assert(file:close())
