-- group: closures and upvalues
-- Church numerals: arithmetic built from nothing but nested closures.
local size = tonumber(arg and arg[1]) or 400

local function zero() return function(x) return x end end
local function successor(n)
    return function(f)
        return function(x) return f(n(f)(x)) end
    end
end
local function plus(a, b)
    return function(f)
        return function(x) return a(f)(b(f)(x)) end
    end
end
local function mul(a, b)
    return function(f) return a(b(f)) end
end
local function church(n)
    local result = zero
    for _ = 1, n do result = successor(result) end
    return result
end
local function number(n)
    return n(function(x) return x + 1 end)(0)
end

local total = 0
for i = 1, size do
    local a, b = church(i), church(i % 13 + 5)
    total = total + number(plus(mul(a, b), mul(b, mul(a, church(9)))))
end
print(string.format("church %d %d", size, total))
