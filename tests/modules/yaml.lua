-- debian: lua-yaml
local yaml = require "lyaml"
local got = yaml.load "a: 1\nb: [x, y, {z: true}]\nc: |\n  two\n  lines\n"
assert(got.a == 1 and got.b[2] == "y" and got.b[3].z == true and got.c == "two\nlines\n")
local back = yaml.load(yaml.dump { { list = { 1, 2, 3 }, text = "x: y" } })
assert(#back.list == 3 and back.text == "x: y")
assert(not pcall(yaml.load, "a: [1, 2"))
