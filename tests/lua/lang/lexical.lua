-- Manual 3.1, lexical conventions.
local check = dofile "tests/lua/check.lua"
local eq, run = check.eq, check.run

-- names
local _, a1, A1, _a, a_1, VERSION, andy, END = 1, 2, 3, 4, 5, 6, 7, 8
eq(_, 1); eq(a1, 2); eq(A1, 3); eq(_a, 4); eq(a_1, 5); eq(VERSION, 6); eq(andy, 7); eq(END, 8)
local longname = ("n"):rep(1000)
eq(run("local " .. longname .. " = 7 return " .. longname), 7)
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch "%a+" do
  eq(load("local " .. word .. " = 1"), nil, word .. " is reserved")
  eq(load("return {" .. word .. " = 1}"), nil, word .. " is reserved")
  eq(({[word] = 1})[word], 1)
end

-- white space: blanks, all line ends, form feed, vertical tab
eq(run("return\t1\v+\f2 \r\n+ 3\n\r"), 6)
eq(run "return(1)", 1); eq(run "return--[[]]1", 1); eq(run "return'a'..'b'", "ab")
eq(run "local a=1;;;;return a", 1)
-- operators without blanks
eq(run "local a=3 return a-1", 2); eq(run "return 2^-1", 0.5); eq(run "return - - 1", 1)
eq(run "local a={b=1} return a.b..a.b", "11"); eq(run "return 1 ..2", "12"); eq(run "return 3//2", 1)
eq(run "return 1<<2>>1", 2); eq(run "return 5~3", 6); eq(run "return 5~=3", true); eq(run "return ~5", -6)
eq(run "return 1 ~~2", 1 ~ ~2); eq(run "return #'abc'", 3)

-- comments
eq(run "-- short\nreturn 1", 1); eq(run "--[[ long\n lines ]]return 2", 2); eq(run "--[==[ ]] ]=] ]==]return 3", 3)
eq(run "--[ not long\nreturn 4", 4); eq(run "--[=\nreturn 5", 5); eq(run "--[==  [[ \nreturn 6", 6)
eq(run "return 7 --", 7); eq(run "return 8 --[[]]", 8); eq(run "--[[\n]]--[[\n]]return 9", 9)
eq(run "---[[ a short one\nreturn 10", 10); eq(run "--[[--]]return 11", 11)
-- a first line with # is skipped by loadfile only, not by load
eq(load "#!/usr/bin/lua\nreturn 1", nil)

