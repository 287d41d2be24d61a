-- Manual 2.5.3 and lua_close: what is alive when the state closes is finalized, in reverse order,
-- errors are warnings, and to-be-closed variables of the main chunk have been closed before.
keep = {}
for i = 1, 3 do keep[i] = setmetatable({}, {__gc = function() print("finalized " .. i) end}) end
setmetatable({}, {__gc = function() error "not seen: warnings are off" end})
local late = setmetatable({}, {__gc = function()
  print "creates another"
  keep = setmetatable({}, {__gc = function() print "never marked too late to run" end})
end})
local closed <close> = setmetatable({}, {__close = function() print "closed" end})
print "end of the script"
-- expect: end of the script
-- expect: closed
-- expect: creates another
-- expect: finalized 3
-- expect: finalized 2
-- expect: finalized 1
