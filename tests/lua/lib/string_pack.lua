-- string.pack, packsize, unpack (manual 6.4.2).
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

local pack, unpack, packsize = string.pack, string.unpack, string.packsize

-- integers of every width, both orders: against a definition by bytes
local function bytes_of(value, width, little)
    local list = {}
    for i = 1, width do
        list[i] = string.char(value & 255)
        value = value >> 8 | (value < 0 and 255 << 56 or 0)
    end
    local text = table.concat(list)
    return little and text or text:reverse()
end
for width = 1, 16 do
    local top = width < 8 and 1 << (width * 8 - 1) or math.mininteger
    local values = {0, 1, 2, 100, top - 1, -1, -2, width < 8 and -top or top}
    for _, value in ipairs(values) do
        for order, little in pairs{["<"] = true, [">"] = false} do
            local signed = order .. "i" .. width
            is(bytes_of(value, width, little))(pack(signed, value))
            is(value, width + 1)(unpack(signed, bytes_of(value, width, little)))
            is(width)(packsize(signed))
            if value >= 0 then
                local unsigned = order .. "I" .. width
                is(bytes_of(value, width, little))(pack(unsigned, value))
                is(value, width + 1)(unpack(unsigned, bytes_of(value, width, little)))
            end
        end
    end
end
is("\xff")(pack("B", 255))
is("\x80")(pack("b", -128))
is(255, 2)(unpack("B", "\xff"))
is(-1, 2)(unpack("b", "\xff"))
is(("\xff"):rep(8))(pack("J", -1))
is(-1, 9)(unpack("J", ("\xff"):rep(8)))
is("\xff\xff\xff\xff\xff\xff\xff\xff\0\0")(pack("<I10", -1))
is(-1, 11)(unpack("<I10", ("\xff"):rep(8) .. "\0\0"))
is(-1, 11)(unpack("<i10", ("\xff"):rep(10)))
local word = packsize("T") -- the machine's
assert(word == 8 or word == 4)
for _, item in ipairs{{"b", 1}, {"h", 2}, {"i", 4}, {"l", word}, {"j", 8}, {"T", word}, {"f", 4},
                      {"d", 8}, {"n", 8}, {"i3", 3}, {"c7", 7}, {"x", 1}, {"c0", 0}, {"", 0}} do
    is(item[2])(packsize(item[1]))
end

-- what does not fit
for width = 1, 7 do
    local top = 1 << (width * 8 - 1)
    local spec = "i" .. width
    fails("bad argument #2 to 'pack' (integer overflow)", function() string.pack(spec, top) end)
    fails("bad argument #2 to 'pack' (integer overflow)",
          function() string.pack(spec, -top - 1) end)
    fails("bad argument #2 to 'pack' (unsigned overflow)",
          function() string.pack("I" .. width, top * 2) end)
    fails("bad argument #2 to 'pack' (unsigned overflow)",
          function() string.pack("I" .. width, -1) end)
end
fails("9-byte integer does not fit into Lua Integer", unpack, "<i9", ("\0"):rep(8) .. "\1")
fails("16-byte integer does not fit into Lua Integer", unpack, "<I16", ("\xff"):rep(16))
fails("16-byte integer does not fit into Lua Integer", unpack, ">i16",
      ("\0"):rep(8) .. ("\xff"):rep(8))

-- floats
for _, value in ipairs{0.0, -0.0, 1.5, -2.25, math.huge, -math.huge, 1e-300, 3} do
    is(value + 0.0, 9)(unpack("<d", pack("<d", value)))
    is(value + 0.0, 9)(unpack(">n", pack(">n", value)))
    is(pack("<d", value))(pack(">d", value):reverse())
end
is("\0\0\xc0\x3f")(pack("<f", 1.5))
is("\x3f\xc0\0\0")(pack(">f", 1.5))
is(1.5, 5)(unpack("<f", "\0\0\xc0\x3f"))
is("\0\0\0\0\0\0\xf8\x3f")(pack("<d", 1.5))
is(math.huge, 5)(unpack("f", pack("f", 1e300)))
is(true)(unpack("d", pack("d", 0/0)) ~= unpack("d", pack("d", 0/0)))
fails("bad argument #2 to 'pack' (number expected, got string)",
      function() string.pack("d", "x") end)

