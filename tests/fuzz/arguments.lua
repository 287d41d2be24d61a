-- helper: calls every function of every library with systematic odd arguments and writes what comes of each call to the
-- file named by the second argument. arguments_test.sh runs it under neap and under Debian's lua5.4 and compares the two.
--
--     neap arguments.lua quick|full RESULTS        in an empty folder, with /dev/null as standard input
--
-- Every call is made as the body of a coroutine of its own, so that it can yield and finds nothing of this program's
-- stack; calls with up to two arguments are made from a Lua function as well, which gives messages a name and a line.
-- "full" takes more combinations: 1.4 million calls instead of 200,000.
local mode, result_file = ...
local full = mode == "full"

-- What calls may break is kept here.
local type, pairs, ipairs, select, tostring, next, rawequal = type, pairs, ipairs, select, tostring, next, rawequal
local getmetatable, setmetatable, load, assert, collectgarbage = getmetatable, setmetatable, load, assert, collectgarbage
local format, gsub, sub, find = string.format, string.gsub, string.sub, string.find
local sort, concat, pack, unpack = table.sort, table.concat, table.pack, table.unpack
local math_type, create, resume, status = math.type, coroutine.create, coroutine.resume, coroutine.status
local sethook, set_meta, get_meta = debug.sethook, debug.setmetatable, debug.getmetatable
local globals, setlocale = _G, os.setlocale
local io_output, io_input, stdout, stdin = io.output, io.input, io.stdout, io.stdin
local results = assert(io.open(result_file, "w"))
local write = results.write

package.path, package.cpath = "./?.lua", "./?.so"

-- ---- what is called --------------------------------------------------------------------------------------------------

-- Not called at all, and why.
local skipped = {
    ["os.exit"] = "ends the program", ["os.execute"] = "runs commands", ["io.popen"] = "runs commands",
    ["os.tmpname"] = "leaves files in /tmp", ["debug.debug"] = "writes a prompt, reads commands",
}
-- Their results are times, random, or an engine's own figures: only errors and the types of results are compared.
local unsteady = {
    ["math.random"] = true, ["math.randomseed"] = true, ["os.clock"] = true, ["os.time"] = true, ["os.date"] = true,
    ["collectgarbage"] = true, ["debug.getregistry"] = true, ["string.dump"] = true, ["debug.getinfo"] = true,
}

-- Calls that would go on for years, or whose way is an engine's own.
local function plain() return 1 end
local function left_out(name, arguments)
    if name == "table.move" then
        local from, to = arguments[2], arguments[3]
        return from == math.mininteger or to == 2 ^ 53
    elseif name == "table.sort" then return arguments[2] == print -- prints what is compared with what
    elseif name == "load" then return arguments[1] == plain -- reads 1 for ever
    elseif name == "file.read" or name == "io.read" then -- PUC Lua asks for all the memory first
        for i = 1, 4 do
            if arguments[i] == 2 ^ 53 then return true end
        end
    elseif name == "string.rep" then -- of nothing: PUC Lua counts all the same
        return arguments[2] == 2 ^ 53 and (arguments[1] == "") and (arguments[3] == nil or arguments[3] == "")
    end
end

local values = {
    function() return nil end, function() return true end, function() return -1 end, function() return 0 end,
    function() return 1.5 end, function() return 2 ^ 53 end, function() return math.mininteger end,
    function() return "" end, function() return "x" end, function() return "10" end, function() return {} end,
    function() return plain end, function() return create(plain) end, function() return stdout end,
    function() return 3 end, function() return { 5, 6, 7 } end, function() return print end,
}
local few = { values[1], values[3], values[5], values[9], values[10], values[11], values[12], values[15] }

-- First arguments that lead further into a function.
local function texts(...)
    local list = {}
    for i = 1, select("#", ...) do
        local text = select(i, ...)
        list[i] = function() return text end
    end
    return list
