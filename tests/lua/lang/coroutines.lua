-- Manual 2.6, coroutines.
local check = dofile "tests/lua/check.lua"
local eq, list = check.eq, check.list
local pack, yield = table.pack, coroutine.yield
local create, resume, status, wrap = coroutine.create, coroutine.resume, coroutine.status, coroutine.wrap

-- values go in and out
local co = create(function(a, b)
  list(pack(a, b), 1, 2)
  local r = pack(yield(a + b, a * b))
  list(r, "x", nil)
  r = pack(yield())
  list(r)
  return "end", nil
end)
eq(status(co), "suspended")
list(pack(resume(co, 1, 2)), true, 3, 2)
eq(status(co), "suspended")
list(pack(resume(co, "x", nil)), true)
list(pack(resume(co)), true, "end", nil)
eq(status(co), "dead")
list(pack(resume(co)), false, "cannot resume dead coroutine")
list(pack(resume(co, 1)), false, "cannot resume dead coroutine")

-- status of the running and of the one that resumed it
local outer
outer = create(function()
  eq(status(outer), "running")
  local inner = create(function()
    eq(status(outer), "normal")
    list(pack(resume(outer)), false, "cannot resume non-suspended coroutine")
  end)
  list(pack(resume(inner)), true)
  list(pack(resume(outer)), false, "cannot resume non-suspended coroutine")
end)
list(pack(resume(outer)), true)
local main, isMain = coroutine.running()
eq(type(main), "thread"); eq(isMain, true); eq(status(main), "running")
list(pack(resume(main)), false, "cannot resume non-suspended coroutine")
wrap(function()
  local me, ismain = coroutine.running()
  eq(ismain, false); eq(status(me), "running"); eq(status(main), "normal")
end)()
eq(coroutine.isyieldable(), false)
wrap(function() eq(coroutine.isyieldable(), true); eq(coroutine.isyieldable(main), false) end)()
check.fails("attempt to yield from outside a coroutine", yield)

-- errors end a coroutine; resume gives the value as it is
local object = {}
co = create(function() error(object) end)
list(pack(resume(co)), false, object); eq(status(co), "dead")
co = create(function() yield(1); error("text", 0) end)
resume(co)
list(pack(resume(co)), false, "text"); eq(status(co), "dead")
co = create(function() local x = nil; return x.y end)
local ok, message = resume(co)
eq(ok, false); assert(message:find("attempt to index a nil value (local 'x')", 1, true), message)

-- wrap: errors go up, with the position for strings
local gen = wrap(function(...) local x = ... while true do x = yield(x) end end)
eq(gen(1), 1); eq(gen("a"), "a"); list(pack(gen()), nil)
gen = wrap(function() error(object) end)
list(pack(pcall(gen)), false, object)
check.fails("cannot resume dead coroutine", gen)
gen = wrap(function() error("e") end)
check.fails("e", gen)
check.fails("bad argument #1 to 'coroutine.create' (function expected, got no value)", create)
check.fails("bad argument #1 to 'coroutine.create' (function expected, got number)", create, 1)
check.fails("bad argument #1 to 'coroutine.wrap' (function expected, got table)", wrap, {})
check.fails("bad argument #1 to 'coroutine.resume' (thread expected, got number)", resume, 1)
check.fails("bad argument #1 to 'coroutine.status' (thread expected, got table)", status, {})

-- C functions as bodies
co = create(print ~= nil and math.max)
list(pack(resume(co, 3, 9, 4)), true, 9); eq(status(co), "dead")
co = create(yield)
list(pack(resume(co, 1, 2)), true, 1, 2); list(pack(resume(co, "r")), true, "r"); eq(status(co), "dead")
co = wrap(pcall)
list(pack(co(pcall, pcall, error, "x")), true, true, false, "x")
co = wrap(pcall)
list(pack(co(yield, 1, 2)), 1, 2); list(pack(co(3)), true, 3)

-- yield across pcall, and errors after it
co = wrap(function()
  local r = pack(pcall(function(a)
    local b = yield(a + 1)
    local c = yield(b + 1)
    if c == "fail" then error("wanted", 0) end
    return c
  end, 10))
  yield(table.unpack(r, 1, r.n))
  return "done"
end)
eq(co(), 11); eq(co(20), 21); list(pack(co("fail")), false, "wanted"); eq(co(), "done")
co = wrap(function()
  return pcall(pcall, pcall, function() return yield(1), yield(2) end)
end)
eq(co(), 1); eq(co("a"), 2); list(pack(co("b")), true, true, true, "a", "b")
-- xpcall with a handler
co = wrap(function()
  return xpcall(function() yield("in"); error("oops", 0) end, function(m) return "handled " .. m end)
end)
eq(co(), "in"); list(pack(co()), false, "handled oops")
co = wrap(function() return xpcall(function(...) return yield(...) end, print, "p", "q") end)
list(pack(co()), "p", "q"); list(pack(co(7, 8)), true, 7, 8)
-- deep: yield under many pcalls
local function under(n) if n == 0 then return yield("deep") end return select(2, pcall(under, n - 1)) end
co = wrap(function() return under(50) end)
eq(co(), "deep"); eq(co("up"), "up")

-- yield in iterators, and iterators that are coroutines
co = wrap(function()
  local sum = 0
  for i in function(_, last) return yield(last) end do sum = sum + i end
  return "sum", sum
end)
list(pack(co()), nil); list(pack(co(1)), 1); list(pack(co(5)), 5); list(pack(co(nil)), "sum", 6)
local function permutations(list_, n)
  n = n or #list_
  if n <= 1 then yield(list_) else
    for i = 1, n do
      list_[n], list_[i] = list_[i], list_[n]
      permutations(list_, n - 1)
      list_[n], list_[i] = list_[i], list_[n]
    end
  end
