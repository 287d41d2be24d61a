-- What the stress programs share: their size, their progress on a terminal, their failures.
-- Not a program. Loaded with dofile by a path relative to the script.

local stress = {}

local name = arg[0]:match("([^/]*)%.lua$") or arg[0]

-- Says what is wrong and ends the program with status 1.
function stress.fail(format, ...)
    io.stderr:write(name, ": ", string.format(format, ...), "\n")
    os.exit(1)
end

-- Fails unless `got` equals `wanted` (compared with ==).
function stress.expect(what, got, wanted)
    if got ~= wanted then
        stress.fail("%s: %s instead of %s", what, tostring(got), tostring(wanted))
    end
end

-- The size from the command line, a whole number of at least `least`.
function stress.size(default, least)
    local text = arg[1] or default
    local size = math.tointeger(tonumber(text))
    if not size or size < least then
        stress.fail("the size must be a whole number of at least %d, not '%s'", least, text)
    end
    return size
end

local terminal = arg[2] == "--progress" or os.execute("test -t 2") == true
local shown

-- Shows how far the work is, in place, on a terminal only; nothing when standard error is a file
-- or a pipe. Cheap enough to be called for every step.
function stress.progress(done, total)
    if not terminal then return end
    local percent = done * 100 // total
    if percent ~= shown then
        shown = percent
        io.stderr:write(string.format("\r%s %3d %% %-25s", name, percent, ("#"):rep(percent // 4)))
        if done >= total then io.stderr:write("\r\27[K") end
    end
end

-- Bytes in use after a full collection.
function stress.live()
    collectgarbage()
    collectgarbage()
    return math.floor(collectgarbage("count") * 1024)
end

-- The last line of a program that found nothing wrong.
function stress.done(format, ...)
    print(string.format("%s: %s", name, string.format(format, ...)))
end

return stress
