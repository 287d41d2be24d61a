-- A script that does not compile.
print "never printed"
x = = 1
-- expect error: tests/lua/errors/uncaught_syntax.lua:3: unexpected symbol near '='
