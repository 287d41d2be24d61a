-- stress: 20000
-- emergency: 20000
-- Hitting the limit and recovering, over and over, leaks nothing: what is in use, ready and resident is the same after many
-- rounds as after the first hundred. `neap tests/lua/limit/heap_rounds.lua 10000` does ten thousand.
local check = dofile "tests/lua/check.lua"
local rounds = tonumber(arg[1]) or check.size(400, check.verified and 120 or 150)
local limit = heap.stats().ready + (2 << 20)
local old = heap.limit {hard = limit}

local floods = {
  function() local t = {} for i = 1, math.maxinteger do t[i] = {i, name = i} end end,
  function() local t = {} for i = 1, math.maxinteger do t[i] = "a string " .. i end end,
  function() return ("x"):rep(4 << 20) end,
  function() local t = {} for i = 1, math.maxinteger do t[i % 100000 + 0.5] = function() return t end t[i] = i end end,
  function() local t = {} for i = 1, math.maxinteger do t[i] = coroutine.create(print) end end,
  function() local t = {} while true do t[#t + 1] = assert(load("return " .. #t), "not enough memory") end end,
  function() local s = "abc" while true do s = s .. s end end,
}

local function measure()
  collectgarbage() collectgarbage()
  heap.release()
  local s = heap.stats()
  return {live = s.live, ready = s.ready, resident = s.resident, reserved = s.reserved}
end

local at_100
for round = 1, rounds do
  local ok, message = pcall(floods[round % #floods + 1])
  check.eq(ok, false)
  assert(message:find "not enough memory", message)
  if round == 100 then at_100 = measure() end
end
local at_end = measure()
if arg[1] then
  for name, value in pairs(at_end) do print(name, at_100[name], value) end
  print("rounds", rounds, "hits", heap.stats().limit_hits)
end
assert(heap.stats().limit_hits >= rounds)
assert(math.abs(at_end.live - at_100.live) <= 64 << 10, at_end.live - at_100.live)
assert(math.abs(at_end.ready - at_100.ready) <= 512 << 10, at_end.ready - at_100.ready)
-- The collector's lists differ; the verifier reserves memory of its own, by the size of the heap.
assert(at_end.reserved <= at_100.reserved + (check.verified and 256 << 10 or 64 << 10), at_end.reserved - at_100.reserved)
if not os.getenv "NEAP_TEST_EMULATED" then -- there it is the emulator's
  assert(at_end.resident <= at_100.resident + (1 << 20), at_end.resident - at_100.resident)
end
heap.limit(old)
