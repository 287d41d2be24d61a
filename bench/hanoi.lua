-- group: calls
-- The towers of Hanoi, discs really moved between three stacks, mutual recursion to check them.
local size = tonumber(arg and arg[1]) or 23

local pegs = { {}, {}, {} }
for disc = size, 1, -1 do
    pegs[1][#pegs[1] + 1] = disc
end

local moves = 0

local function move(count, from, to, via)
    if count == 0 then return end
    move(count - 1, from, via, to)
    local source, target = pegs[from], pegs[to]
    target[#target + 1] = source[#source]
    source[#source] = nil
    moves = moves + 1
    move(count - 1, via, to, from)
end

local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end

move(size, 1, 3, 2)
assert(#pegs[1] == 0 and #pegs[3] == size and pegs[3][size] == 1)
print(string.format("hanoi %d %d %s", size, moves, tostring(even(moves))))
