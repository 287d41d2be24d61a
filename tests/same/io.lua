-- helper: the io and os libraries: formats, modes, positions, closing, dates. Printed by neap and by lua5.4 alike; run in an
-- empty folder with LC_ALL=C and TZ=UTC.
local function say(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    local value = parts[i]
    parts[i] = type(value) == "string" and ("%q"):format(value) or math.type(value) == "float" and ("%.17g"):format(value) or
      tostring(value):gsub("0x%x+", "ADDR")
  end
  print(table.concat(parts, " ", 1, parts.n))
end
local function with(text, body)
  local file = assert(io.open("scratch", "w+b"))
  file:write(text)
  file:seek "set"
  body(file)
  if io.type(file) == "file" then file:close() end
end

-- ---- numbers ----
for _, text in ipairs { "12", " -7 ", "0x1F", "0x.8p4", "0xA.8P-1", "-0x10", "+5", "1e5", "1E+5", "1e-5", ".5", "5.", ".", "-", "+-1", "1e", "1e+",
  "0x", "0xg", "0x1p", "0x1p+", "1.2.3", "12abc", "nan", "inf", "-.5e1x", "9223372036854775807", "9223372036854775808", "0x7fffffffffffffff",
  "0xffffffffffffffff", "0x1ffffffffffffffff", "1e400", "\t\n\v\f\r 3", "", "   ", "1 2 3", "1,2", "0e12", "00012", "0x0p0", "1e99999",
  ("1"):rep(199), ("1"):rep(200), ("1"):rep(201), ("1"):rep(300) .. " 5", "0." .. ("1"):rep(250), "-" .. ("9"):rep(198), "1_000", "١" } do
  with(text, function(file)
    local number = file:read "n"
    say(#text < 40 and text or #text, number, math.type(number), file:seek(), file:read "a")
  end)
end

-- ---- other formats ----
local text = "first\nsecond\n\nfourth 4 5 0x6\nlast without end"
for _, formats in ipairs { {}, { "l" }, { "L" }, { "a" }, { "*a" }, { "*l", "*L" }, { "l", "L", "l", "l", "l", "l" }, { 0 }, { 5 }, { 1000 }, { 5, 1, 100 },
  { "l", "l", "l", 7, "n", "n", "n", "l", "L", "l" }, { "a", "a" }, { "a", "l" }, { "a", 0 }, { "n" }, { "n", "l" }, { "l", "n", "a" } } do
  with(text, function(file) say(file:read(table.unpack(formats))) end)
  with("", function(file) say("empty", file:read(table.unpack(formats))) end)
  with("\n", function(file) say("line", file:read(table.unpack(formats))) end)
  with("a\0b\n\0", function(file) say("zeros", file:read(table.unpack(formats))) end)
  with(text, function(file)
    local count = 0
    say(pcall(function()
      for a, b in file:lines(table.unpack(formats)) do
        say("lines", a, b)
        count = count + 1
        if count > 6 then break end
      end
    end))
  end)
end
say(pcall(io.lines, "no such file"))
say(pcall(io.lines, "scratch", "x"))
say(pcall(function() for _ in io.lines("scratch", "x") do end end))
local step = io.lines "scratch"
while step() do end
say(pcall(step))
with(text, function(file)
  local step = file:lines()
  if io.type(file) == "file" then file:close() end
  say(pcall(step))
  file = io.open "scratch"
end)

-- ---- modes, positions, buffers ----
for _, mode in ipairs { "r", "w", "a", "r+", "w+", "a+", "rb", "wb", "r+b", "", "x", "rw", "r+w", "bw", "rb+", "w+bx", "a+b" } do
  say(mode, pcall(function()
    local file, message, code = io.open("modes", mode)
    if not file then return message, code end
    local wrote, why, number = file:write "text"
    return wrote == file, why, number, file:seek "cur", file:seek("set", 1), file:read(2), file:close()
  end))
end
say(io.open "no/such", io.open("/", "w"))
with("0123456789", function(file)
  say(file:seek(), file:seek "end", file:seek("set", 3), file:read(1), file:seek("cur", 2), file:read(1), file:seek("end", -1), file:read(5))
  say(file:seek("set", -1))
  say(pcall(file.seek, file, "set", 1.5))
  say(pcall(file.seek, file, "bad"))
  say(file:seek("set", 1 << 40), file:read(1), file:read(0))
  say(file:setvbuf "no", file:setvbuf("full", 1024), file:setvbuf "line", pcall(file.setvbuf, file, "bad"))
  say(file:write(1, 2.5, "x", -0.0, 1e100) == file, file:flush() == file, pcall(file.write, file, {}))
  say(file:write() == file, tostring(file):gsub("0x%x+", "ADDR"), io.type(file))
end)
local closed = io.open "scratch"
say(closed:close(), io.type(closed), tostring(closed), io.type(1), pcall(closed.read, closed), pcall(closed.close, closed))
say(pcall(io.close, closed))
say(pcall(closed.lines, closed))
local temporary = io.tmpfile()
say(temporary:write "abc" == temporary, temporary:seek "set", temporary:read "a", temporary:close())
do
  local closing <close> = io.open "scratch"
  temporary = closing
end
say(io.type(temporary))
for line in io.lines("scratch", 1) do break end
collectgarbage()
local weak = setmetatable({ io.open("unreached", "w") }, { __mode = "v" })
weak[1]:write "written when collected"
collectgarbage()
collectgarbage()
say(weak[1], io.open("unreached"):read "a")

-- ---- default files ----
local before = io.output()
say(io.output "defaults" ~= before, io.write("a", 1, "\n") == io.output(), io.close(), pcall(io.write, "x"))
io.output(before)
say(io.input "defaults" == io.input(), io.read "L", io.read(), io.read(0), pcall(io.input, "no such file"))
say(io.close(io.input()), pcall(io.read), pcall(io.lines))
io.input(io.stdin)
say(pcall(io.output, {}))

-- ---- other programs ----
for _, command in ipairs { "exit 0", "exit 3", "kill -9 $$", "echo out" } do
  local pipe = io.popen(command)
  say(command, pipe:read "a", pipe:close())
  say(os.execute(command == "echo out" and "true" or command))
end
local pipe = io.popen("cat > piped", "w")
say(pipe:write("through", 5) == pipe, pipe:close(), io.open("piped"):read "a")
for _, mode in ipairs { "x", "rw", "", "r+", "rb" } do say(mode, pcall(io.popen, "true", mode)) end
say(os.execute() ~= nil, pcall(os.execute, {}))

-- ---- files of the system ----
say(os.rename("piped", "moved"), os.rename("piped", "moved"), os.remove "moved", os.remove "moved", os.remove "no/such")
local name = os.tmpname()
say(name:match "^/tmp/lua_%w+$" ~= nil, os.remove(name))
say(os.getenv "NO_SUCH_VARIABLE", os.getenv "LC_ALL", pcall(os.getenv))

-- ---- times ----
for conversion in ("aAbBcdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%"):gmatch "." do
  say(conversion, os.date("!%" .. conversion, 0), os.date("!%" .. conversion, 1700000000), os.date("!%" .. conversion, -86400 * 400))
end
for byte = 1, 255 do
  local ok, message = pcall(os.date, "%" .. string.char(byte), 0)
  if not ok then io.write(byte, " ", message, "\n") end
  for _, modifier in ipairs { "E", "O" } do
    local text = "!%" .. modifier .. string.char(byte)
    say(modifier, byte, pcall(os.date, text, 0))
  end
end
for _, format in ipairs { "", "%", "!", "!%", "%E", "%%%", "text", "*t", "!*t", "*tx", "!*t%d", "%d\0%d", "!%H:%M %", ("%Y"):rep(100) } do
  local ok, value = pcall(os.date, format, 1e9 // 1 | 0)
  if type(value) == "table" then
    local keys = {}
    for key, field in pairs(value) do keys[#keys + 1] = key .. "=" .. tostring(field) end
    table.sort(keys)
    value = table.concat(keys, " ")
  end
  say(format, ok, value)
end
for _, time in ipairs { 0, -1, 1 << 31, 1 << 40, 1 << 55, 1 << 60, math.maxinteger, math.mininteger, 1.0, 1e10, "5" } do
  say(time, pcall(os.date, "!%c", time))
end
say(pcall(os.date, "%c", 1.5))
say(pcall(os.date, "%c", {}))
local function time(fields)
  local ok, value = pcall(os.time, fields)
  local keys = {}
  for _, key in ipairs { "year", "month", "day", "hour", "min", "sec", "isdst", "wday", "yday" } do keys[#keys + 1] = tostring(fields[key]) end
  say(ok, value, table.concat(keys, ","))
end
time { year = 2020, month = 1, day = 1 }
time { year = 2020, month = 14, day = -3, hour = 50, min = -90, sec = 1000 }
time { year = 2020, month = 2, day = 30, isdst = true }
time { year = 2020, month = 2, day = 30, isdst = false }
time { year = "2020", month = "02", day = " 3 " }
time { year = 2020.0, month = 1, day = 1 }
time { year = 2020.5, month = 1, day = 1 }
time { year = 1 << 40, month = 1, day = 1 }
time { year = -(1 << 40), month = 1, day = 1 }
time { year = (1 << 31) + 1899, month = 1, day = 1 }
time { year = (1 << 31) + 1900, month = 1, day = 1 }
time { year = 2020, month = math.mininteger, day = 1 }
time { year = 2020, month = 1 }
time { year = 2020, day = 1 }
time { month = 1, day = 1 }
time { year = {}, month = 1, day = 1 }
time { year = 2020, month = 1, day = "x" }
time { year = 1, month = 1, day = 1 }
say(pcall(os.time, {}))
say(os.difftime(5, 3), pcall(os.difftime, 0), pcall(os.difftime))
say(math.type(os.time()), math.type(os.clock()))

-- ---- locale ----
say(os.setlocale(), os.setlocale(nil), os.setlocale "C", os.setlocale "no such", os.setlocale("", "numeric"))
for _, category in ipairs { "all", "collate", "ctype", "monetary", "numeric", "time" } do say(category, os.setlocale(nil, category)) end
say(pcall(os.setlocale, "C", "bad"))
