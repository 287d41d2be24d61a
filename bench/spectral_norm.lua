-- group: arrays
-- The spectral norm of an infinite matrix by the power method: arrays of floats and small calls.
local size = tonumber(arg and arg[1]) or 750

local function element(i, j)
    local diagonal = i + j - 1
    return 1.0 / (diagonal * (diagonal - 1) * 0.5 + i)
end

local function times(vector, out, n)
    for i = 1, n do
        local sum = 0.0
        for j = 1, n do sum = sum + element(i, j) * vector[j] end
        out[i] = sum
    end
end

local function transposed_times(vector, out, n)
    for i = 1, n do
        local sum = 0.0
        for j = 1, n do sum = sum + element(j, i) * vector[j] end
        out[i] = sum
    end
end

local u, v, between = {}, {}, {}
for i = 1, size do u[i] = 1.0 end
for _ = 1, 10 do
    times(u, between, size)
    transposed_times(between, v, size)
    times(v, between, size)
    transposed_times(between, u, size)
end
local dot, square = 0.0, 0.0
for i = 1, size do
    dot = dot + u[i] * v[i]
    square = square + v[i] * v[i]
end
print(string.format("spectral_norm %d %.9f", size, math.sqrt(dot / square)))
