-- group: allocation
-- Many short-lived strings: names, paths and messages put together and thrown away.
local size = tonumber(arg and arg[1]) or 1500000

local first = { "red", "green", "blue", "grey", "white" }
local second = { "heron", "plover", "curlew", "gull", "tern", "knot", "avocet" }

local recent, total = {}, 0
for i = 1, size do
    local name = first[i % 5 + 1] .. "_" .. second[i % 7 + 1] .. i % 1000
    local path = "/home/" .. name .. "/notes/" .. i .. ".txt"
    local message = "wrote " .. path .. ", " .. #path .. " characters"
    recent[i % 1000 + 1] = message
    total = total + #message
end
local kept = 0
for i = 1, #recent do kept = kept + #recent[i] end
print(string.format("string_build %d %d %d", size, total, kept))
