-- group: patterns
-- Lines of a server's log taken apart with anchored patterns and captures.
local size = tonumber(arg and arg[1]) or 92

local paths = { "/index.html", "/a/b/c.png", "/search?q=tide&page=2", "/login", "/favicon.ico" }
local lines = {}
for i = 1, 5000 do
    lines[i] = string.format(
        '10.0.%d.%d - - [12/Mar/2021:%02d:%02d:%02d +0000] "%s %s HTTP/1.1" %d %d "-" "agent %d"',
        i % 7, i % 250, i % 24, i % 60, i * 7 % 60, i % 9 == 0 and "POST" or "GET",
        paths[i % 5 + 1], i % 11 == 0 and 404 or 200, i * 37 % 10000, i % 4)
end

local entry = '^(%S+) %S+ %S+ %[(%d+)/(%a+)/(%d+):(%d+):(%d+):(%d+) [^%]]*%] '
    .. '"(%u+) (%S+) [^"]*" (%d%d%d) (%d+)'
local bytes, missing, posts, queries, hours = 0, 0, 0, 0, 0
for _ = 1, size do
    for _, line in ipairs(lines) do
        local host, _, _, _, hour, _, _, method, path, status, length = line:match(entry)
        assert(host)
        bytes = bytes + tonumber(length)
        hours = hours + tonumber(hour)
        if status == "404" then missing = missing + 1 end
        if method == "POST" then posts = posts + 1 end
        for key in path:gmatch("[?&](%w+)=") do queries = queries + #key end
        if line:find("agent 3", 1, true) then queries = queries + 1 end
    end
end
print(string.format("pattern_log %d %d %d %d %d %d", size, bytes, missing, posts, queries, hours))
