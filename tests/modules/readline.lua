-- debian: lua-readline
local readline = require "readline"
readline.set_readline_name "neap"
readline.set_options { keeplines = 10, histfile = os.getenv "TMPDIR" .. "/history", completion = true }
readline.set_complete_list { "alpha", "beta" }
readline.add_history "one"
readline.save_history()
local file = assert(io.open(os.getenv "TMPDIR" .. "/history"))
assert(file:read "a":find "one")
file:close()
