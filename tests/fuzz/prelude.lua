-- helper: the head of every program that differential.lua writes. Owns printing (values in a form that
-- both engines must agree on, addresses masked) and the fuel that makes every program end.
local FUEL = 3000
local fuel = FUEL
local function tick(cost)
  fuel = fuel - (cost or 1)
  if fuel < 0 then error("out of fuel", 0) end
end

-- Addresses; and what differs between 5.4.4 and 5.4.8: the line of a division by zero, the number of
-- the argument that table.remove complains about.
local function mask(text)
  text = text:gsub("0x%x+", "ADDR")
  text = text:gsub(":%d+: (attempt to divide by zero)", ": %1")
  text = text:gsub("(bad argument #)1( to '[%w.]*remove' %(position)", "%12%2")
  text = text:gsub("%(to close '%(' at line %d+%)", "(to close '(')") -- 5.4.8: the line of the '(' itself
  return (text:gsub(":%d+: (attempt to perform 'n%%0')", ": %1"))
end

-- Masked at once: the length of an address is not the same in both engines.
local plain_tostring = tostring
local function tostring(...) return mask(plain_tostring(...)) end

local show
local function show_key_order(one, other)
  local a, b = type(one), type(other)
  if a ~= b then return a < b end
  if a == "number" or a == "string" then return one < other end
  return show(one, 2) < show(other, 2)
end

function show(value, depth)
  depth = depth or 0
  local kind = math.type(value) or type(value)
  if kind == "string" then
    if #value > 300 then return ("<%d bytes %q>"):format(#value, value:sub(1, 40)) end
    return ("%q"):format(mask(value))
  elseif kind == "integer" then return ("%d"):format(value)
  elseif kind == "float" then
    if value ~= value then return "nan" end
    return ("%.17gf"):format(value)
  elseif kind == "table" then
    if depth > 2 then return "{..}" end
    local keys, parts = {}, {}
    for key in next, value do keys[#keys + 1] = key end
    if #keys > 40 then return "{" .. #keys .. " fields}" end
    table.sort(keys, show_key_order)
    for _, key in ipairs(keys) do
      parts[#parts + 1] = "[" .. show(key, depth + 1) .. "]=" .. show(rawget(value, key), depth + 1)
    end
    local mark = debug.getmetatable(value) and "*" or ""
    return mark .. "{" .. table.concat(parts, ",") .. "}"
  elseif kind == "nil" or kind == "boolean" then return tostring(value) end
  return "<" .. kind .. ">"
end

local lines = 0
local function out(...)
  local parts = table.pack(...)
  lines = lines + 1
  if lines > 3000 then
    io.write("out of lines\n")
    os.exit(0)
  end
  for i = 1, parts.n do parts[i] = show(parts[i]) end
  io.write(table.concat(parts, " ", 1, parts.n), "\n")
end

local function print(...) out(...) end -- the library's would write addresses

local function cut(value)
  if type(value) == "string" and #value > 200 then return value:sub(1, 200) end
  return value
end

-- The value when it is of the wanted kind, else something of that kind.
local function to_num(value) return math.type(value) and value or 1 end
local function to_int(value) return math.tointeger(value) or 5 end
local function to_key(value)
  if value == nil or value ~= value then return "key" end
  return value
end

-- Where a table has holes its border is not unique: removes what follows the first hole.
local function settle(t)
  local count = 0
  while rawget(t, count + 1) ~= nil do count = count + 1 end
  local beyond = {}
  for key in next, t do
    if math.type(key) == "integer" and key > count then beyond[#beyond + 1] = key end
  end
  for _, key in ipairs(beyond) do t[key] = nil end
end

-- A total order: what a sort that fails leaves behind depends on the engine.
local function less(one, other)
  if type(one) ~= type(other) then return type(one) < type(other) end
  if type(one) == "number" or type(one) == "string" then return one < other end
  return tostring(one) < tostring(other)
end

local function try(body, ...)
  return out(pcall(body, ...))
end

-- A traceback without current lines: that of a block whose end calls __close is not the same.
local function trace(text)
  return (mask(text):gsub(":%d+: in ", ": in "))
end

-- Message handlers, among them bad ones.
local handlers = {
  function(message) return { message } end,
  function(message) return mask(debug.traceback(tostring(message), 1)) end,
  function(message) error(message) end,
  function(message) return type(message) end,
  tostring,
  function(message) return trace(debug.traceback(tostring(message), 1)) end,
}

local function step(number, body)
  fuel = FUEL
  io.write("-- ", number, "\n")
  out("end", pcall(body))
end

local function new_thread(body, ...)
  local thread = coroutine.create(body)
  for round = 1, 12 do
    tick(3)
    local results = table.pack(coroutine.resume(thread, ...))
    out("resume", round, coroutine.status(thread), table.unpack(results, 1, results.n))
    if coroutine.status(thread) == "dead" then break end
  end
  return thread
end
