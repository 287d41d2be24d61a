-- Input and output (manual 6.8). Silent on success.

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

local name, other = os.tmpname(), os.tmpname()
-- The system's numbers of errors: Linux's, or WASI's, which has no processes either.
local ENOENT, EINVAL, ENOSPC = 2, 22, 28
if not os.execute() then ENOENT, EINVAL, ENOSPC = 44, 28, 51 end

local function fill(text, path)
  local f = assert(io.open(path or name, "wb"))
  assert(f:write(text))
  assert(f:close())
end

local function content(path)
  local f = assert(io.open(path or name, "rb"))
  local text = f:read("a")
  f:close()
  return text
end

-- open: modes and failures
do
  local f, message, code = io.open("/does/not/exist")
  eq(f, nil); eq(message, "/does/not/exist: No such file or directory")
  eq(code, ENOENT)
  for _, mode in ipairs{"rw", "", "b", "+", "rb+", "r+bx", "x", " r"} do
    fails("bad argument #2 to 'io.open' (invalid mode)", io.open, name, mode)
  end
  for _, mode in ipairs{"w", "wb", "w+", "w+b", "a", "ab", "a+", "a+b", "r", "rb", "r+", "r+b"} do
    assert(io.open(name, mode)):close()
  end
  fails("bad argument #1 to 'io.open' (string expected, got no value)", io.open)
  fill("one")
  f = assert(io.open(name, "a")); f:write(" two"); f:close()
  eq(content(), "one two")
  f = assert(io.open(name, "r+")); f:write("ONE"); eq(f:seek(), 3); eq(f:seek("set", 4), 4); eq(f:read("a"), "two"); f:close()
  eq(content(), "ONE two")
  f = assert(io.open(name, "w+")); f:write("abc"); f:seek("set"); eq(f:read(), "abc"); f:close()
end

-- type, tostring, close
do
  local f = assert(io.open(name))
  eq(io.type(f), "file"); assert(string.find(tostring(f), "^file %(0x%x+%)$"))
  eq(f:close(), true)
  eq(io.type(f), "closed file"); eq(tostring(f), "file (closed)")
  for _, method in ipairs{"close", "read", "write", "lines", "seek", "setvbuf", "flush"} do
    fails("attempt to use a closed file", f[method], f)
  end
  fails("attempt to use a closed file", io.close, f)
  eq(io.type(nil), nil); eq(io.type({}), nil); eq(io.type(1), nil)
  fails("bad argument #1 to 'io.type' (value expected)", io.type)
  fails("FILE*", f.read, {}); fails("(FILE* expected, got no value)", f.close)
  eq(getmetatable(f).__name, "FILE*")
  local ok, message = io.stdout:close()
  eq(ok, nil); eq(message, "cannot close standard file"); eq(io.type(io.stdout), "file")
  do
    local g <close> = assert(io.open(name)); f = g
  end
  eq(io.type(f), "closed file")
  fails("attempt to index", function() return f.nothing.x end)
end

-- a file nobody refers to is closed and its text is written
do
  local f = assert(io.open(name, "w"))
  f:setvbuf("full", 4096)
  f:write("kept")
  f = nil
  collectgarbage(); collectgarbage()
  eq(content(), "kept")
  for i = 1, check.size(2000, 1100) do assert(io.open(name)); if i % 200 == 0 then collectgarbage() end end
  collectgarbage()
end

-- read: every format
do
  fill("first\nsecond\n\nlast")
  local f = assert(io.open(name))
  eq(f:read(), "first"); eq(f:read("L"), "second\n"); eq(f:read("l"), ""); eq(f:read(0), "")
  eq(f:read("L"), "last"); eq(f:read("l"), nil); eq(f:read("L"), nil); eq(f:read(0), nil); eq(f:read(1), nil)
  eq(f:read("a"), ""); eq(f:read("a"), ""); eq(f:read("n"), nil)
  f:seek("set")
  check.list(table.pack(f:read(2, "l", "*L", 3, 0, "a", "l", "l")), "fi", "rst", "second\n", "\nla", "", "st", nil)
  f:seek("set")
  check.list(table.pack(f:read(1000)), "first\nsecond\n\nlast")
  f:seek("set")
  check.list(table.pack(f:read("n", "l")), nil)
  fails("bad argument #1 to 'read' (invalid format)", function() f:read("x") end)
  fails("bad argument #2 to 'read' (invalid format)", function() f:seek("set"); f:read("l", "?") end)
  f:close()
  -- bytes of every value, lines longer than any buffer
  local all = {}
  for i = 0, 255 do all[i + 1] = string.char(i) end
  all = table.concat(all)
  local long = string.rep("0123456789", 5000)
  fill(all .. "\n" .. long .. "\n" .. long)
  f = assert(io.open(name, "rb"))
  eq(f:read(10), all:sub(1, 10)); eq(f:read(1), "\n"); eq(f:read(245), all:sub(12)); eq(f:read("L"), "\n")
  eq(f:read("L"), long .. "\n"); eq(f:read(heap and 2^40 or 50000), long); eq(f:read(5), nil)
  f:close()
