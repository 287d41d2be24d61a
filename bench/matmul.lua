-- group: arrays
-- Multiplication of square matrices held as arrays of rows.
local size = tonumber(arg and arg[1]) or 420

local function generate(n, scale)
    local rows = {}
    for i = 1, n do
        local row = {}
        for j = 1, n do
            row[j] = scale * (i - j) * (i + j - 2)
        end
        rows[i] = row
    end
    return rows
end

local function transpose(matrix, n)
    local rows = {}
    for i = 1, n do
        local row = {}
        for j = 1, n do row[j] = matrix[j][i] end
        rows[i] = row
    end
    return rows
end

local function multiply(left, right, n)
    local columns, product = transpose(right, n), {}
    for i = 1, n do
        local row, result = left[i], {}
        for j = 1, n do
            local column, sum = columns[j], 0.0
            for k = 1, n do sum = sum + row[k] * column[k] end
            result[j] = sum
        end
        product[i] = result
    end
    return product
end

local scale = 1.0 / size / size
local product = multiply(generate(size, scale), generate(size, 2 * scale), size)
local trace = 0.0
for i = 1, size do trace = trace + product[i][i] end
local middle = math.floor(size / 2) + 1
print(string.format("matmul %d %.9g %.9g", size, product[middle][middle], trace))
