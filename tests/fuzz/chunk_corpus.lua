-- helper: chunk_corpus.lua FOLDER SOURCES: writes dumps of the Lua files under SOURCES, and of small functions that use every
-- kind of instruction, into FOLDER, for chunk_fuzz.c to begin with.
local folder, sources = ...
local count = 0
local function write(func, strip)
  count = count + 1
  local file <close> = assert(io.open(("%s/%d"):format(folder, count), "wb"))
  file:write(string.dump(func, strip))
end
for path in io.popen("find '" .. sources .. "' -name '*.lua'"):lines() do
  local func = loadfile(path)
  if func and #string.dump(func, true) < 4000 then write(func, true) end
end
for _, text in ipairs { "return 1", "local a <close> = nil", "for i = 1, 3 do local x = i end", "for k, v in next, {} do end",
  "local a, b = ... return a + b * 2 .. 'x'", "return function(...) return select('#', ...), ... end", "goto x ::x:: return",
  "local t = { 1, 2, a = 3, [4] = 5 } t.a.b = t[1] & 7 return #t, -t.a, not t", "return ('x'):rep(3), pcall(error)",
  "local a = 1 local function f() a = a + 1 return f end return f", "while x do if y then break end end repeat until 1 < 2",
  "local x <const> = 5 return x // 2 % 3 ~ 1 << 2 == 4 or 3.5 <= x and 'y' ~= z", "return coroutine.wrap(function(a) return a end)(1)" } do
  write(load(text), false)
  write(load(text), true)
end
