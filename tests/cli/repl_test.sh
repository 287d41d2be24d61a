#!/bin/sh
# repl_test.sh: the REPL as a person at a terminal has it, in tmux: editing, completion, history, Ctrl-C, colours,
# narrow and dumb terminals. Everything is waited for by what appears on the screen, never by time alone.
#
#     sh tests/cli/repl_test.sh path/to/neap
#
# One line for each test, "ok - name" or "not ok - name: ...". Exit status 1 when any failed.
# time: 600

neap=${1:-${NEAP:-out/neap}}
case $neap in
    /*) ;;
    *) neap=$PWD/$neap ;;
esac
if ! command -v tmux >/dev/null; then
    echo "not ok - setting up: expected tmux, got none"
    exit 1
fi
dir=$(mktemp -d) || exit 1
sockets=$(mktemp -d /tmp/neap-tmux.XXXXXX) || exit 1 # a socket's path must be short
mux() { TMUX_TMPDIR=$sockets TMUX='' tmux -f /dev/null "$@"; }
trap 'mux kill-server 2>/dev/null; rm -rf "$dir" "$sockets"' EXIT
cd "$dir" || exit 1
unset LUA_INIT LUA_INIT_5_4 NEAP_HISTORY XDG_STATE_HOME NO_COLOR
HOME=$dir; LC_ALL=C.UTF-8; export HOME LC_ALL
mux new-session -d -s keep -x 20 -y 5 'sleep 3000'
failures=0
limit=400 # twentieths of a second that something may take to appear

pass() { echo "ok - $1"; }
fail() { # name, what was expected
    failures=$((failures + 1))
    printf 'not ok - %s: expected %s, got the screen [%s]\n' "$1" "$2" "$(screen | tail -n 12 | tr '\n' '~')"
}
say() { # name, expected, got
    if [ "$2" = "$3" ]; then pass "$1"; else
        failures=$((failures + 1))
        echo "not ok - $1: expected [$2], got [$3]" | tr '\n' '~'; echo
    fi
}

screen() { mux capture-pane -p -J -S - -t "=s$number:" 2>/dev/null | sed 's/ *$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'; }
screen_coloured() { mux capture-pane -e -p -J -S - -t "=s$number:"; }

# Starts a session: width, variables, arguments of neap. The exit status is left in the file `status`.
start() {
    width=$1 variables=$2
    shift 2
    rm -f status
    open "$width" "env $variables $neap $* 2>&1; echo \$? >'$dir/status'; sleep 1000"
}
# A new terminal in place of the last one. The server lives until the end: starting one while another ends may fail.
number=0
open() { # width, command
    [ $number -gt 0 ] && mux kill-session -t "=s$number"
    number=$((number + 1))
    mux new-session -d -s "s$number" -x "$1" -y 60 "$2"
}
type() { mux send-keys -t "=s$number:" -l -- "$1"; }
key() { mux send-keys -t "=s$number:" "$@"; }
# What is typed before the prompt is there is shown by the terminal itself, in disorder.
prompted() { screen | tail -n 1 | grep -qE '^(>|>>|[?]|[?][?]|shell:)$'; }
begin() { # begins a line
    tries=0
    while ! prompted && [ "$tries" -lt "$limit" ]; do tries=$((tries + 1)); sleep 0.05; done
    type "$1"
}
line() { begin "$1"; key Enter; }

# until NAME COMMAND...: waits until the command succeeds.
until_so() {
    name=$1 tries=0
    shift
    while ! "$@"; do
        tries=$((tries + 1))
        if [ "$tries" -ge "$limit" ]; then fail "$name" "$*"; return 1; fi
        sleep 0.05
    done
    pass "$name"
}
shows() { screen | grep -qxF -e "$1"; }          # a whole line
contains() { screen | grep -qF -e "$1"; }
last_is() { [ "$(screen | tail -n 1)" = "$1" ]; } # what stands on the last line with text
ended() { [ -s status ]; }

# --- lines, results, the last value ----------------------------------------------------------------

start 80 TERM=screen
until_so "a prompt" last_is ">"
line '1 + 1'; until_so "an expression" shows 2
line '_ * 21'; until_so "_ is the last value" shows 42
line '=7'; until_so "=x" shows 7
line 'x = {1, 2, {k = "v"}, name = "n"}'
line 'x'; until_so "a table" shows '{1, 2, {k = "v"}, name = "n"}'
line 'x.me = x'; line 'x'; until_so "a cycle" shows '{1, 2, {k = "v"}, me = <cycle>, name = "n"}'
line '"tab\t" .. "quote\"", nil, true'; until_so "several values" shows '"tab\tquote\""  nil  true'
line '("x"):rep(100000)'; until_so "a long string is cut" contains '(100000 bytes)'
line '{{{{{{}}}}}}'; until_so "depth is cut" shows '{{{{{...}}}}}'
line 'local t = {} for i = 1, 1000 do t[i] = i end return t'; until_so "length is cut" contains '... 900 more'
line 'setmetatable({}, {__tostring = function() return "described" end})'; until_so "__tostring" shows 'described'
line 'setmetatable({}, {__tostring = function() error "inside" end})'
until_so "an error in __tostring" contains '<error in __tostring: stdin:1: inside>'
line 'setmetatable({}, {__tostring = function() return {} end})'
until_so "a __tostring without a string" contains "<error in __tostring: '__tostring' must return a string>"
line 'setmetatable({7}, {__name = "Kind"})'; until_so "__name" shows 'Kind {7}'
line '_ = "mine"'; line '5 + 0'; until_so "a result" shows 5
line '_'; until_so "a _ of the program's own is left alone" shows '"mine"'
line 'print "to stdout"'; until_so "print" shows 'to stdout'
line 'nosuch()'; until_so "an error" contains "stdin:1: attempt to call a nil value (global 'nosuch')"

line 'function early() local t; return t.field end'
line 'local wrong_line = early()'; until_so "an error in an earlier line" contains "stdin:1: attempt to index a nil value (local 't')"
if contains '| local wrong_line'; then fail "the last line is not quoted for it" "no such line"; else pass "the last line is not quoted for it"; fi
line 'local function inner() local t; return t.field end return inner()'
until_so "an error in a function of this line" contains '1 | local function inner()'
line '{"你好", "é"}'; until_so "wide characters" shows '{"你好", "é"}'

# --- several lines ------------------------------------------------------------------------------

line 'for i = 1, 2 do'; until_so "a second prompt" last_is ">>"
line 'print("row " .. i)'; line 'end'
until_so "a statement of several lines" shows 'row 2'
line 'string.rep('; line '"ab", 3'; line ')'
until_so "an expression of several lines" shows '"ababab"'
key Up; until_so "history: several lines are one entry" contains 'string.rep(
"ab", 3
)'
key C-c; until_so "Ctrl-C drops what is typed" last_is ">"
begin 'dropped()'; key C-c; until_so "Ctrl-C leaves the dropped line on the screen" shows '> dropped()^C'
line 'if true then'; until_so "a statement begins" last_is ">>"
key C-c; until_so "Ctrl-C drops an unfinished statement" last_is ">"
line '"still" .. " here"'; until_so "and goes on" shows '"still here"'

# --- completion ---------------------------------------------------------------------------------

begin 'string.form'; key Tab; until_so "completion of a field" last_is '> string.format'; key C-c
begin 'pri'; key Tab; until_so "completion of a global" last_is '> print'; key C-c
begin 'retu'; key Tab; until_so "completion of a keyword" last_is '> return'; key C-c
line 's = "a string"'
begin 's:upp'; key Tab; until_so "completion of a string's method" last_is '> s:upper'; key C-c
line 'base = {shared_method = function() end, datum = 1} base.__index = base'
line 'object = setmetatable({}, base)'
begin 'object:sh'; key Tab; until_so "completion through __index" last_is '> object:shared_method'; key C-c
line 'x.list = {{inner_name = 1}}'
begin 'x.list[1].inn'; key Tab; until_so "completion behind an index" last_is '> x.list[1].inner_name'; key C-c
line 'trap = setmetatable({}, {__index = function() print "CALLED" end, __pairs = function() print "CALLED" end})'
begin 'trap.x.y'; key Tab; type 'z'; until_so "completion with __index functions" last_is '> trap.x.yz'; key C-c
if contains 'CALLED'$'\n'; then fail "no __index function is called" "no call"; else pass "no __index function is called"; fi
begin 'string.'; key Tab Tab; until_so "several candidates are listed" contains 'gmatch'
until_so "and the line is there again" last_is '> string.'; key C-c
begin 'nothing.at.all'; key Tab; type '1'; until_so "nothing to complete" last_is '> nothing.at.all1'; key C-c

# --- editing ------------------------------------------------------------------------------------

begin '10+5'; key Left Left; type '0'; key Home; type '1'; key End Enter
until_so "moving within the line" shows 1105 # 1100 + 5

begin '"äöü"'; key BSpace BSpace; type 'x"'; key Enter; until_so "characters of several bytes" shows '"äöx"'

# --- Ctrl-C while something runs -----------------------------------------------------------------

interrupts() { # name, program; it must print "running"
    key C-l
    line "$2"
    until_so "$1: runs" shows "running $3"
    key C-c
    until_so "$1: is interrupted" contains "interrupted!"
    line "'goes on: ' .. $3"
    until_so "$1: goes on" shows "\"goes on: $3\""
    mux clear-history -t "=s$number:"
}
interrupts "a loop" 'print("running 1") while true do end' 1
interrupts "a coroutine" 'coroutine.wrap(function() print("running 2") while true do end end)()' 2
interrupts "a loop of pcalls" 'print("running 3") while true do pcall(function() while true do end end) end' 3
interrupts "pcalls within a coroutine" 'coroutine.wrap(function() print("running 4") while true do pcall(error) end end)()' 4
interrupts "a long C function" 'print("running 5") while true do ("x"):rep(5e7):find("y", 1, true) end' 5
interrupts "sorting" 'print("running 6") while true do table.sort({3,2,1}, function(a, b) return a < b end) end' 6
interrupts "waiting for a child" 'print("running 7") io.popen("sleep 100"):read("a")' 7
interrupts "coroutines in a row" 'print("running 8") while true do coroutine.wrap(function() for i = 1, 1e5 do end end)() end' 8
line 'co = coroutine.wrap(function() coroutine.yield(1) return "resumed later" end) co()'
line 'co()'; until_so "a coroutine made before" shows '"resumed later"'
line 'setmetatable({}, {__tostring = function() print "running 9" while true do end end})'
until_so "a __tostring that does not end: runs" shows "running 9"
key C-c; until_so "a __tostring that does not end" last_is ">"
line '6 * 7'; until_so "goes on after it" shows 42

# --- the end, history across sessions -------------------------------------------------------------

key C-d; until_so "Ctrl-D ends" ended
say "exit status" 0 "$(cat status)"
say "history file: mode" 600 "$(stat -c %a .neap_history)"
say "history file: a statement of several lines" 'for i = 1, 2 do\nprint("row " .. i)\nend' "$(grep '^for' .neap_history)"
start 80 TERM=screen
until_so "another session" last_is ">"
key Up; until_so "history of the last session" last_is '> 6 * 7'
key C-c
key C-r; type 'shared_m'; key Enter; until_so "searching the history" contains 'base.__index = base'
line 'os.exit(3)'; until_so "os.exit" ended
say "os.exit: status" 3 "$(cat status)"
say "the last line was kept" 'os.exit(3)' "$(tail -n 1 .neap_history)"

mkdir state
start 80 "TERM=screen XDG_STATE_HOME=$dir/state"
until_so "XDG_STATE_HOME: a prompt" last_is ">"
line '"in state"'; until_so "XDG_STATE_HOME: a line" shows '"in state"'; key C-d; until_so "XDG_STATE_HOME: the end" ended
say "XDG_STATE_HOME: the file" '"in state"' "$(cat state/neap/history)"
before=$(cksum <.neap_history)
start 80 "TERM=screen NEAP_HISTORY="
until_so "NEAP_HISTORY=: a prompt" last_is ">"
line '"not kept"'; until_so "NEAP_HISTORY=: a line" shows '"not kept"'; key C-d; until_so "NEAP_HISTORY=: the end" ended
say "NEAP_HISTORY=: nothing is written" "$before" "$(cksum <.neap_history)"
start 80 "TERM=screen NEAP_HISTORY=$dir/no/such/history"
until_so "a history that cannot be written: a prompt" last_is ">"
line '"one"'; until_so "a history that cannot be written: it is said" contains "cannot write the history $dir/no/such/history: No such file"
line '"two"'; until_so "a history that cannot be written: goes on" shows '"two"'
say "a history that cannot be written: said once" 1 "$(screen | grep -c 'cannot write')"
start 80 "TERM=screen NEAP_HISTORY=$dir"
until_so "a history that is a folder: it is said" contains "cannot read the history $dir: Is a directory"
line '"one"'; until_so "a history that is a folder: goes on" shows '"one"'
i=0; while [ $i -lt 2500 ]; do i=$((i + 1)); echo "x = $i"; done >long_history
start 80 "TERM=screen NEAP_HISTORY=$dir/long_history"
until_so "a long history: a prompt" last_is ">"
key Up; until_so "a long history: its end" last_is '> x = 2500'
say "a long history is shortened" "1000 x = 1501" "$(wc -l <long_history | tr -d ' ') $(head -n 1 long_history)"

i=0; while [ $i -lt 2500 ]; do i=$((i + 1)); echo "y = $i"; done >long_history
chmod 640 long_history
ln -s long_history linked
start 80 "TERM=screen NEAP_HISTORY=$dir/linked"
until_so "a history by a symbolic link: a prompt" last_is ">"
line '"by link"'; until_so "a history by a symbolic link: a line" shows '"by link"'
say "a history by a symbolic link stays one" "symbolic link 640 1001" "$(stat -c %F linked) $(stat -c %a long_history) $(wc -l <long_history | tr -d ' ')"
say "a history by a symbolic link: nothing is left beside it" "long_history" "$(echo long_history*)"
if command -v flock >/dev/null; then
    exec 8>>long_history
    flock 8
    line '"waits"'; line '"more"'
    say "a locked history is not written to" '"by link"' "$(tail -n 1 long_history)"
    cp -p long_history fresh
    mv fresh long_history # as another session does that shortens it
    exec 8>&-
    ends_with() { [ "$(tail -n 2 long_history | tr '\n' ' ')" = "$1" ]; }
    until_so "a history that was replaced meanwhile is written to" ends_with '"waits" "more" '
fi

# Only a shell that has jobs can stop one.
open 80 "env TERM=screen NEAP_HISTORY= PS1='shell: ' bash --norc --noprofile -i"
until_so "a shell" last_is "shell:"
line "$neap"; until_so "a shell: a prompt" last_is ">"
begin '"sus'; key C-z; until_so "Ctrl-Z stops the process" contains 'Stopped'
line 'fg'; until_so "fg" last_is '> "sus'
type 'pended"'; key Enter; until_so "and goes on where it was" shows '"suspended"'
line 'print("running") while true do end'; until_so "after fg: runs" shows "running"
key C-c; until_so "after fg: is interrupted" contains "interrupted!"
line '"and on"'; until_so "after fg: goes on" shows '"and on"'

# --- other terminals ------------------------------------------------------------------------------

start 20 "TERM=screen NEAP_HISTORY="
until_so "width 20: a prompt" last_is ">"
line '{"first item", "second item", key = {1, 2, 3}}'
until_so "width 20: a table" contains '{
  "first item",
  "second item",
  key = {1, 2, 3}
}'
line '{"你好你好你", "abc"}'; until_so "width 20: wide characters take two columns" contains '{
  "你好你好你",
  "abc"
}'
begin 'string.form'; key Tab; until_so "width 20: completion" last_is '> string.format'; key C-c
begin 'string.'; key Tab Tab; until_so "width 20: candidates" contains 'gmatch'; key C-c
line 'a = "a line that is longer than the terminal"'; line '#a'; until_so "width 20: a long line" shows 39

start 80 "TERM=dumb NEAP_HISTORY="
until_so "TERM=dumb: a prompt" last_is ">"
line '{1, "two"}'; until_so "TERM=dumb: a result" shows '{1, "two"}'
begin 'half a line'; key C-c; until_so "TERM=dumb: Ctrl-C drops the line" last_is ">"
line 'print("running") while true do end'; until_so "TERM=dumb: runs" shows "running"
key C-c; until_so "TERM=dumb: is interrupted" contains "interrupted!"
line '3 + 4'; until_so "TERM=dumb: goes on" shows 7
line 'print("reading") answer = io.read()'; until_so "TERM=dumb: reads" shows "reading"; type 'an answer'; key Enter
line 'answer'; until_so "TERM=dumb: io.read" shows '"an answer"'
if screen_coloured | grep -q "$(printf '\033')"; then fail "TERM=dumb: no colours" "no escapes"; else pass "TERM=dumb: no colours"; fi
key C-d; until_so "TERM=dumb: Ctrl-D ends" ended

coloured() { screen_coloured | grep -qF "$(printf '\033[33m')42"; }
start 80 "TERM=screen NEAP_HISTORY="
until_so "colours: a prompt" last_is ">"
line '42'; until_so "colours: a number" coloured
line 'print("reading") answer = io.read()'; until_so "reads" shows "reading"; type 'an answer'; key Enter
line 'answer'; until_so "io.read" shows '"an answer"'
start 80 "TERM=screen NO_COLOR=1 NEAP_HISTORY="
until_so "NO_COLOR: a prompt" last_is ">"
line '42'; until_so "NO_COLOR: a number" shows 42
if screen_coloured | grep -q "$(printf '\033')"; then fail "NO_COLOR" "no escapes"; else pass "NO_COLOR"; fi

echo 'value = "from the script"; _PROMPT = "? "; _PROMPT2 = "?? "' >script.lua
start 80 "TERM=screen NEAP_HISTORY= LUA_INIT=\"from_init=5\"" -i script.lua
until_so "-i with a script: _PROMPT" last_is "?"
line 'value, from_init'; until_so "-i with a script: its values" shows '"from the script"  5'
line 'do'; until_so "_PROMPT2" last_is "??"; line 'end'

# Bytes of a lone \377 must not stop the editor.
start 80 "TERM=screen NEAP_HISTORY= LC_ALL=C"
until_so "LC_ALL=C: a prompt" last_is ">"
line '"\255"'; until_so "LC_ALL=C: a byte beyond ASCII" shows '"\xff"'

# Nothing loads the editor but the REPL on a terminal.
if [ -r /proc/self/maps ]; then
    echo 'for l in io.lines "/proc/self/maps" do if l:find "libedit" then print "loaded" end end' >maps.lua
    say "a script does not load the editor" "" "$("$neap" maps.lua)"
    say "-i on a pipe does not load the editor" "" "$("$neap" -i maps.lua </dev/null | grep loaded)"
fi

[ "$failures" -eq 0 ]
