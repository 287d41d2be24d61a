-- group: arrays
-- The sieve of Eratosthenes on an array of booleans.
local size = tonumber(arg and arg[1]) or 3500000

local function sieve(limit)
    local prime = {}
    for i = 1, limit do prime[i] = true end
    prime[1] = false
    local i = 2
    while i * i <= limit do
        if prime[i] then
            for multiple = i * i, limit, i do prime[multiple] = false end
        end
        i = i + 1
    end
    local count, last = 0, 0
    for n = 1, limit do
        if prime[n] then
            count = count + 1
            last = n
        end
    end
    return count, last
end

local count, last
for round = 1, 4 do count, last = sieve(size - 1 + round % 2) end
print(string.format("sieve %d %d %d", size, count, last))
