-- A long job with a progress bar: on a terminal a line that is drawn in place ten times a second, with time to go and
-- memory; in a pipe or a file nothing but the result.
--
--   neap examples/progress.lua [NUMBERS]
--
-- Look at: `bar`, which draws only on a terminal, and there only when something may have changed to the eye.
-- test: 20000

local numbers = math.tointeger(tonumber(arg[1] or 3000000))
if not numbers or numbers < 1 then
    io.stderr:write("progress: the count of numbers must be a whole number from 1 on, not '", arg[1], "'\n")
    os.exit(1)
end

local terminal = os.execute "test -t 2" == true and os.getenv "TERM" ~= "dumb"
local began, due = os.clock(), 0

local function bar(done, total)
    local now = os.clock()
    if not terminal or now < due then return end
    due = now + 0.1
    local left = (now - began) * (total - done) / done
    io.stderr:write(("\r\27[K%3d %% [%-30s] %3.0f s to go, %d MiB"):format(done * 100 // total,
        ("="):rep(done * 30 // total), left, math.floor(collectgarbage "count") >> 10))
end

-- The job: how long is the longest way down from n to 1, halving even numbers and making odd ones 3n + 1?
local steps = {[1] = 0}
local best, longest = 1, 0
for n = 2, numbers do
    local at, count = n, 0
    while at >= n do
        at = at % 2 == 0 and at // 2 or 3 * at + 1
        count = count + 1
    end
    steps[n] = steps[at] + count
    if steps[n] > longest then best, longest = n, steps[n] end
    if n % 1000 == 0 then bar(n, numbers) end
end
if terminal then io.stderr:write "\r\27[K" end
print(("of the numbers up to %d, %d takes most steps down to 1: %d"):format(numbers, best, longest))
