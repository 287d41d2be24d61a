-- At the end of a block a __close method was called at a place in the stack that no call had moved past the registers,
-- and overwrote variables of the function.
local check = dofile "tests/lua/check.lua"
local closed = 0
local object
object = setmetatable({}, {__close = function(o) closed = closed + 1 check.eq(o, object) end})

local function without_calls()
  local kept = 5
  do local x <close> = object end
  return kept
end
local function with_parameters(a, b, c)
  local first, second = {1}, {2}
  do local x <close> = object local y, z = 1, 2 end
  local third = second[1]
  return first[1] + third + (c or 0)
end
for i = 1, 3 do
  check.eq(without_calls(), 5)
  check.eq(with_parameters(), 3)
  check.eq(with_parameters(1, 2, 3), 6)
end
for i = 1, 3 do
  local kept = {i}
  local x <close> = object
  if i == 2 then goto continue end
  ::continue::
  check.eq(kept[1], i)
end
check.eq(closed, 12)
