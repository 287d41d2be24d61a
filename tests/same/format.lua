-- string.format with every letter, flag, width and precision: the same text, or the same error; numbers as text likewise.
local seed = 12345
local function random(n)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % n
end

local values = {0, 1, -1, 7, 9, 10, 99, 100, 12345, -12345, 1 << 40, math.maxinteger, math.mininteger,
    0.0, -0.0, 0.5, 1.5, 2.5, -0.125, 0.1, 1 / 3, 1e15, 1e16, 123456789.5, 1e22, 1e23, 1e100, 1e-5, 1e-4, 9.9999995, 5e-324,
    math.huge, -math.huge, 99.995, 1e14 - 0.5, "", "text", "10", "0x1p4", "a text of more than forty characters, for a long string",
    ("x"):rep(120), "zero\0byte", true, nil}
local flags, letters = {"-", "+", " ", "#", "0"}, "diuoxXcsfgeGEaAqpyF%"

local function spec()
    local text = "%"
    for _ = 1, random(3) do text = text .. flags[random(#flags) + 1] end
    if random(2) == 0 then text = text .. random(random(3) == 0 and 130 or 25) end
    if random(2) == 0 then text = text .. "." .. (random(4) == 0 and "" or random(random(4) == 0 and 130 or 20)) end
    local at = random(#letters) + 1
    return text .. letters:sub(at, at)
end

for _ = 1, 6000 do
    local form = "<" .. spec() .. ">" .. (random(4) == 0 and spec() or "")
    local a, b = values[random(#values) + 1], values[random(#values) + 1]
    if not (form:find("p", 1, true) and (a or b)) then
        print(form, pcall(string.format, form, a, b))
    end
end

local function number()
    local kind = random(6)
    local x = random(1 << 23) * (1 << 23) + random(1 << 23)
    if kind == 0 then return x / 1000 end
    if kind == 1 then return x / 2 ^ random(80) end
    if kind == 2 then return x * 10.0 ^ (random(40) - 20) end
    if kind == 3 then return random(1000000) / 100 end
    if kind == 4 then return -random(1000) / 8 end
    return random(1 << 23) * 2.0 ^ (random(2000) - 1000)
end
for _ = 1, 6000 do
    local x = number()
    print(x, string.format("%.3f %.14g %10.2f %-12.5g| %+.0f %e %.17g %.1f %g", x, x, x, x, x, x, x, x, x), x .. "")
end

print(pcall(string.format, '%-s', 'zero\0byte'))
-- __tostring of strings, set and taken away in the middle of a call
local meta = getmetatable("")
meta.__tostring = function(s) return "[" .. #s .. "]" end
print(string.format("%s %5s %s", "abc", "x", 12), tostring("abc"))
local thing = setmetatable({}, {__tostring = function() meta.__tostring = nil return "gone" end})
print(string.format("%s %s %s", "abc", thing, "abc"))
thing = setmetatable({}, {__tostring = function() meta.__tostring = function() return "back" end return "set" end})
print(string.format("%s %s %s %s", "abc", thing, "abc", 5))
meta.__tostring = nil
