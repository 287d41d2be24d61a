-- group: allocation
-- A queue of message records at a steady length: every step adds one and drops the oldest.
local size = tonumber(arg and arg[1]) or 1500000
local window = 20000

local queue, first, last = {}, 1, 0
local sum, highest = 0, 0
for i = 1, size do
    last = last + 1
    queue[last] = { id = i, kind = i % 4, size = i * 7 % 1500, tags = { i % 2 == 0, i % 3 } }
    sum = sum + queue[last].size
    if last - first >= window then
        local oldest = queue[first]
        queue[first] = nil
        first = first + 1
        sum = sum - oldest.size
        if oldest.tags[1] and oldest.kind > 1 then highest = highest + 1 end
    end
end
print(string.format("sliding_queue %d %d %d %d", size, last - first + 1, sum, highest))
