-- Manual 3.4.1 to 3.4.3: arithmetic, bitwise operators, coercions and conversions.
local check = dofile "tests/lua/check.lua"
local eq, run = check.eq, check.run
local max, min, inf, nan = math.maxinteger, math.mininteger, math.huge, 0/0

-- every expression is tried twice: folded by the compiler, and computed with values in variables
local function both(want, left, operator, right)
  eq(run("return " .. left .. operator .. right), want, left .. operator .. right .. " folded")
  eq(run("local a, b = " .. left .. ", " .. right .. " return a " .. operator .. " b"), want, left .. operator .. right)
  eq(run("local a = " .. left .. " return a " .. operator .. right), want, left .. operator .. right .. " constant right")
  eq(run("local b = " .. right .. " return " .. left .. operator .. " b"), want, left .. operator .. right .. " constant left")
end
local function each(operator, cases)
  for i = 1, #cases, 3 do both(cases[i + 2], cases[i], operator, cases[i + 1]) end
end
-- negative operands in parentheses, so that ^ means what it says
each(" + ", {
  "1", "2", 3,  "1", "2.0", 3.0,  "1.5", "2", 3.5,  "0.1", "0.2", 0.1 + 0.2,  "math.maxinteger", "1", min,
  "math.mininteger", "(-1)", max,  "math.maxinteger", "1.0", 2^63,  "'10'", "5", 15,  "5", "'10'", 15,  "'1.5'", "1", 2.5,
  "'0x10'", "1", 17,  "' 7 '", "1", 8,  "math.huge", "(-math.huge)", nan,  "2^53", "1", 2^53,  "(2^53|0)", "1", 9007199254740993,
  "(-0.0)", "0", 0.0,  "(-0.0)", "(-0.0)", -0.0,  "'1e1'", "'1'", 11.0,  "100", "127", 227,  "100", "(-128)", -28,  "5", "1000000", 1000005,
})
each(" - ", {
  "1", "2", -1,  "1", "2.0", -1.0,  "math.mininteger", "1", max,  "math.maxinteger", "(-1)", min,  "0", "math.mininteger", min,
  "0.0", "0", 0.0,  "0", "0.0", 0.0,  "'10'", "'3'", 7,  "1e308", "(-1e308)", inf,  "10", "127", -117,  "10", "128", -118,  "10", "(-127)", 137,
})
each(" * ", {
  "3", "4", 12,  "3", "4.0", 12.0,  "math.maxinteger", "2", -2,  "math.mininteger", "(-1)", min,  "3037000500", "3037000500", -9223372036709301616,
  "0", "(-1)", 0,  "0.0", "(-1)", -0.0,  "1e200", "1e200", inf,  "math.huge", "0", nan,  "'6'", "7", 42,  "(-3)", "7", -21,
})
each(" / ", {
  "1", "2", 0.5,  "4", "2", 2.0,  "1", "0", inf,  "(-1)", "0", -inf,  "0", "0", nan,  "1", "(-0.0)", -inf,  "7", "'2'", 3.5,
  "math.mininteger", "(-1)", 2^63,  "(2^53|0)", "1", 2^53,  "1", "3", 1/3,
})
each(" // ", {
  "7", "2", 3,  "(-7)", "2", -4,  "7", "(-2)", -4,  "(-7)", "(-2)", 3,  "6", "2", 3,  "(-6)", "2", -3,  "7", "2.0", 3.0,  "(-7)", "2.0", -4.0,
  "7.5", "2", 3.0,  "(-7.5)", "2", -4.0,  "1", "0.0", inf,  "(-1)", "0.0", -inf,  "0", "0.0", nan,  "1.0", "0", inf,
  "math.mininteger", "(-1)", min,  "math.maxinteger", "(-1)", -max,  "0", "5", 0,  "0", "(-5)", 0,  "(-0.0)", "5", -0.0,  "5.0", "math.huge", 0.0,
  "(-5.0)", "math.huge", -0.0,  "math.huge", "5", inf,  "1", "math.mininteger", -1,  "math.mininteger", "2", -2^62 | 0,  "'9'", "2", 4,  "3.7", "1", 3.0,
})
each(" % ", {
  "7", "3", 1,  "(-7)", "3", 2,  "7", "(-3)", -2,  "(-7)", "(-3)", -1,  "6", "3", 0,  "(-6)", "3", 0,  "7", "3.0", 1.0,  "(-7)", "3.0", 2.0,
  "5.5", "2", 1.5,  "(-5.5)", "2", 0.5,  "5.5", "(-2)", -0.5,  "(-5.5)", "(-2)", -1.5,  "1", "math.huge", 1.0,  "(-1)", "math.huge", inf,
  "1", "(-math.huge)", -inf,  "(-1)", "(-math.huge)", -1.0,  "1", "0.0", nan,  "math.huge", "2", nan,  "math.mininteger", "(-1)", 0,
  "math.mininteger", "2", 0,  "math.maxinteger", "2", 1,  "math.maxinteger", "math.mininteger", -1,  "math.mininteger", "math.maxinteger", max - 1,
  "0.0", "1", 0.0,  "(-0.0)", "1", -0.0,  "6.0", "(-3)", 0.0,  "(-6.0)", "3", -0.0,  "'10'", "'3'", 1,  "0.3", "0.1", 0.3 % 0.1,
})
each(" ^ ", {
  "2", "10", 1024.0,  "2", "0.5", 2^0.5,  "2", "(-1)", 0.5,  "0", "0", 1.0,  "(-2)", "2", 4.0,  "(-2)", "0.5", nan,  "0", "(-1)", inf,  "'2'", "3", 8.0,
  "math.huge", "0", 1.0,  "10", "2", 100.0,  "1", "math.huge", 1.0,
})
each(" & ", {
  "12", "10", 8,  "(-1)", "255", 255,  "2.0", "3", 2,  "math.mininteger", "(-1)", min,
  "-2^63", "(-1)", min,  "1", "0", 0,  "(2^53)", "(2^53)", 2^53 | 0,
})
each(" | ", {"12", "10", 14,  "(-1)", "0", -1,  "2.0", "1", 3,   "0", "0", 0,  "math.mininteger", "1", min + 1})
each(" ~ ", {"12", "10", 6,  "(-1)", "0", -1,  "(-1)", "(-1)", 0,  "2.0", "3", 1,  "7.0", "1", 6})
each(" << ", {
  "1", "0", 1,  "1", "1", 2,  "1", "63", min,  "1", "64", 0,  "1", "65", 0,  "1", "1000", 0,  "(-1)", "1", -2,  "(-1)", "63", min,  "2", "(-1)", 1,  "(-1)", "(-1)", max,
  "1", "(-64)", 0,  "1", "math.maxinteger", 0,  "1", "math.mininteger", 0,  "1.0", "2", 4,   "(-1)", "(-63)", 1,  "3", "(-1)", 1,
})
each(" >> ", {
  "1", "0", 1,  "256", "4", 16,  "(-1)", "1", max,  "(-1)", "63", 1,  "(-1)", "64", 0,  "(-1)", "65", 0,  "1", "(-1)", 2,  "1", "(-63)", min,  "1", "(-64)", 0,
  "math.mininteger", "63", 1,  "(-1)", "math.mininteger", 0,  "(-1)", "math.maxinteger", 0,   "7.0", "1", 3,
})
local function unary(want, operator, operand)
  eq(run("return " .. operator .. operand), want, operator .. operand)
  eq(run("local a = " .. operand .. " return " .. operator .. "a"), want, operator .. operand)
