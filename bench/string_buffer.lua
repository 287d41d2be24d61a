-- group: strings and buffers
-- A page of text built line by line in a table and joined at the end.
local size = tonumber(arg and arg[1]) or 1200

local concat = table.concat
local total, hash = 0, 0
for page = 1, size do
    local lines = {}
    for i = 1, 2000 do
        lines[#lines + 1] = "line " .. i .. " of page " .. page .. ": " .. (i * page) % 97
    end
    local text = concat(lines, "\n")
    total = total + #text
    hash = (hash * 31 + text:byte(page % #text + 1)) % 1000003
end
print(string.format("string_buffer %d %d %d", size, total, hash))
