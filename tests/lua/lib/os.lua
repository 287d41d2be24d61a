-- Operating system facilities (manual 6.9). Silent on success.

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

-- time
do
  local now = os.time()
  eq(math.type(now), "integer"); assert(now > 1600000000)
  local t = os.time{year = 2020, month = 2, day = 29}
  eq(os.date("%Y-%m-%d %H:%M:%S", t), "2020-02-29 12:00:00", "noon by default")
  eq(os.time{year = 2020, month = 2, day = 29, hour = 12, min = 0, sec = 0}, t)
  eq(os.time{year = "2020", month = 2.0, day = 29}, t, "fields convert")
  -- fields are normalised in place
  local d = {year = 2019, month = 14, day = 29, hour = 36, min = -1, sec = 61, isdst = false}
  os.time(d)
  eq(d.year, 2020); eq(d.month, 3); eq(d.day, 1); eq(d.hour, 12); eq(d.min, 0); eq(d.sec, 1)
  eq(d.wday, 1); eq(d.yday, 61)
  d = {year = 2000, month = 1, day = 0}
  os.time(d)
  eq(d.year, 1999); eq(d.month, 12); eq(d.day, 31)
  fails("field 'year' missing in date table", os.time, {})
  fails("field 'month' missing in date table", os.time, {year = 2000})
  fails("field 'day' missing in date table", os.time, {year = 2000, month = 1})
  fails("field 'month' is not an integer", os.time, {year = 2000, month = "x", day = 1})
  fails("field 'hour' is not an integer", os.time, {year = 2000, month = 1, day = 1, hour = 1.5})
  fails("field 'year' is out-of-bound", os.time, {year = math.maxinteger, month = 1, day = 1})
  fails("field 'day' is out-of-bound", os.time, {year = 2000, month = 1, day = 2^32 | 0})
  fails("bad argument #1 to 'os.time' (table expected, got number)", os.time, 5)
  local with_meta = setmetatable({}, {__index = {year = 2020, month = 2, day = 29}})
  eq(os.time(with_meta), t)
  eq(os.difftime(t + 10, t), 10.0)
  fails("number expected, got no value", os.difftime, t)
end

-- date
do
  local t = 86400 * 365
  eq(os.date("!%Y-%m-%d %H:%M:%S", t), "1971-01-01 00:00:00")
  eq(os.date("!%j %y %% %a %B %p %e|%D|%F|%T|%R", t), "001 71 % Fri January AM  1|01/01/71|1971-01-01|00:00:00|00:00")
  eq(os.date("!%Ey%Od", t), "7101")
  eq(os.date("", t), ""); eq(os.date("!", t), ""); eq(os.date("a\0b%%", t), "a\0b%"); eq(os.date("!x%nx", t), "x\nx")
  eq(#os.date(string.rep("%Y", 500), t), 2000)
  local d = os.date("!*t", t + 3661)
  eq(d.year, 1971); eq(d.month, 1); eq(d.day, 1); eq(d.hour, 1); eq(d.min, 1); eq(d.sec, 1)
  eq(d.wday, 6); eq(d.yday, 1); eq(d.isdst, false)
  eq(os.time(os.date("*t", t)), t)
  assert(string.find(os.date(), "%d")); assert(#os.date("%c") > 8)
  for _, bad in ipairs{"%Q", "%E", "%O", "%Ea", "%Oc", "%", "%9", "x%", "%\0", "% Y"} do
    fails("invalid conversion specifier '%", os.date, bad, t)
  end
  eq(select(2, pcall(os.date, "%Ez tail", t)), "bad argument #1 to 'os.date' (invalid conversion specifier '%Ez tail')")
  fails("date result cannot be represented in this installation", os.date, "%Y", 2^60 | 0)
  fails("number has no integer representation", os.date, "%Y", 1.5)
end

-- clock: processor time, never falls
do
  local before = os.clock()
  local n = 0
  for i = 1, 10000 do n = n + i end
  assert(os.clock() >= before and math.type(before) == "float")
end

-- environment and processes
do
  eq(type(os.getenv("PATH")), "string"); eq(os.getenv("NO_SUCH_VARIABLE_AT_ALL"), nil)
  if os.execute() then
    eq(os.execute(), true)
    check.list(table.pack(os.execute("true")), true, "exit", 0)
    check.list(table.pack(os.execute("exit 7")), nil, "exit", 7)
    check.list(table.pack(os.execute("kill -15 $$")), nil, "signal", 15)
  else -- a system without processes
    local ok, message = os.execute("true")
    eq(ok, nil); eq(message, "Function not implemented")
  end
  fails("string expected, got no value", os.getenv)
end

-- files
do
  local not_there = select(3, io.open("/does/not/exist"))
  local name = os.tmpname()
  local f = assert(io.open(name), "os.tmpname makes the file"); f:close()
  assert(os.tmpname() ~= name)
  check.list(table.pack(os.rename(name, name .. ".moved")), true)
  local ok, message, code = os.rename(name, name .. ".again")
  eq(ok, nil); eq(code, not_there); assert(string.find(message, "No such file or directory", 1, true), message)
  check.list(table.pack(os.remove(name .. ".moved")), true)
  ok, message, code = os.remove(name)
  eq(ok, nil); eq(message, name .. ": No such file or directory"); eq(code, not_there)
end

-- locale
do
  eq(os.setlocale("C"), "C"); eq(os.setlocale(nil), "C"); eq(os.setlocale(), "C")
  local got = os.setlocale("no such locale")
  assert(got == nil or got == "no such locale") -- musl takes every name
  os.setlocale("C"); eq(os.setlocale("C", "numeric"), "C"); eq(os.setlocale(nil, "time"), "C")
  fails("bad argument #2 to 'os.setlocale' (invalid option 'money')", os.setlocale, "C", "money")
end
