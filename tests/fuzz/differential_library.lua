-- differential_library.lua: calls of library functions with random arguments, good and bad (topic
-- "library"); patterns, formats, packing, tables, numbers and text <-> number (topics of their own).

local gen = ...
local int, chance, pick, weighted = gen.int, gen.chance, gen.pick, gen.weighted

local function number() return chance(60) and pick(gen.integers) or pick(gen.floats) end
local function small() return tostring(int(-4, 8)) end
local function text() return pick(gen.strings) end
-- Not NaN: Lua runs `for i = 1, 0/0, -1` down to mininteger, Neap not at all.
local function limit()
  local result = chance(85) and number() or text()
  return result == "0/0" and "1/0" or result
end
local function any()
  return weighted { 3, number(), 3, text(), 1, "nil", 1, "true", 1, "{}", 1, "print", 2, small(), 1, "io.stdout",
    1, "{1,2,3}", 1, "setmetatable({}, {__tostring = function() return 'T!' end, __name = 'My'})", 1,
    "setmetatable({}, {__name = 'My.Type'})", 1, "setmetatable({}, {__len = function() return 3 end, __index = " ..
    "function(_, k) return k * 2 end, __newindex = function(_, k, v) out('set', k, v) end})" }
end

-- ---- patterns ----

local function class()
  return pick { "%a", "%d", "%s", "%w", "%p", "%l", "%u", "%x", "%c", "%g", "%A", "%S", "%D", "%W", ".", "a", "b",
    "[abc]", "[^a]", "[a-c]", "[%a_]", "[%d-]", "[]]", "[^]]", "[a-]", "[-a]", "%.", "%%", "x", "1", "[%w%s]", "[a%-z]" }
end

