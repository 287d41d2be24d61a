-- differential_core.lua: random statements and expressions over all of the grammar (topic "core"), and
-- mutated programs whose syntax errors must read the same (topic "syntax").
-- A context: vars (visible names), depth (nesting left), loops (break is allowed), vararg, budget.

local gen = ...
local int, chance, pick, weighted = gen.int, gen.chance, gen.pick, gen.weighted

gen.integers = {
  "0", "1", "2", "3", "-1", "-2", "7", "10", "63", "64", "65", "127", "128", "-128", "255", "256", "1000",
  "32767", "-32768", "32768", "65535", "65536", "0x7fffffff", "0x80000000", "0xffffffff",
  "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807",
  "math.mininteger", "-9223372036854775807", "0x7fffffffffffffff", "0xffffffffffffffff", "math.maxinteger",
}
gen.floats = {
  "0.0", "-0.0", "0.5", "1.0", "-1.0", "2.0", "1.5", "-2.5", "3.0", "1e15", "1e16", "2^53", "2^53+1", "-2^53",
  "2^63", "-2^63", "2^62", "1e308", "-1e308", "5e-324", "1/0", "-1/0", "0/0", "0.1", "1e100", "3.7", "-3.7",
  "9.2233720368547748e18", "0x1p-3", "0x.8p1", "127.0", "128.0", "32768.0", "math.huge", "math.pi",
}
gen.strings = {
  '""', '"a"', '"b"', '"abc"', '"10"', '"0x10"', '" 5 "', '"3.0"', '"1e2"', '"abc\\0def"', '"\\xff\\n"',
  '"hello world"', '"nan"', '"inf"', '"-7"', '"9223372036854775808"', '[[x\ny]]', '"\\u{20AC}"', "'q'", '"z"',
  '("x"):rep(41)', '"1_"', '"0x"', '"1e"', '"  "', '"0x1p4"', '"-0"', '"0x7fffffffffffffffff"',
}
local FIELDS = { "x", "y", "z", "a", "b", "n", "name", "len" }
local KEYS = { "1", "2", "3", "4", "-1", "0", "1.0", "2.5", "2^53", '"1"', '"x"', '"y"', "true", "false",
  "math.maxinteger", "1e300", '"len"', "5", "100", "nil", "0/0" }

local function new_context()
  return { vars = {}, depth = 3, budget = 60, risk = chance(70) and 2 or 60, loops = 0, vararg = false, names = 0 }
end

local function fresh(context, prefix)
  context.names = context.names + 1
  return (prefix or "v") .. context.names
end

