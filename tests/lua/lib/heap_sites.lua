-- heap.mark, heap.since, heap.profile: where memory comes from. Silent on success.
-- stress: 20

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails
local me = "tests/lua/lib/heap_sites.lua"

local function here() return debug.getinfo(2, "l").currentline end

-- The row of a type at a line of this file.
local function row(rows, type, line)
  for _, r in ipairs(rows) do
    if r.type == type and r.line == line and r.source == me then return r end
  end
  return {count = 0, bytes = 0}
end

local function check_rows(rows)
  for i, r in ipairs(rows) do
    eq(math.type(r.count), "integer"); eq(math.type(r.bytes), "integer"); eq(math.type(r.line), "integer")
    assert(r.count >= 0 and r.bytes > 0 and #r.source > 0 and r.line >= 0)
    assert(i == 1 or rows[i - 1].bytes >= r.bytes, "rows fall")
  end
end

-- What lives, by type and line; what is dead does not count.
do
  local old = {}
  local mark <close> = heap.mark()
  assert(tostring(mark):find "^heap mark %d+$")
  local t, at_t = {}, here()
  local at_rows
  for i = 1, 100 do t[i] = {i, i, i}; at_rows = here() end
  for i = 1, 100 do local lost = {i} end
  local at_lost = here() - 1
  for i = 1, 200 do old[i] = i end
  local at_growth = here() - 1
  local s, at_s = ("x"):rep(10000) .. "y", here()
  local f, at_f = function() return t end, here()
  local co, at_co = coroutine.create(function() end), here()
  local u, at_u = io.tmpfile(), here()
  local rows, totals = heap.since(mark)
  check_rows(rows)
  eq(row(rows, "table", at_t).count, 1)
  eq(row(rows, "table", at_rows).count, 100)
  assert(row(rows, "table", at_rows).bytes >= 100 * (32 + 3 * 9))
  eq(row(rows, "table", at_lost).count, 0)
  eq(row(rows, "table", at_growth).count, 0) -- the table is older, its array is not
  assert(row(rows, "table", at_growth).bytes >= 200 * 9)
  eq(row(rows, "string", at_s).count, 1)
  assert(row(rows, "string", at_s).bytes > 10000)
  eq(row(rows, "function", at_f).count, 1)
  eq(row(rows, "thread", at_co).count, 1)
  if u then eq(row(rows, "userdata", at_u).count, 1); u:close() end
  local sums = {}
  for _, r in ipairs(rows) do
    local sum = sums[r.type] or {count = 0, bytes = 0}
    sums[r.type] = {count = sum.count + r.count, bytes = sum.bytes + r.bytes}
  end
  for type, sum in pairs(sums) do eq(totals[type].count, sum.count, type); eq(totals[type].bytes, sum.bytes, type) end
  for type in pairs(totals) do assert(sums[type], type) end
  t = nil
  rows = heap.since(mark)
  eq(row(rows, "table", at_rows).count, 0)
  assert(co and f and s)
end

-- Several marks; a dropped one; wrong arguments.
do
  local a = heap.mark()
  local x, at_x = {}, here()
  local b = heap.mark()
  local y, at_y = {}, here()
  eq(row(heap.since(a), "table", at_x).count, 1)
  eq(row(heap.since(a), "table", at_y).count, 1)
  eq(row(heap.since(b), "table", at_x).count, 0)
  eq(row(heap.since(b), "table", at_y).count, 1)
  a:drop()
  eq(tostring(a), "heap mark (dropped)")
  fails("mark has been dropped", heap.since, a)
  a:drop() -- again does nothing
  local z, at_z = {}, here()
  eq(row(heap.since(b), "table", at_z).count, 1)
  b:drop()
  fails("heap mark expected", heap.since, io.stdout)
  fails("heap mark expected", heap.since)
  assert(x and y and z)
end

-- A mark that is not referred to any more ends with the next collection.
do
  heap.mark()
  collectgarbage()
end

-- What coroutines and functions called by C functions allocate has their lines, what C functions do that of their caller.
do
  local mark <close> = heap.mark()
  local kept = {}
  local line
  local co = coroutine.wrap(function()
    for i = 1, 10 do kept[i] = {}; line = here(); coroutine.yield() end
  end)
  for i = 1, 10 do co() end
  local parts, at_parts = ("a b c"):gsub("%a", function(c) kept[#kept + 1] = {c} end), here()
  local joined, at_joined = table.concat({("q"):rep(3000), ("r"):rep(3000)}), here()
  local rows = heap.since(mark)
  eq(row(rows, "table", line).count, 10)
  eq(row(rows, "table", at_parts).count, 3)
  eq(row(rows, "string", at_joined).count, 1)
  assert(parts and joined)
end

-- Many generations and lines: notes are used again.
do
  local base <close> = heap.mark()
  local kept = {}
  for i = 1, check.size(2000, 50) do
    local mark = heap.mark()
    kept[i % 10 + 1] = {i}
    mark:drop()
  end
  local rows = heap.since(base)
  check_rows(rows)
end

-- A profile of everything: rate 1.
eq(heap.profile(), nil)
heap.profile(1)
do
  local function make() local t = {} return t end
  local at_make = here() - 1
  local kept, at_kept = {make(), make(), make()}, here()
  make()
  local found, dead
  for _, r in ipairs(heap.profile()) do
    eq(r.type, nil)
    eq(math.type(r.allocated_count), "integer"); assert(r.allocated_bytes >= r.bytes and r.allocated_count >= r.count)
    local stack = ("main chunk (%s:%d);make (%s:%d)"):format(me, at_kept, me, at_make)
    if r.stack:sub(-#stack) == stack then
      found = true
      eq(r.count, 3); eq(r.allocated_count, 3); eq(r.bytes, 96); eq(r.line, at_make); eq(r.source, me)
    end
    if r.stack:sub(-#stack):gsub("%d+", "") == stack:gsub("%d+", "") and r.count == 0 and r.allocated_count == 1 then dead = true end
  end
  assert(found, "the stack of three tables")
  assert(dead, "the stack of one that is dead")
  assert(kept)
end

-- Files: read back by a reader of protocol buffers.
local function fields(text)
  local at = 1
  local function varint()
    local value, shift = 0, 0
    repeat
      local byte = text:byte(at)
      at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
    until byte < 128
    return value
  end
  return function()
    if at > #text then return nil end
    local key = varint()
    if key & 7 == 0 then return key >> 3, varint() end
    eq(key & 7, 2)
    local length = varint()
    at = at + length
    return key >> 3, text:sub(at - length, at - 1)
  end
end
local function varints(text)
  local list, value, shift = {}, 0, 0
  for i = 1, #text do
    local byte = text:byte(i)
    value, shift = value | (byte & 127) << shift, shift + 7
    if byte < 128 then list[#list + 1], value, shift = value, 0, 0 end
  end
  return list
end

local name = os.tmpname()
local function contents()
  local file <close> = assert(io.open(name, "rb"))
  return file:read "a"
end
do
  local kept = {}
  for i = 1, 50 do kept[i] = {i} end
  eq(heap.profile(name), true)
  local strings, samples, locations, functions = {}, {}, {}, {}
  for field, value in fields(contents()) do
    if field == 6 then strings[#strings + 1] = value
    elseif field == 2 then
      local sample = {}
      for f, v in fields(value) do sample[f] = varints(v) end
      samples[#samples + 1] = sample
    elseif field == 4 then
      local id
      for f, v in fields(value) do
        if f == 1 then id = v elseif f == 4 then
          for g, w in fields(v) do if g == 1 then locations[id] = w end end
        end
      end
    elseif field == 5 then
      local id
      for f, v in fields(value) do if f == 1 then id = v elseif f == 2 then functions[id] = v end end
    end
  end
  eq(strings[1], "")
  local inuse = 0
  for _, sample in ipairs(samples) do
    eq(#sample[2], 4)
    inuse = inuse + sample[2][4]
    for _, location in ipairs(sample[1]) do
      local text = strings[functions[locations[location]] + 1]
      assert(text and #text > 0, location)
    end
  end
  assert(inuse >= 50 * 48, inuse)
  assert(#kept == 50)
end
do
  local folded = name .. ".folded"
  eq(heap.profile(folded), true)
  for line in io.lines(folded) do
    local stack, bytes = line:match "^(.+) (%d+)$"
    assert(stack and tonumber(bytes) > 0, line)
  end
  os.remove(folded)
end
-- Rates, wrong ones too; files that cannot be.
heap.profile(4096)
for i = 1, 1000 do local t = {i} end
assert(heap.profile())
local ok, message = heap.profile("no/such/directory/profile")
eq(ok, nil); assert(message:find "^no/such/directory/profile: ", message)
ok = heap.profile("tests")
eq(ok, nil)
fails("number of bytes expected", heap.profile, -1)
fails("number expected", heap.profile, {})
fails("number expected", heap.profile, true)
fails("integer representation", heap.profile, 1.5)
heap.profile(false)
eq(heap.profile(), nil)
ok, message = heap.profile(name)
eq(ok, nil); eq(message, name .. ": no heap profile is being taken")
fails("a name without zeros expected", heap.profile, "a\0b")
heap.profile(0)
os.remove(name)

-- Marks and a profile at the same time; errors and collections in between.
heap.profile(64)
do
  local mark <close> = heap.mark()
  local kept, line = {}
  for i = 1, 300 do
    kept[i % 30 + 1] = {i, name = {}}; line = here()
    if i % 100 == 0 then collectgarbage() end
    pcall(error, {i})
  end
  eq(row(heap.since(mark), "table", line).count, 60)
  heap.profile(false)
  eq(row(heap.since(mark), "table", line).count, 60)
end
heap.profile(1)
collectgarbage()
eq(type(heap.profile()), "table")
heap.profile(false)
