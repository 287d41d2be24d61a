-- debian: lua-argparse
local parser = require "argparse"("program", "What it does.")
parser:argument "input"
parser:option("-o --output", "Where to.", "a.out")
parser:flag "-v --verbose":count "*":target "level"
local got = parser:parse { "file", "-vv", "--output=x" }
assert(got.input == "file" and got.output == "x" and got.level == 2)
local ok, message = parser:pparse { "file", "--nonsense" }
assert(not ok and message:find "unknown option '%-%-nonsense'")
assert(parser:get_help():find "Usage: program")
