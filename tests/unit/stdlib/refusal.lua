-- helper: a program for every function of the libraries, which refusal_test.c runs again and again while one request for
-- memory after another is refused. Each must be able to begin anew after any of its requests has failed, and check what it
-- can. `uncovered` gives the functions without a program.
local programs, excused = {}, {
  ["os.exit"] = "it ends the program",
}

-- The results of a call that says first whether it went well.
local function keep(ok, ...) if not ok then error((...), 0) end return ... end
local path = (os.getenv "TMPDIR" or "/tmp") .. "/neap-refusal.txt"

-- Writes the file that those of io read.
local function with_file(mode, f)
  local file <close> = assert(io.open(path, "w"))
  file:write("first line\n", 12, " ", 0x1p4, "\nlast line", ("x"):rep(3000), "\n")
  file:close()
  local again <close> = assert(io.open(path, mode))
  return f(again)
end

-- ---- base ----
function programs.assert() assert(assert(1, "a") == 1) assert(not pcall(assert, false, "no" .. 1)) end
function programs.collectgarbage() collectgarbage "step" assert(collectgarbage "count" > 0) collectgarbage() end
function programs.dofile() with_file("r", function(f) f:close() local g = assert(io.open(path, "w")) g:write "return {7}" g:close() assert(dofile(path)[1] == 7) end) end
function programs.error() local ok, e = pcall(error, {"x"}) assert(not ok and (e == "not enough memory" or e[1] == "x")) pcall(error, "text " .. 1, 1) end
function programs.getmetatable() assert(getmetatable(setmetatable({}, {__metatable = "m" .. 1})) == "m1") end
function programs.ipairs() for i, v in ipairs {1, {2}, "3"} do assert(i and v) end end
function programs.load()
  local parts, i = {"local a <const>, b = ... ", "local t = {1, 2, x = 'y', [3.5] = {}} ", "for i = 1, 3 do goto on ::on:: end ",
    "local function f(...) local c <close> = nil return a, t, f, ... end ", "return f, [[long]] .. b, 1 // 1 | 2, function() a1 = t end"}, 0
  local f = assert(load(function() i = i + 1 return parts[i] end, "=chunk"))
  assert(select(2, f(1, "b")) == "longb")
  local bad, message = load("return return", "@name")
  assert(not bad and (message:find "name:1:" or message:find "not enough memory"), message)
  assert(assert(load(string.dump(f, true), "binary", "b", {}))(1, "c"))
