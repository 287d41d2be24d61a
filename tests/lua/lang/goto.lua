-- Manual 3.3.4, goto and labels.
local check = dofile "tests/lua/check.lua"
local eq = check.eq

do local i = 1 ::top:: if i < 5 then i = i + 1 goto top end eq(i, 5) end
do goto skip error() ::skip:: end
do goto last; local x = 1 ::last:: end             -- to a label at the end of the block, over a local
do goto last; local x = 1 ::last:: ; ; ::another:: ::more:: end
do -- continue
  local sum = 0
  for i = 1, 10 do
    if i % 2 == 0 then goto continue end
    local twice = i * 2
    sum = sum + twice
    ::continue::
  end
  eq(sum, 50)
  local i = 0
  while i < 5 do i = i + 1; if i == 2 then goto continue end sum = sum + 1 ::continue:: end
  eq(sum, 54)
  i = 0
  repeat i = i + 1; if i == 2 then goto continue end sum = sum + 1 ::continue:: until i == 5
  eq(sum, 58)
end
do -- out of nested loops
  local found
  for i = 1, 10 do for j = 1, 10 do while true do if i * j == 42 then found = i .. "x" .. j goto done end break end end end
  ::done::
  eq(found, "6x7")
end
do -- the same name in different functions and in blocks one after another
  do goto l ::l:: end do goto l ::l:: end
  local function f() goto l; ::l:: return "f" end
  eq(f(), "f")
  ::l::
end
do -- backwards out of a block makes fresh variables
  local fs = {}
  do
    local i = 1
    ::again::
    local v = i
    fs[i] = function() v = v + 1; return v end
    i = i + 1
    if i <= 3 then goto again end
  end
  eq(fs[1](), 2); eq(fs[1](), 3); eq(fs[2](), 3); eq(fs[3](), 4)
end
do -- a goto that leaves the scope of a captured variable closes it
  local kept = {}
  for round = 1, 2 do
    local k = 0
    ::again::
    do
      local captured = k
      kept[#kept + 1] = function() return captured end
      k = k + 1
      if k < 3 then goto again end
    end
  end
  eq(#kept, 6)
  for i = 1, 6 do eq(kept[i](), (i - 1) % 3) end
end
do -- jumps into a label before the end of an enclosing block
  local log = {}
  local i = 0
  ::a:: i = i + 1
  if i == 1 then goto b elseif i == 2 then goto c else goto d end
  ::c:: log[#log + 1] = "c" goto a
  ::b:: log[#log + 1] = "b" goto a
  ::d:: log[#log + 1] = "d"
  eq(table.concat(log), "bcd")
end
do -- a state machine
  local function accepts(text)
    local i = 0
    ::even:: i = i + 1
    if i > #text then return true elseif text:sub(i, i) == "1" then goto odd else goto even end
    ::odd:: i = i + 1
    if i > #text then return false elseif text:sub(i, i) == "1" then goto even else goto odd end
  end
  eq(accepts "", true); eq(accepts "1", false); eq(accepts "1010", true); eq(accepts "10110", false)
end
-- goto is a reserved word, break is a statement anywhere in a block
for _ = 1, 2 do if true then break end error() end
for _ = 1, 1 do break; end
eq(load "goto = 1", nil)
-- break inside a nested function's loop stays there
for i = 1, 2 do (function() for _ = 1, 3 do break end end)() if i == 2 then i = "end" end end

-- goto with to-be-closed variables
do
  local log = {}
  local function closer(n) return setmetatable({}, {__close = function() log[#log + 1] = n end}) end
  local i = 1
  ::again::
  do
    local x <close> = closer(i)
    i = i + 1
    if i <= 3 then goto again end
  end
  eq(table.concat(log, " "), "1 2 3")
  do goto out; ::out:: end
  for k = 1, 2 do local y <close> = closer("k" .. k) if k == 1 then goto next end log[#log + 1] = "body" ::next:: end
  eq(table.concat(log, " "), "1 2 3 k1 body k2")
end

-- what is refused
check.syntax("c:1: no visible label 'x' for <goto> at line 1", "goto x")
check.syntax("c:3: no visible label 'l' for <goto> at line 2", "do\ngoto l\nend do ::l:: end")
check.syntax("c:1: no visible label 'x' for <goto> at line 1", "goto x; do ::x:: end")
check.syntax("c:1: no visible label 'x' for <goto> at line 1", "::x:: local function f() goto x end")
check.syntax("c:2: label 'x' already defined on line 1", "::x:: print()\n::x::")
check.syntax("c:1: label 'x' already defined on line 1", "::x:: do ::x:: end")
check.syntax("c:1: <goto x> at line 1 jumps into the scope of local 'a'", "goto x; local a; ::x:: print(a)")
check.syntax("c:1: <goto x> at line 1 jumps into the scope of local 'a'", "do goto x end; local a = 1; ::x:: a = 2")
check.syntax("c:1: <goto x> at line 1 jumps into the scope of local 'b'", "repeat goto x; local b; ::x:: until b")
check.syntax("c:1: break outside loop at line 1", "break")
check.syntax("c:1: break outside loop at line 1", "do break end")
check.syntax("c:1: break outside loop at line 1", "for i = 1, 2 do local function f() break end end")
