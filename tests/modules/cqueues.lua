-- debian: lua-cqueues
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local condition = require "cqueues.condition"
local controller = cqueues.new()
local log = {}
local ready = condition.new()
local one, two = socket.pair()
controller:wrap(function()
    one:write "question\n"
    log[#log + 1] = one:read "*l"
    ready:signal()
end)
controller:wrap(function()
    assert(two:read "*l" == "question")
    cqueues.sleep(0.002)
    two:write "answer\n"
    two:flush()
end)
controller:wrap(function()
    ready:wait()
    log[#log + 1] = "signalled"
end)
for i = 1, 100 do controller:wrap(function() cqueues.sleep(0.001) collectgarbage "step" end) end
assert(controller:loop())
assert(table.concat(log, " ") == "answer signalled")
local failing = cqueues.new()
failing:wrap(function() error "inside" end)
local ok, message = failing:loop()
assert(not ok and tostring(message):find "inside")
