-- A dictionary keeps the keys of deleted entries after the collector has dropped the keys themselves. A new key that
-- came to lie at the address of such a dead one took over its node, which could be in the chain of another place; the
-- entry was lost when that chain was parted.
local check = dofile "tests/lua/check.lua"
-- stress: 50
local seed = 7
local function random(n) seed = seed * 48271 % 2147483647 return seed % n + 1 end

local function try(new, size, rounds)
  local dict, keys, model = {}, {}, {}
  for i = 1, size do dict[i + 0.5] = i end -- of fixed size while the keys come and go
  for i = 1, size do dict[i + 0.5] = nil end
  for r = 1, rounds do
    for _ = 1, size do
      local i = random(size)
      if keys[i] and random(2) == 1 then
        dict[keys[i]] = nil
        keys[i], model[i] = nil, nil
      else
        keys[i] = keys[i] or new(r * 1000 + i)
        dict[keys[i]] = r
        model[i] = r
      end
    end
    collectgarbage()
    for i = 1, size do
      if keys[i] then check.eq(dict[keys[i]], model[i]) end
    end
    local count, want = 0, 0
    for key in pairs(dict) do count = count + 1 assert(key) end
    for _ in pairs(keys) do want = want + 1 end
    check.eq(count, want)
  end
end

local rounds = check.size(60, 6)
for _, size in ipairs {12, 40, 100} do
  try(function() return {} end, size, rounds)
  try(function(n) return "a key that is longer than the strings that are interned " .. n end, size, rounds)
  try(function(n) return "k" .. n end, size, rounds)
end
