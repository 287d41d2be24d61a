-- string.find, match: patterns (manual 6.4.1).
-- stress: 20

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

-- plain search
is(1, 0)((""):find(""))
is(1, 0)(("abc"):find(""))
is(4, 3)(("abc"):find("", 4))
is(nil)(("abc"):find("", 5))
is(2, 3)(("abcabc"):find("bc"))
is(5, 6)(("abcabc"):find("bc", 3))
is(5, 6)(("abcabc"):find("bc", -2))
is(2, 3)(("abcabc"):find("bc", -100))
is(nil)(("abc"):find("cd"))
is(nil)(("abc"):find("abcd"))
is(nil)((""):find("a"))
is(3, 3)(("a\0b\0"):find("b"))
is(2, 2)(("a\0b\0"):find("\0"))
is(2, 4)(("a\0b\0"):find("\0b\0"))
is(2, 2)(("a.b"):find(".", 2, true))
is(1, 1)(("a.b"):find("."))
is(3, 6)(("a+%d[b"):find("%d[b", 1, true))
is(nil)(("aab"):find("a+", 1, true))
is(nil)(("abc"):find("b", math.maxinteger))
is(2, 2)(("abc"):find("b", math.mininteger))
is(2, 2)(string.find(123, 2))
do  -- long subjects with many false starts
    local hay = ("a"):rep(5000) .. "b" .. ("a"):rep(5000)
    is(4981, 5001)(hay:find(("a"):rep(20) .. "b"))
    is(5001, 5021)(hay:find("b" .. ("a"):rep(20)))
    is(nil)(hay:find(("a"):rep(20) .. "c"))
    is(nil)(hay:find("b" .. ("a"):rep(5001)))
    is(10001, 10001)(hay:find("a", -1))
end

-- single characters
is("a")(("abc"):match("."))
is("%")(("a%b"):match("%%"))
is(".")(("a.b"):match("%."))
is(nil)(("abc"):match("%."))
is("]")(("a]b"):match("]"))
is("-")(("-a"):match("-"))
is("*")(("*a"):match("*"))
is("a^b")(("a^b"):match("a^b"))
is("a$b")(("a$b"):match("a$b"))
is("$")(("a$"):match("$$"))
is("\0")(("a\0b"):match("%z"))
is("a")(("\0a"):match("%Z"))
is("\0b")(("a\0b"):match("\0."))

