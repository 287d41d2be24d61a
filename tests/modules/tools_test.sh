#!/bin/sh
# variants: release
# Programs written in Lua, of Debian's: busted runs a spec file, luacheck reads our examples, ldoc makes pages.
set -u
failed=0
wrong() { echo "$1" >&2; failed=1; }
cd "$TMPDIR" || exit 1
examples=$(dirname "$NEAP")/../../examples

mkdir spec
cat >spec/tide_spec.lua <<'END'
describe("the tide", function()
    local level
    before_each(function() level = 3 end)
    it("falls", function() level = level - 1 assert.are.equal(2, level) end)
    it("starts afresh for each test", function() assert.are.equal(3, level) end)
    it("fails here", function() assert.are.same({ 1, 2 }, { 1, 3 }) end)
    pending "is not written yet"
    it("spies", function()
        local s = spy.new(function() end)
        s("ebb")
        assert.spy(s).was_called_with "ebb"
    end)
end)
END
"$NEAP" /usr/bin/busted --output=TAP >busted 2>&1
[ $? -eq 1 ] || wrong "busted: expected exit 1 for one failing test"
[ "$(grep -c '^ok [0-9]* - the tide' busted)" -eq 3 ] || wrong "busted: expected 3 passing tests, got: $(cat busted)"
grep -q '^not ok .*fails here' busted || wrong "busted: the failing test is not named: $(cat busted)"

# luacheck and ldoc are packaged for older Luas; their sources run on 5.4 too.
LUA_PATH='/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua;;'
export LUA_PATH
printf 'local unused = 1\nprint(undefined_name)\nlocal function f(x) x = 2 end\nf()\n' >bad.lua
"$NEAP" /usr/bin/luacheck --no-color --no-cache bad.lua >luacheck 2>&1
grep -q "unused variable.*unused" luacheck && grep -q "accessing undefined variable.*undefined_name" luacheck ||
    wrong "luacheck did not find what is wrong: $(cat luacheck)"
"$NEAP" /usr/bin/luacheck --no-color --no-cache --std lua54 --ignore 6 --globals heap -q "$examples"/*.lua >luacheck 2>&1
[ $? -le 1 ] && grep -q 'Total: .* in [0-9]* files' luacheck || wrong "luacheck on the examples: $(tail -3 luacheck)"
grep -q ' 0 errors' luacheck || wrong "luacheck cannot read an example: $(grep -m1 '(E' luacheck)"

cat >tide.lua <<'END'
--- The tide.
-- @module tide
local tide = {}
--- How high the water is.
-- @int hour hour of the day
-- @treturn number metres
function tide.level(hour) return hour % 12 / 2 end
return tide
END
"$NEAP" /usr/bin/ldoc --fatalwarnings -d pages tide.lua >ldoc 2>&1 || wrong "ldoc: $(tail -2 ldoc)"
grep -q 'How high the water is' pages/index.html || wrong "ldoc made no page"
exit $failed
