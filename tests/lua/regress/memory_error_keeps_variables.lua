-- A memory error in the middle of an instruction was written over variables that closures still needed, and one while
-- a function was made left a variable with half a function. The program runs itself with the Nth request for memory
-- failing (NEAPDEBUG=failslot=N), for one N after another.
-- stress: off it sets NEAPDEBUG itself
-- emergency: off it sets NEAPDEBUG itself
if arg[1] == "child" then
  local get, late, closed
  local function body()
    local list, text, made = {1, 2, 3}, "kept", nil
    get = function() return list, text end
    late = function() return made end
    local token <close> = setmetatable({}, {__close = function() closed = list end})
    made = function() return list, text, token end
    local record = {a = {}, b = {list}}
    record.c, record.d = text .. #list, function() return made, record end
    local a, b, c = {}, function() return record end, text .. "/" .. #record.c
    return a, b, c
  end
  io.write "begun "
  local function all()
    local thread = coroutine.create(body)
    local ok, message = coroutine.resume(thread)
    if not ok then coroutine.close(thread) end
    return ok, message
  end
  local done, ok = pcall(all)
  if done and ok then io.write "nothing failed " end
  collectgarbage()
  if get then
    local list, text = get()
    assert(list == nil or #list == 3 and list[3] == 3)
    assert(text == nil or text == "kept")
    local made = late and late()
    if made then assert(made() == list) end
    if closed then assert(closed == list) end
  end
  for _ = 1, 3 do assert(all()) end
  io.write "fine"
  return
end

local interpreter, count = arg[-1], 0
while arg[-count - 1] do count = count + 1 end
interpreter = arg[-count]

local function run(n)
  local command = ("NEAPDEBUG=failslot=%d '%s' '%s' child 2>&1"):format(n, interpreter, arg[0])
  local pipe = assert(io.popen(command))
  local said = pipe:read "a"
  pipe:close()
  if not said:find "begun" then
    assert(said:find "not enough memory", said)
    return false
  end
  return true, said
end

local first, last = 0, 65536 -- the first N at which the program is reached
while last - first > 1 do
  local middle = (first + last) // 2
  if run(middle) then last = middle else first = middle end
end
local failures = 0
for n = last, last + 400 do
  local reached, said = run(n)
  if reached then assert(said:find "fine$" or said:find "not enough memory", said) end
  if reached and not said:find "nothing failed" then failures = failures + 1
  elseif failures > 0 then break end -- before, it was the compiler's request, and it compiled once more
end
assert(failures > 10, failures)
