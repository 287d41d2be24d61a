-- group: methods and inheritance
-- Accounts: a class, two levels of inheritance, overridden methods and calls of the parent's.
local size = tonumber(arg and arg[1]) or 5700000

local Account = {}
Account.__index = Account

function Account.new(class, owner, balance)
    return setmetatable({ owner = owner, balance = balance, entries = 0 }, class)
end

function Account:deposit(amount)
    self.balance = self.balance + amount
    self.entries = self.entries + 1
end

function Account:withdraw(amount)
    if amount > self:available() then return false end
    self.balance = self.balance - amount
    self.entries = self.entries + 1
    return true
end

function Account:available()
    return self.balance
end

local Credit = setmetatable({}, { __index = Account })
Credit.__index = Credit

function Credit.new(class, owner, balance, limit)
    local account = Account.new(class, owner, balance)
    account.limit = limit
    return account
end

function Credit:available()
    return self.balance + self.limit
end

local Premium = setmetatable({}, { __index = Credit })
Premium.__index = Premium

function Premium:deposit(amount)
    Credit.deposit(self, amount + 1)
end

local bank = {
    Account:new("ann", 100),
    Credit:new("bob", 50, 500),
    Premium:new("cat", 10, 1000),
    Account:new("dan", 0),
}

local refused = 0
for i = 1, size do
    local from, to = bank[i % 4 + 1], bank[(i * 7 + 1) % 4 + 1]
    local amount = i % 90
    if from:withdraw(amount) then
        to:deposit(amount)
    else
        refused = refused + 1
    end
end

local total, entries = 0, 0
for _, account in ipairs(bank) do
    total = total + account.balance
    entries = entries + account.entries
end
print(string.format("accounts %d %d %d %d", size, total, entries, refused))
