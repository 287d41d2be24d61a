-- group: loops and arithmetic
-- Series for pi, e and the logarithm of 2, and a numeric integral through a library function.
local size = tonumber(arg and arg[1]) or 24000000

local leibniz, log2, sign = 0.0, 0.0, 1.0
for i = 0, size - 1 do
    leibniz = leibniz + sign / (2 * i + 1)
    log2 = log2 + sign / (i + 1)
    sign = -sign
end

local sin, sqrt = math.sin, math.sqrt
local steps = size / 2
local width = math.pi / steps
local area, norm = 0.0, 0.0
for i = 1, steps do
    local height = sin((i - 0.5) * width)
    area = area + height * width
    norm = norm + sqrt(height)
end
print(string.format("pi_series %d %.9f %.9f %.6f %.3f", size, 4 * leibniz, log2, area, norm))