end
local firsts = {
    ["string.format"] = texts("%d", "%5.2s|", "%i", "%c", "%x", "%X", "%o", "%u", "%a", "%.3a", "%e", "%f", "%g", "%G", "%q",
        "%s", "%p", "%", "%y", "%123d", "%.123f", "%#x", "%+d", "% d", "%05d", "%-8s|", "%010q", "%.20s", "%.0f", "%5c|",
        "%d %s", "%--d", "%.d", "%5.p", "%+s", "%#q", "%%", "%0.5d", "%+.3i", "%#o", "%#g", "% f", "%.3c", "%l"),
    ["string.pack"] = texts("b", "B", "h", "H", "l", "L", "j", "J", "T", "i", "I", "i16", "I17", "i0", "f", "d", "n", "s", "s1",
        "z", "x", "X", "Xb", "Xi4i4", "!4i8", "!3", "<i3", ">I3", "=h", " ", "c0", "c3", "c", "s17", "r", "!17", "i1", "I1", "d4"),
    ["string.packsize"] = texts("b", "s", "z", "i16", "!8bd", "Xd", "c100", "c2147483647c1", "!16 b Xi16", "j j", "c"),
    ["string.unpack"] = texts("b", "B", "i16", "I1", "s1", "z", "x", "X", "Xb", "<i3", "c1", "c0", "d", "f", "!4i8"),
    ["string.rep"] = texts("ab"), ["string.find"] = texts("", "x10", "(x", "%"),
    ["os.date"] = texts("!%c", "*t", "!*t", "%Ez", "%E", "%O", "%Ey", "%Oy", "%Q", "%", "%5", "!%a %A %b %B %d %H %I %j %m %M %p",
        "!%S %U %w %W %x %X %y %Y %Z %%", "!%C %D %e %F %g %G %h %n %r %R %t %T %u %V %z", "%Ex", "!%Od%Oe%OH%OI%Om%OM%OS"),
    ["collectgarbage"] = texts("stop", "restart", "collect", "count", "step", "setpause", "setstepmul", "isrunning",
        "generational", "incremental", "Count"),
    ["select"] = texts("#", "##"), ["debug.sethook"] = { values[12] }, ["debug.getinfo"] = { values[12], values[17], values[15] },
    ["os.setlocale"] = texts("C", "POSIX", "xx_XX"), ["io.open"] = texts("no/such/file", "x"), ["io.lines"] = texts("here"),
    ["io.read"] = texts("n", "l", "L", "a", "*n", "*x", "z"), ["load"] = texts("return ...", "\27Lua", "x = = 1"),
    ["utf8.char"] = texts(0x7FFFFFFF, 0x80000000, 65), ["utf8.codepoint"] = texts("h\u{e9}\u{20ac}", "\xff"),
    ["utf8.len"] = texts("h\u{e9}\u{20ac}", "\xe9x", "\u{7FFFFFFF}"), ["utf8.offset"] = texts("h\u{e9}\u{20ac}", "\x80"),
    ["utf8.codes"] = texts("a\xffb"), ["tonumber"] = texts("0x1p4", "1e", "zz", "7fffffffffffffff", " 10 ", "1 0", "-0x", "8"),
    ["table.concat"] = { values[16], function() return { {}, 1 } end }, ["table.unpack"] = { values[16] },
    ["table.insert"] = { values[16] }, ["table.remove"] = { values[16] }, ["table.move"] = { values[16] },
    ["table.sort"] = { function() return { 3, 1, "x" } end, function() return { 3, 1, 2, 5, 4 } end },
    ["math.fmod"] = texts(5, math.mininteger, 5.5, -6, 1 / 0), ["math.tointeger"] = texts("0x10", 2.0, 1e300, "3.0"),
    ["math.random"] = texts(1, 5), ["math.ult"] = texts(1), ["math.log"] = texts(8, 100, -1, 0.5), ["math.abs"] = texts(-5, -0.0),
    ["setmetatable"] = { function() return setmetatable({}, { __metatable = 1 }) end },
    ["getmetatable"] = { function() return setmetatable({}, { __metatable = 1 }) end },
    ["tostring"] = { function() return setmetatable({}, { __tostring = plain }) end,
        function() return setmetatable({}, { __name = "Tide" }) end, function() return -0.0 end, function() return 1e15 end,
        function() return 2 ^ 63 end, function() return 0 / 0 end, function() return -1 / 0 end, function() return 1e100 end },
    ["ipairs"] = { function() return setmetatable({}, { __index = plain }) end },
    ["pairs"] = { function() return setmetatable({}, { __pairs = plain }) end },
    ["coroutine.close"] = { function()
        local thread = create(function() local x <close> = setmetatable({}, { __close = function() error "closing" end }) coroutine.yield() end)
        resume(thread)
        return thread
    end },
    ["coroutine.resume"] = { function() local t = create(coroutine.yield) resume(t) resume(t) return t end },
    ["file.seek"] = { function() return assert(io.open("here")) end }, ["file.read"] = { function() return assert(io.open("here")) end },
    ["file.lines"] = { function() return assert(io.open("here")) end }, ["file.close"] = { function() return assert(io.open("here")) end },
    ["file.write"] = { function() return assert(io.open("here")) end }, ["file.setvbuf"] = { function() return assert(io.open("here")) end },
    ["file.flush"] = { function() local f = assert(io.open("here")) f:close() return f end },
}
local seconds = { -- where the interesting word is the second argument
    ["file.seek"] = texts("set", "cur", "end", "sett"), ["file.setvbuf"] = texts("no", "full", "line", "none"),
    ["file.read"] = texts("n", "l", "L", "a", "*a", "z", 0, 2), ["file.lines"] = texts("n", "L", "z"),
    ["os.setlocale"] = texts("all", "collate", "ctype", "monetary", "numeric", "time", "none"),
    ["collectgarbage"] = texts(0, 100), ["select"] = texts("a"), ["debug.getinfo"] = texts("nSlutfrL", ">", "z", "S"),
    ["string.find"] = texts("[a", "%b", "%f", "(()", "%1", "x-", "[^", "%", "(a", ")", "[%a-z]", "%bxy"),
    ["string.gsub"] = texts("[a", "x", "(x)", "%1"), ["string.match"] = texts("()", "(x)(y)", "%b()"),
    ["load"] = texts("=chunk"), ["io.open"] = texts("r", "rw", "r+b", "w+", "rb+"), ["tonumber"] = texts(2, 36, 37, 1, 16),
    ["string.unpack"] = texts("abcdefghijklmnopqrstuvwxyz", "\5abc\0", "\0"),
    ["utf8.codepoint"] = texts(1, 2, 4, 5), ["utf8.offset"] = texts(1, -1, 0),
}

