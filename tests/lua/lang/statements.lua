-- Manual 3.3, statements: blocks, assignment, control structures, local variables.
local check = dofile "tests/lua/check.lua"
local eq, list, run = check.eq, check.list, check.run
local pack = table.pack

-- empty statements and blocks
; ;; do end do ; end; do local x = 1; end
eq(run ";;;return;", nil); eq(run "do return 1 end", 1); eq(select("#", run ""), 0); eq(select("#", run "return"), 0)
do local x = 1; do local x = 2; eq(x, 2) end eq(x, 1) end

-- multiple assignment: values are evaluated first, then assigned; lists are adjusted
local a, b, c = 1, 2, 3
a, b = b, a
eq(a, 2); eq(b, 1)
a, b, c = 10
eq(a, 10); eq(b, nil); eq(c, nil)
a, b = 1, 2, 3
eq(b, 2)
local function three() return 1, 2, 3 end
a, b, c = three(); eq(c, 3)
a, b, c = 0, three(); eq(a, 0); eq(b, 1); eq(c, 2)
a, b, c = three(), 10; eq(a, 1); eq(b, 10); eq(c, nil)
a, b, c = (three()); eq(a, 1); eq(b, nil)
a, b, c = three(), three(), three(); eq(a, 1); eq(b, 1); eq(c, 1)
local i, t = 3, {}
i, t[i] = i + 1, 20
eq(i, 4); eq(t[3], 20); eq(t[4], nil)
t = {1, 2, 3}
i = 1
i, t[i], t[i + 1] = 2, "x", "y"
eq(i, 2); eq(t[1], "x"); eq(t[2], "y"); eq(t[3], 3)
local x, y = {name = "x"}, {name = "y"}
x, x.field = y, "set"                      -- the x of x.field is the old one
eq(x, y); eq(y.field, nil)
do
  local t1 = {}
  local keep = t1
  t1.a, t1 = 1, {a = 2}
  eq(keep.a, 1); eq(t1.a, 2)
  local k = "p"
  local u = {}
  k, u[k] = "q", 5
  eq(u.p, 5); eq(u.q, nil); eq(k, "q")
  local function up() k, u[k] = "r", 6 end
  up(); eq(u.q, 6); eq(k, "r")
  u[1], u[2], u[3] = 1, 2
  eq(u[1], 1); eq(u[2], 2); eq(u[3], nil)
  local p, q = 1, 2
  p, q = q, p + q
  eq(p, 2); eq(q, 3)
