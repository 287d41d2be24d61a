-- Memory goes up and down while the system refuses calls: whatever is refused is an error that pcall catches,
-- and nothing that was there before is harmed. Prints how many rounds worked and how many ran out of memory.
local kept, worked, refused = {}, 0, 0

local function round(size)
  local objects = {}
  for i = 1, size do objects[i] = {i, tostring(i)} end
  local text = ("x"):rep(300000 + size)
  for i = 1, size, 2 do objects[i] = nil end
  collectgarbage "step"
  for i = 2, size, 2 do assert(objects[i][1] == i and objects[i][2] == tostring(i)) end
  local grow = coroutine.wrap(function()
    local words = {}
    for i = 1, 3000 do words[i] = ("k"):rep(i % 50) end
    coroutine.yield(words)
  end)
  assert(#grow() == 3000 and #text == 300000 + size)
  return {size, tostring(size)}
end

for i = 1, 40 do
  local fine, result = pcall(round, 1000 + i * 500)
  if fine then
    worked = worked + 1
    kept[#kept + 1] = result
  else
    assert(tostring(result):find("not enough memory", 1, true), result)
    refused = refused + 1
  end
  for _, old in ipairs(kept) do assert(tostring(old[1]) == old[2]) end
  if i % 4 == 0 then pcall(collectgarbage) end
end
print(worked .. " worked, " .. refused .. " refused")
