-- string.dump and load (manual 6.4, 6.1).

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

local function twice(value) return value * 2, value end
local binary = string.dump(twice)
is("string")(type(binary))
is("\27Lua")(binary:sub(1, 4))
is(42, 21)(load(binary)(21))
is(42, 21)(load(binary, "name", "b")(21))
is(42, 21)(load(string.dump(twice, true))(21))
is(true)(#string.dump(twice, true) < #binary)
is(nil)((load(binary, "name", "t")))
is("attempt to load a binary chunk (mode is 't')")((select(2, load(binary, "name", "t"))))
-- piece by piece
do
    local at = 0
    local copy = load(function()
        at = at + 1
        return at <= #binary and binary:sub(at, at) or nil
    end)
    is(8, 4)(copy(4))
end
-- upvalues come back without their values; the first one becomes the table of globals
local counter = 10
local function count() counter = counter + 1; return counter end
local copy = load(string.dump(count))
is(11)(count())
fails("(upvalue 'counter')", copy, 1)
is(11)(counter)
is(true)(load(string.dump(load("return print")))() == print)
-- nested functions, constants of every kind, varargs
do
    local source = [[
        local a, b, c, d, e = 1, 2.5, "text", nil, true
        local long = ("x"):rep(300)
        local function inner(...) return select('#', ...), ... end
        return a, b, c, d, e, #long, inner(3, nil)
    ]]
    is(1, 2.5, "text", nil, true, 300, 2, 3, nil)(load(string.dump(load(source)))())
    is(1, 2.5, "text", nil, true, 300, 2, 3, nil)(load(string.dump(load(source), true))())
end
-- a large one
do
    local parts = {"local t = {}"}
    for i = 1, 500 do parts[#parts + 1] = ("t[%d] = 'value %d'"):format(i, i) end
    parts[#parts + 1] = "return #t, t[500]"
    is(500, "value 500")(load(string.dump(load(table.concat(parts, "\n"))))())
end
fails("unable to dump given function", string.dump, print)
fails("bad argument #1 to 'dump' (function expected, got nil)", function() string.dump(nil) end)
fails("bad argument #1 to 'dump' (function expected, got table)",
      function() string.dump(setmetatable({}, {__call = print})) end)
