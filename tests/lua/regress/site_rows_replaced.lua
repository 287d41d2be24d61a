-- heap.since and heap.profile showed rows that a finalizer, run while they made their tables, had replaced or freed by asking
-- for others, by dropping the mark or by ending the profile.
-- stress: 5000
-- emergency: 20000
local COUNT = 4000
local lines = {}
for i = 1, COUNT do lines[i] = "t[" .. i .. "] = {}" end
local fill = assert(load("local t = {} " .. table.concat(lines, "\n") .. " return t", "=rows"))

local armed, calls = false, 0
local function interfere(what)
  local function arm()
    setmetatable({}, {__gc = function()
      if not armed then return end
      calls = calls + 1
      what()
      arm()
    end})
  end
  armed = true
  arm()
end

-- Rows by line, each once, none of them of something else.
local function check(rows)
  local seen, count = {}, 0
  for _, row in ipairs(rows) do
    assert(type(row.source) == "string" and #row.source > 0 and row.bytes >= 0)
    if row.source == "rows" and row.count >= 1 and (row.type or "table") == "table" and not seen[row.line] then
      seen[row.line] = true
      count = count + 1
    end
  end
  assert(count >= COUNT, count)
end

collectgarbage("incremental", 100, 1000)
for _, what in ipairs {
  function() heap.profile() end,
  function() local mark <close> = heap.mark() heap.since(mark) end,
  function(mark) heap.profile(false) if mark then mark:drop() end heap.profile(4096) end,
  function(mark) heap.profile(false) if mark then mark:drop() end end,
} do
  heap.profile(1)
  local mark = heap.mark()
  local kept = fill()
  local first = true
  interfere(function()
    if first then first = false return end -- the collection that comes before the rows are counted
    what(mark)
  end)
  check((heap.since(mark)))
  armed = false
  collectgarbage()
  mark:drop()

  heap.profile(1)
  kept = fill()
  interfere(function() what() end)
  check(heap.profile())
  armed = false
  collectgarbage()
  heap.profile(false)
end
assert(calls > 8, calls)
