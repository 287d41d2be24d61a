-- A read that fails left the C library's error mark on standard output, which passed for lost output when the program
-- ended: exit status 1 after a program that had handled its error.
local text, message = io.stdout:read(1)
assert(text == nil and type(message) == "string")
