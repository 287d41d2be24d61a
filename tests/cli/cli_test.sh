#!/bin/sh
# cli_test.sh: the command as a user or a shell script sees it: options, arguments, the environment,
# messages, what goes where, exit status.
#
#     sh tests/cli/cli_test.sh path/to/neap
#
# The command may also be named by the variable NEAP. One line for each test, "ok - name" or
# "not ok - name: expected .., got ..". Exit status 1 when any failed.

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

# Runs the command with the arguments after `--`; standard input is the file `in` when there is one.
run() {
    if [ -f in ]; then
        "$neap" "$@" <in >out 2>err
    else
        "$neap" "$@" </dev/null >out 2>err
    fi
    status=$?
    rm -f in
}

out_is() { say "$1: output" "$2" "$(cat out)"; }
err_is() { say "$1: errors" "$2" "$(cat err)"; }
status_is() { say "$1: exit status" "$2" "$status"; }
in_file() { # name, file, text it must contain
    if grep -qF -e "$3" "$2"; then
        echo "ok - $1"
    else
        say "$1" "$2 to contain '$3'" "$(cat "$2")"
    fi
}
clean() { err_is "$1" ""; status_is "$1" 0; } # nothing on stderr, success
fails() { # name, text of the message: one failure reported on stderr, status 1
    in_file "$1: message" err "$2"
    status_is "$1" 1
}

# --- scripts and arguments ------------------------------------------------------------------------

cat >script.lua <<'END'
print(#arg, arg[0], arg[1], arg[2], ...)
END
run script.lua a 'b c'
out_is "script with arguments" "2	script.lua	a	b c	a	b c"; clean "script with arguments"

echo 'print(arg[-1] == nil, arg[-2], arg[-3], arg[0], arg[1])' >neg.lua
run -e 'x=1' neg.lua z
out_is "negative indices of arg" "false	-e	$neap	neg.lua	z"; clean "negative indices of arg"

run -- script.lua
out_is "after --" "0	script.lua	nil	nil"

echo 'print("dash")' >-x.lua
run -- -x.lua
out_is "a script whose name begins with -" "dash"

echo 'print("from stdin", ...)' >in
run - p q
out_is "- reads standard input" "from stdin	p	q"

echo 'print("no arguments at all")' >in
run
out_is "standard input without arguments" "no arguments at all"; clean "standard input without arguments"

printf '#!/usr/bin/env neap\nprint(debug.getinfo(1, "l").currentline)\n' >bang.lua
run bang.lua
out_is "a first line with #" "2"

printf '#only a comment' >bang.lua
run bang.lua
out_is "nothing but a first line with #" ""; clean "nothing but a first line with #"

printf '\357\273\277print("bom")' >bom.lua
run bom.lua
out_is "a byte order mark" "bom"

run -e 'local f = io.open("bin.luac", "wb") f:write(string.dump(load("print(...)"))) f:close()'
run bin.luac bytes
out_is "a precompiled script" "bytes"; clean "a precompiled script"

# --- options --------------------------------------------------------------------------------------

run -e 'print(1)' -e'print(2)' -e 'a=3' -e 'print(a)'
out_is "-e" "1
2
3"; clean "-e"

echo 'return {v = "loaded"}' >mod.lua
run -l mod -e 'print(mod.v)'
out_is "-l mod" "loaded"
run -lmod -e 'print(mod.v)'
out_is "-lmod" "loaded"
run -l m=mod -e 'print(m.v, mod)'
out_is "-l g=mod" "loaded	nil"
cp mod.lua ver-v2.lua
run -l ver-v2 -e 'print(ver.v)'
out_is "-l with a version in the name" "loaded"
run -l nothere
fails "-l of a module that is not there" "module 'nothere' not found:"

run -v
in_file "-v: version" out "Neap "; in_file "-v: language" out "Lua 5.4"; clean "-v"
run -v -e 'print("x")'
say "-v -e: last line" "x" "$(tail -n 1 out)"
run --version
in_file "--version" out "Neap "; clean "--version"
say "--version: one line" 1 "$(wc -l <out | tr -d ' ')"
system=$("$neap" -e 'io.write(heap.stats().system)')
for order in '--version -v' '-v --version'; do
    # shellcheck disable=SC2086
    run $order
    clean "$order"
    in_file "$order: version" out "Neap "
    say "$order: what it says" "memory system|page size|huge pages|waits|compiler|dispatch|checks|" \
        "$(sed 1d out | sed 's/  .*//' | tr '\n' '|')"
    say "$order: memory system" "memory system  $system" "$(grep '^memory system' out | sed 's/ (.*//')"
    say "$order: page size" "page size      $(($(getconf PAGESIZE) / 1024)).0 KiB" "$(grep '^page size' out)"
done
case ${VARIANT:-} in
    release) in_file "--version -v: dispatch" out "dispatch       tail calls"; in_file "--version -v: checks" out "checks         0" ;;
    asan) in_file "--version -v: checks" out "checks         1" ;;