local functions, names = {}, {}
local function add(prefix, library)
    for key, value in pairs(library) do
        local name = prefix .. key
        if type(value) == "function" and not skipped[name] then
            functions[name] = value
            names[#names + 1] = name
        end
    end
end
for _, library in ipairs { "coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8" } do
    add(library .. ".", globals[library])
end
for key, value in pairs(globals) do
    if type(value) == "function" and not skipped[key] then
        functions[key] = value
        names[#names + 1] = key
    end
end
add("file.", get_meta(stdout).__index)
add("filemeta.", get_meta(stdout))
sort(names)

-- ---- results ---------------------------------------------------------------------------------------------------------

local function show(value)
    local kind = math_type(value) or type(value)
    if kind == "integer" then return format("%d", value)
    elseif kind == "float" then return value == value and format("%.17g", value) .. "f" or "nan"
    elseif kind == "string" then
        value = gsub(value, "0x%x+", "ADDR")
        if #value > 300 then return format("%q..%d", sub(value, 1, 300), #value) end
        return format("%q", value)
    elseif kind == "table" then
        local count = 0
        for _ in next, value do count = count + 1 end
        return rawequal(value, globals) and "_G" or "table of " .. count
    elseif kind == "nil" then return "nil"
    elseif kind == "boolean" then return value and "true" or "false" end
    return kind
end

local function describe(name, thread, ok, ...)
    local parts = { ok and status(thread) or "error" }
    for i = 1, select("#", ...) do
        local value = select(i, ...)
        parts[i + 1] = ok and unsteady[name] and type(value) or show(value)
    end
    return concat(parts, " ")
end

local string_meta, stdout_meta = get_meta(""), get_meta(stdout)
local function mend()
    sethook()
    set_meta(nil, nil)
    set_meta(true, nil)
    set_meta(0, nil)
    set_meta("", string_meta)
    set_meta(print, nil)
    set_meta(create(plain), nil)
    set_meta(stdout, stdout_meta)
    io_output(stdout)
    io_input(stdin)
    setlocale "C"
    stdout:setvbuf "full"
end

local calls = 0
local function count_call(name)
    calls = calls + 1
    mend()
    if calls % 300 == 0 or (find(name, "^io%.") and calls % 100 == 0) then
        collectgarbage "restart"
        collectgarbage "incremental"
        collectgarbage()
    end
end

local function line(how, name, arguments, n, thread, ...)
    local parts = {}
    for i = 1, n do parts[i] = show(arguments[i]) end
    local said = describe(name, thread, ...)
    count_call(name)
    write(results, how, name, "(", concat(parts, ", "), ") ", said, "\n")
end

-- ---- the calls -------------------------------------------------------------------------------------------------------

local function call(name, makers, n)
    local func, arguments = functions[name], {}
    for i = 1, n do arguments[i] = makers[i]() end
    if left_out(name, arguments) then return end
    local thread = create(func)
    line("", name, arguments, n, thread, resume(thread, unpack(arguments, 1, n)))
    if n <= 2 then
        for i = 1, n do arguments[i] = makers[i]() end
        thread = create(function(...)
            local r1, r2, r3 = func(...)
            return r1, r2, r3
        end)
        line("f = ", name, arguments, n, thread, resume(thread, unpack(arguments, 1, n)))
    end
end

-- Every combination of one maker of each list.
local function combine(name, lists, makers, i)
    if i > #lists then return call(name, makers, #lists) end
    for _, maker in ipairs(lists[i]) do
        makers[i] = maker
        combine(name, lists, makers, i + 1)
    end
end

for _, name in ipairs(names) do
    combine(name, {}, {}, 1)
    combine(name, { values }, {}, 1)
    combine(name, { values, values }, {}, 1)
    local wide = full and values or few
    combine(name, { wide, wide, wide }, {}, 1)
    if full then combine(name, { few, few, few, few }, {}, 1) end
    local first, second = firsts[name], seconds[name]
    if first then
        combine(name, { first }, {}, 1)
        combine(name, { first, values }, {}, 1)
        combine(name, { first, wide, few }, {}, 1)
        if second then
            combine(name, { first, second }, {}, 1)
            combine(name, { first, second, values }, {}, 1)
            combine(name, { first, second, few, few }, {}, 1)
        end
    end
    if second then
        combine(name, { values, second }, {}, 1)
        combine(name, { values, second, few }, {}, 1)
    end
end
results:close()
