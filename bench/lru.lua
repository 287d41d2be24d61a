-- group: allocation
-- A cache of least recently used entries: a map and a doubly linked list of records.
local size = tonumber(arg and arg[1]) or 970000

local Cache = {}
Cache.__index = Cache

function Cache.new(limit)
    local head, tail = {}, {}
    head.next, tail.prev = tail, head
    return setmetatable({ limit = limit, count = 0, map = {}, head = head, tail = tail }, Cache)
end

local function unlink(entry)
    entry.prev.next, entry.next.prev = entry.next, entry.prev
end

function Cache:push(entry)
    local first = self.head.next
    entry.prev, entry.next = self.head, first
    self.head.next, first.prev = entry, entry
end

function Cache:get(key)
    local entry = self.map[key]
    if not entry then return nil end
    unlink(entry)
    self:push(entry)
    return entry.value
end

function Cache:set(key, value)
    if self.count == self.limit then
        local last = self.tail.prev
        unlink(last)
        self.map[last.key] = nil
        self.count = self.count - 1
    end
    local entry = { key = key, value = value }
    self.map[key] = entry
    self:push(entry)
    self.count = self.count + 1
end

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range
end

local cache = Cache.new(5000)
local hits, misses, total = 0, 0, 0
for _ = 1, size do
    local key = random(random(20000) + 1)
    local value = cache:get(key)
    if value then
        hits = hits + 1
        total = total + value[1]
    else
        misses = misses + 1
        cache:set(key, { key % 100, "v" .. key })
    end
end
print(string.format("lru %d %d %d %d", size, hits, misses, total))
