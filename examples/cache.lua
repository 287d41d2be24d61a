-- A cache that obeys a limit. It keeps every page it has rendered for as long as there is memory, and lets go of what
-- was not asked for lately when heap.onlimit says that the limit is near. The cache itself counts nothing.
--
--   neap examples/cache.lua [REQUESTS]
--
-- Look at: `page` and the function given to heap.onlimit. Memory stays below the limit, most requests are still hits, and
-- no request ever fails.
-- test: 8000

local requests = math.tointeger(tonumber(arg[1] or 300000))
if not requests or requests < 1 then
    io.stderr:write("cache: the number of requests must be a whole number from 1 on, not '", arg[1], "'\n")
    os.exit(1)
end
local MiB = 1 << 20

heap.limit {hard = heap.stats().ready + 16 * MiB}

local cache = {}                 -- page number -> {text =, used = the request that last asked for it}
local now, purged = 0, 0         -- the present request, and the one at which memory was last short
local hits, purges = 0, 0

local function page(n)
    local entry = cache[n]
    if entry then hits = hits + 1 else entry = {text = ("This is page %d. "):format(n):rep(300)} end
    cache[n], entry.used = entry, now
    return entry.text
end

heap.onlimit(function()
    local cutoff = (purged + now) // 2
    for n, entry in pairs(cache) do
        if entry.used < cutoff then cache[n] = nil end
    end
    purged, purges = now, purges + 1
end)

math.randomseed(2026)
local most = 0
for i = 1, requests do
    local n = math.floor(10000 * math.random() ^ 4)       -- some pages are asked for much more often than others
    now = i
    local text = page(n)
    assert(text:find("page " .. n .. ".", 1, true))
    if i % 1000 == 0 then most = math.max(most, heap.stats().ready) end
end

local limit = heap.limit().hard
print(("requests      %d, %.0f %% of them answered from the cache"):format(requests, hits / requests * 100))
print(("memory        at most %.1f of %.1f MiB"):format(most / MiB, limit / MiB))
print(("limit near    %d times, errors: %d"):format(purges, heap.stats().limit_hits))
assert(most <= limit)
