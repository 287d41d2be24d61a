-- A JSON reader and writer: recursive descent over string.find, string.format, utf8.
--
--   neap examples/json.lua FILE        read FILE ("-": standard input) and print it indented
--   neap examples/json.lua             check the reader and the writer against themselves
--   local json = require "json"        as a module: json.decode(text), json.encode(value, indent)
--
-- Follows RFC 8259 to the letter. JSON's null is json.null; arrays are marked with json.array, so
-- that an empty one stays an array; a number without fraction or exponent becomes an integer if it
-- fits 64 bits, else a float. Floats are written with as few digits as read back the same. Object
-- keys are written in order. A wrong text is an error with its line and column. Text is UTF-8.
-- test:

local json = {}

local deepest = 1000 -- arrays and objects inside each other, in both directions

json.null = setmetatable({}, { __name = "json.null", __tostring = function() return "null" end })

local Array = { __name = "json.array" }

--- Marks a table as an array; returns it.
function json.array(list) return setmetatable(list or {}, Array) end

-- Reading -----------------------------------------------------------------------------------

local function fail(text, at, message)
    local line, start = 1, 1
    while true do
        local stop = text:find("\n", start, true)
        if not stop or stop >= at then break end
        line, start = line + 1, stop + 1
    end
    error(string.format("%d:%d: %s", line, at - start + 1, message), 0)
end

local function describe(text, at)
    if at > #text then return "the end of the text" end
    local char = text:match("^[!-~]", at)
    return char and "'" .. char .. "'" or string.format("byte 0x%02x", text:byte(at))
end

local function skip(text, at) return text:find("[^ \t\r\n]", at) or #text + 1 end

local plain_escapes = {
    b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/",
}

-- The four digits after \u at `at` (the backslash), and the place after them.
local function read_unit(text, at)
    local digits = text:match("^\\u(%x%x%x%x)", at)
    if not digits then fail(text, at, "\\u needs four hexadecimal digits") end
    return tonumber(digits, 16), at + 6
end

local function read_escape(text, at)
    local letter = text:sub(at + 1, at + 1)
    if letter ~= "u" then
        local char = plain_escapes[letter]
        if not char then fail(text, at, "unknown escape in a string") end
        return char, at + 2
    end
    local unit, after = read_unit(text, at)
    if unit >= 0xDC00 and unit <= 0xDFFF then
        fail(text, at, "second half of a surrogate pair without the first")
    elseif unit >= 0xD800 and unit <= 0xDBFF then
        if text:sub(after, after + 1) ~= "\\u" then
            fail(text, at, "first half of a surrogate pair without the second")
        end
        local low, past = read_unit(text, after)
        if low < 0xDC00 or low > 0xDFFF then
            fail(text, at, "first half of a surrogate pair without the second")
        end
        return utf8.char(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), past
    end
    return utf8.char(unit), after
end

