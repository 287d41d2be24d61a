-- differential_control.lua: coroutines that yield from everywhere (topic "coroutines"), to-be-closed
-- variables on every way out ("close"), errors, handlers and tracebacks ("errors"), weak tables and
-- finalisers after full collections ("collect").

local gen = ...
local int, chance, pick, weighted = gen.int, gen.chance, gen.pick, gen.weighted

local function value() return pick { "1", "'s'", "nil", "k", "2.5", "k + 1", "{k}", "..." } end

-- ---- coroutines ----

local action

local function actions(depth, count)
  local lines = {}
  for i = 1, count or int(1, 3) do lines[i] = action(depth) end
  return "\n" .. table.concat(lines, "\n") .. "\n"
end

function action(depth)
  if depth <= 0 then
    return weighted {
      5, ("out('y', coroutine.yield(%s, %s))"):format(value(), value()), 1, "out(coroutine.isyieldable())",
      1, "error('e' .. k)", 1, "error({k})", 1, "k = k + 1", 1, "out(k)", 1, "local x <close> = closer(k)", 1, "out(select(2, coroutine.running()))",
      1, "if k > 2 then return k end", 1, "out(coroutine.status(coroutine.running()))",
    }
  end
  return weighted {
    4, function() return "out('p', pcall(function(...) " .. actions(depth - 1) .. " end, " .. int(9) .. ", k))" end,
    2, function() return "out('x', xpcall(function(...) " .. actions(depth - 1) .. " end, handlers[" .. pick { 1, 4, 5, 6 } .. "], k))" end,
    2, function() return "for i, v in coroutine.wrap(function(...) " .. actions(depth - 1) .. " end), k, 1 do tick(9) out('w', i, v) if type(i) ~= 'number' then break end end" end,
    2, function() return "do local m = setmetatable({}, {" .. pick { "__add", "__index", "__newindex", "__call", "__concat", "__lt", "__eq", "__le", "__len", "__unm", "__close" } ..
      " = function(...) tick() " .. actions(depth - 1) .. " return " .. pick { "7", "true", "nil", "..." } .. " end}) local m2 = setmetatable({}, getmetatable(m)) " ..
      pick { "out(m + 1, 2)", "out(m.x)", "m.y = k", "out(m(k))", "out(m .. 'z')", "out(m < m2)", "out(m == m2, m ~= m2)", "if m <= m2 then out('le') end", "out(#m)", "out(-m)",
        "local c <close> = m", "out('b' .. m)", "if m == m2 then out('eq') else out('ne') end" } .. " end" end,
    2, function() return "do local c <close> = setmetatable({}, {__close = function(_, e) tick() out('c', e) " .. actions(depth - 1) .. " end}) " .. actions(depth - 1) .. " end" end,
    1, function() return "for i = 1, 2 do tick() " .. actions(depth - 1) .. " end" end,
    2, function() return "for a, b in function(s, c) tick(9) if k > 6 then return nil end k = k + 1 " .. actions(depth - 1) .. " return k end do out(a, b) end" end,
    1, function() return "do local t = coroutine.create(function(...) " .. actions(depth - 1) .. " end) for i = 1, 3 do tick(9) out('r', coroutine.resume(t, i)) end out(coroutine.close(t), coroutine.status(t)) end" end,
    1, function() return "pcall(table.sort, {2, 1}, function(a, b) tick() " .. actions(depth - 1) .. " return a < b end)" end,
    1, function() return "out(pcall(string.gsub, 'ab', '.', function(c) tick() " .. actions(depth - 1) .. " end))" end,
    1, function() return "out(pcall(pcall, pcall, function(...) " .. actions(depth - 1) .. " return ... end, 5))" end,
    1, function() return "do local function f(...) " .. actions(depth - 1) .. " end f(k, k) end" end,
    1, function() return "do local function f(...) " .. actions(depth - 1) .. " return coroutine.yield(...) end out(f(1, 2)) end" end,
    1, function() return "out(select('#', load(function() tick() " .. actions(depth - 1):gsub("%.%.%.", "k") .. " return nil end)))" end,
    2, function() return action(0) end,
  }()
end

local function well_formed(text)
  return load("local closer, try, tick, out, handlers, new_thread " .. text) and text
end

