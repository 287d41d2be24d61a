-- debian: lua-luassert
local assert = require "luassert"
local spy, stub, match = require "luassert.spy", require "luassert.stub", require "luassert.match"
assert.are.same({ 1, { 2 } }, { 1, { 2 } })
assert.has_error(function() error "x" end, "x")
assert.is_true(true)
local s = spy.new(function(x) return x end)
s(5)
assert.spy(s).was.called_with(match.is_number())
local t = { f = function() return 1 end }
stub(t, "f").returns(2)
assert.equals(2, t.f())
t.f:revert()
assert.equals(1, t.f())
local ok, message = pcall(assert.are.same, { a = 1 }, { a = 2 })
assert.is_false(ok)
assert.truthy(tostring(message):find "Expected objects to be the same")
