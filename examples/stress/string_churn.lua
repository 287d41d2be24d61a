-- Stress: strings of all lengths made in all ways, kept for a while, compared and dropped.
--
--   neap examples/stress/string_churn.lua [ROUNDS]
--
-- Each string's text can be computed again from its number, so damaged bytes are seen. Equal
-- strings made on different ways must be equal, be one key in a table, and stay so across
-- collections.
-- test: 3000

local stress = dofile((arg[0]:match("^(.*/)") or "") .. "../lib/stress.lua")
local rounds = stress.size(150000, 100)

-- Lengths around the borders of size classes, of short strings, and some large ones.
local lengths = {
    0, 1, 7, 8, 15, 16, 23, 24, 31, 32, 39, 40, 41, 47, 48, 63, 64, 100, 127, 128, 255, 256,
    1000, 1023, 1024, 4095, 4096, 8191, 8192, 20000, 70000,
}

local function length_of(i)
    local length = lengths[i % #lengths + 1]
    if length > 1000 and i % 10 ~= 0 then length = length % 61 end
    return length
end

-- The text with the number i: its length is length_of(i), its bytes follow from i, zero included.
local function text_of(i)
    local seed = string.format("%d\0%x|", i, i * 2654435761 % 4294967296)
    local length = length_of(i)
    return seed:rep(length // #seed + 1):sub(1, length)
end

-- The same text, byte for byte, by concatenation from the middle and through a table.
local function text_again(i)
    local text = text_of(i)
    local cut = #text // 3
    if i % 3 == 0 then return text:sub(1, cut) .. text:sub(cut + 1) end
    if i % 3 == 1 then
        return table.concat({ text:sub(1, cut), text:sub(cut + 1, 2 * cut), text:sub(2 * cut + 1) })
    end
    return (text:reverse():reverse():gsub("|", "\1"):gsub("\1", "|"))
end

local window = 2000
local kept, number_of = {}, {}
local bytes, found = 0, 0
for i = 1, rounds do
    local text = text_of(i)
    local slot = i % window + 1
    kept[slot] = { text = text, number = i }
    number_of[text] = i
    bytes = bytes + #text
    stress.expect("length of string " .. i, #text, length_of(i))
    local again = text_again(i)
    if again ~= text or number_of[again] ~= i then
        stress.fail("string %d made twice is not one string", i)
    end
    -- Something old must still read as it was written.
    local old = kept[i * 7919 % window + 1]
    if old then
        if old.text ~= text_of(old.number) then stress.fail("string %d has changed", old.number) end
        found = found + 1
    end
    if i % window == 0 then
        -- Forget all keys whose strings left the window; the others must be found.
        local fresh = {}
        for _, entry in ipairs(kept) do
            if not number_of[entry.text] then
                stress.fail("string %d is not found as a key", entry.number)
            end
            fresh[entry.text] = entry.number
        end
        number_of = fresh
    end
    stress.progress(i, rounds)
end

-- A string grown byte by byte, and numbers turned into text and back.
local grown = ""
for i = 1, 3000 do grown = grown .. string.char(i % 256) end
for i = 1, 3000 do
    if grown:byte(i) ~= i % 256 then stress.fail("byte %d of the grown string is wrong", i) end
end
for i = -500, 500 do
    local value = i * 12345678901
    stress.expect("an integer as text and back", math.tointeger(tonumber(tostring(value))), value)
    local digits = string.format("%.17g", value / 7)
    stress.expect("a float as text and back", tonumber(digits), value / 7)
end

kept, number_of = nil, nil
local left = stress.live()
if left > 1 << 20 then stress.fail("%d bytes are live after all strings were dropped", left) end
stress.done("%d strings, %d bytes made; %d old ones read again", rounds, bytes, found)