esac

run --help
in_file "--help: usage" out "usage: $neap [options] [script [args]]"; in_file "--help: options" out "--heap-stats"; clean "--help"

root=$OLDPWD
for option in $(sed -n 's/^LONG([a-z_]*, "\([a-z-]*\)".*/--\1/p' "$root/cli/options.def"); do
    in_file "--help: $option" out "$option"
    in_file "docs/command-line.md: $option" "$root/docs/command-line.md" "$option"
done

for option in -x -h --unknown --- -vv -Ex -iv -Wx --heapstats; do
    run $option
    fails "unknown option $option" "unrecognized option '$option'"
    in_file "unknown option $option: usage" err "usage: "
    out_is "unknown option $option" ""
done
run --heaplimit=1G -e 'print(1)'
fails "a misspelt option" "unrecognized option '--heaplimit=1G', did you mean '--heap-limit'?"
run --heap-stats=1
fails "a value for an option without one" "'--heap-stats=1' should be --heap-stats, which takes no value"
run -e
fails "-e without argument" "'-e' needs argument"
run -l
fails "-l without argument" "'-l' needs argument"
run -e -v
fails "-e before an option" "'-e' needs argument"

run -W -e 'warn("careful"); warn("@off"); warn("silent"); warn("@on"); warn("a", "b")'
err_is "-W" "Lua warning: careful
Lua warning: ab"
run -e 'warn("not shown")'
clean "warnings are off"

# --- environment ----------------------------------------------------------------------------------

export LUA_INIT='print("init")'
run -e 'print("chunk")'
out_is "LUA_INIT" "init
chunk"
export LUA_INIT_5_4='print("versioned")'
run -e ''
out_is "LUA_INIT_5_4" "versioned"
run -E -e 'print("only")'
out_is "-E" "only"
unset LUA_INIT_5_4
echo 'print("init file")' >init.lua
LUA_INIT=@init.lua
run -e ''
out_is "LUA_INIT=@file" "init file"
LUA_INIT='error("in init")'
run -e 'print("not reached")'
fails "an error in LUA_INIT" "LUA_INIT:1: in init"
out_is "an error in LUA_INIT" ""
unset LUA_INIT

export LUA_PATH='first/?.lua;;last'
run -e 'local d = package.path:match("^first/%?%.lua;(.+);last$"); print(d and d:find("./?.lua", 1, true) ~= nil)'
out_is "LUA_PATH with ;;" "true"
run -E -e 'print(package.path:find("first", 1, true))'
out_is "-E ignores LUA_PATH" "nil"
unset LUA_PATH
LUA_CPATH=here run -e 'print(package.cpath)'
out_is "LUA_CPATH" "here"

# --- errors ---------------------------------------------------------------------------------------

cat >fail.lua <<'END'
local function inner() error("bad thing") end
local function outer() inner() end
io.write("written before")
outer()
END
run fail.lua
out_is "an uncaught error: output so far" "written before"
say "an uncaught error: first line" "$neap: fail.lua:1: bad thing" "$(head -n 1 err)"
in_file "an uncaught error: traceback" err "stack traceback:"
in_file "an uncaught error: function names" err "fail.lua:2: in "
status_is "an uncaught error" 1

run -e 'error({code = 5})'
fails "an error that is a table" "(error object is a table value)"
run -e 'error(nil)'
fails "an error that is nil" "(error object is a nil value)"
run -e 'error(setmetatable({}, {__tostring = function() return "described" end}))'
err_is "an error with __tostring" "$neap: described"
run -e 'error("no position", 0)'
say "an error without position" "$neap: no position" "$(head -n 1 err)"
run -e 'local t = nil; t.x = 1'
fails "a run-time error names the variable" "(command line):1: attempt to index a nil value (local 't')"
run -e 'x = = 1'
err_is "a syntax error" "$neap: (command line):1: unexpected symbol near '='"
status_is "a syntax error" 1
echo 'for' >syntax.lua
run syntax.lua
fails "a syntax error in a script" "syntax.lua:2: <name> expected near <eof>"
run -e 'local function f() return f() + 1 end f()'
fails "a stack overflow" "stack overflow"
run -e 'xpcall(error, function() error("again") end) print("alive")'
out_is "an error in a message handler" "alive"