end
local found, distinct = 0, {}
for p in wrap(function() permutations {1, 2, 3, 4} end) do found = found + 1; distinct[table.concat(p)] = true end
eq(found, 24)
found = 0
for _ in pairs(distinct) do found = found + 1 end
eq(found, 24)
-- yield in a for loop's body, with the loop's state kept
co = wrap(function() for i = 1, 3 do for k, v in ipairs {"a", "b"} do yield(i .. v .. k) end end return "over" end)
local got = {}
repeat got[#got + 1] = co() until got[#got] == "over"
eq(table.concat(got, " "), "1a1 1b2 2a1 2b2 3a1 3b2 over")

-- yield across table.sort, gsub and load is refused
co = create(function() table.sort({3, 2, 1}, function(a, b) yield() return a < b end) end)
ok, message = resume(co)
eq(ok, false); assert(message:find("attempt to yield across a C-call boundary", 1, true), message)
co = create(function() ("x"):gsub("x", function() yield() end) end)
ok, message = resume(co)
eq(ok, false); assert(message:find("attempt to yield across a C-call boundary", 1, true), message)
co = create(function() return load(function() yield("piece") return nil end) end)
list(pack(resume(co)), true, nil, "attempt to yield across a C-call boundary")

-- producer, filter, consumer
local function producer(n) return wrap(function() for i = 1, n do yield(i) end end) end
local function filter(source, predicate) return wrap(function() for v in source do if predicate(v) then yield(v) end end end) end
local total = 0
for v in filter(filter(producer(100), function(v) return v % 2 == 0 end), function(v) return v % 3 == 0 end) do total = total + v end
eq(total, 816)

-- upvalues and arguments belong to each coroutine
local function counter() local n = 0; return wrap(function() while true do n = n + 1; yield(n) end end) end
local c1, c2 = counter(), counter()
c1(); c1(); c2()
eq(c1(), 3); eq(c2(), 2)
-- an open upvalue of a suspended coroutine is seen and set from outside
local set, get
co = wrap(function()
  local v = 1
  set, get = function(n) v = n end, function() return v end
  yield()
  return v
end)
co(); eq(get(), 1); set(42); eq(get(), 42); eq(co(), 42); set(5); eq(get(), 5)
-- also when its stack grows meanwhile
local function recurse(n) if n > 0 then return 1 + recurse(n - 1) end return 0 end
co = wrap(function()
  local v = 1
  set, get = function(n) v = n end, function() return v end
  eq(recurse(check.size(500, 100)), check.size(500, 100)); v = v + 1; yield(); recurse(check.size(1000, 150)); return v
end)
co(); set(10); eq(get(), 10); eq(co(), 10)

-- many values through resume and yield
local many = {}
for i = 1, 200 do many[i] = i end
co = create(function(...) eq(select("#", ...), 200); local r = pack(yield(...)); return table.unpack(r, 1, r.n) end)
local r = pack(resume(co, table.unpack(many)))
eq(r.n, 201); eq(r[201], 200)
r = pack(resume(co, table.unpack(many)))
eq(r.n, 201); eq(r[2], 1)

-- many coroutines at once, finished in another order
local all = {}
local n = check.size(2000, 40)
for i = 1, n do all[i] = wrap(function(a) local b = yield(a); local c = yield(b); return a + b + c end) end
for i = 1, n do eq(all[i](i), i) end
for i = n, 1, -1 do eq(all[i](i * 2), i * 2) end
for i = 1, n do eq(all[i](i * 3), i * 6) end

-- close
co = create(function() yield() end)
list(pack(coroutine.close(co)), true); eq(status(co), "dead")
co = create(yield); resume(co)
list(pack(coroutine.close(co)), true); list(pack(coroutine.close(co)), true)
list(pack(resume(co)), false, "cannot resume dead coroutine")
co = create(error); resume(co, "why")
list(pack(coroutine.close(co)), false, "why")
local log = {}
local function closing(name, fail) return setmetatable({}, {__close = function(_, e)
  log[#log + 1] = name .. ":" .. tostring(e); if fail then error(fail, 0) end end}) end
co = create(function()
  local a <close> = closing "a"
  local b <close> = closing("b", "from b")
  local c <close> = closing "c"
  yield()
end)
resume(co)
list(pack(coroutine.close(co)), false, "from b")
eq(table.concat(log, " "), "c:nil b:nil a:from b")
eq(status(co), "dead")
check.fails("cannot close a running coroutine", function() coroutine.close(coroutine.running()) end)
wrap(function()
  local me = coroutine.running()
  wrap(function() check.fails("cannot close a normal coroutine", coroutine.close, me) end)()
end)()
-- wrap closes what an error leaves open
log = {}
gen = wrap(function() local a <close> = closing "w"; error("boom", 0) end)
list(pack(pcall(gen)), false, "boom"); eq(log[1], "w:boom")

-- a coroutine inside a coroutine inside ...
local function nestco(k) if k == 0 then return "core" end return wrap(function() return nestco(k - 1) end)() end
eq(nestco(check.size(100, 20)), "core")

-- resuming passes through metamethods and tail calls
co = wrap(function() local function loop(k) if k == 0 then return yield("tail") end return loop(k - 1) end return loop(1000) end)
eq(co(), "tail"); eq(co("r"), "r")

-- traceback and debug on a suspended coroutine
co = create(function() local secret = 1; yield() end)
resume(co)
local name, value = debug.getlocal(co, 1, 1)
eq(name, "secret"); eq(value, 1)
assert(debug.traceback(co):find("in function 'coroutine.yield'", 1, true), debug.traceback(co))
eq(debug.traceback(create(print)), "stack traceback:")
