-- Prints a Lua program of many lines, the kind that other programs write: functions, tables of data, string constants,
-- calls, conditions and loops. Only its compilation is of interest:
--
--   out/neap bench/compile/lines.lua 1000000 > /tmp/lines.lua
--   out/measure out/neap -e 'assert(loadfile("/tmp/lines.lua"))'
--   out/measure lua5.4   -e 'assert(loadfile("/tmp/lines.lua"))'
--
-- measure tells CPU seconds, peak resident KiB and the exit status.
local lines = math.tointeger(tonumber(arg and arg[1] or 1000000))
if not lines or lines < 20 then error("the number of lines must be a whole number of at least 20", 0) end

local templates = {
    function(n) return ("  local point%d = { x = %d, y = %d.5, name = \"point %d\", tags = { \"a\", \"b\" } }"):format(n % 90, n, n % 977, n % 4001) end,
    function(n) return ("  total = total + point%d.x * %d - (state.count %% %d) / 3"):format(n % 90, n % 251, n % 13 + 1) end,
    function(n) return ("  if total > %d and not state.done then state.count = state.count + 1 end"):format(n) end,
    function(n) return ("  state[\"key%d\"] = string.format(\"%%d:%%s\", total, point%d.name)"):format(n % 60000, n % 90) end,
    function(n) return ("  for i = 1, %d do total = total + i * state.scale end"):format(n % 7) end,
    function(n) return ("  state.handlers[%d] = function(a, b) return a + b + %d, point%d end"):format(n % 100, n, n % 90) end,
}

local written = 0
local function put(line)
    print(line)
    written = written + 1
end
local block = 0
while written < lines do
    block = block + 1
    put(("function block%d(state, total)"):format(block))
    put("  local point0, point1, point2 = {}, {}, {}")
    for n = 0, 89 do
        if written >= lines - 2 then break end
        put(templates[1](n + block * 90):gsub("point%d+ =", ("point%d ="):format(n)))
        for t = 2, #templates do
            if written < lines - 2 then put((templates[t](n + block * 90):gsub("point%d+", ("point%d"):format(n)))) end
        end
    end
    put("  return total end")
end
