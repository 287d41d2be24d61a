-- stress: 5000
-- emergency: off a request of the message handler may be the one that is refused, and it then has no traceback
-- Memory ends where the table of short strings would have to grow: the message handler, a traceback and whoever catches
-- still get new strings. The limits are many so that some make the table's growth the request that is refused.
local function fill()
  local kept = table.move({}, 1, 0, 1, {})
  for i = 1, 2e5 do kept[i % 30000] = "intern " .. i end
end

local before = heap.limit()
collectgarbage()
local base = heap.stats().ready
local tried = 0
for extra = 1152 << 10, 2 << 20, 128 << 10 do
  collectgarbage()
  heap.limit { hard = base + extra }
  local ok, message = xpcall(fill, debug.traceback)
  heap.limit(before)
  if not ok then
    tried = tried + 1
    assert(message:find("^not enough memory\n"), message)
    assert(message:find("stack traceback", 1, true), message .. " with " .. extra)
    assert(message:find("in function <", 1, true), message)
  end
end
assert(tried > 3, tried)