end

-- read("n"): the longest prefix that looks like a numeral
do
  local function numbers(text, ...)
    fill(text)
    local f = assert(io.open(name))
    local want = table.pack(...)
    for i = 1, want.n, 2 do
      eq(f:read("n"), want[i], "number " .. i .. " of '" .. text .. "'")
      eq(f:read(1), want[i + 1], "after number " .. i .. " of '" .. text .. "'")
    end
    f:close()
  end
  numbers("1 2.5 -3\n+4", 1, " ", 2.5, " ", -3, "\n", 4, nil)
  numbers("0x10,0xA.8,0x1p4,-0xff", 16, ",", 10.5, ",", 16.0, ",", -255, nil)
  numbers(".5;5.;1e2;1E+2;1e-2", 0.5, ";", 5.0, ";", 100.0, ";", 100.0, ";", 0.01, nil)
  numbers("12abc", 12, "a")
  numbers("-x", nil, "x"); numbers("1e+x", nil, "x"); numbers("0xg", nil, "g"); numbers(".e1", nil, "e"); numbers("--1", nil, "-")
  numbers("\t \n\v 7", 7, nil); numbers("", nil, nil); numbers("   ", nil, nil)
  numbers("9223372036854775807 9223372036854775808", math.maxinteger, " ", 9223372036854775808.0, nil)
  numbers(string.rep("1", 200) .. " ", tonumber(string.rep("1", 200)), " ")
  numbers(string.rep("1", 201) .. " ", nil, "1")
  numbers("nan", nil, "n"); numbers("inf", nil, "i")
end

-- write
do
  local f = assert(io.open(name, "w"))
  eq(f:write("a", 1, " ", 2.5, " ", 1e100, "\0", ""), f)
  eq(f:write(), f)
  f:write("x"):write("y")
  fails("bad argument #2 to 'write' (string expected, got nil)", function() f:write("ok", nil) end)
  fails("(string expected, got table)", function() f:write({}) end)
  f:close()
  eq(content(), "a1 2.5 1e+100\0xyok")
  f = assert(io.open(name))
  local ok, message, code = f:write("x")
  eq(ok, nil); eq(type(message), "string"); eq(math.type(code), "integer")
  f:close()
  f = assert(io.open(name, "w"))
  ok, message, code = f:read()
  eq(ok, nil); eq(type(message), "string"); eq(math.type(code), "integer")
  f:close()
  f = io.open("/dev/full", "w")
  if f then
    f:setvbuf("no")
    ok, message, code = f:write("x")
    eq(ok, nil); eq(message, "No space left on device"); eq(code, ENOSPC)
    f:close()
    f = io.open("/dev/full", "w")
    f:write("x")
    ok, message = f:flush(); eq(ok, nil); eq(message, "No space left on device")
    f:close()
  end
end

-- seek
do
  fill("0123456789")
  local f = assert(io.open(name))
  eq(f:seek(), 0); eq(f:seek("end"), 10); eq(f:seek("set", 3), 3); eq(f:read(1), "3"); eq(f:seek("cur", -2), 2)
  eq(f:seek("cur"), 2); eq(f:seek("end", -1), 9); eq(f:read("a"), "9")
  local ok, message, code = f:seek("set", -1)
  eq(ok, nil); eq(message, "Invalid argument"); eq(code, EINVAL)
  fails("bad argument #1 to 'seek' (invalid option 'start')", function() f:seek("start") end)
  fails("bad argument #2 to 'seek' (number has no integer representation)", function() f:seek("set", 1.5) end)
  eq(f:seek("set", 2^33 | 0), 2^33 | 0)
  f:close()
end

