-- stress: 1000
-- emergency: 200
-- Out of memory is Lua's error "not enough memory": it can be caught, and the state is usable after.
-- (Limits are set with heap.limit by tests of the heap module; here only sizes beyond any machine.)
local check = dofile "tests/lua/check.lua"
for round = 1, 3 do
  local ok, message = pcall(string.rep, "x", 1 << 50)
  check.eq(ok, false)
  assert(message:find "not enough memory" or message:find "too large", message)
  local t = {}
  for i = 1, 1000 do t[i] = {i} end
  check.eq(#t, 1000)
end
-- the message is a plain string, also through xpcall and coroutines
local ok, message = xpcall(string.rep, function(m) return m end, "x", 1 << 50)
check.eq(ok, false); check.eq(type(message), "string")
local co = coroutine.create(function() return ("x"):rep(1 << 50) end)
ok, message = coroutine.resume(co)
check.eq(ok, false); check.eq(coroutine.status(co), "dead")
-- concatenation that overflows what a string may be
local half = pcall(string.rep, "x", 1 << 40)
check.eq(half, false)
