-- group: strings and buffers
-- Caesar's cipher: strings taken apart and put together character by character.
local size = tonumber(arg and arg[1]) or 6800

local byte, char, concat = string.byte, string.char, table.concat

local function shift(text, distance)
    local out = {}
    for i = 1, #text do
        local code = byte(text, i)
        if code >= 97 and code <= 122 then
            code = (code - 97 + distance) % 26 + 97
        elseif code >= 65 and code <= 90 then
            code = (code - 65 + distance) % 26 + 65
        end
        out[i] = char(code)
    end
    return concat(out)
end

local plain = string.rep("Time and Tide wait for no man; the ebb leaves room for the flood. ", 20)
local text = plain
for round = 1, size do text = shift(text, round) end
local turns = size * (size + 1) / 2
assert(shift(text, -turns) == plain)
print(string.format("caesar %d %s", size, text:sub(1, 13)))
