-- string.gmatch, gsub (manual 6.4).

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

local function all(subject, pattern, init)
    local out = {}
    for first, second in string.gmatch(subject, pattern, init) do
        out[#out + 1] = second == nil and tostring(first) or first .. ":" .. second
    end
    return table.concat(out, "|")
end

-- gmatch
is("one|two|three")(all("one two  three", "%a+"))
is("a:1|b:2")(all("a=1, b=2", "(%w+)=(%w+)"))
is("1|2|3|4")(all("abc", "()"))
is("||||")(all("abcd", "x*"))
is("|a||bb")(all("-a--bb", "%a*"))
is("")(all("", "%a+"))
is("")(all("abc", "x"))
is("1")(all("", "()"))
is("^a|^a")(all("^a^a", "^a"))
is("c")(all("abc", "c$"))
is("b|c")(all("abc", "%a", 2))
is("c")(all("abc", "%a", -1))
is("a|b|c")(all("abc", "%a", -10))
is("")(all("abc", "%a", 10))
is("")(all("abc", "()", 10))
is("4")(all("abc", "()", 4))
is("a.b|c")(all("a.b,c", "[^,]+"))
is("x|y")(all("x\0y", "[^\0]+"))
is("12|34")(all(1234, "%d%d"))
do  -- the iterator alone; it stays at its end
    local step = ("ab"):gmatch("%a")
    is("a")(step())
    is("b")(step())
    is()(step())
    is()(step())
end
do  -- several at once, in different coroutines
    local step = ("a b c d"):gmatch("%a")
    local producer = coroutine.wrap(function() while true do coroutine.yield(step()) end end)
    is("a")(producer())
    is("b")(step())
    is("c")(producer())
    is("d")(step())
end
do  -- the subject stays although nothing else holds it
    local step = (("word "):rep(50)):gmatch("%a+")
    local count = 0
    for word in step do
        is("word")(word)
        count = count + 1
        if count % 10 == 0 then collectgarbage() end
    end
    is(50)(count)
end
fails("bad argument #2 to 'gmatch' (string expected, got no value)",
      function() string.gmatch("a") end)
fails("malformed pattern (ends with '%')", function() for _ in ("a"):gmatch("%") do end end)

-- gsub with a string
is("hexxo", 2)(("hello"):gsub("l", "x"))
is("hexlo", 1)(("hello"):gsub("l", "x", 1))
is("hello", 0)(("hello"):gsub("l", "x", 0))
is("hello", 0)(("hello"):gsub("l", "x", -1))
is("hello", 0)(("hello"):gsub("z", "x"))
is("-h-e-l-l-o-", 6)(("hello"):gsub("", "-"))
is("-h-e-llo", 3)(("hello"):gsub("", "-", 3))
is("-", 1)((""):gsub("", "-"))
is("-", 1)((""):gsub("x*", "-"))
is("-h-e-o-", 4)(("hello"):gsub("l*", "-"))
is("-l-l-", 3)(("ll"):gsub("l-", "-"))
is("<hello> <world>", 2)(("hello world"):gsub("%w+", "<%0>"))
is("<hello> <world>", 2)(("hello world"):gsub("%w+", "<%1>"))
is("world hello", 1)(("hello world"):gsub("(%w+) (%w+)", "%2 %1"))
is("100%", 1)(("100"):gsub("$", "%%"))
is("a%1b", 1)(("ab"):gsub("()b", "%%1b"))
is("1a2b", 2)(("ab"):gsub("()(%a)", "%1%2"))
is("heLLo", 1)(("hello"):gsub("ll", "LL"))
is("Xbc", 1)(("abc"):gsub("^%a", "X"))
is("Xaa", 1)(("aaa"):gsub("^a", "X"))
is("abc", 0)(("abc"):gsub("^b", "X"))
is("bbb", 0)(("bbb"):gsub("^a*$", "X"))
is("abX", 1)(("abc"):gsub("c$", "X"))
is("a,b,c", 2)(("a b c"):gsub(" ", ","))
is("7 7", 2)(("x y"):gsub("%a", 7))
is("1.5", 1)(("x"):gsub("x", 1.5))
is("2", 1)(string.gsub(1, 1, 2))
is("a\0\0b", 1)(("a b"):gsub(" ", "\0\0"))
is("\\a\\b", 2)(("ab"):gsub("%a", "\\%0"))
is(("ab"):rep(1000), 1000)(("a"):rep(1000):gsub("a", "ab"))
is((("x"):rep(5000)), 1)(("y"):gsub("y", ("x"):rep(5000)))

-- with a table
local names = {name = "Lua", version = 5.4, n = 4, off = false}
is("Lua 5.4 4 $none $off", 5)(("$name $version $n $none $off"):gsub("%$(%w+)", names))
is("5.4", 1)(("version"):gsub("%w+", names))
is("off", 1)(("off"):gsub("%w+", names))
is("xyx", 3)(("aba"):gsub("%a", {a = "x", b = "y"}))
is("A-b", 2)(("a-b"):gsub("()%a", {"A"}))
is("<k>", 1)(("k"):gsub("%a", setmetatable({}, {__index = function(_, key)
    return "<" .. key .. ">"
end})))

-- with a function
is("HELLO world", 1)(("hello world"):gsub("%w+", string.upper, 1))
is("hello world", 2)(("hello world"):gsub("%w+", function() end))
is("hello world", 2)(("hello world"):gsub("%w+", function() return false end))
is("5 5", 2)(("hello world"):gsub("%w+", string.len))
is("[a][b]", 2)(("ab"):gsub(".", function(c) return "[" .. c .. "]" end))
is("[a]b[c]", 3)(("abc"):gsub(".", function(c) return c ~= "b" and "[" .. c .. "]" end))
is("3 7", 2)(("1+2 3+4"):gsub("(%d)%+(%d)", function(a, b) return a + b end))
is("1a2b3", 3)(("ab"):gsub("()", function(at) return at end))
is("no", 1)(("x"):gsub("x", function(...) return select("#", ...) == 1 and "no" end))
do  -- a replacement that itself substitutes, and one that collects
    local result = ("a(b(c))"):gsub("%((.*)%)", function(inner)
        collectgarbage()
        return "[" .. inner:gsub("%((.*)%)", "{%1}") .. "]"
    end)
    is("a[b{c}]")(result)
end
do  -- errors and yields from inside
    fails("inside", string.gsub, "x", "x", function() error("inside", 0) end)
    local thread = coroutine.wrap(function()
        return ("x"):gsub("x", function() coroutine.yield() end)
    end)
    fails("attempt to yield across a C-call boundary", thread)
end

-- what was not replaced is the same text
local text = ("line of text\n"):rep(100)
is(text, 0)(text:gsub("%d", "x"))
is(text, 1300)(text:gsub(".", function() end))

fails("bad argument #3 to 'gsub' (string/function/table expected, got nil)",
      function() string.gsub("x", "x", nil) end)
fails("bad argument #3 to 'gsub' (string/function/table expected, got no value)",
      function() string.gsub("x", "x") end)
fails("bad argument #3 to 'gsub' (string/function/table expected, got boolean)",
      function() string.gsub("x", "x", true) end)
fails("bad argument #4 to 'gsub' (number expected, got table)",
      function() string.gsub("x", "x", "y", {}) end)
fails("invalid replacement value (a table)", string.gsub, "x", "x", function() return {} end)
fails("invalid replacement value (a boolean)", string.gsub, "x", "x", {x = true})
fails("invalid use of '%' in replacement string", string.gsub, "x", "x", "%")
fails("invalid use of '%' in replacement string", string.gsub, "x", "x", "a%zb")
fails("invalid capture index %2", string.gsub, "x", "x", "%2")
fails("invalid capture index %3", string.gsub, "x", "(x)()", "%3")
is("z", 0)(("z"):gsub("x", "%9"))
