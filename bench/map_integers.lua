-- group: maps
-- A table with scattered integer keys, and a memo table filled out of order.
local size = tonumber(arg and arg[1]) or 1200000

local map = {}
for i = 1, size do map[i * 7919 % 100000007] = i end
local total = 0
for _ = 1, 4 do
    for i = 1, size do total = total + map[i * 7919 % 100000007] end
end
for i = 2, size, 2 do map[i * 7919 % 100000007] = nil end
local count, sum = 0, 0
for key, value in pairs(map) do
    count = count + 1
    sum = (sum + key + value) % 1000000007
end

local memo = { [1] = 1 }
local function chain(n)
    if memo[n] then return memo[n] end
    local length
    if n % 2 == 0 then length = chain(n / 2) + 1 else length = chain(3 * n + 1) + 1 end
    memo[n] = length
    return length
end
local longest = 0
for n = 1, size / 4 do
    local length = chain(n)
    if length > longest then longest = length end
end
print(string.format("map_integers %d %d %d %d %d", size, total, count, sum, longest))
