-- group: methods and inheritance
-- Polymorphic calls: one call site, five classes of geometric shapes.
local size = tonumber(arg and arg[1]) or 1200

local Shape = {}
Shape.__index = Shape
function Shape:area() return 0 end
function Shape:describe() return self:area() * self.scale end

local function subclass(name)
    local class = setmetatable({ name = name }, { __index = Shape })
    class.__index = class
    return class
end

local Square, Circle, Rectangle = subclass("square"), subclass("circle"), subclass("rectangle")
local Triangle, Dot = subclass("triangle"), subclass("dot")

function Square:area() return self.side * self.side end
function Circle:area() return 3 * self.radius * self.radius end
function Rectangle:area() return self.width * self.height end
function Triangle:area() return self.base * self.height / 2 end

local makers = {
    function(i) return setmetatable({ scale = 1, side = i % 10 }, Square) end,
    function(i) return setmetatable({ scale = 2, radius = i % 7 }, Circle) end,
    function(i) return setmetatable({ scale = 1, width = i % 5, height = i % 3 }, Rectangle) end,
    function(i) return setmetatable({ scale = 4, base = i % 6, height = i % 8 }, Triangle) end,
    function() return setmetatable({ scale = 9 }, Dot) end,
}

local shapes = {}
for i = 1, 20000 do shapes[i] = makers[i * 31 % 5 + 1](i) end

local total = 0
for _ = 1, size / 2 do
    for i = 1, #shapes do total = total + shapes[i]:describe() end
end
local names = {}
for i = 1, #shapes do
    local name = shapes[i].name
    names[name] = (names[name] or 0) + 1
end
print(string.format("shapes %d %d %d %d", size, total, names.circle, names.dot))
