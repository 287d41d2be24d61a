-- helper: what the Lua tests share. A test begins with
--     local check = dofile "tests/lua/check.lua"
-- Every function raises an error, at the line that called it, that says what was expected and what
-- came. Only what the tests themselves could not do without is used of the library.

local check = {}

-- True where everything is slow (collections at every allocation): sizes are then made small.
check.small = os.getenv "NEAP_TEST_SMALL" ~= nil

-- True where the whole heap is verified after every phase of a collection.
check.verified = (os.getenv "NEAPDEBUG" or ""):find("gcverify", 1, true) ~= nil

-- The size to use for a loop: `usual`, or `reduced` where everything is slow.
function check.size(usual, reduced)
  return check.small and reduced or usual
end

local function show(value)
  if type(value) == "string" then return string.format("%q", value) end
  if math.type(value) == "integer" then return string.format("%d", value) end
  if math.type(value) == "float" then return string.format("%.17g (a float)", value) end
  return tostring(value)
end

local function alike(got, want)
  if got ~= got and want ~= want then return true end               -- NaN
  if not rawequal(got, want) then return false end
  if math.type(got) ~= math.type(want) then return false end
  if got == 0 and math.type(got) == "float" then return 1 / got == 1 / want end
  return true
end

local function complain(level, what, want, got)
  error((what and what .. ": " or "") .. "expected " .. want .. ", got " .. got, level + 1)
end

-- got and want are the same value; 1 and 1.0 are not, nor 0.0 and -0.0; NaN is NaN.
function check.eq(got, want, what)
  if not alike(got, want) then complain(2, what, show(want), show(got)) end
end

-- The values of `got` (made with table.pack) are exactly those that follow.
function check.list(got, ...)
  local count = select("#", ...)
  for i = 1, math.max(count, got.n) do
    local want = (select(i, ...))
    if i > count then complain(2, "value " .. i, "no value", show(got[i])) end
    if i > got.n then complain(2, "value " .. i, show(want), "no value") end
    if not alike(got[i], want) then complain(2, "value " .. i, show(want), show(got[i])) end
  end
end

-- Calling f with the arguments raises an error whose message contains `text`.
function check.fails(text, f, ...)
  local ok, message = pcall(f, ...)
  if ok then complain(2, nil, "an error with " .. show(text), "none") end
  if type(message) ~= "string" or not string.find(message, text, 1, true) then
    complain(2, nil, "an error with " .. show(text), show(message))
  end
end

-- The code compiles under the chunk name c, and running it raises exactly `text`.
function check.raises(text, code, ...)
  local f, problem = load(code, "=c")
  if not f then complain(2, code, "code that compiles", show(problem)) end
  local ok, message = pcall(f, ...)
  if ok then complain(2, code, "the error " .. show(text), "none") end
  if message ~= text then complain(2, code, "the error " .. show(text), show(message)) end
end

-- The code does not compile, and under the chunk name c the message is exactly `text`.
function check.syntax(text, code)
  local f, message = load(code, "=c")
  local name = #code < 60 and code or code:sub(1, 57) .. "..."
  if f then complain(2, name, "the error " .. show(text), "none") end
  if message ~= text then complain(2, name, "the error " .. show(text), show(message)) end
end

-- Compiles and runs the code; its results.
function check.run(code, ...)
  local f, problem = load(code, "=c")
  if not f then complain(2, code, "code that compiles", show(problem)) end
  return f(...)
end

return check
