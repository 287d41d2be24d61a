-- group: loops and arithmetic
-- engines: neap lua5.4
-- The longest Collatz chain below a bound: integer division and branches.
local size = tonumber(arg and arg[1]) or 420000

local longest, start = 0, 0
for first = 1, size do
    local n, length = first, 1
    while n ~= 1 do
        if n % 2 == 0 then
            n = n // 2
        else
            n = 3 * n + 1
        end
        length = length + 1
    end
    if length > longest then
        longest, start = length, first
    end
end
print(string.format("collatz %d %d %d", size, start, longest))
