-- While weak tables are being cleared, which takes several steps here, a dead element is not found by a float that is its key.
collectgarbage "stop"
local elements, weak, all = 2000, {}, {}
for i = 1, 9 do
    all[i] = setmetatable({}, {__mode = "v"})
    if i % 4 == 1 then weak[#weak + 1] = all[i] -- the first, one between, the last
    else for j = 1, 50000 do all[i][j] = j end end
end
for _, table in ipairs(weak) do
    for i = 1, elements do table[i] = {} end
    table[2^40] = {} -- a dictionary, too
end
local key, done = 1, false
while not done do
    done = collectgarbage("step", 1)
    for _, table in ipairs(weak) do
        local found = table[key + 0.0]
        assert(found == table[key], "an element that the integer does not find")
        found = table[2.0^40]
        assert(found == table[1 << 40], "an element that the integer does not find in the dictionary")
    end
    key = key % elements + 1
end
