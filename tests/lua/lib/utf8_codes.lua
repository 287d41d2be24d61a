-- utf8.codes as of Lua 5.4.8: a stray continuation byte is an error wherever it stands.
-- (lua5.4 5.4.4 lets one pass behind a complete sequence, so this file is apart.)

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

local function walk(text, lax)
    for _ in utf8.codes(text, lax) do end
end
for _, lax in ipairs{false, true} do
    fails("invalid UTF-8 code", walk, "in\x80valid", lax)
    fails("invalid UTF-8 code", walk, "a\x80", lax)
    fails("invalid UTF-8 code", walk, "\u{3B1}\u{3BB}\xBF\u{3B1}", lax)
    fails("bad argument #1 to 'codes' (invalid UTF-8 code)",
          function() utf8.codes("\xBFinvalid", lax) end)
    fails("bad argument #1 to 'codes' (invalid UTF-8 code)", function() utf8.codes("\x80", lax) end)
end
