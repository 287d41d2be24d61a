-- group: allocation
-- Binary trees whose nodes are two-element arrays: built, checked and dropped.
local size = tonumber(arg and arg[1]) or 15

local function bottom_up(depth)
    if depth == 0 then return {} end
    depth = depth - 1
    return { bottom_up(depth), bottom_up(depth) }
end

local function check(tree)
    if tree[1] then return 1 + check(tree[1]) + check(tree[2]) end
    return 1
end

local kept = bottom_up(size)
local total = check(bottom_up(size + 1))
for depth = 4, size, 2 do
    local rounds = 2 ^ (size - depth + 4)
    for _ = 1, rounds do total = total + check(bottom_up(depth)) end
end
print(string.format("binary_trees_array %d %d %d", size, total, check(kept)))
