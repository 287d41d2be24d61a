-- group: error handling
-- Errors thrown and caught: messages, tables as errors, rethrown, from depth, with a handler.
local size = tonumber(arg and arg[1]) or 480000

local Timeout = {}
Timeout.__index = Timeout
Timeout.__tostring = function(self) return "timeout after " .. self.after end

local function deep(n, value)
    if n == 0 then error(value, 0) end
    local result = deep(n - 1, value)
    return result + 1
end

local function rethrow(value)
    local ok, err = pcall(deep, 3, value)
    if not ok then error(err, 0) end
end

local function handler(err) return "handled " .. tostring(err) end

local length, timeouts, types = 0, 0, 0
for i = 1, size do
    local ok, err = pcall(deep, i % 8, "plain")
    if not ok then length = length + #err end
    ok, err = pcall(rethrow, setmetatable({ after = i % 100 }, Timeout))
    if not ok and getmetatable(err) == Timeout then timeouts = timeouts + err.after end
    ok, err = xpcall(function() return nil + i end, handler)
    if not ok and err:find("arithmetic", 1, true) then types = types + 1 end
    ok, err = pcall(error)
    if not ok and err == nil then types = types + 1 end
end
print(string.format("pcall_errors %d %d %d %d", size, length, timeouts, types))