gen.topic("coroutines", 7, function()
  for _ = 1, 20 do
    local lines = { "local k = 0", "local function closer(n) return setmetatable({}, {__close = function(_, e) out('closed', n, e) end}) end" }
    for _ = 1, int(1, 3) do
      lines[#lines + 1] = "k = 0"
      lines[#lines + 1] = weighted {
        4, function() return "new_thread(function(...) " .. actions(3) .. " return 'end', ... end, 1, 2)" end,
        1, function() return "do local t = new_thread(function(...) " .. actions(2) .. " coroutine.yield() end) out(pcall(coroutine.close, t)) end" end,
        1, function() return "try(function() local f = coroutine.wrap(function(...) " .. actions(2) .. " end) for i = 1, 4 do tick(9) out(f(i)) end end)" end,
        1, function() return "do local a, b a = coroutine.create(function() " .. actions(1) .. " out(coroutine.resume(b)) out(coroutine.resume(a)) end)" ..
          " b = coroutine.create(function() out(coroutine.status(a), coroutine.resume(a)) " .. actions(1) .. " end) for i = 1, 4 do out(coroutine.resume(a)) out(coroutine.status(b)) end end" end,
        1, function() return "do local t = coroutine.create(function(...) " .. actions(2) .. " end) coroutine.resume(t) out(trace(debug.traceback(t)), trace(debug.traceback(t, 'm', 1))) end" end,
      }()
    end
    local text = table.concat(lines, "\n")
    if well_formed(text) then return text end
  end
  return ""
end)

-- ---- to-be-closed variables ----

local function closing(depth)
  local lines = {}
  for _ = 1, int(1, 3) do
    lines[#lines + 1] = weighted {
      4, function() return ("local c%d <close> = closer(%d, %s)"):format(int(3), int(99), pick { "nil", "nil", "nil", "'err'", "{}" }) end,
      1, function() return "local n <close> = " .. pick { "nil", "false", "5", "{}", "setmetatable({}, {__close = 5})" } end,
      2, function() return "out(" .. int(9) .. ")" end,
      1, function() return pick { "error('oops')", "error({1})", "error(nil)", "local x = nil + 1", "do return 1, 2, 3 end", "do return f(9) end", "do return ... end" } end,
      2, function() return depth > 0 and "do " .. closing(depth - 1) .. " end" or "" end,
      2, function() return depth > 0 and "for i = 1, 3 do tick() " .. closing(depth - 1) .. " if i == 2 then " .. pick { "break", "return i", "goto done" } .. " end end" or "" end,
      1, function() return depth > 0 and "while true do tick() " .. closing(depth - 1) .. " break end" or "" end,
      1, function() return depth > 0 and "for a in next, {1}, nil, closer(50) do tick() " .. closing(depth - 1) .. " end" or "" end,
      1, function() return depth > 0 and "repeat tick() " .. closing(depth - 1) .. " until true" or "" end,
      1, function() return depth > 0 and "out(pcall(function(...) " .. closing(depth - 1) .. " end, 4))" or "" end,
      1, function() return depth > 0 and "local g = function() return c1, c2 end" or "" end,
      1, function() return "coroutine.yield(7)" end,
    }()
  end
  return table.concat(lines, " ")
end

gen.topic("close", 4, function()
  for _ = 1, 30 do
    local body = closing(3)
    local text = [[
local c1, c2, c3, f
local function closer(n, fails)
  return setmetatable({}, {__close = function(self, e) tick() out('close', n, e) if fails then error(fails) end end})
end
f = function(n) return n, n end
local function run(...) do ]] .. body .. [[ end ::done:: out('done') return 'result', ... end
]] .. pick { "try(run, 1, 2)", "new_thread(run, 1)", "out(xpcall(run, handlers[1]))", "out(xpcall(run, handlers[2]))",
      "new_thread(function(...) return pcall(run, ...) end, 1)",
      "local t = coroutine.create(run) out(coroutine.resume(t, 1)) out(coroutine.close(t)) out(coroutine.status(t))",
      "try(coroutine.wrap(run), 3)" }
    if load("local tick, out, try, new_thread, handlers " .. text) then return text end
  end
  return ""
end)

-- ---- errors ----

gen.topic("errors", 7, function()
  local function bad(depth)
    local name = pick { "l", "u", "g", "t.x", "t.x.y", "t[1]", "t[k]", "t['a b']", "(l)", "t:m()", "u.v", "g.h", "s", "s.x", "t[nil]", "t[1.5]", "p", "_ENV.zz", "t.n", "n" }
    return weighted {
      3, function() return "return " .. name .. pick { ".q", "[1]", "()", "(1)", ":m()", ".a.b", "'s'" } end,
      3, function() return "return " .. name .. pick { " + 1", " .. 'x'", " < 1", " & 1", " // 2", " % 3", " | 1.5", " << {}", " ^ 2", " <= t", " == 1", " .. t", " - l" } end,
      2, function() return "return " .. pick { "-", "~", "#", "not " } .. name end,
      2, function() return "return " .. pick { "1 +", "2.5 |", "'a' ..", "1 <", "'x' <", "'10' +", "'a' +", "2^70 &", "'3.5' |", "{} ..", "nil .." } .. " " .. name end,
      1, function() return "t[nil] = 1" end, 1, function() return "t[0/0] = 1" end,
      1, function() return "l.x = 1" end, 1, function() return "t.x.y.z = 1" end, 1, function() return "u.v = 1" end, 1, function() return "zz.q = 1" end,
      2, function() return "error(" .. pick { "'msg'", "'msg', 0", "'msg', 2", "'msg', 3", "nil", "{}", "5", "setmetatable({}, {__tostring = function() return 'obj' end})", "'a', 1e100", "true" } .. ")" end,
      1, function() return "assert(" .. pick { "nil", "false, 'm'", "false, {}", "1", "", "nil, nil" } .. ")" end,
      1, function() return "for i = " .. pick { "'a', 1", "1, {}", "1, 2, 0", "1, 2, 'x'", "nil, 1", "1.5, 2, 0" } .. " do end" end,
      1, function() return "for a in " .. pick { "nil", "5", "t", "l", "t.x", "pairs(nil)", "ipairs()", "g" } .. " do end" end,
      2, function() return "string.rep(" .. pick { "", "l", "'x', {}", "'x', 1.5", "'x', '1.5'" } .. ")" end,
      2, function() return pick { "('x'):rep({})", "('x'):bad()", "s:rep()", "s:format(1, 2)", "('%d'):format('x')", "('%d'):format(1.5)", "setmetatable(1, 2)", "t:q()", "math.floor({})",
        "table.concat({{}})", "table.concat({1, {}, 3})", "tostring()", "ipairs()", "rawset(t, nil, 1)", "rawlen(5)", "select(0)", "string.char(256)", "string.char(-1)", "utf8.char(-1)", "table.insert(t, 5, 5)",
        "table.insert(t, 1, 2, 3)", "table.insert(t)", "load(5)", "('x'):rep(1e10)", "('x'):rep(1 << 40, 'y')", "table.unpack({}, 1, 1e8)", "coroutine.resume(1)", "coroutine.wrap(function() error('in') end)()",
        "coroutine.wrap(function() error({}) end)()", "string.format('%y', 1)", "string.format('%', 1)", "string.format('%10.123f', 1)", "math.random(0, -1)", "math.random(1, 2, 3)", "io.open('x', 'zz')",
        "os.date('%Ez', 0)", "os.time({})", "next({}, 1)", "setmetatable({}, {__metatable = 1}) setmetatable(setmetatable({}, {__metatable = 1}), {})", "collectgarbage('bad')" } end,
      depth > 0 and 4 or 0, function() return "return " .. pick { "tf", "l2", "t.f", "pcall", "u2" } .. "(function(...) " .. bad(depth - 1) .. " end)" end,
      depth > 0 and 2 or 0, function() return "local r = (function() " .. bad(depth - 1) .. " end)() return r" end,
      depth > 0 and 1 or 0, function() return "return setmetatable({}, {__index = function(self, key) " .. bad(depth - 1) .. " end}).z" end,
      depth > 0 and 1 or 0, function() return "return setmetatable({}, {__add = function(...) " .. bad(depth - 1) .. " end}) + 1" end,
      depth > 0 and 1 or 0, function() return "for q in function() " .. bad(depth - 1) .. " end do end" end,
      depth > 0 and 1 or 0, function() return "return table.sort({2, 1}, function() " .. bad(depth - 1) .. " end)" end,
      depth > 0 and 1 or 0, function() return "return ('x'):gsub('.', function() " .. bad(depth - 1) .. " end)" end,
      depth > 0 and 1 or 0, function() return "function G1() " .. bad(depth - 1) .. " end G1()" end,
      depth > 0 and 1 or 0, function() return "function t.named() " .. bad(depth - 1) .. " end t.named()" end,
      depth > 0 and 1 or 0, function() return "function t:method() " .. bad(depth - 1) .. " end t:method()" end,
      depth > 0 and 1 or 0, function() return "local o <close> = setmetatable({}, {__close = function() " .. bad(depth - 1) .. " end})" end,
      depth > 0 and 1 or 0, function() return "return load(\"" .. pick { "return 1 +", "x = = 1", "local t = nil; return t.x", "error('inside')", "return ... .. {}" } .. "\", '=chunk', 't')()" end,
    }()
  end
  local lines = { "local u, u2, t = nil, function(f) return f() end, {x = 5, n = 1, f = function(f) local r = f() return r end, m = function() return nil end}",
    "local function tf(f) return f() end", "local s = 'str'" }
  for _ = 1, int(8, 16) do
    local body = bad(2)
    local wrapped = "local l, l2, k, n = nil, u2, 'key', 3.5 " .. body
    if load("local u, u2, t, s, tf local function _(p, ...) " .. wrapped .. " end") then
      lines[#lines + 1] = pick { "try(function(p, ...) %s end)", "out(xpcall(function(p, ...) %s end, handlers[2]))", "out(xpcall(function(p, ...) %s end, handlers[" .. int(5) .. "]))",
        "new_thread(function(p, ...) %s end)", "out(xpcall(coroutine.wrap(function(p, ...) %s end), handlers[2]))" }:gsub("%%s", (wrapped:gsub("%%", "%%%%")))
    end
  end
  return table.concat(lines, "\n")
end)

-- ---- weak tables and finalisers ----

gen.topic("collect", 3, function()
  local lines = { "collectgarbage('stop') local keep, weak, log = {}, setmetatable({}, {__mode = " .. pick { "'k'", "'v'", "'kv'" } .. "}), {}",
    "local function count() local n = 0 for _ in pairs(weak) do n = n + 1 end return n end",
    "local function finalised(name) return setmetatable({name = name}, {__gc = function(o) log[#log + 1] = o.name " ..
      pick { "", "if name == 2 and keep then keep.back = o end", "if name == 3 and #log < 9 then setmetatable(o, getmetatable(o)) end" } .. " end}) end",
    "local function clear(a, b, c, d, e, f, g, h) if a then return clear(nil, nil, nil, nil, nil, nil, nil, nil) end return 1, 2, 3, 4, 5, 6, 7, 8 end" }
  for _ = 1, int(5, 14) do
    lines[#lines + 1] = ";(function() " .. weighted {
      3, function() return ("for i = 1, %d do weak[%s] = %s end"):format(int(1, 9), pick { "i", "{}", "'k' .. i", "keep", "{i}", "i + 0.5" }, pick { "i", "{}", "'v' .. i", "keep", "{i}", "function() return i end" }) end,
      2, function() return ("for i = 1, %d do local o = {} keep[i] = o weak[o] = %s end"):format(int(1, 9), pick { "o", "{o}", "i", "{}", "function() return o end" }) end,
      2, function() return ("for i = 1, %d do local a, b = {}, {} weak[a] = b weak[b] = %s end"):format(int(1, 5), pick { "a", "1", "{}" }) end,
      2, function() return "for i = 1, 3 do finalised(i) end" end,
      2, function() return ("keep.f%d = finalised(%d)"):format(int(3), int(10, 20)) end,
      2, function() return ("keep.f%d = nil"):format(int(3)) end,
      1, function() return "for k in pairs(keep) do if math.type(k) then keep[k] = nil end end" end,
      1, function() return "keep.back = nil" end,
      1, function() return "local t = finalised(30) weak[t] = 'fin' weak.fin = t" end,
      1, function() return "local c = coroutine.create(function() local x = finalised(40) coroutine.yield() end) coroutine.resume(c) weak[c] = c" end,
      1, function() return "local prev for i = 1, 5 do prev = finalised(100 + i) end" end,
    }() .. " end)() clear(1) clear(1)"
    if chance(50) then lines[#lines + 1] = "collectgarbage() collectgarbage() out(count(), log)" end
  end
  lines[#lines + 1] = "keep = nil collectgarbage() collectgarbage() out(count(), log) collectgarbage('restart')"
  return table.concat(lines, "\n")
end)
