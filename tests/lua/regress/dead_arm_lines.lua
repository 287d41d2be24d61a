-- `if nil then` has a line that line hooks are told of, though its block is never reached and has no code.
local function lines(source)
    local seen, chunk = {}, assert(load(source))
    debug.sethook(function(_, line) seen[#seen + 1] = line end, "l")
    chunk()
    debug.sethook()
    return table.concat(seen, " ", 2, #seen - 1) -- less the lines of the two calls above
end

assert(lines "--\nif nil then\n a=1\nelse\n a=2\nend\n" == "2 5 6")
assert(lines "if\nnil\nthen\n a=1\nend\n" == "3 5")
assert(lines "a=1\nif nil then goto x end\n::x::\nb=1" == "1 2 4")
assert(lines "if true then\na=1\nelse a=2\nend\nb=1" == "2 5")
a, b = nil, nil
assert(lines "for i = 1, 2 do\n if nil then\n  break\n end\n a = i\nend\n" == "1 5 1 5 1 6")
