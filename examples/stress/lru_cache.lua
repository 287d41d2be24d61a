-- Stress: a cache of least recently used entries at steady state.
--
--   neap examples/stress/lru_cache.lua [OPERATIONS]
--
-- After the warm-up every miss adds an entry and drops one, for ever: the state in which servers
-- spend their lives. Order, contents and count of the cache are compared with an independent
-- model, and live memory at the end with live memory after the warm-up.
-- test: 20000

local stress = dofile((arg[0]:match("^(.*/)") or "") .. "../lib/stress.lua")
local operations = stress.size(500000, 1000)
local capacity = math.min(20000, operations // 10)

local Cache = {}
Cache.__index = Cache

function Cache.new(limit)
    local ring = {}
    ring.next, ring.prev = ring, ring
    return setmetatable({ limit = limit, count = 0, map = {}, ring = ring }, Cache)
end

local function unlink(entry)
    entry.prev.next, entry.next.prev = entry.next, entry.prev
end

function Cache:link_first(entry)
    local ring = self.ring
    entry.prev, entry.next = ring, ring.next
    ring.next.prev = entry
    ring.next = entry
end

function Cache:get(key)
    local entry = self.map[key]
    if not entry then return nil end
    unlink(entry)
    self:link_first(entry)
    return entry.value
end

function Cache:set(key, value)
    if self.count >= self.limit then
        local last = self.ring.prev
        unlink(last)
        self.map[last.key] = nil
        self.count = self.count - 1
    end
    local entry = { key = key, value = value }
    self.map[key] = entry
    self:link_first(entry)
    self.count = self.count + 1
end

local state = 88172645463325252
local function random(range)
    state = state ~ (state << 13)
    state = state ~ (state >> 7)
    state = state ~ (state << 17)
    return (state >> 1) % range
end

local function value_of(number) return { number, "value " .. number, { number % 7 } } end

local function intact(value, number)
    return value[1] == number and value[2] == "value " .. number and value[3][1] == number % 7
end

-- The model: when each key was used last. The cache must hold the `capacity` latest of them.
local cache, last_used = Cache.new(capacity), {}
local hits, misses = 0, 0

local function compare_with_model(now)
    local seen, previous = 0, now + 1
    local entry = cache.ring.next
    while entry ~= cache.ring do
        local number = math.tointeger(tonumber(entry.key:sub(2)))
        local used = last_used[number]
        if not used or used >= previous then
            stress.fail("the entry %s is out of order", entry.key)
        end
        if not intact(entry.value, number) then
            stress.fail("the value of %s is damaged", entry.key)
        end
        if cache.map[entry.key] ~= entry then
            stress.fail("the entry %s is not in the map", entry.key)
        end
        if entry.next.prev ~= entry then stress.fail("the list is torn at %s", entry.key) end
        previous, seen = used, seen + 1
        entry = entry.next
    end
    stress.expect("entries in the list", seen, cache.count)
    local mapped = 0
    for _ in pairs(cache.map) do mapped = mapped + 1 end
    stress.expect("entries in the map", mapped, cache.count)
    if cache.count == capacity then
        -- Nothing outside may be younger than the oldest inside.
        for number, used in pairs(last_used) do
            if used > previous and not cache.map["k" .. number] then
                stress.fail("key %d was used after the oldest entry, but is gone", number)
            end
        end
    end
end

local warm
for now = 1, operations do
    local number = random(random(capacity * 4) + 1)
    local key = "k" .. number
    local value = cache:get(key)
    if value then
        hits = hits + 1
        if not intact(value, number) then stress.fail("the value of %s is damaged", key) end
    else
        misses = misses + 1
        cache:set(key, value_of(number))
    end
    last_used[number] = now
    if now == operations // 2 then
        compare_with_model(now)
        warm = stress.live()
    end
    stress.progress(now, operations)
end
compare_with_model(operations)
stress.expect("hits and misses", hits + misses, operations)
local live = stress.live()
if live > warm * 5 // 4 + 64 * 1024 then
    stress.fail("the cache grew from %d to %d live bytes at steady state", warm, live)
end
stress.done("%d hits, %d misses, %d entries", hits, misses, cache.count)
