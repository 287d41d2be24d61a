-- group: 64-bit hashing
-- engines: neap lua5.4
-- SipHash-2-4 over many short keys, as a hash table would.
local size = tonumber(arg and arg[1]) or 430000

local function rotate(x, n) return (x << n) | (x >> (64 - n)) end

local function round(a, b, c, d)
    a = a + b
    c = c + d
    b = rotate(b, 13) ~ a
    d = rotate(d, 16) ~ c
    a = rotate(a, 32)
    c = c + b
    a = a + d
    b = rotate(b, 17) ~ c
    d = rotate(d, 21) ~ a
    return a, b, rotate(c, 32), d
end

local function siphash(k0, k1, text)
    local a, b = k0 ~ 0x736f6d6570736575, k1 ~ 0x646f72616e646f6d
    local c, d = k0 ~ 0x6c7967656e657261, k1 ~ 0x7465646279746573
    local length = #text
    local whole = length // 8 * 8
    for i = 1, whole, 8 do
        local word = string.unpack("<i8", text, i)
        d = d ~ word
        a, b, c, d = round(a, b, c, d)
        a, b, c, d = round(a, b, c, d)
        a = a ~ word
    end
    local last = length << 56
    for i = length, whole + 1, -1 do
        last = last | text:byte(i) << (i - whole - 1) * 8
    end
    d = d ~ last
    a, b, c, d = round(a, b, c, d)
    a, b, c, d = round(a, b, c, d)
    a = a ~ last
    c = c ~ 0xff
    for _ = 1, 4 do a, b, c, d = round(a, b, c, d) end
    return a ~ b ~ c ~ d
end

local key = {}
for i = 0, 14 do key[#key + 1] = string.char(i) end
assert(siphash(0x0706050403020100, 0x0f0e0d0c0b0a0908, table.concat(key)) == 0xa129ca6149be45e5)

local mixed = 0
for i = 1, size do
    mixed = mixed ~ siphash(i, 42, "station/" .. i)
end
print(string.format("siphash %d %016x", size, mixed))
