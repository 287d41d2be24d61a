-- group: allocation
-- JSON written and read back: nested objects and arrays, strings with escapes, numbers.
local size = tonumber(arg and arg[1]) or 140

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }
local unescapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", n = "\n", t = "\t" }

local function encode(value, out)
    local kind = type(value)
    if kind == "table" then
        if #value > 0 then
            out[#out + 1] = "["
            for i, item in ipairs(value) do
                if i > 1 then out[#out + 1] = "," end
                encode(item, out)
            end
            out[#out + 1] = "]"
        else
            local keys = {}
            for key in pairs(value) do keys[#keys + 1] = key end
            table.sort(keys)
            out[#out + 1] = "{"
            for i, key in ipairs(keys) do
                if i > 1 then out[#out + 1] = "," end
                encode(key, out)
                out[#out + 1] = ":"
                encode(value[key], out)
            end
            out[#out + 1] = "}"
        end
    elseif kind == "string" then
        out[#out + 1] = '"' .. value:gsub('["\\\n\t]', escapes) .. '"'
    else
        out[#out + 1] = tostring(value)
    end
end

local decode

local function skip(text, at) return text:find("%S", at) end

local function read_string(text, at)
    local stop = text:find('["\\]', at)
    if text:sub(stop, stop) == '"' then return text:sub(at, stop - 1), stop + 1 end
    local parts = {}
    while text:sub(stop, stop) == "\\" do
        parts[#parts + 1] = text:sub(at, stop - 1)
        parts[#parts + 1] = unescapes[text:sub(stop + 1, stop + 1)]
        at = stop + 2
        stop = text:find('["\\]', at)
    end
    parts[#parts + 1] = text:sub(at, stop - 1)
    return table.concat(parts), stop + 1
end

local function read_array(text, at)
    local list = {}
    at = skip(text, at)
    if text:sub(at, at) == "]" then return list, at + 1 end
    while true do
        list[#list + 1], at = decode(text, at)
        at = skip(text, at)
        if text:sub(at, at) == "]" then return list, at + 1 end
        at = at + 1
    end
end

local function read_object(text, at)
    local object = {}
    at = skip(text, at)
    if text:sub(at, at) == "}" then return object, at + 1 end
    while true do
        local key, value
        at = skip(text, at)
        key, at = read_string(text, at + 1)
        at = skip(text, at)
        value, at = decode(text, at + 1)
        object[key] = value
        at = skip(text, at)
        if text:sub(at, at) == "}" then return object, at + 1 end
        at = at + 1
    end
end

function decode(text, at)
    at = skip(text, at)
    local first = text:sub(at, at)
    if first == "{" then return read_object(text, at + 1) end
    if first == "[" then return read_array(text, at + 1) end
    if first == '"' then return read_string(text, at + 1) end
    if first == "t" then return true, at + 4 end
    if first == "f" then return false, at + 5 end
    local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
    return tonumber(number), at + #number
end

local document = {}
for i = 1, 300 do
    document[i] = {
        id = i,
        name = "station \"" .. i .. "\"",
        note = "line one\nline two\tend",
        position = { latitude = i + 0.25, longitude = -i - 0.5 },
        levels = { i % 7 + 1, i % 11 + 1, i % 13 + 1, i % 17 + 1 },
        active = i % 2 == 0,
    }
end

local total, hash = 0, 0
for round = 1, size do
    document[1].id = round
    local out = {}
    encode(document, out)
    local text = table.concat(out)
    document = decode(text, 1)
    total = total + #text
    hash = (hash * 31 + text:byte(round * 97 % #text + 1)) % 1000003
end
assert(document[3].name == 'station "3"' and document[4].note == "line one\nline two\tend")
print(string.format("json %d %d %d %d %.3f", size, total, hash, #document,
    document[7].position.latitude))
