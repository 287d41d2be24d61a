-- group: calls
-- Ackermann's function: deep recursion, half of it in tail position.
local size = tonumber(arg and arg[1]) or 10

local function ack(m, n)
    if m == 0 then return n + 1 end
    if n == 0 then return ack(m - 1, 1) end
    return ack(m - 1, ack(m, n - 1))
end

print(string.format("ackermann 3 %d %d", size, ack(3, size)))
