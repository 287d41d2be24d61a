-- Leak hunting: a program that should be back where it began after every round, and is not. heap.mark and heap.since say what
-- a round has left behind and which lines made it, heap.why who holds it.
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
local function hunt(f)
    f()                                          -- what is made once only is no leak
    local mark <close> = heap.mark()
    f()
    return heap.since(mark)                      -- of what was made since, what is still alive, by type and line
end

for _, row in ipairs(hunt(function() serve(sessions) end)) do
    if row.count >= sessions then
        print(("%6d more   %-9s %s:%d   %7.1f KiB"):format(row.count, row.type, row.source, row.line, row.bytes / 1024))
    end
end

local lost = setmetatable({}, {__mode = "v"})    -- weak: the hunter must not hold what it looks for
lost[1] = open "somebody"
print("held by        " .. heap.why(lost[1]))
