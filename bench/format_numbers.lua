-- group: formatting
-- Numbers turned into text and back: tostring, tonumber, %g and concatenation.
local size = tonumber(arg and arg[1]) or 840000

local total, sum = 0, 0
for i = 1, size do
    local whole = tostring(i * 7919)
    local fraction = string.format("%.14g", i / 8)
    local joined = i .. ":" .. i % 100
    total = total + #whole + #fraction + #joined
    sum = sum + tonumber(whole) % 1000 + tonumber(fraction) * 8 + tonumber("0x" .. i % 10)
end
print(string.format("format_numbers %d %d %.0f", size, total, sum))
