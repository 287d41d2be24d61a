-- group: loops and arithmetic
-- The Mandelbrot set: floating-point arithmetic in nested loops.
local size = tonumber(arg and arg[1]) or 1250
local limit = 50

local inside, steps = 0, 0
for y = 0, size - 1 do
    local ci = 2.0 * y / size - 1.0
    for x = 0, size - 1 do
        local cr = 2.0 * x / size - 1.5
        local zr, zi, tr, ti = 0.0, 0.0, 0.0, 0.0
        local n = 0
        while n < limit and tr + ti <= 4.0 do
            zi = 2.0 * zr * zi + ci
            zr = tr - ti + cr
            tr = zr * zr
            ti = zi * zi
            n = n + 1
        end
        steps = steps + n
        if n == limit then inside = inside + 1 end
    end
end
print(string.format("mandelbrot %d %d %d", size, inside, steps))
