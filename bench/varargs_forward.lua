-- group: varargs
-- Wrappers that hand their arguments on: partial application, logging, unpack.
local size = tonumber(arg and arg[1]) or 3900000

local unpack = table.unpack or unpack

local calls = 0
local function traced(f)
    return function(...)
        calls = calls + 1
        return f(...)
    end
end

local function partial(f, first)
    return function(...) return f(first, ...) end
end

local function rotate(first, ...)
    return ..., first
end

local function weigh(a, b, c, d)
    return a + 2 * b + 3 * (c or 0) + 4 * (d or 0)
end

local traced_weigh = traced(weigh)
local bound = partial(traced_weigh, 10)
local arguments = { 1, 2, 3 }

local total = 0
for i = 1, size do
    arguments[1] = i % 10
    total = total + bound(i % 5, 2, 1)
    total = total + traced_weigh(unpack(arguments))
    total = total + weigh(rotate(i % 3, 5))
end
print(string.format("varargs_forward %d %d %d", size, total, calls))
