-- Which of several errors is reported, and how deep and how long programs may be.
local check = dofile "tests/lua/check.lua"

-- the first one in the source, whatever kind it is of
for _, case in ipairs {
  {"local x <const> = 1; x = 2; )", "c:1: attempt to assign to const variable 'x'"},
  {"local x <const> = 1; x )", "c:1: syntax error near ')'"},
  {"goto a )", "c:1: unexpected symbol near ')'"},
  {"function f() goto a end )", "c:1: no visible label 'a' for <goto> at line 1"},
  {"x = ) 3x", "c:1: unexpected symbol near ')'"},
  {"x = {a 3x}", "c:1: malformed number near '3x'"},
  {"::a:: ::a:: )", "c:1: label 'a' already defined on line 1"},
  {"break goto a", "c:1: break outside loop at line 1"},
  {"goto a break", "c:1: no visible label 'a' for <goto> at line 1"},
  {"local x <foo> = ... )", "c:1: unknown attribute 'foo'"},
  {"x = \0", "c:1: unexpected symbol"},
  {"x = 1 'a\0b'", "c:1: unexpected symbol near ''a'"},
} do check.syntax(case[2], case[1]) end

-- nesting: 190 levels are fine, 200 are not, and neither are far too many
local deep = check.size(100000, 5000)
for _, case in ipairs {
  {"return ", "(", "1", ")"}, {"return ", "{", "", "}"}, {"return ", "- ", "a", ""},
  {"return ", "not ", "a", ""}, {"return ", "a..", "a", ""}, {"return ", "a^", "a", ""},
  {"return ", "a[", "a", "]"}, {"", "do ", "", "end "}, {"", "while a do ", "", "end "},
  {"", "repeat ", "", "until a "}, {"", "if a then ", "", "end "}, {"", "function f() ", "", "end "},
} do
  local head, open, middle, close = table.unpack(case)
  for _, times in ipairs {190, 200, deep} do
    local f, message = load(head .. open:rep(times) .. middle .. close:rep(times))
    if times == 190 then assert(f, message)
    else assert(not f and message:find "overflow", message) end
  end
  local _, message = load(head .. open:rep(500))
  assert(message:find "overflow", message)
end

-- what does not nest has no limit
local long = check.size(100000, 3000)
for _, case in ipairs {
  {"local a = 1; return a", "+a", "", long + 1}, {"return #{", "1,", "}", long},
  {"local a = {} a.b = a return a", ".b", " and 1", 1}, {"local n = 0 ", "n = n + 1 ", "return n", long},
  {"local a = 7 if a == 1 then ", "elseif a == 2 then ", "end return a", 7},
  {"local function f() return f end f", "()", " return 1", nil},
} do
  if case[4] then
    check.eq(assert(load(case[1] .. case[2]:rep(long) .. case[3]))(), case[4])
  end
end

-- variables of a function and of the functions around it
local function locals(n) return ("local x\n"):rep(n) end
assert(load(locals(200)))
check.syntax("c:202: too many local variables (limit is 200) in main function near <eof>", locals(201))
check.syntax("c:203: too many local variables (limit is 200) in function at line 1 near 'end'",
  "function f()\n" .. locals(201) .. "end")
assert(load(locals(196) .. "for i = 1, 2 do end"))
check.syntax("c:198: too many local variables (limit is 200) in main function near '='",
  locals(197) .. "for i = 1, 2 do end")
local function upvalues(n)
  local names, lines = {}, {}
  for i = 1, n do names[i] = "v" .. i end
  for i = 1, 150 do lines[#lines + 1] = "local v" .. i end
  lines[#lines + 1] = "function f()"
  for i = 151, n do lines[#lines + 1] = "local v" .. i end
  return table.concat(lines, "\n") .. "\nreturn function() return function(g) "
    .. "if g then g = " .. table.concat(names, "\ng = ") .. "\nend end end end"
end
assert(load(upvalues(255), "=c"))
check.syntax("c:514: too many upvalues (limit is 255) in function at line 258 near 'end'", upvalues(256))
