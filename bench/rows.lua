-- group: allocation
-- A small relational query: rows filtered, joined and grouped, each step making new tables.
local size = tonumber(arg and arg[1]) or 360

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range + 1
end

local readings, stations = {}, {}
for i = 1, 40 do stations[i] = { station = i, name = "st" .. i, region = i % 5 } end
for i = 1, 3000 do
    readings[i] = { station = random(40), hour = random(24), level = random(900) }
end

local function where(rows, test)
    local out = {}
    for _, row in ipairs(rows) do
        if test(row) then out[#out + 1] = row end
    end
    return out
end

local function join(left, right, key)
    local index, out = {}, {}
    for _, row in ipairs(right) do index[row[key]] = row end
    for _, row in ipairs(left) do
        local joined = {}
        for name, value in pairs(row) do joined[name] = value end
        for name, value in pairs(index[row[key]]) do joined[name] = value end
        out[#out + 1] = joined
    end
    return out
end

local function group(rows, key)
    local groups = {}
    for _, row in ipairs(rows) do
        local bag = groups[row[key]]
        if not bag then
            bag = {}
            groups[row[key]] = bag
        end
        bag[#bag + 1] = row
    end
    return groups
end

local total, count = 0, 0
for round = 1, size do
    local high = where(readings, function(row) return row.level > round end)
    for region, rows in pairs(group(join(high, stations, "station"), "region")) do
        for _, row in ipairs(rows) do
            total = (total + row.level * (region + 1)) % 1000003
            count = count + 1
        end
    end
end
print(string.format("rows %d %d %d", size, count, total))