run nofile.lua
err_is "a script that does not exist" "$neap: cannot open nofile.lua: No such file or directory"
status_is "a script that does not exist" 1
mkdir folder
run folder
fails "a script that is a folder" "folder"
say "a script that is a folder: one line" 1 "$(wc -l <err | tr -d ' ')"
head -c 2000 /dev/urandom >garbage
run garbage
status_is "random bytes as a script" 1
say "random bytes as a script: one message" "$neap: " "$(head -c $((${#neap} + 2)) err)"
printf '\033Lua' >cut.luac
run cut.luac
fails "a precompiled script cut short" "cut.luac: "
: >empty.lua
run empty.lua
out_is "an empty script" ""; clean "an empty script"
if [ "$(id -u)" != 0 ]; then
    echo 'print(1)' >secret.lua
    chmod 000 secret.lua
    run secret.lua
    fails "a script that cannot be read" "cannot open secret.lua"
fi

# --- exit -----------------------------------------------------------------------------------------

run -e 'os.exit(7)'
status_is "os.exit(7)" 7
run -e 'os.exit(true)'
status_is "os.exit(true)" 0
run -e 'os.exit(false)'
status_is "os.exit(false)" 1
run -e 'os.exit(3, true)'
status_is "os.exit(3, true)" 3
run -e 'io.write("kept"); os.exit(0)'
out_is "os.exit flushes" "kept"
run -e 'local f = io.open("left", "w"); f:write("open file"); keep = f'
say "a file left open" "open file" "$(cat left)"
run -e 'local f = io.open("left", "w"); f:write("open file"); keep = f; error("x")'
say "a file left open at an error" "open file" "$(cat left)"
run -e 'setmetatable({}, {__gc = function() print("finalized") end}) print("end")'
out_is "finalizers at exit" "end
finalized"
run -e 'local t <close> = setmetatable({}, {__close = function() print("closed") end}) os.exit(0, true)'
out_is "os.exit with closing" "closed"
run -e 'setmetatable({}, {__gc = function() error("in gc") end})'
clean "an error in a finalizer at exit"

if [ -w /dev/full ]; then
    for chunk in 'print(1)' 'io.write(1)' 'io.write(1) os.exit(0)' 'io.write(1) os.exit(0, true)' 'io.output("/dev/full") io.write(1)'; do
        "$neap" -e "$chunk" >/dev/full 2>err
        say "a full disk: $chunk: exit status" 1 "$?"
        in_file "a full disk: $chunk: message" err "cannot write output"
    done
    "$neap" -W -e 'local f = io.open("/dev/full", "w") f:write("x") f = nil collectgarbage() collectgarbage()' >out 2>err
    in_file "a full disk: a file closed by the collector warns" err "No space left on device"
fi

# --- interactive mode -----------------------------------------------------------------------------

printf '1 + 1\nx = 5\nx, nil\n=x\nfor i = 1, 2 do\nprint(i)\nend\nerror("oops")\nx x\nprint("last")\n' >in
run -i
in_file "-i: an expression" out "2"
in_file "-i: several values" out "5	nil"
in_file "-i: =x" out "> =x"
in_file "-i: a statement of several lines" out ">> end
1
2" 
in_file "-i: goes on after errors" out "last"
in_file "-i: an error has no program name" err "stdin:1: oops"
say "-i: first line of errors" "stdin:1: oops" "$(head -n 1 err)"
in_file "-i: a syntax error" err "syntax error near 'x'"
in_file "-i: the version" out "Neap "
status_is "-i" 0
printf 'print(y)\n' >in
run -i -e 'y = "set before"'
in_file "-i after -e" out "set before"
printf 'return 42\n' >in
run -e '_PROMPT = "? "' -i
in_file "_PROMPT" out "? return 42"
printf 'f(\n' >in
run -i
in_file "-i: input that ends too early" err "near <eof>"
printf 'print(10)\n' >in
run -e 'print = nil' -i
printf '10\n' >in
run -e 'print = nil' -i
in_file "-i: an error in print" err "error calling 'print'"

# --- debug switches -------------------------------------------------------------------------------

