-- group: maps
-- A table keyed by floats with fractions: a histogram of measurements.
local size = tonumber(arg and arg[1]) or 13000000

local seed = 42
local histogram = {}
for _ = 1, size do
    seed = (seed * 16807) % 2147483647
    local bucket = seed % 4096 / 16 + 0.03125
    histogram[bucket] = (histogram[bucket] or 0) + 1
end
local buckets, highest, weighted = 0, 0, 0
for bucket, count in pairs(histogram) do
    buckets = buckets + 1
    if count > highest then highest = count end
    weighted = weighted + (bucket - 0.03125) * 16 * count
end
local probes = 0
for i = 0, size / 2 do
    if histogram[i % 8192 / 16 + 0.03125] then probes = probes + 1 end
end
print(string.format("map_floats %d %d %d %.0f %d", size, buckets, highest, weighted, probes))
