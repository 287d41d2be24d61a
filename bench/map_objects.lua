-- group: maps
-- Tables and functions as keys: a graph whose edges and visited marks are keyed by node.
local size = tonumber(arg and arg[1]) or 90000

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range + 1
end

local nodes, edges = {}, {}
for i = 1, size do nodes[i] = { id = i } end
for i = 1, size do
    local out = {}
    for _ = 1, 3 do out[nodes[random(size)]] = true end
    edges[nodes[i]] = out
end

local function reach(start)
    local distance, queue, head = { [start] = 0 }, { start }, 1
    while head <= #queue do
        local node = queue[head]
        head = head + 1
        local next_distance = distance[node] + 1
        for neighbour in pairs(edges[node]) do
            if not distance[neighbour] then
                distance[neighbour] = next_distance
                queue[#queue + 1] = neighbour
            end
        end
    end
    local sum = 0
    for _, steps in pairs(distance) do sum = sum + steps end
    return #queue, sum
end

local reached, steps = 0, 0
for start = 1, 8 do
    local count, sum = reach(nodes[start])
    reached, steps = reached + count, steps + sum
end
print(string.format("map_objects %d %d %d", size, reached, steps))
