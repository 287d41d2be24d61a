-- group: metamethods
-- Proxies: __index and __newindex functions, defaults, read-only views, lazily filled tables.
local size = tonumber(arg and arg[1]) or 4300000

local reads, writes, refused = 0, 0, 0

local function proxy(target)
    return setmetatable({}, {
        __index = function(_, key)
            reads = reads + 1
            return target[key]
        end,
        __newindex = function(_, key, value)
            writes = writes + 1
            target[key] = value
        end,
        __len = function() return #target end,
    })
end

local function readonly(target)
    return setmetatable({}, {
        __index = target,
        __newindex = function() refused = refused + 1 end,
    })
end

local watched = proxy({ count = 0, 10, 20, 30 })
local settings = readonly({ width = 80, height = 25 })
local squares = setmetatable({}, {
    __index = function(self, n)
        local value = n * n
        self[n] = value
        return value
    end,
})
local counts = setmetatable({}, { __index = function() return 0 end })

local total = 0
for i = 1, size do
    watched.count = watched.count + 1
    watched[i % 3 + 1] = watched[(i + 1) % 3 + 1] % 100 + 1
    total = total + settings.width + squares[i % 1000]
    settings.height = i
    counts[i % 10] = counts[i % 10] + 1
end
total = total % 1000003 + watched[1] + counts[3] + settings.height
print(string.format("proxies %d %d %d %d %d", size, reads, writes, refused, total))
