-- group: allocation
-- Arithmetic expressions: tokens, a syntax tree of records, simplification and evaluation.
local size = tonumber(arg and arg[1]) or 54000

local function tokens(text)
    local list = {}
    for word, sign in text:gmatch("(%w*)%s*([-+*()]?)") do
        if word ~= "" then list[#list + 1] = word end
        if sign ~= "" then list[#list + 1] = sign end
    end
    return list
end

local parse_sum

local function parse_atom(list, at)
    local token = list[at]
    if token == "(" then
        local node, after = parse_sum(list, at + 1)
        return node, after + 1
    end
    local number = tonumber(token)
    if number then return { kind = "number", value = number }, at + 1 end
    return { kind = "name", name = token }, at + 1
end

local function parse_product(list, at)
    local node, right
    node, at = parse_atom(list, at)
    while list[at] == "*" do
        right, at = parse_atom(list, at + 1)
        node = { kind = "binary", op = "*", left = node, right = right }
    end
    return node, at
end

function parse_sum(list, at)
    local node, right
    node, at = parse_product(list, at)
    while list[at] == "+" or list[at] == "-" do
        local op = list[at]
        right, at = parse_product(list, at + 1)
        node = { kind = "binary", op = op, left = node, right = right }
    end
    return node, at
end

local apply = {
    ["+"] = function(a, b) return a + b end,
    ["-"] = function(a, b) return a - b end,
    ["*"] = function(a, b) return a * b % 1009 end,
}

local function simplify(node)
    if node.kind ~= "binary" then return node end
    local left, right = simplify(node.left), simplify(node.right)
    if left.kind == "number" and right.kind == "number" then
        return { kind = "number", value = apply[node.op](left.value, right.value) }
    end
    return { kind = "binary", op = node.op, left = left, right = right }
end

local function evaluate(node, values)
    if node.kind == "number" then return node.value end
    if node.kind == "name" then return values[node.name] end
    return apply[node.op](evaluate(node.left, values), evaluate(node.right, values))
end

local total = 0
for i = 1, size do
    local text = "(x + " .. i % 50 .. ") * (3 * 4 - y) + 2 * (x * y - (7 + 8) * z) - "
        .. i % 9 .. " * (1 + 2)"
    local tree = simplify((parse_sum(tokens(text), 1)))
    for x = 1, 3 do
        total = (total + evaluate(tree, { x = x, y = i % 7, z = 5 })) % 1000003
    end
end
print(string.format("expressions %d %d", size, total))
