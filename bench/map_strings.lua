-- group: maps
-- A table as a dictionary with computed string keys: insert, look up, update, delete.
local size = tonumber(arg and arg[1]) or 150000

local keys = {}
for i = 1, size do keys[i] = "key" .. i * 7919 % 1000003 end

local map = {}
for i = 1, size do map[keys[i]] = i end
local found = 0
for round = 1, 100 do
    for i = 1, size do
        local value = map[keys[i]]
        found = found + value
        map[keys[i]] = value + round
    end
end
local missing = 0
for i = 1, size, 3 do map[keys[i]] = nil end
for i = 1, size do
    if map[keys[i]] == nil then missing = missing + 1 end
end
local left = 0
for _, value in pairs(map) do left = left + value end
print(string.format("map_strings %d %d %d %d", size, found, missing, left))
