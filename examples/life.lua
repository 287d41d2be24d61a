-- Conway's game of life: Gosper's glider gun on an endless plane, drawn in the terminal.
--
--   neap examples/life.lua [GENERATIONS] [--animate]
--
-- Only living cells are kept, as keys of a table, so the plane has no edge. With --animate each
-- generation is drawn in place; otherwise the first and the last. The gun is known to repeat
-- every 30 generations with one glider more, and the program checks that on the way.
-- test: 150

local generations, animate = 120, false
for _, word in ipairs(arg) do
    if word == "--animate" then
        animate = true
    else
        generations = math.tointeger(tonumber(word))
        if not generations or generations < 0 then
            io.stderr:write("life: '", word, "' is not a number of generations\n")
            os.exit(1)
        end
    end
end

local gun = [[
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................
]]

-- A cell is one integer: its row in the high half, its column in the low, both from -2^20.
local row_step, offset = 1 << 24, 1 << 20

local function cell(x, y) return (y + offset) * row_step + x + offset end
local function place(key) return key % row_step - offset, key // row_step - offset end

local around = {}
for dy = -1, 1 do
    for dx = -1, 1 do
        if dx ~= 0 or dy ~= 0 then around[#around + 1] = dy * row_step + dx end
    end
end

local function parse(picture)
    local living, y = {}, 0
    for line in picture:gmatch("[^\n]+") do
        for x = 1, #line do
            if line:sub(x, x) == "O" then living[cell(x - 1, y)] = true end
        end
        y = y + 1
    end
    return living
end

local function step(living)
    local neighbours = {}
    for key in pairs(living) do
        for i = 1, 8 do
            local other = key + around[i]
            neighbours[other] = (neighbours[other] or 0) + 1
        end
    end
    local born = {}
    for key, count in pairs(neighbours) do
        if count == 3 or count == 2 and living[key] then born[key] = true end
    end
    return born
end

local function population(living)
    local count = 0
    for _ in pairs(living) do count = count + 1 end
    return count
end

local function draw(living, generation)
    local left, top, right, bottom = 0, 0, 38, 8
    for key in pairs(living) do
        local x, y = place(key)
        left, right = math.min(left, x), math.max(right, x)
        top, bottom = math.min(top, y), math.max(bottom, y)
    end
    if animate then right, bottom = math.min(right, 78), math.min(bottom, 40) end
    local lines = { string.format("generation %d, %d cells", generation, population(living)) }
    for y = top, bottom do
        local line = {}
        for x = left, right do line[#line + 1] = living[cell(x, y)] and "O" or "." end
        lines[#lines + 1] = table.concat(line)
    end
    io.write(table.concat(lines, "\n"), "\n")
end

-- Every cell of the first gun must be there again; what is more are gliders of five cells.
local first = parse(gun)
local gun_cells = population(first)
local function check(living, generation)
    for key in pairs(first) do
        if not living[key] then
            local x, y = place(key)
            error(string.format("generation %d: the gun's cell %d,%d is dead", generation, x, y))
        end
    end
    local gliders = generation // 30
    local expected = gun_cells + 5 * gliders
    if population(living) ~= expected then
        error(string.format("generation %d: %d cells instead of %d", generation,
            population(living), expected))
    end
end

local living = first
if animate then io.write("\27[2J") end
for generation = 0, generations do
    if generation > 0 then living = step(living) end
    if generation % 30 == 0 then check(living, generation) end
    if animate then
        io.write("\27[H")
        draw(living, generation)
        io.flush()
        local until_then = os.clock() + 0.04
        while os.clock() < until_then do end
    elseif generation == 0 or generation == generations then
        draw(living, generation)
    end
end

local fired = generations // 30
print(string.format("%d glider%s fired in %d generations", fired,
    fired == 1 and "" or "s", generations))
