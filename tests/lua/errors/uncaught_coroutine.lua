-- An error that comes out of a wrapped coroutine.
local f = coroutine.wrap(function() local x; x.y = 1 end)
f()
-- expect error: uncaught_coroutine.lua:2: attempt to index a nil value (local 'x')
