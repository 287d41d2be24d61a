-- Manual 3.3.7 and 3.3.8, <const> and <close>.
local check = dofile "tests/lua/check.lua"
local eq, list = check.eq, check.list
local pack = table.pack

-- constants
local k <const> = 10
local s <const>, n <const>, b <const>, f <const> = "s", nil, true, 1.5
eq(k, 10); eq(s, "s"); eq(n, nil); eq(b, true); eq(f, 1.5); eq(k + 1, 11); eq(s .. k, "s10"); eq(-k, -10)
local t <const> = {}
t.x = 1; eq(t.x, 1)
local function up() return k, s, n, b, f, t end
list(pack(up()), 10, "s", nil, true, 1.5, t)
local function deep() return function() return function() return k * 2 end end end
eq(deep()()(), 20)
local mixed, const <const>, other = 1, 2, 3
mixed = 5; other = 6
eq(mixed + const + other, 13)
if not b then error() end
local arr = {[k] = "ten", [s] = "ess"}
eq(arr[10], "ten"); eq(arr.s, "ess")
for i = 1, k do if i == k then mixed = i end end
eq(mixed, 10)
do local k = k; k = k + 1; eq(k, 11) end
eq(k, 10)
local x <const> = k + 5
eq(x, 15)
check.syntax("c:1: attempt to assign to const variable 'a'", "local a <const> = 1; a = 2")
check.syntax("c:1: attempt to assign to const variable 'a'", "local a <const> = 1; local function f() a = 2 end")
check.syntax("c:1: attempt to assign to const variable 'a'", "local b, a <const> = 1; b, a = 2, 3")
check.syntax("c:1: attempt to assign to const variable 'a'", "local a <close> = nil; a = 2")
check.syntax("c:2: attempt to assign to const variable 'a'", "local a <const> = {}\nfunction a() end")
check.syntax("c:1: unknown attribute 'foo'", "local a <foo> = 1")
check.syntax("c:1: multiple to-be-closed variables in local list", "local a <close>, b <close> = 1, 2")
check.syntax("c:1: <name> expected near '>'", "local a <> = 1")
check.syntax("c:1: '>' expected near '='", "local a <const = 1")

