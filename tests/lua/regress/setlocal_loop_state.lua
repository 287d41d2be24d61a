-- debug.setlocal on what the interpreter keeps for itself: a table in a loop's counter, a string in place of a table
-- under construction: values of another type are not taken.
local function each_local(level, value)
    local index = 1
    while true do
        local name = debug.getlocal(level, index)
        if not name then return end
        if name == "(for state)" or name == "(temporary)" then debug.setlocal(level, index, value) end
        index = index + 1
    end
end

local rounds = 0
for i = 1, 5 do
    each_local(3, {})
    each_local(2, {})
    rounds = rounds + 1
    assert(rounds <= 5)
end
assert(rounds == 5)

local function disturb(value)
    each_local(3, value)
    return 7
end
local made = { 1, 2, disturb("text"), x = disturb("text"), disturb("text") }
assert(made[1] == 1 and made[2] == 2 and made[3] == 7 and made.x == 7 and made[4] == 7)
local object = { method = function(self, value) return self, value end }
local self, value = object:method(disturb("text"))
assert(self == object and value == 7)
collectgarbage()
