-- Manual 3.4.4 and 3.4.5: relational and logical operators.
local check = dofile "tests/lua/check.lua"
local eq, run = check.eq, check.run
local max, min, inf, nan = math.maxinteger, math.mininteger, math.huge, 0/0

-- numbers compare by their exact value, whatever their subtype; each pair in every form the
-- compiler may use: as a value, as a condition, negated, with constants on either side
local function less(left, right, want)        -- want: -1 less, 0 equal, 1 greater, nil unordered
  local want_of = {["<"] = want == -1, ["<="] = want == -1 or want == 0, [">"] = want == 1, [">="] = want == 1 or want == 0,
    ["=="] = want == 0, ["~="] = want ~= 0}
  for operator, expected in pairs(want_of) do
    local name = left .. " " .. operator .. " " .. right
    eq(run("return " .. left .. operator .. right), expected, name)
    eq(run("local a, b = " .. left .. "," .. right .. " return a" .. operator .. "b"), expected, name)
    eq(run("local a, b = " .. left .. "," .. right .. " if a" .. operator .. "b then return true else return false end"), expected, name)
    eq(run("local a, b = " .. left .. "," .. right .. " if not (a" .. operator .. "b) then return false else return true end"), expected, name)
    eq(run("local a = " .. left .. " if a" .. operator .. right .. " then return true end return false"), expected, name)
    eq(run("local b = " .. right .. " if " .. left .. operator .. "b then return true end return false"), expected, name)
    eq(run("local a = " .. left .. " while not (a" .. operator .. right .. ") do return false end return true"), expected, name)
  end
end
less("1", "2", -1); less("2", "1", 1); less("1", "1", 0); less("1", "1.0", 0); less("1", "1.5", -1); less("1.5", "1", 1); less("-1", "1", -1)
less("0.0", "-0.0", 0); less("0", "-0.0", 0); less("127", "128", -1); less("-128", "-129", 1); less("1e300", "1e301", -1); less("100000", "99999", 1)
less("math.maxinteger", "math.mininteger", 1); less("math.maxinteger", "2^63", -1); less("math.maxinteger", "2^63 - 1024", 1)
less("math.mininteger", "-2^63", 0); less("math.mininteger", "-2^63 - 2048", 1); less("2^53", "2^53|0", 0); less("2^53", "(2^53|0)+1", -1)
less("(2^53|0)+1", "2^53", 1); less("2^53 + 2", "(2^53|0)+1", 1); less("math.maxinteger", "math.huge", -1); less("math.mininteger", "-math.huge", 1)
less("9007199254740993", "9007199254740992.0", 1); less("-9007199254740993", "-9007199254740992.0", -1); less("1", "math.huge", -1)
less("math.huge", "math.huge", 0); less("0/0", "0/0", nil); less("0/0", "1", nil); less("1", "0/0", nil); less("0/0", "math.maxinteger", nil); less("math.huge", "0/0", nil)
less("5", "5", 0); less("5.0", "5", 0); less("-5", "-5.5", 1)
-- strings, byte by byte in the C locale, zeros included
less("'a'", "'b'", -1); less("'a'", "'a'", 0); less("''", "'a'", -1); less("'a'", "'ab'", -1); less("'Z'", "'a'", -1); less("'a\\0b'", "'a\\0c'", -1)
less("'a\\0'", "'a'", 1); less("'\\0'", "''", 1); less("'a\\0b'", "'a'", 1); less("'\\255'", "'a'", 1); less("'10'", "'9'", -1); less("'a'", "'A'", 1)
less("('x'):rep(100)", "('x'):rep(99)..'y'", -1); less("('x'):rep(100)", "('x'):rep(100)", 0)

-- no coercion in comparisons
eq("0" == 0, false); eq("1" == 1, false); eq(1 == "1", false); eq(nil == false, false); eq(0 == false, false); eq("" == false, false)
eq(run "local a = '1' return a == 1", false); eq(run "local a = 1 return a == '1'", false); eq(run "local a return a == nil", true)
eq(run "local a = false return a == nil", false); eq(run "local a = false return a == false", true); eq(run "local a = 1 if a == nil then return 1 end return 2", 2)
for _, pair in ipairs {{"1", "'1'", "number with string"}, {"'1'", "1", "string with number"}, {"nil", "1", "nil with number"},
    {"{}", "1", "table with number"}, {"{}", "{}", "two table values"}, {"nil", "nil", "two nil values"}, {"true", "false", "two boolean values"},
    {"print", "1.5", "function with number"}, {"print", "print", "two function values"}, {"'x'", "{}", "string with table"}} do
  local left, right, text = pair[1], pair[2], pair[3]
  check.raises("c:1: attempt to compare " .. text, "return " .. left .. " < " .. right)
  check.raises("c:1: attempt to compare " .. text, "return " .. left .. " <= " .. right)
  check.raises("c:1: attempt to compare " .. text, "local a, b = " .. left .. ", " .. right .. " if a < b then end")
  local back = text:match "^two" and text or text:gsub("(%a+) with (%a+)", "%2 with %1")
  check.raises("c:1: attempt to compare " .. back, "return " .. left .. " > " .. right)
  check.raises("c:1: attempt to compare " .. back, "local a, b = " .. left .. ", " .. right .. " return a >= b")
