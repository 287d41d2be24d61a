-- Manual 3.4.6 to 3.5: concatenation, length, precedence, constructors, calls, functions, lists,
-- visibility.
local check = dofile "tests/lua/check.lua"
local eq, list, run = check.eq, check.list, check.run
local pack = table.pack

-- concatenation
eq("a" .. "b", "ab"); eq("a" .. 1, "a1"); eq(1 .. 2, "12"); eq(1.5 .. "x", "1.5x"); eq("" .. "", ""); eq("a" .. "b" .. "c" .. "d", "abcd")
eq("x" .. 1 .. 2.0 .. "y", "x12.0y"); eq(#(("a"):rep(1000) .. ("b"):rep(1000)), 2000); eq("a\0" .. "\0b", "a\0\0b")
local long = ("z"):rep(50)
eq(long .. "", long); eq("" .. long, long); eq((long .. "a") == (long .. "a"), true)
eq(run("return " .. ("'a' .. "):rep(150) .. "'b'"), ("a"):rep(150) .. "b")
check.raises("c:1: attempt to concatenate a nil value (local 'x')", "local x return 'a' .. x")
check.raises("c:1: attempt to concatenate a nil value (global 'y')", "return y .. 'a'")
check.raises("c:1: attempt to concatenate a table value", "return 1 .. {}")
check.raises("c:1: attempt to concatenate a boolean value (field 'f')", "local t = {f = true} return 'a' .. t.f .. 'b'")

-- length
eq(#"", 0); eq(#"abc", 3); eq(#"\0\0", 2); eq(#{}, 0); eq(#{1, 2, 3}, 3); eq(#{n = 1}, 0); eq(#{1, 2, nil}, 2); eq(#{nil}, 0)
local t = {}
for i = 1, 1000 do t[i] = i; eq(#t, i) end
for i = 1000, 1, -1 do t[i] = nil; eq(#t, i - 1) end
for i = 10, 1, -1 do t[i] = i end
eq(#t, 10)
t = {}
for i = 1, 8 do t[#t + 1] = i end
eq(#t, 8); t[#t] = nil; eq(#t, 7)
t = {[1] = 1, [2] = 2, [3] = 3}
eq(#t, 3)
local border = #{1, 2, nil, 4}
eq(border == 4 or border == 2, true)
t = {n = 1, [1] = "a"}
t[2] = "b"; t.m = 2; t[3] = "c"
eq(#t, 3)
check.raises("c:1: attempt to get length of a number value (local 'n')", "local n = 5 return #n")
check.raises("c:1: attempt to get length of a nil value (field 'x')", "local t = {} return #t.x")

-- precedence, from weak to strong, and associativity
eq(run "return 1 or 2 and nil", 1); eq(run "return nil and 1 or 2", 2); eq(run "return 1 < 2 and 2 < 3", true); eq(run "return 1 < 2 == true", true)
eq(run "return 1 | 2 < 4", true); eq(run "return 4 | 1 ~ 5 & 3", 4 | (1 ~ (5 & 3))); eq(run "return 1 << 2 + 1", 8); eq(run "return 6 & 3 << 1", 6 & (3 << 1))
eq(run "return 'a' .. 1 + 2", "a3"); eq(run "return 1 .. 2 == '12'", true); eq(run "return 2 + 3 * 4", 14)
eq(run "return 2 * 3 % 4", 2); eq(run "return 7 // 2 * 2", 6); eq(run "return 2 ^ 3 ^ 2", 512.0); eq(run "return -2 ^ 2", -4.0); eq(run "return 2 ^ -1", 0.5)
eq(run "return not 1 == 2", false); eq(run "return -3 % 5", 2); eq(run "return #'abc' + 1", 4); eq(run "return -'2' + 1", -1); eq(run "return not nil == true", true)
eq(run "return 10 - 2 - 3", 5); eq(run "return 100 / 10 / 2", 5.0); eq(run "return 'a' .. 'b' .. 'c' == 'abc'", true); eq(run "return 2 ^ 2 * 3", 12.0)
eq(run "return - - 2", 2); eq(run "return ~~5", 5); eq(run "return not not 1", true); eq(run "return ~1 + 1", -1); eq(run "return -#'ab'", -2); eq(run "return - 2 ^ - 2", -0.25)
eq(run "return 1 + 1 .. 1 + 1", "22"); eq(run "return 5 > 3 == not false", true); eq(run "return 8 >> 1 << 1", 8); eq(run "return 1 == 1 ~= false", true)
eq(run "return (2 + 3) * 4", 20); eq(run "return 3 - (2 - 1)", 2); eq(run "return (1 or 2) and nil", nil); eq(run "return 2 * -3", -6); eq(run "return 2 - -3", 5)

-- table constructors
t = {1, 2; 3, x = "x", ["y z"] = "yz", [10] = 10, [1 + 1 + 18] = 20, 4,}
eq(#t >= 4, true); eq(t[1], 1); eq(t[4], 4); eq(t.x, "x"); eq(t["y z"], "yz"); eq(t[10], 10); eq(t[20], 20)
t = {[1] = "explicit", "positional"}
eq(t[1], "positional")
t = {x = 1, x = 2}
eq(t.x, 2)
local function three() return 1, 2, 3 end
local function none() end
t = {three()}; eq(#t, 3); t = {three(), three()}; eq(#t, 4); t = {(three())}; eq(#t, 1); t = {three(), nil}; eq(t[1], 1); eq(t[2], nil)
t = {none()}; eq(#t, 0); t = {none(), none()}; eq(next(t), nil); t = {a = three()}; eq(t.a, 1); t = {three(), x = 1}; eq(#t, 1); eq(t.x, 1)
t = {x = 1, three()}; eq(#t, 3)
local function va(...) return {...}, {n = select("#", ...), ...}, {..., "last"}, {"first", ...} end
local v1, v2, v3, v4 = va(1, nil, 3)
eq(v1[3], 3); eq(v2.n, 3); eq(v3[1], 1); eq(v3[2], "last"); eq(v4[1], "first"); eq(v4[2], 1); eq(v4[4], 3)
t = {{{{}}}}; eq(type(t[1][1][1]), "table"); eq({} == {}, false)
for _, n in ipairs {0, 1, 49, 50, 51, 100, 255, 256, 257, 600} do      -- past every batch and operand size
  local parts = {}
  for i = 1, n do parts[i] = tostring(i) end
  local made = run("return {" .. table.concat(parts, ",") .. "}")
  eq(#made, n); for i = 1, n do eq(made[i], i) end
  made = run("local function f() return 'x', 'y' end return {" .. table.concat(parts, ",") .. (n > 0 and "," or "") .. "f()}")
  eq(#made, n + 2); eq(made[n + 2], "y")
  for i = 1, n do parts[i] = "k" .. i .. "=" .. i end
  made = run("return {" .. table.concat(parts, ",") .. "}")
  for i = 1, n do eq(made["k" .. i], i) end
end
-- a constructor makes a fresh table each time
local function fresh() return {1, {2}} end
local p, q = fresh(), fresh()
eq(p == q, false); eq(p[2] == q[2], false); p[1] = 5; eq(fresh()[1], 1)

-- function calls
local function id(...) return ... end
eq(id "text", "text"); eq(id [[long]], "long"); eq(id {1}[1], 1); eq(#id {1, 2}, 2); eq(id 'a' .. 'b', "ab"); eq((id)(1), 1); eq(id(id)(id)(5), 5)
t = {f = id, g = {h = id}, m = function(self, ...) return self, ... end}
eq(t.f(1), 1); eq(t["f"](2), 2); eq(t.g.h "x", "x"); list(pack(t:m(1, 2)), t, 1, 2); list(pack(t:m "s"), t, "s"); list(pack(t:m {}).n == 2 and pack(t:m()), t)
eq(("x"):rep(3), "xxx"); eq(("%d"):format(5), "5"); eq(#("abc"):upper():lower(), 3)
local chain = {}
function chain:add(n) self.sum = (self.sum or 0) + n; return self end
eq(chain:add(1):add(2):add(3).sum, 6)
local evaluated = 0
local function object() evaluated = evaluated + 1; return chain end
object():add(1)
eq(evaluated, 1, "the object is evaluated once")
local order = {}
local function note(n) order[#order + 1] = n; return n end
id(note(1), note(2), {note(3), k = note(4)}, note(5) + note(6))
eq(table.concat(order), "123456")
eq(run "local f = function(...) return select('#', ...) end return f(f(f()))", 1)
-- a call on the next line belongs to the expression before it
eq(run "local f = function() return function() return 'called' end end local r = f\n()\n() return r", "called")

-- adjusting lists of results
list(pack(three()), 1, 2, 3); list(pack(three(), 10), 1, 10); list(pack(10, three()), 10, 1, 2, 3); list(pack((three())), 1); list(pack(none())); list(pack((none())), nil)
list(pack(none(), 1), nil, 1); list(pack(1, none()), 1); list(pack(three(), three()), 1, 1, 2, 3); list(pack(none(), none()), nil)
eq(select("#", nil, nil), 2); eq(select("#"), 0); eq((select(2, "a", "b", "c")), "b"); list(pack(select(-1, 1, 2, 3)), 3)
local function more(n) if n > 0 then return n, more(n - 1) end end
list(pack(more(5)), 5, 4, 3, 2, 1)
eq(#{more(200)}, 200)
eq(math.max(more(100)), 100)

-- varargs
local function args(...) local a, b = ...; return a, b, select("#", ...) end
list(pack(args()), nil, nil, 0); list(pack(args(1)), 1, nil, 1); list(pack(args(1, 2, 3)), 1, 2, 3); list(pack(args(nil, nil)), nil, nil, 2)
local function fixed(a, b, ...) return a, b, ... end
list(pack(fixed()), nil, nil); list(pack(fixed(1)), 1, nil); list(pack(fixed(1, 2, 3, nil)), 1, 2, 3, nil)
local function first(...) return (...) end
list(pack(first()), nil); list(pack(first(1, 2)), 1)
local function twice(...) return ..., ... end
list(pack(twice(1, 2)), 1, 1, 2)
local function middle(...) return 0, ..., 9 end
list(pack(middle(1, 2)), 0, 1, 9)
local function counted(...) local n = 0; for _ in ipairs {...} do n = n + 1 end return n end
eq(counted(1, 2, 3), 3)
local function closure(...) local a = {...}; return function() return table.unpack(a) end end
list(pack(closure(1, 2)()), 1, 2)
local big = {}
for i = 1, 250 do big[i] = i end
eq(select("#", id(table.unpack(big))), 250); eq(select(250, id(table.unpack(big))), 250); eq(select("#", fixed(table.unpack(big))), 250)
local function assigns(a, ...) a = 10; local b = ...; return a, b, ... end
list(pack(assigns(1, 2, 3)), 10, 2, 2, 3)
check.syntax("c:1: cannot use '...' outside a vararg function near '...'", "function f() return ... end")
check.syntax("c:1: ')' expected near ','", "function f(..., a) end")
eq(run("return ...", 5), 5); eq(run("return select('#', ...)", nil, nil), 2)

-- function definitions
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
eq(fact(20), 2432902008176640000)
t = {a = {b = {}}}
function t.f(x) return x end
function t.a.b.g(x) return x * 2 end
function t.a.b:m(x) return self == t.a.b and x end
function t:n(...) return select("#", self, ...) end
eq(t.f(1), 1); eq(t.a.b.g(2), 4); eq(t.a.b:m(3), 3); eq(t:n(1, 2), 3)
function global_function() return "global" end
eq(global_function(), "global"); eq(_G.global_function(), "global"); global_function = nil
eq((function(x) return x end)(5), 5)
local function missing(a, b, c) return a, b, c end
list(pack(missing(1)), 1, nil, nil); list(pack(missing(1, 2, 3, 4)), 1, 2, 3)
local function shadow(a, a) return a end
eq(shadow(1, 2), 2)
-- the name of a global function is assigned after the function is made
local rec
rec = function(n) return n == 0 and "bottom" or rec(n - 1) end
eq(rec(50), "bottom")

-- tail calls do not grow the stack
local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + 1) end
local turns = check.size(300000, 2000)
eq(loop(turns, 0), turns)
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
eq(even(turns), true)
local self = {}
function self:run(n) if n == 0 then return "method" end return self:run(n - 1) end
eq(self:run(turns), "method")
local function vloop(n, ...) if n == 0 then return ... end return vloop(n - 1, ...) end
list(pack(vloop(turns, 1, nil, 3)), 1, nil, 3)
local function grows(n, ...) if n == 0 then return select("#", ...) end return grows(n - 1, n, ...) end
eq(grows(100), 100)

-- visibility and closures
local x = 10
do
  local x = x
  eq(x, 10); x = x + 1
  do local x = x + 1; eq(x, 12) end
  eq(x, 11)
end
eq(x, 10)
local fs = {}
local y = 20
for i = 1, 10 do local y = 0; fs[i] = function() y = y + 1; return x + y end end
eq(fs[1](), 11); eq(fs[1](), 12); eq(fs[2](), 11)
local function pair() local n = 0; return function() n = n + 1; return n end, function() n = n - 1; return n end, function() return n end end
local up, down, get = pair()
up(); up(); down()
eq(get(), 1)
local up2, _, get2 = pair()
up2(); eq(get2(), 1); eq(get(), 1)
local function levels() local a = 1; return function() local b = 2; return function() local c = 3; return function() a = a + 1; b = b + 1; c = c + 1; return a, b, c end end end end
local l2 = levels()
local l3 = l2()
local l4, l5 = l3(), l3()
list(pack(l4()), 2, 3, 4); list(pack(l5()), 3, 4, 4); list(pack(l2()()()), 4, 3, 4)
local function param(n) return function(d) n = n + d; return n end end
local acc = param(10)
eq(acc(5), 15); eq(acc(5), 20); eq(param(1)(1), 2)
local function vcapture(...) local a, b = ...; return function() a = a + b; return a end end
local vc = vcapture(1, 2)
eq(vc(), 3); eq(vc(), 5)
-- a variable captured by two functions of different depth
local function shared() local s = 0; local function inc() s = s + 1 end; return inc, function() return (function() inc(); return s end)() end end
local inc, deepget = shared()
inc(); eq(deepget(), 2)
-- many upvalues
local parts, uses = {}, {}
for i = 1, 60 do parts[i] = "local v" .. i .. " = " .. i; uses[i] = "v" .. i end
eq(run(table.concat(parts, " ") .. " return (function() v1 = v1 + 1 return " .. table.concat(uses, "+") .. " end)()"), 60 * 61 // 2 + 1)
