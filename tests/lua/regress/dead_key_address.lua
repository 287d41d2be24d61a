-- A dictionary keeps the keys of deleted entries after the collector has dropped the keys themselves. A new key that
-- came to lie at the address of such a dead one took over its node, which could be in the chain of another place; the
-- entry was lost when that chain was parted.
local check = dofile "tests/lua/check.lua"
-- stress: 100
local seed = 7
local function random(n) seed = seed * 48271 % 2147483647 return seed % n + 1 end

local function try(new, size, changes, rounds)
  local dict, keys, model = {}, {}, {}
  for round = 1, rounds do
    for _ = 1, changes do
      local i = random(size)
      if keys[i] then
        dict[keys[i]] = nil
        keys[i], model[i] = nil, nil
      else
        keys[i] = new(round * 1000 + i)
        dict[keys[i]] = round
        model[i] = round
      end
    end
    collectgarbage()
    for i = 1, size do
      if keys[i] then check.eq(dict[keys[i]], model[i]) end
    end
  end
end

for _ = 1, check.size(25, 1) do
  for _, size in ipairs {8, 30, 100} do
    for _, changes in ipairs {2, 5, 20} do
      try(function(n) return "a key longer than the strings that are interned, which is " .. n end, size, changes, 100)
      try(function(n) return "k" .. n end, size, changes, 100)
      try(function() return {} end, size, changes, 30)
    end
  end
end

-- A key that is asked for may lie at such an address itself, while an equal one is in the dictionary.
for _ = 1, check.size(40, 1) do
  local dict, model = {}, {}
  local function key(i) return "a key longer than the strings that are interned " .. i end
  for _ = 1, 60 do
    for _ = 1, 20 do
      local i = random(30)
      if model[i] then dict[key(i)], model[i] = nil, nil else dict[key(i)], model[i] = i, i end
    end
    collectgarbage()
    for i = 1, 30 do check.eq(dict[key(i)], model[i]) end
  end
end

-- Deleted again in a loop, after a collection: the loop goes on.
local function walk(new)
  local dict, seen = {}, 0
  for i = 1, 50 do dict[new(i)] = i end
  for key in pairs(dict) do
    dict[key] = nil
    collectgarbage()
    dict[key] = nil
    seen = seen + 1
  end
  check.eq(seen, 50)
end
walk(function(i) return "k" .. i end)
walk(function(i) return "a key longer than the strings that are interned " .. i end)
walk(function() return {} end)
