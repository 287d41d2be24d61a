-- heap.types: every object in one row. Silent on success.

local check = dofile "tests/lua/check.lua"
local eq = check.eq

local function rows()
  local by_name = {}
  local types = heap.types()
  for i, row in ipairs(types) do
    if i > 1 then assert(row.bytes <= types[i - 1].bytes, "rows descend") end
    eq(math.type(row.count), "integer"); eq(math.type(row.bytes), "integer")
    assert(row.count > 0 and row.bytes >= row.count)
    local key = row.type .. " " .. row.name
    eq(by_name[key], nil, key)
    by_name[key] = row
  end
  return by_name
end

local n = check.size(500, 50)
local kept = {}
local Account = {__name = "types_test.Account"}
for i = 1, n do
  kept[#kept + 1] = {first_field_of_types = i, second = {}}
  kept[#kept + 1] = setmetatable({balance = i}, Account)
  kept[#kept + 1] = function() return kept, i end
  kept[#kept + 1] = coroutine.create(print)
  kept[#kept + 1] = {[i + 0.5] = i}
end
local place = "(tests/lua/lib/heap_types.lua:" .. debug.getinfo(kept[3], "S").linedefined .. ")"
local found = rows()
eq(found["table Table (shape: first_field_of_types,second)"].count, n)
eq(found["table types_test.Account"].count, n)
eq(found["function function " .. place].count, n)
eq(found["prototype code of function " .. place].count, 1)
eq(found["function function (tests/lua/lib/heap_types.lua:6)"].count, 1)
assert(found["thread Coroutine"].count >= n)
assert(found["table Table (dictionary)"].count >= n)
assert(found["table Table (empty)"].count >= n)
assert(found["string string"].count > 100)
assert(found["upvalue Upvalue"].count >= n)
assert(found["userdata FILE*"].count >= 3)

-- sizes are those of heap.size
local bytes = 0
for i = 1, #kept, 5 do bytes = bytes + heap.size(kept[i]) end
eq(found["table Table (shape: first_field_of_types,second)"].bytes, bytes)

-- what is gone is gone at once
kept = nil
found = rows()
eq(found["table types_test.Account"], nil)
eq(found["table Table (shape: first_field_of_types,second)"], nil)

-- together it is what the heap has, but for the tables of strings and shapes
do
  local sum = 0
  for _, row in ipairs(heap.types()) do sum = sum + row.bytes end
  collectgarbage()
  local live = heap.stats().live
  assert(sum < live * 1.2 and sum > live * 0.5, sum .. " of " .. live)
end