if [ -r /proc/self/stat ]; then
    export NEAPDEBUG=faultreport
    run -e 'local pid = io.open("/proc/self/stat"):read("n") io.popen("kill -SEGV " .. pid):close()' 2>/dev/null
    in_file "faultreport: a fault is told" err "neap: segmentation fault, sent by a process"
    say "faultreport: and had" fault "$([ "$status" -ne 0 ] && echo fault)"
    unset NEAPDEBUG
fi
NEAPDEBUG=memcheck,quarantine run -e 'for i = 1, 20 do local t = {} for j = 1, 9999 do t[j] = {} end end collectgarbage() print(heap.stats().live < 9999 * 32)'
out_is "memcheck, quarantine" true; clean "memcheck, quarantine"

# --- Ctrl-C ---------------------------------------------------------------------------------------

# A shell makes background commands ignore SIGINT; a Lua program sends it to itself instead.
cat >interrupt.lua <<'END'
local ok, message = pcall(function()
  local pid = io.open("/proc/self/stat"):read("n")
  io.popen("kill -INT " .. pid):close() -- (os.execute would make this process deaf to it)
  while true do end
end)
print(ok, (message:gsub("^.*: ", "")))
END
if [ -r /proc/self/stat ]; then
    run interrupt.lua
    out_is "Ctrl-C is an error" "false	interrupted!"; clean "Ctrl-C is an error"
    sed 's/while true do end/coroutine.wrap(function() while true do end end)()/' interrupt.lua >inner.lua
    run inner.lua
    out_is "Ctrl-C in a coroutine" "false	interrupted!"; clean "Ctrl-C in a coroutine"
    run -e 'io.write("before")' -e "$(sed -n '2,4p' interrupt.lua)"
    fails "an uncaught Ctrl-C" "interrupted!"
    out_is "an uncaught Ctrl-C: output so far" "before"
fi

# --- the heap limit -------------------------------------------------------------------------------

run --heap-limit=64MiB -e 'print(heap.limit().hard)'
out_is "--heap-limit" 67108864; clean "--heap-limit"
NEAP_HEAP_LIMIT=32M; export NEAP_HEAP_LIMIT
run -e 'print(heap.limit().hard)'
out_is "NEAP_HEAP_LIMIT" 33554432; clean "NEAP_HEAP_LIMIT"
run --heap-limit=none -e 'print(heap.limit().hard)'
out_is "--heap-limit goes before NEAP_HEAP_LIMIT" false
run -E --heap-limit=64MiB -e 'print(heap.limit().hard)'
out_is "--heap-limit with -E" 67108864
NEAP_HEAP_LIMIT=plenty
run -e 'print(1)'
fails "a NEAP_HEAP_LIMIT that is none" "'NEAP_HEAP_LIMIT=plenty' is not a size"
unset NEAP_HEAP_LIMIT
for bad in 0 -1 1.5G 12XB 101% 0% 99999999999999999999; do
    run --heap-limit="$bad" -e 'print(1)'
    fails "--heap-limit=$bad" "'--heap-limit=$bad' is "
    out_is "--heap-limit=$bad" ""
done
run --heap-limit=64KiB -e 'print(1)'
fails "a limit below what a state takes" "'--heap-limit=64KiB' is less than what a Lua state takes"
run --heap-limit=50% -e 'print(heap.limit().hard > 0)'
out_is "a percentage" true; clean "a percentage"
run --heap-limit=16MiB -e 'local t = {} for i = 1, 1e9 do t[i] = {i} end'
fails "a flood" "not enough memory"
in_file "a flood: traceback" err "(command line):1: in main chunk"
run --help
in_file "--help: --heap-limit" out "--heap-limit=SIZE"

# --- heap statistics ------------------------------------------------------------------------------

run --heap-stats -e 'print("done")'
out_is "--heap-stats leaves the output alone" "done"
for word in live allocated reserved mapped ready released resident peak collected objects table string KiB; do
    in_file "--heap-stats: $word" err "$word"
done
status_is "--heap-stats" 0
run --heap-stats -e 'error("after all")'
in_file "--heap-stats after an error: message" err "after all"
in_file "--heap-stats after an error" err "heap statistics"
status_is "--heap-stats after an error" 1
run --heap-stats -e 'os.exit(4)'
in_file "--heap-stats after os.exit" err "heap statistics"
status_is "--heap-stats after os.exit" 4
run --heap-stats -e 'os.exit(5, true)'
in_file "--heap-stats after os.exit with closing" err "heap statistics"
say "--heap-stats: printed once" 1 "$(grep -c 'heap statistics' err)"
status_is "--heap-stats after os.exit with closing" 5
run --heap-stats nofile.lua
in_file "--heap-stats without a script" err "heap statistics"
status_is "--heap-stats without a script" 1

