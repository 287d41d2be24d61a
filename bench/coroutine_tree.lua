-- group: coroutines
-- A tree walked by recursive generators: each level is a coroutine that wraps the next.
local size = tonumber(arg and arg[1]) or 17

local wrap, yield = coroutine.wrap, coroutine.yield

local function build(low, high)
    if low > high then return nil end
    local middle = math.floor((low + high) / 2)
    return { value = middle, left = build(low, middle - 1), right = build(middle + 1, high) }
end

local function walk(tree)
    if tree then
        walk(tree.left)
        yield(tree.value)
        walk(tree.right)
    end
end

local function nested(tree)
    return wrap(function()
        if not tree then return end
        for value in nested(tree.left) do yield(value) end
        yield(tree.value)
        for value in nested(tree.right) do yield(value) end
    end)
end

local tree = build(1, 2 ^ size - 1)
local sum, place = 0, 0
for value in wrap(function() walk(tree) end) do
    place = place + 1
    sum = (sum + place * value) % 1000003
end
local again = 0
for value in nested(tree) do again = again + value end
print(string.format("coroutine_tree %d %d %d %d", size, place, sum, again))
