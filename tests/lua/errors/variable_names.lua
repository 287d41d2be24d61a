-- Messages of run-time errors name the variable that was wrong and say what kind of variable it is.
-- Each line: a chunk, and the message it must give (after "c:1: ").
local check = dofile "tests/lua/check.lua"

local cases = {
  -- indexing
  {"return ('x').m.y", "attempt to index a nil value (field 'm')"},
  {"return ('x'):m().y", "attempt to call a nil value (method 'm')"},
  {"return (nil).x", "attempt to index a nil value"},
  {"return (1).x", "attempt to index a number value"},
  {"return (function() end)().x", "attempt to index a nil value"},
  {"local a={} ; local b = a.x; return b.y", "attempt to index a nil value (local 'b')"},
  {"return math.foo.x", "attempt to index a nil value (field 'foo')"},
  {"return a.b.c.d", "attempt to index a nil value (global 'a')"},
  {"local t = {} ; t[1].x = 5", "attempt to index a nil value (field 'integer index')"},
  {"local t={} t.x[1]=1", "attempt to index a nil value (field 'x')"},
  {"local i=1 local t={} return t[i].x", "attempt to index a nil value (field '?')"},
  {"local t={} for i=1,2 do t[i].x=1 end", "attempt to index a nil value (field '?')"},
  {"return (x or y).z", "attempt to index a nil value"},
  {"local x return (x).z", "attempt to index a nil value (local 'x')"},
  {"local x return (x or nil).z", "attempt to index a nil value"},
  {"return _G.foo.bar", "attempt to index a nil value (field 'foo')"},
  {"return _ENV.foo.bar", "attempt to index a nil value (global 'foo')"},
  {"local _ENV={} return foo.bar", "attempt to index a nil value (global 'foo')"},
  -- call
  {"x()", "attempt to call a nil value (global 'x')"},
  {"local x x()", "attempt to call a nil value (local 'x')"},
  {"local t={} t.x()", "attempt to call a nil value (field 'x')"},
  {"local t={} t.x.y()", "attempt to index a nil value (field 'x')"},
  {"local t={} t:x()", "attempt to call a nil value (method 'x')"},
  {"local x return (function() x() end)()", "attempt to call a nil value (upvalue 'x')"},
  {"(1)()", "attempt to call a number value"},
  {"(nil)()", "attempt to call a nil value"},
  {"({})()", "attempt to call a table value"},
  {"return x()", "attempt to call a nil value (global 'x')"},
  {"local t={} return t.x()", "attempt to call a nil value (field 'x')"},
  {"local t={} return t:x()", "attempt to call a nil value (method 'x')"},
  {"local t={1} t[1]()", "attempt to call a number value (field 'integer index')"},
  {"local t={} t[2.5]()", "attempt to call a nil value (field '?')"},
  {"local k='z' local t={} t[k]()", "attempt to call a nil value (field '?')"},
  {"(function() end)()()", "attempt to call a nil value"},
  {"local a = {} ; a.b.c()", "attempt to index a nil value (field 'b')"},
  {"string.foo()", "attempt to call a nil value (field 'foo')"},
  {"('x'):foo()", "attempt to call a nil value (method 'foo')"},
  {"local s='x' return s:foo()", "attempt to call a nil value (method 'foo')"},
  {"local x = 5; for i=1,1 do x() end", "attempt to call a number value (local 'x')"},
  {"print(x())", "attempt to call a nil value (global 'x')"},
  {"local f = 1; f{1}", "attempt to call a number value (local 'f')"},
  {"local f='s' f's'", "attempt to call a string value (local 'f')"},
  {"for i in 1 do end", "attempt to call a number value (for iterator 'for iterator')"},
  {"for i,v in x do end", "attempt to call a nil value (for iterator 'for iterator')"},
  {"for k,v in ipairs() do end", "bad argument #1 to 'ipairs' (value expected)"},
  {"local t = setmetatable({},{__index=function(t,k) return nil end}) t.foo()", "attempt to call a nil value (field 'foo')"},
  {"local t = setmetatable({},{__add=function(a,b) return b.x.y end}) return t + {}", "attempt to index a nil value (field 'x')"},
  {"local t = setmetatable({},{__add=1}) return t+1", "attempt to call a number value (metamethod 'add')"},
  {"local t = setmetatable({},{__newindex=1}) t.x=1", "attempt to index a number value"},
  {"local t = setmetatable({},{__newindex=1}) t[1]=1", "attempt to index a number value"},
  {"local t = setmetatable({},{__index=1}) return t.x", "attempt to index a number value"},
  {"local t = setmetatable({},{__index=1}) return t[1]", "attempt to index a number value"},
  {"local t = setmetatable({},{__lt=1}) return t<t", "attempt to call a number value (metamethod 'lt')"},
  {"local t = setmetatable({},{__concat=1}) return t..'x'", "attempt to call a number value (metamethod 'concat')"},
  {"local t = setmetatable({},{__len=1}) return #t", "attempt to call a number value (metamethod 'len')"},
  {"local t = setmetatable({},{__unm=1}) return -t", "attempt to call a number value (metamethod 'unm')"},
  {"local t = setmetatable({},{__eq=1}) return t=={}", "attempt to call a number value (metamethod 'eq')"},
  {"local t = setmetatable({}, {__tostring=1}) tostring(t)", "attempt to call a number value"},
  {"local t = setmetatable({}, {__pairs=1}) pairs(t)", "attempt to call a number value"},
  -- arith
  {"return x+1", "attempt to perform arithmetic on a nil value (global 'x')"},
  {"return 1+x", "attempt to perform arithmetic on a nil value (global 'x')"},
  {"local x return x+1", "attempt to perform arithmetic on a nil value (local 'x')"},
  {"local x return 1-x", "attempt to perform arithmetic on a nil value (local 'x')"},
  {"local t={} return t.x*2", "attempt to perform arithmetic on a nil value (field 'x')"},
  {"local t={} return 2*t.x", "attempt to perform arithmetic on a nil value (field 'x')"},
  {"local x=true return -x", "attempt to perform arithmetic on a boolean value (local 'x')"},
  {"local t={} return t+t", "attempt to perform arithmetic on a table value (local 't')"},
  {"return {}+1", "attempt to perform arithmetic on a table value"},
  {"return 1+{}", "attempt to perform arithmetic on a table value"},
  {"return nil+1", "attempt to perform arithmetic on a nil value"},
  {"return print+1", "attempt to perform arithmetic on a function value (global 'print')"},
  {"return 1+print", "attempt to perform arithmetic on a function value (global 'print')"},
  {"local x return (function() return x+1 end)()", "attempt to perform arithmetic on a nil value (upvalue 'x')"},
  {"local a,b = 1,{} return a+b", "attempt to perform arithmetic on a table value (local 'b')"},
  {"local a,b={},1 return a//b", "attempt to perform arithmetic on a table value (local 'a')"},
  {"local t={} return t.x.y+1", "attempt to index a nil value (field 'x')"},
  {"local t={} return t[1]+1", "attempt to perform arithmetic on a nil value (field 'integer index')"},
  {"local t={} local k='a' return t[k]+1", "attempt to perform arithmetic on a nil value (field '?')"},
  {"return #x", "attempt to get length of a nil value (global 'x')"},
  {"local x=1 return #x", "attempt to get length of a number value (local 'x')"},
  {"local t={} return #t.x", "attempt to get length of a nil value (field 'x')"},
  {"return -x", "attempt to perform arithmetic on a nil value (global 'x')"},
  {"return ~x", "attempt to perform bitwise operation on a nil value (global 'x')"},
  {"return x..'a'", "attempt to concatenate a nil value (global 'x')"},
  {"return 'a'..x", "attempt to concatenate a nil value (global 'x')"},
  {"return 'a'..'b'..x", "attempt to concatenate a nil value (global 'x')"},
  {"return x..'a'..'b'", "attempt to concatenate a nil value (global 'x')"},
  {"local a,b='x',{} return a..b", "attempt to concatenate a table value (local 'b')"},
  {"local a,b={},'x' return a..b", "attempt to concatenate a table value (local 'a')"},
  {"return 1 ..nil", "attempt to concatenate a nil value"},
  {"return 'a'..true", "attempt to concatenate a boolean value"},
  {"local t={} return 'x'..t.y..'z'", "attempt to concatenate a nil value (field 'y')"},
  {"return 1&x", "attempt to perform bitwise operation on a nil value (global 'x')"},
  {"return x|1", "attempt to perform bitwise operation on a nil value (global 'x')"},
  {"local x={} return x<<1", "attempt to perform bitwise operation on a table value (local 'x')"},
  {"return 1.5&1", "number has no integer representation"},
  {"local x=1.5 return x~1", "number (local 'x') has no integer representation"},
  {"local t={x=1.5} return t.x>>1", "number (field 'x') has no integer representation"},
  {"return 2^63|1", "number has no integer representation"},
  {"return '1'|1.5", "attempt to perform bitwise operation on a string value (constant '1')"},
  {"return 'a'|{}", "attempt to perform bitwise operation on a string value (constant 'a')"},
  {"return x<1", "attempt to compare nil with number"},
  {"return 1<x", "attempt to compare number with nil"},
  {"local x,y return x<y", "attempt to compare two nil values"},
  {"local x,y={},nil return x<=y", "attempt to compare table with nil"},
  {"return 1<'2'", "attempt to compare number with string"},
  {"return {}>1", "attempt to compare number with table"},
  {"return 'a'+{}", "attempt to add a 'string' with a 'table'"},
  {"local x = 'a' return x..nil", "attempt to concatenate a nil value"},
  {"return (x)+1", "attempt to perform arithmetic on a nil value (global 'x')"},
  {"return (x or y)+1", "attempt to perform arithmetic on a nil value"},
  {"local x; x = x + 1", "attempt to perform arithmetic on a nil value (local 'x')"},
  {"local t={} t.x = t.x + 1", "attempt to perform arithmetic on a nil value (field 'x')"},
  {"local t={} t[1]=t[1]+1", "attempt to perform arithmetic on a nil value (field 'integer index')"},
  {"t = {} ; t.n = t.n .. 'x'", "attempt to concatenate a nil value (field 'n')"},
  {"local x <const> = nil; return x+1", "attempt to perform arithmetic on a nil value"},
  {"local x <const> = 'a'; return x+1", "attempt to add a 'string' with a 'number'"},
  {"local x <const> = {}; return x+1", "attempt to perform arithmetic on a table value (local 'x')"},
  {"return 10 // {} ", "attempt to perform arithmetic on a table value"},
  {"return 1 < nil", "attempt to compare number with nil"},
  {"local a = 1.5; return a | 2", "number (local 'a') has no integer representation"},
  {"return math.pi | 1", "number (field 'pi') has no integer representation"},
  {"return 1 | math.pi", "number (field 'pi') has no integer representation"},
  {"for i=1,x do end", "bad 'for' limit (number expected, got nil)"},
  {"for i=x,1 do end", "bad 'for' initial value (number expected, got nil)"},
  {"for i=1,2,x do end", "bad 'for' step (number expected, got nil)"},
  {"for i=1,{} do end", "bad 'for' limit (number expected, got table)"},
  {"for i=1.5,'a' do end", "bad 'for' limit (number expected, got string)"},
}
for _, case in ipairs(cases) do
  local code, want = case[1], case[2]
  local f = assert(load(code, "=c"))
  local ok, got = pcall(f)
  check.eq(ok, false, code)
  check.eq((got:gsub("^c:1: ", "")), want, code)
