-- group: sorting
-- table.sort on strings with long and short common beginnings.
local size = tonumber(arg and arg[1]) or 200000

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range
end

local short, long = {}, {}
for i = 1, size do
    short[i] = string.char(97 + random(26), 97 + random(26), 97 + random(26)) .. i
    long[i] = string.format("/var/lib/tide/stations/%05d/%05d", random(40000), i)
end
table.sort(short)
table.sort(long)
for i = 2, size do
    assert(short[i - 1] < short[i] and long[i - 1] < long[i])
end
print(string.format("sort_strings %d %s %s", size, short[1], long[size]))
