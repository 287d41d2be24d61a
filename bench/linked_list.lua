-- group: allocation
-- Singly linked lists: built by consing, reversed, mapped, filtered and summed.
local size = tonumber(arg and arg[1]) or 630

local function cons(head, tail) return { head = head, tail = tail } end

local function range(low, high)
    local list
    for i = high, low, -1 do list = cons(i, list) end
    return list
end

local function reverse(list)
    local result
    while list do
        result = cons(list.head, result)
        list = list.tail
    end
    return result
end

local function map(list, f)
    local result
    while list do
        result = cons(f(list.head), result)
        list = list.tail
    end
    return reverse(result)
end

local function filter(list, keep)
    local result
    while list do
        if keep(list.head) then result = cons(list.head, result) end
        list = list.tail
    end
    return reverse(result)
end

local function sum(list)
    local total = 0
    while list do
        total = total + list.head
        list = list.tail
    end
    return total
end

local total = 0
for round = 1, size do
    local list = range(round, round + 2000)
    list = map(list, function(x) return x * 3 + 1 end)
    list = filter(list, function(x) return x % 2 == 0 end)
    total = total + sum(reverse(list))
end
print(string.format("linked_list %d %d", size, total))
