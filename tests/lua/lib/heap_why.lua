-- heap.why: paths from the roots, by name. Silent on success.

local check = dofile "tests/lua/check.lua"
local eq = check.eq
local why = heap.why

-- Asked about from a coroutine: what the test itself has on its stack is further away than what is tested.
local function alone(f) assert(coroutine.resume(coroutine.create(f))) end

-- one path or several
x = {}
local paths = why(x, 10)
eq(type(paths), "table")
eq(why(x), paths[1])
eq(paths[1], "registry > globals > x")
eq(#paths, 1)
eq(why(12), nil)
eq(#why(12, 5), 0)
eq(why(print), nil)
eq(why({}), nil) -- only the caller has it
eq(why(nil), nil)

-- fields, indices, other keys, keys that are no names
do
  T = {{}, list = {}, [true] = {}, [1.5] = {}, [-4] = {}, ["no name"] = {}, [x] = {}}
  T.list[17] = {session = {}}
  eq(why(T[1]), "registry > globals > T[1]")
  eq(why(T.list[17]), "registry > globals > T > .list[17]")
  eq(why(T.list[17].session), "registry > globals > T > .list[17] > .session")
  eq(why(T[true]), "registry > globals > T[true]")
  eq(why(T[1.5]), "registry > globals > T[1.5]")
  eq(why(T[-4]), "registry > globals > T[-4]")
  eq(why(T["no name"]), 'registry > globals > T["no name"]')
  eq(why(T[x]), "registry > globals > T[table]")
  local of_x = why(x, 10)
  eq(of_x[1], "registry > globals > x")
  eq(of_x[2], "registry > globals > T > key")
  eq(#of_x, 2)
  T = nil
end

-- a module's variables have no dot
package.loaded["my.cache"] = {entries = {}}
for i = 1, 20 do require "my.cache".entries[i] = {session = {}} end
eq(why(require "my.cache".entries[17].session), "registry > package.loaded > my.cache > entries[17] > .session")
package.loaded["my.cache"] = nil

-- upvalues, by the function that has them
do
  local function make()
    local hidden = {}
    F = function() return hidden end
    weak = setmetatable({hidden}, {__mode = "v"})
  end
  make()
  eq(why(weak[1]), "registry > globals > F > upvalue hidden")
  eq(why(debug.getmetatable("").__index), "metatable of strings > .__index")
  F, weak = nil
end

-- locals of a coroutine, with its line
do
  local weak = setmetatable({}, {__mode = "v"})
  C = coroutine.create(function()
    local inside = {}
    weak[1] = inside
    coroutine.yield()
    return inside
  end)
  coroutine.resume(C)
  eq(why(weak[1]), "registry > globals > C > local inside in function at tests/lua/lib/heap_why.lua:67")
  local function named() local deep = {} weak[1] = deep; coroutine.yield(); return deep end
  C = coroutine.wrap(function() named() return 1 end)
  C()
  eq(why(weak[1]), "registry > globals > C > upvalue 1 > local deep in named at tests/lua/lib/heap_why.lua:72")
  C = nil
end

-- locals of the main chunk, and of what runs
do
  local mine = {}
  local path = why(mine)
  assert(path:find("^main thread > local mine in main chunk at tests/lua/lib/heap_why.lua:%d+$"), path)
  local function inner(parameter)
    local paths = why(parameter, 9)
    assert(paths[1]:find "^main thread > " and paths[2]:find "^main thread > ", "two frames have it")
    local all = table.concat(paths, "\n")
    assert(all:find("local mine in main chunk", 1, true) and all:find("local parameter in inner at", 1, true), all)
  end
  inner(mine)
end

-- metatables
do
  M = setmetatable({}, {__index = {}})
  eq(why(getmetatable(M)), "registry > globals > M > metatable")
  eq(why(getmetatable(M).__index), "registry > globals > M > metatable > .__index")
  M = nil
end

-- weak references are no reasons; the value of an ephemeron has one while its key lives
do
  W = setmetatable({}, {__mode = "v"})
  alone(function() W[1] = {}; eq(why(W[1]), nil) end)
  W = setmetatable({}, {__mode = "k"})
  alone(function()
    W[x] = {}
    eq(why(W[x]), "registry > globals > W[table]")
    W[x] = nil
    W[{}] = "dies"
  end)
  collectgarbage()
  eq(next(W), nil)
  W = nil
end

-- each reference once, the nearest first
do
  A = {x, B = {x, {x}}}
  eq(table.concat(why(x, 10), "\n"), [==[
registry > globals > x
registry > globals > A[1]
registry > globals > A > .B[1]
registry > globals > A > .B[2][1]]==])
  eq(#why(x, 2), 2)
  A = nil
end

-- a long path is cut in the middle
do
  L = {}
  local at = L
  for i = 1, 500 do at.next = {} at = at.next end
  local weak = setmetatable({at}, {__mode = "v"})
  at = nil
  local path = why(weak[1])
  assert(path:find "^registry > globals > L > .next > ")
  assert(path:find(" > ... 462 more steps ... > .next", 1, true), path)
  L = nil
end

x = nil
