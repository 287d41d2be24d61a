-- group: allocation
-- A discrete simulation: event records pushed to and popped from a binary heap.
local size = tonumber(arg and arg[1]) or 690000

local Heap = {}
Heap.__index = Heap
function Heap.new() return setmetatable({ count = 0 }, Heap) end

local function before(a, b)
    return a.time < b.time or a.time == b.time and a.serial < b.serial
end

function Heap:push(event)
    local place = self.count + 1
    self.count = place
    while place > 1 do
        local parent = (place - place % 2) / 2
        if not before(event, self[parent]) then break end
        self[place] = self[parent]
        place = parent
    end
    self[place] = event
end

function Heap:pop()
    local top, last, count = self[1], self[self.count], self.count - 1
    self[self.count] = nil
    self.count = count
    if count == 0 then return top end
    local place = 1
    while true do
        local child = 2 * place
        if child > count then break end
        if child < count and before(self[child + 1], self[child]) then child = child + 1 end
        if not before(self[child], last) then break end
        self[place] = self[child]
        place = child
    end
    self[place] = last
    return top
end

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range
end

local heap, serial = Heap.new(), 0
local function schedule(time, kind)
    serial = serial + 1
    heap:push({ time = time, serial = serial, kind = kind, data = { serial } })
end

for i = 1, 1000 do schedule(random(1000), i % 3) end
local clock, hash = 0, 0
for _ = 1, size do
    local event = heap:pop()
    assert(event.time >= clock)
    clock = event.time
    hash = (hash * 31 + event.data[1]) % 1000003
    schedule(clock + random(500) + 1, event.kind)
end
print(string.format("priority_queue %d %d %d %d", size, clock, hash, heap.count))
