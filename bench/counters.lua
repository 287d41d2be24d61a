-- group: closures and upvalues
-- Counters: closures that share and change their upvalues.
local size = tonumber(arg and arg[1]) or 30000000

local function counter(start, step)
    local value = start
    local function increment()
        value = value + step
        return value
    end
    local function reset(to) value = to end
    local function read() return value end
    return increment, reset, read
end

local increment, reset, read = counter(0, 3)
local other = counter(100, -1)
local total = 0
for i = 1, size do
    total = total + increment()
    if i % 1000 == 0 then
        total = total + other()
        reset(i % 77)
    end
end
print(string.format("counters %d %d %d", size, total, read()))
