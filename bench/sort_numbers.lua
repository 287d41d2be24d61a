-- group: sorting
-- table.sort on arrays of numbers in several starting orders, no comparison function.
local size = tonumber(arg and arg[1]) or 620000

local seed = 42
local function random()
    seed = (seed * 16807) % 2147483647
    return seed
end

local function check(list)
    for i = 2, #list do assert(list[i - 1] <= list[i]) end
    return list[math.floor(#list / 2)]
end

local shuffled, rising, few = {}, {}, {}
for i = 1, size do
    shuffled[i], rising[i], few[i] = random(), i, random() % 100
end
local total = 0
for _, list in ipairs({ shuffled, rising, few }) do
    table.sort(list)
    total = total + check(list)
end
local floats = {}
for i = 1, size do floats[i] = random() / 1024 end
table.sort(floats)
check(floats)
print(string.format("sort_numbers %d %d %.6f", size, total, floats[1] + floats[size]))
