-- debian: lua-cjson
local cjson = require "cjson"
local value = { list = { 1, 2.5, "three", true, cjson.null }, nested = { deep = { deeper = {} } }, text = "a\n\"\\\226\130\172" }
local back = cjson.decode(cjson.encode(value))
assert(back.list[1] == 1 and back.list[2] == 2.5 and back.list[3] == "three" and back.list[4] == true)
assert(back.list[5] == cjson.null and #back.list == 5)
assert(back.text == value.text and next(back.nested.deep.deeper) == nil)
local ok, message = pcall(cjson.decode, '{"a": [1, 2')
assert(not ok and message:find "Expected", message)
assert(not pcall(cjson.encode, { f = print }))
local large = {}
for i = 1, 20000 do large[i] = { id = i, name = "n" .. i } end
local again = cjson.decode(cjson.encode(large))
assert(#again == 20000 and again[20000].name == "n20000")
local safe = require "cjson.safe"
assert(select("#", safe.decode "[") == 2)
