-- string.format (manual 6.4).

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

local format = string.format

-- text and %%
is("")(format(""))
is("plain")(format("plain"))
is("100%")(format("100%%"))
is("%d")(format("%%d"))
is("a\0b 1")(format("a\0b %d", 1))
is("12")(format(12))

-- integers
is("42")(format("%d", 42))
is("42")(format("%i", 42))
is("-42")(format("%d", -42))
is("0")(format("%d", 0))
is("9223372036854775807")(format("%d", math.maxinteger))
is("-9223372036854775808")(format("%d", math.mininteger))
is("3")(format("%d", 3.0))
is("10")(format("%d", "10"))
is("16")(format("%d", "0x10"))
is("   42")(format("%5d", 42))
is("42   ")(format("%-5d", 42))
is("00042")(format("%05d", 42))
is("+42")(format("%+d", 42))
is(" 42")(format("% d", 42))
is("  042")(format("%5.3d", 42))
is("")(format("%.0d", 0))
is(("0"):rep(97) .. "42")(format("%.99d", 42))
is((" "):rep(97) .. "42")(format("%99d", 42))
is("ff")(format("%x", 255))
is("FF")(format("%X", 255))
is("0xff")(format("%#x", 255))
is("0x00ff")(format("%#06x", 255))
is("377")(format("%o", 255))
is("0377")(format("%#o", 255))
is("ffffffffffffffff")(format("%x", -1))
is("1777777777777777777777")(format("%o", -1))
is("18446744073709551615")(format("%u", -1))
for i = -300, 300, 7 do is(tostring(i))(format("%d", i)) end
for bits = 0, 62 do
    is(tostring(1 << bits))(format("%d", 1 << bits))
    is(1 << bits)(tonumber(format("0x%x", 1 << bits)))
end

-- characters
is("A")(format("%c", 65))
is("\0")(format("%c", 0))
is("\xff")(format("%c", 255))
is("    A|A    ")(format("%5c|%-5c", 65, 65))

-- floats
is("3.140000")(format("%f", 3.14))
is("3.1")(format("%.1f", 3.14))
is("  3.14")(format("%6.2f", 3.14))
is("3.14  |")(format("%-6.2f|", 3.14))
is("+3.14")(format("%+.2f", 3.14))
is("0003.1")(format("%06.1f", 3.14))
is("3")(format("%.0f", 3.14))
is("3.")(format("%#.0f", 3.14))
is("1.000000")(format("%f", 1))
is("1.500000e+10")(format("%e", 1.5e10))
is("1.5E+10")(format("%.1E", 1.5e10))
is("1.5e+10")(format("%g", 1.5e10))
is("100000")(format("%g", 1e5))
is("1e+15")(format("%.14g", 1e15))
is("1E+20")(format("%G", 1e20))
is("0x1.8p+0")(format("%a", 1.5))
is("0X1.8P+0")(format("%A", 1.5))
is("0x1.800p+0")(format("%.3a", 1.5))
is("inf -inf")(format("%f %f", math.huge, -math.huge))
is("INF")(format("%G", math.huge))
is("-0.0")(format("%.1f", -0.0))
is(1 + 309 + 1 + 99)(#format("%.99f", -1.7976931348623157e308))
is(0.1)(tonumber(format("%.17g", 0.1)))
is("0.5")(format("%g", "0.5"))

-- strings
is("hello")(format("%s", "hello"))
is("a\0b")(format("%s", "a\0b"))
is("     hello|hello     ")(format("%10s|%-10s", "hello", "hello"))
is("hel")(format("%.3s", "hello"))
is("")(format("%.0s", "hello"))
is("  hel")(format("%5.3s", "hello"))
is("nil true false 1 1.5")(format("%s %s %s %s %s", nil, true, false, 1, 1.5))
is("-0.0 1e+15 1e+100")(format("%s %s %s", -0.0, 1e15, 1e100))
do
    local long = ("x"):rep(150)
    is(long)(format("%5s", long))
    is(long)(format("%-99s", long))
    is(("x"):rep(99))(format("%.99s", long))
    is(long .. long)(format("%s%s", long, long))
    is(3000)(#format(("%s"):rep(20), table.unpack((function()
        local list = {}
        for i = 1, 20 do list[i] = long end
        return list
    end)())))
end
do  -- __tostring and __name
    local point = setmetatable({}, {__tostring = function() return "point" end})
    is("point")(format("%s", point))
    is("     point")(format("%10s", point))
    is("poi")(format("%.3s", point))
    local named = setmetatable({}, {__name = "My.Type"})
    is("My.Type: ")(format("%s", named):match("^My.Type: "))
    fails("'__tostring' must return a string", format, "%s",
          setmetatable({}, {__tostring = function() return {} end}))
    is("7")(format("%s", setmetatable({}, {__tostring = function() return 7 end})))
