-- group: arrays
-- All solutions of the n queens problem by backtracking over arrays of occupied lines.
local size = tonumber(arg and arg[1]) or 13

local columns, rising, falling = {}, {}, {}
for i = 1, size do columns[i] = true end
for i = 1, 2 * size do rising[i], falling[i] = true, true end

local solutions, weight = 0, 0
local place = {}

local function try(row)
    if row > size then
        solutions = solutions + 1
        weight = weight + place[1] * place[size]
        return
    end
    for column = 1, size do
        local up, down = row + column, row - column + size
        if columns[column] and rising[up] and falling[down] then
            columns[column], rising[up], falling[down] = false, false, false
            place[row] = column
            try(row + 1)
            columns[column], rising[up], falling[down] = true, true, true
        end
    end
end

try(1)
print(string.format("queens %d %d %d", size, solutions, weight))
