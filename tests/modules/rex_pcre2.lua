-- debian: lua-rex-pcre2
local rex = require "rex_pcre2"
local pattern = rex.new [[(?<key>\w+)\s*=\s*(?<value>"(?:[^"\\]|\\.)*"|\d+)]]
local found = {}
for key, value in rex.gmatch([[a = 1, b="two \" quoted", c=3]], pattern) do found[#found + 1] = key .. ":" .. value end
assert(table.concat(found, " ") == [[a:1 b:"two \" quoted" c:3]])
assert(rex.gsub("2026-11-21", [[(\d+)-(\d+)-(\d+)]], "%3.%2.%1") == "21.11.2026")
assert(rex.gsub("abc", "[a-c]", function(c) return c:upper() end) == "ABC")
local ok, message = pcall(rex.new, "(unclosed")
assert(not ok and message:find "parenthesis", message)
assert(rex.find("xxabc", "(?<=xx)abc") == 3)
