-- group: closures and upvalues
-- Map, filter, fold and composition: functions handed to functions.
local size = tonumber(arg and arg[1]) or 8700

local function map(list, f)
    local out = {}
    for i = 1, #list do out[i] = f(list[i]) end
    return out
end

local function filter(list, keep)
    local out = {}
    for i = 1, #list do
        local item = list[i]
        if keep(item) then out[#out + 1] = item end
    end
    return out
end

local function fold(list, f, start)
    local result = start
    for i = 1, #list do result = f(result, list[i]) end
    return result
end

local function compose(f, g)
    return function(x) return f(g(x)) end
end

local function adder(n) return function(x) return x + n end end
local function times(n) return function(x) return x * n end end

local numbers = {}
for i = 1, 1000 do numbers[i] = i end

local total = 0
for round = 1, size do
    local change = compose(adder(round), times(3))
    local kept = filter(map(numbers, change), function(x) return x % 7 < 4 end)
    total = total + fold(kept, function(a, b) return (a + b) % 1000003 end, round)
end
print(string.format("higher_order %d %d", size, total))
