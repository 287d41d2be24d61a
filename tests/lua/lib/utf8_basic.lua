-- The utf8 library (manual 6.5).

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

-- code points around every border of the encoding, with their bytes
local known = {
    [0] = "\0", [1] = "\1", [0x41] = "A", [0x7F] = "\x7F",
    [0x80] = "\xC2\x80", [0xE9] = "\xC3\xA9", [0x7FF] = "\xDF\xBF",
    [0x800] = "\xE0\xA0\x80", [0x3042] = "\xE3\x81\x82", [0xD7FF] = "\xED\x9F\xBF",
    [0xE000] = "\xEE\x80\x80", [0xFFFD] = "\xEF\xBF\xBD", [0xFFFF] = "\xEF\xBF\xBF",
    [0x10000] = "\xF0\x90\x80\x80", [0x1F600] = "\xF0\x9F\x98\x80", [0x10FFFF] = "\xF4\x8F\xBF\xBF",
}
local lax_only = {
    [0xD800] = "\xED\xA0\x80", [0xDFFF] = "\xED\xBF\xBF", [0x110000] = "\xF4\x90\x80\x80",
    [0x1FFFFF] = "\xF7\xBF\xBF\xBF", [0x200000] = "\xF8\x88\x80\x80\x80",
    [0x3FFFFFF] = "\xFB\xBF\xBF\xBF\xBF", [0x4000000] = "\xFC\x84\x80\x80\x80\x80",
    [0x7FFFFFFF] = "\xFD\xBF\xBF\xBF\xBF\xBF",
}
for code, bytes in pairs(known) do
    is(bytes)(utf8.char(code))
    is(code)(utf8.codepoint(bytes))
    is(code)(utf8.codepoint(bytes, 1, 1, true))
    is(1)(utf8.len(bytes))
    is(1)(utf8.len(bytes, 1, -1, true))
    is(1, #bytes)(bytes:find("^" .. utf8.charpattern .. "$"))
    is(#bytes + 1)(utf8.offset(bytes, 2))
    for at, got in utf8.codes(bytes) do is(1, code)(at, got) end
end
for code, bytes in pairs(lax_only) do
    is(bytes)(utf8.char(code))
    is(code)(utf8.codepoint(bytes, 1, 1, true))
    is(1)(utf8.len(bytes, 1, -1, true))
    is(nil, 1)(utf8.len(bytes))
    fails("invalid UTF-8 code", utf8.codepoint, bytes)
    fails("invalid UTF-8 code", function() for _ in utf8.codes(bytes) do end end)
    for at, got in utf8.codes(bytes, true) do is(1, code)(at, got) end
end

-- every length of sequence there and back
do
    local code, count = 1, 0
    while code < 0x80000000 do
        for delta = -1, 1 do
            local bytes = utf8.char(code + delta)
            is(code + delta)(utf8.codepoint(bytes, 1, 1, true))
        end
        code, count = code * 2, count + 1
    end
    is(31)(count)
end

-- malformed in either mode
for _, bytes in ipairs{"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3a", "\xE0\x80\x80",
                       "\xE0\x9F\xBF", "\xE3\x81", "\xE3\x81a", "\xF0\x80\x80\x80",
                       "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF8\x80\x80\x80\x80",
                       "\xF8\x87\xBF\xBF\xBF", "\xFC\x80\x80\x80\x80\x80",
                       "\xFC\x83\xBF\xBF\xBF\xBF", "\xFE", "\xFF",
                       "\xFE\x80\x80\x80\x80\x80\x80"} do
    for _, lax in ipairs{false, true} do
        is(nil, 1)(utf8.len(bytes, 1, -1, lax))
        is(nil, 4)(utf8.len("abc" .. bytes .. "d", 1, -1, lax))
        fails("invalid UTF-8 code", utf8.codepoint, bytes, 1, 1, lax)
        if bytes:byte() >= 0xC0 then -- stray continuation bytes: see utf8_codes.lua
            fails("invalid UTF-8 code", function()
                for _ in utf8.codes("a" .. bytes, lax) do end
            end)
        end
    end
end

-- char
is("")(utf8.char())
is("a\u{E9}\u{3042}\u{1F600}")(utf8.char(0x61, 0xE9, 0x3042, 0x1F600))
is("A")(utf8.char("65"))
is(2000)(#utf8.char(table.unpack((function()
    local list = {}
    for i = 1, 1000 do list[i] = 0xE9 end
    return list
end)())))
fails("bad argument #1 to 'char' (value out of range)", function() utf8.char(-1) end)
fails("bad argument #2 to 'char' (value out of range)", function() utf8.char(1, 0x80000000) end)
fails("bad argument #1 to 'char' (number expected, got string)", function() utf8.char("x") end)

local text = "a\u{E9}\u{3042}\u{1F600}z" -- at 1, 2, 4, 7, 11

