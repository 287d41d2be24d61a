-- Errors of comparisons are told of at the line where the right operand ends; those of arithmetic at the operator's.
local check = dofile "tests/lua/check.lua"
local function line(text) return select(2, pcall(load(text, "=x"))):match "^x:(%d+):" end
check.eq(line "local a = {}\nlocal b = a <\n1", "3")
check.eq(line "local a = {}\nif a\n<\n\n1\n then end", "5")
check.eq(line "local a = {}\nif not (a >= [[x\ny]])\n then end", "3")
check.eq(line "local a = {}\nif 1 > 2 or a <= (function()\n\n return 1 end)()\n then end", "4")
check.eq(line "local a = {}\nlocal b = a +\n1", "2")