end
fails("bad argument #2 to 'format' (string contains zeros)",
      function() string.format("%10s", "a\0b") end)

-- pointers
is("(null)")(format("%p", 1))
is("(null)")(format("%p", nil))
is("    (null)")(format("%10p", true))
is("(null)    |")(format("%-10p|", 1.5))
do
    local a, b = {}, {}
    is(true)(format("%p", a) == format("%p", a))
    is(false)(format("%p", a) == format("%p", b))
    is(true)(format("%p", print) == tostring(print):match("0x%x+"))
    is(true)(format("%p", a) == tostring(a):match("0x%x+"))
    is(40)(#format("%40p", a))
    is(true)(format("%p", "short") == format("%p", "sho" .. "rt"))
end

-- %q reads back as the same value
local function read_back(value)
    local text = format("%q", value)
    local got = assert(load("return " .. text))()
    is(value)(got)
    return text
end
is([["plain"]])(read_back("plain"))
is('"a\\\nb"')(read_back("a\nb"))
is('"\\"\\\\"')(read_back('"\\'))
is([["\0"]])(read_back("\0"))
is([["\0001"]])(read_back("\0001"))
is('"\\0a\\13"')(read_back("\0a\r"))
is('"\\0132"')(read_back("\r2"))
is('"\\9\\127"')(read_back("\t\127"))
is('"\xe9\xff"')(read_back("\xe9\xff"))
do
    local bytes = {}
    for i = 0, 255 do bytes[#bytes + 1] = string.char(i) .. "1" .. string.char(i) end
    read_back(table.concat(bytes))
end
is("0")(read_back(0))
is("-7")(read_back(-7))
is("0x8000000000000000")(read_back(math.mininteger))
is("9223372036854775807")(read_back(math.maxinteger))
is("0x1p+0")(read_back(1.0))
is("-0x0p+0")(read_back(-0.0))
is("1e9999")(read_back(math.huge))
is("-1e9999")(read_back(-math.huge))
is("(0/0)")(read_back(0/0))
is("0x1.999999999999ap-4")(read_back(0.1))
read_back(5e-324)
read_back(1.7976931348623157e308)
is("nil")(read_back(nil))
is("true")(read_back(true))
is("false")(read_back(false))
fails("bad argument #2 to 'format' (value has no literal form)",
      function() string.format("%q", {}) end)
fails("bad argument #2 to 'format' (value has no literal form)",
      function() string.format("%q", print) end)
fails("specifier '%q' cannot have modifiers", format, "%10q", "x")

-- what may not be written
local function invalid(spec, value)
    fails("invalid conversion specification: '" .. spec .. "'", format, spec, value or 1)
end
for _, spec in ipairs{"%100d", "%.100d", "%1.100d", "%#d", "%#i", "%+x", "% x", "%+u", "%#u",
                      "%010c", "%.10c", "%#c", "%3.1p", "%05p", "%05s", "%+s", "%0.s", "%0.3s",
                      "%100s", "%.100s", "%.100f", "%100f", "%123a", "%1-d", "%..1d"} do
    invalid(spec)
end
fails("invalid conversion '%y' to 'format'", format, "%y", 1)
fails("invalid conversion '%5y' to 'format'", format, "%5y", 1)
fails("invalid conversion '%F' to 'format'", format, "%F", 1)
fails("invalid conversion '%' to 'format'", format, "%", 1)
fails("invalid conversion '%-' to 'format'", format, "x%-", 1)
fails("invalid conversion '%l' to 'format'", format, "%ld", 1)
fails("invalid conversion '%n' to 'format'", format, "%n", 1)
fails("invalid conversion '%*' to 'format'", format, "%*d", 1, 1)
fails("invalid format (too long)", format, "%" .. ("0"):rep(30) .. "d", 1)
is("1")(format("%" .. ("-"):rep(20) .. "d", 1))

-- arguments
fails("bad argument #2 to 'format' (no value)", function() string.format("%d") end)
fails("bad argument #3 to 'format' (no value)", function() string.format("%d %s", 1) end)
fails("bad argument #2 to 'format' (number expected, got string)",
      function() string.format("%d", "x") end)
fails("bad argument #2 to 'format' (number expected, got nil)",
      function() string.format("%f", nil) end)
fails("bad argument #2 to 'format' (number has no integer representation)",
      function() string.format("%d", 1.5) end)
fails("bad argument #2 to 'format' (number has no integer representation)",
      function() string.format("%x", "1.5") end)
fails("bad argument #1 to 'format' (number has no integer representation)",
      function() ("%d"):format(2^63) end)
fails("bad argument #1 to 'format' (string expected, got no value)",
      function() string.format() end)
is("x")(format("x", 1, 2, 3))
is(("1,"):rep(200))(format(("%d,"):rep(200), table.unpack((function()
    local list = {}
    for i = 1, 200 do list[i] = 1 end
    return list
end)())))
