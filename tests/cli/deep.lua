-- Every kind of recursion that takes C stack, for small_stack_test.sh: each must end, in an error or well.
local kinds = {
  gsub = function() local function f() string.gsub("x", "x", f) end f() end,
  sort = function() local function f() table.sort({1, 2, 3}, function(x, y) f() return x < y end) end f() end,
  pcall = function() local function f() local ok, m = pcall(string.gsub, "x", "x", f) if not ok then error(m, 0) end end f() end,
  load = function() local function f() assert(load(f)) end f() end,
  wrap = function() local function f() return coroutine.wrap(f)() end f() end,
  tostring = function() local function f() return tostring(setmetatable({}, {__tostring = f})) end f() end,
  format = function() local function f() return ("%s"):format(setmetatable({}, {__tostring = f})) end f() end,
  require = function()
    local n = 0
    table.insert(package.searchers, 1, function() n = n + 1 require("m" .. n) end)
    require "m0"
  end,
  close = function() local function f() local x <close> = setmetatable({}, {__close = function() f() end}) end f() end,
  concat = function() local t t = setmetatable({}, {__concat = function() return t .. 1 end}) return t .. 1 end,
  gc = function() local function f() setmetatable({}, {__gc = f}) collectgarbage() end f() end,
  handler = function() local function f() return select(2, xpcall(error, f)) end f() end,
  brackets = function() assert(load("return " .. ("("):rep(190) .. "1" .. (")"):rep(190))) end,
  tables = function() assert(load("return " .. ("{"):rep(190) .. "1" .. ("}"):rep(190))) end,
  functions = function() assert(load(("local function f() "):rep(190) .. (" end "):rep(190))) end,
  unary = function() assert(load("return " .. ("- "):rep(190) .. "1")) end,
  right = function() assert(load("return " .. ("a .. "):rep(190) .. "1")) end,
  pattern = function() return string.find(("a"):rep(190), ("a?"):rep(180) .. "()") end,
  dump = function() local f = load(("return function() "):rep(150) .. (" end "):rep(150)) assert(load(string.dump(f))) end,
  nested = function() -- the parser at the bottom of many levels
    local function f() string.gsub("x", "x", function() assert(load("return {1, {2, {3}}}")) f() end) end
    f()
  end,
}
if arg[1] then pcall(kinds[arg[1]]) return end
for kind in pairs(kinds) do print(kind) end
