-- A game loop that decides itself when to collect: the collector is stopped, and what a frame has left of its time
-- goes to heap.step.
--
--   neap examples/game_loop.lua [FRAMES]
--
-- Look at: the last lines of the loop. The heap stays as small as it would with the collector on, although it never runs
-- while the game computes. Take `heap.step` away and see memory grow.
-- test: 40

local frames = math.tointeger(tonumber(arg[1] or 600)) or error "the number of frames must be a whole number"
local FRAME = 0.004              -- seconds: 250 frames a second

collectgarbage "stop"

local world = {}                 -- what stays from frame to frame, and has to be looked at by every collection
for i = 1, 100000 do world[i] = {kind = i % 7, height = i % 13} end

-- A fountain: particles are made, fly, and are forgotten. Every one is several objects.
local particles = {}
local function update()
    local alive = {}
    for _, p in ipairs(particles) do
        local position = {x = p.position.x + p.speed.x, y = p.position.y + p.speed.y}
        local speed = {x = p.speed.x * 0.99, y = p.speed.y - 0.02}
        if position.y > 0 then alive[#alive + 1] = {position = position, speed = speed} end
    end
    for i = 1, 20 do
        alive[#alive + 1] = {position = {x = 0, y = 1}, speed = {x = math.random() - 0.5, y = 0.5 + math.random()}}
    end
    particles = alive
end

math.randomseed(7)
local cycles, slowest, most = 0, 0, 0
for frame = 1, frames do
    local began = os.clock()
    update()
    local left = FRAME - (os.clock() - began)
    if left > 0 and heap.step(left * 1000) then cycles = cycles + 1 end
    slowest = math.max(slowest, os.clock() - began)
    most = math.max(most, collectgarbage "count")
end

print(("%d frames of %g ms, %d particles at the end"):format(frames, FRAME * 1000, #particles))
print(("slowest frame %.2f ms, %d collections in the time that was left"):format(slowest * 1000, cycles))
print(("heap at most %.1f MiB, %.1f MiB at the end"):format(most / 1024, collectgarbage "count" / 1024))
