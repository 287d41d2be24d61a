-- group: methods and inheritance
-- A small operating system: tasks of several classes pass packets through queues until all is done.
local size = tonumber(arg and arg[1]) or 590000

local Queue = {}
Queue.__index = Queue
function Queue.new() return setmetatable({ first = 1, last = 0 }, Queue) end
function Queue:put(item)
    self.last = self.last + 1
    self[self.last] = item
end
function Queue:take()
    local first = self.first
    if first > self.last then return nil end
    local item = self[first]
    self[first] = nil
    self.first = first + 1
    return item
end
function Queue:empty() return self.first > self.last end

local Task = {}
Task.__index = Task
function Task.init(task, system, name)
    task.system, task.name = system, name
    task.inbox, task.runs, task.handled = Queue.new(), 0, 0
    return task
end
function Task:ready() return not self.inbox:empty() end
function Task:run()
    self.runs = self.runs + 1
    local packet = self.inbox:take()
    if packet then
        self.handled = self.handled + 1
        self:handle(packet)
    end
end
function Task:send(name, packet) self.system.tasks[name].inbox:put(packet) end

local function derive(base)
    local class = setmetatable({}, { __index = base })
    class.__index = class
    return class
end

local Worker, Device, Handler = derive(Task), derive(Task), derive(Task)
function Worker:handle(packet)
    packet.hops = packet.hops + 1
    packet.value = (packet.value * 5 + packet.hops) % 65536
    self:send(packet.value % 2 == 0 and "handler a" or "handler b", packet)
end
function Device:handle(packet)
    packet.hops = packet.hops + 1
    packet.value = (packet.value + self.latency) % 65536
    self:send("worker", packet)
end
function Handler:handle(packet)
    packet.hops = packet.hops + 1
    self.system.left = self.system.left - 1
    self:send(self.device, packet)
end

local System = {}
System.__index = System
function System.new(left)
    return setmetatable({ tasks = {}, order = {}, left = left }, System)
end
function System:add(class, name, extra)
    local task = Task.init(setmetatable(extra or {}, class), self, name)
    self.tasks[name] = task
    self.order[#self.order + 1] = task
end
function System:run()
    local order = self.order
    while self.left > 0 do
        for i = 1, #order do
            local task = order[i]
            if task:ready() then task:run() end
        end
    end
end

local system = System.new(size)
system:add(Worker, "worker")
system:add(Handler, "handler a", { device = "device a" })
system:add(Handler, "handler b", { device = "device b" })
system:add(Device, "device a", { latency = 3 })
system:add(Device, "device b", { latency = 10 })
for i = 1, 12 do
    system.tasks.worker.inbox:put({ hops = 0, value = i * 100 })
end
system:run()

local runs, handled = 0, 0
for _, task in ipairs(system.order) do
    runs, handled = runs + task.runs, handled + task.handled
end
print(string.format("scheduler %d %d %d %d", size, runs, handled,
    system.tasks["handler a"].handled))
