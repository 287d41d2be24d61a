-- debian: lua-sec
local ssl = require "ssl"
local context = assert(ssl.newcontext { mode = "client", protocol = "any", verify = "none", options = "all" })
assert(context)
local none, message = ssl.newcontext { mode = "client", protocol = "nonsense" }
assert(none == nil and message:find "invalid protocol", message)
local socket = require "socket"
local server = assert(socket.bind("127.0.0.1", 0))
local client = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
local wrapped = assert(ssl.wrap(client, context))
wrapped:settimeout(0)
local done, why = wrapped:dohandshake() -- nobody answers
assert(not done and why == "wantread", why)
wrapped:close()
assert(ssl.config.protocols.tlsv1_2)
