-- group: error handling
-- Protected calls that succeed, nested and with several results.
local size = tonumber(arg and arg[1]) or 6700000

local function divide(a, b)
    if b == 0 then error("division by zero") end
    return (a - a % b) / b, a % b
end

local function careful(a, b)
    local ok, quotient, rest = pcall(divide, a, b)
    if ok then return quotient, rest end
    return 0, 0
end

local quotients, rests = 0, 0
for i = 1, size do
    local ok, quotient, rest = pcall(careful, i, i % 9 + 1)
    if ok then
        quotients = (quotients + quotient) % 1000003
        rests = rests + rest
    end
end
print(string.format("pcall_success %d %d %d", size, quotients, rests))
