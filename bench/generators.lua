-- group: allocation
-- Coroutines made and dropped: short generators chained into pipelines.
local size = tonumber(arg and arg[1]) or 130000

local wrap, yield = coroutine.wrap, coroutine.yield

local function range(low, high)
    return wrap(function()
        for i = low, high do yield(i) end
    end)
end

local function keep(source, test)
    return wrap(function()
        for value in source do
            if test(value) then yield(value) end
        end
    end)
end

local function pairs_of(source)
    return wrap(function()
        local previous
        for value in source do
            if previous then yield({ previous, value }) end
            previous = value
        end
    end)
end

local total = 0
for round = 1, size do
    local odd = keep(range(round, round + 20), function(n) return n % 2 == 1 end)
    for pair in pairs_of(odd) do
        total = (total + pair[1] * pair[2]) % 1000003
    end
end
print(string.format("generators %d %d", size, total))
