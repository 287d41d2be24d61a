-- group: strings and buffers
-- Base64, both ways, with plain arithmetic on groups of three bytes.
local size = tonumber(arg and arg[1]) or 750

local byte, char, sub = string.byte, string.char, string.sub
local concat, floor = table.concat, math.floor
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local digits, values = {}, {}
for i = 1, 64 do
    digits[i - 1] = sub(alphabet, i, i)
    values[byte(alphabet, i)] = i - 1
end

local function encode(text)
    local out = {}
    for i = 1, #text - 2, 3 do
        local a, b, c = byte(text, i, i + 2)
        out[#out + 1] = digits[(a - a % 4) / 4]
            .. digits[a % 4 * 16 + (b - b % 16) / 16]
            .. digits[b % 16 * 4 + (c - c % 64) / 64]
            .. digits[c % 64]
    end
    local rest = #text % 3
    if rest == 1 then
        local a = byte(text, #text)
        out[#out + 1] = digits[(a - a % 4) / 4] .. digits[a % 4 * 16] .. "=="
    elseif rest == 2 then
        local a, b = byte(text, #text - 1, #text)
        out[#out + 1] = digits[(a - a % 4) / 4] .. digits[a % 4 * 16 + (b - b % 16) / 16]
            .. digits[b % 16 * 4] .. "="
    end
    return concat(out)
end

local function decode(text)
    local out = {}
    for i = 1, #text, 4 do
        local a, b, c, d = byte(text, i, i + 3)
        local word = values[a] * 262144 + values[b] * 4096
            + (values[c] or 0) * 64 + (values[d] or 0)
        local group = char(floor(word / 65536), floor(word / 256) % 256, floor(word) % 256)
        if not values[c] then
            group = sub(group, 1, 1)
        elseif not values[d] then
            group = sub(group, 1, 2)
        end
        out[#out + 1] = group
    end
    return concat(out)
end

local total, tail = 0, ""
local text = string.rep("The moon pulls, the water comes.\n", 250)
for round = 1, size do
    local message = text .. round
    local packed = encode(message)
    assert(decode(packed) == message)
    total = total + #packed
    tail = sub(packed, -8)
end
print(string.format("base64 %d %d %s", size, total, tail))
