-- debian: lua-term
local term = require "term"
local colors = require "term.colors"
assert(term.isatty(io.stdout) == false)
assert(tostring(colors.red "x"):find "\27%[31mx")
local path = os.getenv "TMPDIR" .. "/out"
local file = assert(io.open(path, "w"))
assert(not term.isatty(file))
file:close()
assert(not pcall(term.isatty, 1))
