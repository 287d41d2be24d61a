-- A small HTTP server whose memory goes down after the rush. It answers on loopback, a coroutine for each connection, and
-- is its own rush: as many clients as asked for come at once, and each is sent a long report. Then the server says
-- what it holds, and ends.
--
--   neap examples/http_server.lua [CLIENTS]        (needs Debian's lua-socket)
--
-- Look at: the three lines it prints, and `accept`, `wait` and `serve`: a server in 30 lines.
-- variants: release debug
-- test: 60

local found, socket = pcall(require, "socket")
if not found then
    io.stderr:write "http_server: this example needs LuaSocket: apt install lua-socket\n"
    os.exit(1)
end

local clients = math.tointeger(tonumber(arg[1] or 400)) or error "the number of clients must be a whole number"
local MiB = 1 << 20

-- ---- coroutines that wait for sockets ----
local readers, writers = {}, {}                 -- socket -> the coroutine that waits for it
local function wait(list, sock) list[sock] = coroutine.running() coroutine.yield() end
local function spawn(f, ...) assert(coroutine.resume(coroutine.create(f), ...)) end

local function keys(list)
    local sockets = {}
    for sock in pairs(list) do sockets[#sockets + 1] = sock end
    return sockets
end

-- Goes on with those whose socket is ready; false when nobody waits.
local function step()
    if not next(readers) and not next(writers) then return false end
    local readable, writable = socket.select(keys(readers), keys(writers), 10)
    for list, ready in pairs {[readers] = readable, [writers] = writable} do
        for _, sock in ipairs(ready) do
            local waiting = list[sock]
            list[sock] = nil
            assert(coroutine.resume(waiting))
        end
    end
    return true
end

local function receive(sock, pattern)
    local so_far = ""
    while true do
        local text, why, part = sock:receive(pattern, so_far)
        if text or why == "closed" then return text or part end
        so_far = part
        wait(readers, sock)
    end
end

local function send(sock, text)
    local sent = 0
    while sent < #text do
        local last, why, upto = sock:send(text, sent + 1)
        if why == "closed" then return end
        sent = last or upto
        if not last then wait(writers, sock) end
    end
end

-- ---- the server ----
local function report(name)
    local lines = {}
    for i = 1, 4000 do lines[i] = ("<li>line %d for %s</li>"):format(i, name) end
    return table.concat(lines, "\n")
end

local function serve(sock)
    local name = receive(sock, "*l"):match "^GET /(%S*) HTTP"
    while receive(sock, "*l") ~= "" do end
    local body = report(name)
    send(sock, ("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body))
    sock:close()
end

local server = assert(socket.bind("127.0.0.1", 0, clients))
local _, port = server:getsockname()
server:settimeout(0)

local function accept(count)
    while count > 0 do
        local sock = server:accept()
        if sock then
            count = count - 1
            sock:settimeout(0)
            spawn(serve, sock)
        else
            wait(readers, server)
        end
    end
    server:close()
end

-- ---- the rush ----
local answered = 0
local function visit(number)
    local sock = assert(socket.tcp())
    sock:settimeout(0)
    sock:connect("127.0.0.1", port)
    wait(writers, sock)
    send(sock, ("GET /client-%d HTTP/1.0\r\n\r\n"):format(number))
    assert(receive(sock, "*l") == "HTTP/1.0 200 OK")
    if receive(sock, "*a"):find("line 4000 for client-" .. number, 1, true) then answered = answered + 1 end
    sock:close()
end

local function tell(when)
    local stats = heap.stats()
    print(("%-14s %6.1f MiB in use, %6.1f MiB resident"):format(when, stats.live / MiB, stats.resident / MiB))
end

tell "before"
spawn(accept, clients)
for number = 1, clients do spawn(visit, number) end
local most = 0
while step() do
    if collectgarbage "count" > most then most = collectgarbage "count" end
end
tell "at the end"
collectgarbage()
collectgarbage()                -- sockets have finalisers: what they held goes with the next collection
heap.release()
tell "a moment later"
print(("%d of %d clients were answered; at most %.1f MiB were in use"):format(answered, clients, most / 1024))
assert(answered == clients)