end
function programs.loadfile() with_file("r", function(f) f:close() local g = assert(io.open(path, "w")) g:write "#!line\nreturn x" g:close() assert(assert(loadfile(path, "t", {x = 5}))() == 5) end) end
function programs.next() local t = {a = 1, [2] = {}, 3} local count = 0 for _ in next, t do count = count + 1 end assert(count == 3) end
function programs.pairs() for k in pairs(setmetatable({}, {__pairs = function() return next, {a = {}} end})) do assert(k == "a") end end
function programs.pcall() local ok, t = pcall(function(...) return {...} end, 1, 2, 3) assert(ok and #t == 3 or t == "not enough memory", t) end
function programs.print() print("#", {} ~= nil, 1.5) end
function programs.rawequal() assert(not rawequal({}, {})) end
function programs.rawget() assert(rawget({x = "v" .. 1}, "x") == "v1") end
function programs.rawlen() assert(rawlen {1, 2} == 2) end
function programs.rawset() local t = setmetatable({}, {__newindex = error}) for i = 1, 20 do rawset(t, "k" .. i, i) end assert(t.k20 == 20) end
function programs.require()
  package.loaded["refusal.module"] = nil
  package.preload["refusal.module"] = function(name, extra) return {name, extra} end
  assert(require "refusal.module"[1] == "refusal.module")
  local ok, message = pcall(require, "refusal.missing")
  assert(not ok and (message:find "not found" or message:find "not enough memory"), message)
end
function programs.select() assert(select("#", table.unpack({}, 1, 300)) == 300) assert(select(-1, 1, {}) ~= nil) end
function programs.setmetatable()
  local order = {}
  for i = 1, 5 do setmetatable({}, {__gc = function() order[#order + 1] = i end, __mode = "k"}) end
  setmetatable(setmetatable({}, {__index = order}), {__call = print})
end
function programs.tonumber() assert(tonumber("0x" .. "ff") == 255 and tonumber("z" .. "z", 36) == 1295 and tonumber "1e1" == 10.0) end
function programs.tostring() for _, v in ipairs {1, 2.5, print, {}, true, setmetatable({}, {__name = "My" .. "Type"}), setmetatable({}, {__tostring = function() return "own" end})} do assert(#tostring(v) > 0) end end
function programs.type() assert(type(type {}) == "string") end
function programs.warn() warn("@off") warn("a ", "warning ", "in parts") end
function programs.xpcall()
  local ok, e = xpcall(function() local t = nil; return t.x end, function(m) return {m, debug.traceback(m)} end)
  assert(not ok and (type(e) == "string" or e[1]:find "index a nil" or e[1] == "not enough memory"))
end

-- ---- coroutine ----
function programs.coroutine__create() local co = coroutine.create(function(...) local a = {...} coroutine.yield(a) return a end) assert(keep(coroutine.resume(co, 1, 2))[2] == 2) end
function programs.coroutine__resume()
  local co = coroutine.create(function() local function down(n) if n == 0 then return coroutine.yield {} end return 1 + down(n - 1) end return down(100) end)
  keep(coroutine.resume(co)) assert(keep(coroutine.resume(co, 5)) == 105)
end
function programs.coroutine__yield() local f = coroutine.wrap(function(...) return coroutine.yield(table.unpack({}, 1, 50)) end) f() f {} end
function programs.coroutine__wrap() local n = 0 for v in coroutine.wrap(function() for i = 1, 5 do coroutine.yield {i} end end) do n = n + v[1] end assert(n == 15) end
function programs.coroutine__close()
  local closed
  local co = coroutine.create(function() local a <close> = setmetatable({}, {__close = function() closed = {1} end}) coroutine.yield() end)
  keep(coroutine.resume(co)) assert(coroutine.close(co)) assert(closed)
end
function programs.coroutine__status() assert(coroutine.status(coroutine.create(print)) == "suspended") end
function programs.coroutine__running() assert(coroutine.running()) end
function programs.coroutine__isyieldable() assert(coroutine.wrap(function() return coroutine.isyieldable() end)()) end

-- ---- string ----
function programs.string__byte() assert(select("#", ("x"):rep(200):byte(1, -1)) == 200) end
function programs.string__char() assert(#string.char(table.unpack({65, 66, 67}, 1, 3)) == 3) end
function programs.string__dump() local u = {} local f = function(a) local b <close> = nil return function() return u, a, "const", 1.5 end end assert(assert(load(string.dump(f)))) assert(#string.dump(f, true) < #string.dump(f)) end
function programs.string__find() assert(("hello world"):find("o (w)") == 5) assert(("a.b"):find(".", 1, true) == 2) end
function programs.string__format() assert(("%5d|%-8s|%q|%a|%.14g|%s|%x"):format(12, "ab", "q\n" .. 1, 1.0, 0.1, setmetatable({}, {__tostring = function() return ("long"):rep(100) end}), 255):find "12") end
function programs.string__gmatch() local n = 0 for k, v in ("a=1, b=2"):gmatch "(%w+)=(%w+)" do n = n + #k + #v end assert(n == 4) end
function programs.string__gsub()
  assert(("hello"):gsub("l", {l = "L" .. 1}) == "heL1L1o") assert(("abc"):gsub("%w", function(c) return c .. c end) == "aabbcc")
  assert(#("x"):rep(500):gsub("x", "%0%0%0") == 1500)
end
function programs.string__len() assert(string.len("x" .. 1) == 2) end
function programs.string__lower() assert(("X"):rep(300):lower() == ("x"):rep(300)) end
function programs.string__match() local a, b = ("key = value"):match "(%w+)%s*=%s*(%w+)" assert(a == "key" and b == "value") end
function programs.string__pack() assert(#string.pack("<i4zs2d!8xB", 1, "zero", "two" .. 1, 1.5, 7) > 10) end
function programs.string__packsize() assert(string.packsize "i4i8" >= 12) end
function programs.string__rep() assert(#("ab"):rep(1000, ",") == 2999) end
function programs.string__reverse() assert(("ab"):rep(100):reverse():sub(1, 2) == "ba") end
function programs.string__sub() assert(#("x"):rep(100):sub(2, -2) == 98) end
function programs.string__unpack() local a, b = string.unpack("zs1", "zero\0\3two") assert(a == "zero" and b == "two") end
function programs.string__upper() assert(("x" .. 1):upper() == "X1") end

-- ---- table ----
function programs.table__concat() local t = {} for i = 1, 100 do t[i] = "piece " .. i end assert(#table.concat(t, ", ") > 900) end
function programs.table__insert() local t = {} for i = 1, 70 do table.insert(t, 1, {i}) end assert(t[1][1] == 70) end
function programs.table__move() local t = table.move({1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 9, 100, {}) assert(t[108] == 9) end
function programs.table__pack() assert(table.pack(1, nil, {}).n == 3) end
function programs.table__remove() local t = {1, {2}, 3} table.remove(t, 1) assert(#t == 2 and t[1][1] == 2) end
function programs.table__sort() local t = {} for i = 1, 50 do t[i] = {i * 37 % 51} end table.sort(t, function(a, b) local _ = {a} return a[1] < b[1] end) assert(t[1][1] < t[50][1]) end
function programs.table__unpack() assert(select("#", table.unpack({1, 2, 3}, 1, 200)) == 200) end

-- ---- utf8 ----
function programs.utf8__char() assert(#utf8.char(72, 228, 8364, 128512) == 10) end
function programs.utf8__codepoint() assert(select("#", utf8.codepoint(("ä"):rep(50), 1, -1)) == 50) end
function programs.utf8__codes() local n = 0 for _, c in utf8.codes "aäb" do n = n + c end assert(n > 300) end
function programs.utf8__len() assert(utf8.len(("ä"):rep(20)) == 20) end
function programs.utf8__offset() assert(utf8.offset(("ä"):rep(3), 3) == 5) end

-- ---- math: numbers only, but each is called with something fresh, and gives its errors ----
local numbers = {abs = 1, ceil = 1, cos = 1, deg = 1, exp = 1, floor = 1, log = 1, rad = 1, sin = 1, sqrt = 1, tan = 1, acos = 1,
  asin = 1, atan = 1, atan2 = 2, tointeger = 1, type = 1, modf = 1, fmod = 2, max = 2, min = 2, ult = 2, random = 2, randomseed = 2,
  cosh = 1, sinh = 1, tanh = 1, pow = 2, frexp = 1, ldexp = 2, log10 = 1}
for name, count in pairs(numbers) do
  programs["math__" .. name] = function()
    local f = math[name]
    if not f then return end
    f(table.unpack({1, 2}, 1, count))
    if name == "randomseed" then f() return end
    local ok, message = pcall(f, {})
    assert(ok or message:find "number expected" or message:find "not enough memory", message)
  end
end

-- ---- io and files ----
function programs.io__open() with_file("r+", function(f) assert(f:read "l" == "first line") end) local none, message = io.open("/nonexistent/" .. 1) assert(not none and message:find "nonexistent") end
function programs.io__close() local f = assert(io.open(path, "w")) f:write(1) io.close(f) assert(io.type(f) == "closed file") end
function programs.io__flush() assert(io.flush()) end
function programs.io__input() with_file("r", function(f) local old = io.input() io.input(f) assert(io.input() == f) io.input(old) end) end
function programs.io__output() local old <const> = io.output() local f <close> = assert(io.open(path, "w")) io.output(f) local ok, e = pcall(io.write, "a" .. 1) io.output(old) if not ok then error(e, 0) end end
function programs.io__read() with_file("r", function(f) local old = io.input() io.input(f) local ok, a, b = pcall(io.read, "L", "n") io.input(old) if not ok then error(a, 0) end assert(a == "first line\n" and b == 12) end) end
function programs.io__write() local old <const> = io.output() local f <close> = assert(io.open(path, "w")) io.output(f) local ok, e = pcall(io.write, "a", 1, 2.5) io.output(old) if not ok then error(e, 0) end end
function programs.io__lines() with_file("r", function(f) f:close() local n = 0 for line in io.lines(path) do n = n + #line end assert(n > 3000) end) end
function programs.io__popen() local p <close> = assert(io.popen "echo text; exit 3") assert(p:read "a" == "text\n") local ok, how, code = p:close() assert(not ok and how == "exit" and code == 3) end
function programs.io__tmpfile() local f <close> = assert(io.tmpfile()) f:write "x" f:seek "set" assert(f:read(1) == "x") end
function programs.io__type() local f <close> = assert(io.open(path, "w")) assert(io.type(f) == "file") end
function programs.file__close() with_file("r", function(f) assert(f:close()) assert(tostring(f) == "file (closed)") end) end
function programs.file__flush() local f <close> = assert(io.open(path, "w")) assert(f:write("x"):flush()) end
function programs.file__lines() with_file("r", function(f) local n = 0 for a, b in f:lines(1, "l") do n = n + #a + #b end assert(n > 3000) end) end
function programs.file__read() with_file("r", function(f) local a, b, c, d = f:read("l", "n", "n", "a") assert(a == "first line" and b == 12 and c == 16.0 and #d > 3000) assert(f:read(0) == nil) end) end
function programs.file__seek() with_file("r", function(f) assert(f:seek("end") > 3000 and f:seek("set", 6) == 6) assert(f:read "l" == "line") end) end
function programs.file__setvbuf() local f <close> = assert(io.open(path, "w")) assert(f:setvbuf("full", 256)) assert(f:write(("y"):rep(1000))) end
function programs.file__write() local f <close> = assert(io.open(path, "w")) assert(f:write("a", 1, 0.5, ("z"):rep(100)) == f) end

-- ---- os ----
function programs.os__clock() assert(os.clock() >= 0) end
function programs.os__date() assert(os.date("!*t", 0).year == 1970) assert(#os.date("!%Y-%m-%d %H:%M:%S and more text", 86400) > 19) end
function programs.os__difftime() assert(os.difftime(2, 1) == 1.0) end
function programs.os__execute() assert(os.execute() == true) assert(select(3, os.execute "exit 2") == 2) end
function programs.os__getenv() assert(os.getenv "PATH" and not os.getenv("NEAP_NO_SUCH_" .. "VARIABLE")) end
function programs.os__remove() io.open(path, "w"):close() assert(os.remove(path)) local ok, message = os.remove(path) assert(not ok and message:find "No such file") end
function programs.os__rename() local f <close> = assert(io.open(path, "w")) assert(os.rename(path, path .. "2")) assert(os.remove(path .. "2")) end
function programs.os__setlocale() assert(os.setlocale(nil) and os.setlocale "C" == "C") end
function programs.os__time() assert(os.time {year = 2001, month = 2, day = 3} > 0) end
function programs.os__tmpname() local name = os.tmpname() os.remove(name) assert(#name > 4) end

-- ---- debug ----
function programs.debug__debug() debug.debug() end -- its input is empty
function programs.debug__gethook() debug.sethook(function() end, "c") assert(debug.gethook()) debug.sethook() end
function programs.debug__getinfo() local i = debug.getinfo(programs.load, "SlnutfrL") assert(i.short_src and next(i.activelines)) assert(debug.getinfo(1, "nSl").currentline > 0) end
function programs.debug__getlocal() local a = {} local name, value = debug.getlocal(1, 1) assert(name == "a" and value == a) assert(debug.getlocal(programs.error, 1) == nil) end
function programs.debug__getmetatable() assert(debug.getmetatable("").__index == string) end
function programs.debug__getregistry() assert(type(debug.getregistry()) == "table") end
function programs.debug__getupvalue() local u = {} assert(debug.getupvalue(function() return u end, 1) == "u") end
function programs.debug__getuservalue() assert(debug.getuservalue(io.stdout, 1) == nil) end
function programs.debug__sethook() local n = 0 debug.sethook(function(event, line) n = n + #{event, line} end, "lcr", 1) local x = {} debug.sethook() assert(n > 0 and x) end
function programs.debug__setlocal() local a = 1 assert(debug.setlocal(1, 1, {2}) == "a") assert(a[1] == 2) end
function programs.debug__setmetatable() debug.setmetatable(1, {__index = {x = {}}}) local ok = pcall(function() return (1).x[1] end) debug.setmetatable(1, nil) assert(ok ~= nil) end
function programs.debug__setupvalue() local u = 1 local function f() return u end assert(debug.setupvalue(f, 1, {5})) assert(f()[1] == 5) end
function programs.debug__setuservalue() assert(not debug.setuservalue(io.stdout, {}, 9)) end
function programs.debug__traceback() local co = coroutine.create(function() local function f() coroutine.yield() end f() end) keep(coroutine.resume(co)) assert(debug.traceback(co, "head"):find "head\nstack traceback:") assert(#debug.traceback("x", 1) > 10) end
function programs.debug__upvalueid() local a, b = {}, {} local function f() return a, b end assert(debug.upvalueid(f, 1) ~= debug.upvalueid(f, 2)) end
function programs.debug__upvaluejoin() local a, b = {1}, {2} local function f() return a end local function g() return b end debug.upvaluejoin(f, 1, g, 1) assert(f() == b) end
function programs.debug__setcstacklimit() assert(debug.setcstacklimit(200)) end

-- ---- package ----
function programs.package__loadlib() local f, message, where = package.loadlib("/nonexistent/lib" .. 1 .. ".so", "luaopen_x") assert(not f and message and where == "open") end
function programs.package__searchpath() local f, message = package.searchpath("a.b", "./?.none;./?/none.lua") assert(not f and message:find "a/b") end

-- ---- heap ----
function programs.heap__limit() local old = heap.limit {soft = 1 << 40} assert(heap.limit(old)) heap.limit {soft = false} end
function programs.heap__onlimit() heap.onlimit(function() end) heap.onlimit() end
function programs.heap__release() assert(heap.release() >= 0) end
function programs.heap__stats() local s = heap.stats() assert(s.live > 0 and s.objects.table.count > 0 and #s.classes > 0) end
function programs.heap__step() local t = {} for i = 1, 20 do t[i] = {} end heap.step(0.1) end
function programs.heap__size() assert(heap.size {1, 2, 3} > 0) end
function programs.heap__retained() assert(heap.retained {{}, {}} > 0) end
function programs.heap__types() assert(#heap.types() > 0) end
function programs.heap__why() local t = {} assert(heap.why(t)) heap.why(t, 3) end
function programs.heap__map() assert(#heap.map() > 0) end
function programs.heap__snapshot() if heap.snapshot(path) then assert(os.remove(path)) end end
if heap.mark then -- what a build has only with the places of allocations
  function programs.heap__mark() assert(heap.mark()) end
  function programs.heap__since() local mark = heap.mark() local t = {{}} assert(heap.since(mark) and t) end
  function programs.heap__profile() heap.profile(1) local t = {{}} heap.profile() heap.profile(false) assert(t) end
end
function programs.heap__metrics() assert(#heap.metrics() > 0) end
function programs.heap__group()
  local group = heap.group("some " .. 1, {limit = 1 << 20})
  assert(#group:run(function(a) return {a, tostring(group)} end, 1) == 2)
  assert(group:stats().name == "some 1" and group:limit(1 << 21) == 1 << 20)
end
function programs.heap__usage() heap.usage() end

-- ---- what is not a function of a library: the language itself ----
function programs.language__objects()
  local t = {} for i = 1, 40 do t["field" .. i] = i t[i] = {i, name = "n" .. i, [i + 0.5] = true} end
  for i = 1, 40 do t["field" .. i] = nil end
  local f = {} for i = 1, 10 do f[i] = function(...) local a <close> = nil i = i + 1 return i, ... end end
  assert(f[3]() == 4 and select("#", f[1](table.unpack({}, 1, 100))) == 101)
  local s = "" for i = 1, 30 do s = s .. i .. "," end assert(#s == 81)
end
function programs.language__metamethods()
  local mt = {} for _, e in ipairs {"add", "concat", "eq", "lt", "le", "call", "index", "len", "unm"} do mt["__" .. e] = function(a) return {a} end end
  local a, b = setmetatable({}, mt), setmetatable({}, mt)
  assert(a + b and a .. b and a == b and a < b and a <= b and a() and a.x and #a and -a)
end

-- ---- all functions there are ----
local function uncovered()
  local names, missing = {}, {}
  for name, value in pairs(_G) do
    if type(value) == "function" then names[#names + 1] = name end
    if type(value) == "table" and value ~= _G and package.loaded[name] == value then
      for inner, f in pairs(value) do if type(f) == "function" then names[#names + 1] = name .. "." .. inner end end
    end
  end
  for name, f in pairs(getmetatable(io.stdout).__index) do if type(f) == "function" then names[#names + 1] = "file." .. name end end
  for _, name in ipairs(names) do
    if not excused[name] and not programs[(name:gsub("%.", "__"))] then missing[#missing + 1] = name end
  end
  table.sort(missing)
  assert(#names > 140, #names)
  return table.concat(missing, ", ")
end

local order = {}
for name in pairs(programs) do order[#order + 1] = name end
table.sort(order)
return {programs = programs, order = order, uncovered = uncovered}
