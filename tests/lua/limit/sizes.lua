-- Sizes that cannot be had are errors; large ones that can, work.
local check = dofile "tests/lua/check.lua"
local eq = check.eq
local function refused(text, f, ...)
  local ok, message = pcall(f, ...)
  eq(ok, false)
  assert(tostring(message):find(text, 1, true) or tostring(message):find "not enough memory" or tostring(message):find "string too large", ("expected %q, got %q"):format(text, tostring(message)))
end
refused("resulting string too large", string.rep, "x", math.maxinteger)
refused("resulting string too large", string.rep, ("x"):rep(1000), math.maxinteger // 500)
refused("resulting string too large", string.rep, "", math.maxinteger, "sep")
refused("not enough memory", string.rep, "x", 1 << 46)
refused("not enough memory", string.rep, "abc", 1 << 44, ",")
eq(string.rep("", math.maxinteger), ""); eq(string.rep("x", -1), ""); eq(string.rep("x", math.mininteger), "")
refused("too many results to unpack", table.unpack, {}, 1, math.maxinteger)
refused("too many results to unpack", table.unpack, {}, math.mininteger, math.maxinteger)
refused("too many results to unpack", table.unpack, {}, 0, math.maxinteger)
eq(select("#", table.unpack({}, math.maxinteger, math.maxinteger)), 1)
eq(select("#", table.unpack({}, 1, 0)), 0); eq(select("#", table.unpack({}, math.maxinteger, math.mininteger)), 0)
-- table keys at the edges
local t = {}
t[math.maxinteger] = "max"; t[math.mininteger] = "min"; t[1 << 40] = "far"; t[0] = "zero"; t[-1] = "minus"
eq(t[math.maxinteger], "max"); eq(t[math.mininteger], "min"); eq(t[1 << 40], "far"); eq(#t, 0)
t = {}
for i = 1, 40 do t[1 << i] = i end
for i = 1, 40 do eq(t[1 << i], i) end
assert(collectgarbage "count" < 100 * 1024, "a sparse table stays small")
-- a table filled backwards, one with holes, one that is a queue
local n = check.size(100000, 1000)
t = {}
for i = n, 1, -1 do t[i] = i end
eq(#t, n); for i = 1, n, 97 do eq(t[i], i) end
t = {}
for i = 1, n do t[i * 3] = i end
for i = 1, n, 31 do eq(t[i * 3], i); eq(t[i * 3 + 1], nil) end
t = {}
for i = 1, n do t[i] = i; t[i - 10] = nil end
local count = 0
for _ in pairs(t) do count = count + 1 end
eq(count, 10)
-- many distinct short strings, long keys
t = {}
for i = 1, n do t["key" .. i] = i end
for i = 1, n, 13 do eq(t["key" .. i], i) end
count = 0
for k, v in pairs(t) do eq(k, "key" .. v); count = count + 1 end
eq(count, n)
local long = ("k"):rep(10000)
t = {[long .. "a"] = 1, [long .. "b"] = 2}
eq(t[long .. "a"], 1); eq(t[long .. "b"], 2); eq(t[long], nil)
-- strings of a megabyte and more
local big = ("0123456789"):rep(check.size(1000000, 10000))
eq(#big, check.size(10000000, 100000)); eq(big:sub(-3), "789"); eq(big:find("90", 1, true), 10); eq(#(big .. big), 2 * #big); eq(big == big .. "", true)
eq(#big:upper(), #big); eq(big:byte(#big), 57); eq(select(2, big:gsub("5", "five")), #big // 10)
-- concatenating very many values
local parts = {}
for i = 1, n do parts[i] = "p" end
eq(#table.concat(parts), n); eq(#table.concat(parts, ", "), 3 * n - 2)
-- a table with a million fields is dropped and memory falls
collectgarbage()
local before = collectgarbage "count"
t = {}
for i = 1, check.size(500000, 1000) do t[i] = i end
t, parts, big = nil
collectgarbage(); collectgarbage()
assert(collectgarbage "count" < before + 1024, "memory falls")
-- load of odd sources
eq(load ""(), nil); eq(load(function() return nil end)(), nil); eq(load(function() return "" end)(), nil)
local pieces, at = {"return", " ", "1", "+", "2", "34"}, 0
eq(load(function() at = at + 1 return pieces[at] end)(), 235)
at = 0
local text = "return '" .. ("z"):rep(1000) .. "'"
eq(#load(function() at = at + 1; local c = text:sub(at, at) return c ~= "" and c or nil end)(), 1000)
check.fails("reader function must return a string", function() assert(load(function() return {} end)) end)
refused("in reader", function() assert(load(function() error "in reader" end)) end)