local function pattern(depth)
  local parts = {}
  if chance(15) then parts[1] = "^" end
  for _ = 1, int(1, 4) do
    parts[#parts + 1] = weighted {
      8, function() return class() .. pick { "", "", "*", "+", "-", "?" } end,
      3, function() return depth > 0 and "(" .. pattern(depth - 1):gsub("^%^", "") .. ")" or "()" end,
      1, function() return "()" end,
      1, function() return "%b" .. pick { "()", "ab", "[]", "aa" } end,
      1, function() return "%f" .. pick { "[%a]", "[%s]", "[^%w]", "[%z]", "[\\0]" } end,
      1, function() return "%" .. int(1, 3) end,
      1, function() return pick { "$", "%", "[", "(", ")", "[a", "%f", "%b", "[%", "^", "%bx", "-", "*", "\\0", "%0", "[^" } end,
    }()
  end
  if chance(15) then parts[#parts + 1] = "$" end
  return table.concat(parts)
end

local function subject()
  return weighted { 5, function()
    local parts = {}
    for i = 1, int(0, 14) do
      parts[i] = pick { "a", "b", "c", "x", "1", "2", " ", "(", ")", "[", "]", ".", "-", "%", "A", "B", "_", "\\0", "\\n", "ab", "\\200" }
    end
    return '"' .. table.concat(parts) .. '"'
  end, 1, function() return '"hello world from Lua"' end, 1, function() return '("ab"):rep(30)' end }()
end

local function replacement()
  return weighted { 3, '"<%0>"', 3, '"%1"', 2, '"%2%1"', 1, '"%%"', 1, '"%"', 1, '"%x"', 2, "{a = 'A', b = 1, ab = false}",
    2, "function(...) out(...) return (...) end", 1, "function() return nil end", 1, "string.upper", 1, "12", 1, "true",
    1, "function() return {} end", 1, "setmetatable({}, {__index = function(_, k) return #k end})" }
end

gen.topic("patterns", 3, function()
  local lines = {}
  for _ = 1, int(6, 12) do
    local quoted = '"' .. pattern(2) .. '"'
    lines[#lines + 1] = weighted {
      3, function() return ("try(string.find, %s, %s%s)"):format(subject(), quoted, chance(40) and ", " .. small() .. (chance(30) and ", true" or "") or "") end,
      3, function() return ("try(string.match, %s, %s%s)"):format(subject(), quoted, chance(30) and ", " .. small() or "") end,
      3, function() return ("try(string.gsub, %s, %s, %s%s)"):format(subject(), quoted, replacement(), chance(30) and ", " .. small() or "") end,
      3, function() return ("try(function() for a, b in string.gmatch(%s, %s%s) do out(a, b) end end)"):format(subject(), quoted, chance(20) and ", " .. small() or "") end,
    }()
  end
  return table.concat(lines, "\n")
end)

-- ---- formats ----

gen.topic("format", 2, function()
  local lines = {}
  for _ = 1, int(6, 14) do
    local parts, values = {}, {}
    for _ = 1, int(1, 3) do
      local conversion = pick { "d", "i", "u", "c", "x", "X", "o", "e", "E", "f", "F", "g", "G", "a", "A", "q", "s", "s", "d", "g", "%", "p", "z" }
      local flags = chance(50) and "" or pick { "-", "+", " ", "0", "#", "-0", "+-", "##", "-+ #0", "00000" }
      local size = chance(50) and "" or pick { "1", "5", "10", "20", ".3", ".0", ".", "5.2", "10.15", "99", "100", "1.100", "99.99" }
      parts[#parts + 1] = pick { "", "a", "%%", "\\0" } .. "%" .. flags .. size .. conversion
      if conversion == "p" then parts[#parts] = "%" .. pick { "-10p", "p", "0p", ".3p" } end
      values[#values + 1] = conversion == "p" and pick { "1", "nil", "2.5", "true" } or weighted { 5, number(), 2, text(), 1, "-0.0", 1,
        pick { "nil", "true", "setmetatable({}, {__tostring = function() return 'T!' end})", "setmetatable({}, {__tostring = function() return 1 end})" } }
    end
    if chance(10) then values[#values] = nil end
    lines[#lines + 1] = ("try(string.format, %s)"):format(table.concat({ '"' .. table.concat(parts) .. '"', table.unpack(values) }, ", "))
  end
  return table.concat(lines, "\n")
end)

-- ---- packing ----

local OPTIONS = { "b", "B", "h", "H", "i", "I", "l", "L", "j", "J", "T", "f", "d", "n", "s", "z", "x", "i1", "i3", "i7",
  "i8", "i16", "I1", "I5", "I16", "s1", "s2", "s4", "c0", "c3", "c5", "c10", "<", ">", "=", "!", "!1", "!2", "!4", "!8", "!16", " ",
  "Xi4", "Xd", "Xh", "X", "i17", "i0", "!3", "c", "Xz", "y", "!17", "s0" }

gen.topic("pack", 2, function()
  local lines = {}
  for _ = 1, int(5, 10) do
    local parts, values = {}, {}
    for i = 1, int(1, 6) do
      parts[i] = chance(90) and OPTIONS[int(#OPTIONS - 10)] or pick(OPTIONS)
      if parts[i]:find "[bBhHiIlLjJTfdn]" and not parts[i]:find "X" then
        values[#values + 1] = chance(80) and pick { "0", "1", "-1", "127", "-128", "255", "100", "3.0", "1.5", "'7'" } or number()
      elseif parts[i]:find "[szc]" then values[#values + 1] = text() end
    end
    if chance(6) then values[#values] = nil end
    local format = '"' .. table.concat(parts) .. '"'
    local list = table.concat({ format, table.unpack(values) }, ", ")
    lines[#lines + 1] = ("try(string.packsize, %s)"):format(format)
    lines[#lines + 1] = ("do local good, packed = pcall(string.pack, %s) out(good, packed)"):format(list)
    lines[#lines + 1] = ("if good then try(string.unpack, %s, packed) try(string.unpack, %s, packed, %s) try(string.unpack, %s, packed:sub(1, -2)) end end")
      :format(format, format, small(), format)
    lines[#lines + 1] = ("try(string.unpack, %s, %s)"):format(format, subject())
  end
  return table.concat(lines, "\n")
end)

-- ---- any function with any arguments ----

local FUNCTIONS = {
  "assert", "error", "getmetatable", "ipairs", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset",
  "select", "setmetatable", "tonumber", "tostring", "type", "load", "xpcall",
  "string.byte", "string.char", "string.find", "string.format", "string.gsub", "string.len", "string.lower",
  "string.match", "string.rep", "string.reverse", "string.sub", "string.upper", "string.gmatch", "string.pack", "string.unpack",
  "table.concat", "table.insert", "table.move", "table.pack", "table.remove", "table.sort", "table.unpack",
  "math.abs", "math.ceil", "math.floor", "math.fmod", "math.max", "math.min", "math.modf", "math.tointeger",
  "math.type", "math.ult", "math.sqrt", "math.exp", "math.log", "math.random",
  "utf8.char", "utf8.codepoint", "utf8.codes", "utf8.len", "utf8.offset",
  "coroutine.create", "coroutine.wrap", "coroutine.status", "coroutine.resume", "coroutine.isyieldable",
  "coroutine.close", "os.date", "os.time", "debug.getinfo", "debug.getlocal", "debug.getmetatable", "debug.setmetatable",
  "debug.getupvalue", "debug.setupvalue", "debug.upvalueid", "debug.traceback", "debug.getuservalue", "debug.sethook", "io.type",
  "collectgarbage", "io.lines", "io.open", "require", "os.getenv", "os.setlocale", "os.difftime",
}

gen.topic("library", 4, function()
  local lines = {}
  for _ = 1, int(8, 16) do
    local name, values = pick(FUNCTIONS), {}
    local usual = name:find "^string" and text or name:find "^math" and number or name:find "^utf8" and text or
      name:find "^table" and function() return pick { "{1,2,3}", "{}", "{3,1,2}", "{'a','b'}" } end or any
    for i = 1, int(0, 4) do
      values[i] = i == 1 and (chance(85) and usual() or any()) or weighted { 3, small, 1, number, 2, any, 1, usual }()
    end
    if name == "math.random" then values = { "'x'", small() } end
    if name == "debug.setmetatable" then values[1] = "{}" end
    if name == "debug.sethook" or name == "debug.getinfo" or name == "debug.getlocal" then
      values = { pick { "'x'", "{}", "1.5", "nil, 1", "0/0", "print, 'q'", "1e100" }, pick { "'>S'", "'X'", "{}" } }
      if name == "debug.sethook" then values = { "{}", "2" } end
    end
    if name == "collectgarbage" then values[1] = pick { "'count'", "'xx'", "'collect'", "'step'", "'isrunning'", "1", "{}" } end
    if name == "os.time" then values = { pick { "{year=2020,month=1,day=1,hour=12}", "{year=2020,month=14,day=-3,hour=12,min=100,sec=-7}",
      "{year=2020}", "{year='x',month=1,day=1}", "{year=2^40,month=1,day=1}", "{year=2020,month=1.5,day=1}", "{year=1e20,month=1,day=1}", "1",
      "{year=2000,month='2',day='30'}" } } end
    if name == "os.date" then values = { pick { "'!%Y-%m-%d %H:%M:%S'", "'!*t'", "'*t'", "'!%c'", "'!%x %X %p %A %B %j'", "'%Ez'", "'%Q'",
      "'!%D %e %F %g %G %h %I %M %n %R %t %T %u %V %w %y %%'", "'%'", "'%E'", "'!%Ex%Oy'" }, pick { "0", "86400", "1e9", "2^31", "-1", "1.5", "'100'", "2^60", "3600*24*366" } } end
    if name == "collectgarbage" and values[1] == "'count'" or name == "collectgarbage" and values[1] == "'step'" then
      values = { "'collect'" }
    end
    if name == "string.rep" and values[2] then values[2] = small() end
    if name == "io.open" or name == "io.lines" then values[1] = pick { "'/nonexistent/x'", "{}", "nil", "'/'" } values[2] = pick { "'r'", "'zz'", "'rw'", "1" } end
    if name == "require" then values = { pick { "{}", "nil", "'string'" } } end
    if name == "xpcall" or name == "error" then values[3], values[4] = nil, nil end
    local list = table.concat(values, ", ")
    lines[#lines + 1] = chance(60) and ("try(%s%s%s)"):format(name, #values > 0 and ", " or "", list) or
      ("try(function() return %s(%s) end)"):format(name, list)
    if chance(15) then
      local method, self = pick { "rep", "sub", "byte", "upper", "nope", "len", "format", "find" }, pick { "('x')", "(5)", "('%d')", "({})" }
      lines[#lines + 1] = ("try(function() return %s:%s(%s) end)"):format(self, method, pick { "", "1", "2, 3", "{}", "nil", "'x'" })
    end
  end
  return table.concat(lines, "\n")
end)

-- ---- tables ----

gen.topic("tables", 3, function()
  local lines = { "local t = {}" }
  local function element() return weighted { 6, small(), 3, "'" .. pick { "a", "b", "c", "10" } .. "'", 1, "1.5", 1, "nil", 1, "true" } end
  local count = 0
  for _ = 1, int(10, 30) do
    lines[#lines + 1] = weighted {
      4, function() return ("try(table.insert, t, %s)"):format(pick { "1", "2", "3" }) end,
      2, function() return ("try(table.insert, t, %s, %s)"):format(small(), element()) end,
      3, function() return ("try(table.remove, t%s)"):format(chance(50) and ", " .. small() or "") end,
      2, function() return ("try(table.concat, t, %s, %s, %s)"):format(text(), small(), small()) end,
      2, function() return ("try(table.unpack, t, %s, %s)"):format(small(), small()) end,
      2, function() return ("out(table.move(t, %s, %s, %s))"):format(small(), small(), int(1, 6)) end,
      1, function() return ("try(table.move, t, %s, %s, %s, {})"):format(number(), number(), number()) end,
      2, function() return "try(table.sort, t, less)" end,
      2, function() return "try(table.sort, t, function(a, b) a, b = type(a) .. tostring(a), type(b) .. tostring(b) return a > b end)" end,
      2, function() return "t = {" .. element() .. ", " .. element() .. ", " .. element() .. "}" end,
      1, function() return "t[#t + 1] = " .. int(9) end,
      1, function() return "t[#t] = nil" end,
      2, function() return "out(t)" end,
      1, function() return "for k, v in pairs(t) do if v == " .. int(1, 5) .. " then t[k] = nil end end" end,
      1, function() return "for i, v in ipairs(t) do if i > 6 then break end t[i] = " .. pick { "v", "i", "nil", "tostring(v)" } .. " end" end,
      1, function() return "t = table.pack(table.unpack(t, 1, 5))" end,
      1, function() count = count + 1 return "for i = 1, " .. int(1, 40) .. " do t[" .. pick { "i", "-i", "i * 2", "i * 1.0", "2^53 + i", "'k' .. i", "i << 40", "i / 2" } .. "] = i end" end,
      1, function() return "for i = " .. int(1, 40) .. ", 1, -1 do t[" .. pick { "i", "-i", "i * 2", "i * 1.0", "'k' .. i" } .. "] = " .. pick { "nil", "i" } .. " end" end,
      1, function() return "out(next(t) == nil, rawlen(t) >= 0, t[1], t[1.0], t['k1'], t[-1], t[2^53])" end,
      1, function() return "do local n = 0 for k in pairs(t) do n = n + 1 end out('count', n) end" end,
      1, function() return "try(rawset, t, " .. any() .. ", 1)" end,
      1, function() return "try(next, t, " .. pick { "'nokey'", "1e9", "{}" } .. ")" end,
      1, function() return "collectgarbage()" end,
    }()
    lines[#lines + 1] = "settle(t)"
  end
  return table.concat(lines, "\n")
end)

-- ---- numbers ----

gen.topic("numbers", 4, function()
  local lines = {}
  for _ = 1, int(10, 25) do
    local one, other = number(), number()
    if chance(30) then other = small() end
    if chance(15) then one = text() end
    if chance(15) then other = text() end
    local operator = pick { "+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>", "==", "<", "<=", ">", ">=", "~=", ".." }
    lines[#lines + 1] = weighted {
      5, function() return ("try(function() local a, b = %s, %s return a %s b end)"):format(one, other, operator) end,
      3, function() return ("try(function() local a = %s return a %s (%s) end)"):format(one, operator, other) end,
      3, function() return ("try(function() local b = %s return (%s) %s b end)"):format(other, one, operator) end,
      2, function() return ("try(function() return (%s) %s (%s) end)"):format(one, operator, other) end,
      1, function() return ("try(function() local a = %s if a %s (%s) then return 'yes' else return 'no' end end)"):format(one, operator, other) end,
      2, function() return ("try(function() local a = %s return -a, ~a end)"):format(one) end,
      1, function() return ("try(function() local a = %s return -(%s), -a end)"):format(one, one) end,
      2, function() return ("try(tonumber, %s%s)"):format(chance(70) and text() or one, chance(40) and ", " .. int(0, 38) or "") end,
      1, function() return ("try(math.tointeger, %s)"):format(one) end,
      1, function() return ("try(%s, %s, %s)"):format(pick { "math.fmod", "math.ult", "math.max", "math.min" }, one, other) end,
      1, function() return ("try(%s, %s)"):format(pick { "math.floor", "math.ceil", "math.abs", "math.modf", "math.type", "tostring" }, one) end,
      2, function() return ("do local n = 0 for i = %s, %s, %s do n = n + 1 out(i) if n > 3 then break end end end"):format(number(), limit(), pick { "1", "-1", "2.0", "math.maxinteger", "math.mininteger", "3", "0.25" }) end,
      1, function() return ("try(function() for i = %s, %s, %s do return i end end)"):format(one, limit(), weighted { 3, "1", 1, text(), 1, "0", 1, "0.0", 1, "nil" }) end,
      1, function() return ("do local t = {} t[%s] = 1 t[%s] = 2 out(t) end"):format(pick { "1", "1.0", "2^53", "math.maxinteger", "2^63", "-0.0", "0" }, pick { "1", "1.0", "2^53|0", "math.maxinteger + 0.0", "-2^63", "0", "'1'" }) end,
      1, function()
        local digits = {}
        for i = 1, int(1, 22) do digits[i] = pick { "0", "1", "9", "5", "7", ".", "e", "-", "x", "a" } end
        return ("try(tonumber, %q)"):format(pick { "", "0x", "-", " ", "1", "+" } .. table.concat(digits) .. pick { "", " ", "\n", "e5", "p3" })
      end,
    }()
  end
  return table.concat(lines, "\n")
end)

-- ---- UTF-8 ----

gen.topic("utf8", 1, function()
  local lines = {}
  for _ = 1, int(4, 10) do
    local parts = {}
    for i = 1, int(0, 6) do
      parts[i] = pick { "a", "\\u{e9}", "\\u{20ac}", "\\u{10ffff}", "\\u{7fffffff}", "\\xff", "\\x80", "\\xc3", "\\u{d800}", "\\0", "\\xe2\\x82", "\\xc0\\x80" }
    end
    local quoted = '"' .. table.concat(parts) .. '"'
    local lax = chance(30) and ", true" or ""
    lines[#lines + 1] = weighted {
      2, function() return ("try(utf8.len, %s, %s, %s%s)"):format(quoted, small(), small(), lax) end,
      1, function() return ("try(utf8.len, %s)"):format(quoted) end,
      2, function() return ("try(utf8.codepoint, %s, %s, %s%s)"):format(quoted, small(), small(), lax) end,
      2, function() return ("try(utf8.offset, %s, %s%s)"):format(quoted, small(), chance(50) and ", " .. small() or "") end,
      1, function() return ("try(function() for p, c in utf8.codes('a\\u{20ac}b\\xe9\\u{e9}'%s) do out(p, c) end end)"):format(lax) end,
      1, function() return ("try(utf8.char, %s, %s)"):format(number(), int(0, 300)) end,
      1, function() return ("try(function() for c in (%s):gmatch(utf8.charpattern) do out(c) end end)"):format(quoted) end,
    }()
  end
  return table.concat(lines, "\n")
end)
