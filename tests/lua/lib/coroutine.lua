-- Coroutines (manual 6.2). Silent on success.

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

-- values travel both ways
do
  local co = coroutine.create(function(a, b)
    eq(a, 1); eq(b, nil)
    local c, d = coroutine.yield(a + 1, nil, "z")
    eq(c, "c"); eq(d, nil)
    eq(select("#", coroutine.yield()), 0)
    return "end", nil
  end)
  local r = table.pack(coroutine.resume(co, 1))
  eq(r.n, 4); eq(r[1], true); eq(r[2], 2); eq(r[3], nil); eq(r[4], "z")
  r = table.pack(coroutine.resume(co, "c", nil))
  eq(r.n, 1); eq(r[1], true)
  r = table.pack(coroutine.resume(co))
  eq(r.n, 3); eq(r[2], "end"); eq(r[3], nil)
  eq(coroutine.status(co), "dead")
  local ok, message = coroutine.resume(co)
  eq(ok, false); eq(message, "cannot resume dead coroutine")
end

-- status of everybody involved
do
  local outer, inner
  outer = coroutine.create(function()
    eq(coroutine.status(outer), "running")
    inner = coroutine.create(function()
      eq(coroutine.status(outer), "normal")
      eq(coroutine.status(inner), "running")
      local ok, message = coroutine.resume(outer)
      eq(ok, false); eq(message, "cannot resume non-suspended coroutine")
      ok, message = coroutine.resume(inner)
      eq(ok, false); eq(message, "cannot resume non-suspended coroutine")
      fails("cannot close a normal coroutine", coroutine.close, outer)
      fails("cannot close a running coroutine", coroutine.close, inner)
    end)
    eq(coroutine.status(inner), "suspended")
    local ok, message = coroutine.resume(inner)
    assert(ok, message)
  end)
  local ok, message = coroutine.resume(outer)
  assert(ok, message)
end

-- running, isyieldable
do
  local main, is_main = coroutine.running()
  eq(is_main, true); eq(coroutine.isyieldable(), false)
  local co
  co = coroutine.create(function()
    local me, flag = coroutine.running()
    eq(me, co); eq(flag, false); eq(coroutine.isyieldable(), true)
    eq(coroutine.isyieldable(main), false)
    eq(coroutine.status(main), "normal")
  end)
  assert(coroutine.resume(co))
  fails("attempt to yield from outside a coroutine", coroutine.yield)
  local ok, message = coroutine.resume(main)
  eq(ok, false); eq(message, "cannot resume non-suspended coroutine")
end

-- errors of any type; the coroutine is dead afterwards and keeps its stack for tracebacks
do
  local object = {}
  local co = coroutine.create(function() error(object) end)
  local ok, caught = coroutine.resume(co)
  eq(ok, false); eq(caught, object); eq(coroutine.status(co), "dead")
  co = coroutine.create(function() local function inner() error("x") end inner() end)
  ok, caught = coroutine.resume(co)
  assert(string.find(caught, "coroutine.lua:%d+: x$"), caught)
  assert(string.find(debug.traceback(co), "inner", 1, true))
end

-- wrap
do
  local f = coroutine.wrap(function(...) local n = select("#", ...); for i = 1, 3 do coroutine.yield(i, n) end end)
  local i, n = f("a", nil)
  eq(i, 1); eq(n, 2); eq(f(), 2); eq(f(), 3); eq(select("#", f()), 0)
  fails("cannot resume dead coroutine", f)
  -- error strings get the position of the caller before their own
  local g = coroutine.wrap(function() error("oops", 0) end)
  local line = debug.getinfo(1, "l").currentline
  local _, message = pcall(function() g() end) -- line + 1
  assert(string.find(message, "coroutine.lua:" .. line + 1 .. ": oops$"), message)
  local object = {}
  _, message = pcall(coroutine.wrap(function() error(object) end))
  eq(message, object)
  -- an error closes pending variables at once
  local closed = 0
  g = coroutine.wrap(function()
    local x <close> = setmetatable({}, {__close = function() closed = closed + 1 end})
    error("boom", 0)
  end)
  eq(pcall(g), false); eq(closed, 1)
  -- an error while closing replaces the first
  g = coroutine.wrap(function()
    local x <close> = setmetatable({}, {__close = function() error("second", 0) end})
    error("first", 0)
  end)
  _, message = pcall(g)
  assert(string.find(message, "second$"), message)
  -- wrapped functions can call each other
  local ping, pong
  ping = coroutine.wrap(function() for k = 1, 3 do coroutine.yield("ping" .. pong()) end end)
  pong = coroutine.wrap(function() for k = 1, 3 do coroutine.yield(k) end end)
  eq(ping(), "ping1"); eq(ping(), "ping2")
  -- one that calls itself
  local self
  self = coroutine.wrap(function() return self() end)
  fails("cannot resume non-suspended coroutine", self)
end