-- to-be-closed: in reverse order, on every way out, with the error
local log
local function closer(name, action)
  return setmetatable({name = name}, {__close = function(v, e, extra)
    log[#log + 1] = v.name .. "(" .. tostring(e) .. ")"
    eq(extra, nil)
    if action then return action(e) end
  end})
end
local function logged() local text = table.concat(log, " "); log = {}; return text end
log = {}
do local a <close> = closer "a"; local b <close> = closer "b"; log[#log + 1] = "body" end
eq(logged(), "body b(nil) a(nil)")
local function exits(how)
  local a <close> = closer "a"
  do
    local b <close> = closer "b"
    if how == "return" then return how, 2 end
    if how == "error" then error("E", 0) end
    if how == "goto" then goto out end
    if how == "tail" then return (function() log[#log + 1] = "called" return 1 end)() end
  end
  ::out::
  log[#log + 1] = "after"
end
list(pack(exits "return"), "return", 2); eq(logged(), "b(nil) a(nil)")
list(pack(exits()) ); eq(logged(), "b(nil) after a(nil)")
exits "goto"; eq(logged(), "b(nil) after a(nil)")
list(pack(pcall(exits, "error")), false, "E"); eq(logged(), "b(E) a(E)")
list(pack(exits "tail"), 1); eq(logged(), "called b(nil) a(nil)")
while true do local a <close> = closer "loop"; break end
eq(logged(), "loop(nil)")
for i = 1, 2 do local a <close> = closer("i" .. i) end
eq(logged(), "i1(nil) i2(nil)")
do local i = 0; repeat local a <close> = closer "r"; i = i + 1 until i == 2 end
eq(logged(), "r(nil) r(nil)")
-- nil and false are ignored
do local a <close> = nil; local b <close> = false end
-- anything else without __close is an error, at the declaration; the earlier ones are closed
check.raises("c:1: variable 'a' got a non-closable value", "local a <close> = {}")
check.raises("c:1: variable 'abc' got a non-closable value", "local abc <close> = 1")
local ok, message = pcall(function() local a <close> = closer "a"; local b <close> = 5 end)
eq(ok, false); assert(message:find("variable 'b' got a non-closable value", 1, true))
assert(logged():find("^a%(.*non%-closable value%)$"))
-- __close must still be there at the end
ok, message = pcall(function()
  local v = setmetatable({}, {__close = function() end})
  local x <close> = v
  getmetatable(v).__close = nil
end)
eq(ok, false); assert(message:find("metamethod 'close'", 1, true), message)
-- an error in a closing method replaces the error; the others still run and see it
local function fails(e) return function() error(e, 0) end end
list(pack(pcall(function()
  local a <close> = closer "a"
  local b <close> = closer("b", fails "eb")
  local c <close> = closer "c"
  local d <close> = closer("d", fails "ed")
  error("start", 0)
end)), false, "eb")
eq(logged(), "d(start) c(ed) b(ed) a(eb)")
list(pack(pcall(function() local a <close> = closer "a"; local b <close> = closer("b", fails "eb"); return 1, 2 end)), false, "eb")
eq(logged(), "b(nil) a(eb)")
-- results are kept while closing runs other code
list(pack((function()
  local a <close> = closer("a", function() local p, q, r, s, t = 1, 2, 3, 4, 5; return p, q, r, s, t end)
  return 1, nil, "three", pack
end)()), 1, nil, "three", pack)
logged()
list(pack((function(...) local a <close> = closer("v", function() return string.rep("x", 100) end); return ... end)(1, 2, 3)), 1, 2, 3)
logged()
-- the variable is a constant that closures may hold
do
  local get
  do local a <close> = closer "held"; get = function() return a.name end; eq(get(), "held") end
  eq(get(), "held")
  eq(logged(), "held(nil)")
end
-- a variable that was declared later may refer to the earlier one when closed
do local order = {}
  do
    local first <close> = setmetatable({}, {__close = function() order[#order + 1] = "first" end})
    local second <close> = setmetatable({}, {__close = function() order[#order + 1] = type(first) end})
  end
  eq(table.concat(order, " "), "table first")
end
-- closing methods may yield
local co = coroutine.wrap(function()
  local a <close> = closer("a", function() coroutine.yield "in a" end)
  local b <close> = closer("b", function() coroutine.yield "in b" end)
  coroutine.yield "body"
  return "result", 2
end)
eq(co(), "body"); eq(co(), "in b"); eq(co(), "in a"); list(pack(co()), "result", 2)
eq(logged(), "b(nil) a(nil)")
co = coroutine.wrap(function()
  return pcall(function()
    local a <close> = closer("a", function() coroutine.yield "in a" end)
    local b <close> = closer("b", function(e) coroutine.yield("in b"); error("from b", 0) end)
    error("E", 0)
  end)
end)
eq(co(), "in b"); eq(co(), "in a"); list(pack(co()), false, "from b")
eq(logged(), "b(E) a(from b)")
co = coroutine.wrap(function()
  for i in function(_, n) n = (n or 0) + 1; if n < 3 then return n end end, nil, nil, closer("it", function() coroutine.yield "closing" end) do
    coroutine.yield(i)
  end
  return "end"
end)
eq(co(), 1); eq(co(), 2); eq(co(), "closing"); eq(co(), "end")
logged()
-- many
do
  local count = 0
  local meta = {__close = function() count = count + 1 end}
  local function nest(n) local x <close> = setmetatable({}, meta); if n > 1 then nest(n - 1) end end
  nest(100); eq(count, 100)
  local function nestfail(n) local x <close> = setmetatable({}, meta); if n > 1 then nestfail(n - 1) else error("up", 0) end end
  list(pack(pcall(nestfail, 100)), false, "up"); eq(count, 200)
  for _ = 1, check.size(1000, 50) do local x <close> = setmetatable({}, meta) end
  eq(count, 200 + check.size(1000, 50))
end
-- const and close in one list; several values
do
  local a <const>, b <close>, c = 1, closer "mid", 3
  c = c + a
  eq(c, 4)
end
eq(logged(), "mid(nil)")
