-- group: arrays
-- Fannkuch: reversals of array prefixes over all permutations.
local size = tonumber(arg and arg[1]) or 10

local function fannkuch(n)
    local perm, work, count = {}, {}, {}
    for i = 1, n do perm[i] = i end
    local sign, most, checksum = 1, 0, 0
    for i = 1, n do count[i] = i end
    while true do
        local first = perm[1]
        if first ~= 1 then
            for i = 2, n do work[i] = perm[i] end
            local flips = 1
            while true do
                local target = work[first]
                if target == 1 then break end
                work[first] = first
                if first >= 4 then
                    local i, j = 2, first - 1
                    repeat
                        work[i], work[j] = work[j], work[i]
                        i, j = i + 1, j - 1
                    until i >= j
                end
                first = target
                flips = flips + 1
            end
            if flips > most then most = flips end
            checksum = checksum + sign * flips
        end
        if sign == 1 then
            perm[1], perm[2] = perm[2], perm[1]
            sign = -1
        else
            perm[2], perm[3] = perm[3], perm[2]
            sign = 1
            for i = 3, n do
                if count[i] ~= 1 then
                    count[i] = count[i] - 1
                    break
                end
                if i == n then return checksum, most end
                count[i] = i
                local head = perm[1]
                for j = 1, i do perm[j] = perm[j + 1] end
                perm[i + 1] = head
            end
        end
    end
end

local checksum, most = fannkuch(size)
print(string.format("fannkuch %d %d %d", size, checksum, most))
