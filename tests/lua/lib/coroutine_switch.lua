-- Coroutines switched by the interpreter: through pcall, metamethods, __close, iterators, tail calls, nested resumes.
local co = coroutine.create(function(a,b) local x = coroutine.yield(a+b) local y,z = coroutine.yield(x) print(y,z) return 1,2,3 end)
print(coroutine.resume(co,1,2)) print(coroutine.resume(co,10)) print(coroutine.resume(co,7)) print(coroutine.resume(co)) print(coroutine.status(co))
local w = coroutine.wrap(function() for i=1,3 do coroutine.yield(i) end error("boom") end)
print(w(), w(), w(), pcall(w)) print(pcall(w))
local w = coroutine.wrap(function() print(pcall(function() coroutine.yield(1) error'x' end)) coroutine.yield(2) return coroutine.yield(3) end)
print(w()) print(w()) print(w()) print(w(9,8))
for a,b in coroutine.wrap(function() for i=1,3 do coroutine.yield(i,i*i) end end) do print(a,b) end
local t = setmetatable({},{__index=function(t,k) return coroutine.yield(k) end, __close=function() coroutine.yield('c') end})
local w = coroutine.wrap(function() local c <close> = t local v = t.foo return v end)
print(w()) print(w(5)) print(w())
print(pcall(coroutine.yield, 1)) print(pcall(string.gsub,'a','a',function() coroutine.yield() end))
local w = coroutine.wrap(function() string.gsub('a','a',function() print(pcall(function() pcall(error) coroutine.yield() end)) end) end) w()
print(select('#', coroutine.wrap(function() return table.unpack({},1,200) end)()))
print(coroutine.resume(coroutine.running()))
local co; co = coroutine.create(function() print(coroutine.resume(co)) print(coroutine.status(co)) coroutine.wrap(function() print(coroutine.status(co), coroutine.resume(co)) end)() end) coroutine.resume(co)
local c=coroutine.create(function() debug.sethook(function() coroutine.yield('no') end,'',1) end) print(coroutine.resume(c))
-- expect: true	3
-- expect: true	10
-- expect: 7	nil
-- expect: true	1	2	3
-- expect: false	cannot resume dead coroutine
-- expect: dead
-- expect: 1	2	3	false	tests/lua/lib/coroutine_switch.lua:4: boom
-- expect: false	cannot resume dead coroutine
-- expect: 1
-- expect: false	tests/lua/lib/coroutine_switch.lua:6: x
-- expect: 2
-- expect: 3
-- expect: 9	8
-- expect: 1	1
-- expect: 2	4
-- expect: 3	9
-- expect: foo
-- expect: c
-- expect: 5
-- expect: false	attempt to yield from outside a coroutine
-- expect: false	attempt to yield from outside a coroutine
-- expect: false	attempt to yield across a C-call boundary
-- expect: 200
-- expect: false	cannot resume non-suspended coroutine
-- expect: false	cannot resume non-suspended coroutine
-- expect: running
-- expect: normal	false	cannot resume non-suspended coroutine
-- expect: false	attempt to yield across a C-call boundary