end

-- the line is that of the operation, also in expressions over several lines
local function line(want, code)
  local ok, message = pcall(assert(load(code, "=c")))
  check.eq(ok, false); check.eq(message:match "^c:(%d+):", tostring(want), code)
end
line(1, "x()"); line(2, "\nx()"); line(3, "local a = {}\nlocal b\nb.x = a"); line(2, "local x\nx = x + 1\nx = 5"); line(4, "local a = 1\n+\n2\n+{}")
line(3, "local t = {\n  1,\n  nil + 1,\n  2}"); line(1, "return 1 +\n  {}"); line(1, "return 1 +\n  {}"); line(2, "print(1,\n nil .. 'x')"); line(3, "for i = 1, 2 do\n  local a = i\n  a.b.c = 1\nend")
line(2, "local function f()\n error('e')\nend\nf()"); line(1, "local x = 'a' .. nil\n\n\n"); line(4, "if nil then\n\nelse\n x.y = 1\nend"); line(2, "repeat\nuntil x.y"); line(1, "while x.y do\nend")
line(3, "local a\nlocal t = {}\nt[a] = 1"); line(2, "a = 1 +\n2 +\nx"); line(2, "for k in\nnil do\nend"); line(1, "x(\n1,\n2)"); line(3, "x\n.\ny()"); line(2, "local s = 'x'\n;(s + {})()"); line(3, "return function()\nend,\nx.y"); line(2, "local x\nfor i = x, 2 do end")

