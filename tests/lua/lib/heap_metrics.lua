-- heap.metrics: the text follows Prometheus' exposition format 0.0.4, read here by a strict parser, and the figures
-- are those of heap.stats. Silent on success.
-- stress: 10

local check = dofile "tests/lua/check.lua"
local eq = check.eq

local types = {counter = true, gauge = true, histogram = true}

-- One sample line: its name, its labels, its value. Everything in it must be as the format says.
local function sample(line)
  local name, rest = line:match "^([%a_:][%w_:]*)(.*)$"
  assert(name, line)
  local labels = {}
  if rest:sub(1, 1) == "{" then
    local at = 2
    while rest:sub(at, at) ~= "}" do
      local label, from = rest:match('^([%a_][%w_]*)="()', at)
      assert(label and not labels[label], line)
      local value, i = {}, from
      while rest:sub(i, i) ~= '"' do
        local c = rest:sub(i, i)
        assert(c ~= "", line)
        if c == "\\" then
          i = i + 1
          c = assert(({["\\"] = "\\", ['"'] = '"', n = "\n"})[rest:sub(i, i)], line)
        end
        value[#value + 1] = c
        i = i + 1
      end
      labels[label] = table.concat(value)
      assert(utf8.len(labels[label]), line)
      at = i + 1
      if rest:sub(at, at) == "," then at = at + 1 else eq(rest:sub(at, at), "}", line) end
    end
    rest = rest:sub(at + 1)
  end
  local value = assert(rest:match "^ (%S+)$", line)
  if value == "+Inf" then value = math.huge else
    assert(value:match "^%d+$" or value:match "^%d+%.?%d*e?[-+]?%d*$", line)
    value = tonumber(value)
  end
  return name, labels, assert(value, line)
end

-- metrics[name] = {type =, help =, {name =, labels =, value =}, ...}
local function parse(text)
  eq(text:sub(-1), "\n", "the last line ends")
  local metrics, current, seen = {}, nil, {}
  for line in text:gmatch "([^\n]*)\n" do
    local name, help = line:match "^# HELP ([%a_:][%w_:]*) (.+)$"
    if name then
      assert(not metrics[name], line)
      assert(not help:find "\\[^\\n]", line)
      current = {help = help, name = name}
      metrics[name] = current
    elseif line:sub(1, 1) == "#" then
      local of, kind = line:match "^# TYPE ([%a_:][%w_:]*) (%a+)$"
      eq(of, current.name, line); assert(types[kind] and not current.type and #current == 0, line)
      current.type = kind
    else
      local of, labels, value = sample(line)
      if current.type == "histogram" then assert(of:match("^" .. current.name .. "_%a+$"), line)
      else eq(of, current.name, line) end
      if current.type == "counter" then assert(of:match "_total$", line) end
      local key = line:match "^(.*) %S+$"
      assert(not seen[key], "twice: " .. line)
      seen[key] = true
      current[#current + 1] = {name = of, labels = labels, value = value}
    end
  end
  for name, metric in pairs(metrics) do
    assert(metric.type and #metric > 0, name)
    assert(name:match "^neap_[a-z_]+$", name)
  end
  return metrics
end

local function check_histogram(metric)
  local count, sum, last, bound
  for _, line in ipairs(metric) do
    if line.name:match "_bucket$" then
      assert(not count and not sum)
      local le = line.labels.le == "+Inf" and math.huge or tonumber(line.labels.le)
      assert(not bound or le > bound, line.labels.le)
      assert(not last or line.value >= last, "buckets are cumulative")
      bound, last = le, line.value
    elseif line.name:match "_sum$" then sum = line.value
    elseif line.name:match "_count$" then count = line.value
    else error(line.name) end
  end
  eq(bound, math.huge); eq(last, count); assert(sum)
  return count, sum
end

local function find(metric, labels)
  for _, line in ipairs(metric) do
    local same = true
    for name, value in pairs(labels) do same = same and line.labels[name] == value end
    if same then return line.value end
  end
end

local nasty = 'a "quoted"\nname\\ of \xe2\x82\xac and \xff'
local groups = {heap.group(nasty, {limit = "1MiB"}), heap.group "plain", heap.group "plain"}
local kept = groups[1]:run(function() local t = {} for i = 1, 100 do t[i] = {} end return t end)
collectgarbage()

local metrics = parse(heap.metrics())
local stats = heap.stats()
local stops, seconds = check_histogram(metrics.neap_gc_stop_seconds)
assert(stops >= 1 and stops <= stats.stops and seconds <= stats.total_stop + 1e-6)
assert(metrics.neap_heap_live_bytes[1].value > 10000)
assert(metrics.neap_heap_allocated_bytes_total[1].value <= stats.allocated)
assert(metrics.neap_gc_cycles_total[1].value <= stats.collections)
assert(metrics.neap_heap_reserved_bytes[1].value >= metrics.neap_heap_mapped_bytes[1].value)
eq(find(metrics.neap_heap_limit_bytes, {kind = "soft"}), stats.soft_limit or math.huge)
eq(#metrics.neap_heap_objects, #metrics.neap_heap_object_bytes)
assert(find(metrics.neap_heap_objects, {type = "table"}) > 100)
assert(find(metrics.neap_heap_object_bytes, {type = "string"}) > 1000)

local name = 'a "quoted"\nname\\ of \xe2\x82\xac and ?'
eq(find(metrics.neap_group_objects, {group = name}), 101)
eq(find(metrics.neap_group_bytes, {group = name}), groups[1]:stats().bytes)
eq(find(metrics.neap_group_limit_bytes, {group = name}), 1 << 20)
eq(find(metrics.neap_group_limit_bytes, {group = "plain"}), math.huge)
eq(#metrics.neap_group_bytes, 3)

-- metrics of groups are there only when there are groups
groups, kept = nil, nil
for i = 1, 3 do collectgarbage() end
eq(parse(heap.metrics()).neap_group_bytes, nil)