-- setvbuf
do
  local f, g = assert(io.open(name, "w")), nil
  eq(f:setvbuf("full", 1000), true)
  f:write("x"); eq(content(), "")
  eq(f:flush(), true); eq(content(), "x")
  f:close()
  f = assert(io.open(name, "w")); eq(f:setvbuf("no"), true); f:write("y"); eq(content(), "y"); f:close()
  f = assert(io.open(name, "w")); eq(f:setvbuf("line"), true); f:write("a\n"); eq(content(), "a\n"); f:close()
  f = assert(io.open(name))
  fails("invalid option 'none'", function() f:setvbuf("none") end)
  fails("string expected, got no value", function() f:setvbuf() end)
  f:close()
end

-- lines
do
  fill("1\n2\n3")
  local n = 0
  for l in io.lines(name) do n = n + 1; eq(l, tostring(n)) end
  eq(n, 3)
  n = ""
  for l in io.lines(name, "L") do n = n .. l end
  eq(n, "1\n2\n3")
  for a, b in io.lines(name, 1, "n") do eq(a, "1"); eq(b, 2); break end
  local sum = 0
  for v in io.lines(name, "n") do sum = sum + v end
  eq(sum, 6)
  -- what io.lines returns: iterator, two nils, the file to close
  local f, a, b, file = io.lines(name)
  eq(a, nil); eq(b, nil); eq(io.type(file), "file")
  eq(f(), "1"); file:close()
  fails("file is already closed", f)
  f = io.lines(name)
  while f() do end
  fails("file is already closed", f)
  -- leaving the loop closes the file
  local seen
  for l in io.lines(name) do
    for i = 1, 20 do -- the loop's closing value is a variable of this function
      local _, v = debug.getlocal(1, i)
      if io.type(v) then seen = v end
    end
    break
  end
  if seen then eq(io.type(seen), "closed file") end
  -- file:lines leaves it open
  local g = assert(io.open(name))
  for l in g:lines() do end
  eq(io.type(g), "file"); eq(g:seek("set"), 0)
  for x, y in g:lines(1, 1) do eq(x, "1"); eq(y, "\n"); break end
  g:close()
  fails("cannot open file '/does/not/exist' (No such file or directory)", io.lines, "/does/not/exist")
  fails("invalid format", function() for l in io.lines(name, "q") do end end)
  fails("too many arguments", io.lines, name, table.unpack({}, 1, 251))
  check.list(table.pack(io.lines(name, table.unpack({}, 1, 0))()), "1")
  -- read errors are errors, not ends
  fails(os.execute() and "directory" or "Bad file descriptor", function() for l in io.lines("/") do end end)
end

-- default files
do
  fill("in 1\nin 2\n")
  eq(io.input(), io.stdin); eq(io.output(), io.stdout)
  io.input(name)
  eq(io.read(), "in 1"); eq(io.read("L"), "in 2\n"); eq(io.read(), nil)
  local f = io.input()
  f:seek("set")
  for l in io.lines() do eq(l:sub(1, 2), "in") end
  eq(io.type(f), "file")
  eq(io.close(f), true)
  fails("default input file is closed", io.read)
  fails("attempt to use a closed file", io.lines)
  io.input(io.stdin)
  io.output(other)
  eq(io.write("out ", 1), io.output()); eq(io.flush(), true)
  eq(content(other), "out 1")
  eq(io.close(), true)
  fails("default output file is closed", io.write, "x")
  fails("default output file is closed", io.flush)
  io.output(io.stdout)
  f = assert(io.open(other, "w"))
  eq(io.output(f), f); io.write("again"); io.close(); eq(content(other), "again")
  io.output(io.stdout)
  fails("cannot open file '/does/not/exist' (No such file or directory)", io.input, "/does/not/exist")
  fails("FILE*", io.output, {})
end

-- tmpfile, popen
do
  local f = assert(io.tmpfile())
  f:write("temp"); f:seek("set"); eq(f:read("a"), "temp"); f:close()
end
if os.execute() then
  local f = assert(io.popen("echo hello; exit 3"))
  eq(f:read("a"), "hello\n")
  check.list(table.pack(f:close()), nil, "exit", 3)
  f = assert(io.popen("cat > " .. other, "w"))
  f:write("piped")
  check.list(table.pack(f:close()), true, "exit", 0)
  eq(content(other), "piped")
  check.list(table.pack(io.popen("kill -9 $$"):close()), nil, "signal", 9)
  fails("bad argument #2 to 'io.popen' (invalid mode)", io.popen, "true", "rw")
  local lines = 0
  for l in io.popen("printf 'a\\nb\\n'"):lines() do lines = lines + 1 end
  eq(lines, 2)
else -- a system without processes
  fails("'popen' not supported", io.popen, "true")
end

os.remove(name); os.remove(other)
