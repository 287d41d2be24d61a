#!/bin/sh
# heapreport_test.sh: --heap-report=FILE: what is in the page, when it is written, and what happens when it cannot be.
# heapreport_page_test.sh looks at it in a browser.

neap=${1:-${NEAP:-out/neap}}
case $neap in
    /*) ;;
    *) neap=$PWD/$neap ;;
esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

say() { # name, expected, got
    if [ "$2" = "$3" ]; then
        echo "ok - $1"
    else
        failures=$((failures + 1))
        echo "not ok - $1: expected [$2], got [$3]"
    fi
}

cat >read.lua <<'END'
-- The data of a report, as a Lua table: JSON of numbers, strings without escapes, arrays and objects.
local text = assert(io.open(arg[1])):read "a"
local data = assert(text:match '<script type="application/json" id="data">%s*(.-)%s*</script>')
assert(not data:find "[%%`]" and not data:find("<", 1, true))
local strings = {}
data = data:gsub('"([^"]*)"', function(s) strings[#strings + 1] = s; return "\0" .. #strings .. ";" end)
data = data:gsub("%[", "{"):gsub("%]", "}"):gsub("(\0%d+;):", "[%1]="):gsub("\0(%d+);", function(i)
  return string.format("%q", strings[tonumber(i)])
end)
local report = assert(load("return " .. data))()
local samples = report.samples
for _, name in ipairs { "stop", "live", "ready", "resident", "given_back" } do
  assert(#samples[name] == #samples.time, name)
end
for i = 2, #samples.time do assert(samples.time[i] >= samples.time[i - 1]) end
assert(#report.maps >= 2 and #report.maps <= 64 and #samples.time <= 1024)
for _, map in ipairs(report.maps) do
  for _, arena in ipairs(map.arenas) do
    local cells = 0
    for count in arena.cells:gmatch "(%d*)%l" do cells = cells + (tonumber(count) or 1) end
    assert(cells * map.cell_bytes == arena.bytes, "the cells are not the arena's")
  end
end
assert(load(arg[2], "=" .. arg[2], "t", setmetatable({ report = report, samples = samples }, { __index = _G })))()
END
holds() { # name, what of `report` must be true
    got=$("$neap" read.lua report.html "assert($2)" 2>&1 && echo holds)
    say "$1" holds "$got"
}

cat >flood.lua <<'END'
local t = {}
for i = 1, 200000 do t[i] = { i } end
t = nil
collectgarbage()
for i = 1, 200 do local s = ("x"):rep(100000) .. i end
END
"$neap" --heap-report=report.html flood.lua >out 2>err
say "a report is silent" "0" "$?$(cat out err)"
holds "the head" 'report.program == "flood.lua" and report.collections > 0 and report.allocated > 10e6'
holds "the peak is seen" 'report.peak.live > 8e6 and report.peak.live > 4 * report["end"].live'
holds "what was given back" 'report.given_back > 4e6'
holds "types" '(function() for _, row in ipairs(report.peak.types) do if row[1] == "table" then return row[2] > 100000 end end end)()'

holds "sites" 'report.peak.sites[1][1] == "flood.lua:2" and report.peak.sites[1][3] > 4e6 and report.peak.sites[1][2] > 50000'

# A program that looks at profiles and marks of its own neither disturbs the report nor is disturbed.
cat >own.lua <<'END'
assert(not heap.profile())
heap.profile(1)
local mark = heap.mark()
t = {}
for i = 1, 200000 do t[i] = { i } end
for i = 1, 5 do
  assert(heap.profile()[1].stack)
  assert(heap.since(mark)[1].type == "table")
  setmetatable({}, { __gc = function() heap.profile() heap.since(mark) end })
end
mark:drop()
heap.profile(false)
assert(not heap.profile())
END
"$neap" --heap-report=report.html own.lua >out 2>err
say "a program with a profile of its own" "0" "$?$(cat out err)"
holds "a program with a profile of its own: sites" 'report["end"].sites[1][1] == "own.lua:5" and report["end"].sites[1][3] > 4e6'
rm own.lua

# However long the run and however many collections, the record is bounded (read.lua asserts it).
"$neap" --heap-report=report.html -e 'for i = 1, 2500 do collectgarbage() end heap.release()'
holds "many collections" 'report.collections >= 2500 and report.program == "(command line)"'

# Nor does giving memory back again and again leave no room for what comes then.
"$neap" --heap-report=report.html -e 'for i = 1, 3000 do heap.release() end t = {} for i = 1, 200000 do t[i] = {i} end collectgarbage()'
holds "many releases" 'math.max(table.unpack(samples.live)) > 8e6 and #report.maps > 2'

"$neap" --heap-report=report.html -e 'error "broken"' >out 2>err
say "after an error: status" 1 "$?"
holds "after an error" 'report.program == "(command line)"'
rm report.html
"$neap" --heap-report=report.html -e 'os.exit(7)'
say "after os.exit: status" 7 "$?"
holds "after os.exit" 'true'
rm report.html
"$neap" --heap-report=report.html -e 'os.exit(3, true)'
say "after os.exit that closes: status" 3 "$?"
holds "after os.exit that closes" 'true'
echo 'print(1)' >'<b> "x"\'
"$neap" --heap-report=report.html '<b> "x"\' >out
say "a name that looks like HTML" '{"program":"\u003cb> \"x\"\\","version"' "$(grep -o '^{"program":.*"version"' report.html)"
rm -- '<b> "x"\'
say "nothing but the reports is left" "" "$(ls | grep -v -x -e err -e out -e read.lua -e flood.lua -e report.html)"

unwritable() { # name, FILE, reason
    "$neap" --heap-report="$2" -e 'print "done" os.exit(5)' >out 2>err
    say "$1: status" 5 "$?"
    say "$1: output" done "$(cat out)"
    say "$1: message" "$neap: cannot write the heap report '$2': $3" "$(cat err)"
}
unwritable "a folder that is not there" none/r.html "No such file or directory"
unwritable "a folder" "$dir" "Is a directory"
unwritable "a full disk" /dev/full "No space left on device"
if [ -c /dev/full ]; then echo "ok - a device stays a device"; else say "a device stays a device" device file; fi

[ "$failures" -eq 0 ]
