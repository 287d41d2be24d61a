-- debian: lua-system
local system = require "system"
local before, clock = system.gettime(), system.monotime()
system.sleep(0.002)
assert(system.monotime() - clock >= 0.002 and system.gettime() >= before)
assert(math.abs(system.gettime() - os.time()) < 5)
