-- group: metamethods
-- Vectors with operators: __add, __sub, __mul, __unm, __eq, __lt, __len and __call.
local size = tonumber(arg and arg[1]) or 770000

local Vector = {}
Vector.__index = Vector

local function vector(x, y, z)
    return setmetatable({ x = x, y = y, z = z }, Vector)
end

function Vector.__add(a, b) return vector(a.x + b.x, a.y + b.y, a.z + b.z) end
function Vector.__sub(a, b) return vector(a.x - b.x, a.y - b.y, a.z - b.z) end
function Vector.__mul(a, b)
    if type(b) == "number" then return vector(a.x * b, a.y * b, a.z * b) end
    return a.x * b.x + a.y * b.y + a.z * b.z
end
function Vector.__unm(a) return vector(-a.x, -a.y, -a.z) end
function Vector.__eq(a, b) return a.x == b.x and a.y == b.y and a.z == b.z end
function Vector.__lt(a, b) return a * a < b * b end
function Vector.__call(a, scale) return (a.x + a.y + a.z) * scale end

local position, velocity = vector(0, 0, 0), vector(1, 2, 3)
local equal, less, total = 0, 0, 0
for i = 1, size do
    local push = vector(i % 3 - 1, i % 5 - 2, i % 7 - 3)
    velocity = velocity + push
    if velocity * velocity > 400 then velocity = -push end
    position = position + velocity * 2
    if position * position > 1000000 then position = position - position end
    if position == velocity then equal = equal + 1 end
    if velocity < push then less = less + 1 end
    total = (total + position(3)) % 1000003
end
print(string.format("vector_operators %d %d %d %d", size, equal, less, total))
