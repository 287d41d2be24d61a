-- Stress: tables of all kinds that grow and shrink again, compared with a model at every turn.
--
--   neap examples/stress/tables_grow_shrink.lua [SIZE]
--
-- Arrays, dictionaries with string, integer, float, boolean and table keys, records whose fields
-- come and go, queues that wander, tables emptied while they are traversed.
-- test: 500

local stress = dofile((arg[0]:match("^(.*/)") or "") .. "../lib/stress.lua")
local size = stress.size(100000, 10)
local steps, step = 9, 0

local function next_step()
    step = step + 1
    stress.progress(step, steps)
end

local state = 1
local function random(range)
    state = (state * 16807) % 2147483647
    return state % range + 1
end

local function count(map)
    local found = 0
    for _ in pairs(map) do found = found + 1 end
    return found
end

-- 1. An array pushed and popped in waves.
do
    local list, length = {}, 0
    for wave = 1, 6 do
        local high = size // wave
        while length < high do
            length = length + 1
            list[length] = { length }
        end
        stress.expect("length at the top of a wave", #list, high)
        local low = high // (wave + 1)
        while length > low do
            if list[length][1] ~= length then
                stress.fail("place %d of the array has changed", length)
            end
            list[length] = nil
            length = length - 1
        end
        stress.expect("length after a wave", #list, low)
        stress.expect("elements by next", count(list), low)
    end
end
next_step()

-- 2. A queue that wanders: the keys rise for ever, their number does not.
do
    local queue, first, last = {}, 1, 0
    for i = 1, size * 3 do
        last = last + 1
        queue[last] = i * 2
        if i > 50 then
            if queue[first] ~= first * 2 then stress.fail("the queue's head %d is wrong", first) end
            queue[first] = nil
            first = first + 1
        end
    end
    stress.expect("elements of the queue", count(queue), 50)
end
next_step()

-- 3. An array filled backwards, and one filled in a scattered order.
do
    local backwards, scattered = {}, {}
    for i = size, 1, -1 do backwards[i] = i end
    stress.expect("length when filled backwards", #backwards, size)
    local stride = 7919
    while size % stride == 0 do stride = stride + 2 end
    local function gcd(a, b) while b ~= 0 do a, b = b, a % b end return a end
    while gcd(stride, size) ~= 1 do stride = stride + 1 end
    for i = 1, size do scattered[i * stride % size + 1] = i end
    stress.expect("length when filled in scattered order", #scattered, size)
    local place = 0
    for i, value in ipairs(scattered) do
        place = place + 1
        if i ~= place or value * stride % size + 1 ~= i then stress.fail("place %d is wrong", i) end
    end
    stress.expect("elements by ipairs", place, size)
end
next_step()

-- 4. Keys of every kind in one table; integers and equal floats are one key.
do
    local map, objects = { [true] = "yes", [false] = "no" }, {}
    for i = 1, size do
        objects[i] = {}
        map[i * 31] = i
        map["s" .. i] = i
        map[i + 0.5] = i
        map[objects[i]] = i
    end
    for i = 1, size do
        if map[i * 31.0] ~= i or map["s" .. i] ~= i or map[i + 0.5] ~= i
            or map[objects[i]] ~= i then
            stress.fail("a key with the number %d is lost", i)
        end
    end
    stress.expect("keys of every kind", count(map), 4 * size + 2)
    for i = 1, size do
        map[i * 31.0] = nil
        map["s" .. i] = nil
        if i % 2 == 0 then map[i + 0.5] = nil end
        if i % 3 == 0 then map[objects[i]] = nil end
    end
    local wanted = size - size // 2 + size - size // 3 + 2
    stress.expect("keys after three deletions", count(map), wanted)
    for i = 1, size do
        if map[i + 0.5] ~= (i % 2 == 1 and i or nil) then
            stress.fail("the float key %d is wrong", i)
        end
        if map[objects[i]] ~= (i % 3 ~= 0 and i or nil) then
            stress.fail("the table key %d is wrong", i)
        end
    end
    if map[true] ~= "yes" or map[false] ~= "no" then stress.fail("a boolean key is lost") end
    local ok = pcall(function() map[0 / 0] = 1 end)
    if ok then stress.fail("NaN was taken as a key") end
end
next_step()

-- 5. A table emptied, and its values changed, while it is traversed.
do
    local map = {}
    for i = 1, size do map[i % 2 == 0 and i or "k" .. i] = i end
    for key, value in pairs(map) do map[key] = value + 1 end
    local sum = 0
    for key, value in pairs(map) do
        sum = sum + value
        map[key] = nil
        if sum % 64 == 0 then collectgarbage("step") end
    end
    stress.expect("sum of what was taken out", sum, size * (size + 1) // 2 + size)
    stress.expect("the first key of an emptied table", next(map), nil)
end
next_step()

-- 6. Records whose fields come and go, in different orders, compared with a plain list.
do
    local names = {}
    for i = 1, 40 do names[i] = "field" .. i end
    for i = 1, math.min(size, 5000) do
        local record, model = {}, {}
        for _ = 1, 30 do
            local which = random(40)
            if random(3) == 1 then
                record[names[which]], model[which] = nil, nil
            else
                record[names[which]], model[which] = i + which, i + which
            end
        end
        for which = 1, 40 do
            if record[names[which]] ~= model[which] then
                stress.fail("%s of record %d is %s", names[which], i,
                    tostring(record[names[which]]))
            end
        end
        stress.expect("fields of a record", count(record), count(model))
    end
end
next_step()

-- 7. table.insert, remove and move in the middle.
do
    local list, length = {}, math.min(size, 2000)
    for i = 1, length do table.insert(list, random(#list + 1), i) end
    stress.expect("length after inserting everywhere", #list, length)
    local seen = {}
    for _, value in ipairs(list) do
        if seen[value] then stress.fail("the value %d is there twice", value) end
        seen[value] = true
    end
    local copy = table.move(list, 1, length, length + 1, {})
    stress.expect("the first of a moved list", copy[length + 1], list[1])
    stress.expect("the last of a moved list", copy[2 * length], list[length])
    local sum = 0
    while #list > 0 do sum = sum + table.remove(list, random(#list)) end
    stress.expect("sum of what was removed", sum, length * (length + 1) // 2)
end
next_step()

-- 8. Many small tables that turn from empty to array to dictionary and back.
do
    local tables = {}
    for i = 1, size do
        local t = {}
        for j = 1, i % 9 do t[j] = j end
        if i % 4 == 0 then t.name = i end
        if i % 6 == 0 then t[-i] = i end
        tables[i] = t
    end
    for i, t in ipairs(tables) do
        stress.expect("length of a small table", #t, i % 9)
        stress.expect("size of a small table", count(t),
            i % 9 + (i % 4 == 0 and 1 or 0) + (i % 6 == 0 and 1 or 0))
        for key in pairs(t) do t[key] = nil end
        t.again = i
    end
    for i, t in ipairs(tables) do
        if t.again ~= i or next(t, "again") ~= nil then
            stress.fail("the small table %d is wrong", i)
        end
    end
end
next_step()

-- 9. Everything above is garbage now.
local live = stress.live()
if live > 1 << 20 then stress.fail("%d bytes are live after all tables were dropped", live) end
next_step()
stress.done("size %d, all tables as they should be", size)
