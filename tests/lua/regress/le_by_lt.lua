-- a <= b without __le is not (b < a), as in PUC's default build (LUA_COMPAT_LT_LE); also across a yield,
-- and an error in between leaves nothing behind.
local meta = {}
meta.__lt = function(a, b)
  if meta.yields then coroutine.yield("waiting") end
  if meta.fails then error("no order", 0) end
  return a.n < b.n
end
local function object(n) return setmetatable({ n = n }, meta) end
local one, two = object(1), object(2)
assert(one <= two and not (two <= one) and one <= one)
assert(two >= one and not (one >= two))
if two <= one then error("wrong branch") end
table.sort({ two, one })

meta.yields = true
local thread = coroutine.wrap(function() return one <= two, two <= one, one < two, two >= one end)
for _ = 1, 4 do assert(thread() == "waiting") end
local a, b, c, d = thread()
assert(a == true and b == false and c == true and d == true)
meta.yields = nil

meta.fails = true
for _ = 1, 3 do
  local good, message = pcall(function() return one <= two end)
  assert(not good and message == "no order")
end
meta.fails = nil
assert(one <= two)
local good, message = pcall(function() return one <= 1 end)
assert(not good and message:find("attempt to index a number value", 1, true))
good, message = pcall(function() return {} <= {} end)
assert(not good and message:find("attempt to compare two table values", 1, true))
