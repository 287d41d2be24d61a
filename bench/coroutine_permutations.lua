-- group: coroutines
-- All permutations of a list from a recursive generator.
local size = tonumber(arg and arg[1]) or 10

local function permute(list, n)
    if n == 1 then
        coroutine.yield(list)
        return
    end
    for i = 1, n do
        list[i], list[n] = list[n], list[i]
        permute(list, n - 1)
        list[i], list[n] = list[n], list[i]
    end
end

local function permutations(n)
    local list = {}
    for i = 1, n do list[i] = i end
    return coroutine.wrap(function() permute(list, n) end)
end

local count, hash = 0, 0
for list in permutations(size) do
    count = count + 1
    hash = (hash * 31 + list[1] * 10 + list[size]) % 1000003
end
print(string.format("coroutine_permutations %d %d %d", size, count, hash))
