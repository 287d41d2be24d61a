-- Patterns against a second matcher, written here in Lua for clarity alone: on random patterns and
-- subjects string.find, match, gmatch and gsub must agree with it. The numbers are the same in
-- every run.
-- stress: 200
-- emergency: 500

local seed = 20240607
local function random(limit)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % limit + 1
end
local function pick(list) return list[random(#list)] end

-- A pattern is a list of nodes; `text` is how Lua writes each.
--     {kind = "item", test = f, text = t, quantifier = "" | "*" | "+" | "-" | "?"}
--     {kind = "open"} {kind = "close"} {kind = "position"} {kind = "back", index = n}
--     {kind = "balance", from = c, to = c} {kind = "frontier", test = f}
local function one(c) return function(byte) return byte == c end end
local function range(from, to) return function(byte) return byte >= from and byte <= to end end
local function either(f, g) return function(byte) return f(byte) or g(byte) end end
local function negate(f) return function(byte) return not f(byte) end end
local letter, digit = either(range("a", "z"), range("A", "Z")), range("0", "9")
local items = {
    {"a", one "a"}, {"b", one "b"}, {"1", one "1"}, {"%-", one "-"}, {"%(", one "("},
    {".", function() return true end}, {"%a", letter}, {"%d", digit}, {"%A", negate(letter)},
    {"%D", negate(digit)}, {"[ab]", either(one "a", one "b")}, {"[^a]", negate(one "a")},
    {"[a-c]", range("a", "c")}, {"[%d_]", either(digit, one "_")},
    {"[]a]", either(one "]", one "a")},
    {"[^%d%a]", negate(either(letter, digit))}, {"[a-]", either(one "a", one "-")},
}

local function random_pattern()
    local nodes, open, closed, level = {}, {}, {}, 0
    for _ = 1, random(6) do
        local choice = random(20)
        if choice <= 13 then
            local item = pick(items)
            nodes[#nodes + 1] = {kind = "item", text = item[1], test = item[2],
                                 quantifier = pick{"", "", "", "*", "+", "-", "?"}}
        elseif choice <= 15 then
            level = level + 1
            open[#open + 1] = level
            nodes[#nodes + 1] = {kind = "open", text = "(", index = level}
        elseif choice == 16 and #open > 0 and nodes[#nodes].kind ~= "open" then
            closed[#closed + 1] = open[#open]
            nodes[#nodes + 1] = {kind = "close", text = ")", index = table.remove(open)}
        elseif choice == 17 then
            level = level + 1
            nodes[#nodes + 1] = {kind = "position", text = "()", index = level}
        elseif choice == 18 and #closed > 0 then
            local index = pick(closed)
            nodes[#nodes + 1] = {kind = "back", text = "%" .. index, index = index}
        elseif choice == 19 then
            nodes[#nodes + 1] = pick{{kind = "balance", text = "%b()", from = "(", to = ")"},
                                     {kind = "balance", text = "%baa", from = "a", to = "a"}}
        else
            local item = pick{{"[%a]", letter}, {"[^a]", negate(one "a")}}
            nodes[#nodes + 1] = {kind = "frontier", text = "%f" .. item[1], test = item[2]}
        end
    end
    while #open > 0 do
        if nodes[#nodes].kind == "open" then
            nodes[#nodes + 1] = {kind = "item", text = ".", quantifier = "-",
                                 test = function() return true end}
        end
        nodes[#nodes + 1] = {kind = "close", text = ")", index = table.remove(open)}
    end
    local text = random(6) == 1 and "^" or ""
    local anchored = text ~= ""
    for _, node in ipairs(nodes) do text = text .. node.text .. (node.quantifier or "") end
    local ends = random(6) == 1
    return {nodes = nodes, text = text .. (ends and "$" or ""), anchored = anchored, ends = ends,
            level = level}
end

-- The end of a match of nodes[n ...] from `at` on, or nil. captures[i] = {from, to}.
local function match_from(pattern, n, subject, at, captures)
    local node = pattern.nodes[n]
    if node == nil then
        return (not pattern.ends or at == #subject + 1) and at or nil
    end
    local function rest(where) return match_from(pattern, n + 1, subject, where, captures) end
    local function fits(where)
        return where <= #subject and node.test(subject:sub(where, where))
    end
    -- Tries with a capture changed, and puts it back when that fails.
    local function with(index, value, where)
        local before = captures[index]
        captures[index] = value
        local stop = rest(where)
        if not stop then captures[index] = before end
        return stop
    end
    if node.kind == "open" then
        return with(node.index, {at}, at)
    elseif node.kind == "close" then
        return with(node.index, {captures[node.index][1], at - 1}, at)
    elseif node.kind == "position" then
        return with(node.index, at, at)
    elseif node.kind == "back" then
        local capture = captures[node.index]
        local again = subject:sub(capture[1], capture[2])
        return subject:sub(at, at + #again - 1) == again and rest(at + #again) or nil
    elseif node.kind == "balance" then
        if subject:sub(at, at) ~= node.from then return nil end
        local depth = 1
        for where = at + 1, #subject do
            local byte = subject:sub(where, where)
            if byte == node.to then
                depth = depth - 1
                if depth == 0 then return rest(where + 1) end
            elseif byte == node.from then
                depth = depth + 1
            end
        end
        return nil
    elseif node.kind == "frontier" then
        local before = at == 1 and "\0" or subject:sub(at - 1, at - 1)
        local after = at > #subject and "\0" or subject:sub(at, at)
        return not node.test(before) and node.test(after) and rest(at) or nil
    end
    local most = 0
    while fits(at + most) do most = most + 1 end
    local least, last, step = 0, most, 1
    if node.quantifier == "" then
        least, last = 1, math.min(most, 1)
    elseif node.quantifier == "?" then
        least, last, step = math.min(most, 1), 0, -1
    elseif node.quantifier == "*" then
        least, last, step = most, 0, -1
    elseif node.quantifier == "+" then
        least, last, step = most, 1, -1
    end
    for count = least, last, step do
        local stop = rest(at + count)
        if stop then return stop end
    end
    return nil
end

-- What find returns from `init` on, as a table. `barred` is an end that does not count.
local function reference(pattern, subject, init, barred)
    for from = init, pattern.anchored and init or #subject + 1 do
        local captures = {}
        local stop = match_from(pattern, 1, subject, from, captures)
        if stop and stop ~= barred then
            local found = {from, stop - 1, n = 2 + pattern.level}
            for index = 1, pattern.level do
                local capture = captures[index]
                found[2 + index] = type(capture) == "table" and subject:sub(capture[1], capture[2])
                                   or capture
            end
            return found
        end
    end
    return nil
end

local function show(values)
    local out = {}
    for i = 1, values and values.n or 0 do out[i] = tostring(values[i]) end
    return values and "(" .. table.concat(out, ", ") .. ")" or "no match"
end

local function same(what, pattern, subject, expected, got)
    if expected ~= got then
        error(string.format("%s(%q, %q): expected %s; got %s", what, subject, pattern.text,
                            expected, got), 2)
    end
end

-- gsub with "<%0>" and gmatch, both by repeated reference matches.
local function reference_all(pattern, subject)
    local out, found, at, barred = {}, {}, 1, nil
    local copied = 1
    while true do
        local match = reference(pattern, subject, at, barred)
        if not match then break end
        out[#out + 1] = subject:sub(copied, match[1] - 1)
                        .. "<" .. subject:sub(match[1], match[2]) .. ">"
        found[#found + 1] = pattern.level == 0 and subject:sub(match[1], match[2])
                            or tostring(match[3])
        at = match[2] + 1
        copied, barred = at, at
        if pattern.anchored then break end
    end
    return table.concat(out) .. subject:sub(copied), found
end

local alphabet = {"a", "a", "a", "b", "b", "c", "1", "2", "-", "_", "(", ")", "(", ")", "]", " "}
local matched = 0
for _ = 1, 3000 do
    local pattern = random_pattern()
    local bytes = {}
    for i = 1, random(13) - 1 do bytes[i] = pick(alphabet) end
    local subject = table.concat(bytes)
    local init = random(3) == 1 and random(#subject + 1) or 1

    local expected = reference(pattern, subject, init)
    local got = table.pack(subject:find(pattern.text, init))
    if got.n == 1 and got[1] == nil then got = nil end
    same("find", pattern, subject, show(expected), show(got))
    if expected then matched = matched + 1 end

    local text, list = reference_all(pattern, subject)
    same("gsub", pattern, subject, text, (subject:gsub(pattern.text, "<%0>")))
    same("gsub count", pattern, subject, #list, select(2, subject:gsub(pattern.text, "")))
    if not pattern.anchored then
        local steps = {}
        for first in subject:gmatch(pattern.text) do steps[#steps + 1] = tostring(first) end
        same("gmatch", pattern, subject, table.concat(list, "|"), table.concat(steps, "|"))
    end
end
-- The walk is worth something only if it finds both.
assert(matched > 300 and matched < 2900, "too few or too many matches: " .. matched)
