-- Deep nesting in source text is an error of the compiler, never a crash; moderate nesting works.
local check = dofile "tests/lua/check.lua"
local eq = check.eq
-- `make(n)` is a program nested n deep. It must compile for n = 20, and for every n either compile
-- or give a message.
local function try(what, make)
  local f, message = load(make(20), "=c")
  assert(f, what .. ": expected 20 levels to compile, got " .. tostring(message))
  for _, n in ipairs {50, 190, 220, 1000, 20000, 200000} do
    if check.small and n > 1000 then break end
    local f, message = load(make(n), "=c")
    if not f then
      assert(message:find "too many" or message:find "overflow" or message:find "too complex" or message:find "too large" or message:find "limit",
        ("%s at %d: expected a message about a limit, got %s"):format(what, n, message))
      assert(#message < 300, what .. ": the message is short")
    end
  end
end
local rep = string.rep
try("parentheses", function(n) return "return " .. rep("(", n) .. "1" .. rep(")", n) end)
try("tables", function(n) return "return " .. rep("{", n) .. rep("}", n) end)
try("functions", function(n) return rep("return function() ", n) .. rep(" end", n) end)
try("do", function(n) return rep("do ", n) .. rep(" end", n) end)
try("if", function(n) return rep("if x then ", n) .. rep(" end", n) end)
try("while", function(n) return rep("while x do ", n) .. rep(" end", n) end)
try("repeat", function(n) return rep("repeat ", n) .. rep(" until x", n) end)
try("for", function(n) return rep("for i = 1, 2 do ", math.min(n, 40)) .. rep(" end", math.min(n, 40)) end)
try("for to the limit", function(n) return rep("for i = 1, 2 do ", n) .. rep(" end", n) end)
try("for in", function(n) return rep("for k in x do ", n) .. rep(" end", n) end)
try("calls", function(n) return "return " .. rep("f(", n) .. rep(")", n) end)
try("index", function(n) return "return " .. rep("a[", n) .. "1" .. rep("]", n) end)
try("minus", function(n) return "return " .. rep("- ", n) .. "1" end)
try("not", function(n) return "return " .. rep("not ", n) .. "1" end)
try("length", function(n) return "return " .. rep("#", n) .. "x" end)
try("power", function(n) return "return " .. rep("2 ^ ", n) .. "1" end)
try("concatenation", function(n) return "return " .. rep("x .. ", n) .. "x" end)
try("assignment", function(n) return rep("a, ", n) .. "a = 1" end)
try("calls in statements", function(n) return "f" .. rep("(f", n) .. rep(")", n) end)
try("constructor keys", function(n) return "return " .. rep("{[", n) .. "1" .. rep("] = 1}", n) end)
try("function arguments", function(n) return "return " .. rep("f(function() return ", n) .. "1" .. rep(" end)", n) end)
try("comparison on the right", function(n) return "return " .. rep("1 < (", n) .. "2" .. rep(")", n) end)
try("elseif", function(n) return "if x then " .. rep("elseif x then ", n) .. " end" end)

-- what is only long, not deep, must work
local n = check.size(20000, 500)
eq(load("return " .. rep("1 + ", n) .. "1")(), n + 1)
eq(load("return " .. rep("1 - ", n) .. "1")(), 1 - n + 1 - 1)
eq(load("local a = 0 " .. rep("a = a + 1 ", n) .. "return a")(), n)
eq(load(rep("do end ", n) .. "return 1")(), 1)
eq(load(rep(";", n) .. "return 1")(), 1)
eq(load("local function f() return f end f = function() return f end return f" .. rep("()", n) .. " == f")(), true)
eq(load("local t = {} t.a = t return t" .. rep(".a", n) .. " == t")(), true)
eq(load("local t = {} t.a = t return t" .. rep("['a']", n) .. " == t")(), true)
eq(load("local t = {} function t:m() return self end return t" .. rep(":m()", n) .. " == t")(), true)
eq(load("local a = 1 return " .. rep("a and ", n) .. "2")(), 2)
eq(load("local a = false return " .. rep("a or ", n) .. "2")(), 2)
eq(load("return " .. rep("1 == ", 10) .. "1")(), false)
eq(load("local x = 5 if x == 0 then return 0 " .. rep("elseif x == 1 then return 1 ", check.size(2000, 100)) .. "else return 'end' end")(), "end")
eq(#load("return '" .. rep("a", n) .. "'")(), n)
eq(select("#", load("return " .. rep("1,", 200) .. "1")()), 201)
eq(#load("return {" .. rep("1,", n) .. "}")(), n)
