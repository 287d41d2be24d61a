-- Every kind of work that asks the system for memory, many times over, while the system refuses some
-- of its calls: what is refused is an error that can be caught, and what was there before stays whole.
-- Run by tests/run on each system of tests/model; the model refuses once the program is up.
--
--   NEAP_KM=fail=400,after=100,seed=1 out/solaris/neap tests/model/refusals.lua [-v]

local kept, count = {}, 0

local work = {
    function() -- tables
        local t = {}
        for i = 1, 20000 do t[i] = {i} end
        return #t == 20000
    end,
    function() -- dictionaries
        local t = {}
        for i = 1, 20000 do t["k" .. i] = i end
        return t.k20000 == 20000
    end,
    function() -- large strings
        local s = ("x"):rep(3000000)
        return #(s .. s) == 6000000
    end,
    function() -- one large array
        local t = table.pack(table.unpack({}, 1, 200000))
        return t.n == 200000
    end,
    function() -- coroutines
        local all = {}
        for i = 1, 300 do
            all[i] = coroutine.wrap(function(a) while true do a = coroutine.yield(a + i) end end)
            if all[i](1) ~= i + 1 then return false end
        end
        return true
    end,
    function() -- deep stacks
        local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
        return deep(50000) == 50000
    end,
    function() -- programs
        local f, message = load("return " .. ("1+"):rep(5000) .. "1")
        if not f then error(message, 0) end
        return f() == 5001
    end,
    function() -- shapes
        local t = {}
        for i = 1, 200 do t[i] = {["a" .. i] = 1, ["b" .. i] = 2, c = i} end
        return t[200].c == 200
    end,
    function() -- what stays
        local n = count + 1
        local t = {}
        for i = 1, 1000 do t[i] = n * i end
        kept[n] = t
        count = n
        return true
    end,
    function() collectgarbage() return true end,
    function() collectgarbage "step" return true end,
}

local refused, done = 0, 0
for round = 1, 40 do
    for i = 1, #work do
        local fine, result = pcall(work[i])
        if fine then
            if result ~= true then error("work " .. i .. " came out wrong") end
            done = done + 1
        elseif result == "not enough memory" or result:find("too many results to unpack", 1, true) then
            refused = refused + 1 -- the second is what a stack says that cannot grow for results
        else
            error(result, 0)
        end
    end
end
for n = 1, count do
    for i = 1, 1000 do
        if kept[n][i] ~= n * i then error("what was kept has changed") end
    end
end
if arg[1] == "-v" then print(done .. " done, " .. refused .. " refused") end
