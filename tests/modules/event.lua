-- debian: lua-event
local event = require "luaevent.core"
local base = event.new()
local fired = 0
local timer = base:addevent(nil, event.EV_TIMEOUT, function()
    fired = fired + 1
    collectgarbage()
    return fired < 3 and event.EV_TIMEOUT or event.LEAVE
end, 0.001)
base:loop()
assert(fired == 3)
timer:close()
