-- Limits on counts within a function: each is either met or a clear error.
local check = dofile "tests/lua/check.lua"
local eq = check.eq
local function list(n, format, separator)
  local parts = {}
  for i = 1, n do parts[i] = format:gsub("#", i) end
  return table.concat(parts, separator or " ")
end

-- 200 local variables are allowed, one more is not
eq(load(list(200, "local v# = #") .. " return v200")(), 200)
check.syntax("c:1: too many local variables (limit is 200) in main function near '='", list(201, "local v# = #"))
check.syntax("c:3: too many local variables (limit is 200) in function at line 2 near '='", "\nlocal function f()\n" .. list(201, "local v# = #") .. " end")
eq(load(list(150, "local v# = #") .. " do " .. list(50, "local w# = #") .. " end do " .. list(50, "local x# = #") .. " return x50 end")(), 50)
eq(load("local " .. list(200, "v#", ",") .. " = 1 return v1")(), 1)
-- parameters are local variables
eq(load("return function(" .. list(200, "p#", ",") .. ") return p200 end")()(table.unpack({}, 1, 200)), nil)
eq(load("return function(" .. list(201, "p#", ",") .. ") end"), nil)

-- 255 upvalues are allowed
local function upvalues(n)
  -- in two functions, as one has no more than 200 local variables
  return list(130, "local a# = #") .. " local function f() " .. list(n - 130, "local b# = #") .. " return function() return " ..
    list(130, "a#", "+") .. "+" .. list(n - 130, "b#", "+") .. " end end return f()()"
end
eq(load(upvalues(255))(), 130 * 131 // 2 + 125 * 126 // 2)
local f, message = load(upvalues(256), "=c")
eq(f, nil)
assert(message:find("c:1: too many upvalues (limit is 255) in function at line 1", 1, true), message)

-- registers: long argument lists and deep expressions are an error, not a crash
for _, n in ipairs {100, 240, 250, 255, 256, 260, 300, 1000} do
  local f, message = load("return f(" .. list(n, "x", ",") .. ")", "=c")
  assert(f or message:find "function or expression needs too many registers", message)
  if n <= 240 then assert(f, message) end
end
-- as many arguments as one likes through varargs
eq(select("#", table.unpack({}, 1, 5000)), 5000)
eq((function(...) return select("#", ...) end)(table.unpack({}, 1, 5000)), 5000)

-- constants: many of all kinds in one function, more than any operand holds
local n = check.size(70000, 600)
local f = load("local t = {} " .. list(n, "t[#] = #.5") .. " return t")
local t = f()
eq(t[1], 1.5); eq(t[n], n + 0.5); eq(#t, n)
f = load("return {" .. list(n, "'s#'", ",") .. "}")
t = f()
eq(t[1], "s1"); eq(t[n], "s" .. n); eq(#t, n)
f = load("local t = {} " .. list(n, "t.f# = #") .. " return t")
t = f()
eq(t.f1, 1); eq(t["f" .. n], n)
f = load(list(n, "g# = #") .. " return g1, g" .. n, "=c", "t", {})
eq((f()), 1); eq(select(2, f()), n)
-- operators and comparisons with a constant beyond the first 256
f = load("local a = {" .. list(600, "#.25", ",") .. "} local x = 2 return x + 700.5, x == 700.5, x < 700.5, 700.5 - x, x * 700.5, 'k700' .. x, a[600]")
eq(f(), 702.5); eq(select(2, f()), false); eq(select(3, f()), true); eq(select(4, f()), 698.5); eq(select(6, f()), "k7002"); eq(select(7, f()), 600.25)
f = load("local t = {} " .. list(600, "t.q# = '#'") .. " function t:late() return self.q600 end t.late2 = t.late return t:late(), t:late2(), t.q300")
eq(f(), "600"); eq(select(2, f()), "600"); eq(select(3, f()), "300")

-- nested functions: many in one function
f = load("local t = {} " .. list(check.size(3000, 300), "t[#] = function() return # end") .. " return t")
t = f()
eq(t[#t](), #t); eq(t[1](), 1)

-- jumps over long bodies, forwards and back
local body = list(check.size(40000, 1000), "x = x + 1")
f = load("local x = ... if x == 0 then " .. body .. " else return 'else' end return x")
eq(f(0), check.size(40000, 1000)); eq(f(1), "else")
f = load("local x, turns = 0, 0 while turns < 3 do turns = turns + 1 " .. body .. " end return x")
eq(f(), 3 * check.size(40000, 1000))
f = load("local x = 0 for i = 1, 3 do " .. body .. " end return x")
eq(f(), 3 * check.size(40000, 1000))
f = load("local x = 0 for i in function(_, n) n = (n or 0) + 1 if n < 3 then return n end end do " .. body .. " end return x")
eq(f(), 2 * check.size(40000, 1000))
f = load("local x = 0 goto start ::again:: do return x end ::start:: " .. body .. " goto again")
eq(f(), check.size(40000, 1000))
f = load("local x = 0 local y = x == 0 and (function() " .. "return 1" .. " end)() or 2 repeat " .. body .. " until x > 10 return x, y")
eq(f(), check.size(40000, 1000))

-- labels and gotos, many
f = load(list(check.size(500, 100), "goto l# ; do return 'wrong' end ::l:: ::l#::"):gsub("::l:: ", "") .. " return 'right'")
eq(f(), "right")
-- line numbers far apart and many lines
f = load(("\n"):rep(check.size(300000, 1000)) .. "error 'here'", "=c")
local ok, message = pcall(f)
eq(message, "c:" .. check.size(300000, 1000) + 1 .. ": here")
f = load("local x = 1\n" .. ("x = x\n"):rep(check.size(5000, 500)) .. "x.y.z = 1", "=c")
ok, message = pcall(f)
assert(message:find("^c:" .. check.size(5000, 500) + 2 .. ":"), message)
