-- group: sorting
-- table.sort on records with comparison functions: by one field, by two, by a name.
local size = tonumber(arg and arg[1]) or 95000

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range
end

local people = {}
for i = 1, size do
    local letters = {}
    for j = 1, 6 do letters[j] = string.char(97 + random(26)) end
    people[i] = { id = i, name = table.concat(letters), age = random(90), score = random(1000) }
end

local hash = 0
local function mix()
    for i = 1, size, 17 do hash = (hash * 31 + people[i].id) % 1000003 end
end

table.sort(people, function(a, b) return a.id > b.id end)
mix()
table.sort(people, function(a, b)
    if a.age ~= b.age then return a.age < b.age end
    if a.score ~= b.score then return a.score > b.score end
    return a.id < b.id
end)
mix()
table.sort(people, function(a, b)
    return a.name < b.name or a.name == b.name and a.id < b.id
end)
mix()
print(string.format("sort_records %d %d %s", size, hash, people[1].name))
