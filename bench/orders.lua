-- group: records
-- A book of orders: records with optional fields, updated, filtered and summed by customer.
local size = tonumber(arg and arg[1]) or 150000
local rounds = 40

local seed = 7
local function random(range)
    seed = (seed * 16807) % 2147483647
    return seed % range
end

local states = { "new", "paid", "sent", "done" }
local following = { new = "paid", paid = "sent", sent = "done" }

local orders = {}
for i = 1, size do
    local order = {
        number = i,
        customer = random(500) + 1,
        state = states[random(4) + 1],
        price = random(1000) + 1,
        quantity = random(9) + 1,
    }
    if random(5) == 0 then order.discount = random(50) end
    if random(7) == 0 then order.express = true end
    orders[i] = order
end

local function cost(order)
    local sum = order.price * order.quantity
    if order.discount then sum = sum - order.discount end
    if order.express then sum = sum + 25 end
    return sum
end

local turnover = {}
for _ = 1, rounds do
    for customer = 1, 500 do turnover[customer] = 0 end
    for _, order in ipairs(orders) do
        if order.state ~= "done" then
            if order.number % 3 ~= 0 then order.state = following[order.state] end
        else
            order.state = "new"
            order.quantity = order.quantity % 9 + 1
        end
        turnover[order.customer] = turnover[order.customer] + cost(order)
    end
end

local total, best, who = 0, 0, 0
for customer, sum in ipairs(turnover) do
    total = total + sum
    if sum > best then best, who = sum, customer end
end
print(string.format("orders %d %d %d %d", size, total, best, who))