end

-- and, or, not: values and short cuts
local function never() error "evaluated" end
eq(nil and never(), nil); eq(false and never(), false); eq(1 or never(), 1); eq("" or never(), "")
eq(nil or "a", "a"); eq(false or nil, nil); eq(nil or false, false); eq(1 and 2, 2); eq(1 and nil, nil); eq(10 or 20, 10)
eq(10 or error(), 10); eq(nil and 10, nil); eq(false or 10, 10); eq(nil == nil and "yes" or "no", "yes")
eq(1 and 2 or 3, 2); eq(nil and 2 or 3, 3); eq(1 and nil or 3, 3); eq((nil or 1) and (2 or 3), 2); eq(1 and (nil or 3), 3); eq(false == (nil and 1), false)
eq(not 1 == 2, false); eq(not (1 == 2), true); eq(not nil and 1, 1); eq(not (nil and 1), true); eq(not not nil, false)
local function multiple() return 1, 2 end
eq(select("#", multiple() or 1), 1); eq(select("#", (nil or multiple())), 1); eq(select("#", nil or multiple()), 1)

-- every combination of three operands under every shape, computed and as a condition
local names = {"nil", "false", "true", "0", "''"}
local value_of = {["nil"] = function() return nil end, ["false"] = function() return false end, ["true"] = function() return true end,
  ["0"] = function() return 0 end, ["''"] = function() return "" end}
local shapes = {
  {"%s and %s or %s", function(a, b, c) local r = a; if r then r = b end; if not r then r = c end; return r end},
  {"%s or %s and %s", function(a, b, c) if a then return a end if not b then return b end return c end},
  {"%s and (%s or %s)", function(a, b, c) if not a then return a end if b then return b end return c end},
  {"(%s or %s) and %s", function(a, b, c) local r = a; if not r then r = b end; if not r then return r end return c end},
  {"not (%s and %s) or %s", function(a, b, c) local r = a; if r then r = b end; if r then return c end return true end},
  {"not %s and not %s and %s", function(a, b, c) if a then return false end if b then return false end return c end},
}
local step = check.small and 2 or 1
for _, shape in ipairs(shapes) do
  for i = 1, #names do for j = 1, #names, step do for k = 1, #names, step do
    local want = shape[2](value_of[names[i]](), value_of[names[j]](), value_of[names[k]]())
    local folded = shape[1]:format(names[i], names[j], names[k])
    local loaded = shape[1]:format("a", "b", "c")
    local code = "local a, b, c = " .. names[i] .. "," .. names[j] .. "," .. names[k] .. "; "
    eq(run("return " .. folded), want, folded)
    eq(run(code .. "return " .. loaded), want, folded)
    eq(run(code .. "local r = " .. loaded .. " return r"), want, folded)
    eq(run(code .. "if " .. loaded .. " then return 1 else return 2 end"), want and 1 or 2, folded)
    eq(run(code .. "local n = 0 while " .. loaded .. " do n = 1 break end return n"), want and 1 or 0, folded)
    eq(run(code .. "local n = 0 repeat n = n + 1 until n == 2 or (" .. loaded .. ") return n"), want and 1 or 2, folded)
  end end end
end
-- comparisons inside logical operators
for x = 1, 3 do
  eq(run("local x = ... return x > 1 and x < 3", x), x == 2); eq(run("local x = ... return x < 2 or x > 2", x), x ~= 2)
  eq(run("local x = ... return not (x == 2)", x), x ~= 2); eq(run("local x = ... return (x == 1 and 'a') or (x == 2 and 'b') or 'c'", x), ("abc"):sub(x, x))
  eq(run("local x = ... if x == 1 or x == 3 and x ~= 2 then return 'y' end return 'n'", x), x == 2 and "n" or "y")
end
