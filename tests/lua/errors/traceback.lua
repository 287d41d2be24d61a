-- debug.traceback: the exact text, for every kind of function on the stack.
local check = dofile "tests/lua/check.lua"

local function trace(code, name)
  local f = assert(load(code, "=c"))
  return f(name)
end
local function expect(want, got)
  -- what lies below the chunk under test is of no interest
  local head = got:sub(1, #want)
  check.eq(head, want)
end

expect("stack traceback:\n\tc:1: in main chunk", trace "local t = debug.traceback() return t" :gsub("\n\t%[C%]: in function 'debug.traceback'", ""))
expect("stack traceback:\n\tc:1: in function 'f'\n\tc:2: in main chunk", trace [[function f() local t = debug.traceback() return t end
local t = f() f = nil return t]])
expect("stack traceback:\n\tc:1: in local 'f'\n\tc:2: in main chunk", trace [[local function f() local t = debug.traceback() return t end
local t = f() return t]])
expect("stack traceback:\n\tc:2: in upvalue 'f'\n\tc:3: in local 'g'\n\tc:4: in main chunk", trace [[local f
f = function() local t = debug.traceback() return t end
local function g() local t = f() return t end
local t = g() return t]])
expect("stack traceback:\n\tc:1: in field 'x'\n\tc:2: in main chunk", trace [[local t = {x = function() local t = debug.traceback() return t end}
local r = t.x() return r]])
expect("stack traceback:\n\tc:1: in method 'm'\n\tc:2: in main chunk", trace [[local t = {m = function() local t = debug.traceback() return t end}
local r = t:m() return r]])
expect("stack traceback:\n\tc:1: in function <c:1>\n\t(...tail calls...)\n", trace [[local function f() local t = debug.traceback() return t end
local function g() return f() end return g()]])
expect("stack traceback:\n\tc:1: in metamethod 'add'\n\tc:2: in main chunk", trace [[local t = setmetatable({}, {__add = function() local t = debug.traceback() return t end})
local r = t + 1 return r]])
expect("stack traceback:\n\tc:1: in metamethod 'index'\n\tc:2: in main chunk", trace [[local t = setmetatable({}, {__index = function() local t = debug.traceback() return t end})
local r = t.x return r]])
expect("stack traceback:\n\tc:1: in for iterator 'for iterator'\n\tc:2: in main chunk", trace [[local function it() local t = debug.traceback() return t end
for t in it do return t end]])
expect("stack traceback:\n\tc:1: in function <c:1>\n\t[C]: in function 'pcall'\n\tc:1: in main chunk", trace "local _, t = pcall(function() local t = debug.traceback() return t end) return t")
expect("stack traceback:\n\tc:1: in function <c:1>\n\t[C]: in function 'table.sort'\n\tc:1: in main chunk", trace "local t table.sort({1, 2}, function() t = debug.traceback() return false end) return t")
expect("stack traceback:\n\tc:1: in function <c:1>\n\t[C]: in function 'string.gsub'\n\tc:1: in main chunk", trace "local t string.gsub('x', 'x', function() t = debug.traceback() end) return t")

-- message and level
check.eq(debug.traceback("text", 1):match "^(.-)\n", "text")
check.eq(debug.traceback({}) ~= nil, true)
local object = {}
check.eq(debug.traceback(object), object); check.eq(debug.traceback(nil):match "^stack traceback:", "stack traceback:"); check.eq(debug.traceback(12):match "^12\n", "12\n")
check.eq(debug.traceback("m", 100), "m\nstack traceback:")
-- long stacks are cut in the middle
local function deep(n) if n == 0 then return debug.traceback("deep") end local t = deep(n - 1) return t end
local text = deep(60)
check.eq(select(2, text:gsub("\n", "")), 23)
assert(text:find "\n\t%.%.%.\t%(skipping %d+ levels%)\n", text)
-- of a coroutine, alive and dead
local co = coroutine.create(function() local function inner() coroutine.yield() end inner() error "e" end)
check.eq(debug.traceback(co), "stack traceback:")
coroutine.resume(co)
assert(debug.traceback(co):find("^stack traceback:\n\t%[C%]: in function 'coroutine.yield'\n\t[^\n]*: in local 'inner'\n\t[^\n]*: in function <"), debug.traceback(co))
assert(debug.traceback(co, "msg", 1):find "^msg\nstack traceback:\n\t[^\n]*: in local 'inner'")
coroutine.resume(co)
assert(debug.traceback(co):find "in function 'error'", debug.traceback(co))