-- `at` is the opening quote. Runs without escapes are taken whole.
local function read_string(text, at)
    local parts, start = {}, at + 1
    while true do
        local stop = text:find('["\\%c]', start)
        local char = stop and text:sub(stop, stop)
        if not stop then
            fail(text, at, "this string has no end")
        elseif stop > start then
            parts[#parts + 1] = text:sub(start, stop - 1)
        end
        if char == '"' then return table.concat(parts), stop + 1 end
        if char == "\\" then
            parts[#parts + 1], start = read_escape(text, stop)
        elseif char == "\127" then
            parts[#parts + 1], start = char, stop + 1 -- %c includes DEL, which JSON allows
        else
            fail(text, stop, "control character in a string: write it as an escape")
        end
    end
end

local function read_number(text, at)
    local digits = text:match("^-?%d+", at)
    if not digits then fail(text, at, "a number needs a digit after '-'") end
    if digits:find("^-?0%d") then fail(text, at, "a number does not begin with 0") end
    local after = at + #digits
    local fraction = text:match("^%.%d*", after) or ""
    if fraction == "." then fail(text, after, "a digit is needed after the decimal point") end
    after = after + #fraction
    local exponent = text:match("^[eE][+-]?%d*", after) or ""
    if exponent ~= "" and not exponent:find("%d") then
        fail(text, after, "an exponent needs a digit")
    end
    after = after + #exponent
    if fraction == "" and exponent == "" then
        return math.tointeger(tonumber(digits)) or tonumber(digits .. ".0"), after
    end
    local value = tonumber(digits .. fraction .. exponent)
    if value == math.huge or value == -math.huge then fail(text, at, "this number is too large") end
    return value, after
end

local read_value

local function read_array(text, at, depth)
    local list, count = json.array(), 0
    local place = skip(text, at + 1)
    if text:byte(place) == 93 then return list, place + 1 end
    while true do
        count = count + 1
        list[count], place = read_value(text, place, depth)
        place = skip(text, place)
        local char = text:byte(place)
        if char == 93 then return list, place + 1 end
        if char ~= 44 then
            fail(text, place, "',' or ']' expected, not " .. describe(text, place))
        end
        place = skip(text, place + 1)
    end
end

local function read_object(text, at, depth)
    local object = {}
    local place = skip(text, at + 1)
    if text:byte(place) == 125 then return object, place + 1 end
    while true do
        if text:byte(place) ~= 34 then
            fail(text, place, "a key in quotes expected, not " .. describe(text, place))
        end
        local key
        key, place = read_string(text, place)
        place = skip(text, place)
        if text:byte(place) ~= 58 then
            fail(text, place, "':' expected, not " .. describe(text, place))
        end
        object[key], place = read_value(text, skip(text, place + 1), depth)
        place = skip(text, place)
        local char = text:byte(place)
        if char == 125 then return object, place + 1 end
        if char ~= 44 then
            fail(text, place, "',' or '}' expected, not " .. describe(text, place))
        end
        place = skip(text, place + 1)
    end
end

local words = { t = { "true", true }, f = { "false", false }, n = { "null", json.null } }

function read_value(text, at, depth)
    local char = text:sub(at, at)
    if char == "{" or char == "[" then
        if depth >= deepest then fail(text, at, "arrays and objects are nested too deep") end
        return (char == "{" and read_object or read_array)(text, at, depth + 1)
    end
    if char == '"' then return read_string(text, at) end
    if char == "-" or char:find("^%d") then return read_number(text, at) end
    local word = words[char]
    if word and text:match("^%a+", at) == word[1] then return word[2], at + #word[1] end
    fail(text, at, "a value expected, not " .. describe(text, at))
end

--- The value that `text` says. An error's message begins with line:column.
function json.decode(text)
    local good, bad_at = utf8.len(text)
    if not good then fail(text, bad_at, "this is not UTF-8") end
    local value, at = read_value(text, skip(text, 1), 0)
    at = skip(text, at)
    if at <= #text then
        fail(text, at, "the text goes on after its value: " .. describe(text, at))
    end
    return value
end

-- Writing -----------------------------------------------------------------------------------

local written_escapes = {
    ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
    ['"'] = '\\"', ["\\"] = "\\\\",
}

local function write_string(value)
    if not utf8.len(value) then error("json: a string is not UTF-8", 0) end
    return '"' .. value:gsub('[%c"\\]', function(char)
        return written_escapes[char] or string.format("\\u%04x", char:byte())
    end) .. '"'
end

local function write_number(value)
    if math.type(value) == "integer" then return string.format("%d", value) end
    if value ~= value or value == math.huge or value == -math.huge then
        error("json: JSON has no infinite numbers and no NaN", 0)
    end
    for digits = 14, 17 do
        local text = string.format("%." .. digits .. "g", value)
        if tonumber(text) == value then
            return text:find("[.e]") and text or text .. ".0"
        end
    end
end

local function is_array(value)
    local meta = getmetatable(value)
    if meta == Array then return true end
    return next(value) ~= nil and #value > 0
end

local write_value

-- `writer` has out (the pieces), open (tables being written, to see cycles), indent, depth.
local function write_items(writer, value, opening, closing, count, write_item)
    local out = writer.out
    if count == 0 then
        out[#out + 1] = opening .. closing
        return
    end
    if writer.open[value] then error("json: a table contains itself", 0) end
    if writer.depth >= deepest then error("json: tables are nested too deep", 0) end
    writer.open[value] = true
    writer.depth = writer.depth + 1
    local pause = writer.indent and "\n" .. writer.indent:rep(writer.depth) or ""
    out[#out + 1] = opening
    for i = 1, count do
        out[#out + 1] = i > 1 and "," .. pause or pause
        write_item(i)
    end
    writer.depth = writer.depth - 1
    out[#out + 1] = (writer.indent and "\n" .. writer.indent:rep(writer.depth) or "") .. closing
    writer.open[value] = nil
end

local function write_array(writer, list)
    local count = #list
    for key in pairs(list) do
        if math.type(key) ~= "integer" or key < 1 or key > count then
            error("json: an array has the key " .. tostring(key), 0)
        end
    end
    write_items(writer, list, "[", "]", count, function(i) write_value(writer, list[i]) end)
end

local function write_object(writer, object)
    local keys = {}
    for key in pairs(object) do
        if type(key) ~= "string" then
            error("json: an object has a key of type " .. type(key), 0)
        end
        keys[#keys + 1] = key
    end
    table.sort(keys)
    local out, colon = writer.out, writer.indent and ": " or ":"
    write_items(writer, object, "{", "}", #keys, function(i)
        out[#out + 1] = write_string(keys[i])
        out[#out + 1] = colon
        write_value(writer, object[keys[i]])
    end)
end

function write_value(writer, value)
    local kind, out = type(value), writer.out
    if value == json.null then out[#out + 1] = "null"
    elseif kind == "table" then (is_array(value) and write_array or write_object)(writer, value)
    elseif kind == "string" then out[#out + 1] = write_string(value)
    elseif kind == "number" then out[#out + 1] = write_number(value)
    elseif kind == "boolean" then out[#out + 1] = tostring(value)
    else error("json: cannot write a " .. kind, 0) end
end

--- The text of `value`; `indent`, a string such as two spaces, asks for one item a line.
function json.encode(value, indent)
    local writer = { out = {}, open = {}, depth = 0, indent = indent }
    write_value(writer, value)
    return table.concat(writer.out)
end

-- As a program ------------------------------------------------------------------------------

-- Text in, text out: the writer's form of what the reader understood.
local good = {
    { "null", "null" }, { " true ", "true" }, { "false", "false" }, { "[]", "[]" }, { "{}", "{}" },
    { "0", "0" }, { "-0", "0" }, { "-0.0", "-0.0" }, { "1.0", "1.0" }, { "1e2", "100.0" },
    { "1E+2", "100.0" },
    { "0.1", "0.1" }, { "-12.5e-3", "-0.0125" }, { "5e-324", "4.9406564584125e-324" },
    { "0.30000000000000004", "0.30000000000000004" },
    { "1.7976931348623157e308", "1.7976931348623157e+308" },
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "9223372036854775808", "9.223372036854776e+18" }, { "123456789012", "123456789012" },
    { '""', '""' }, { [["a\"b\\c\/d"]], [["a\"b\\c/d"]] }, { [["\b\f\n\r\t"]], [["\b\f\n\r\t"]] },
    { [["\u0000\u001f"]], [["\u0000\u001f"]] }, { [["\u00e9\u20AC"]], '"é€"' },
    { [["\uD834\uDD1E"]], '"𝄞"' },
    { [["\ud800\udc00\udbff\udfff"]], '"\u{10000}\u{10FFFF}"' }, { '"\127"', [["\u007f"]] },
    { "[1,\t[2, [3]],\r\n{}]", "[1,[2,[3]],{}]" },
    { '{"b":1,"a":[true,null]}', '{"a":[true,null],"b":1}' },
    { '{"a":1,"a":2}', '{"a":2}' }, { '{"":{"":[]}}', '{"":{"":[]}}' },
    { ("["):rep(deepest) .. ("]"):rep(deepest), ("["):rep(deepest) .. ("]"):rep(deepest) },
}

-- Text in, place and beginning of the message out.
local bad = {
    { "", "1:1: a value expected, not the end" }, { "nul", "1:1: a value" },
    { "True", "1:1: a value" },
    { "truefalse", "1:1: a value" }, { "[1,]", "1:4: a value expected, not ']'" },
    { "[1 2]", "1:4: ',' or ']'" },
    { "[1", "1:3: ',' or ']' expected, not the end" }, { '{"a" 1}', "1:6: ':' expected" },
    { '{"a":1,}', "1:8: a key in quotes" }, { "{a:1}", "1:2: a key in quotes" },
    { '{"a":1 "b"}', "1:8: ',' or '}'" },
    { "01", "1:1: a number does not begin with 0" }, { "-", "1:1: a number needs a digit" },
    { "1.", "1:2: a digit is needed" }, { "1e+", "1:2: an exponent" }, { "+1", "1:1: a value" },
    { ".5", "1:1: a value" }, { "0x10", "1:2: the text goes on" },
    { "1e999", "1:1: this number is too large" },
    { "NaN", "1:1: a value" }, { '"abc', "1:1: this string has no end" },
    { '"a\nb"', "1:3: control character" },
    { [["\x41"]], "1:2: unknown escape" }, { [["\u12g4"]], "1:2: \\u needs four" },
    { [["\ud800"]], "1:2: first half" }, { [["\ud800\u0041"]], "1:2: first half" },
    { [["\udc00"]], "1:2: second half" },
    { '"\xff"', "1:2: this is not UTF-8" }, { '"\xed\xa0\x80"', "1:2: this is not UTF-8" },
    { "[] []", "1:4: the text goes on" },
    { "\n\n  [1,\n   x]", "4:4: a value expected, not 'x'" }, { "'a'", "1:1: a value" },
    { ("["):rep(deepest + 1), "1:1001: arrays and objects are nested too deep" },
    { "\u{A0}1", "1:1: a value expected, not byte 0xc2" },
}

local function check_writer()
    local loop = {}
    loop.me = { loop }
    local cases = {
        { 0 / 0, "no infinite" }, { math.huge, "no infinite" },
        { print, "cannot write a function" },
        { "\xff", "not UTF-8" }, { loop, "contains itself" },
        { { 1, x = 2 }, "an array has the key x" },
        { { [1.5] = 1 }, "a key of type number" }, { { [true] = 1 }, "a key of type boolean" },
    }
    for _, case in ipairs(cases) do
        local ok, message = pcall(json.encode, case[1])
        if ok or not message:find(case[2], 1, true) then
            error(string.format("the writer was to say '%s', not '%s'", case[2], message))
        end
    end
    local twice = { 1 }
    local value = { list = json.array(), shared = { twice, twice }, text = "tab\t" }
    local text = json.encode(value, "  ")
    local expected = '{\n  "list": [],'
        .. '\n  "shared": [\n    [\n      1\n    ],\n    [\n      1\n    ]\n  ],'
        .. '\n  "text": "tab\\t"\n}'
    if text ~= expected then error("the indented form is wrong:\n" .. text) end
    return #cases + 1
end

-- A document of every kind of value; text and value must survive the way there and back.
local function check_round_trip()
    local document = json.array()
    for i = 1, 200 do
        document[i] = {
            id = i, ratio = i / 7, power = 2.0 ^ (i * 5 - 500),
            nothing = json.null, even = i % 2 == 0, list = json.array(),
            text = utf8.char(i * 100 % 0xD000 + 1) .. "\\\"" .. string.char(i % 128),
        }
    end
    local text = json.encode(document)
    local back = json.decode(text)
    for i, record in ipairs(back) do
        local original = document[i]
        for key, value in pairs(original) do
            local same = key == "list" or rawequal(record[key], value)
            if not same or math.type(record[key]) ~= math.type(value) then
                error(string.format("record %d: %s came back different", i, key))
            end
        end
    end
    if #back ~= 200 or json.encode(back) ~= text then error("a document came back different") end
    return #text
end

local function self_check()
    for _, case in ipairs(good) do
        local text = json.encode(json.decode(case[1]))
        if text ~= case[2] then
            error(string.format("%s gave %s instead of %s", case[1], text, case[2]))
        end
    end
    for _, case in ipairs(bad) do
        local ok, message = pcall(json.decode, case[1])
        if ok or message:sub(1, #case[2]) ~= case[2] then
            error(string.format("%s: expected the error '%s', got '%s'",
                case[1]:sub(1, 60), case[2], message))
        end
    end
    local written, bytes = check_writer(), check_round_trip()
    print(string.format("json: %d texts read and written, %d wrong texts refused, "
        .. "%d cases of the writer, %d bytes there and back", #good, #bad, written, bytes))
end

local function print_file(path)
    local file, reason
    if path == "-" then file = io.stdin else file, reason = io.open(path, "rb") end
    local text = file and file:read("a")
    if not text then
        io.stderr:write("json: cannot read ", reason or path, "\n")
        os.exit(1)
    end
    local ok, value = pcall(json.decode, text)
    if not ok then
        io.stderr:write("json: ", path, ":", tostring(value), "\n")
        os.exit(1)
    end
    print(json.encode(value, "  "))
end

if arg and arg[0] and arg[0]:match("json%.lua$") then
    if arg[1] then print_file(arg[1]) else self_check() end
end

return json
