-- An error nobody catches: message and traceback on stderr, exit status 1, what was written is out.
local function inner() error "it went wrong" end
local function outer() inner() end
io.write "before the error\n"
outer()
-- expect: before the error
-- expect error: tests/lua/errors/uncaught.lua:2: it went wrong
-- expect error: stack traceback:
-- expect error: [C]: in function 'error'
-- expect error: tests/lua/errors/uncaught.lua:2: in upvalue 'inner'
-- expect error: tests/lua/errors/uncaught.lua:3: in local 'outer'
-- expect error: tests/lua/errors/uncaught.lua:5: in main chunk
-- expect error: [C]: in ?
