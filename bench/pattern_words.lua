-- group: patterns
-- Words of a text, found with gmatch and counted.
local size = tonumber(arg and arg[1]) or 12000

local text = string.rep([[
The tide came in at four, and with it came the boats: eleven of them, low in the water.
"What have you brought?" asked the keeper. Nothing, they said; the sea keeps what it takes,
and gives back what it no longer wants. By midnight the harbour was empty again.
]], 10)

local counts, words = {}, 0
for _ = 1, size do
    for word in text:gmatch("%a+") do
        word = word:lower()
        counts[word] = (counts[word] or 0) + 1
        words = words + 1
    end
end
local distinct = 0
for _ in pairs(counts) do distinct = distinct + 1 end
print(string.format("pattern_words %d %d %d %d", size, words, distinct, counts.the))
