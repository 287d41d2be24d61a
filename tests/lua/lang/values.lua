-- Manual 2.1, values and types.
local check = dofile "tests/lua/check.lua"
local eq = check.eq

-- the eight types
eq(type(nil), "nil"); eq(type(true), "boolean"); eq(type(1), "number"); eq(type(1.5), "number")
eq(type("x"), "string"); eq(type(print), "function"); eq(type(function() end), "function")
eq(type({}), "table"); eq(type(coroutine.create(print)), "thread"); eq(type(io.stdout), "userdata")
check.fails("bad argument #1 to 'type' (value expected)", type)

-- only nil and false are false
local function truth(value) if value then return true else return false end end
eq(truth(nil), false); eq(truth(false), false); eq(truth(0), true); eq(truth(0.0), true)
eq(truth(""), true); eq(truth({}), true); eq(truth(0/0), true); eq(truth(print), true)
eq(not nil, true); eq(not 0, false); eq(not not "", true)

-- integers and floats
eq(math.type(1), "integer"); eq(math.type(1.0), "float"); eq(math.type("1"), nil)
eq(math.type(1e2), "float"); eq(math.type(0x10), "integer"); eq(math.type(0x1p4), "float")
eq(1 == 1.0, true); eq(math.maxinteger + 0.0 == 2^63, true)
eq(math.maxinteger + 0.0 == math.maxinteger, false)
eq(math.mininteger + 0.0 == math.mininteger, true)
eq(2^53 == 2^53 | 0, true); eq((2^53 | 0) + 1 == 2^53, false)
eq(math.maxinteger + 1, math.mininteger); eq(math.mininteger - 1, math.maxinteger)
eq(math.maxinteger * 2, -2); eq(math.mininteger * -1, math.mininteger)
eq(-math.mininteger, math.mininteger)
eq(0.0 == -0.0, true); eq(1/0.0, math.huge); eq(1/-0.0, -math.huge)
local nan = 0/0
eq(nan == nan, false); eq(nan ~= nan, true); eq(rawequal(nan, nan), false)

-- strings are bytes, of any value, and are compared by content
local bytes = {}
for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
local all = table.concat(bytes)
eq(#all, 256); eq(all:byte(1), 0); eq(all:byte(256), 255)
eq("a\0b" == "a\0b", true); eq("a\0b" == "a\0c", false); eq(#"a\0b", 3)
local long = ("x"):rep(100)
eq(long == ("x"):rep(50) .. ("x"):rep(50), true)
eq(long == ("x"):rep(99) .. "y", false)
local keyed = {[long] = 1}
eq(keyed[("x"):rep(100)], 1); eq(keyed[("x"):rep(101)], nil)
local key = {}
key["a\0b"] = 1; key["a\0c"] = 2
eq(key["a\0b"], 1); eq(key["a\0c"], 2); eq(key["a"], nil)

-- tables, functions, threads are references
local a, b = {}, {}
eq(a == b, false); eq(a == a, true)
local c = a
c.x = 1
eq(a.x, 1)
local f, g = function() end, function() end
eq(f == f, true); eq(f == g, f == g)
eq(coroutine.create(f) == coroutine.create(f), false)

-- any value but nil and NaN is a key; a float with an integer value is that integer
local t = {}
t[1] = "one"; t[2.0] = "two"; t[2^53] = "big"; t[1.5] = "half"; t[true] = "true"; t[false] = "false"
t[print] = "print"; t[t] = "self"; t["1"] = "string one"; t[-0.0] = "zero"; t[-1] = "minus"
t[math.mininteger] = "min"; t[math.huge] = "inf"; t[-math.huge] = "-inf"
eq(t[1.0], "one"); eq(t[2], "two"); eq(t[2^53 | 0], "big"); eq(t[1.5], "half")
eq(t[true], "true"); eq(t[false], "false"); eq(t[print], "print"); eq(t[t], "self")
eq(t["1"], "string one"); eq(t[0], "zero"); eq(t[0.0], "zero"); eq(t[-1.0], "minus")
eq(t[-2^63], "min"); eq(t[math.huge], "inf"); eq(t[-math.huge], "-inf")
eq(t[nan], nil); eq(t[nil], nil)
for k in pairs(t) do
  if k == 2 or k == 0 or k == 2^53 then eq(math.type(k), "integer", "a float key became an integer") end
end
check.raises("c:1: table index is nil", "local t = {} t[nil] = 1")
check.raises("c:1: table index is NaN", "local t = {} t[0/0] = 1")
check.raises("c:1: table index is nil", "return {[nil] = 1}")
check.raises("c:1: table index is NaN", "return {[0/0] = 1}")
check.fails("table index is nil", rawset, {}, nil, 1)
check.raises("c:1: table index is NaN", "local t = {} t[0/0] = nil")

-- a field set to nil is gone
t = {x = 1, y = 2}
t.x = nil
eq(t.x, nil); eq(next(t), "y"); t.y = nil; eq(next(t), nil)
-- t.x is t["x"]
t.x = 5
eq(t["x"], 5)
local name = "x"
eq(t[name], 5)
eq(({[1] = 2})[1], 2)

-- tostring and tonumber of the kinds
eq(tostring(nil), "nil"); eq(tostring(true), "true"); eq(tostring(12), "12"); eq(tostring(1e15), "1e+15")
eq(tostring(1.0), "1.0"); eq(tostring(-0.0), "-0.0"); eq(tostring(2^63), "9.2233720368548e+18")
eq(tostring(1e100), "1e+100"); eq(tostring(math.huge), "inf"); eq(tostring(-math.huge), "-inf")
eq(tostring(0.1), "0.1"); eq(tostring(1/3), "0.33333333333333"); eq(tostring(100.0), "100.0")
eq(tostring(math.mininteger), "-9223372036854775808")
assert(tostring({}):match("^table: 0x%x+$")); assert(tostring(function() end):match("^function: 0x%x+$"))
assert(tostring(print):match("^function: ")); assert(tostring(coroutine.create(print)):match("^thread: 0x%x+$"))
assert(tostring(nan):match("nan"))
local one, other = {}, {a = 1} -- both alive, or they may have the same address
assert(tostring(one) ~= tostring(other))
