-- group: allocation
-- Immutable points and boxes: each method returns a fresh object of its class.
local size = tonumber(arg and arg[1]) or 600000

local Point = {}
Point.__index = Point
function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end
function Point:add(other) return Point.new(self.x + other.x, self.y + other.y) end
function Point:scale(factor) return Point.new(self.x * factor, self.y * factor) end
function Point:wrap(limit) return Point.new(self.x % limit, self.y % limit) end

local Box = {}
Box.__index = Box
function Box.new(low, high) return setmetatable({ low = low, high = high }, Box) end
function Box:shift(by) return Box.new(self.low:add(by), self.high:add(by)) end
function Box:contains(point)
    return point.x >= self.low.x and point.x <= self.high.x
        and point.y >= self.low.y and point.y <= self.high.y
end

local box = Box.new(Point.new(0, 0), Point.new(60, 60))
local place, step = Point.new(1, 2), Point.new(7, 11)
local inside = 0
for i = 1, size do
    place = place:add(step):wrap(101)
    if i % 5 == 0 then step = step:scale(2):wrap(37) end
    local moved = box:shift(Point.new(i % 20, i % 30))
    if moved:contains(place) then inside = inside + 1 end
end
print(string.format("small_objects %d %d %d %d", size, inside, place.x, place.y))
