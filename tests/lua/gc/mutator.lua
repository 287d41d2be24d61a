-- A randomised mutator: objects of every kind are made, moved, changed and dropped while collections run in slices,
-- next to a model of integers and strings only, against which the contents are checked.
--   neap tests/lua/gc/mutator.lua [STEPS [SEED]]
-- Run it long under the asan and debug builds, with NEAPDEBUG=gcverify=1 or gcstress=N.
-- stress: 20
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

-- What is kept, and beside each the model. `clear` is called when a container is begun anew.
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
  mt = {__gc = function(object)
    local n = object.n
    if live[n] then fail("finalizer of a live object", n, "none") end
    if finalized[n] then fail("second finalizer", n, "one") end
    same("content at the finalizer", read(object.content), object.contains)
    finalized[n] = true
    if n % 4 == 0 then revived[n] = object end
    if n % 5 == 0 then local _ = setmetatable({}, {__gc = function() end}) end
  end}
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
  end
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

local live = {}
for i, kind in ipairs(containers) do
  local act, verify = kind.fresh()
  live[i] = {act = act, verify = verify, fresh = kind.fresh}
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
  if step % 97 == 0 then for _, kind in ipairs(live) do kind.verify() end end
  if chance(900) then
    i = random(#live)
    live[i].verify()
    live[i].act, live[i].verify = live[i].fresh()
  end
end
for _, kind in ipairs(live) do kind.verify() end
collectgarbage "incremental"
collectgarbage()
collectgarbage()
for _, kind in ipairs(live) do kind.verify() end
