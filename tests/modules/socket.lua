-- debian: lua-socket
-- An HTTP request on loopback: server and client are coroutines of one process over non-blocking sockets, then
-- socket.http against a server in a child process of the same interpreter.
local socket = require "socket"
local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
server:settimeout(5)
local client = assert(socket.connect("127.0.0.1", port))
local peer = assert(server:accept())
client:settimeout(5)
peer:settimeout(5)
assert(client:send "GET /hello HTTP/1.0\r\n\r\n")
assert(peer:receive "*l" == "GET /hello HTTP/1.0")
assert(peer:receive "*l" == "")
local body = ("0123456789"):rep(1000)
assert(peer:send("HTTP/1.0 200 OK\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body))
peer:close()
assert(client:receive "*l" == "HTTP/1.0 200 OK")
assert(client:receive "*l" == "Content-Length: 10000")
assert(client:receive "*l" == "")
assert(client:receive(10000) == body)
assert(select(2, client:receive(1)) == "closed")
client:close()

local answers = os.tmpname()
local program = ([[
local socket = require "socket"
local server = assert(socket.bind("127.0.0.1", 0))
io.write(select(2, server:getsockname()), "\n") io.flush()
server:settimeout(20)
local peer = assert(server:accept())
repeat local line = peer:receive "*l" until not line or line == ""
peer:send "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
peer:close()]])
local file = assert(io.open(answers, "w"))
file:write(program):close()
local child = assert(io.popen(arg[-1] .. " " .. answers))
local child_port = child:read "l"
local text, code, headers = require "socket.http".request("http://127.0.0.1:" .. child_port .. "/")
assert(text == "hello world" and code == 200, code)
assert(headers["content-type"] == "text/plain")
assert(child:close())
os.remove(answers)
assert(require "socket.url".parse "http://a.b:80/c?d#e".query == "d")
assert(require "mime".b64 "neap" == "bmVhcA==")
server:close()
assert(select(2, socket.connect("127.0.0.1", port)) == "connection refused")
