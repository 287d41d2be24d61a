-- The metatables of marks and groups were made with the first of them, and a memory error left them without methods for good. The
-- program runs itself with the Nth request for memory failing (NEAPDEBUG=failslot=N), for one N after another.
-- stress: off it sets NEAPDEBUG itself
-- emergency: off it sets NEAPDEBUG itself
if arg[1] == "child" then
  io.write "begun "
  local made = pcall(function()
    heap.mark():drop()
    heap.group("first"):stats()
  end)
  local mark, group = heap.mark(), heap.group("second")
  assert(getmetatable(mark).__gc and getmetatable(mark).__close and tostring(mark):find "^heap mark %d")
  mark:drop()
  assert(tostring(mark) == "heap mark (dropped)")
  assert(group:stats().name == "second" and tostring(group) == "heap.group: second" and group:limit() == false)
  io.write(made and "nothing failed " or "", "fine")
  return
end

local interpreter, count = arg[-1], 0
while arg[-count - 1] do count = count + 1 end
interpreter = arg[-count]

local function run(n)
  local pipe <close> = io.popen(("NEAPDEBUG=failslot=%d '%s' '%s' child 2>&1"):format(n, interpreter, arg[0]))
  local said = pipe:read "a"
  return said:find "begun" ~= nil, said
end

local first, last = 0, 65536 -- the first N at which the program is reached
while last - first > 1 do
  local middle = (first + last) // 2
  if run(middle) then last = middle else first = middle end
end
local failures = 0
for n = last, last + 60 do
  local reached, said = run(n)
  assert(said:find "fine$" or said:find "not enough memory", said)
  if reached and not said:find "nothing failed" then failures = failures + 1
  elseif failures > 0 then break end
end
assert(failures > 3, failures)
