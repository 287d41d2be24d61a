-- debian: lua-penlight
local List, Map, stringx = require "pl.List", require "pl.Map", require "pl.stringx"
assert(tostring(List { 3, 1, 2 }:sort():map(function(x) return x * 2 end)) == "{2,4,6}")
local map = Map { a = 1 }
map:set("b", 2)
assert(List(map:keys()):sort():concat "," == "a,b")
assert(stringx.strip "  x  " == "x" and #stringx.split("a b c") == 3)
local pretty = require "pl.pretty"
local back = pretty.read(pretty.write { 1, 2, { x = "y" } })
assert(back[3].x == "y")
local class = require "pl.class"
local Animal = class()
function Animal:_init(name) self.name = name end
function Animal:__tostring() return self.name end
local Dog = class(Animal)
assert(tostring(Dog "rex") == "rex" and Dog "rex":is_a(Animal))
local data = require "pl.data".read(require "pl.stringio".open "x,y\n1,2\n3,4\n")
assert(data[2][2] == 4)
assert(require "pl.template".substitute("# for i=1,3 do\n$(i);\n# end\n", {}) == "1;\n2;\n3;\n")
assert(#require "pl.path".splitext "a/b.lua" == 3)
local comprehension = require "pl.comprehension".new()
assert(comprehension "x^2 for x=1,4"()[4] == 16)
require "pl.strict"
assert(not pcall(function() return undefined_global end))
