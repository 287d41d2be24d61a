-- group: 64-bit hashing
-- engines: neap lua5.4
-- FNV-1a over strings, in wrapping 64-bit integers.
local size = tonumber(arg and arg[1]) or 1600

local byte = string.byte

local function fnv1a(text)
    local hash = 0xcbf29ce484222325
    for i = 1, #text do
        hash = (hash ~ byte(text, i)) * 0x100000001b3
    end
    return hash
end

assert(fnv1a("") == 0xcbf29ce484222325)
assert(fnv1a("foobar") == 0x85944171f73967e8)

local text = string.rep("neap tide, spring tide, slack water; ", 500)
local mixed = 0
for round = 1, size do
    mixed = mixed * 31 + fnv1a(text .. round)
end
print(string.format("fnv %d %016x", size, mixed))
