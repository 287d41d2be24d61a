-- debian: lua-expat
local lxp = require "lxp"
local events = {}
local parser = lxp.new {
    StartElement = function(_, name, attributes) events[#events + 1] = "<" .. name .. (attributes.id or "") end,
    EndElement = function(_, name) events[#events + 1] = ">" .. name end,
    CharacterData = function(_, text) if text:find "%S" then events[#events + 1] = text end end,
}
for piece in ([[<?xml version="1.0"?><list><item id="1">one</item><item id="2">two &amp; three</item></list>]]):gmatch "..?.?.?.?" do
    assert(parser:parse(piece))
end
assert(parser:parse())
parser:close()
local joined = table.concat(events, " ")
assert(joined:find("<list <item1 one >item <item2", 1, true) == 1 and joined:find(">item >list", 1, true), joined)
local bad = lxp.new {}
local ok, message, line = bad:parse "<a></b>"
assert(not ok and message:find "mismatched tag" and line == 1)
-- An error in a callback passes through expat's C frames.
local throwing = lxp.new { StartElement = function() error "from the callback" end }
assert(select(2, pcall(throwing.parse, throwing, "<a/>")):find "from the callback")
local lom = require "lxp.lom"
assert(lom.parse "<a b='1'><c/></a>"[1].tag == "c")
