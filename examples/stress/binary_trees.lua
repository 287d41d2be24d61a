-- Stress: trees of many depths built and dropped around one that stays.
--
--   neap examples/stress/binary_trees.lua [DEPTH]
--
-- Every node carries its place in the tree, so that a node freed too early or used twice is seen.
-- test: 8

local stress = dofile((arg[0]:match("^(.*/)") or "") .. "../lib/stress.lua")
local deepest = stress.size(16, 4)

local function build(place, depth)
    if depth == 0 then return { place = place } end
    return { place = place, build(2 * place, depth - 1), build(2 * place + 1, depth - 1) }
end

-- Number of nodes; fails on a node that is not the one that was put there.
local function check(tree, place, depth)
    if rawget(tree, "place") ~= place then
        stress.fail("the node at place %d says %s", place, tostring(tree.place))
    end
    if depth == 0 then
        if tree[1] ~= nil or tree[2] ~= nil then stress.fail("the leaf %d has children", place) end
        return 1
    end
    return 1 + check(tree[1], 2 * place, depth - 1) + check(tree[2], 2 * place + 1, depth - 1)
end

local function nodes(depth) return (1 << (depth + 1)) - 1 end

local kept = build(1, deepest)
local before = stress.live()
local built = 0
for depth = 2, deepest, 2 do
    local rounds = 1 << (deepest - depth + 2)
    for round = 1, rounds do
        local count = check(build(round, depth), round, depth)
        stress.expect("nodes of a tree of depth " .. depth, count, nodes(depth))
        built = built + count
        stress.progress(depth + 2 * round / rounds, deepest + 2)
    end
    stress.expect("nodes of the tree that stays", check(kept, 1, deepest), nodes(deepest))
end
stress.progress(1, 1)

-- What was dropped is gone, what was kept is not.
local after = stress.live()
if after > before + 64 * 1024 then
    stress.fail("%d bytes are live, %d were before the trees came and went", after, before)
end
kept = kept[1]
stress.expect("nodes of the left half", check(kept, 2, deepest - 1), nodes(deepest - 1))
local half = stress.live()
if half > before * 3 // 4 + 64 * 1024 then
    stress.fail("half of the tree is dropped, but %d of %d bytes are live", half, before)
end
stress.done("%d nodes built and checked", built + nodes(deepest))
