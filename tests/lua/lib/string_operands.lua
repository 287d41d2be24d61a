-- Strings as operands: coercion, the string metatable (manual 3.4.3, 6.4).

local function show(...)
    local parts = table.pack(...)
    for i = 1, parts.n do
        local value = parts[i]
        if type(value) == "string" then
            local text = #value <= 80 and value or value:sub(1, 40) .. "..." .. value:sub(-40)
            value = string.format("%q (%d bytes)", text, #value):gsub("\n", "n")
        end
        parts[i] = tostring(value)
    end
    return table.concat(parts, ", ", 1, parts.n)
end

-- is(expected ...)(got ...): the same number of values, equal and of equal number type.
local function is(...)
    local want = table.pack(...)
    return function(...)
        local same = select("#", ...) == want.n
        for i = 1, want.n do
            local value = select(i, ...)
            if not rawequal(value, want[i]) or math.type(value) ~= math.type(want[i]) then
                same = same and value ~= value and want[i] ~= want[i]
            end
        end
        if not same then
            error("expected " .. show(table.unpack(want, 1, want.n)) .. "; got " .. show(...), 2)
        end
    end
end

-- fails(message, function, ...): raises an error whose text ends with the message.
local function fails(message, action, ...)
    local ok, got = pcall(action, ...)
    if ok or type(got) ~= "string" or got:sub(-#message) ~= message then
        error("expected an error ending with " .. show(message) .. "; got " .. show(ok, got), 2)
    end
end

-- The metatable: one for all strings, __index is the library.
local meta = getmetatable("")
is(true)(meta == getmetatable("any other"))
is(true)(meta.__index == string)
is(nil)(meta.__name)
is(3)(("abc"):len())
is(nil)(("abc").missing)

-- numeric strings keep their number type
is(11)("10" + 1)
is(11)(1 + "10")
is(11.0)("10.0" + 1)
is(7)("10" - "3")
is(30)("10" * 3)
is(5.0)("10" / 2)
is(3)("10" // 3)
is(3.0)("10" // 3.0)
is(1)("10" % 3)
is(-2)("10" % -3)
is(100.0)("10" ^ 2)
is(-10)(-"10")
is(-2.5)(- "2.5")
is(26)("0x10" + "0xa")
is(1.5)("0x1.8" + 0)
is(12)("  10  " + 2)
is(1000.0)("1e3" + 0)
is(math.mininteger)("9223372036854775807" + 1)
is(9.2233720368547758e18)("9223372036854775808" + 0)
is(0x7fffffffffffffff)("0x7fffffffffffffff" + 0)
is(-1)("0xffffffffffffffff" + 0)

-- strings that are no numbers
local function binary(op, a, b)
    return load("local a, b = ...; return a " .. op .. " b", "=op")(a, b)
end
local events = {["+"] = "add", ["-"] = "sub", ["*"] = "mul", ["/"] = "div", ["//"] = "idiv",
                ["%"] = "mod", ["^"] = "pow"}
for op, event in pairs(events) do
    fails("attempt to " .. event .. " a 'string' with a 'number'", binary, op, "abc", 1)
    fails("attempt to " .. event .. " a 'number' with a 'string'", binary, op, 1, "abc")
    fails("attempt to " .. event .. " a 'string' with a 'string'", binary, op, "10", "")
    fails("attempt to " .. event .. " a 'string' with a 'nil'", binary, op, "10", nil)
    fails("attempt to " .. event .. " a 'table' with a 'string'", binary, op, {}, "10")
    fails("attempt to " .. event .. " a 'string' with a 'table'", binary, op, "10", {})
    fails("attempt to " .. event .. " a 'string' with a 'number'", binary, op, "1\0", 1)
    fails("attempt to " .. event .. " a 'string' with a 'number'", binary, op, "1 2", 1)
end
fails("attempt to unm a 'string' with a 'string'", function() return -"x" end)
fails("attempt to divide by zero", function() return "1" // 0 end)
fails("attempt to perform 'n%0'", function() return "1" % 0 end)
is(1 / 0)("1" // 0.0)

-- The other operand's metamethod gets its turn, in the order of the operands.
local record = setmetatable({}, {
    __add = function(a, b) return type(a) .. "+" .. type(b) end,
    __unm = function() return "minus" end,
})
is("string+table")("10" + record)
is("string+table")("abc" + record)
is("table+string")(record + "10")
is("minus")(-record)
fails("attempt to mul a 'string' with a 'table'", function() return "10" * record end)

-- Bitwise operators do not coerce strings, unless a metamethod says so.
fails("attempt to perform bitwise operation on a string value (constant '10')",
      function() return "10" | 1 end)
fails("attempt to perform bitwise operation on a string value (constant '10')",
      function() return ~"10" end)
meta.__bor = function(a, b) return math.tointeger(a) | math.tointeger(b) end
is(11)("10" | 1)
is(11)(1 | "10")
meta.__bor = nil

-- Concatenation and comparison
is("1" .. "2")(1 .. 2)
is("1.5x")(1.5 .. "x")
is("-0.0")(-0.0 .. "")
is(false)("10" == 10)
is(true)("a" < "b")
is(true)("a" < "a\0")
is(true)("a\0a" < "a\0b")
is(true)("" < "a")
is(false)("Z" > "a")
is(true)("10" < "9")
fails("attempt to compare number with string", function() return 1 < "2" end)

-- Removing a metamethod removes the coercion; tostring and # are not affected by __index.
local add = meta.__add
meta.__add = nil
fails("attempt to perform arithmetic on a string value (constant '10')",
      function() return "10" + 1 end)
meta.__add = add
is(11)("10" + 1)
