-- Stress: caches in weak tables, whose entries go when nobody else holds them, and not before.
--
--   neap examples/stress/weak_caches.lua [SIZE]
--
-- Weak values, weak keys (ephemerons: a value that refers to its own key does not keep it), both,
-- chains of ephemerons, caches emptied while they are read, modes changed on the way.
-- test: 400

local stress = dofile((arg[0]:match("^(.*/)") or "") .. "../lib/stress.lua")
local size = stress.size(60000, 20)
local steps, step = 8, 0

local function next_step()
    step = step + 1
    stress.progress(step, steps)
end

local function weak(mode, contents) return setmetatable(contents or {}, { __mode = mode }) end

local function collect()
    collectgarbage()
    collectgarbage()
end

local function count(map)
    local found = 0
    for _ in pairs(map) do found = found + 1 end
    return found
end

-- 1. A cache of computed objects with weak values; every third is held.
do
    local cache, held = weak("v"), {}
    local computed = 0
    local function get(number)
        local object = cache[number]
        if not object then
            computed = computed + 1
            object = { number = number, text = "object " .. number }
            cache[number] = object
        end
        return object
    end
    for i = 1, size do
        local object = get(i)
        if i % 3 == 0 then held[#held + 1] = object end
    end
    collect()
    stress.expect("entries of the cache", count(cache), #held)
    for _, object in ipairs(held) do
        if get(object.number) ~= object or object.text ~= "object " .. object.number then
            stress.fail("the held object %d is not the one in the cache", object.number)
        end
    end
    stress.expect("objects computed", computed, size)
    stress.expect("a dropped object, computed again", get(1).number, 1)
    held = nil
    collect()
    stress.expect("entries after everything was dropped", count(cache), 0)
end
next_step()

-- 2. Strings, numbers and booleans are values: weak tables do not lose them.
do
    local cache = weak("kv")
    for i = 1, size do
        cache[i] = "text " .. i
        cache["key " .. i] = i
        cache[i + 0.25] = i % 2 == 0
    end
    collect()
    stress.expect("entries without objects", count(cache), 3 * size)
    for i = 1, size do
        if cache[i] ~= "text " .. i or cache["key " .. i] ~= i then
            stress.fail("the entry %d is lost", i)
        end
    end
end
next_step()

-- 3. Notes on objects: weak keys whose values refer back to the key.
do
    local notes, objects = weak("k"), {}
    for i = 1, size do
        local object = { i }
        objects[i] = object
        notes[object] = { about = object, number = i }
    end
    collect()
    stress.expect("notes while the objects live", count(notes), size)
    for i = 1, size do
        if i % 4 ~= 0 then objects[i] = nil end
    end
    collect()
    stress.expect("notes after three of four objects went", count(notes), size // 4)
    for object, note in pairs(notes) do
        if note.about ~= object or note.number % 4 ~= 0 or objects[note.number] ~= object then
            stress.fail("the note %d does not belong here", note.number)
        end
    end
    objects = nil
    collect()
    stress.expect("notes after all objects went", count(notes), 0)
end
next_step()

-- 4. A chain through ephemerons: each key is reached only through the value of the one before.
-- Bounded, because following such a chain takes PUC Lua the square of its length.
do
    local links, length_wanted = weak("k"), math.min(size, 5000)
    local first = { 0 }
    local key = first
    for i = 1, length_wanted do
        local following = { i }
        links[key] = { to = following }
        key = following
    end
    key = nil
    collect()
    stress.expect("links of the chain", count(links), length_wanted)
    local at, length = first, 0
    while links[at] do
        at, length = links[at].to, length + 1
        if at[1] ~= length then stress.fail("link %d of the chain is wrong", length) end
    end
    stress.expect("length of the chain", length, length_wanted)
    first, at = nil, nil
    collect()
    stress.expect("links after the first key went", count(links), 0)
end
next_step()

-- 5. Rings through two ephemeron tables keep nothing alive; a strong hold on one key keeps its
-- ring.
do
    local left, right = weak("k"), weak("k")
    local holds = {}
    for i = 1, size // 2 do
        local a, b = { i }, { i }
        left[a], right[b] = b, a
        if i % 10 == 0 then holds[#holds + 1] = a end
    end
    collect()
    stress.expect("rings on the left", count(left), #holds)
    stress.expect("rings on the right", count(right), #holds)
    for _, a in ipairs(holds) do
        if right[left[a]] ~= a then stress.fail("the ring %d is broken", a[1]) end
    end
    holds = nil
    collect()
    stress.expect("rings left over", count(left) + count(right), 0)
end
next_step()

-- 6. Weak keys and values at once: either end going takes the entry.
do
    local map, keys, values = weak("kv"), {}, {}
    for i = 1, size do
        local key, value = { i }, { i }
        map[key] = value
        if i % 2 == 0 then keys[i] = key end
        if i % 3 == 0 then values[i] = value end
    end
    collect()
    stress.expect("entries with both ends held", count(map), size // 6)
    for key, value in pairs(map) do
        if key[1] ~= value[1] or key[1] % 6 ~= 0 then
            stress.fail("the entry %d does not belong here", key[1])
        end
    end
    if not (keys and values) then stress.fail("unreachable") end
end
next_step()

-- 7. A cache read and filled while the collector works in small steps.
do
    local cache, made = weak("v"), 0
    local recent, window = {}, 100
    for i = 1, size do
        local number = i * 7919 % (size // 2) + 1
        local object = cache[number]
        if object then
            if object.number ~= number then
                stress.fail("the cache gave %d for %d", object.number, number)
            end
        else
            object = { number = number }
            cache[number] = object
            made = made + 1
        end
        recent[i % window + 1] = object
        if i % 50 == 0 then collectgarbage("step", 1) end
        if i % (size // 5) == 0 then
            for _, held in pairs(recent) do
                if cache[held.number] ~= held then
                    stress.fail("the cache lost %d, which is held", held.number)
                end
            end
        end
    end
    if made < size // 2 then stress.fail("only %d objects were made", made) end
    collect()
    local left = {}
    for _, held in pairs(recent) do left[held] = true end
    stress.expect("entries that are held by the window", count(cache), count(left))
end
next_step()

-- 8. A strong table made weak, and a weak one made strong.
do
    local meta = { __mode = "v" }
    local turned = setmetatable({}, meta)
    for i = 1, size do turned[i] = { i } end
    meta.__mode = nil
    setmetatable(turned, {})
    local full = count(turned)
    collect()
    stress.expect("entries of a table that is strong again", count(turned), full)
    setmetatable(turned, { __mode = "v" })
    collect()
    stress.expect("entries of a table made weak", count(turned), 0)
end
next_step()
stress.done("size %d, every entry went when it should", size)
