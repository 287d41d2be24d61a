-- A randomised mutator: objects of every kind are made, moved, changed and dropped while collections run in slices,
-- next to a model of integers and strings only, against which the contents are checked.
--   neap tests/lua/gc/mutator.lua [STEPS [SEED]]
-- Run it long under the asan and debug builds, with NEAPDEBUG=gcverify=1 or gcstress=N (tests/README.md, "The mutator").
-- tests/unit/runtime/gc/mutator_test.c runs it with a global `userdata`, the makers of what Lua alone cannot make.
-- stress: 20
-- emergency: 200
local check = dofile "tests/lua/check.lua"
local steps = tonumber(arg and arg[1]) or check.size(6000, 1200)
local seed = tonumber(arg and arg[2]) or 20240607

local state = seed % 2147483647 + 1
local function random(n)
  state = state * 48271 % 2147483647
  return state % n + 1
end
local function chance(n) return random(n) == 1 end

local function fail(what, got, want)
  error(("%s: %s instead of %s (seed %d)"):format(what, tostring(got), tostring(want), seed), 2)
end
local function same(what, got, want) if got ~= want then fail(what, got, want) end end

-- An error in a finalizer is but a warning: the first one is kept, and raised at the next step.
local in_finalizer
local function finalizer(f)
  return function(object)
    local ok, message = pcall(f, object)
    if not ok and not in_finalizer then in_finalizer = message end
  end
end

-- A value made of a number: reading it back gives the number. `read` tells it by its type.
local read
local Class = {}
Class.__index = Class
function Class:value() return self.n end
local Derived = setmetatable({}, {__index = Class})
Derived.__index = Derived

local makers = {
  function(n) return {n} end,
  function(n) return {n = n} end,
  function(n) return {n = n, text = "t" .. n, pair = {n, {n}}} end,
  function(n) return setmetatable({n = n}, Class) end,
  function(n) return setmetatable({n = n, other = {}}, Derived) end,
  function(n) return "s" .. n end,
  function(n) return "a long string, which is not interned, with the number s" .. n end,
  function(n) return function() return n end end,
  function(n) local box = {n} return function() return box[1] end end,
  function(n) -- two closures share a variable
    local shared = n - 1
    local function add() shared = shared + 1 end
    add()
    return function() return shared end
  end,
  function(n) -- a coroutine that holds it in its stack only
    local co = coroutine.create(function(a)
      local held, text = {a}, "x" .. a
      while true do
        local filler = {coroutine.yield(held[1])}
        if "x" .. held[1] ~= text then error "a coroutine lost a local" end
        held = {held[1], filler}
        held = {held[1]}
      end
    end)
    coroutine.resume(co, n)
    return co
  end,
  function(n) local d = {} d["key" .. n % 97] = n d.last = "key" .. n % 97 return d end,
  function(n) return {[n] = {n}, at = n} end,
  function(n) return {[n + 0.5] = {}, [true] = {n}, [{}] = n} end,
  function(n) local t = table.pack(n, {}, "x", {n}) t[2] = nil return t end,
}

function read(value)
  local kind = type(value)
  if kind == "string" then return tonumber(value:match "s(%d+)$") end
  if kind == "function" then return value() end
  if kind == "thread" then
    local ok, n = coroutine.resume(value, {})
    if not ok then error(n, 0) end
    return n
  end
  if value.pair then
    same("text in a record", value.text, "t" .. value.n)
    same("pair in a record", value.pair[2][1], value.n)
  end
  if value.value then return value:value() end
  if value.n and value[4] then return value[4][1] end
  if value.last then return value[value.last] end
  if value.at then return value[value.at][1] end
  if value[true] then return value[true][1] end
  return value.n or value[1]
end

