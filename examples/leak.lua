-- Leak hunting: a program that should be back where it began after every round, and is not. heap.types says what has become
-- more, heap.why who holds it.
--
--   neap examples/leak.lua [SESSIONS]
--
-- Look at: `hunt`, which works for any program; and the path that heap.why prints, which names the line to mend.
-- test: 50

local sessions = math.tointeger(tonumber(arg[1] or 1000)) or error "the number of sessions must be a whole number"

-- ---- the program ----
local Session = {__name = "Session"}
Session.__index = Session

bus = {listeners = {}}                           -- who wants to be told of changes

local function open(user)
    local session = setmetatable({user = user, pages = {}}, Session)
    table.insert(bus.listeners, function(page) session.pages[#session.pages + 1] = page end)
    return session
end

local function serve(count)
    local open_sessions = {}
    for i = 1, count do open_sessions[i] = open("user " .. i) end
    for i = count, 1, -1 do table.remove(open_sessions) end     -- all are closed, and nobody leaves the bus
end

-- ---- the hunt ----
local function census()
    local counts = {}
    for _, row in ipairs(heap.types()) do counts[row.type .. " " .. row.name] = row.count end
    return counts
end

-- What there is more of, by at least `least`, after f has run than before.
local function hunt(f, least)
    f()                                          -- what is made once only is no leak
    local before = census()
    f()
    local more = {}
    for name, count in pairs(census()) do
        local grown = count - (before[name] or 0)
        if grown >= least then more[#more + 1] = {name = name, grown = grown} end
    end
    table.sort(more, function(a, b) return a.grown > b.grown or a.grown == b.grown and a.name < b.name end)
    return more
end

for _, row in ipairs(hunt(function() serve(sessions) end, sessions)) do
    print(("%6d more   %s"):format(row.grown, row.name))
end

local lost = setmetatable({}, {__mode = "v"})    -- weak: the hunter must not hold what it looks for
lost[1] = open "somebody"
print("held by        " .. heap.why(lost[1]))
