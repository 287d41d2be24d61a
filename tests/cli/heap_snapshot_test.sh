#!/bin/sh
# heap_snapshot_test.sh: --heap-snapshot, --heap-snapshot-signal and --heap-snapshot-on-oom: which files there are and what
# the program notices (nothing), and what Chrome makes of a snapshot.
# variants: release
# time: 200
#
# Where Chromium cannot be run that part is skipped, and says so.

neap=${NEAP:-out/neap}
case $neap in
    /*) ;;
    *) neap=$PWD/$neap ;;
esac
here=$PWD
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

say() { # name, expected, got
    if [ "$2" = "$3" ]; then
        echo "ok - $1"
    else
        failures=$((failures + 1))
        printf 'not ok - %s: expected [%s], got [%s]\n' "$1" "$2" "$3" | tr '\n' '~' | sed 's/~$//; s/~/\\n/g'
        echo
    fi
}
has() { # name, text, file
    if grep -qF -e "$2" "$3"; then
        echo "ok - $1"
    else
        say "$1" "$3 to contain '$2'" "$(head -c 600 "$3")"
    fi
}
run() {
    "$neap" "$@" >out 2>err </dev/null
    status=$?
}
# The files of the folder but out and err.
files() { ls | grep -v -e '^out$' -e '^err$' | tr '\n' ' '; }

# --- at exit --------------------------------------------------------------------------------------
run --heap-snapshot=a.heapsnapshot -e 'print "hello"'
say "at exit: output" "hello 0" "$(cat out err) $status"
say "at exit: files" "a.heapsnapshot " "$(files)"
has "at exit: it is one" '"node_count":' a.heapsnapshot
run --heap-snapshot=a.heapsnapshot -e 'error "no"'
say "after an error: status" 1 "$status"
run --heap-snapshot=b.heapsnapshot -e 'coroutine.wrap(function() os.exit(3, true) end)()'
say "os.exit that closes: status" "3 " "$status $(cat err)"
run --heap-snapshot=c.heapsnapshot -e 'setmetatable({}, {__gc = function() print(heap.types()[1] ~= nil) end}) os.exit(4)'
say "os.exit: status" "4 " "$status $(cat err)"
say "os.exit: files" "a.heapsnapshot b.heapsnapshot c.heapsnapshot " "$(files)"
rm -f ./*.heapsnapshot

# --- files that cannot be written -------------------------------------------------------------------
mkdir folder
for path in /dev/full folder nowhere/x.heapsnapshot; do
    run --heap-snapshot="$path" -e 'print "hello" os.exit(5)'
    say "$path: output" "hello 5" "$(cat out) $status"
    say "$path: one line" 1 "$(wc -l <err | tr -d ' ')"
    has "$path: the reason" "cannot write a snapshot of the heap to '$path': " err
done
echo old >kept.heapsnapshot
(
    ulimit -f 8
    trap '' XFSZ
    "$neap" --heap-snapshot=kept.heapsnapshot -e 'print "hello"' >out 2>err
    echo $? >>out
)
say "a disk that fills: output" "hello 0" "$(tr '\n' ' ' <out | sed 's/ $//')"
has "a disk that fills: the reason" "cannot write a snapshot of the heap to 'kept.heapsnapshot': File too large" err
say "a disk that fills: what was there" old "$(cat kept.heapsnapshot)"
say "a disk that fills: files" "folder kept.heapsnapshot " "$(files)"
rm -rf folder kept.heapsnapshot

# --- signals ------------------------------------------------------------------------------------------
# The program signals itself, in the main program, in a coroutine that does not end, and in a C function.
cat >signals.lua <<'END'
local function signal() assert(os.execute("kill -USR2 " .. tostring(pid))) end
local function exists(name) local file = io.open(name) if file then file:close() end return file ~= nil end
local hooked = 0
debug.sethook(function() hooked = hooked + 1 end, "", 1000)
pid = io.open("/proc/self/stat"):read("n")
signal()
assert(exists "s.1.heapsnapshot", "a signal in a C function is answered at its end")
local co = coroutine.wrap(function() signal() local n = 0 while not coroutine.running() do n = n + 1 end end)
co()
assert(exists "s.2.heapsnapshot", "in a coroutine")
os.execute("(sleep 0.2; kill -USR2 " .. pid .. ") &")
local limit = os.time() + 60
local n = 0
while not exists "s.3.heapsnapshot" do
  for i = 1, 1000000 do n = n + i end
  assert(os.time() < limit, "in a loop")
end
assert(debug.gethook(), "a hook of the program stays")
assert(hooked > 0)
print "done"
END
run --heap-snapshot-signal=USR2 --heap-snapshot=s.heapsnapshot signals.lua
say "signals: output" "done 0" "$(cat out) $status"
say "signals: files" "s.1.heapsnapshot s.2.heapsnapshot s.3.heapsnapshot s.heapsnapshot signals.lua " "$(files)"
has "signals: told" "wrote a snapshot of the heap to 's.1.heapsnapshot'" err
rm -f ./*.heapsnapshot signals.lua
run --heap-snapshot-signal=USR1 -e 'os.execute("kill -USR1 " .. io.open("/proc/self/stat"):read("n"))'
say "signals: usual name" "neap.1.heapsnapshot " "$(files)"
rm -f ./*.heapsnapshot

# --- memory runs out -----------------------------------------------------------------------------------
cat >oom.lua <<'END'
local function flood() local t = {} for i = 1, 1e8 do t[i] = {number_in_flood = i} end end
for i = 1, 2 do print(pcall(flood)) end
END
run --heap-limit=16MiB --heap-snapshot-on-oom oom.lua
say "out of memory: output" "false	not enough memory
false	not enough memory
0" "$(cat out; echo $status)"
say "out of memory: files" "neap.oom.heapsnapshot oom.lua " "$(files)"
has "out of memory: told" "wrote a snapshot of the heap to 'neap.oom.heapsnapshot'" err
has "out of memory: what there was" "Table (shape: number_in_flood)" neap.oom.heapsnapshot
run --heap-limit=16MiB --heap-snapshot-on-oom --heap-snapshot=nowhere/x.heapsnapshot oom.lua
say "out of memory, no such folder: status" 0 "$status"
say "out of memory, no such folder: two lines" 2 "$(grep -c 'cannot write a snapshot' err)"

# --- what Chrome makes of it ------------------------------------------------------------------------------
cat >program.lua <<'END'
package.loaded.cache = {entries = {}}
for i = 1, 100 do require "cache".entries[i] = {session = {user = "user " .. i}} end
local Account = {__name = "Account"}
accounts = {}
for i = 1, 10 do accounts[i] = setmetatable({balance = i}, Account) end
local hidden = {}
function reveal() return hidden end
co = coroutine.create(function() local inside = {} coroutine.yield() return inside end)
coroutine.resume(co)
weak = setmetatable({hidden}, {__mode = "v"})
assert(heap.snapshot "p.heapsnapshot")
print(heap.stats().live)
END
run program.lua
live=$(cat out)
say "program: errors" "" "$(cat err)"
node "$here/tests/cli/chrome_heap.mjs" p.heapsnapshot >chrome 2>why
if [ $? = 2 ]; then
    echo "ok - Chrome loads it # SKIP $(tr '\n' ' ' <why)"
    exit $((failures > 0))
fi
say "Chrome: problems" "" "$(grep '^problem' chrome; cat why)"
has "Chrome: bytes are those of heap.stats" "total $live, reachable $live" chrome
has "Chrome: tables by shape" "class 100 4800 Table (shape: session)" chrome
has "Chrome: tables by __name" "class 10 480 Account" chrome
modules="Table (shape: _G,package,coroutine,table,io,os,string,math,utf8,debug,heap,cache)"
tab=$(printf '\t')
edge() { has "Chrome: $1" "edge$tab$2$tab$3$tab$4$tab$5" chrome; }
edge "loaded modules" "" shortcut .package.loaded "$modules"
edge "a module" "$modules" property .cache "Table (shape: entries)"
edge "an index" "Table (array)" element "[17]" "Table (shape: session)"
edge "a field" "Table (shape: session)" property .session "Table (shape: user)"
edge "a string" "Table (shape: user)" property .user "user 17"
edge "a metatable" Account internal "{metatable}" "Table (shape: __name)"
edge "an upvalue" "function reveal (program.lua:7)" context "->hidden" Upvalue
edge "its value" Upvalue internal "{value}" "Table (empty)"
edge "a local variable" Coroutine context "->local inside in function at program.lua:8" "Table (empty)"
edge "the main program's" "main thread" context "->local hidden in main chunk at program.lua:11" "Table (empty)"
edge "a weak reference" "Table (array)" weak "[[[1]]]" "Table (empty)"
edge "code" "function reveal (program.lua:7)" internal "{code}" "code of function reveal (program.lua:7)"
grep -q '^holds Table (shape: entries): [0-9][0-9][0-9][0-9][0-9]' chrome
say "Chrome: the cache holds its sessions" 0 $?

exit $((failures > 0))