local made = 0
local function make()
  made = made + 1
  local n = made
  return makers[random(#makers)](n), n
end

-- What is kept, and beside each the model. `fresh` gives three functions: to act, to compare with the model, and (or nil) what
-- to do before all is dropped and begun anew.
local containers = {}
local function container(name, fresh) containers[#containers + 1] = {name = name, fresh = fresh} end

-- An array: insert, remove, move, append, sort, overwrite, swap.
container("array", function()
  local real, model = {}, {}
  local actions = {
    function() local v, n = make() local at = random(#model + 1) table.insert(real, at, v) table.insert(model, at, n) end,
    function() if #model > 0 then local at = random(#model) table.remove(real, at) table.remove(model, at) end end,
    function() for _ = 1, random(40) do local v, n = make() real[#real + 1] = v model[#model + 1] = n end end,
    function()
      if #model == 0 then return end
      local from, to = random(#model), random(#model)
      if from > to then from, to = to, from end
      local at = random(#model)
      table.move(real, from, to, at) table.move(model, from, to, at)
    end,
    function()
      if #model < 2 then return end
      local a, b = random(#model), random(#model)
      real[a], real[b] = real[b], real[a] model[a], model[b] = model[b], model[a]
    end,
    function() if #model > 0 then local v, n = make() local at = random(#model) real[at] = v model[at] = n end end,
    function()
      local keyed = {}
      for i = 1, #model do keyed[i] = {key = model[i] * 7919 % 1009, value = real[i], n = model[i]} end
      local function order(a, b) if a.key ~= b.key then return a.key < b.key end return a.n < b.n end
      table.sort(keyed, order)
      for i = 1, #keyed do real[i] = keyed[i].value model[i] = keyed[i].n end
    end,
    function() if #model > 600 then for i = #model, 300, -1 do real[i] = nil model[i] = nil end end end,
    function() -- through varargs and back
      if #model == 0 or #model > 200 then return end
      real = {table.unpack(real)} real = table.move(real, 1, #real, 1, {})
    end,
  }
  return function() actions[random(#actions)]() end,
    function()
      same("length of the array", #real, #model)
      for i = 1, #model do same("array element " .. i, read(real[i]), model[i]) end
    end
end)

-- A dictionary with keys of all kinds, grown and emptied; walked with pairs while entries are removed.
container("dictionary", function()
  local real, model, objects = {}, {}, {}
  local function key(i)
    local kind = i % 5
    if kind == 0 then return i elseif kind == 1 then return "k" .. i elseif kind == 2 then return i + 0.25
    elseif kind == 3 then return ("a key longer than the strings that are interned %d"):format(i) end
    if not objects[i] then objects[i] = chance(2) and {} or function() return i end end
    return objects[i]
  end
  return function()
    local action = random(12)
    if action <= 7 then
      local i, v, n = random(300), make()
      real[key(i)] = v model[i] = n
    elseif action <= 9 then
      local i = random(300)
      real[key(i)] = nil model[i] = nil
      if objects[i] and chance(3) then objects[i] = nil end -- the key dies, its place stays
    elseif action == 10 then
      for i = 1, 300 do if chance(2) then real[key(i)] = nil model[i] = nil end end
    elseif action == 11 then -- remove while walking
      for k, v in pairs(real) do
        if read(v) % 3 == 0 then real[k] = nil end
        if chance(20) then collectgarbage("step", 1) end
      end
      for i, n in pairs(model) do if n % 3 == 0 then model[i] = nil end end
    else
      local copy = {}
      for k, v in next, real do copy[k] = v end
      real = copy
    end
  end, function()
    local count, entries = 0, 0
    for i, n in pairs(model) do
      same("dictionary entry " .. i, read(real[key(i)]), n)
      entries = entries + 1
    end
    for _ in pairs(real) do count = count + 1 end
    same("entries of the dictionary", count, entries)
  end
end)

-- Records whose fields come and go, whose metatables change.
container("records", function()
  local real, model = {}, {}
  local names = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"}
  return function()
    local i = random(60)
    local action = random(8)
    if action == 1 or not real[i] then
      real[i] = {} model[i] = {}
    elseif action <= 4 then
      local v, n = make()
      local name = names[random(#names)]
      real[i][name] = v model[i][name] = n
    elseif action == 5 then
      local name = names[random(#names)]
      real[i][name] = nil model[i][name] = nil
    elseif action == 6 then
      local v, n = make()
      real[i].alpha = v real[i].beta = {v} model[i].alpha = n model[i].beta = nil
      if chance(2) then real[i].beta = v model[i].beta = n else real[i].beta = nil end
    elseif action == 7 then
      local v, n = make()
      setmetatable(real[i], chance(3) and {__index = {inherited = v}} or nil)
      model[i].inherited = getmetatable(real[i]) and n or nil
    else
      local v, n = make()
      real[i]["computed" .. random(30)] = v
      for k in pairs(real[i]) do if k:find "^computed" then real[i][k] = nil end end
      _ = n
    end
  end, function()
    for i, fields in pairs(model) do
      for name, n in pairs(fields) do same("field " .. name, read(real[i][name]), n) end
    end
  end
end)

-- Objects with finalizers: each is finalized once, some come back to life; none early.
container("finalizers", function()
  local live, finalized, revived = {}, {}, {}
  local mt
  mt = {__gc = finalizer(function(object)
    local n = object.n
    if live[n] then fail("finalizer of a live object", n, "none") end
    if finalized[n] then fail("second finalizer", n, "one") end
    same("content at the finalizer", read(object.content), object.contains)
    finalized[n] = true
    if n % 4 == 0 then revived[n] = object end
    if n % 5 == 0 then local _ = setmetatable({}, {__gc = function() end}) end
  end)}
  local order = {}
  return function()
    if chance(3) and #order > 0 then
      local at = random(#order)
      live[order[at]] = nil
      order[at] = order[#order] order[#order] = nil
    else
      local content, contains = make()
      made = made + 1
      local object = setmetatable({n = made, content = content, contains = contains}, mt)
      if chance(3) then live[made] = object order[#order + 1] = made end
    end
  end, function()
    for n, object in pairs(live) do
      same("live object with a finalizer", object.n, n)
      same("its content", read(object.content), object.contains)
    end
    for n, object in pairs(revived) do same("revived", read(object.content), object.contains) _ = n end
    if chance(3) then revived = {} end
  end, function() live = {} end
end)

-- Weak tables: what is held elsewhere stays, what is there is whole.
container("weak", function()
  local held, numbers = {}, {}
  local values = setmetatable({}, {__mode = "v"})
  local keys = setmetatable({}, {__mode = "k"})
  local both = setmetatable({}, {__mode = "kv"})
  local chain = setmetatable({}, {__mode = "k"})
  local function some_object()
    made = made + 1
    return chance(2) and {n = made} or setmetatable({n = made}, Class), made
  end
  return function()
    local i = random(100)
    if chance(3) then held[i] = nil numbers[i] = nil end
    local object, n = some_object()
    values[i] = object
    keys[object] = {n, chance(2) and object or nil}
    both[object] = object
    values["text" .. i] = "text" .. n
    if chance(2) then held[i] = object numbers[i] = n end
    -- an ephemeron chain: each key is held by the value before it
    local link = object
    for j = 1, 4 do local next_link = {n = n + j} chain[link] = next_link link = next_link end
    if chance(30) then setmetatable(keys, {__mode = chance(2) and "k" or nil}) end
    if chance(40) then setmetatable(values, {__mode = chance(2) and "v" or nil}) end
  end, function()
    for i, object in pairs(held) do
      same("held", object.n, numbers[i])
      local entry = keys[object]
      if not entry then fail("ephemeron of a held key", nil, "its entry") end
      same("ephemeron", entry[1], numbers[i])
      same("both", both[object], object)
      local link = object
      for j = 1, 4 do link = chain[link] same("link of a chain", link and link.n, numbers[i] + j) end
    end
    for i, object in pairs(values) do
      if type(i) == "number" then same("kind of a weak value", type(object.n), "number")
      else same("weak string", object:match "^text%d+$", object) end
    end
    for object, entry in pairs(keys) do same("weak key", object.n, entry[1]) end
    for object, other in pairs(both) do same("weak pair", object, other) end
  end
end)

-- Coroutines: values travel through yields, locals, pending calls, pcall and to-be-closed variables.
container("coroutines", function()
  local threads, model = {}, {}
  local closed, opened = 0, 0
  local function guard() opened = opened + 1 return setmetatable({}, {__close = function() closed = closed + 1 end}) end
  local function deep(n, value)
    if n == 0 then return coroutine.yield(value) end
    local a, b = {value}, {n}
    local result = deep(n - 1, value)
    if a[1] ~= value or b[1] ~= n then error "a frame lost its locals" end
    return result
  end
  local function body(value)
    local captured
    local function set(v) captured = v end
    while true do
      set(value)
      local token <close> = guard()
      local ok, got = pcall(deep, random(6), captured)
      if not ok then error(got, 0) end
      value = got
    end
  end
  return function()
    local i = random(40)
    local v, n = make()
    if not threads[i] or coroutine.status(threads[i]) == "dead" then threads[i] = coroutine.create(body) end
    local before = model[i]
    local ok, got = coroutine.resume(threads[i], v)
    if not ok then error(got, 0) end
    model[i] = n
    same("value through a coroutine", rawequal(got, v), true)
    _ = before
    if chance(15) then coroutine.close(threads[i]) threads[i] = nil model[i] = nil
    elseif chance(15) then threads[i] = nil model[i] = nil end
  end, function()
    for i, thread in pairs(threads) do
      same("status", coroutine.status(thread), "suspended")
      local level, found = 0, false
      while debug.getinfo(thread, level, "f") do
        for at = 1, 20 do
          local name, value = debug.getlocal(thread, level, at)
          if not name then break end
          if name == "captured" then found = true same("captured variable", read(value), model[i]) end
        end
        level = level + 1
      end
      same("captured found", found, true)
    end
    if closed > opened then fail("closed", closed, opened) end
  end
end)

-- Closures over variables that stay open for long, joined and rewritten through debug.
container("closures", function()
  local getters, setters, model = {}, {}, {}
  return function()
    local i = random(50)
    local v, n = make()
    if not getters[i] or chance(6) then
      local variable = v
      getters[i] = function() return variable end
      setters[i] = function(new) variable = new end
      model[i] = n
    elseif chance(3) then
      setters[i](v) model[i] = n
    elseif chance(3) then
      debug.setupvalue(getters[i], 1, v) model[i] = n
    else
      local j = random(50)
      if getters[j] then
        debug.upvaluejoin(getters[i], 1, getters[j], 1)
        debug.upvaluejoin(setters[i], 1, getters[j], 1)
        local shared = model[j]
        model[i] = shared
        -- from here on both change together: part them again
        local variable = getters[j]()
        getters[i] = function() return variable end
        setters[i] = function(new) variable = new end
      end
    end
  end, function()
    for i, n in pairs(model) do same("closed over", read(getters[i]()), n) end
  end
end)

-- Text: buffers that grow, keys that are interned while dead strings are dropped.
container("text", function()
  local pieces, model, whole = {}, {}, ""
  return function()
    local n = random(500)
    local text = ("w%d"):format(n)
    pieces[#pieces + 1] = text model[#model + 1] = n
    if chance(4) then whole = whole .. text .. "," end
    if #whole > 5000 then whole = "" end
    if #pieces > 400 then pieces = {table.unpack(pieces, 200)} model = {table.unpack(model, 200)} end
    local interned = {}
    interned["w" .. n] = true
    same("interning", interned[text], true)
  end, function()
    local joined = table.concat(pieces, ";")
    local i = 0
    for digits in joined:gmatch "w(%d+)" do i = i + 1 same("piece", tonumber(digits), model[i]) end
    same("pieces", i, #model)
    same("whole", whole:gsub("w%d+,", ""), "")
  end
end)

-- Functions compiled anew, run, dumped and dropped.
container("chunks", function()
  local functions, model = {}, {}
  return function()
    if not chance(6) then return end
    local i, n = random(20), random(10000)
    local f = assert(load(("local a, b = %d, {x%d = %d}\nreturn function() return a == b.x%d and {a} end"):format(n, n, n, n)))
    if chance(2) then f = load(string.dump(f, chance(2))) end
    functions[i] = f() model[i] = n
  end, function()
    for i, n in pairs(model) do same("compiled", functions[i]()[1], n) end
  end
end)

-- Deep stacks: coroutines that go down far, wait at the bottom and come up again in parts. Every level has locals of its own;
-- some have a variable that a closure outside reads and writes, while it is open and when it has been closed.
container("deep", function()
  local MOST <const> = check.size(1500, 150)
  local threads, seen = {}, {}
  local captured, model = {}, {} -- closures over a level's variable, and what it should hold; by the number it began with
  local function down(left, own)
    local a, number, variable = {own}, own, own
    if left % 61 == 0 then
      captured[own] = {get = function() return variable end, set = function(v) variable = v end}
      model[own] = own
    end
    local below
    if left == 0 then below = coroutine.yield(own)
    elseif left % 97 == 0 then below = select(2, assert(pcall(down, left - 1, own + 1)))
    else below = down(left - 1, own + 1) end
    if left % 200 == 0 then coroutine.yield(own) end
    if a[1] ~= own or number ~= own then error "a deep frame lost its locals" end
    if left % 61 == 0 and model[own] and variable ~= model[own] then error "a deep frame's open variable has another value" end
    return below + 1
  end
  local function check_captured()
    for key, closure in pairs(captured) do same("variable of a deep frame", closure.get(), model[key]) end
  end
  return function()
    local i = random(5)
    if not threads[i] then
      local depth = random(MOST)
      local own = made + 1
      made = own + depth
      threads[i] = coroutine.create(down)
      seen[i] = depth
      local ok, got = coroutine.resume(threads[i], depth, own)
      same("start of a deep coroutine", ok, true)
      same("value at the bottom", got, own + depth)
    else
      local ok, got = coroutine.resume(threads[i], 0)
      same("deep coroutine", ok and true or got, true)
      if coroutine.status(threads[i]) == "dead" then
        same("levels counted on the way up", got, seen[i] + 1)
        threads[i] = nil
      elseif chance(8) then
        threads[i] = nil -- its open variables are closed by nobody but the collector
      end
    end
    for key, closure in pairs(captured) do
      if chance(40) then made = made + 1 closure.set(made) model[key] = made end
      if chance(200) then captured[key] = nil model[key] = nil end
    end
    if chance(10) then -- a deep stack that an error unwinds, with variables to be closed on the way
      local log, levels = {}, random(MOST // 10)
      local function fall(n)
        local token <close> = setmetatable({n = n}, {__close = function(self, e) log[#log + 1] = self.n same("error", e, "up") end})
        if n == levels then error("up", 0) end
        fall(n + 1)
        return token
      end
      local ok, message = pcall(fall, 1)
      same("error from the deep", not ok and message, "up")
      same("variables closed", #log, levels)
      for n = 1, levels do same("order of closing", log[n], levels + 1 - n) end
    end
  end, check_captured
end)

-- To-be-closed variables: whichever way a block is left, what was opened is closed once, the last one first.
container("closing", function()
  local log, opened
  local function open(t)
    made = made + 1
    opened[#opened + 1] = made
    return setmetatable({n = made, held = t}, {__close = function(self)
      if chance(6) then local filler = {{}, {self}, function() return self end} same("filler", filler[3](), self) end
      log[#log + 1] = self.n
    end})
  end
  local function three(leave)
    local v, n = make()
    local a <close> = open(v)
    local kept
    do
      local b <close> = open {v}
      kept = function() return b end
      if leave == "return" then return read(a.held), n, kept end
      if leave == "error" then error({v = v, n = n}, 0) end
      if leave == "yield" then coroutine.yield(v, n) end
      for i, item in next, {v, v}, nil, open(a) do
        same("item", read(item), n)
        if leave == "break" and i == 1 then break end
        if leave == "goto" then goto out end
      end
    end
    do
      local c <close> = open(kept)
      same("closed, and still there", kept().held[1], v)
    end
    ::out::
    same("first of three", a.held, v)
    return read(a.held), n, kept
  end
  local waiting = {}
  return function()
    log, opened = {}, {}
    local leave = ({"return", "error", "break", "goto", "end", "yield", "waiting"})[random(7)]
    if leave == "yield" then
      local co = coroutine.create(three)
      local _, v, n = coroutine.resume(co, "yield")
      same("yielded", read(v), n)
      if chance(2) then same("closing a coroutine", coroutine.close(co), true)
      else same("resuming", select(3, coroutine.resume(co)), n) end
    elseif leave == "waiting" then -- for a later turn
      local i = random(10)
      local own_log, own_opened = waiting[i] and waiting[i].log, waiting[i] and waiting[i].opened
      if own_log then
        log, opened = own_log, own_opened
        coroutine.close(waiting[i].co)
        same("closed later", #log, #opened)
        log, opened = {}, {}
      end
      waiting[i] = {co = coroutine.create(three), log = log, opened = opened}
      coroutine.resume(waiting[i].co, "yield")
      return
    elseif leave == "error" then
      local ok, e = pcall(three, leave)
      same("left by an error", ok, false)
      same("its value", read(e.v), e.n)
    else
      local got, n, kept = three(leave)
      same("left by " .. leave, got, n)
      same("a closed variable", type(kept()), "table")
    end
    same("number closed", #log, #opened)
    -- blocks are nested, or one follows the other: the second closes before the first, the first at the end
    same("the outermost closes last", log[#log], opened[1])
  end, function()
    for _, w in pairs(waiting) do
      same("opened and waiting", #w.opened, 2)
      same("not yet closed", #w.log, 0)
    end
  end
end)

-- Buffers: many tables of all sizes, most of them dropped, so that those of the others are moved; what a table lent to a walk
-- or a function stays what it was.
container("buffers", function()
  local real, model = {}, {}
  local MANY <const> = check.size(400, 60)
  return function()
    local action = random(5)
    if action <= 2 then
      for _ = 1, random(MANY) do
        made = made + 1
        local t, size = {}, random(40)
        for j = 1, size do t[j] = made + j end
        if chance(3) then for j = 1, random(12) do t["f" .. j] = made end end
        if chance(5) then t[made + 0.5] = size end
        real[made], model[made] = t, size
      end
    elseif action == 3 then
      for n in pairs(model) do if not chance(10) then real[n] = nil model[n] = nil end end
      collectgarbage(chance(4) and "collect" or "step")
    elseif action == 4 then -- collected in the middle of a walk, of sort, of unpack
      for n, t in pairs(real) do
        if chance(50) then
          local count = 0
          for i, v in ipairs(t) do count = count + 1 same("walked", v, n + i) if i == 2 then collectgarbage("step", 2) end end
          same("length walked", count, model[n])
          table.sort(t, function(a, b) if chance(100) then collectgarbage("step", 1) end return a > b end)
          table.sort(t)
          same("unpacked", select("#", table.unpack(t)), model[n])
        end
      end
    else
      for n, t in pairs(real) do
        if chance(30) then
          local size = model[n]
          for j = size, size // 2 + 1, -1 do t[j] = nil end
          model[n] = size // 2
        end
      end
    end
  end, function()
    for n, size in pairs(model) do
      local t = real[n]
      for j = 1, size do same("element of a buffer", t[j], n + j) end
      if t.f1 then same("field of a buffer", t.f1, n) end
      if size > 0 then same("length of a buffer", #t, size) end
    end
  end
end)

-- The heap's own switches, turned in between: a limit that is hit by a flood of its own, one that nothing reaches.
container("limits", function()
  local kinds = {
    function() local t = {} for i = 1, math.maxinteger do t[i] = {i} end end,
    function() return ("x"):rep(64 << 20) end,
    function() local t = {} for i = 1, math.maxinteger do t[i] = coroutine.wrap(function(a) coroutine.yield(a) end) t[i](i) end end,
    function() local t = {} for i = 1, math.maxinteger do t["k" .. i] = i end end,
    function() local s = "abcdef" while true do s = s .. s end end,
  }
  local hits = 0
  return function()
    local action = random(40)
    if not heap then return end
    if action <= 12 then heap.step(random(20) / 100)
    elseif action <= 20 then heap.release()
    elseif action <= 22 then heap.limit {soft = heap.stats().ready + (random(8) << 20)} heap.limit {soft = false}
    elseif action == 23 and chance(4) then
      local old = heap.limit {hard = heap.stats().ready + (1 << 20)}
      local ok, message = pcall(kinds[random(#kinds)])
      same("message of a flood", ok or message, "not enough memory")
      hits = hits + 1
      heap.limit(old)
    end
  end, function()
    if heap then same("hits counted", heap.stats().limit_hits >= hits, true) end
  end
end)

-- Userdata, from the host: blocks of bytes with user values, metatables, finalizers.
if userdata then
  container("userdata", function()
    local real, model, finalized, mine, references = {}, {}, {}, {}, {}
    local mt
    mt = {__gc = finalizer(function(u)
      local n = userdata.number(u)
      if finalized[n] then fail("second finalizer of userdata", n, "one") end
      if model[n] then fail("finalizer of live userdata", n, "none") end
      finalized[n] = true
      local value = userdata.get(u, 1)
      if mine[n] then same("user value at the finalizer", read(value), mine[n]) end
      mine[n] = nil
    end), __index = function(u, i) return (userdata.get(u, i)) end}
    return function()
      local action = random(6)
      if action <= 3 then
        made = made + 1
        local n, count = made, random(5) - 1
        local u = userdata.make(chance(30) and 100000 or random(300), count, n)
        local values = {}
        for i = 1, count do
          local v, m = make()
          same("user value is there", userdata.set(u, i, v), true)
          values[i] = m
        end
        same("one too many", userdata.set(u, count + 1, {}), false)
        if count > 0 and chance(2) then mine[n] = values[1] userdata.meta(u, mt) end
        real[n], model[n] = u, values
      elseif action == 4 then
        for n in pairs(model) do if chance(3) then real[n] = nil model[n] = nil end end
      elseif action == 5 then -- what only the registry holds
        local v, n = make()
        references[userdata.hold(v)] = n
        for reference in pairs(references) do
          if chance(20) then userdata.let_go(reference) references[reference] = nil end
        end
      else
        for n, values in pairs(model) do
          if chance(10) and #values > 0 then
            local i = random(#values)
            local v, m = make()
            userdata.set(real[n], i, v)
            values[i] = m
            if i == 1 and mine[n] then mine[n] = m end
          end
        end
      end
    end, function()
      for n, values in pairs(model) do
        same("bytes of userdata", userdata.number(real[n]), n)
        for i, m in ipairs(values) do same("user value", read(userdata.get(real[n], i)), m) end
      end
      for reference, n in pairs(references) do same("referred to", read(userdata.held(reference)), n) end
    end, function() model = {} end
  end)
end

local live = {}
local function begin(i)
  local fresh = containers[i].fresh
  local act, verify, drop = fresh()
  live[i] = {act = act, verify = verify, drop = drop}
end
for i = 1, #containers do begin(i) end

local function verify_all()
  for i, kind in ipairs(live) do
    local ok, message = xpcall(kind.verify, debug.traceback)
    if not ok then error(containers[i].name .. ": " .. message, 0) end
  end
  if in_finalizer then error("in a finalizer: " .. in_finalizer, 0) end
end

for step = 1, steps do
  local i = random(#live)
  for _ = 1, random(8) do live[i].act() end
  local collect = random(60)
  if collect <= 25 then collectgarbage("step", 1)
  elseif collect == 26 then collectgarbage "step"
  elseif collect == 27 and chance(8) then collectgarbage()
  elseif collect == 28 and chance(8) then
    collectgarbage("incremental", 100 + random(200), 100 + random(300))
  end
  if step % 97 == 0 then verify_all() end
  if chance(900) then
    i = random(#live)
    live[i].verify()
    if live[i].drop then live[i].drop() end
    begin(i)
  end
end
verify_all()
collectgarbage "incremental"
collectgarbage()
collectgarbage()
verify_all()
