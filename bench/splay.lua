-- group: allocation
-- A splay tree with steady insertion and removal, its nodes carrying small payloads.
local size = tonumber(arg and arg[1]) or 100000

local Tree = {}
Tree.__index = Tree
function Tree.new() return setmetatable({ root = nil, count = 0 }, Tree) end

-- Top-down splay: afterwards the root holds `key` or a neighbour of it.
function Tree:splay(key)
    local node = self.root
    if not node then return end
    local holder = {}
    local left, right = holder, holder
    while true do
        if key < node.key then
            local child = node.left
            if not child then break end
            if key < child.key then
                node.left, child.right = child.right, node
                node = child
                if not node.left then break end
            end
            right.left, right = node, node
            node = node.left
        elseif key > node.key then
            local child = node.right
            if not child then break end
            if key > child.key then
                node.right, child.left = child.left, node
                node = child
                if not node.right then break end
            end
            left.right, left = node, node
            node = node.right
        else
            break
        end
    end
    left.right, right.left = node.left, node.right
    node.left, node.right = holder.right, holder.left
    self.root = node
end

function Tree:insert(key, value)
    self:splay(key)
    local root = self.root
    if root and root.key == key then return false end
    local node = { key = key, value = value }
    if root then
        if key < root.key then
            node.left, node.right = root.left, root
            root.left = nil
        else
            node.right, node.left = root.right, root
            root.right = nil
        end
    end
    self.root = node
    self.count = self.count + 1
    return true
end

function Tree:remove(key)
    self:splay(key)
    local root = self.root
    if not root or root.key ~= key then return nil end
    if not root.left then
        self.root = root.right
    else
        local right = root.right
        self.root = root.left
        self:splay(key)
        self.root.right = right
    end
    self.count = self.count - 1
    return root
end

function Tree:greatest_below(key)
    self:splay(key)
    local node = self.root
    if node.key < key then return node.key end
    node = node.left
    while node and node.right do node = node.right end
    return node and node.key
end

local seed = 42
local function random()
    seed = (seed * 16807) % 2147483647
    return seed
end

local function payload(depth, tag)
    if depth == 0 then return { "leaf", tag, { 1, 2, 3 } } end
    return { left = payload(depth - 1, tag), right = payload(depth - 1, tag) }
end

local tree = Tree.new()
local function insert()
    local key
    repeat key = random() until tree:insert(key, payload(2, "k" .. key % 1000))
    return key
end

for _ = 1, 3000 do insert() end
local hash = 0
for _ = 1, size do
    local key = insert()
    local victim = tree:greatest_below(key) or key
    assert(tree:remove(victim))
    hash = (hash * 31 + victim) % 1000003
end
print(string.format("splay %d %d %d", size, tree.count, hash))
