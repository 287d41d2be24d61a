-- Table manipulation (manual 6.6) but for sort. Silent on success.

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

local function list(t, want)
  local got = {}
  for i = 1, #t do got[i] = tostring(t[i]) end
  got = table.concat(got, " ")
  if got ~= want then error("expected '" .. want .. "', got '" .. got .. "'", 2) end
end

local maxint, minint = math.maxinteger, math.mininteger

-- A value that is no plain table but behaves like one; counts what is done to it.
local function proxy(of)
  local log = {reads = 0, writes = 0, lengths = 0}
  return setmetatable({}, {
    __index = function(_, k) log.reads = log.reads + 1; return of[k] end,
    __newindex = function(_, k, v) log.writes = log.writes + 1; of[k] = v end,
    __len = function() log.lengths = log.lengths + 1; return #of end,
  }), log
end

-- insert
do
  local t = {}
  eq(select("#", table.insert(t, "a")), 0)
  table.insert(t, "c"); table.insert(t, 2, "b"); table.insert(t, 1, "_"); table.insert(t, 5, "d")
  list(t, "_ a b c d")
  local function fresh() return {1, 2, 3} end
  fails("bad argument #2 to 'insert' (position out of bounds)", function() table.insert(fresh(), 0, "x") end)
  fails("bad argument #2 to 'insert' (position out of bounds)", function() table.insert(fresh(), 5, "x") end)
  fails("bad argument #2 to 'insert' (position out of bounds)", function() table.insert(fresh(), -1, "x") end)
  fails("bad argument #2 to 'insert' (number expected, got string)", function() table.insert(fresh(), "x", "x") end)
  fails("wrong number of arguments to 'insert'", table.insert, {})
  fails("wrong number of arguments to 'insert'", table.insert, {}, 1, 2, 3)
  fails("bad argument #1 to 'insert' (table expected, got nil)", function() table.insert(nil, 1) end)
  table.insert(t, "6", "e") -- positions convert
  list(t, "_ a b c d e")
  local p, log = proxy(t)
  table.insert(p, 1, "^")
  list(t, "^ _ a b c d e"); eq(log.reads, 6); eq(log.writes, 7)
end

-- remove
do
  local t = {"a", "b", "c", "d"}
  eq(table.remove(t), "d"); eq(table.remove(t, 1), "a"); list(t, "b c")
  eq(table.remove(t, 3), nil, "one past the end"); eq(table.remove(t, 2), "c"); eq(table.remove(t), "b")
  eq(table.remove(t), nil); eq(table.remove(t, 0), nil); eq(table.remove(t, 1), nil)
  t = {n = 1, [0] = "zero"}
  eq(table.remove(t, 0), "zero"); eq(t[0], nil)
  fails("position out of bounds", table.remove, {1, 2, 3}, 5)
  fails("position out of bounds", table.remove, {1, 2, 3}, 0)
  fails("position out of bounds", table.remove, {1, 2, 3}, -1)
  t = {"x", "y", "z"}
  local p, log = proxy(t)
  eq(table.remove(p, 1), "x"); list(t, "y z"); eq(log.reads, 3)
end

-- move
do
  list(table.move({1, 2, 3}, 1, 3, 2), "1 1 2 3")
  list(table.move({1, 2, 3}, 2, 3, 1), "2 3 3")
  list(table.move({1, 2, 3}, 1, 3, 1), "1 2 3")
  list(table.move({1, 2, 3}, 1, 0, 9), "1 2 3")
  local into = {}
  eq(table.move({1, 2, 3}, 1, 3, 1, into), into); list(into, "1 2 3")
  local a = {[maxint] = "last"}
  eq(table.move(a, maxint, maxint, minint)[minint], "last")
  fails("too many elements to move", table.move, {}, 0, maxint, 1)
  fails("too many elements to move", table.move, {}, minint, -1, 1)
  fails("destination wrap around", table.move, {}, 1, 2, maxint)
  fails("bad argument #1 to 'move' (table expected, got number)", function() table.move(1, 1, 1, 1) end)
  fails("table expected", table.move, {}, 1, 2, 3, 4)
  fails("number expected, got no value", table.move, {}, 1, 2)
  local t = {1, 2, 3, 4}
  local p, log = proxy(t)
  table.move(p, 1, 4, 2)
  list(t, "1 1 2 3 4"); eq(log.reads, 4); eq(log.writes, 4)
end

-- concat
do
  eq(table.concat({}), ""); eq(table.concat({"a"}), "a"); eq(table.concat({1, 2.5, "x"}, ", "), "1, 2.5, x")
  eq(table.concat({"a", "b", "c"}, "-", 2), "b-c"); eq(table.concat({"a", "b", "c"}, "-", 2, 2), "b")
  eq(table.concat({"a", "b"}, "-", 3), ""); eq(table.concat({[0] = "z", "a"}, "", 0, 1), "za")
  eq(table.concat({[maxint] = "m"}, "-", maxint, maxint), "m")
  eq(table.concat({"\0", "\0"}, "\0"), "\0\0\0")
  fails("in table for 'concat'", table.concat, {1, {}, 3})
  fails("invalid value (boolean) at index 2", table.concat, {1, true})
  fails("invalid value (nil) at index 3", table.concat, {1, 2}, ",", 1, 3)
  fails("bad argument #2 to 'concat' (string expected, got table)", function() table.concat({}, {}) end)
  local big = {}
  for i = 1, 5000 do big[i] = string.rep(string.char(97 + i % 26), i % 50) end
  local text, length = table.concat(big, ","), 4999
  for i = 1, 5000 do length = length + #big[i] end
  eq(#text, length)
  local joined = proxy({"p", "q"})
  eq(table.concat(joined, "+"), "p+q")
end

-- pack, unpack
do
  local t = table.pack()
  eq(t.n, 0); eq(#t, 0)
  t = table.pack(nil, 2, nil)
  eq(t.n, 3); eq(t[1], nil); eq(t[2], 2)
  eq(select("#", table.unpack({1, 2, nil, 4}, 1, 4)), 4)
  local a, b, c = table.unpack({1, 2, 3}, 2)
  eq(a, 2); eq(b, 3); eq(c, nil)
  eq(select("#", table.unpack({}, 1, 3)), 3); eq(select("#", table.unpack({1, 2}, 3)), 0)
  eq(table.unpack({[maxint] = "m"}, maxint, maxint), "m")
  eq(select("#", table.unpack({}, maxint, minint)), 0)
  fails("too many results to unpack", table.unpack, {}, 1, 1e7)
  fails("too many results to unpack", table.unpack, {}, minint, maxint)
  fails("too many results to unpack", table.unpack, {}, 1, maxint)
  local unpacked = proxy({"p", "q"})
  eq((table.unpack(unpacked)), "p")
  fails("attempt to", table.unpack, 5)
  local big = {}
  for i = 1, 10000 do big[i] = i end
  eq(select(-1, table.unpack(big)), 10000)
  eq(table.unpack("abc", 1, 1), nil, "strings can be indexed")
end

-- lengths that make no sense
fails("object length is not an integer", table.insert, setmetatable({}, {__len = function() return "x" end}), 1)
fails("object length is not an integer", table.concat, setmetatable({}, {__len = function() return 1.5 end}))

-- only the metamethods an operation needs must be there
do
  local meta = getmetatable("")
  local old = meta.__len
  fails("bad argument #1 to 'concat' (table expected, got string)", function() table.concat("abc") end)
  meta.__len = print
  fails("invalid value (nil) at index 1 in table for 'concat'", table.concat, "abc")
  meta.__len = old
end