end
unary(-5, "-", "5"); unary(5, "-", "(-5)"); unary(-1.5, "-", "1.5"); unary(-0.0, "-", "0.0"); unary(0, "-", "0"); unary(min, "-", "math.mininteger")
unary(-10, "-", "'10'"); unary(-1.5, "-", "'1.5'"); unary(-inf, "-", "math.huge"); unary(nan, "-", "(0/0)"); unary(-16, "-", "'0x10'")
unary(-1, "~", "0"); unary(0, "~", "(-1)"); unary(max, "~", "math.mininteger"); unary(-3, "~", "2.0"); 

-- division by zero
for _, code in ipairs {"return 1 // 0", "local a, b = 1, 0 return a // b", "local a = 5 return a // 0", "local b = 0 return 1 // b"} do
  check.raises("c:1: attempt to divide by zero", code)
end
for _, code in ipairs {"return 1 % 0", "local a, b = 1, 0 return a % b", "local a = 5 return a % 0", "return math.mininteger % 0"} do
  check.raises("c:1: attempt to perform 'n%0'", code)
end

-- bitwise operators want integers
-- strings are not converted for them, even those that are numerals
check.raises("c:1: attempt to perform bitwise operation on a string value (constant '3')", "return '3' & 1")
check.raises("c:1: attempt to perform bitwise operation on a string value (local 'a')", "local a = '3' return 1 << a")
check.raises("c:1: attempt to perform bitwise operation on a string value (local 'a')", "local a = '3' return ~a")
check.raises("c:1: number has no integer representation", "return 1 & 1.5")
check.raises("c:1: number has no integer representation", "return 2^63 | 0")
check.raises("c:1: number has no integer representation", "return ~(0/0)")
check.raises("c:1: number (field 'huge') has no integer representation", "return 1 << math.huge")
check.raises("c:1: number (local 'a') has no integer representation", "local a = 1.5 return a | 1")
check.raises("c:1: attempt to perform bitwise operation on a nil value (local 'a')", "local a return a | 1")
check.raises("c:1: attempt to perform bitwise operation on a nil value (global 'x')", "return 1 ~ x")

