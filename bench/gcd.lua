-- group: loops and arithmetic
-- Euclid's algorithm over all pairs: integer remainder in a tight loop.
local size = tonumber(arg and arg[1]) or 4200

local coprime, total = 0, 0
for a = 1, size do
    for b = 1, a do
        local x, y = a, b
        while y ~= 0 do
            x, y = y, x % y
        end
        if x == 1 then coprime = coprime + 1 end
        total = total + x
    end
end
print(string.format("gcd %d %d %d", size, coprime, total))
