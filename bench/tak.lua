-- group: calls
-- Takeuchi's function: calls with three arguments.
local size = tonumber(arg and arg[1]) or 300

local function tak(x, y, z)
    if y >= x then return z end
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

local total = 0
for i = 1, size do
    total = total + tak(18, 12, 6 - i % 2)
end
print(string.format("tak %d %d", size, total))
