-- Stress: closures and coroutines made, suspended, resumed, abandoned and closed in great number.
--
--   neap examples/stress/closures_coroutines.lua [ROUNDS]
--
-- Checks that upvalues stay shared between closures and with the frame that made them, through
-- collections, after the frame has gone, and while it sleeps in a coroutine.
-- test: 1000

local stress = dofile((arg[0]:match("^(.*/)") or "") .. "../lib/stress.lua")
local rounds = stress.size(60000, 10)

-- Two closures on one variable, while the frame lives on in a coroutine and changes it as well.
local function account(balance)
    local routine = coroutine.wrap(function()
        local owner = {
            add = function(amount) balance = balance + amount end,
            read = function() return balance end,
        }
        coroutine.yield(owner)
        while true do
            balance = balance * 2
            coroutine.yield(balance)
        end
    end)
    return routine, routine()
end

local function check_shared(i)
    local twice, owner = account(i)
    owner.add(1)
    stress.expect("a shared upvalue, doubled by its frame", twice(), (i + 1) * 2)
    owner.add(-1)
    stress.expect("a shared upvalue, read by a closure", owner.read(), (i + 1) * 2 - 1)
end

-- Each turn of a loop has variables of its own.
local function check_loop(i)
    local readers, writers = {}, {}
    for turn = 1, 5 do
        local cell = { turn * i }
        readers[turn] = function() return cell[1] + turn end
        writers[turn] = function(value) cell = { value } end
    end
    writers[3](1000)
    for turn = 1, 5 do
        stress.expect("a loop's variable", readers[turn](), (turn == 3 and 1000 or turn * i) + turn)
    end
end

-- A long list of closures, each holding the one before.
local function check_chain(i)
    local function last() return i end
    for depth = 1, 50 do
        local previous = last
        last = function() return previous() + depth end
    end
    stress.expect("a chain of closures", last(), i + 1275)
end

-- A coroutine whose stack holds `depth` frames with values of their own when it yields.
local function sleeper(number, depth)
    return coroutine.create(function(...)
        local function descend(level, ...)
            local mark = { number, level }
            local text = "level " .. level
            if level == 0 then
                coroutine.yield(number, ...)
                return 0
            end
            local below = descend(level - 1, level, ...)
            if mark[1] ~= number or mark[2] ~= level or text ~= "level " .. level then
                stress.fail("a sleeping frame of coroutine %d has changed", number)
            end
            return below + 1
        end
        return descend(depth, ...)
    end)
end

local function check_error(i)
    local closed = 0
    local routine = coroutine.create(function()
        local guard <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
        coroutine.yield()
        error({ number = i })
    end)
    coroutine.resume(routine)
    if i % 2 == 0 then
        local ok, problem = coroutine.resume(routine)
        if ok or problem.number ~= i then
            stress.fail("the error of coroutine %d did not arrive", i)
        end
        stress.expect("closing a failed coroutine", coroutine.close(routine), false)
    else
        stress.expect("closing a sleeping coroutine", coroutine.close(routine), true)
    end
    stress.expect("to-be-closed variables run", closed, 1)
    stress.expect("status after closing", coroutine.status(routine), "dead")
end

local asleep, window, woken, abandoned = {}, math.min(1000, rounds // 4 + 1), 0, 0
local before = stress.live()
for i = 1, rounds do
    check_shared(i)
    check_loop(i)
    check_chain(i)
    check_error(i)
    local slot = i % window + 1
    local old = asleep[slot]
    if old and old.number % 3 == 0 then
        local ok, depth = coroutine.resume(old.routine)
        if not ok or depth ~= old.depth then
            stress.fail("coroutine %d woke up with %s", old.number, tostring(depth))
        end
        stress.expect("status at the end", coroutine.status(old.routine), "dead")
        woken = woken + 1
    elseif old then
        abandoned = abandoned + 1
    end
    -- Mostly shallow, sometimes deep enough for the stack to grow several times.
    local depth = i % 500 == 0 and 400 or i % 20
    local routine = sleeper(i, depth)
    local results = table.pack(coroutine.resume(routine, "a", "b"))
    if not results[1] or results[2] ~= i or results.n ~= depth + 4 or results[results.n] ~= "b" then
        stress.fail("coroutine %d yielded %d values", i, results.n)
    end
    asleep[slot] = { routine = routine, number = i, depth = depth }
    stress.progress(i, rounds)
end
asleep = nil
local after = stress.live()
if after > before + 256 * 1024 then
    stress.fail("%d bytes are live after all coroutines were dropped, %d before", after, before)
end
stress.done("%d rounds, %d coroutines woken, %d abandoned asleep", rounds, woken, abandoned)