-- len
is(5)(utf8.len(text))
is(0)(utf8.len(""))
is(4)(utf8.len(text, 2))
is(1)(utf8.len(text, -1))
is(2)(utf8.len(text, 2, 4))
is(2)(utf8.len(text, 2, 6))
is(0)(utf8.len(text, 4, 3))
is(0)(utf8.len(text, 12))
is(3)(utf8.len(text, 1, -6))
is(nil, 3)(utf8.len(text, 3))
is(nil, 3)(utf8.len("ab\xffcd"))
is(2)(utf8.len("ab\xffcd", 1, 2))
is(0)(utf8.len("abc", 1, 0))
is(0)(utf8.len("abc", 1, -10))
fails("bad argument #2 to 'len' (initial position out of bounds)",
      function() utf8.len("abc", 0) end)
fails("bad argument #2 to 'len' (initial position out of bounds)",
      function() utf8.len("abc", 5) end)
fails("bad argument #2 to 'len' (initial position out of bounds)",
      function() utf8.len("abc", -4) end)
fails("bad argument #3 to 'len' (final position out of bounds)",
      function() utf8.len("abc", 1, 4) end)

-- codepoint
is(0x61)(utf8.codepoint(text))
is(0x61, 0xE9, 0x3042, 0x1F600, 0x7A)(utf8.codepoint(text, 1, -1))
is(0xE9, 0x3042)(utf8.codepoint(text, 2, 5))
is(0x7A)(utf8.codepoint(text, -1))
is()(utf8.codepoint(text, 4, 3))
is()(utf8.codepoint("", 1, 0))
fails("bad argument #2 to 'codepoint' (out of bounds)", function() utf8.codepoint("abc", 0) end)
fails("bad argument #3 to 'codepoint' (out of bounds)", function() utf8.codepoint("abc", 4) end)
fails("bad argument #3 to 'codepoint' (out of bounds)", function() utf8.codepoint("") end)
fails("bad argument #3 to 'codepoint' (out of bounds)",
      function() utf8.codepoint("abc", 1, 4) end)
fails("invalid UTF-8 code", utf8.codepoint, text, 3)

-- offset
local starts = {1, 2, 4, 7, 11, 12}
for index, at in ipairs(starts) do
    is(at)(utf8.offset(text, index))
end
for index = 1, 5 do
    is(starts[index])(utf8.offset(text, index - 6))
    is(starts[index])(utf8.offset(text, index - 6, 12))
    is(starts[index + 1])(utf8.offset(text, 2, starts[index]))
    is(starts[index])(utf8.offset(text, -1, starts[index + 1]))
    is(starts[index])(utf8.offset(text, 1, starts[index]))
    for at = starts[index], starts[index + 1] - 1 do
        is(starts[index])(utf8.offset(text, 0, at))
    end
end
is(nil)(utf8.offset(text, 7))
is(nil)(utf8.offset(text, -6))
is(nil)(utf8.offset(text, 100))
is(12)(utf8.offset(text, 0, 12))
is(1)(utf8.offset(text, 0))
is(1)(utf8.offset("", 1))
is(nil)(utf8.offset("", 2))
is(nil)(utf8.offset("", -1))
fails("bad argument #3 to 'offset' (position out of bounds)",
      function() utf8.offset("abc", 1, 5) end)
fails("bad argument #3 to 'offset' (position out of bounds)",
      function() utf8.offset("abc", 1, -4) end)
fails("initial position is a continuation byte", utf8.offset, text, 1, 3)
fails("initial position is a continuation byte", utf8.offset, text, -1, 3)

-- codes
do
    local seen = {}
    for at, code in utf8.codes(text) do seen[#seen + 1] = at .. "=" .. code end
    is("1=97 2=233 4=12354 7=128512 11=122")(table.concat(seen, " "))
    local rebuilt = {}
    for _, code in utf8.codes(text) do rebuilt[#rebuilt + 1] = utf8.char(code) end
    is(text)(table.concat(rebuilt))
    local step, subject, from = utf8.codes("ab")
    is("ab", 0)(subject, from)
    is(1, 97)(step(subject, from))
    is(2, 98)(step(subject, 1))
    is()(step(subject, 2))
    is()(step(subject, 100))
    for _ in utf8.codes("") do error("an empty string has no codes") end
end
fails("invalid UTF-8 code", function() for _ in utf8.codes("ab\xff") do end end)
fails("bad argument #1 to 'codes' (string expected, got table)", function() utf8.codes({}) end)

-- charpattern splits valid text
do
    local list = {}
    for char in text:gmatch(utf8.charpattern) do list[#list + 1] = #char end
    is("1 2 3 4 1")(table.concat(list, " "))
    is("[\0-\x7F\xC2-\xFD][\x80-\xBF]*")(utf8.charpattern)
    is(14)(#utf8.charpattern)
end

-- escapes in source make the same bytes
is("\u{7FFFFFFF}")(utf8.char(0x7FFFFFFF))
is("\u{0}")(utf8.char(0))

-- a long text
do
    local long = ("\u{E9}\u{3042}x"):rep(2000)
    is(6000)(utf8.len(long))
    is(1 + 6 * 1000)(utf8.offset(long, 3001))
    is(#long)(utf8.offset(long, -1))
end
