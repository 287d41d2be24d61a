-- group: 64-bit hashing
-- engines: neap lua5.4
-- SHA-256: 32-bit words in 64-bit integers, shifts, masks and a small array.
local size = tonumber(arg and arg[1]) or 980

local constants = {}
do
    local function fraction(x) return math.floor((x - math.floor(x)) * 2 ^ 32) end
    local n, found = 2, 0
    while found < 64 do
        local prime = true
        for d = 2, math.floor(math.sqrt(n)) do
            if n % d == 0 then prime = false break end
        end
        if prime then
            found = found + 1
            constants[found] = fraction(n ^ (1 / 3))
        end
        n = n + 1
    end
end

local function rotate(x, n) return (x >> n | x << (32 - n)) & 0xffffffff end

local function sha256(message)
    local a0, b0, c0, d0 = 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a
    local e0, f0, g0, h0 = 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    local length = #message
    message = message .. "\x80" .. string.rep("\0", (55 - length) % 64)
        .. string.pack(">I8", length * 8)
    local w = {}
    for block = 1, #message, 64 do
        for i = 1, 16 do w[i] = string.unpack(">I4", message, block + (i - 1) * 4) end
        for i = 17, 64 do
            local x, y = w[i - 15], w[i - 2]
            local s0 = rotate(x, 7) ~ rotate(x, 18) ~ (x >> 3)
            local s1 = rotate(y, 17) ~ rotate(y, 19) ~ (y >> 10)
            w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & 0xffffffff
        end
        local a, b, c, d, e, f, g, h = a0, b0, c0, d0, e0, f0, g0, h0
        for i = 1, 64 do
            local s1 = rotate(e, 6) ~ rotate(e, 11) ~ rotate(e, 25)
            local choice = (e & f) ~ (~e & g)
            local t1 = h + s1 + choice + constants[i] + w[i]
            local s0 = rotate(a, 2) ~ rotate(a, 13) ~ rotate(a, 22)
            local majority = (a & b) ~ (a & c) ~ (b & c)
            h, g, f, e = g, f, e, (d + t1) & 0xffffffff
            d, c, b, a = c, b, a, (t1 + s0 + majority) & 0xffffffff
        end
        a0, b0 = (a0 + a) & 0xffffffff, (b0 + b) & 0xffffffff
        c0, d0 = (c0 + c) & 0xffffffff, (d0 + d) & 0xffffffff
        e0, f0 = (e0 + e) & 0xffffffff, (f0 + f) & 0xffffffff
        g0, h0 = (g0 + g) & 0xffffffff, (h0 + h) & 0xffffffff
    end
    return string.format("%08x%08x%08x%08x%08x%08x%08x%08x", a0, b0, c0, d0, e0, f0, g0, h0)
end

assert(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
local digest = "tide"
for _ = 1, size do digest = sha256(string.rep(digest, 40)) end
print(string.format("sha256 %d %s", size, digest))
