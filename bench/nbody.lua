-- group: records
-- The planets of the outer solar system: records of floats, read and written by name.
local size = tonumber(arg and arg[1]) or 490000

local sqrt, pi = math.sqrt, math.pi
local solar_mass = 4 * pi * pi
local year = 365.24

local bodies = {
    { x = 0, y = 0, z = 0, vx = 0, vy = 0, vz = 0, mass = solar_mass },
    { x = 4.84143144246472090e+00, y = -1.16032004402742839e+00, z = -1.03622044471123109e-01,
      vx = 1.66007664274403694e-03 * year, vy = 7.69901118419740425e-03 * year,
      vz = -6.90460016972063023e-05 * year, mass = 9.54791938424326609e-04 * solar_mass },
    { x = 8.34336671824457987e+00, y = 4.12479856412430479e+00, z = -4.03523417114321381e-01,
      vx = -2.76742510726411899e-03 * year, vy = 4.99852801234917238e-03 * year,
      vz = 2.30417297573763929e-05 * year, mass = 2.85885980666130812e-04 * solar_mass },
    { x = 1.28943695621391310e+01, y = -1.51111514016986312e+01, z = -2.23307578892655734e-01,
      vx = 2.96460137564761618e-03 * year, vy = 2.37847173959480950e-03 * year,
      vz = -2.96589568540237556e-05 * year, mass = 4.36624404335156298e-05 * solar_mass },
    { x = 1.53796971148509165e+01, y = -2.59193146099879641e+01, z = 1.79258772950371181e-01,
      vx = 2.68067772490389322e-03 * year, vy = 1.62824170038242295e-03 * year,
      vz = -9.51592254519715870e-05 * year, mass = 5.15138902046611451e-05 * solar_mass },
}

local function advance(count, dt)
    for i = 1, count do
        local a = bodies[i]
        for j = i + 1, count do
            local b = bodies[j]
            local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
            local square = dx * dx + dy * dy + dz * dz
            local pull = dt / (square * sqrt(square))
            local am, bm = a.mass * pull, b.mass * pull
            a.vx, a.vy, a.vz = a.vx - dx * bm, a.vy - dy * bm, a.vz - dz * bm
            b.vx, b.vy, b.vz = b.vx + dx * am, b.vy + dy * am, b.vz + dz * am
        end
    end
    for i = 1, count do
        local body = bodies[i]
        body.x = body.x + dt * body.vx
        body.y = body.y + dt * body.vy
        body.z = body.z + dt * body.vz
    end
end

local function energy(count)
    local sum = 0
    for i = 1, count do
        local a = bodies[i]
        sum = sum + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
        for j = i + 1, count do
            local b = bodies[j]
            local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
            sum = sum - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
        end
    end
    return sum
end

local px, py, pz = 0, 0, 0
for _, body in ipairs(bodies) do
    px, py, pz = px + body.vx * body.mass, py + body.vy * body.mass, pz + body.vz * body.mass
end
local sun = bodies[1]
sun.vx, sun.vy, sun.vz = -px / solar_mass, -py / solar_mass, -pz / solar_mass

local before = energy(#bodies)
for _ = 1, size do advance(#bodies, 0.01) end
print(string.format("nbody %d %.9f %.9f", size, before, energy(#bodies)))
