-- Manual 2.4, metatables and metamethods: every event, its operands, its results.
local check = dofile "tests/lua/check.lua"
local eq, list = check.eq, check.list
local pack = table.pack

-- arithmetic and bitwise events, called with the operands in order, one result kept
local events = {
  __add = "+", __sub = "-", __mul = "*", __div = "/", __mod = "%", __pow = "^", __idiv = "//",
  __band = "&", __bor = "|", __bxor = "~", __shl = "<<", __shr = ">>", __concat = "..",
}
for event, operator in pairs(events) do
  local meta = {[event] = function(a, b, extra) return {event, a, b, extra}, "dropped" end}
  local x, y = setmetatable({}, meta), setmetatable({}, meta)
  local f = load("local a, b = ...; return a " .. operator .. " b")
  local function try(a, b)
    local results = pack(f(a, b))
    eq(results.n, 1, event)
    eq(results[1][1], event); eq(results[1][2], a, event); eq(results[1][3], b, event); eq(results[1][4], nil)
  end
  try(x, y); try(x, 1); try(1, x); try(x, 1.5); try(1.5, x); try(x, "a"); try("a", x)
  try(x, nil); try(nil, x); try(x, true); try({}, x); try(x, {}); try(print, x)
  -- with constants and immediate operands of every size
  for _, constant in ipairs {"0", "1", "-1", "127", "-128", "200", "100000", "1.0", "2.5", "1e300", "'s'"} do
    local value = load("return " .. constant)()
    local left = load("local a = ...; return a " .. operator .. " (" .. constant .. ")")(x)
    eq(left[2], x, event .. constant); eq(left[3], value, event .. constant)
    local right = load("local a = ...; return (" .. constant .. ") " .. operator .. " a")(x)
    eq(right[2], value, event .. constant); eq(right[3], x, event .. constant)
  end
  -- the left operand's event is asked first
  local other = setmetatable({}, {[event] = function() return "other" end})
  eq(f(other, x), "other"); eq(type(f(x, other)), "table")
  -- no result is nil
  eq(f(setmetatable({}, {[event] = function() end}), 1), nil)
end

-- unary events get their operand twice, or at least first
for event, operator in pairs {__unm = "-", __bnot = "~", __len = "#"} do
  local x = setmetatable({}, {[event] = function(a) return a, "dropped" end})
  list(pack(load("local a = ...; return " .. operator .. "a")(x)), x)
