-- group: formatting
-- A report of aligned columns with string.format: integers, floats, strings, hexadecimal.
local size = tonumber(arg and arg[1]) or 960000

local format = string.format
local names = { "bream", "cod", "dab", "eel", "flounder" }
local total, hash = 0, 0
for i = 1, size do
    local line = format("%6d %-10s %8.2f %5.1f%% %04x %s", i, names[i % 5 + 1], i * 1.25,
        i % 1000 / 10, i % 65536, i % 2 == 0 and "yes" or "no")
    total = total + #line
    hash = (hash * 31 + line:byte(i % #line + 1)) % 1000003
end
print(format("format_report %d %d %d", size, total, hash))
