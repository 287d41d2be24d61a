-- Stress: finalizers in great number: each runs once, in order, with its object whole.
--
--   neap examples/stress/finalizers.lua [SIZE]
--
-- Order (the reverse of marking), resurrection, marking again, finalizers that make garbage and
-- objects with finalizers, errors in them, objects reached only from other dead ones, and those
-- that are left when the state is closed (seen in a second process).
-- test: 500

local stress = dofile((arg[0]:match("^(.*/)") or "") .. "../lib/stress.lua")
local size = stress.size(60000, 20)
local steps, step = 8, 0

local function next_step()
    step = step + 1
    stress.progress(step, steps)
end

local function collect()
    collectgarbage()
    collectgarbage()
end

-- 1. Each runs once, with the object as it was, the last marked first.
do
    local order = {}
    local meta = { __gc = function(object)
        if object.text ~= "object " .. object.number or object.part[1] ~= object.number then
            stress.fail("the object %d is damaged in its finalizer", object.number)
        end
        order[#order + 1] = object.number
    end }
    collectgarbage("stop")
    for i = 1, size do
        setmetatable({ number = i, text = "object " .. i, part = { i } }, meta)
    end
    collectgarbage("restart")
    collect()
    stress.expect("finalizers that ran", #order, size)
    for i = 1, size do
        if order[i] ~= size + 1 - i then stress.fail("finalizer %d ran at turn %d", order[i], i) end
    end
    collect()
    stress.expect("finalizers that ran in the end", #order, size)
end
next_step()

-- 2. While the collector runs as it likes, none is lost and none runs twice.
do
    local made, ran = 0, {}
    local total = 0
    local meta = { __gc = function(object)
        if ran[object.number] then stress.fail("finalizer %d ran twice", object.number) end
        ran[object.number] = true
        total = total + 1
    end }
    local held = {}
    for i = 1, size do
        made = made + 1
        local object = setmetatable({ number = i }, meta)
        if i % 10 == 0 then held[#held + 1] = object end
        if i % 100 == 0 then collectgarbage("step", 1) end
    end
    for _, object in ipairs(held) do
        if ran[object.number] then
            stress.fail("object %d is held, but its finalizer ran", object.number)
        end
    end
    collect()
    stress.expect("finalizers of dropped objects", total, made - #held)
    held = nil
    collect()
    stress.expect("finalizers of all objects", total, made)
end
next_step()

-- 3. Resurrection: an object stored by its finalizer lives, and is finalized again only if it is
-- marked again.
do
    local saved, runs = {}, 0
    local meta = {}
    meta.__gc = function(object)
        runs = runs + 1
        object.lives = object.lives - 1
        if object.lives > 0 then setmetatable(object, meta) end
        saved[#saved + 1] = object
    end
    for i = 1, size // 4 do setmetatable({ number = i, lives = 3, part = { i } }, meta) end
    for life = 1, 3 do
        collect()
        stress.expect("runs after life " .. life, runs, size // 4 * life)
        stress.expect("objects saved in life " .. life, #saved, size // 4)
        for _, object in ipairs(saved) do
            if object.part[1] ~= object.number or object.lives ~= 3 - life then
                stress.fail("the saved object %d is damaged", object.number)
            end
        end
        saved = {}
    end
    collect()
    stress.expect("runs in the end", runs, size // 4 * 3)
end
next_step()

-- 4. Finalizers that make garbage, and further objects with finalizers, down to a depth.
do
    local runs = 0
    local meta = {}
    meta.__gc = function(object)
        runs = runs + 1
        local garbage = {}
        for i = 1, 20 do garbage[i] = { "garbage " .. i } end
        if object.depth > 0 then setmetatable({ depth = object.depth - 1 }, meta) end
    end
    for _ = 1, size // 10 do setmetatable({ depth = 3 }, meta) end
    for _ = 1, 6 do collect() end
    stress.expect("runs over four generations", runs, size // 10 * 4)
end
next_step()

-- 5. An error in a finalizer ends that finalizer and nothing else.
do
    local runs = 0
    local meta = { __gc = function(object)
        runs = runs + 1
        if object.number % 2 == 0 then error("finalizer " .. object.number) end
    end }
    warn("@off")
    for i = 1, size // 10 do setmetatable({ number = i }, meta) end
    collect()
    stress.expect("runs, half of them with an error", runs, size // 10)
end
next_step()

-- 6. A dead ring of objects: all are whole when any of their finalizers runs.
do
    local runs = 0
    local meta = { __gc = function(object)
        runs = runs + 1
        local other = object.next
        local sum = other.number + other.next.number + object.number
        if other.next.next ~= object or sum ~= object.sum then
            stress.fail("the ring of object %d is broken", object.number)
        end
    end }
    for i = 1, size // 6 do
        local a, b, c = { number = i }, { number = i + 1 }, { number = i + 2 }
        a.next, b.next, c.next = b, c, a
        for _, object in ipairs({ a, b, c }) do
            object.sum = 3 * i + 3
            setmetatable(object, meta)
        end
    end
    collect()
    stress.expect("runs for rings of three", runs, size // 6 * 3)
end
next_step()

-- 7. A finalizer added to a metatable after setmetatable does not count; weak tables let go of
-- values before the finalizers run, of keys after.
do
    local late, runs, by_value, by_key = {}, 0, 0, 0
    setmetatable({}, late)
    late.__gc = function() stress.fail("a finalizer that was not there at setmetatable ran") end
    local values = setmetatable({}, { __mode = "v" })
    local keys = setmetatable({}, { __mode = "k" })
    local meta = { __gc = function(object)
        runs = runs + 1
        if values[object.number] then by_value = by_value + 1 end
        if keys[object] then by_key = by_key + 1 end
    end }
    for i = 1, size // 10 do
        local object = setmetatable({ number = i }, meta)
        values[i], keys[object] = object, i
    end
    collect()
    stress.expect("runs for objects in weak tables", runs, size // 10)
    stress.expect("objects still weak values in their finalizer", by_value, 0)
    stress.expect("objects still weak keys in their finalizer", by_key, size // 10)
    collect()
    stress.expect("weak keys in the end", next(keys), nil)
end
next_step()

-- 8. What is alive when the state is closed is finalized then, the last marked first.
do
    local first = 0
    while arg[first - 1] do first = first - 1 end
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write([[
        local count = tonumber(arg[1])
        held = {}
        for i = 1, count do
            held[i] = setmetatable({}, { __gc = function() io.write(i, "\n") end })
        end
    ]])
    file:close()
    local pipe = assert(io.popen(string.format("'%s' '%s' %d", arg[first], script, size // 10)))
    local expected = size // 10
    for line in pipe:lines() do
        stress.expect("the next finalizer at the end of the state", tonumber(line), expected)
        expected = expected - 1
    end
    local ok = pipe:close()
    os.remove(script)
    stress.expect("exit of the second process", ok, true)
    stress.expect("finalizers that did not run at the end of the state", expected, 0)
end
next_step()
stress.done("size %d, each finalizer ran when it should", size)
