-- heap.snapshot: the file's arrays fit together and say what the heap holds. Silent on success.

local check = dofile "tests/lua/check.lua"
local eq = check.eq

local function take()
  local name = os.tmpname()
  local ok = heap.snapshot(name)
  local live = heap.stats().live -- at once: another call may make the stack longer
  eq(ok, true)
  local file = assert(io.open(name, "rb"))
  local text = file:read "a"
  file:close()
  os.remove(name)
  return text, live
end

local function numbers(text, name)
  local list = {}
  for number in text:match('"' .. name .. '":%[([%d,\n]*)%]'):gmatch "%d+" do list[#list + 1] = tonumber(number) end
  return list
end

kept = {record = {a_field = {}, ["odd \"\\ \n\255"] = 1}}
for i = 1, check.size(500, 20) do kept[i] = {i, {tostring(i)}, name = "n" .. i} end
local text, live = take()
local nodes, edges = numbers(text, "nodes"), numbers(text, "edges")
eq(#nodes, 6 * text:match '"node_count":(%d+)')
eq(#edges, 3 * text:match '"edge_count":(%d+)')
local bytes, count, ids = 0, 0, {}
for i = 1, #nodes, 6 do
  bytes = bytes + nodes[i + 3]
  count = count + nodes[i + 4]
  eq(ids[nodes[i + 2]], nil, "ids differ")
  ids[nodes[i + 2]] = true
end
eq(bytes, live)
eq(count, #edges // 3)
for i = 1, #edges, 3 do assert(edges[i] <= 6 and edges[i + 2] < #nodes and edges[i + 2] % 6 == 0) end
for _, string in ipairs{"Table (shape: a_field)", "a_field", [[odd \"\\ \u000a\u00ff]], "Table (shape: name)", "package.loaded"} do
  assert(text:find('"' .. string .. '"', 1, true), string)
end
assert(text:sub(-3) == "]}\n")

-- an object keeps its id: nearly all of them are there again
local again = 0
local later = numbers(take(), "nodes")
for i = 1, #later, 6 do again = again + (ids[later[i + 2]] and 1 or 0) end
assert(again > #nodes // 6 * 0.9, again .. " of " .. #nodes // 6)

-- what cannot be written
local ok, message = heap.snapshot "/nonexistent/x.heapsnapshot"
eq(ok, nil)
assert(message:find("/nonexistent/x.heapsnapshot: ", 1, true), message)
check.fails("to 'heap.snapshot' (string expected, got no value)", heap.snapshot)
check.fails("a name without zeros expected", heap.snapshot, "a\0b")
