-- string.byte, char, len, sub, rep, reverse, lower, upper (manual 6.4).
-- stress: 5

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

-- len
is(0)((""):len())
is(3)(("a\0b"):len())
is(2)(string.len(42))
is(3)(string.len(1.5))
fails("bad argument #1 to 'len' (string expected, got no value)", function() string.len() end)
fails("bad argument #1 to 'len' (string expected, got table)", function() string.len({}) end)

-- sub: every pair of positions against a definition by single bytes
local text = "abcdef"
local function slice(from, to)
    if from < 0 then from = math.max(#text + from + 1, 1) elseif from == 0 then from = 1 end
    if to < 0 then to = #text + to + 1 elseif to > #text then to = #text end
    local out = ""
    for i = from, to do out = out .. string.char(text:byte(i)) end
    return out
end
for from = -8, 8 do
    is(slice(from, -1))(text:sub(from))
    for to = -8, 8 do
        is(slice(from, to))(text:sub(from, to))
    end
end
is("")(text:sub(math.maxinteger))
is("abcdef")(text:sub(math.mininteger, math.maxinteger))
is("")(text:sub(math.maxinteger, math.mininteger))
is("")(text:sub(math.mininteger, math.mininteger))
is("23")(string.sub(12345, 2, 3))
is("12345")(string.sub(12345, 1))
is("bc")(text:sub("2", 3.0))
fails("bad argument #2 to 'sub' (number expected, got no value)", function() string.sub("x") end)
fails("bad argument #1 to 'sub' (number has no integer representation)",
      function() text:sub(1.5) end)
fails("bad argument #2 to 'sub' (number has no integer representation)",
      function() string.sub(text, 2^63) end)
fails("calling 'sub' on bad self (string expected, got table)",
      function() setmetatable({}, {__index = string}):sub(1) end)

-- byte
is(97)(("abc"):byte())
is(98)(("abc"):byte(2))
is(99)(("abc"):byte(-1))
is(97, 98, 99)(("abc"):byte(1, -1))
is()(("abc"):byte(0))
is()(("abc"):byte(4))
is()(("abc"):byte(-4))
is(97)(("abc"):byte(-10, 1))
is(97, 98, 99)(("abc"):byte(0, 100))
is()((""):byte())
is(0, 255, 128)(("\0\xff\x80"):byte(1, 3))
is(0)(("a\0"):byte(2))
is()(("abc"):byte(3, 2))
is()(("abc"):byte(math.maxinteger, math.maxinteger))
is(97, 98, 99)(("abc"):byte(math.mininteger, math.maxinteger))
fails("stack overflow (string slice too long)",
      function() return ("x"):rep(2000000):byte(1, -1) end)

-- char
is("")(string.char())
is("abc")(string.char(97, 98, 99))
is("\0\xff")(string.char(0, 255))
is("A")(string.char("65"))
is("A")(string.char(65.0))
local codes = {}
for i = 0, 255 do codes[#codes + 1] = i end
local all = string.char(table.unpack(codes))
is(256)(#all)
for i = 0, 255 do is(i)(all:byte(i + 1)) end
fails("bad argument #1 to 'char' (value out of range)", function() string.char(256) end)
fails("bad argument #2 to 'char' (value out of range)", function() string.char(1, -1) end)
fails("bad argument #1 to 'char' (value out of range)",
      function() string.char(math.maxinteger) end)
fails("bad argument #2 to 'char' (number expected, got nil)", function() string.char(1, nil) end)

-- rep
is("")(("ab"):rep(0))
is("")(("ab"):rep(-1))
is("")(("ab"):rep(math.mininteger))
is("ab")(("ab"):rep(1))
is("ab")(("ab"):rep(1, "--"))
is("ababab")(("ab"):rep(3))
is("ab-ab-ab")(("ab"):rep(3, "-"))
is("ab, ab")(("ab"):rep(2, ", "))
is("---")((""):rep(4, "-"))
is("-+-+-+")((""):rep(4, "-+"))
is("")((""):rep(1000))
is("")((""):rep(1 << 30))
is("\0\0\0")(("\0"):rep(3))
is("1212")(string.rep(12, 2))
for count = 1, 40 do
    for _, unit in ipairs{"x", "xy", "abc"} do
        for _, separator in ipairs{"", "-", "..."} do
            local list = {}
            for i = 1, count do list[i] = unit end
            is(table.concat(list, separator))(unit:rep(count, separator))
        end
    end
end
is(300000)(#("abc"):rep(100000))
fails("resulting string too large", function() ("x"):rep(1 << 40) end)
fails("resulting string too large", function() ("x"):rep(math.maxinteger) end)
fails("resulting string too large", function() ("xy"):rep(math.maxinteger // 2 + 1) end)
fails("resulting string too large", function() ("x"):rep(1 << 30, "y") end)
fails("resulting string too large", function() (""):rep(math.maxinteger, "ab") end)
fails("bad argument #1 to 'rep' (number expected, got no value)", function() ("x"):rep() end)
fails("bad argument #3 to 'rep' (string expected, got table)",
      function() string.rep("x", 1, {}) end)

-- reverse, lower, upper
is("")((""):reverse())
is("cba")(("abc"):reverse())
is("\0ba")(("ab\0"):reverse())
is("321")(string.reverse(123))
local long = {}
for i = 1, 3000 do long[i] = string.char(i % 251) end
long = table.concat(long)
local back = long:reverse()
for i = 1, #long, 97 do is(long:byte(i))(back:byte(#long - i + 1)) end
is(long)(back:reverse())
is("hello, world 1\0")(("Hello, WORLD 1\0"):lower())
is("HELLO, WORLD 1\0")(("Hello, world 1\0"):upper())
for i = 0, 255 do
    local byte = string.char(i)
    local is_upper = i >= 65 and i <= 90
    local is_lower = i >= 97 and i <= 122
    is(is_upper and string.char(i + 32) or byte)(byte:lower())
    is(is_lower and string.char(i - 32) or byte)(byte:upper())
end
is(3000)(#long:upper())

-- arguments that are numbers stay numbers for the caller
local number = 10
is("01")(string.reverse(number))
is("integer")(math.type(number))

-- what the library contains, and nothing else
local names = {}
for name in pairs(string) do names[#names + 1] = name end
table.sort(names)
is("byte char dump find format gmatch gsub len lower match pack packsize rep reverse sub unpack "
   .. "upper")(table.concat(names, " "))