-- string to number: the whole string must be a numeral, blanks around it are allowed
for text, value in pairs {["10"] = 10, [" 10"] = 10, ["10 "] = 10, ["\t\n\v\f\r 10\n"] = 10, ["0x1F"] = 31, ["-3"] = -3, ["+3"] = 3,
    ["-0x10"] = -16, ["1e2"] = 100.0, ["-.5"] = -0.5, ["5."] = 5.0, ["0x.8p1"] = 1.0, ["9223372036854775807"] = max,
    ["9223372036854775808"] = 2^63, ["-9223372036854775808"] = min, ["-9223372036854775809"] = -2^63, ["0xffffffffffffffffff"] = -1,
    ["1e400"] = inf, ["-0"] = 0, ["-0.0"] = -0.0, ["0x1p-2"] = 0.25, ["00012"] = 12} do
  eq(text + 0 == value, true, text); eq(tonumber(text), value, text)
end
eq(math.type("10" + 0), "integer"); eq(math.type("10.0" + 0), "float"); eq(math.type("1e1" * 1), "float")
for _, text in ipairs {"", " ", "a", "1a", "1 2", "0x", "1e", "1e+", "--1", "- 1", "+-1", "1.2.3", ".", "0xg", "1_000", "inf", "nan", "infinity",
    "0x1p", "1\0", "\0001", "1,5", "$1", "e1", "0b1", "1f", "0x1.8.1", "1e1e1", "1e1.0", "0x-1"} do
  eq(tonumber(text), nil, ("%q"):format(text))
  check.fails("attempt to", function() return -text end)
end
check.raises("c:1: attempt to add a 'string' with a 'number'", "local a = 'x' return a + 1")
check.raises("c:1: attempt to add a 'string' with a 'number'", "return 'x' + 1")
check.raises("c:1: attempt to unm a 'string' with a 'string'", "return -'x'")
check.raises("c:1: attempt to mul a 'string' with a 'nil'", "local a = nil return 'x' * a")

-- number to string
eq(1 .. "", "1"); eq(1.0 .. "", "1.0"); eq(-0.0 .. "", "-0.0"); eq(1e15 .. "", "1e+15"); eq(1e14 .. "", "1e+14"); eq(123456.75 .. "", "123456.75")
eq(2^63 .. "", "9.2233720368548e+18"); eq(0.1 .. "", "0.1"); eq(3.14159265358979 .. "", "3.1415926535898"); eq(1e100 .. "", "1e+100")
eq(-1 .. "", "-1"); eq(min .. "", "-9223372036854775808"); eq(inf .. "", "inf"); eq(-inf .. "", "-inf"); eq(1e-5 .. "", "1e-05"); eq(100 // 1.0 .. "", "100.0")
eq(12345678901234567890 .. "", "1.2345678901235e+19"); eq(1/3 .. "", "0.33333333333333"); eq(5e-324 .. "", "4.9406564584125e-324")

-- float to integer where an integer is needed
eq(("x"):rep(2.0), "xx"); eq(string.char(65.0), "A"); eq(("abc"):sub(2.0, 3.0), "bc"); eq(({10, 20})[2.0], 20); eq(select(2.0, "a", "b"), "b")
check.fails("number has no integer representation", string.rep, "x", 1.5)
check.fails("number has no integer representation", string.char, 65.5)
eq(math.tointeger(3.0), 3); eq(math.tointeger(3.5), nil); eq(math.tointeger(2^63), nil); eq(math.tointeger(-2^63), min)
eq(3 | 0.0, 3); eq(-2^63 | 0, min)

-- results do not depend on what the types were before in the same instruction
local function add(a, b) return a + b end
local function lt(a, b) return a < b end
for _ = 1, 3 do
  eq(add(1, 2), 3); eq(add(1.5, 2), 3.5); eq(add(1, 2.0), 3.0); eq(add("1", 2), 3); eq(add(max, 1), min)
  eq(lt(1, 2), true); eq(lt(1, 1.5), true); eq(lt("a", "b"), true); eq(lt(2.5, 2), false)
end
-- many operands
eq(1 + 2 * 3 - 4 / 2 + 5 // 2 + 7 % 4 + 2 ^ 3, 1 + 6 - 2.0 + 2 + 3 + 8.0)
local sum = 0
for i = 1, 100 do sum = sum + i * i - i // 2 + i % 7 end
eq(sum, 338350 - 2500 + 297)