# --- huge pages -----------------------------------------------------------------------------------

for mode in auto on off; do
    run --huge-pages=$mode -e 'local t = {} for i = 1, 1000 do t[i] = {i} end print(#t)'
    out_is "--huge-pages=$mode" 1000
    status_is "--huge-pages=$mode" 0
done
run --huge-pages=maybe -e 'print(1)'
in_file "--huge-pages with another word" err "'--huge-pages=maybe' should be --huge-pages=auto, on or off"
status_is "--huge-pages with another word" 1
run --huge-pages -e 'print(1)'
in_file "--huge-pages without a word" err "'--huge-pages' should be"
run --heap-limit 1G -e 'print(1)'
in_file "--heap-limit without a size" err "'--heap-limit' needs a value: --heap-limit=SIZE"
status_is "--heap-limit without a size" 1

# --- waiting gives memory back --------------------------------------------------------------------

cat >wait.lua <<'END'
local wait, tries = arg[1], tonumber(arg[2])
local heap = require "heap"
local t = {}
for i = 1, 150000 do t[i] = {i} end
t = nil
for _ = 1, tries do
    if wait == "execute" then os.execute("sleep 0.05")
    else io.popen("sleep 0.05; echo 7"):read(tonumber(wait) or wait) end
    if heap.stats().ready < 4 * 2 ^ 20 then print "ebbed" os.exit(0, true) end
end
print "still there"
END
for wait in execute l a n 1; do
    NEAPDEBUG=idle=5 run wait.lua "$wait" 400
    out_is "waiting gives memory back: $wait" "ebbed"
    status_is "waiting gives memory back: $wait" 0
done
NEAPDEBUG=idle=0 run wait.lua execute 2
out_is "waiting with the helper switched off" "still there"

# A line for every cycle; as JSON each parses, and what is in it fits together.
cat > trace.lua <<'END'
local numbers = {"cycle", "at", "cpu", "mark", "sweep", "release", "before", "after", "goal", "released", "stops", "longest_stop", "longest_stop_cpu"}
local lines, last = 0, 0
for line in io.lines(arg[1]) do
    local body = assert(line:match "^{(.*)}$", line)
    local got, n = {}, 0
    for name, value in (body .. ","):gmatch '"([%a_]+)":([^,]+),' do got[name], n = tonumber(value) or value:match '^"(%a+)"$', n + 1 end
    assert(n == #numbers + 1, line)
    for _, name in ipairs(numbers) do assert(type(got[name]) == "number" and got[name] >= 0, name) end
    assert(got.kind == "sliced" or got.kind == "full" or got.kind == "forced", line)
    assert(got.cycle > last and got.stops >= 1 and got.cpu <= 1, line)
    last, lines = got.cycle, lines + 1
end
assert(lines >= 3, lines)
END
run --gc-trace=json -e 'for i = 1, 300000 do local t = {i} end collectgarbage() collectgarbage() print "done"'
out_is "--gc-trace=json leaves the output alone" "done"
cp err trace.json
run trace.lua trace.json
status_is "--gc-trace=json: every line parses" 0
run --gc-trace -e 'collectgarbage()'
in_file "--gc-trace" err "gc 1 @"; in_file "--gc-trace: kind" err "(full)"
status_is "--gc-trace" 0

# --- examples with arguments they cannot use, and by a path with blanks ------------------------------

for count in 0 -5 1.5 many; do
    for example in cache progress; do
        run "$root/examples/$example.lua" "$count"
        fails "$example.lua $count" "$example: the "
        in_file "$example.lua $count: what is wrong" err "must be a whole number from 1 on, not '$count'"
    done
done
if [ "${VARIANT:-}" = release ]; then
    mkdir "it's here"
    ln -s "$neap" "it's here/neap"
    "it's here/neap" -W -e 'x = 1' "$root/examples/ebb.lua" ebb.svg 2000 2>err
    say "ebb.lua: status" 0 $?
    in_file "ebb.lua: the command is measured, whatever its path and options" ebb.svg ">neap, "
fi

[ "$failures" -eq 0 ]
