-- group: 64-bit hashing
-- engines: neap lua5.4
-- Generators of random 64-bit integers: xorshift*, splitmix64 and xoshiro256**.
local size = tonumber(arg and arg[1]) or 5600000

local function splitmix(state)
    return function()
        state = state + 0x9e3779b97f4a7c15
        local z = state
        z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
        z = (z ~ (z >> 27)) * 0x94d049bb133111eb
        return z ~ (z >> 31)
    end
end

local function xorshift(state)
    return function()
        state = state ~ (state >> 12)
        state = state ~ (state << 25)
        state = state ~ (state >> 27)
        return state * 0x2545f4914f6cdd1d
    end
end

local function rotate(x, n) return (x << n) | (x >> (64 - n)) end

local function xoshiro(seed)
    local fill = splitmix(seed)
    local a, b, c, d = fill(), fill(), fill(), fill()
    return function()
        local result = rotate(b * 5, 7) * 9
        local shifted = b << 17
        c = c ~ a
        d = d ~ b
        b = b ~ c
        a = a ~ d
        c = c ~ shifted
        d = rotate(d, 45)
        return result
    end
end

local split = splitmix(0)
assert(split() == 0xe220a8397b1dcdaf)

local mixed = 0
for _, generator in ipairs({ splitmix(1), xorshift(1), xoshiro(1) }) do
    for _ = 1, size do
        mixed = mixed * 3 + generator()
    end
end
print(string.format("random64 %d %016x", size, mixed))
