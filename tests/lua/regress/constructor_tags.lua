-- A collection between the making of a constructor's table and its elements found tags that nobody had written.
local kept = {}
local function fill()
    -- leaves buffers full of bytes that look like tags of objects
    local trash = {}
    for i = 1, 2000 do trash[i] = {"a", "b", "c", "d", "e", "f", "g", "h", i} end
    return #trash
end
for _ = 1, 20 do fill() collectgarbage() end
local function slow(i)
    if i % 7 == 0 then collectgarbage("step") end
    if i % 500 == 0 then collectgarbage() end
    return i
end
for i = 1, 5000 do
    local t = {slow(i), slow(i + 1)}
    assert(t[1] == i and t[2] == i + 1 and #t == 2)
    kept[i % 100 + 1] = {slow(i), t, slow(i), t, slow(i)}
end