end
eq(#setmetatable({1, 2, 3}, {__len = function() return 42 end}), 42)
eq(rawlen(setmetatable({1, 2, 3}, {__len = function() return 42 end})), 3)
eq(#setmetatable({}, {__len = function() return "any" end}), "any")

-- strings and numbers do not ask their events when they can be converted
eq("10" + 5, 15); eq(10 .. 20, "1020")
local quiet = setmetatable({}, {__add = function() return "table" end})
eq("10" + quiet, "table")

-- comparison: results become booleans; __eq only for two tables or two userdata, not when identical
local calls = 0
local meta = {__eq = function(a, b) calls = calls + 1; return 1 end}
local a, b = setmetatable({}, meta), setmetatable({}, meta)
eq(a == b, true); eq(a ~= b, false); eq(calls, 2)
eq(a == a, true); eq(calls, 2, "identical objects are not asked")
eq(a == 1, false); eq(a == "x", false); eq(a == nil, false); eq(calls, 2)
eq(a == {}, true); eq({} == a, true); eq(calls, 4)
meta.__eq = function() return nil end
eq(a == b, false); eq(a ~= b, true)
eq(rawequal(a, b), false)
do   -- the first operand's is used, else the second's
  local first = setmetatable({}, {__eq = function() return true end})
  local second = setmetatable({}, {__eq = function() return false end})
  eq(first == second, true); eq(second == first, false)
end
for event, operator in pairs {__lt = "<", __le = "<="} do
  local log
  local m = {[event] = function(p, q) log = {p, q}; return "truthy" end}
  local x, y = setmetatable({}, m), setmetatable({}, m)
  local f = load("local a, b = ...; return a " .. operator .. " b")
  eq(f(x, y), true); eq(log[1], x); eq(log[2], y)
  eq(f(x, 1), true); eq(log[1], x); eq(log[2], 1)
  eq(f(1, x), true); eq(log[1], 1); eq(log[2], x)
  eq(f("s", x), true); eq(f(x, {}), true); eq(f({}, x), true)
  -- a > b is b < a
  local g = load("local a, b = ...; return a " .. operator:gsub("<", ">") .. " b")
  eq(g(x, y), true); eq(log[1], y); eq(log[2], x)
  -- with immediate operands
  for _, constant in ipairs {"0", "1", "-5", "300", "1.0", "1.5"} do
    local value = load("return " .. constant)()
    eq(load("local a = ...; if a " .. operator .. constant .. " then return true end")(x), true)
    eq(log[1], x); eq(log[2], value)
    eq(load("local a = ...; if " .. constant .. operator .. " a then return true end")(x), true)
    eq(log[1], value); eq(log[2], x)
    eq(load("local a = ...; return not (a " .. operator .. constant .. ")")(x), false)
  end
  m[event] = function() return nil end
  eq(f(x, y), false)
end
-- without the event, an error (whether __le may be made from __lt is left open: builds differ)
check.fails("attempt to compare", function() return setmetatable({}, {__le = function() end}) < {} end)

-- __index: function, table, chain of tables; not asked for a present key
local base = {shared = "base"}
local t = setmetatable({own = 1}, {__index = base})
eq(t.own, 1); eq(t.shared, "base"); eq(t.none, nil); eq(t[1], nil); eq(t[nil], nil)
base.later = 2
eq(t.later, 2)
t = setmetatable({}, {__index = function(self, key) return self, key end})
eq(t.x, t); eq(t[1], t); eq(t[1.5], t); eq(t[nil], t); eq(t[true], t)
t = setmetatable({}, {__index = function(_, key) return key end})
eq(t.x, "x"); eq(t[1], 1); eq(t[2.0], 2.0); eq(t[-3], -3); eq(t[1e100], 1e100); eq(t[t], t)
eq(rawget(t, "x"), nil)
local chain = {deep = "found"}
for _ = 1, 50 do chain = setmetatable({}, {__index = chain}) end
eq(chain.deep, "found"); eq(chain.none, nil)
eq(("x").upper, string.upper); eq(("x").none, nil)
eq(#("x"):rep(3), 3)
t = setmetatable({}, {__index = "text"})
eq(t.len, string.len, "__index of a string value is indexed in turn")
-- present with the value false is present
t = setmetatable({flag = false}, {__index = function() return "asked" end})
eq(t.flag, false); t.flag = nil; eq(t.flag, "asked")

-- __newindex: function, table, chain; not asked for a present key
local log = {}
t = setmetatable({present = 1}, {__newindex = function(self, k, v) log = {self, k, v} end})
t.present = 2
eq(#log, 0); eq(t.present, 2)
t.fresh = 3
eq(log[1], t); eq(log[2], "fresh"); eq(log[3], 3); eq(rawget(t, "fresh"), nil)
t[1] = "i"; eq(log[2], 1); eq(log[3], "i")
t[2.5] = "f"; eq(log[2], 2.5)
t.fresh = nil; eq(log[2], "fresh"); eq(log[3], nil)
t[nil] = 1; eq(log[2], nil, "a nil key goes to the function")
t.present = nil
t.present = 4; eq(log[2], "present"); eq(rawget(t, "present"), nil)
local store = {}
t = setmetatable({}, {__newindex = store})
t.x = 1; t[1] = 2
eq(rawget(t, "x"), nil); eq(store.x, 1); eq(store[1], 2)
local final = {}
t = setmetatable({}, {__newindex = setmetatable({}, {__newindex = setmetatable({}, {__newindex = final})})})
t.y = 5
eq(final.y, 5)
rawset(t, "y", 6); eq(rawget(t, "y"), 6); t.y = 7; eq(t.y, 7); eq(final.y, 5)
-- the table's own metatable may be the target
local self = {}
self.__index = self; self.__newindex = self
t = setmetatable({}, self)
t.z = 1
eq(self.z, 1); eq(t.z, 1); eq(rawget(t, "z"), nil)
-- a table constructor and rawset do not ask
t = setmetatable({}, {__newindex = function() error("asked") end})
rawset(t, 1, 1); eq(#t, 1)

-- __call: the called value comes first; chains of callables; methods; tail calls; as iterator
t = setmetatable({}, {__call = function(me, ...) return me, select("#", ...), ... end})
list(pack(t()), t, 0); list(pack(t(1, nil)), t, 2, 1, nil)
local function tail(...) return t(...) end
list(pack(tail("a")), t, 1, "a")
local holder = {t = t}
list(pack(holder.t(1)), t, 1, 1); list(pack(holder:t(1)), t, 2, holder, 1)
local twice = setmetatable({}, {__call = t})
list(pack(twice("x")), t, 2, twice, "x")
list(pack(pcall(t, 5)), true, t, 1, 5)
list(pack(coroutine.wrap(function(...) return t(...) end)(9)), t, 1, 9)
local iterator = setmetatable({n = 0}, {__call = function(me) me.n = me.n + 1; if me.n < 4 then return me.n end end})
local sum = 0
for i in iterator do sum = sum + i end
eq(sum, 6)
check.fails("attempt to call a table value", function() local v = setmetatable({}, {}); v() end)

-- __concat: right associative, numbers and strings joined first where possible
local order = {}
local m = {__concat = function(x, y)
  order[#order + 1] = (type(x) == "table" and x.name or x) .. "&" .. (type(y) == "table" and y.name or y)
  return "<" .. order[#order] .. ">"
end}
local x, y = setmetatable({name = "x"}, m), setmetatable({name = "y"}, m)
eq("a" .. x, "<a&x>"); eq(x .. "a", "<x&a>"); eq(x .. y, "<x&y>"); eq(1 .. x, "<1&x>")
eq("a" .. "b" .. x, "a<b&x>"); eq(x .. "a" .. "b", "<x&ab>"); eq("a" .. x .. "b", "a<x&b>")
order = {}
local _ = "p" .. x .. "q" .. y .. "r"
eq(table.concat(order, " "), "y&r x&q<y&r>")

-- __close is tried in statements' tests, __gc and __mode in gc/

-- __metatable protects; setmetatable, getmetatable
t = setmetatable({}, {__metatable = "locked"})
eq(getmetatable(t), "locked")
check.fails("cannot change a protected metatable", setmetatable, t, {})
check.fails("bad argument #2 to 'setmetatable' (nil or table expected, got no value)", setmetatable, {})
check.fails("bad argument #2 to 'setmetatable' (nil or table expected, got number)", setmetatable, {}, 1)
check.fails("bad argument #1 to 'setmetatable' (table expected, got string)", setmetatable, "x", {})
eq(setmetatable({}, nil) ~= nil, true)
m = {}
t = setmetatable({}, m)
eq(getmetatable(t), m); eq(setmetatable(t, nil), t); eq(getmetatable(t), nil)
eq(getmetatable("x").__index, string); eq(getmetatable(1), nil); eq(getmetatable(print), nil)

-- __tostring and __name
eq(tostring(setmetatable({}, {__tostring = function() return "text" end})), "text")
eq(tostring(setmetatable({}, {__tostring = function(v) return v.n end, __name = "N"}).n), "nil")
check.fails("'__tostring' must return a string", tostring, setmetatable({}, {__tostring = function() return {} end}))
assert(tostring(setmetatable({}, {__name = "Kind"})):match("^Kind: 0x%x+$"))
assert(tostring(setmetatable({}, {__name = 5})):match("^table: "))

-- __pairs: up to three results
t = setmetatable({}, {__pairs = function(v) return "f", v, "c", "more" end})
list(pack(pairs(t)), "f", t, "c")
t = setmetatable({}, {__pairs = function(v)
  return function(_, i) i = i + 1; if i <= 3 then return i, i * i end end, v, 0
end})
local squares = {}
for k, v in pairs(t) do squares[k] = v end
eq(#squares, 3); eq(squares[3], 9)
-- ipairs respects __index
sum = 0
for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i <= 5 then return i * 10 end end})) do sum = sum + v end
eq(sum, 150)

-- changes of a metatable are seen at once, also from code that ran before (caches)
local function get(object) return object.field end
local function set(object, value) object.field = value end
local function add(p, q) return p + q end
local plain = {}
m = {}
t = setmetatable({}, m)
for _ = 1, 5 do eq(get(t), nil) end
m.__index = {field = "table"}
for _ = 1, 3 do eq(get(t), "table") end
m.__index.field = "changed"; eq(get(t), "changed")
m.__index.field = nil; eq(get(t), nil)
m.__index = function() return "function" end; eq(get(t), "function")
m.__index = nil; eq(get(t), nil)
set(t, 1); eq(t.field, 1); t.field = nil
m.__newindex = plain
set(t, 2); eq(rawget(t, "field"), nil); eq(plain.field, 2)
m.__newindex = nil
set(t, 3); eq(rawget(t, "field"), 3)
check.fails("attempt to perform arithmetic on a table value", add, t, 1)
m.__add = function() return "added" end
eq(add(t, 1), "added"); eq(add(1, t), "added"); eq(add(1, 2), 3); eq(add(1.5, 2), 3.5)
m.__add = nil
check.fails("attempt to perform arithmetic on a table value", add, t, 1)
eq(#t, 0); m.__len = function() return 7 end; eq(#t, 7); m.__len = nil; eq(#t, 0)
m.__eq = function() return true end; eq(t == plain, true); m.__eq = nil; eq(t == plain, false)
-- ... with rawset, and with a metatable that was already in use by many
rawset(m, "__index", {field2 = 1}); eq(t.field2, 1)
local many = {}
for i = 1, 20 do many[i] = setmetatable({}, m) end
rawset(m, "__index", function(_, k) return k end)
for i = 1, 20 do eq(many[i].q, "q") end
setmetatable(many[1], nil); eq(many[1].q, nil); eq(many[2].q, "q")

-- objects and inheritance
local Account = {}
Account.__index = Account
function Account.new(balance) return setmetatable({balance = balance}, Account) end
function Account:deposit(n) self.balance = self.balance + n; return self end
function Account:get() return self.balance end
local Savings = setmetatable({}, {__index = Account})
Savings.__index = Savings
function Savings.new(balance) local s = Account.new(balance); return setmetatable(s, Savings) end
function Savings:get() return Account.get(self) * 2 end
local plainAccount, savings = Account.new(10), Savings.new(10)
for _ = 1, 4 do plainAccount:deposit(5); savings:deposit(5) end
eq(plainAccount:get(), 30); eq(savings:get(), 60)
function Account:get() return "redefined" end
eq(plainAccount:get(), "redefined")
Savings.get = nil
eq(savings:get(), "redefined")
savings.get = function() return "own" end
eq(savings:get(), "own")

-- metamethods may yield, raise errors, and call themselves
t = setmetatable({}, {
  __add = function(p, q) return coroutine.yield("add") end,
  __index = function(_, k) return coroutine.yield("index " .. k) end,
  __newindex = function(_, k, v) coroutine.yield("newindex " .. k) end,
  __call = function(_, v) return coroutine.yield("call " .. v) end,
  __eq = function() return coroutine.yield("eq") end,
  __lt = function() return coroutine.yield("lt") end,
  __le = function() return coroutine.yield("le") end,
  __len = function() return coroutine.yield("len") end,
  __unm = function() return coroutine.yield("unm") end,
  __concat = function() return coroutine.yield("concat") end,
})
local co = coroutine.wrap(function()
  local r = {}
  r[#r + 1] = t + 1; r[#r + 1] = 2 + t; r[#r + 1] = t.x; t.y = 1; r[#r + 1] = t(5)
  r[#r + 1] = tostring(t == setmetatable({}, getmetatable(t))); r[#r + 1] = tostring(t < 1)
  if t <= 1 then r[#r + 1] = "le true" else r[#r + 1] = "le false" end
  if not (1 < t) then r[#r + 1] = "lt false" end
  r[#r + 1] = #t; r[#r + 1] = -t
  r[#r + 1] = "a" .. "b" .. t
  r[#r + 1] = "a" .. t .. "c" .. "d"
  return table.concat(r, ",")
end)
local said = {}
local v = co()
local answers = {1, 2, 3, 4, 5, false, 7, nil, nil, 10, 11, "X", "Y"}
local i = 1
while v and not v:find(",") do
  said[#said + 1] = v
  v = co(answers[i]); i = i + 1
end
eq(table.concat(said, " "), "add add index x newindex y call 5 eq lt le lt len unm concat concat")
eq(v, "1,2,3,5,false,true,le false,lt false,10,11,aX,aY")
local fact = setmetatable({}, {__call = function(me, n) if n <= 1 then return 1 end return n * me(n - 1) end})
eq(fact(10), 3628800)
check.fails("inside", function() return setmetatable({}, {__index = function() error("inside") end}).x end)

-- handlers that are Lua functions, met again and again by the same instructions: none, one and many results, tail calls,
-- variable arguments, fields of self, errors on the way
do
  local log = {}
  local function note(...) log[#log + 1] = select("#", ...); return ... end
  local forms = {
    function(_, key) return key end, function(_, key) return key, "dropped" end, function() end,
    function(...) local _, key = ...; return key, ... end, function(...) return note(select(2, ...)) end,
    function(_, key) return note(key) end, function() return note() end, function(_, key, more) return more == nil and key end,
  }
  local gives = {true, true, false, true, true, true, false, true}
  for form, handler in ipairs(forms) do
    local object = setmetatable({[3] = 33, own = "own"}, {__index = handler, __newindex = function(t, key, value, more)
      eq(more, nil); rawset(t, key == "twice" and "once" or key, value)
    end})
    local function want(key) if gives[form] then return key end end
    for i = 4, 40 do
      local before, key, fraction = "before", "computed", i + 0.5
      eq(object.field, want("field")); eq(object[key], want(key)); eq(object[i], want(i)); eq(object[1], want(1))
      eq(object[fraction], want(fraction)); eq(object[3], 33); eq(object.own, "own"); eq(object["o" .. "wn"], "own")
      eq(before, "before")
      if gives[form] then
        eq(pcall(function() return object:method() end), false)
        eq(select(2, pcall(function() return object:method() end)):match("field 'method'") or "method", "method")
      end
    end
    object.twice = form; eq(rawget(object, "twice"), nil); eq(rawget(object, "once"), form)
    for i = 10, 1, -1 do object[i] = i; eq(rawget(object, i), i) end
  end
  -- an object that is its own result's register
  local chained = setmetatable({}, {__index = function(self) return self end})
  for _ = 1, 20 do local self = chained.a.b[1].c["d"]; self = self.x; eq(self, chained) end
end
