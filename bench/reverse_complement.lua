-- group: strings and buffers
-- Strands of DNA: reversed, complemented by translation, cut into lines.
local size = tonumber(arg and arg[1]) or 750

local seed = 42
local bases = { "A", "C", "G", "T" }
local pieces = {}
for i = 1, 30000 do
    seed = (seed * 16807) % 2147483647
    pieces[i] = bases[seed % 4 + 1]
end
local strand = table.concat(pieces)
local complement = { A = "T", C = "G", G = "C", T = "A" }

local total, hash = 0, 0
for _ = 1, size do
    local other = strand:reverse():gsub("%u", complement)
    local lines = {}
    for i = 1, #other, 60 do lines[#lines + 1] = other:sub(i, i + 59) end
    local text = table.concat(lines, "\n")
    total = total + #text
    hash = (hash * 31 + text:byte(1)) % 1000003
    strand = other:sub(2) .. other:sub(1, 1)
end
print(string.format("reverse_complement %d %d %d", size, total, hash))
