-- The n queens puzzle: backtracking with sets of bits in one integer, and closures as callbacks.
--
--   neap examples/nqueens.lua [N]
--
-- Places N queens on an N by N board so that none attacks another. Draws the first solution,
-- counts all, and how many are left when turned and mirrored boards are called the same.
-- The counts are checked against the known ones up to N = 12.
-- test: 7

local size = math.tointeger(tonumber(arg[1] or 8))
if not size or size < 1 or size > 16 then
    io.stderr:write("nqueens: N must be a whole number from 1 to 16\n")
    os.exit(1)
end

-- Calls visit(board) with board[row] = column for every solution; the board is used again.
local function solve(n, visit)
    local full, board = (1 << n) - 1, {}
    local function place(row, columns, left, right)
        if row > n then return visit(board) end
        local free = full & ~(columns | left | right)
        while free ~= 0 do
            local bit = free & -free
            free = free ~ bit
            local column, rest = 1, bit >> 1
            while rest ~= 0 do column, rest = column + 1, rest >> 1 end
            board[row] = column
            place(row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
        end
    end
    place(1, 0, 0, 0)
end

local function attacked(board, n)
    for a = 1, n do
        for b = a + 1, n do
            if board[a] == board[b] or math.abs(board[a] - board[b]) == b - a then return true end
        end
    end
    return false
end

local function turn(board, n)
    local turned = {}
    for row = 1, n do turned[board[row]] = n + 1 - row end
    return turned
end

local function mirror(board, n)
    local mirrored = {}
    for row = 1, n do mirrored[row] = n + 1 - board[row] end
    return mirrored
end

local function name(board) return table.concat(board, " ") end

-- The first name, in order of the alphabet, of the eight boards that look alike.
local function canonical(board, n)
    local least = name(board)
    for _ = 1, 2 do
        for _ = 1, 4 do
            board = turn(board, n)
            local other = name(board)
            if other < least then least = other end
        end
        board = mirror(board, n)
    end
    return least
end

local function draw(board, n)
    local border = "+" .. ("-"):rep(2 * n + 1) .. "+"
    print(border)
    for row = 1, n do
        local line = {}
        for column = 1, n do line[column] = board[row] == column and "Q" or "." end
        print("| " .. table.concat(line, " ") .. " |")
    end
    print(border)
end

local solutions, distinct, different = 0, {}, 0
solve(size, function(board)
    if attacked(board, size) then error("queens attack each other: " .. name(board)) end
    solutions = solutions + 1
    if solutions == 1 then draw(board, size) end
    local key = canonical(board, size)
    if not distinct[key] then
        distinct[key] = true
        different = different + 1
    end
end)
print(string.format("%d queens: %d solutions, %d of them different", size, solutions, different))

local known = { 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200 }
local known_different = { 1, 0, 0, 1, 2, 1, 6, 12, 46, 92, 341, 1787 }
if known[size] and (solutions ~= known[size] or different ~= known_different[size]) then
    error(string.format("%d and %d were to be found", known[size], known_different[size]))
end
