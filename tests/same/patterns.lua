-- string.find, match, gmatch and gsub with patterns put together at random: the same results, or the same error.
local seed = 271828
local function random(n)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % n
end
local function one_of(list) return list[random(#list) + 1] end

local atoms = {"a", "b", "ab", "%a", "%d", "%s", "%u", "%S", "%W", ".", "[ab]", "[^a]", "[%w_]", "[^%s]", "[a-c]", "[]]", "%.", "%%",
    "()", "(a)", "(%a+)", "(.-)", "%1", "%b()", "%f[%a]", "%f[^%w]", "-", "$", "^", "=", "\0", "[%a-z]", "[a%", "%", "[", "(", ")", "[^", "%f", "%2", "%b"}
local ends = {"", "", "", "", "*", "+", "-", "?"}
local pieces = {"a", "b", "c", "ab", "aab", " ", "1", "42", "(", ")", "(a(b)c)", "=", "%", ".", "_", "\0", "A", "Zz", "]", "-", "key=value", "\n", "\255"}

local function pattern()
    local text = random(8) == 0 and "^" or ""
    local last = random(14) == 0 and #atoms or #atoms - 9 -- some are malformed
    for _ = 1, random(4) + 1 do text = text .. atoms[random(last) + 1] .. one_of(ends) end
    return text
end
local function subject()
    local text = ""
    for _ = 1, random(14) do text = text .. one_of(pieces) end
    return text
end

local words = {a = "A", b = 12, ab = false, ["42"] = 1.5, aab = "a longer text", Zz = "", [1] = "first"}
local replacements = {"<%0>", "%1", "-", "", "%%", words, setmetatable({}, {__index = function(_, k) return k ~= "a" and "i" end}),
    function(...) return select("#", ...) % 2 == 1 and "odd" end, function(s) return s end, "%2", 7, {a = true}, "%x"}

for _ = 1, 20000 do
    local s, p, at = subject(), pattern(), random(3) == 0 and random(12) - 4 or nil
    print(p, s, pcall(string.find, s, p, at))
    print(pcall(string.match, s, p, at))
    local all = {pcall(function()
        local list = {}
        for a, b, c in s:gmatch(p, at) do list[#list + 1] = tostring(a) .. "/" .. tostring(b) .. "/" .. tostring(c) end
        return table.concat(list, " ")
    end)}
    print(table.unpack(all))
    print(pcall(string.gsub, s, p, one_of(replacements), random(4) == 0 and random(4) - 1 or nil))
end
