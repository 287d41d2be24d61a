-- Modules (manual 6.3). Silent on success.

local check = dofile "tests/lua/check.lua"
local eq, fails = check.eq, check.fails

-- A folder of our own under the temporary folder.
local folder = os.tmpname()
os.remove(folder)
assert(os.execute("mkdir -p " .. folder .. "/sub"))
local function fill(file, text)
  local f = assert(io.open(folder .. "/" .. file, "w"))
  f:write(text)
  f:close()
end

local old_path, old_cpath = package.path, package.cpath
package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua"
package.cpath = folder .. "/?.so"

-- the fields
eq(type(old_path), "string"); eq(type(old_cpath), "string")
eq(package.config, "/\n;\n?\n!\n-\n")
eq(package.loaded._G, _G); eq(package.loaded.package, package); eq(package.loaded.string, string)
eq(type(package.preload), "table"); eq(#package.searchers, 4)
for _, library in ipairs{"string", "table", "math", "io", "os", "coroutine", "utf8", "debug", "package"} do
  eq(require(library), _G[library])
end

-- what the loader gets and gives
fill("m1.lua", "local name, file = ...; return {name = name, file = file}")
local m, extra = require("m1")
eq(m.name, "m1"); eq(m.file, folder .. "/m1.lua"); eq(extra, m.file)
eq(require("m1"), m); eq(package.loaded.m1, m)
check.list(table.pack(require("m1")), m)
package.loaded.m1 = nil
assert(require("m1") ~= m, "loaded again")

fill("m2.lua", "")
eq(require("m2"), true); eq(package.loaded.m2, true)
fill("m3.lua", "return false")
eq(require("m3"), false)
package.loaded.m3 = nil
fill("m4.lua", "package.loaded[...] = 'set by itself'")
eq(require("m4"), "set by itself")
fill("m5.lua", "package.loaded[...] = 'one'; return 'two'")
eq(require("m5"), "two")
fill("sub/init.lua", "return 'init'")
fill("sub/leaf.lua", "return ...")
eq(require("sub"), "init"); eq(require("sub.leaf"), "sub.leaf")

-- failures
fill("broken.lua", "x = = 1")
fails("error loading module 'broken' from file '" .. folder .. "/broken.lua':\n\t", require, "broken")
fill("raises.lua", "error({code = 7})")
local ok, object = pcall(require, "raises")
eq(object.code, 7); eq(package.loaded.raises, nil)
ok, object = pcall(require, "no.such")
eq(object, "module 'no.such' not found:\n\tno field package.preload['no.such']\n\tno file '" .. folder ..
  "/no/such.lua'\n\tno file '" .. folder .. "/no/such/init.lua'\n\tno file '" .. folder .. "/no/such.so'\n\tno file '" ..
  folder .. "/no.so'")
fails("bad argument #1 to 'require' (string expected, got table)", require, {})

-- preload
package.preload.pre = function(...) return {...} end
m, extra = require("pre")
eq(m[1], "pre"); eq(m[2], ":preload:"); eq(extra, ":preload:")
package.preload.pre, package.loaded.pre = nil, nil

-- searchers of one's own
table.insert(package.searchers, 2, function(name)
  if name == "virtual" then return function(n, e) return n .. e end, "!" end
  return "no virtual '" .. name .. "'"
end)
check.list(table.pack(require("virtual")), "virtual!", "!")
fails("\n\tno virtual 'absent'\n\tno file", require, "absent")
table.remove(package.searchers, 2)
table.insert(package.searchers, function() return nil end)
table.insert(package.searchers, function() return 42 end) -- not a function: a number joins the message as text
fails("42", require, "absent")
table.remove(package.searchers); table.remove(package.searchers)
local searchers = package.searchers
package.searchers = nil
fails("'package.searchers' must be a table", require, "absent")
package.searchers = searchers
local path = package.path
package.path = nil
fails("'package.path' must be a string", require, "absent")
package.path = path

-- searchpath
eq(package.searchpath("m1", package.path), folder .. "/m1.lua")
eq(package.searchpath("sub.leaf", folder .. "/?.lua"), folder .. "/sub/leaf.lua")
eq(package.searchpath("sub-leaf", folder .. "/?.lua", "-"), folder .. "/sub/leaf.lua")
eq(package.searchpath("sub.leaf.lua", folder .. "/?", "", ""), nil)
eq(package.searchpath("sub/leaf", folder .. "/?.lua", ""), folder .. "/sub/leaf.lua")
eq(package.searchpath("sub:leaf", folder .. "/?.lua", ":", "/"), folder .. "/sub/leaf.lua")
check.list(table.pack(package.searchpath("x.y", "?.a;?-?;const")), nil, "no file 'x/y.a'\n\tno file 'x/y-x/y'\n\tno file 'const'")
check.list(table.pack(package.searchpath("x", "")), nil, "no file ''")
fails("string expected, got no value", package.searchpath, "x")

-- loadlib
local f, message, when = package.loadlib("/no/such/library.so", "*")
eq(f, nil); eq(type(message), "string"); eq(when, "open")
fails("string expected, got no value", package.loadlib, "x")

-- require yields not, but works inside coroutines
fill("m6.lua", "return coroutine.isyieldable()")
eq(coroutine.wrap(function() return require("m6") end)(), false)

package.path, package.cpath = old_path, old_cpath
os.execute("rm -r " .. folder)