-- classes against a table of what ASCII says
local function members(pattern)
    local out = {}
    for i = 0, 255 do
        if string.char(i):find("^" .. pattern .. "$") then out[#out + 1] = string.char(i) end
    end
    return table.concat(out)
end
local digits = "0123456789"
local uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
local lowers = "abcdefghijklmnopqrstuvwxyz"
local puncts = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
is(uppers .. lowers)(members("%a"))
is(digits)(members("%d"))
is(lowers)(members("%l"))
is(uppers)(members("%u"))
is(puncts)(members("%p"))
is("\t\n\v\f\r ")(members("%s"))
is(digits .. uppers .. lowers)(members("%w"))
is(digits .. "ABCDEFabcdef")(members("%x"))
is(33)(#members("%c"))
is(94)(#members("%g"))
is(256)(#members("."))
for class in ("acdglpsuwxz"):gmatch(".") do
    local positive, negative = members("%" .. class), members("%" .. class:upper())
    is(256)(#positive + #negative)
    is(positive)(members("[%" .. class .. "]"))
    is(negative)(members("[^%" .. class .. "]"))
    is(negative)(members("[%" .. class:upper() .. "]"))
    is(positive)(members("[^%" .. class:upper() .. "]"))
end

-- sets
is("abc")(members("[abc]"))
is("abc")(members("[a-c]"))
is("-ac")(members("[ac-]"))
is("-ac")(members("[-ac]"))
is("]a")(members("[]a]"))
is(254)(#members("[^]a]"))
is("^a")(members("[a^]"))
is("-az")(members("[a%-z]"))
is("]a")(members("[a%]]"))
is(digits .. "_")(members("[%d_]"))
is("%")(members("[%%]"))
is("-" .. digits .. "a")(members("[%d-a]"))
is("")(members("[z-a]"))
is(256)(#members("[^z-a]"))
is(256)(#members("[%s%S]"))
is("[")(members("[[]"))
is("abcxyz")(members("[a-cx-z]"))
is("+,-")(members("[+--]"))
is(256)(#members("[\0-\xff]"))
is("\x80\x81")(members("[\x80-\x81]"))
do  -- a set stays the same set however often it is asked
    local subject = ("key_1=v;"):rep(40)
    local count = select(2, subject:gsub("[^%w_]", ""))
    is(80)(count)
    is(("key_1v"):rep(40))((subject:gsub("[=;]+", "")))
    is(("key_1 v "):rep(40))((subject:gsub("[=;]", " ")))
    is(("k1=v;"):rep(40))((subject:gsub("[a-df-ju-uy-ze_]", "")))
end

-- quantifiers
is("aaa")(("aaab"):match("a*"))
is("")(("baaa"):match("a*"))
is("aaa")(("baaa"):match("a+"))
is("")(("aaab"):match("a-"))
is("aaab")(("aaab"):match("a-b"))
is("aaab")(("aaab"):match("^.-b"))
is("ab")(("ab"):match("a?b"))
is("b")(("b"):match("a?b"))
is("ab")(("aab"):match("a?b"))
is("a")(("a"):match("a?a"))
is("")((""):match("a?"))
is("a" .. ("b"):rep(300))(("a" .. ("b"):rep(300)):match("ab*"))
is("a" .. ("b"):rep(300) .. "c")(("a" .. ("b"):rep(300) .. "c"):match("ab-c"))
is("xay")(("xxay"):match("x%a?y"))
is("a*")(("a*"):match("a%*"))
is("aXbX")(("aXbXc"):match(".*X"))
is("aX")(("aXbXc"):match(".-X"))
is("[[x]]")(("a[[x]]b"):match("%[%[.-%]%]"))
is("0x1F")(("n=0x1F;"):match("0[xX]%x+"))

-- anchors
is("a")(("aab"):match("^a"))
is(nil)(("baa"):match("^a"))
is(nil)(("aab"):match("^b"))
is("b")(("aab"):match("^b", 3))
is("b")(("aab"):match("b$"))
is(nil)(("aba"):match("b$"))
is("")((""):match("^$"))
is(nil)(("a"):match("^$"))
is(4, 3)(("abc"):find("$"))
is(1, 0)(("abc"):find("^"))
is(2, 1)(("abc"):find("^", 2))
is("b^")(("b^"):match("b^"))

-- captures
is("key", "value")(("key = value"):match("(%w+)%s*=%s*(%w+)"))
is(1, 11, "key", "value")(("key = value"):find("(%w+)%s*=%s*(%w+)"))
is("abc", "b")(("abc"):match("(a(b)c)"))
is(2)(("abc"):match("()b"))
is(1, 4)(("abc"):match("()abc()"))
is(4, 3, 4)(("abc"):find("()$", 3))
is(1, 1)((""):match("()()"))
is(1)(("abc"):match("()"))
is("b", 3, "c")(("abc"):match("(b)()(c)"))
is("")(("abc"):match("(x*)"))
is(4)(("abc"):match("^.*()"))
is("  trim me")(("  trim me  "):match("^(.-)%s*$"))
is("trim me")(("  trim me  "):match("^%s*(.-)%s*$"))
is("a", "b", "c", "d", "e", "f", "g", "h", "i")(
    ("abcdefghi"):match("(.)(.)(.)(.)(.)(.)(.)(.)(.)"))
do  -- as many as there can be
    local results = table.pack(("x"):rep(32):match(("(x)"):rep(32)))
    is(32)(results.n)
    fails("too many captures", string.match, ("x"):rep(33), ("(x)"):rep(33))
    is(32)(select("#", (""):match(("()"):rep(32))))
end
-- a capture that backtracking gave up must not be seen
is(nil)(("ab"):match("^(a?b?)x"))
is("a", "b")(("aab"):match("a?(a)x?(b)"))
is(3, "b")(("aab"):match("a*()(b)"))
is("ab", "b")(("aab"):match("(a(b))"))
is("aaa", "")(("aaa"):match("(a*)(a*)"))
is("", "aaa")(("aaa"):match("(a-)(a*)"))
is("aa", "a")(("aaa"):match("^(a*)(a)$"))
is("x=1", "x", "1")(("x=1"):match("((%w)=(%w))"))
is("a.b", "c")(("a.b.c"):match("^(.*)%.(.*)$"))
is("a", "b.c")(("a.b.c"):match("^(.-)%.(.*)$"))

-- back references
is("aa", "a")(("xaay"):match("((.)%2)"))
is("=[x]=", "=")(("a=[x]=b"):match("((=*)%[.-%]%2)"))
is('"it\'s"', '"')(("say \"it's\" now"):match("(([\"']).-%2)"))
is(nil)(("abc"):match("(.)%1"))
is("")(("abc"):match("(x*)%1"))
is(nil)(("aa"):match("()%1"))
is("abab", "ab")(("xababy"):match("((ab)%2)"))

-- %b
is("(a(b)c)")(("f(a(b)c)d"):match("%b()"))
is("()")(("()())"):match("%b()"))
is("()")(("(()"):match("%b()"))
is(nil)(("((("):match("%b()"))
is("aXa")(("aXa"):match("%baa"))
is("{x={}}")(("t={x={}}"):match("%b{}"))
is("\0a\1")(("\0a\1"):match("%b\0\1"))

-- %f
is(1, 3)(("THE (quick) fox"):find("%f[%a]%a+%f[%A]"))
is("THE|quick|fox")((("THE (quick) fox"):gsub("%f[%a](%a+)%f[%A]%W*", "%1|"):sub(1, -2)))
is(1, 0)(("aba"):find("%f[a]"))
is(4, 3)(("aba"):find("%f[%z]"))
is(nil)(("aba"):find("%f[x]"))
is(nil)((""):find("%f[^a]"))
is(2, 1)(("aba"):find("%f[b]"))
is(nil)((""):find("%f[%w]"))

-- malformed patterns: reported when matching comes to them
fails("malformed pattern (ends with '%')", string.match, "a", "%")
fails("malformed pattern (ends with '%')", string.match, "a", "a%")
is(nil)(("b"):match("a%"))
fails("malformed pattern (missing ']')", string.match, "a", "[")
fails("malformed pattern (missing ']')", string.match, "a", "[]")
fails("malformed pattern (missing ']')", string.match, "a", "[^]")
fails("malformed pattern (missing ']')", string.match, "a", "[a")
fails("malformed pattern (missing ']')", string.match, "a", "[a%")
fails("malformed pattern (missing ']')", string.match, "a", "[a%]")
fails("malformed pattern (missing ']')", string.match, "", "a*[")
is(nil)(("b"):match("a["))
fails("malformed pattern (missing arguments to '%b')", string.match, "a", "%b")
fails("malformed pattern (missing arguments to '%b')", string.match, "a", "%b(")
fails("missing '[' after '%f' in pattern", string.match, "a", "%f")
fails("missing '[' after '%f' in pattern", string.match, "a", "%fa")
fails("unfinished capture", string.match, "a", "(a")
fails("unfinished capture", string.find, "a", "(")
fails("unfinished capture", string.match, "ab", "(a(b)")
fails("invalid pattern capture", string.match, "a", ")")
fails("invalid pattern capture", string.match, "a", "a)")
is(nil)(("b"):match("a)"))
fails("invalid capture index %1", string.match, "a", "%1")
fails("invalid capture index %1", string.match, "a", "(%1)")
fails("invalid capture index %2", string.match, "aa", "(a)%2")
fails("invalid capture index %0", string.match, "a", "%0")
fails("pattern too complex", string.match, ("a"):rep(1000), (".?"):rep(1000))
is(("a"):rep(150))(("a"):rep(150):match((".?"):rep(150)))

-- arguments
fails("bad argument #1 to 'find' (string expected, got no value)", function() string.find() end)
fails("bad argument #2 to 'find' (string expected, got no value)",
      function() string.find("a") end)
fails("bad argument #3 to 'match' (number expected, got string)",
      function() string.match("a", "a", "x") end)
is(nil)(("abc"):match("b", 4))
is("c")(("abc"):match("%a", 3))
is("")(("abc"):match("x*", 4))
is(nil)(("abc"):match("x*", 5))