-- short strings
eq('\a\b\f\n\r\t\v\\\'\"', "\7\8\12\10\13\9\11\92\39\34")
eq("'", '\''); eq('"', "\""); eq('', ""); eq(#"\\n", 2)
eq("a\
b", "a\nb")
eq(run "return 'a\\\r\nb'", "a\nb"); eq(run "return 'a\\\rb'", "a\nb"); eq(run "return 'a\\\n\rb'", "a\nb")
-- \z skips all white space that follows, line ends too
eq("ab\z
    cd\z   ef", "abcdef")
eq("a\z", "a"); eq("a\z\z  b", "ab"); eq(run "return 'x\\z \t\v\f\r\n\n  y'", "xy")
-- \x, \ddd, \u{}
eq("\x41\x4a\x4A\x7f\x00\xff", "AJJ\127\0\255")
eq("\65\065\0065", "AA\0065"); eq("\0", string.char(0)); eq("\00\000", "\0\0"); eq("\255", string.char(255))
eq("\1234", "{4"); eq("\9a", "\ta"); eq("\049", "1")
eq("\u{41}", "A"); eq("\u{0}", "\0"); eq("\u{7F}", "\x7F"); eq("\u{80}", "\xC2\x80"); eq("\u{7FF}", "\xDF\xBF")
eq("\u{800}", "\xE0\xA0\x80"); eq("\u{FFFF}", "\xEF\xBF\xBF"); eq("\u{10000}", "\xF0\x90\x80\x80")
eq("\u{10FFFF}", "\xF4\x8F\xBF\xBF"); eq("\u{1FFFFF}", "\xF7\xBF\xBF\xBF"); eq("\u{200000}", "\xF8\x88\x80\x80\x80")
eq("\u{3FFFFFF}", "\xFB\xBF\xBF\xBF\xBF"); eq("\u{4000000}", "\xFC\x84\x80\x80\x80\x80")
eq("\u{7FFFFFFF}", "\xFD\xBF\xBF\xBF\xBF\xBF"); eq("\u{00000041}", "A"); eq("\u{20AC}x", "€x")
eq(#"\u{D800}", 3)
-- bytes of any value stand as they are
eq(run "return 'é\128\255'", "é\128\255"); eq(run "return 'a\0b'", "a\0b"); eq(#run "return 'a\tb\1'", 4)

-- long strings
eq([[]], ""); eq([==[]==], ""); eq([[a]], "a"); eq([[a\n]], "a\\n"); eq([=[[[]]]=], "[[]]"); eq([==[]=]]==], "]=]")
eq([[
first line end is skipped]], "first line end is skipped")
eq([[

only one]], "\nonly one")
eq([[a
b]], "a\nb")
eq(run "return [[\r\na\r\nb\rc\n\rd]]", "a\nb\nc\nd"); eq(run "return [[\n\ra]]", "a"); eq(run "return [[\n\na]]", "\na")
eq([=[a]]b]=], "a]]b"); eq([=[]]=], "]"); eq([==[a]=b]==], "a]=b"); eq([[a]b]], "a]b")
eq(#run("return [" .. ("="):rep(100) .. "[x]" .. ("="):rep(100) .. "]"), 1)
eq(run "return [[\0\255]]", "\0\255")
eq(#run("return [[" .. ("x\n"):rep(10000) .. "]]"), 20000)
eq(#run("return '" .. ("y"):rep(100000) .. "'"), 100000)

-- integer numerals
eq(3, 3); eq(345, 300 + 45); eq(0xff, 255); eq(0xBEBADA, 12499674); eq(0Xa, 10); eq(007, 7); eq(0x0, 0)
eq(0x7fffffffffffffff, math.maxinteger); eq(0x8000000000000000, math.mininteger); eq(0xffffffffffffffff, -1)
eq(0x1ffffffffffffffff, -1, "hexadecimal integers wrap around"); eq(0x10000000000000000, 0)
eq(9223372036854775807, math.maxinteger); eq(9223372036854775808, 2^63); eq(99999999999999999999, 1e20)
eq(-9223372036854775808, -2^63)
-- float numerals
eq(3.0, 3 + 0.0); eq(3., 3.0); eq(.5, 0.5); eq(3.1416, 31416 / 10000); eq(314.16e-2, 3.1416); eq(0.31416E1, 3.1416)
eq(1e1, 10.0); eq(1E+2, 100.0); eq(1e-2, 0.01); eq(0e12, 0.0); eq(.0, 0.0); eq(0., 0.0); eq(.2e2, 20.0); eq(2.E-1, 0.2)
eq(34e1, 340.0); eq(1e308 * 10, math.huge); eq(1e400, math.huge); eq(1e-400, 0.0)
eq(0x0.1E, 0.1171875); eq(0xA23p-4, 162.1875); eq(0X1.921FB54442D18P+1, 3.141592653589793)
eq(0x.1, 0.0625); eq(0x1., 1.0); eq(0xA.8, 10.5); eq(0x1p1, 2.0); eq(0x1P-1, 0.5); eq(0x.8p1, 1.0); eq(0x1p+10, 1024.0)
eq(0x1p9999, math.huge); eq(0x1p-9999, 0.0); eq(0xfp1, 30.0); eq(0xep1, 28.0); eq(0xe+1, 15); eq(0x1e2, 482)
eq(2.2250738585072014e-308 > 0, true); eq(4.9406564584124654e-324 > 0, true); eq(5e-324 / 2, 0.0)
eq(1.7976931348623157e308 < math.huge, true); eq(0.1 + 0.2 == 0.3, false); eq(123456789012345678, 123456789012345678)
eq(run("return " .. ("1"):rep(400)), math.huge); eq(run("return 0." .. ("0"):rep(500) .. "1"), 0.0)
eq(run("return 1" .. ("0"):rep(50) .. "e-50"), 1.0); eq(run("return 0x" .. ("0"):rep(500) .. "1"), 1)
eq(run("return 0x." .. ("0"):rep(100) .. "1p404"), 1.0); eq(run("return " .. ("0"):rep(300) .. "7"), 7)
-- a numeral ends where it cannot go on
eq(run "local a = 1 return a", 1); eq(run "return 1--1", 1); eq(run "local t = {1;2} return 1 ,#t", 1)
-- the same through tostring and tonumber
for _, text in ipairs {"0x10", "1e1", ".5", "5.", "0x.8", "0x1p4", "1E+2", "9223372036854775808"} do
  eq(tonumber(text), run("return " .. text), text)
end
