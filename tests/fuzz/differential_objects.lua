-- differential_objects.lua: programs that work the inline caches and table modes: many shapes through one
-- site, classes that change, metatables that come and go (topic "objects"); operators on objects with
-- every metamethod (topic "metamethods"); global tables with metatables and other environments ("env").

local gen = ...
local int, chance, pick, weighted = gen.int, gen.chance, gen.pick, gen.weighted

local FIELDS = { "a", "b", "c", "d", "e", "f", "g", "h", "x", "y" }
local function field() return pick(FIELDS) end
local function value() return pick { "1", "2", "'s'", "nil", "false", "3.5", "k", "{}", "o1", "k * 2" } end

-- ---- shapes and inline caches ----

-- Functions with one cached access each, through which all objects go again and again.
local function sites()
  local lines = { "local site_get, site_set, site_call, site_up = {}, {}, {}, {}" }
  for i = 1, 4 do
    local name = field()
    lines[#lines + 1] = ("site_get[%d] = function(o) return o.%s end"):format(i, name)
    lines[#lines + 1] = ("site_set[%d] = function(o, v) o.%s = v end"):format(i, chance(60) and name or field())
    lines[#lines + 1] = ("site_call[%d] = function(o, ...) return o:%s(...) end"):format(i, pick { "m1", "m2", "m3" })
    local up = field()
    lines[#lines + 1] = ("do local up site_up[%d] = function(o, v) up = o up.%s = v return up.%s end end"):format(i, up, field())
  end
  return table.concat(lines, "\n")
end

local function new_object(name)
  return weighted {
    3, function()
      local parts, seen = {}, {}
      for _ = 1, int(0, 6) do
        local key = field()
        if not seen[key] then parts[#parts + 1] = key .. " = " .. value() end
        seen[key] = true
      end
      if chance(20) then parts[#parts + 1] = "1, 2, 3" end
      return name .. " = {" .. table.concat(parts, ", ") .. "}"
    end,
    3, function() return ("%s = setmetatable({%s = %s}, M%d)"):format(name, field(), value(), int(3)) end,
    1, function() return ("%s = {} for i = 1, %d do %s['k' .. i] = i end %s.%s = %s"):format(name, int(1, 70), name, name, field(), value()) end,
    1, function() return ("%s = {} %s.%s = %s %s.%s = nil"):format(name, name, field(), value(), name, field()) end,
  }()
end

local function method()
  return weighted {
    4, ("function(self, v) tick() return '%s', v end"):format(pick { "one", "two", "three", "four" }),
    2, ("function(self, v) tick() self.%s = v return rawget(self, '%s') end"):format(field(), field()),
    1, "nil", 1, "5",
    1, "setmetatable({}, {__call = function(_, self, v) return 'called', v end})",
    1, "function(...) return select('#', ...) end",
    1, "rawlen", 1, "function(self, v) if v then return self:m1() end return 'end' end",
  }
end

local function index_handler()
  return weighted {
    3, "M" .. int(3), 2, "o" .. int(6), 1, "nil", 1, "false",
    2, ("function(t, key) tick() out('index', key) return %s end"):format(value()),
    1, "function(t, key) tick() return key end",
    1, "setmetatable({m3 = function() return 'deep' end}, {__index = M" .. int(3) .. "})", 1, "('x')", 1, "{b = 'B', m2 = type}",
  }
end

local function newindex_handler()
  return weighted {
    2, "nil", 2, "o" .. int(6), 1, "M" .. int(3),
    2, "function(t, key, v) tick() rawset(t, key, v) end",
    1, "function(t, key, v) tick() out('newindex', key, v) end", 1, "{}", 1, "5",
  }
end

local function change()
  local object, class = "o" .. int(6), "M" .. int(3)
  return weighted {
    6, function() return new_object(object) end,
    5, function() return ("%s.%s = %s"):format(object, field(), value()) end,
    4, function() return ("rawset(%s, '%s', %s)"):format(object, field(), value()) end,
    3, function() return ("%s[%s] = %s"):format(object, pick { "1", "2", "'a' .. ''", "k", "-k", "k + 0.5", "'z' .. k" }, value()) end,
    4, function() return ("setmetatable(%s, %s)"):format(object, pick { "M1", "M2", "M3", "nil", "{__index = M1}" }) end,
    4, function() return ("%s.m%d = %s"):format(class, int(3), method()) end,
    2, function() return ("function %s:m%d(v) return '%s', v end"):format(class, int(3), field()) end,
    4, function() return ("%s.__index = %s"):format(class, index_handler()) end,
    3, function() return ("%s.__newindex = %s"):format(class, newindex_handler()) end,
    2, function() return ("%s.%s = %s"):format(class, field(), value()) end,
    2, function() return ("setmetatable(%s, %s)"):format(class, pick { "M1", "M2", "M3", "nil", "{__index = o2}" }) end,
    2, function() return ("rawset(%s, '%s', %s)"):format(class, pick { "__index", "__newindex", "__len", "__eq", "__call", "m1", "m2" }, pick { "nil", "M1", "type", "function(...) return 7 end" }) end,
    2, function() return ("%s = {m1 = %s, __index = M%d}"):format(class, method(), int(3)) end,
    2, function() return ("%s.__index = %s"):format(class, class) end,
    1, function() return ("for key in pairs(%s) do %s[key] = nil end"):format(object, object) end,
    1, function() return ("for key, v in next, %s do rawset(%s, key, %s) end"):format(class, class, pick { "v", "nil" }) end,
    1, function() return ("for i = 1, %d do rawset(%s, 'w' .. i, i) end"):format(int(1, 60), pick { object, class }) end,
    1, function() return ("for i = 1, %d do rawset(%s, 'w' .. i, nil) end"):format(int(1, 60), pick { object, class }) end,
    1, function() return "collectgarbage()" end,
    1, function() return ("%s, %s = %s, %s"):format("o1", "o2", "o2", "o3") end,
    1, function() return ("o%d = %s"):format(int(6), pick { "nil", "5", "'str'", "M1", "o1", "print", "true" }) end,
    1, function() return ("debug.setmetatable(%s, %s)"):format(pick { "5", "nil", "print", "true" }, pick { "nil", "M1", "{__index = {a = 'A', m1 = type}}" }) end,
    1, function() return "string." .. pick { "m1", "a", "b" } .. " = " .. pick { "nil", "string.len", "'sa'" } end,
  }()
end

local function probe()
  return weighted {
    4, function() return "for i = 1, 4 do for _, o in pairs(objects()) do tick() try(site_get[i], o) end end" end,
    3, function() return ("for i = 1, 4 do for _, o in pairs(objects()) do tick() try(site_set[i], o, %s) end end"):format(value()) end,
    3, function() return ("for i = 1, 4 do for _, o in pairs(objects()) do tick() try(site_call[i], o, %s) end end"):format(value()) end,
    1, function() return ("for i = 1, 4 do for _, o in pairs(objects()) do tick() try(site_up[i], o, %s) end end"):format(value()) end,
    3, function() return ("for r = 1, 3 do tick() out(site_get[%d](o%d)) end"):format(int(4), int(6)) end,
    3, function() return ("for r = 1, 3 do tick() out(site_call[%d](o%d, r)) end"):format(int(4), int(6)) end,
    2, function() return ("for r = 1, 3 do tick() site_set[%d](o%d, r) end"):format(int(4), int(6)) end,
    1, function() return "out(o1, o2, o3)" end,
    1, function() return "out(o4, o5, o6)" end,
    1, function() return ("out(rawget(o%d, '%s'))"):format(int(6), field()) end,
  }()
end

gen.topic("objects", 14, function()
  local lines = { "local M1, M2, M3 = {}, {}, {}", "M1.__index = M1 M2.__index = M2 M3.__index = M3",
    "local o1, o2, o3, o4, o5, o6", "local k = 1",
    "local function objects() return {o1, o2, o3, o4, o5, o6} end", sites() }
  for i = 1, 6 do lines[#lines + 1] = new_object("o" .. i) end
  lines[#lines + 1] = ("for round = 1, %d do k = round tick(5)"):format(int(1, 4))
  for _ = 1, int(8, 30) do
    local text = chance(60) and change() or probe()
    if chance(15) then text = ("if round %% 2 == %d then %s end"):format(int(0, 1), text) end
    lines[#lines + 1] = chance(75) and "pcall(function() " .. text .. " end)" or text
  end
  lines[#lines + 1] = "end"
  return "local good, message = pcall(function()\n" .. table.concat(lines, "\n") ..
    "\nend)\nfor _, v in ipairs {5, true, print} do debug.setmetatable(v, nil) end debug.setmetatable(nil, nil)\n" ..
    "string.m1, string.a, string.b = nil, nil, nil\nout(good, message)"
end)

-- ---- metamethods ----

local BINARY = { "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__band", "__bor", "__bxor", "__shl",
  "__shr", "__concat", "__eq", "__lt", "__le" }
local SIGNS = { "+", "-", "*", "/", "%", "^", "//", "&", "|", "~", "<<", ">>", "..", "==", "<", "<=", ">", ">=", "~=" }

local function handler(name)
  local body = weighted {
    5, "return name, type(a), type(b)", 3, "return rawequal(a, b)", 1, "return", 1, "return nil", 1, "error('in ' .. name)",
    1, "error({})", 1, "coroutine.yield(name) return 1", 1, "return a", 1, "return 'str'", 1, "return 42",
    name == "__concat" and 0 or 1, "out(debug.getinfo(1, 'n').name)", -- there 5.4.4 forgets its place
  }
  return ("function(a, b) tick() local name = %q %s end"):format(name, body)
end

gen.topic("metamethods", 6, function()
  local lines = {}
  for i = 1, 3 do
    local parts = {}
    for _, name in ipairs(BINARY) do
      if chance(35) then parts[#parts + 1] = name .. " = " .. handler(name) end
    end
    for _, name in ipairs { "__unm", "__bnot", "__len", "__call", "__index", "__newindex", "__close", "__tostring", "__name",
      "__pairs", "__metatable", "__gc", "__mode" } do
      if chance(20) then
        parts[#parts + 1] = name .. " = " .. weighted { 5, handler(name), 1, "nil", 1, "false", 1, "5", 1, "'text'",
          1, "{a = 1}", 1, "M" .. int(3), 1, "o" .. int(3), 1, "rawlen", 1, "function(...) return ... end", 1, "setmetatable({}, {__call = function(...) return select('#', ...) end})" }
      end
    end
    lines[#lines + 1] = ("M%d = {%s}"):format(i, table.concat(parts, ", "))
    lines[#lines + 1] = ("o%d = setmetatable({%d, a = %d}, M%d)"):format(i, i, i, weighted { 4, i, 1, int(3) })
  end
  local function operand()
    return weighted { 5, "o" .. int(3), 1, "5", 1, "2.5", 1, "'10'", 1, "'x'", 1, "nil", 1, "{}", 1, "true", 1, "127" }
  end
  for _ = 1, int(12, 30) do
    local one, other = operand(), operand()
    local text = weighted {
      6, function() return ("return %s %s %s"):format(one == "nil" and "o1" or one, pick(SIGNS), other) end,
      3, function() return ("local a, b = %s, %s return a %s b"):format(one, other, pick(SIGNS)) end,
      3, function() return ("local a = %s if a %s %s then return 'yes' else return 'no' end"):format(one, pick { "==", "<", "<=", ">", ">=", "~=" }, other) end,
      2, function() return ("local a = %s return %s a"):format(one, pick { "-", "~", "#", "not " }) end,
      2, function() return ("local a = %s return a(%s, 2)"):format(one, other) end,
      1, function() return ("local a = %s return (a(%s, 2))"):format(one, other) end,
      2, function() return ("local a = %s return a.%s, a[%s]"):format(one, field(), operand()) end,
      2, function() return ("local a = %s a.%s = %s a[%s] = 1 return a"):format(one, field(), other, pick { "1", "2", "'q'" }) end,
      -- Only two operands: 5.4.4 can forget its place when a __concat runs within a longer chain.
      2, function() return ("local a = %s return %s .. (a .. (%s .. 1))"):format(one, other == "nil" and "o2" or "(" .. other .. ")", operand()) end,
      1, function() return ("local a <close> = %s tick() return a"):format(one) end,
      1, function() return ("local n = 0 for k, v in pairs(%s) do tick() n = n + 1 end return n"):format(one) end,
      1, function() return ("local n = 0 for k, v in %s do tick(50) n = n + 1 end return n"):format(one) end,
      1, function() return ("return tostring(%s)"):format(one) end,
      1, function() return ("return getmetatable(%s) == M1"):format(one) end,
      1, function() return ("return setmetatable(%s, %s) == o1"):format(one, pick { "nil", "M1", "M2", "5" }) end,
      1, function() return ("return rawequal(%s, %s), rawlen(o1), rawget(o2, 'a')"):format(one, other) end,
      1, function() return ("return table.concat({%s, %s})"):format(one, other) end,
      1, function() return ("local t = {%s, %s} table.sort(t) return #t"):format(one, other) end,
      1, function() return ("return math.max(%s, %s)"):format(one, other) end,
      1, function() return ("return table.unpack(%s)"):format(one) end,
      1, function() return ("return #%s, string.format('%%s', %s)"):format(one == "nil" and "o1" or "(" .. one .. ")", one) end,
      1, function() return ("M%d.%s = %s"):format(int(3), pick(BINARY), pick { "nil", "M1", "function() return 1 end", "type" }) end,
    }()
    lines[#lines + 1] = chance(25) and "new_thread(function() " .. text .. " end)" or "try(function() " .. text .. " end)"
  end
  return "local M1, M2, M3, o1, o2, o3\n" .. table.concat(lines, "\n") .. "\nM1.__gc = nil M2.__gc = nil M3.__gc = nil"
end)

-- ---- environments ----

gen.topic("env", 3, function()
  local lines = {}
  local function name() return pick { "ga", "gb", "gc", "gd" } end
  local function use()
    return weighted {
      3, function() return ("%s = %s"):format(name(), value():gsub("o1", "2")) end,
      3, function() return ("out(%s, %s)"):format(name(), name()) end,
      1, function() return ("function %s(...) return ... end"):format(name()) end,
      1, function() return ("try(function() return %s() end)"):format(name()) end,
      1, function() return ("try(function() return %s.x end)"):format(name()) end,
      1, function() return ("%s, %s = %s, 1"):format(name(), name(), name()) end,
      1, function() return ("_G.%s = %s"):format(name(), value():gsub("o1", "2")) end,
      1, function() return ("rawset(_G, '%s', nil)"):format(name()) end,
    }()
  end
  lines[#lines + 1] = "local k = 3"
  lines[#lines + 1] = "local function uses() tick(20)"
  for _ = 1, int(2, 6) do lines[#lines + 1] = use() end
  lines[#lines + 1] = "end"
  for _ = 1, int(3, 10) do
    lines[#lines + 1] = weighted {
      3, function() return use() end,
      4, function() return "try(uses)" end,
      2, function() return "setmetatable(_G, " .. pick { "nil", "{__index = function(_, n) return 'no ' .. n end}", "{__newindex = function(t, n, v) out('new', n) rawset(t, n, v) end}",
        "{__index = {ga = 'inherited', gb = function() return 'f' end}}", "{__newindex = {}}", "{__index = function(_, n) error('undefined ' .. n, 2) end}" } .. ")" end,
      2, function() return "do local _ENV = " .. pick { "{out = out, try = try}", "setmetatable({}, {__index = _G})", "setmetatable({out = out, try = try, rawset = rawset, _G = {}}, {__newindex = function(t, n, v) out('w', n) rawset(t, n, v) end})" } ..
        " pcall(function() " .. use() .. " " .. use() .. " end) end" end,
      1, function() return "try(function(_ENV) return ga, gb end, {ga = 1})" end,
      1, function() return "try(function() local _ENV = nil return ga end)" end,
      1, function() return "try(function() local _ENV <const> = {} ga = 1 return ga end)" end,
      2, function() return ("try(load(%q, '=c', 't', %s))"):format(pick { "ga = (ga or 0) + 1 return ga, gb", "return gc()", "local x = ... return x, ga", "return _ENV == _G", "return function() return ga end" },
        pick { "{ga = 5}", "_G", "setmetatable({}, {__index = _G})", "nil", "5" }) end,
      1, function() return "do local f = load('return ga', '=c') out(debug.setupvalue(f, 1, {ga = 'up'})) try(f) end" end,
      1, function() return "do local f = load(string.dump(load('local a = ... return a, ga'))) try(f, 1) end" end,
      1, function() return "for i = 1, 3 do uses() end" end,
      1, function() return "do local n = 0 for key in pairs(_G) do n = n + (key == 'heap' and 0 or 1) end out(n) end" end,
      1, function() return "do local old = _G.type _G.type = function() return 'fake' end out(type(1)) _G.type = old out(type(1)) end" end,
      1, function() return "for i = 1, 60 do _G['tmp' .. i] = i end for i = 1, 60 do _G['tmp' .. i] = nil end" end,
    }()
  end
  local body = "local good, message = pcall(function()\n" .. table.concat(lines, "\n") .. "\nend)\n"
  return body .. "setmetatable(_G, nil) ga, gb, gc, gd = nil, nil, nil, nil out(good, message)"
end)