-- strings
is("\3\0abc")(pack("<s2", "abc"))
is("\3abc\1x")(pack("s1s1", "abc", "x"))
is("abc", "x", 7)(unpack("s1s1", "\3abc\1x"))
is(("\0"):rep(word - 1) .. "\2ab")(pack(">s", "ab"))
is("a\0b\0")(pack("zz", "a", "b"))
is("a", "", "b", 6)(unpack("zzz", "a\0\0b\0z"))
is("ab\0\0")(pack("c4", "ab"))
is("ab\0\0", 5)(unpack("c4", "ab\0\0"))
is("abc", 4)(unpack("c3", "abcd"))
is("", 1)(unpack("c0", "abc"))
is("")(pack("c0", ""))
is("12")(pack("c2", 12))
do
    local long = ("0123456789"):rep(1000)
    is(long, 42, #long + word + 5)(unpack("<s I4", pack("<s I4", long, 42)))
    is(long)((unpack("z", pack("z", long))))
    is(long, #long + 1)(unpack("c" .. #long, long))
    is(long .. ("\0"):rep(5000))(pack("c15000", long))
end
fails("bad argument #2 to 'pack' (string longer than given size)",
      function() string.pack("c2", "abc") end)
fails("bad argument #2 to 'pack' (string contains zeros)", function() string.pack("z", "a\0") end)
fails("bad argument #2 to 'pack' (string length does not fit in given size)",
      function() string.pack("s1", ("x"):rep(256)) end)
is(256)(#pack("s1", ("x"):rep(255)))
fails("bad argument #2 to 'unpack' (data string too short)",
      function() string.unpack("s1", "\3ab") end)
fails("bad argument #2 to 'unpack' (data string too short)",
      function() string.unpack("s", ("\xff"):rep(8) .. "abc") end)
fails("bad argument #2 to 'unpack' (unfinished string for format 'z')",
      function() string.unpack("z", "abc") end)
fails("bad argument #2 to 'unpack' (unfinished string for format 'z')",
      function() string.unpack("z", "") end)

-- padding and alignment
is("\1\0\2")(pack("BxB", 1, 2))
is(1, 2, 4)(unpack("BxB", "\1\xff\2"))
is("\1\0\0\0\2\0\0\0")(pack("<!4 b i4", 1, 2))
is("\1\2\0\0\0")(pack("<b i4", 1, 2))
is("\1\0\2\0\0\0")(pack("<!2 b i4", 1, 2))
is(1, 2, 9)(unpack("<!4 b i4", "\1\0\0\0\2\0\0\0"))
is(16)(packsize("!8 b d"))
is(9)(packsize("! b b b b b b b b b"))
is(16)(packsize("!bd"))
is(12)(packsize("!4 b d"))
is("\1\0\0\0")(pack("!4 b Xi4", 1))
is(8)(packsize("!8 b Xd"))
is(4)(packsize("!4 i4 Xi4"))
is("\1\0\0\0\0\0\0\2ab")(pack(">!4 b s4", 1, "ab"))
is(1, 2, 10)(unpack("<!8 i1 Xi8 b", "\1\0\0\0\0\0\0\0\2"))
is(5, 0x500, 9)(unpack("<!4 b i4", "x\5\5\0\0\5\0\0\0", 2))
fails("bad argument #1 to 'pack' (format asks for alignment not power of 2)",
      function() string.pack("!4 i3", 1) end)
fails("bad argument #1 to 'packsize' (format asks for alignment not power of 2)",
      function() string.packsize("!16 i12") end)
fails("bad argument #1 to 'pack' (invalid next option for option 'X')",
      function() string.pack("X") end)
fails("bad argument #1 to 'pack' (invalid next option for option 'X')",
      function() string.pack("Xz") end)
fails("bad argument #1 to 'pack' (invalid next option for option 'X')",
      function() string.pack("Xc4") end)
fails("bad argument #1 to 'pack' (invalid next option for option 'X')",
      function() string.pack("X i4") end)

-- orders may change along the way
is("\1\0\0\2\3\0")(pack("<i2 >i2 <i2", 1, 2, 3))
is("\1\0\0\2")(pack("<i2>i2", 1, 2))
is(pack("i4", 1))(pack("=i4", 1))
is(true)(pack("i4", 1) == pack("<i4", 1) or pack("i4", 1) == pack(">i4", 1))

-- positions
is(3, 4)(unpack("b", "\1\2\3", 3))
is(3, 4)(unpack("b", "\1\2\3", -1))
is(1, 2)(unpack("b", "\1\2\3", -100))
is(4)(unpack("", "\1\2\3", 4))
is(1)(unpack("", ""))
fails("bad argument #3 to 'unpack' (initial position out of string)",
      function() string.unpack("b", "\1\2\3", 5) end)
fails("bad argument #2 to 'unpack' (data string too short)",
      function() string.unpack("b", "\1\2\3", 4) end)
fails("bad argument #2 to 'unpack' (data string too short)",
      function() string.unpack("c3", "ab") end)
do  -- one value after another
    local data, at, sum = pack((">i2"):rep(50), table.unpack((function()
        local list = {}
        for i = 1, 50 do list[i] = i end
        return list
    end)())), 1, 0
    while at <= #data do
        local value
        value, at = unpack(">i2", data, at)
        sum = sum + value
    end
    is(1275)(sum)
end
is(201)(select("#", unpack(("b"):rep(200), ("x"):rep(200))))

-- formats that are none
fails("invalid format option 'q'", pack, "q")
fails("invalid format option '1'", pack, "b1", 1)
fails("missing size for format option 'c'", pack, "c", "x")
fails("integral size (0) out of limits [1,16]", pack, "i0", 1)
fails("integral size (17) out of limits [1,16]", pack, "I17", 1)
fails("integral size (17) out of limits [1,16]", pack, "!17")
fails("integral size (100) out of limits [1,16]", unpack, "s100", "x")
fails("bad argument #1 to 'packsize' (variable-length format)",
      function() string.packsize("s") end)
fails("bad argument #1 to 'packsize' (variable-length format)",
      function() string.packsize("z") end)
fails("bad argument #1 to 'packsize' (format result too large)",
      function() string.packsize("c1073741824c1073741824") end)
is(2147483647)(packsize("c1073741824c1073741823"))
fails("invalid format option '7'", packsize, "c2147483647")
fails("bad argument #2 to 'pack' (number expected, got nil)", function() string.pack("b") end)
fails("bad argument #2 to 'pack' (number has no integer representation)",
      function() string.pack("b", 1.5) end)
fails("bad argument #3 to 'pack' (string expected, got nil)",
      function() string.pack("bz", 1, nil) end)
fails("bad argument #2 to 'unpack' (string expected, got no value)",
      function() string.unpack("b") end)
