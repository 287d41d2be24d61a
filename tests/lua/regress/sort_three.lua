-- An order function that contradicts itself is not an error among three elements and fewer.
local function yes() return true end
for _, list in ipairs { { 1, 2 }, { 2, 2 }, { 3, 1, 2 } } do
  local count = #list
  table.sort(list, yes)
  table.sort(list, function(a, b) return a <= b end)
  assert(#list == count)
end
assert(not pcall(table.sort, { 1, 2, 3, 4 }, yes))