end
g1, g2 = 1, 2; g1, g2 = g2, g1; eq(g1, 2); eq(g2, 1); g1, g2 = nil
eq(g1, nil); eq(g2, nil)
-- every expression on the left is evaluated before the assignment
do
  local log = {}
  local function note(name) log[#log + 1] = name; return name end
  local target = setmetatable({}, {__newindex = function(_, k, v) log[#log + 1] = "set" .. k .. v end})
  target[note "a"], target[note "b"] = note "1", note "2"
  eq(table.concat(log, " ", 1, 4), "a b 1 2")
  eq(#log, 6)
end

-- if
local function sign(n) if n < 0 then return "neg" elseif n == 0 then return "zero" elseif n < 10 then return "small" else return "big" end end
eq(sign(-1), "neg"); eq(sign(0), "zero"); eq(sign(5), "small"); eq(sign(50), "big")
if nil then error() end if false then error() else a = 1 end
if 0 then a = 2 end eq(a, 2)
if "" then a = 3 end eq(a, 3)
local function nested(p, q) if p then if q then return 1 end return 2 else if q then return 3 end end return 4 end
eq(nested(true, true), 1); eq(nested(true, false), 2); eq(nested(false, true), 3); eq(nested(false, false), 4)

-- while, repeat, break
i = 0
while i < 10 do i = i + 1; if i == 5 then break end end
eq(i, 5)
while false do error() end
i = 0
repeat i = i + 1 until i == 3
eq(i, 3)
repeat local done = true until done          -- the condition sees the block's locals
i = 0
repeat i = i + 1; local stop = i > 4; if i == 100 then break end until stop
eq(i, 5)
i = 0
while true do i = i + 1; while true do i = i + 1; break end if i > 10 then break end end
eq(i, 12)
-- a closure made in a loop that the condition of repeat uses
local fs = {}
i = 0
repeat local n = i; fs[#fs + 1] = function() n = n + 1; return n end; i = i + 1 until n >= 3
eq(fs[1](), 1); eq(fs[1](), 2); eq(fs[4](), 4); eq(#fs, 4)
fs = {}
i = 0
while i < 3 do local n = i; fs[#fs + 1] = function() n = n + 10; return n end; i = i + 1 end
eq(fs[1](), 10); eq(fs[2](), 11); eq(fs[1](), 20); eq(fs[3](), 12)

-- numerical for over integers
local function collect(...)
  local out = {}
  local first, last, step = ...
  if step then for k = first, last, step do out[#out + 1] = tostring(k) if #out > 20 then break end end
  else for k = first, last do out[#out + 1] = tostring(k) if #out > 20 then break end end end
  return table.concat(out, " ")
end
eq(collect(1, 5), "1 2 3 4 5"); eq(collect(5, 1), ""); eq(collect(5, 1, -1), "5 4 3 2 1"); eq(collect(1, 10, 3), "1 4 7 10")
eq(collect(1, 1), "1"); eq(collect(1, 0), ""); eq(collect(10, 1, -4), "10 6 2"); eq(collect(-2, 2), "-2 -1 0 1 2")
eq(collect(1, 3.5), "1 2 3"); eq(collect(1, 3.5, 2), "1 3"); eq(collect(3, 1.5, -1), "3 2"); eq(collect(1, -0.5), "")
eq(collect(1, 2.9999), "1 2"); eq(collect(-1, -2.5, -1), "-1 -2"); eq(collect(1, 0/0), "")
-- ... at the edges: no overflow
local max, min = math.maxinteger, math.mininteger
eq(collect(max - 2, max), "9223372036854775805 9223372036854775806 9223372036854775807")
eq(collect(min + 2, min, -1), "-9223372036854775806 -9223372036854775807 -9223372036854775808")
eq(collect(max - 1, math.huge), "9223372036854775806 9223372036854775807"); eq(collect(min, -math.huge), "")
eq(collect(min, min + 1), "-9223372036854775808 -9223372036854775807"); eq(collect(1, math.huge, max), "1")
eq(collect(max, max), tostring(max)); eq(collect(min, min), tostring(min)); eq(collect(max, min), ""); eq(collect(1, -math.huge), "")
eq(collect(-1, -math.huge, min), "-1"); eq(collect(min, max, max), "-9223372036854775808 -1 9223372036854775806")
eq(collect(max, min, min), "9223372036854775807 -1"); eq(collect(0, 2^63, max), "0 9223372036854775807")
eq(collect(3, 2^70, 2^62 | 0), "3 4611686018427387907"); eq(collect(0, -2^70, min), "0 -9223372036854775808")
-- over floats, as soon as the start or the step is one
eq(collect(1.0, 3), "1.0 2.0 3.0"); eq(collect(1, 2, 0.5), "1.0 1.5 2.0"); eq(collect(1, 3, 1.0), "1.0 2.0 3.0")
eq(collect(0.1, 0.35, 0.1), "0.1 0.2 0.3"); eq(collect(3.0, 1, -1), "3.0 2.0 1.0"); eq(collect(1.0, 0), ""); eq(collect(0.0, 0), "0.0")
eq(collect(1.0, math.huge, math.huge), "1.0 inf inf inf inf inf inf inf inf inf inf inf inf inf inf inf inf inf inf inf inf")

check.raises("c:1: 'for' step is zero", "for i = 1, 10, 0 do end")
check.raises("c:1: 'for' step is zero", "for i = 1, -10, 0 do end")
check.raises("c:1: 'for' step is zero", "for i = 1.0, 10, 0 do end")
check.raises("c:1: 'for' step is zero", "for i = 1, 10, 0.0 do end")
check.raises("c:1: 'for' step is zero", "for i = 1, 10, -0.0 do end")
check.raises("c:1: bad 'for' initial value (number expected, got string)", "for i = 'x', 10 do end")
check.raises("c:1: bad 'for' limit (number expected, got string)", "for i = 1, 'x' do end")
check.raises("c:1: bad 'for' step (number expected, got string)", "for i = 1, 10, 'x' do end")
check.raises("c:1: bad 'for' initial value (number expected, got nil)", "for i = nil, 10 do end")
check.raises("c:1: bad 'for' limit (number expected, got table)", "for i = 1.0, {} do end")
-- the three expressions are evaluated once, in order; the variable is fresh in each turn
do
  local log = {}
  local function v(n) log[#log + 1] = n; return n end
  for _ = v(1), v(5), v(2) do end
  eq(table.concat(log, " "), "1 5 2")
  local closures = {}
  for k = 1, 3 do closures[k] = function(d) k = k + (d or 0); return k end end
  eq(closures[1](5), 6); eq(closures[1](), 6); eq(closures[2](), 2); eq(closures[3](), 3)
  local count = 0
  for k = 1, 3 do count = count + 1; k = 100 end
  eq(count, 3, "assigning to the variable does not change the loop")
  local k = "outer"
  for k = k == "outer" and 1 or 2, 1 do eq(k, 1) end
  eq(k, "outer")
  local limit = 3
  count = 0
  for _ = 1, limit do limit = 100; count = count + 1 end
  eq(count, 3)
end
for k = 1, 3 do for j = k, 3 do if j == 2 then break end i = k * 10 + j end end
eq(i, 33)

-- generic for: iterator, state, control, closing value
local function upto(state, n) if n < state then return n + 1, n * 2 end end
local got = {}
for k, v in upto, 4, 0 do got[#got + 1] = k .. ":" .. v end
eq(table.concat(got, " "), "1:0 2:2 3:4 4:6")
for _ in function() end do error() end
for p, q, r in function(_, n) if not n then return 1, 2 end end do eq(p, 1); eq(q, 2); eq(r, nil) end
got = {}
for k in (function() local n = 0; return function() n = n + 1; if n < 4 then return n end end end)() do got[#got + 1] = k end
eq(#got, 3)
do   -- false does not end the loop, nil does; more values than variables are dropped
  local values, n = {false, 0, "x"}, 0
  for v, w in function() n = n + 1; if n > 3 then return nil, "ignored" end return values[n], n, "dropped" end do
    eq(v, values[n]); eq(w, n)
  end
  eq(n, 4)
end
do   -- changing the variable does not change what the iterator gets
  local asked = {}
  for k in function(_, last) asked[#asked + 1] = tostring(last); if #asked < 4 then return #asked end end do k = "changed" end
  eq(table.concat(asked, " "), "nil 1 2 3")
  local closures = {}
  for k, v in ipairs {"a", "b"} do closures[k] = function() return v end end
  eq(closures[1](), "a"); eq(closures[2](), "b")
end
do   -- the closing value is closed however the loop ends
  local log = {}
  local function loop(how)
    local closer = setmetatable({}, {__close = function(_, e) log[#log + 1] = how .. "/" .. tostring(e) end})
    for k in function(_, n) n = (n or 0) + 1; if n < 4 then return n end end, nil, nil, closer do
      if how == "break" and k == 2 then break end
      if how == "return" and k == 2 then return "r" end
      if how == "goto" and k == 2 then goto out end
      if how == "error" and k == 2 then error("e", 0) end
    end
    ::out::
  end
  loop "end"; loop "break"; eq(loop "return", "r"); loop "goto"; list(pack(pcall(loop, "error")), false, "e")
  eq(table.concat(log, " "), "end/nil break/nil return/nil goto/nil error/e")
end
check.raises("c:1: attempt to call a table value (for iterator 'for iterator')", "for k in {} do end")
check.raises("c:1: attempt to call a nil value (for iterator 'for iterator')", "for k in nil do end")

-- next and pairs while fields are cleared
t = {}
for k = 1, 100 do t[k] = k; t["k" .. k] = k end
local seen = 0
for k in pairs(t) do t[k] = nil; seen = seen + 1 end
eq(seen, 200); eq(next(t), nil)
for k = 1, 50 do t[k] = k end
for k, v in pairs(t) do t[k] = v + 1 end
eq(t[50], 51)
check.fails("invalid key to 'next'", next, {}, "nokey")

-- local declarations
local l1, l2, l3 = 1, 2
eq(l3, nil)
local l4 = l4
eq(l4, nil)
local same = 1
local same = same + 1
eq(same, 2)
local f1, f2 = function() return "f1" end, three()
eq(f2, 1)
local function rec(n) if n == 0 then return "done" end return rec(n - 1) end
eq(rec(10), "done")
local notrec = function(n) return notrec end
eq(notrec(), nil)
local m1, m2, m3, m4 = three()
eq(m3, 3); eq(m4, nil)

-- return ends a block; with and without values, parentheses, ;
local function returns(kind)
  if kind == 1 then return end
  if kind == 2 then return; end
  if kind == 3 then return three() end
  if kind == 4 then return (three()) end
  if kind == 5 then return three(), three() end
  if kind == 6 then return nil, nil end
  do return "last" end
end
list(pack(returns(1))); list(pack(returns(2))); list(pack(returns(3)), 1, 2, 3); list(pack(returns(4)), 1)
list(pack(returns(5)), 1, 1, 2, 3); list(pack(returns(6)), nil, nil); list(pack(returns(7)), "last")