local function variable(context, kind, writable)
  local found, wrong = {}, int(1000) <= context.risk
  for _, var in ipairs(context.vars) do
    if (not kind or var.kind == kind or wrong) and not (writable and var.fixed) then
      found[#found + 1] = var.name
    end
  end
  if #found > 0 and chance(96) then return pick(found) end
  if writable or wrong then return pick { "G1", "G2", "G3" } end
end

local expression, block, statement, function_body

local function number_literal()
  return chance(65) and pick(gen.integers) or pick(gen.floats)
end

local function arithmetic(context, depth)
  local one, other = expression(context, "num", depth - 1), expression(context, "num", depth - 1)
  if chance(25) then other = tostring(int(-3, 130)) end
  if chance(25) then one = variable(context, "num") or one end
  local operator = weighted { 5, "+", 5, "-", 4, "*", 3, "/", 3, "//", 3, "%", 1, "^",
    1, "&", 1, "|", 1, "~", 1, "<<", 1, ">>" }
  if context.risk < 10 then
    if operator == "//" or operator == "%" then
      other = pick { "3", "-3", "2.5", "-1", "1/0", "0.0", "0x7fffffffffffffff", "7", "16" }
    elseif operator:find "[&|~<>]" then
      one, other = "to_int(" .. one .. ")", chance(50) and tostring(int(-3, 70)) or "to_int(" .. other .. ")"
    end
  end
  return ("(%s %s %s)"):format(one, operator, other)
end

local function comparison(context, depth)
  local operator = pick { "==", "~=", "<", "<=", ">", ">=" }
  local kind = weighted { 6, "num", 2, "str", 1, "any" }
  if kind == "any" then operator = pick { "==", "~=" } end
  local other = expression(context, kind, depth - 1)
  if chance(30) and kind == "num" then other = pick { "0", "1", "-128", "127", "128", "2.0", "0.5", "-1" } end
  if chance(10) then other = pick { "nil", "true", "false", '"a"', "3" } end
  local one = expression(context, kind, depth - 1)
  if chance(20) then one, other = other, one end
  return ("(%s %s %s)"):format(one, operator, other)
end

local function prefix(context, kind)
  return variable(context, kind) or (context.risk > 10 and pick { "G1", "G2" } or "G2")
end

local function sure_key(context, text)
  return context.risk > 10 and text or "to_key(" .. text .. ")"
end

local function index(context, depth)
  local base = prefix(context, "tab")
  if chance(60) then return base .. "." .. pick(FIELDS) end
  return ("%s[%s]"):format(base, chance(50) and KEYS[int(#KEYS - (context.risk > 10 and 0 or 2))] or
    sure_key(context, expression(context, "any", depth - 1)))
end

local function arguments(context, depth)
  local list = {}
  for i = 1, int(0, 3) do list[i] = expression(context, "any", depth - 1) end
  if context.vararg and chance(15) then list[#list + 1] = "..." end
  if #list == 0 and context.risk < 10 then list[1] = "nil" end
  if chance(8) then
    return chance(50) and "{" .. table.concat(list, ",") .. "}" or pick { '"a"', "[[s]]" }
  end
  return "(" .. table.concat(list, ", ") .. ")"
end

local function call(context, depth)
  local callee = variable(context, "fun")
  if not callee and context.risk < 10 then callee = pick { "tostring", "type", "math.type", "cut" } end
  if not callee or int(1000) <= context.risk then
    local base = prefix(context, "tab")
    return base .. pick { ".", ":" } .. pick(FIELDS) .. arguments(context, depth)
  end
  if chance(15) then
    return "select(" .. pick { "'#'", "1", "2", "-1" } .. ", " .. callee .. arguments(context, depth) .. ")"
  end
  return callee .. arguments(context, depth)
end

local function table_constructor(context, depth)
  local parts = {}
  for i = 1, int(0, 5) do
    parts[i] = weighted {
      4, function() return pick(FIELDS) .. " = " .. expression(context, "any", depth - 1) end,
      4, function() return expression(context, "any", depth - 1) end,
      2, function() return "[" .. pick { "1", "2", "3", "'x'", "-1", "1.0", "2^53" } .. "] = " ..
        expression(context, "any", depth - 1) end,
    }()
  end
  if chance(20) then parts[#parts + 1] = call(context, depth) end
  if context.vararg and chance(20) then parts[#parts + 1] = chance(70) and "..." or "(...)" end
  return "{" .. table.concat(parts, pick { ", ", "; " }) .. (chance(10) and #parts > 0 and "," or "") .. "}"
end

local function closure(context, depth)
  return "function" .. function_body(context, depth)
end

local makers = {
  num = function(context, depth)
    if depth <= 0 then return chance(55) and variable(context, "num") or number_literal() end
    return weighted {
      10, function() return arithmetic(context, depth) end,
      4, function() return variable(context, "num") or number_literal() end,
      2, function() return context.risk > 10 and pick { "-", "~", "- -", "-(" } or "-" end,
      1, function() return "#" .. expression(context, "str", depth - 1) end,
      2, function() return "to_num(" .. call(context, depth) .. ")" end,
      1, function() return "to_num(" .. index(context, depth) .. ")" end,
      1, function() return context.risk > 10 and index(context, depth) or "#" .. (variable(context, "tab") or "'abc'") end,
      1, function() return ("(%s and %s or %s)"):format(expression(context, "bool", depth - 1),
        expression(context, "num", depth - 1), expression(context, "num", depth - 1)) end,
    }()
  end,
  str = function(context, depth)
    if depth <= 0 then return chance(50) and variable(context, "str") or pick(gen.strings) end
    return weighted {
      4, function() return "cut(" .. expression(context, "str", depth - 1) .. " .. " ..
        expression(context, chance(70) and "str" or "num", depth - 1) ..
        (chance(30) and " .. " .. expression(context, "str", depth - 1) or "") .. ")" end,
      2, function() return variable(context, "str") or pick(gen.strings) end,
      1, function() return "(" .. (variable(context, "str") or pick(gen.strings)) .. "):" ..
        pick { "upper()", "sub(2)", "rep(2)", "sub(-2, -1)", "reverse()", "lower()", "len()" } end,
      1, function() return "tostring(" .. expression(context, "num", depth - 1) .. ")" end,
    }()
  end,
  bool = function(context, depth)
    if depth <= 0 then return pick { "true", "false", "nil", variable(context) or "nil" } end
    return weighted {
      6, function() return comparison(context, depth) end,
      2, function() return "not " .. expression(context, "any", depth - 1) end,
      2, function() return ("(%s %s %s)"):format(expression(context, "bool", depth - 1), pick { "and", "or" },
        expression(context, chance(70) and "bool" or "any", depth - 1)) end,
      1, function() return variable(context) or "nil" end,
    }()
  end,
  tab = function(context, depth)
    if depth <= 0 or chance(30) then return variable(context, "tab") or "{}" end
    return weighted {
      6, function() return table_constructor(context, depth) end,
      1, function() return ("setmetatable(%s, {__index = %s})"):format(table_constructor(context, depth - 1),
        expression(context, chance(80) and "tab" or "fun", depth - 1)) end,
    }()
  end,
  fun = function(context, depth)
    if depth <= 0 or chance(40) then
      return variable(context, "fun") or pick { "tostring", "type", "select", "math.type", "rawlen" }
    end
    return closure(context, depth)
  end,
}

function expression(context, kind, depth)
  context.budget = context.budget - 1
  if context.budget < -200 then depth = 0 end
  if kind == "any" or int(1000) <= context.risk then kind = pick { "num", "num", "num", "str", "bool", "tab", "fun" } end
  local text = makers[kind](context, depth)
  if text == "-(" or text == "-" or text == "~" or text == "- -" then
    text = text:gsub("%(", "") .. (chance(50) and "(" .. expression(context, "num", depth - 1) .. ")" or
      (variable(context, "num") or "1"))
  end
  return text
end

-- ---- statements ----

local function with_scope(context, make)
  local count, outer = #context.vars, context.depth
  context.depth = outer - 1
  local text = make()
  context.depth = outer
  for i = #context.vars, count + 1, -1 do context.vars[i] = nil end
  return text
end

function block(context, count)
  return with_scope(context, function()
    local lines = {}
    for _ = 1, count or int(1, 4) do lines[#lines + 1] = statement(context) end
    return table.concat(lines, "\n")
  end)
end

function function_body(context, depth)
  local loops, vararg, inner_depth = context.loops, context.vararg, context.depth
  context.loops, context.vararg = 0, chance(35)
  local text = with_scope(context, function()
    local names, checks = {}, {}
    for i = 1, int(0, 3) do
      names[i] = fresh(context, "p")
      local kind = pick { "num", "num", "str", "tab", "fun" }
      if context.risk < 10 then
        checks[#checks + 1] = ("if %stype(%s) ~= %q then %s = %s end"):format(kind == "num" and "math." or "", names[i],
          ({ num = "integer", str = "string", tab = "table", fun = "function" })[kind], names[i],
          ({ num = number_literal(), str = "'p'", tab = "{1, x = 2}", fun = "type" })[kind])
      end
      table.insert(context.vars, { name = names[i], kind = kind })
    end
    if context.vararg then names[#names + 1] = "..." end
    if context.vararg and chance(50) then context.vars[#context.vars + 1] = { name = "(... or 1)", kind = "any", fixed = true } end
    local lines = { "(" .. table.concat(names, ", ") .. ") tick(5) " .. table.concat(checks, " ") }
    for _ = 1, int(0, context.depth > 0 and 3 or 1) do lines[#lines + 1] = statement(context) end
    if chance(80) then
      local results = {}
      for i = 1, int(0, 3) do results[i] = expression(context, "any", math.min(depth, 2) - 1) end
      if chance(30) then results = { call(context, 1) } end
      if context.vararg and chance(20) then results[#results + 1] = "..." end
      lines[#lines + 1] = "return " .. table.concat(results, ", ")
    end
    lines[#lines + 1] = "end"
    return table.concat(lines, "\n")
  end)
  context.loops, context.vararg, context.depth = loops, vararg, inner_depth
  return text
end

local function declare(context, kind, fixed)
  local name = fresh(context)
  if chance(8) and #context.vars > 0 then name = context.vars[#context.vars].name end -- shadowing
  if not name:find "^%a" then name = fresh(context) end
  return name, function() context.vars[#context.vars + 1] = { name = name, kind = kind, fixed = fixed } end
end

local function target(context)
  if chance(60) then
    local kind = pick { "num", "num", "str", "tab", "fun" }
    local name = variable(context, kind, true)
    if name == "G2" then kind = "tab" end
    return name, kind
  end
  return index(context, 1)
end

local statements = {}

function statements.locals(context)
  local kind = pick { "num", "num", "str", "tab", "fun", "bool" }
  local name, commit = declare(context, kind)
  local text
  if chance(20) then
    local other, commit_other = declare(context, "num")
    text = ("local %s, %s = %s, %s"):format(name, other, expression(context, kind, 2),
      chance(50) and "to_num(" .. call(context, 1) .. ")" or expression(context, "num", 2))
    commit_other()
  elseif chance(15) then
    text = ("local %s <const> = %s"):format(name, expression(context, kind, 2))
    context.vars[#context.vars + 1] = { name = name, kind = kind, fixed = true }
    return text
  elseif chance(8) then
    text = ("local %s <close> = setmetatable({}, {__close = function(_, e) out('close', e) end})"):format(name)
    context.vars[#context.vars + 1] = { name = name, kind = "tab", fixed = true }
    return text
  elseif chance(10) then
    text = "local " .. name
  elseif kind == "fun" and chance(60) then
    commit()
    return "local function " .. name .. function_body(context, 2)
  else
    text = "local " .. name .. " = " .. expression(context, kind, 3)
  end
  commit()
  return text
end

function statements.assign(context)
  local count = weighted { 6, 1, 2, 2, 1, 3 }
  local targets, values = {}, {}
  for i = 1, count do
    local kind
    targets[i], kind = target(context)
    values[i] = expression(context, kind or "any", 2)
  end
  if int(1000) <= context.risk * 3 then values[#values] = call(context, 1) end
  if int(1000) <= context.risk * 3 then values[#values] = nil end
  if #values == 0 then values[1] = "nil" end
  return table.concat(targets, ", ") .. " = " .. table.concat(values, ", ")
end

function statements.update(context)
  local name = variable(context, "num", true)
  if context.risk < 10 then
    return ("%s = to_num(%s) + %s"):format(name, name, expression(context, "num", 1))
  end
  return ("%s = %s %s %s"):format(name, name, pick { "+", "-", "*", "//", "%" }, expression(context, "num", 1))
end

function statements.show(context)
  local list = {}
  for i = 1, int(1, 3) do list[i] = expression(context, "any", 2) end
  return "out(" .. table.concat(list, ", ") .. ")"
end

function statements.call(context) return call(context, 2) end

function statements.branch(context)
  local lines = { "if " .. expression(context, "bool", 2) .. " then", block(context) }
  while chance(30) do
    lines[#lines + 1] = "elseif " .. expression(context, "bool", 2) .. " then"
    lines[#lines + 1] = block(context)
  end
  if chance(50) then
    lines[#lines + 1] = "else"
    lines[#lines + 1] = block(context)
  end
  lines[#lines + 1] = "end"
  return table.concat(lines, "\n")
end

local function loop_body(context, extra)
  context.loops = context.loops + 1
  local text = with_scope(context, function()
    for _, var in ipairs(extra or {}) do context.vars[#context.vars + 1] = var end
    local lines, label = { "tick()" }, chance(25) and fresh(context, "L")
    if label then
      lines[#lines + 1] = "do"
      lines[#lines + 1] = ("if %s then goto %s end"):format(expression(context, "bool", 1), label)
    end
    lines[#lines + 1] = block(context)
    if label then
      lines[#lines + 1] = "end"
      if chance(30) then lines[#lines + 1] = "out('not skipped')" end
      lines[#lines + 1] = "::" .. label .. "::"
    end
    return table.concat(lines, "\n")
  end)
  context.loops = context.loops - 1
  return text
end

function statements.numeric(context)
  local name = fresh(context, "i")
  local head
  if chance(70) then
    head = ("%d, %d%s"):format(int(-2, 3), int(0, 5), chance(30) and ", " .. pick { "1", "2", "-1", "3" } or "")
  else
    local start = chance(50) and number_literal() or expression(context, "num", 1)
    head = start .. ", " .. (chance(50) and start .. pick { " + ", " - " } .. int(0, 4) or number_literal():gsub("^0/0$", "1/0"))
    if chance(60) then head = head .. ", " .. pick { "1", "1.0", "-1", "0.5", "math.maxinteger", "math.mininteger", "2^62", "0", "'1'" } end
  end
  return ("for %s = %s do tick(20)\n%s\nend"):format(name, head, loop_body(context, { { name = name, kind = "num" } }))
end

function statements.generic(context)
  local key, value = fresh(context, "k"), fresh(context, "w")
  local source = weighted {
    4, "ipairs(" .. expression(context, "tab", 2) .. ")",
    2, "next, {" .. expression(context, "any", 1) .. "}",
    1, "(" .. expression(context, "str", 1) .. "):gmatch '(.)(.?)'",
    1, closure(context, 1),
    1, ("coroutine.wrap(function() for i = 1, %d do coroutine.yield(i, %s) end end)"):format(int(0, 4),
      expression(context, "any", 1)),
  }
  return ("for %s, %s in %s do tick(20)\n%s\nend"):format(key, value, source,
    loop_body(context, { { name = key, kind = "any" }, { name = value, kind = "any" } }))
end

function statements.whiles(context)
  local name = fresh(context, "c")
  return ("local %s = 0\nwhile %s < %d and %s do\n%s = %s + 1\n%s\nend"):format(name, name, int(1, 4),
    expression(context, "bool", 2), name, name, loop_body(context, { { name = name, kind = "num", fixed = true } }))
end

function statements.repeats(context)
  local name, inner = fresh(context, "c"), fresh(context, "r")
  local body = loop_body(context)
  if body:find("goto", 1, true) then body = "do\n" .. body .. "\nend" end
  return ("local %s = 0\nrepeat\n%s = %s + 1\nlocal %s = %s\nlocal function f() return %s end\n%s\nuntil %s > %d or f() == %s")
    :format(name, name, name, inner, name, inner, body, name, int(1, 3), int(1, 4))
end

-- Closures that share variables of loop rounds.
function statements.shared(context)
  local list = fresh(context, "fs")
  return ([[local %s = {}
for i = 1, 3 do
  local j, k = i, %s
  %s[#%s + 1] = function(d) j = j + (d or 1) i = i + 1 return i, j, k end
  %s[#%s + 1] = function() k = j return j, k, i end
  %s
end
for _, f in ipairs(%s) do out(f(), f(2)) end]]):format(list, expression(context, "num", 1), list, list, list, list,
    pick { "", "if i == 2 then goto continue end ::continue::", "if j == 2 then break end", "j = j * 2" }, list)
end

function statements.protected(context)
  local form = int(3)
  if form == 1 then return "out(pcall(function() tick()\n" .. block(context) .. "\nend))" end
  if form == 2 then
    return "out(pcall(" .. expression(context, "fun", 1) .. ", " .. expression(context, "any", 1) .. "))"
  end
  return "out(xpcall(function(...) tick()\n" .. block(context) .. "\nend, handlers[" .. int(5) .. "]))"
end

function statements.scope(context) return "do\n" .. block(context) .. "\nend" end

function statements.stop(context)
  if context.loops > 0 and chance(70) then return "if " .. expression(context, "bool", 1) .. " then break end" end
  return "if " .. expression(context, "bool", 1) .. " then return " .. expression(context, "any", 1) .. " end"
end

function statements.again(context)
  local label, name = fresh(context, "L"), fresh(context, "c")
  return ("do local %s = 0\n::%s::\n%s = %s + 1\ntick()\n%s\nif %s < %d then goto %s end end"):format(name, label,
    name, name, "do " .. block(context, 2) .. " end", name, int(1, 3), label)
end

function statements.collect() return pick { "collectgarbage()", "collectgarbage('step')" } end

local SIMPLE = { 3, "locals", 5, "assign", 2, "update", 5, "show", 2, "call", 1, "stop" }
local NESTED = { 5, "locals", 4, "assign", 2, "update", 4, "show", 2, "call", 4, "branch", 3, "numeric",
  2, "generic", 2, "whiles", 1, "repeats", 1, "shared", 3, "protected", 1, "scope", 1, "stop", 1, "again" }

function statement(context)
  context.budget = context.budget - 1
  if chance(1) then return statements.collect() end
  local simple = context.depth <= 0 or context.budget < 0
  return statements[weighted(simple and SIMPLE or NESTED)](context)
end

local function program(budget)
  local context = new_context()
  context.budget = budget
  local lines = {}
  for _ = 1, int(4, 10) do lines[#lines + 1] = statement(context) end
  local names = {}
  for _, var in ipairs(context.vars) do names[#names + 1] = var.name end
  lines[#lines + 1] = "out(" .. table.concat(names, ", ", 1, math.min(#names, 20)) .. ")"
  return table.concat(lines, "\n")
end
gen.program = program

gen.topic("core", 12, function()
  local globals = "G1, G2, G3 = 1, {x = 2, y = {1, 2}}, nil\n"
  if chance(10) then globals = "local _ENV <const> = setmetatable({}, {__index = _ENV})\n" .. globals end
  for _ = 1, 20 do
    local text = globals .. "do\n" .. program(int(20, 120)) .. "\nend"
    if load(text) then return text end
  end
  return ""
end)

-- ---- syntax errors ----

local TOKENS = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while", "+", "-", "*", "/", "%", "^",
  "#", "&", "~", "|", "<<", ">>", "//", "==", "~=", "<=", ">=", "<", ">", "=", "(", ")", "{", "}", "[", "]", "::",
  ";", ":", ",", ".", "..", "...", "x", "f", "1", "'s'", "<const>", "<close>", "<bad>", "::l::", "goto l", "break",
  "@", "$", "'open", "[[open", "[==[", "--[[", "0x", "1e", "1..2", "3x", "'\\q'", "'\\400'", "'\\u{110000000}'",
  "'\\xg'", "\\", "!", "'\\z", "local x <const> = 1 x = 2", "return 1", "\n", "?", "\1", "\200", "::a:: ::a::" }

local function tokens_of(text)
  local list, at = {}, 1
  while at <= #text do
    local stop = select(2, text:find("^%s*[%a_][%w_]*", at)) or select(2, text:find("^%s*%d[%w.]*", at)) or
      select(2, text:find('^%s*"[^"\n]*"', at)) or select(2, text:find("^%s*[=~<>/.:]+", at)) or
      select(2, text:find("^%s*.", at)) or #text
    list[#list + 1] = text:sub(at, stop)
    at = stop + 1
  end
  return list
end

gen.topic("syntax", 3, function()
  local lines = {}
  for _ = 1, int(3, 8) do
    local list = tokens_of(program(int(5, 20)))
    for _ = 1, weighted { 6, 1, 2, 2, 1, 4 } do
      local at = int(#list)
      weighted {
        3, function() table.remove(list, at) end,
        4, function() table.insert(list, at, " " .. pick(TOKENS) .. " ") end,
        3, function() list[at] = " " .. pick(TOKENS) .. " " end,
        1, function() list[at] = list[int(#list)] or "" end,
        1, function() for i = #list, at, -1 do list[i] = nil end end,
      }()
      if #list == 0 then list[1] = "x" end
    end
    lines[#lines + 1] = ("do local f, e = load(%q, '=p') out(f and 'good', e) end"):format(table.concat(list))
  end
  return table.concat(lines, "\n")
end)
