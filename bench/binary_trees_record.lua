-- group: allocation
-- Binary trees whose nodes are records with a key, a left and a right child.
local size = tonumber(arg and arg[1]) or 14

local function build(key, depth)
    if depth == 0 then return { key = key } end
    return {
        key = key,
        left = build(2 * key, depth - 1),
        right = build(2 * key + 1, depth - 1),
    }
end

local function weigh(tree)
    if not tree.left then return tree.key % 7 end
    return tree.key % 7 + weigh(tree.left) + weigh(tree.right)
end

local kept = build(1, size)
local total = weigh(build(1, size + 1))
for depth = 4, size, 2 do
    local rounds = 2 ^ (size - depth + 4)
    for round = 1, rounds do total = total + weigh(build(round, depth)) end
end
print(string.format("binary_trees_record %d %d %d", size, total, weigh(kept)))
