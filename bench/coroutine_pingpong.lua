-- group: coroutines
-- Two coroutines that hand a value back and forth: the bare cost of resume and yield.
local size = tonumber(arg and arg[1]) or 3900000

local resume, yield = coroutine.resume, coroutine.yield

local function player(step)
    return coroutine.create(function(value)
        while true do value = yield(value + step) end
    end)
end

local ping, pong = player(1), player(2)
local value, ok = 0, true
for _ = 1, size do
    ok, value = resume(ping, value)
    ok, value = resume(pong, value)
end
print(string.format("coroutine_pingpong %d %d %s", size, value, tostring(ok)))
