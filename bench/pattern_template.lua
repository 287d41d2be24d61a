-- group: patterns
-- Templates filled with gsub: replacement by table, by function and by string.
local size = tonumber(arg and arg[1]) or 130000

local template = [[
Dear $name,
your ${animal} has been in our care for %{days} days and %{hours} hours.
Please bring <b>$price</b> &amp; a <i>leash</i>.
]]

local entities = { amp = "&", lt = "<", gt = ">" }
local names = { "Ann", "Bob", "Cat" }
local animals = { "heron", "otter", "seal", "plover" }

local total, sample = 0, ""
for i = 1, size do
    local fields = {
        name = names[i % 3 + 1],
        animal = animals[i % 4 + 1],
        price = tostring(i % 50) .. " pounds",
    }
    local numbers = { days = i % 30, hours = i % 24 }
    local text = template:gsub("%$(%w+)", fields)
    text = text:gsub("%${(%w+)}", fields)
    text = text:gsub("%%{(%w+)}", function(key) return tostring(numbers[key]) end)
    text = text:gsub("</?%a>", "*")
    text = text:gsub("&(%a+);", entities)
    total = total + #text
    sample = text
end
print(string.format("pattern_template %d %d %s", size, total, sample:match("your (%a+)")))
