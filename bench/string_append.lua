-- group: strings and buffers
-- Strings grown one small piece at a time with the concatenation operator.
local size = tonumber(arg and arg[1]) or 2400

local total, last = 0, ""
for round = 1, size do
    local text = ""
    for i = 1, 2000 do
        text = text .. (i + round) % 10
        if i % 50 == 0 then text = text .. "\n" end
    end
    total = total + #text
    last = text
end
print(string.format("string_append %d %d %s", size, total, last:sub(-5, -2)))