-- what was changed by debug or lies in another function is named too
check.raises("c:1: attempt to call a nil value (field 'c')", "local a = {b = {}} a.b.c()")
check.raises("c:1: attempt to index a nil value (field 'z')", "x = {y = {}}; local ok = x.y.z.w", nil); x = nil
check.raises("c:1: attempt to call a nil value (method 'close')", "local o = {} return (o:close())")
check.raises("c:1: attempt to perform arithmetic on a nil value (field 'n')", "local o = {} ; function o:inc() self.n = self.n + 1 end o:inc()")
check.raises("c:1: attempt to perform arithmetic on a nil value (upvalue 'count')", "local count; local function inc() count = count + 1 end inc()")
check.raises("c:1: attempt to concatenate a nil value (local 'b')", "local function j(a, b) return a .. b end j('x')")
-- __name is the type's name in messages
local named = setmetatable({}, {__name = "Point"})
check.raises("c:1: attempt to perform arithmetic on a Point value (local 'p')", "local p = ... return p + 1", named)
check.raises("c:1: attempt to call a Point value (local 'p')", "local p = ... p()", named)
check.raises("c:1: attempt to compare two Point values", "local p = ... return p < p", named)
check.raises("c:1: attempt to compare Point with number", "local p = ... return p < 1", named)
check.raises("c:1: attempt to concatenate a Point value (local 'p')", "local p = ... return p .. 'x'", named)
check.raises("c:1: bad argument #1 to 'rep' (string expected, got Point)", "return string.rep(...)", named)
check.raises("c:1: attempt to compare two FILE* values", "return io.stdout < io.stderr")
