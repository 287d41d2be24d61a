-- group: records
-- A box of bouncing particles, each a record with nested position and velocity records.
local size = tonumber(arg and arg[1]) or 16000
local ticks = 1000

local seed = 42
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range
end

local particles = {}
for i = 1, size do
    particles[i] = {
        id = i,
        position = { x = random(1000), y = random(1000) },
        velocity = { x = random(21) - 10, y = random(21) - 10 },
        bounces = 0,
        alive = true,
    }
end

local function step(particle)
    local position, velocity = particle.position, particle.velocity
    position.x = position.x + velocity.x
    position.y = position.y + velocity.y
    if position.x < 0 or position.x > 1000 then
        velocity.x = -velocity.x
        particle.bounces = particle.bounces + 1
    end
    if position.y < 0 or position.y > 1000 then
        velocity.y = -velocity.y
        particle.bounces = particle.bounces + 1
    end
    if particle.bounces > 3 then particle.alive = false end
end

for _ = 1, ticks do
    for i = 1, #particles do
        local particle = particles[i]
        if particle.alive then step(particle) end
    end
end

local alive, bounces, place = 0, 0, 0
for _, particle in ipairs(particles) do
    if particle.alive then alive = alive + 1 end
    bounces = bounces + particle.bounces
    place = place + particle.position.x + particle.position.y
end
print(string.format("particles %d %d %d %d", size, alive, bounces, place))
