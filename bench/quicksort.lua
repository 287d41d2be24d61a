-- group: sorting
-- Quicksort, heapsort and merge sort written in Lua.
local size = tonumber(arg and arg[1]) or 530000

local floor = math.floor

local seed = 42
local function numbers(n)
    local list = {}
    for i = 1, n do
        seed = (seed * 16807) % 2147483647
        list[i] = seed
    end
    return list
end

local function quicksort(list, low, high)
    while low < high do
        local pivot = list[floor((low + high) / 2)]
        local i, j = low, high
        repeat
            while list[i] < pivot do i = i + 1 end
            while list[j] > pivot do j = j - 1 end
            if i <= j then
                list[i], list[j] = list[j], list[i]
                i, j = i + 1, j - 1
            end
        until i > j
        if j - low < high - i then
            quicksort(list, low, j)
            low = i
        else
            quicksort(list, i, high)
            high = j
        end
    end
end

local function sift(list, root, last)
    local value = list[root]
    while true do
        local child = 2 * root
        if child > last then break end
        if child < last and list[child] < list[child + 1] then child = child + 1 end
        if value >= list[child] then break end
        list[root] = list[child]
        root = child
    end
    list[root] = value
end

local function heapsort(list)
    for root = floor(#list / 2), 1, -1 do sift(list, root, #list) end
    for last = #list, 2, -1 do
        list[1], list[last] = list[last], list[1]
        sift(list, 1, last - 1)
    end
end

local function mergesort(list, low, high, spare)
    if low >= high then return end
    local middle = floor((low + high) / 2)
    mergesort(list, low, middle, spare)
    mergesort(list, middle + 1, high, spare)
    for i = low, middle do spare[i] = list[i] end
    local i, j, k = low, middle + 1, low
    while i <= middle do
        if j <= high and list[j] < spare[i] then
            list[k] = list[j]
            j = j + 1
        else
            list[k] = spare[i]
            i = i + 1
        end
        k = k + 1
    end
end

local function check(list)
    for i = 2, #list do assert(list[i - 1] <= list[i]) end
    return list[1] + list[#list]
end

local total = 0
local list = numbers(size)
quicksort(list, 1, size)
total = total + check(list)
list = numbers(size)
heapsort(list)
total = total + check(list)
list = numbers(size)
mergesort(list, 1, size, {})
total = total + check(list)
print(string.format("quicksort %d %d", size, total))
