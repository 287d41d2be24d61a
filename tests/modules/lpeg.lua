-- debian: lua-lpeg
-- A grammar with captures: arithmetic with precedence, evaluated by folding; and a substitution.
local lpeg = require "lpeg"
local P, R, S, V, C, Ct, Cs, Cf, Cg, Cc = lpeg.P, lpeg.R, lpeg.S, lpeg.V, lpeg.C, lpeg.Ct, lpeg.Cs, lpeg.Cf, lpeg.Cg, lpeg.Cc

local space = S " \t" ^ 0
local number = C(R "09" ^ 1) / tonumber * space
local function apply(left, operator, right)
    if operator == "+" then return left + right end
    if operator == "-" then return left - right end
    if operator == "*" then return left * right end
    return left // right
end
local grammar = P {
    "sum",
    sum = Cf(V "product" * Cg(C(S "+-") * space * V "product") ^ 0, apply),
    product = Cf(V "factor" * Cg(C(S "*/") * space * V "factor") ^ 0, apply),
    factor = number + P "(" * space * V "sum" * P ")" * space,
} * -1
assert(grammar:match "2 + 3*(4 - 1) - 10 / 4" == 9)
assert(grammar:match "2 +" == nil)

local upper = Cs((R "az" ^ 1 / string.upper + 1) ^ 0)
assert(upper:match "one 2 three" == "ONE 2 THREE")
local list = Ct(C((1 - P ",") ^ 0) * (P "," * C((1 - P ",") ^ 0)) ^ 0)
assert(table.concat(list:match "a,b,,c", "|") == "a|b||c")

-- Collections while patterns run captures that allocate.
local collecting = Cs((R "az" / function(c) collectgarbage "step" return c .. c end + 1) ^ 0)
assert(collecting:match(("ab-"):rep(200)) == ("aabb-"):rep(200))
assert(not pcall(lpeg.P, io.stdout))
assert(select(2, pcall(lpeg.match)):find "bad argument")
local re = require "re"
assert(re.find("key = 12", "[0-9]+") == 7)
