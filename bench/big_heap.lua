-- group: allocation
-- A large store of records kept alive while queries make garbage, as a server would.
local size = tonumber(arg and arg[1]) or 90000

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range + 1
end

local users, by_name = {}, {}
for i = 1, size do
    local user = { id = i, name = "user" .. i, friends = {}, seen = 0 }
    for f = 1, 3 do user.friends[f] = random(size) end
    users[i] = user
    by_name[user.name] = user
end

local function friends_of_friends(user)
    local found = {}
    for _, friend in ipairs(user.friends) do
        for _, id in ipairs(users[friend].friends) do
            if id ~= user.id then found[#found + 1] = { id = id, via = friend } end
        end
    end
    return found
end

local total = 0
for _ = 1, size do
    local user = by_name["user" .. random(size)]
    user.seen = user.seen + 1
    for _, entry in ipairs(friends_of_friends(user)) do
        total = (total + entry.id + entry.via) % 1000003
    end
end
local most = 0
for i = 1, size do
    if users[i].seen > most then most = users[i].seen end
end
print(string.format("big_heap %d %d %d", size, total, most))
