-- A pipeline of coroutines: each stage pulls from the one before it and yields to the one after.
--
--   neap examples/pipeline.lua [N]
--
-- First a chain of generic stages (numbers | filter | map | batches | limit), then the sieve of
-- Eratosthenes in which every prime adds a filter coroutine of its own, then readers merged in
-- order, and a stage that fails, whose error arrives at the end of the pipe. Each result is
-- compared with what a plain loop finds. N is at most 400: below it lie 78 primes, and PUC Lua
-- resumes only some 95 coroutines from inside each other.
-- test: 300

local size = math.tointeger(tonumber(arg[1] or 400))
if not size or size < 10 or size > 400 then
    io.stderr:write("pipeline: N must be a whole number from 10 to 400\n")
    os.exit(1)
end

local yield, wrap = coroutine.yield, coroutine.wrap

-- Stages: each takes a source (a function that returns the next item, or nil at the end) and
-- returns a source.

local function numbers(first, last)
    return wrap(function()
        for n = first, last do yield(n) end
    end)
end

local function filter(source, test)
    return wrap(function()
        for item in source do
            if test(item) then yield(item) end
        end
    end)
end

local function map(source, change)
    return wrap(function()
        for item in source do yield(change(item)) end
    end)
end

local function batches(source, length)
    return wrap(function()
        local batch = {}
        for item in source do
            batch[#batch + 1] = item
            if #batch == length then
                yield(batch)
                batch = {}
            end
        end
        if #batch > 0 then yield(batch) end
    end)
end

local function limit(source, count)
    return wrap(function()
        for _ = 1, count do
            local item = source()
            if item == nil then return end
            yield(item)
        end
    end)
end

-- Merges rising sources into one rising source.
local function merge(...)
    local sources = { ... }
    return wrap(function()
        local heads = {}
        for i, source in ipairs(sources) do heads[i] = source() or math.huge end
        while true do
            local least = 1
            for i = 2, #heads do
                if heads[i] < heads[least] then least = i end
            end
            local item = heads[least]
            if item == math.huge then return end
            yield(item)
            heads[least] = sources[least]() or math.huge
        end
    end)
end

local function pipe(source, ...)
    for _, stage in ipairs({ ... }) do source = stage[1](source, table.unpack(stage, 2)) end
    return source
end

local function expect(what, got, wanted)
    if got ~= wanted then error(string.format("%s: %s instead of %s", what, got, wanted), 2) end
    print(string.format("%-34s %s", what, got))
end

-- 1. Squares of the odd numbers, in batches of seven, at most ten batches.
do
    local sums = {}
    local source = pipe(numbers(1, size),
        { filter, function(n) return n % 2 == 1 end },
        { map, function(n) return n * n end },
        { batches, 7 },
        { limit, 10 })
    for batch in source do
        local sum = 0
        for _, n in ipairs(batch) do sum = sum + n end
        sums[#sums + 1] = sum
    end
    local wanted, taken = 0, 0
    for n = 1, size, 2 do
        if taken < 70 then wanted, taken = wanted + n * n, taken + 1 end
    end
    local total = 0
    for _, sum in ipairs(sums) do total = total + sum end
    expect("squares in " .. #sums .. " batches", total, wanted)
end

-- 2. A filter coroutine for every prime found.
do
    local function sieve()
        return wrap(function()
            local source = numbers(2, size)
            while true do
                local prime = source()
                if not prime then return end
                yield(prime)
                source = filter(source, function(n) return n % prime ~= 0 end)
            end
        end)
    end
    local count, last, sum = 0, 0, 0
    for prime in sieve() do count, last, sum = count + 1, prime, sum + prime end
    local wanted_count, wanted_last, wanted_sum = 0, 0, 0
    for n = 2, size do
        local prime = true
        for d = 2, math.floor(math.sqrt(n)) do
            if n % d == 0 then prime = false break end
        end
        if prime then
            wanted_count, wanted_last, wanted_sum = wanted_count + 1, n, wanted_sum + n
        end
    end
    expect("primes through as many filters", count, wanted_count)
    expect("the last of them", last, wanted_last)
    expect("their sum", sum, wanted_sum)
end

-- 3. Multiples of 2, 3 and 5 merged in order.
do
    local function multiples(n)
        return map(numbers(1, size // n), function(i) return i * n end)
    end
    local previous, count, sum = 0, 0, 0
    for n in merge(multiples(2), multiples(3), multiples(5)) do
        if n < previous then error("the merged numbers are out of order: " .. n) end
        previous, count, sum = n, count + 1, sum + n
    end
    local wanted = 0
    for _, n in ipairs({ 2, 3, 5 }) do
        for i = n, size, n do wanted = wanted + i end
    end
    expect("three sources merged, items", count, size // 2 + size // 3 + size // 5)
    expect("their sum ", sum, wanted)
end

-- 4. An error in the middle stage comes out where the pipe is read, and later stages are dead.
do
    local seen = 0
    local source = pipe(numbers(1, size),
        { map, function(n)
            if n == 7 then error({ at = n }) end
            return n
        end },
        { filter, function() return true end })
    local ok, problem = pcall(function()
        for _ in source do seen = seen + 1 end
    end)
    expect("items before the failure", seen, 6)
    expect("the error that arrived", not ok and type(problem) == "table" and problem.at, 7)
    local again, message = pcall(source)
    local dead = "cannot resume dead coroutine"
    expect("reading on", again or message:match(dead), dead)
end

-- 5. A reader closed half way runs its to-be-closed variables.
do
    local closed = {}
    local reader = coroutine.create(function()
        local function closing(name)
            return setmetatable({}, { __close = function() closed[#closed + 1] = name end })
        end
        local outer <close> = closing("outer")
        local inner <close> = closing("inner")
        for n = 1, math.huge do yield(n) end
    end)
    for _ = 1, 3 do coroutine.resume(reader) end
    expect("closing a reader", coroutine.close(reader), true)
    expect("closed in this order", table.concat(closed, ", "), "inner, outer")
    expect("its status", coroutine.status(reader), "dead")
end
