-- A word counter on a real text: patterns, tables as dictionaries, sorting with two keys.
--
--   neap examples/wordcount.lua [FILE [HOW MANY]]
--
-- Without a file it counts examples/data/tides.txt. A word is a run of letters, with apostrophes
-- or hyphens inside it; case does not matter. The words are counted a second time by a scanner
-- that uses no patterns, and the program fails when the two disagree.
-- test:

local here = arg[0]:match("^(.*/)") or ""
local path = arg[1] or here .. "data/tides.txt"
local how_many = math.tointeger(tonumber(arg[2] or 15))
if not how_many or how_many < 1 then
    io.stderr:write("wordcount: '", arg[2], "' is not a number of words to show\n")
    os.exit(1)
end

local file, reason = io.open(path)
local text = file and file:read("a")
if not text then
    io.stderr:write("wordcount: cannot read ", reason or path, "\n")
    os.exit(1)
end
file:close()

local counts, total, lines, longest = {}, 0, 0, ""
for line in (text:gsub("\n?$", "\n", 1)):gmatch("(.-)\n") do
    lines = lines + 1
    -- The frontier keeps an apostrophe or hyphen only where a letter follows it.
    for word in line:gmatch("%a[%a'%-]*%f[^%a]") do
        word = word:lower()
        counts[word] = (counts[word] or 0) + 1
        total = total + 1
        if #word > #longest then longest = word end
    end
end

-- The second opinion: one byte at a time.
local function count_by_bytes()
    local words, inside = 0, false
    local function letter(code)
        return code and (code >= 65 and code <= 90 or code >= 97 and code <= 122)
    end
    for i = 1, #text do
        local code = text:byte(i)
        if letter(code) then
            if not inside then words = words + 1 end
            inside = true
        elseif inside and (code == 39 or code == 45) then
            -- Still inside the word if, past any more of these, a letter follows.
            local ahead = i + 1
            while text:byte(ahead) == 39 or text:byte(ahead) == 45 do ahead = ahead + 1 end
            inside = letter(text:byte(ahead)) or false
        else
            inside = false
        end
    end
    return words
end

local ranking = {}
for word, count in pairs(counts) do ranking[#ranking + 1] = { word = word, count = count } end
table.sort(ranking, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.word < b.word
end)

print(string.format("%s: %d lines, %d words, %d different, %d bytes; longest: %s",
    path:match("[^/]*$"), lines, total, #ranking, #text, longest))
local most = ranking[1] and ranking[1].count or 1
for place = 1, math.min(how_many, #ranking) do
    local entry = ranking[place]
    print(string.format("%4d  %-14s %5d  %5.2f%%  %s", place, entry.word, entry.count,
        100 * entry.count / total, string.rep("#", math.max(1, entry.count * 30 // most))))
end

local again = count_by_bytes()
if again ~= total then
    error(string.format("%d words by patterns, %d by bytes", total, again))
end
local sum = 0
for _, entry in ipairs(ranking) do sum = sum + entry.count end
if sum ~= total then error("the single counts do not add up to the total") end
if not arg[1] and (total ~= 775 or counts.the ~= 92 or longest ~= "bookkeeping") then
    error("the text that comes with this example has other counts")
end
