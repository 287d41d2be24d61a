-- A plug-in host. Each plug-in runs in a group of its own, which is charged for what it makes and has a limit. One
-- that runs away is stopped and unloaded; the host and the others go on, and its memory is there for others again.
--
--   neap examples/plugins.lua [EVENTS]
--
-- Look at: `send`, which is all that the host does for its safety; the line of `greedy`; and `cache`, which keeps
-- below its limit because what it drops is credited to it.
-- test: 300

local events = math.tointeger(tonumber(arg[1] or 20000)) or error "the number of events must be a whole number"

local sources = {
    counter = [[
        local counts = {}
        return function(event)
            counts[event.kind] = (counts[event.kind] or 0) + 1
        end]],
    cache = [[
        local recent = {}
        return function(event)
            recent[event.number % 100] = ("event %d of kind %s "):format(event.number, event.kind):rep(50)
        end]],
    greedy = [[
        local everything = {}
        return function(event)
            local copies = {}
            for i = 1, event.number do copies[i] = {event.number, event.kind, i} end
            everything[#everything + 1] = copies
        end]],
    faulty = [[
        return function(event)
            if event.number == 100 then error "I do not like this event" end
        end]],
}

local function load_plugin(name, source)
    local plugin = {name = name, group = heap.group(name, {limit = "1MiB"}), events = 0}
    local environment = {error = error, pairs = pairs, ipairs = ipairs}     -- and string methods; not `heap`, nor `debug`
    plugin.handle = plugin.group:run(function() return assert(load(source, "=" .. name, "t", environment))() end)
    return plugin
end

local function send(plugin, event)
    local ok, message = pcall(plugin.group.run, plugin.group, plugin.handle, event)
    if ok then
        plugin.events = plugin.events + 1
    else
        plugin.handle, plugin.message = nil, message        -- unloaded: nothing refers to what it has made
    end
end

local plugins = {}
for name, source in pairs(sources) do plugins[#plugins + 1] = load_plugin(name, source) end
table.sort(plugins, function(a, b) return a.name < b.name end)

local kinds = {"open", "change", "close"}
for number = 1, events do
    local event = {number = number, kind = kinds[number % 3 + 1]}
    for _, plugin in ipairs(plugins) do
        if plugin.handle then send(plugin, event) end
    end
end
collectgarbage()

print "plug-in   events   KiB now   at most   end"
for _, plugin in ipairs(plugins) do
    local stats = plugin.group:stats()
    print(("%-8s %7d %9.1f %9.1f   %s"):format(plugin.name, plugin.events, stats.bytes / 1024, stats.peak / 1024,
        plugin.message or "-"))
end
print(("the host and all %.1f KiB"):format(collectgarbage "count"))
