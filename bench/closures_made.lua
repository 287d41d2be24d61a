-- group: allocation
-- Closures made and dropped: lazy streams whose every cell holds a function for the rest.
local size = tonumber(arg and arg[1]) or 1600

local function from(n)
    return { head = n, rest = function() return from(n + 1) end }
end

local function map(stream, f)
    return { head = f(stream.head), rest = function() return map(stream.rest(), f) end }
end

local function filter(stream, keep)
    while not keep(stream.head) do stream = stream.rest() end
    return { head = stream.head, rest = function() return filter(stream.rest(), keep) end }
end

local function zip(a, b, f)
    return { head = f(a.head, b.head), rest = function() return zip(a.rest(), b.rest(), f) end }
end

local function take(stream, count)
    local total = 0
    for _ = 1, count do
        total = total + stream.head
        stream = stream.rest()
    end
    return total
end

local total = 0
for round = 1, size do
    local evens = filter(from(round), function(n) return n % 2 == 0 end)
    local squares = map(from(1), function(n) return n * n % 1009 end)
    total = total + take(zip(evens, squares, function(a, b) return a + b end), 400)
end
print(string.format("closures_made %d %d", size, total))