-- close
do
  local order = {}
  local function closing(name, fail)
    return setmetatable({}, {__close = function(_, e)
      order[#order + 1] = name .. ":" .. tostring(e)
      if fail then error(fail, 0) end
    end})
  end
  local co = coroutine.create(function()
    local a <close> = closing("a")
    local b <close> = closing("b")
    coroutine.yield()
  end)
  coroutine.resume(co)
  eq(coroutine.close(co), true)
  eq(table.concat(order, " "), "b:nil a:nil")
  eq(coroutine.status(co), "dead")
  eq(coroutine.close(co), true)
  order = {}
  co = coroutine.create(function()
    local a <close> = closing("a")
    local b <close> = closing("b", "B")
    coroutine.yield()
  end)
  coroutine.resume(co)
  local ok, message = coroutine.close(co)
  eq(ok, false); eq(message, "B")
  eq(table.concat(order, " "), "b:nil a:B")
  eq(coroutine.close(co), true, "the error is reported once")
  eq(coroutine.close(coroutine.create(print)), true)
  co = coroutine.create(error)
  coroutine.resume(co, "E")
  ok, message = coroutine.close(co)
  eq(ok, false); eq(message, "E")
end

-- yields cross metamethods, iterators, pcall, table functions do not
do
  local meta = {
    __add = function(a, b) return coroutine.yield("add") end,
    __index = function(t, k) return coroutine.yield("index " .. k) end,
    __newindex = function(t, k, v) coroutine.yield("newindex " .. k); rawset(t, k, v) end,
    __lt = function() return coroutine.yield("lt") end,
    __eq = function() return coroutine.yield("eq") end,
    __concat = function() return coroutine.yield("concat") end,
    __len = function() return coroutine.yield("len") end,
    __call = function(_, x) return coroutine.yield("call " .. x) end,
    __close = function() coroutine.yield("close") end,
  }
  local function new() return setmetatable({}, meta) end
  local co = coroutine.wrap(function()
    local t, u = new(), new()
    eq(t + 1, "A"); eq(t.x, "I"); t.y = 3; eq(rawget(t, "y"), 3)
    eq(t < u, true); eq(t == u, false); eq(t .. "s", "C"); eq(#t, 7); eq(t("p"), "F")
    do local c <close> = new() end
    for v in function() return coroutine.yield("next") end do eq(v, "V"); break end
    return "done"
  end)
  eq(co(), "add"); eq(co("A"), "index x"); eq(co("I"), "newindex y"); eq(co(), "lt"); eq(co(1), "eq")
  eq(co(nil), "concat"); eq(co("C"), "len"); eq(co(7), "call p"); eq(co("F"), "close")
  eq(co(), "next"); eq(co("V"), "done")
  co = coroutine.create(function() table.sort({3, 2, 1}, function(a, b) coroutine.yield() end) end)
  local ok, message = coroutine.resume(co)
  eq(ok, false); eq(message, "attempt to yield across a C-call boundary")
end

-- a generator and a pipeline, deep recursion inside a coroutine, many coroutines alive
do
  local function tree(n) if n > 0 then tree(n - 1); coroutine.yield(n); tree(n - 1) end end
  local list = {}
  for v in coroutine.wrap(function() tree(4) end) do list[#list + 1] = v end
  eq(table.concat(list), "121312141213121")
  local function source() return coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end) end
  local function filter(f, from)
    return coroutine.wrap(function() for v in from do if f(v) then coroutine.yield(v) end end end)
  end
  local sum = 0
  for v in filter(function(x) return x % 3 == 0 end, filter(function(x) return x % 2 == 0 end, source())) do sum = sum + v end
  eq(sum, 816)
  local function deep(n) if n == 0 then return coroutine.yield("bottom") end return (deep(n - 1)) end
  local co = coroutine.wrap(deep)
  eq(co(5000), "bottom"); eq(co("up"), "up")
  local all = {}
  for i = 1, 1000 do all[i] = coroutine.wrap(function() local v = i; while true do v = v + coroutine.yield(v) end end); all[i]() end
  collectgarbage()
  for i = 1, 1000 do eq(all[i](1), i + 1) end
end

-- coroutines that resume coroutines, 150 deep (PUC's limit is near 200)
do
  local function chain(n)
    if n == 0 then return "end" end
    return (coroutine.wrap(chain)(n - 1))
  end
  eq(chain(150), "end")
end

-- arguments
fails("bad argument #1 to 'create' (function expected, got number)", function() coroutine.create(1) end)
fails("function expected", coroutine.wrap, {})
fails("(thread expected, got number)", coroutine.resume, 1)
fails("(thread expected, got no value)", coroutine.status)
fails("(thread expected, got table)", coroutine.close, {})
fails("(thread expected, got nil)", coroutine.isyieldable, nil)

-- too many values
do
  local co = coroutine.create(function(...) return select("#", ...) end)
  local many = table.pack(pcall(function() return coroutine.resume(co, table.unpack({}, 1, 100000)) end))
  assert(many[1] == true and (many[3] == 100000 or many[2] == false))
end
