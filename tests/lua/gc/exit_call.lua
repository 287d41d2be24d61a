-- os.exit(true, true) closes the state: finalizers run, and the status is success.
keep = setmetatable({}, {__gc = function() print "finalized" end})
print "exiting"
os.exit(true, true)
-- expect: exiting
-- expect: finalized
