-- debian: lua-luv
local uv = require "luv"
local order = {}
local timer = uv.new_timer()
timer:start(5, 5, function()
    order[#order + 1] = "tick"
    collectgarbage()
    if #order >= 4 then timer:close() end
end)
local server = uv.new_tcp()
server:bind("127.0.0.1", 0)
server:listen(16, function(failed)
    assert(not failed)
    local peer = uv.new_tcp()
    server:accept(peer)
    peer:read_start(function(_, data)
        if data then peer:write("echo " .. data) else peer:close() server:close() end
    end)
end)
local answer
local client = uv.new_tcp()
client:connect("127.0.0.1", server:getsockname().port, function(failed)
    assert(not failed)
    client:write "hello"
    client:read_start(function(_, data)
        answer = data
        client:close()
    end)
end)
local listed
uv.fs_scandir(".", function(_, request) listed = uv.fs_scandir_next(request) ~= nil end)
-- Another thread runs a state of its own.
local sum
local work = uv.new_work(function(n) local s = 0 for i = 1, n do s = s + i end return s end, function(result) sum = result end)
work:queue(100000)
uv.run()
assert(answer == "echo hello" and listed and sum == 5000050000 and #order == 4)
local co = coroutine.wrap(function()
    local this = coroutine.running()
    local pause = uv.new_timer()
    pause:start(1, 0, function() pause:close() assert(coroutine.resume(this)) end)
    coroutine.yield()
    order = "resumed"
end)
co()
uv.run()
assert(order == "resumed")
local handle, pid = uv.spawn("true", {}, function(code) assert(code == 0) end)
assert(handle and pid)
uv.run()
