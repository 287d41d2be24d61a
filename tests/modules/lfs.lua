-- debian: lua-filesystem
local lfs = require "lfs"
local folder = os.getenv "TMPDIR" .. "/lfs"
assert(lfs.mkdir(folder))
for i = 1, 5 do io.open(folder .. "/f" .. i, "w"):write(("x"):rep(i)):close() end
local seen, bytes = 0, 0
for name in lfs.dir(folder) do
    if name ~= "." and name ~= ".." then
        local about = assert(lfs.attributes(folder .. "/" .. name))
        assert(about.mode == "file")
        seen, bytes = seen + 1, bytes + about.size
    end
end
assert(seen == 5 and bytes == 15)
-- The iterator's state is closed by `for` when the loop is left early, and by the collector.
for _ in lfs.dir(folder) do break end
for _ = 1, 2000 do local _, dir = lfs.dir(folder) end
collectgarbage()
local none, message = lfs.attributes(folder .. "/none")
assert(none == nil and message:find "No such file")
assert(not pcall(lfs.dir, folder .. "/none"))
for i = 1, 5 do os.remove(folder .. "/f" .. i) end
assert(lfs.rmdir(folder))
local here = lfs.currentdir()
assert(lfs.chdir "/" and lfs.currentdir() == "/" and lfs.chdir(here))
local lock = lfs.lock_dir(os.getenv "TMPDIR")
assert(lock and not lfs.lock_dir(os.getenv "TMPDIR"))
lock:free()
