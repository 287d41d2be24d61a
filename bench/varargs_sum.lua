-- group: varargs
-- Functions of any number of arguments: select, packing into a table, counting nils.
local size = tonumber(arg and arg[1]) or 1400000

local function sum_select(...)
    local total = 0
    for i = 1, select("#", ...) do
        total = total + (select(i, ...))
    end
    return total
end

local function sum_table(...)
    local total, list = 0, { ... }
    for i = 1, #list do total = total + list[i] end
    return total
end

local function count_nils(...)
    local count = 0
    for i = 1, select("#", ...) do
        if select(i, ...) == nil then count = count + 1 end
    end
    return count
end

local total, nils = 0, 0
for i = 1, size do
    total = total + sum_select(i, 1, 2, 3)
    total = total + sum_table(i, 4, 5, 6, 7, 8)
    total = total + sum_select() + sum_table(i)
    nils = nils + count_nils(nil, i, nil, i, nil)
end
print(string.format("varargs_sum %d %d %d", size, total, nils))
