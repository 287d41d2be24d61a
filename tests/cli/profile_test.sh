#!/bin/sh
# profile_test.sh: --heap-profile and --cpu-profile: what is written when, however the program ends, and what is said when
# it cannot be.
#
#     sh tests/cli/profile_test.sh path/to/neap
#
# One line for each test, "ok - name" or "not ok - name: expected .., got ..". `go tool pprof` reads the files where it is
# installed; the unit tests and tests/lua/lib/heap_sites.lua read them back in any case.

neap=${1:-${NEAP:-out/neap}}
case $neap in
    /*) ;;
    *) neap=$PWD/$neap ;;
esac
if [ ! -x "$neap" ]; then
    echo "not ok - setting up: expected a command at $neap, got none"
    exit 1
fi

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4
PATH=$PATH:/usr/lib/go-1.19/bin
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

# Does a line of the file match?
has() { # name, pattern, file
    if grep -q -e "$2" "$3" 2>/dev/null; then
        echo "ok - $1"
    else
        failures=$((failures + 1))
        echo "not ok - $1: expected a line like [$2], got $(head -c 300 "$3" 2>&1 | tr '\n' '~')"
    fi
}

run() {
    "$neap" "$@" >out 2>err
    status=$?
}

# What it allocates is more than a sample's distance many times over.
cat >alloc.lua <<'END'
local function fill(t) for i = 1, 400000 do t[i] = {i, i, i, i} end end
kept = {}
fill(kept)
local function lose() for i = 1, 400000 do local lost = {i, i} end end
lose()
print "done"
if arg[1] == "error" then error "oh" end
if arg[1] == "exit" then os.exit(3) end
if arg[1] == "close" then os.exit(4, true) end
if arg[1] == "coroutine" then coroutine.wrap(function() os.exit(5) end)() end
if arg[1] == "finalizer" then setmetatable({}, {__gc = function() os.exit(6) end}) collectgarbage() end
END

for how in plain:0 error:1 exit:3 close:4 coroutine:5 finalizer:6; do
    word=${how%:*}
    rm -f heap.folded
    run --heap-profile=heap.folded alloc.lua "$word"
    say "heap, $word: status" "${how#*:}" $status
    say "heap, $word: output" done "$(cat out)"
    has "heap, $word: what is kept" '^main chunk (alloc.lua:3);fill (alloc.lua:1) [0-9]*$' heap.folded
done
run --heap-profile=heap.folded alloc.lua
say "heap: nothing on stderr" "" "$(cat err)"
say "heap: what is lost is not in use" 0 "$(grep -c lose heap.folded)"
kept=$(sed -n 's/.*fill (alloc.lua:1) //p' heap.folded)
# 36 MB are some 70 samples: within five standard deviations
say "heap: 400,000 tables of 32 + 48 bytes, and their array" yes \
    "$([ "$kept" -gt 15000000 ] && [ "$kept" -lt 60000000 ] && echo yes || echo "$kept")"
run --heap-profile=heap.alloc.folded alloc.lua
has "heap: all that was allocated" '^main chunk (alloc.lua:5);lose (alloc.lua:4) [0-9]*$' heap.alloc.folded
say "no temporary file is left" "$(printf 'alloc.lua err heap.alloc.folded heap.folded out')" "$(echo $(ls))"

# CPU: by the clock of the program itself, so that a slow machine has as many samples.
cat >busy.lua <<'END'
local function spin(seconds)
  local till = os.clock() + seconds
  repeat for i = 1, 20000 do end until os.clock() > till
end
local function sorted()
  local till = os.clock() + 0.3
  repeat local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 10007 end table.sort(t) until os.clock() > till
end
local function collected()
  local till = os.clock() + 0.3
  repeat collectgarbage() until os.clock() > till
end
kept = {} for i = 1, 50000 do kept[i] = {} end
spin(0.3)
coroutine.wrap(function() spin(0.3) end)()
sorted()
collected()
if arg[1] == "error" then error "oh" end
print "done"
END
run --cpu-profile=cpu.folded busy.lua
say "CPU: status" 0 $status
say "CPU: output" done "$(cat out)$(cat err)"
has "CPU: a loop in Lua" '^main chunk (busy.lua:14);spin (busy.lua:3) [0-9]*$' cpu.folded
has "CPU: a coroutine" '^main chunk (busy.lua:15);.*;spin (busy.lua:3) [0-9]*$' cpu.folded
has "CPU: a function in C" '^main chunk (busy.lua:16);sorted (busy.lua:7);table.sort [0-9]*$' cpu.folded
has "CPU: the collector" 'collectgarbage;(collector) [0-9]*$' cpu.folded
run --cpu-profile=cpu.pb --heap-profile=heap.pb busy.lua error
say "both, after an error: status" 1 $status
has "both, after an error: the message" 'busy.lua:18: oh' err
if command -v go >/dev/null 2>&1; then
    go tool pprof -top -lines cpu.pb >top 2>&1
    has "pprof reads a CPU profile" 'spin busy.lua:3$' top
    go tool pprof -top -sample_index=alloc_space heap.pb >top 2>&1
    has "pprof reads a heap profile" 'sorted$' top
else
    echo "skipped in profile_test: go tool pprof: no command go (golang-go is 80 MB)"
    say "a CPU profile was written" yes "$([ -s cpu.pb ] && echo yes)"
    say "a heap profile was written" yes "$([ -s heap.pb ] && echo yes)"
fi

# A file that cannot be written: the program runs all the same.
mkdir folder
for option in heap cpu; do
    what=$([ $option = heap ] && echo "heap profile" || echo "CPU profile")
    for file in nowhere/x folder; do
        run --$option-profile=$file alloc.lua exit
        say "$option to $file: status" 3 $status
        say "$option to $file: output" done "$(cat out)"
        say "$option to $file: one line on stderr" 1 "$(wc -l <err | tr -d ' ')"
        has "$option to $file: which says what" "cannot write $what '$file': " err
    done
    if [ -c /dev/full ]; then
        run --$option-profile=/dev/full busy.lua
        say "$option to a full disk: status" 0 $status
        say "$option to a full disk: output" done "$(cat out)"
        has "$option to a full disk: message" "cannot write $what '/dev/full': No space left on device" err
    fi
    run --$option-profile
    say "$option without a file: status" 1 $status
done
# The option's profile is not the program's to end, nor seen by a program that has begun none.
run --heap-profile=own.folded -e 'assert(not heap.profile()) kept = ("x"):rep(9e6) heap.profile(1) assert(heap.profile()[1].bytes > 8e6)
heap.profile(false) assert(not heap.profile() and not heap.profile("none.folded"))'
say "a program with a profile of its own" 0 "$status$(cat err)"
has "a program with a profile of its own: the option's" 'main chunk' own.folded
# The name is meant from where the program was started.
cat >moves.lua <<'END'
kept = ("x"):rep(30000000)
END
run --heap-profile=moved.folded moves.lua
has "a large string" 'string.rep [0-9]*$' moved.folded

exit $((failures > 0))
