-- differential.lua: writes a random Lua 5.4 program that ends and prints much, for comparing two engines.
--
--     lua5.4 differential.lua SEED [STEPS [TOPICS [KEEP]]]    writes a program to standard output
--     lua5.4 differential.lua reduce FILE COMMAND             makes FILE smaller while COMMAND succeeds
--
-- STEPS: how many independent steps (default 30). TOPICS: names of topics, separated by commas, or "all".
-- KEEP: numbers of the steps to write, the others are left out. A program depends on SEED and STEPS
-- only, never on the engine that runs this generator, and each step only on SEED and its number.
-- What the steps do is in the differential_*.lua files beside this one; prelude.lua is the head of
-- every program. Owns: random numbers, the list of topics, reduction.

local here = arg[0]:match("^(.*/)") or "./"

local gen = { topics = {}, order = {} }

-- ---- random numbers: splitmix64, the same in every engine ----

local state = 0
local function bits()
  state = state + 0x9e3779b97f4a7c15
  local mixed = state
  mixed = (mixed ~ (mixed >> 30)) * 0xbf58476d1ce4e5b9
  mixed = (mixed ~ (mixed >> 27)) * 0x94d049bb133111eb
  return mixed ~ (mixed >> 31)
end

function gen.seed(one, other)
  state = one * 1000003 + other * 7919
  for _ = 1, 4 do bits() end
end

-- An integer from 1 to count, or from low to high.
function gen.int(low, high)
  if not high then low, high = 1, low end
  return low + (bits() >> 1) % (high - low + 1)
end

function gen.chance(percent) return gen.int(100) <= percent end

function gen.pick(list) return list[gen.int(#list)] end

-- gen.weighted{weight, thing, weight, thing, ...}
function gen.weighted(list)
  local sum = 0
  for i = 1, #list, 2 do sum = sum + list[i] end
  local at = gen.int(sum)
  for i = 1, #list, 2 do
    at = at - list[i]
    if at <= 0 then return list[i + 1] end
  end
end

-- A topic is a function that returns the text of one step.
function gen.topic(name, weight, make)
  gen.topics[name] = make
  gen.order[#gen.order + 1] = { name = name, weight = weight }
end

local function write_program(seed, steps, wanted, kept)
  local list, only = {}, nil
  if wanted ~= "all" then
    only = {}
    for name in wanted:gmatch "[^,]+" do only[name] = true end
  end
  for _, topic in ipairs(gen.order) do
    if not only or only[topic.name] then
      list[#list + 1] = topic.weight
      list[#list + 1] = topic.name
    end
  end
  assert(#list > 0, "no such topic")
  local file = assert(io.open(here .. "prelude.lua"))
  local parts = { file:read "a" }
  file:close()
  for number = 1, steps do
    gen.seed(seed, number)
    local name = gen.weighted(list)
    if not kept or kept[number] then
      parts[#parts + 1] = ("step(%d, function() -- %s"):format(number, name)
      parts[#parts + 1] = gen.topics[name](gen)
      parts[#parts + 1] = "end)"
    end
  end
  io.write(table.concat(parts, "\n"), "\n")
end

-- ---- reduction: drop runs of lines, halves first ----

local function reduce(path, command)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  local function write(list)
    local file = assert(io.open(path, "w"))
    file:write(table.concat(list, "\n"), "\n")
    file:close()
  end
  local budget = 400
  local size = #lines // 2
  while size >= 1 and budget > 0 do
    local at, dropped = 1, false
    while at <= #lines and budget > 0 do
      local fewer = table.move(lines, 1, at - 1, 1, {})
      table.move(lines, at + size, #lines, at, fewer)
      write(fewer)
      budget = budget - 1
      if os.execute(command) then lines, dropped = fewer, true else at = at + size end
    end
    if not (dropped and size == 1) then size = size // 2 end
  end
  write(lines)
end

if arg[1] == "reduce" then
  reduce(arg[2], arg[3])
else
  for _, part in ipairs { "core", "library", "objects", "control" } do
    assert(loadfile(here .. "differential_" .. part .. ".lua"))(gen)
  end
  local kept
  if arg[4] then
    kept = {}
    for number in arg[4]:gmatch "%d+" do kept[tonumber(number)] = true end
  end
  write_program(tonumber(arg[1]), tonumber(arg[2] or 30), arg[3] or "all", kept)
end
