-- A coroutine that waits for another one keeps, above its top, values that may die while it waits. They were taken for
-- registers when it ran on and an allocation collected (NEAPDEBUG=emergency). Silent on success.

math.randomseed(1)
local keep, cos = {}, {}
local function work(depth)
  for i = 1, 20 do
    local what = math.random(4)
    if what <= 2 then
      keep[math.random(200)] = {i, {}}
    elseif what == 3 then
      cos[math.random(50)] = coroutine.create(function() for j = 1, 3 do work(depth - 1) coroutine.yield() end end)
    else
      local co = cos[math.random(50)]
      if co and depth > 0 and coroutine.status(co) == "suspended" then coroutine.resume(co) end
    end
  end
end
for round = 1, 30 do work(3) end
