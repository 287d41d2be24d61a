#!/bin/sh
# list_test.sh: neap --list and neap --check, and errors as a terminal and as a pipe shows them.
#
#     sh tests/cli/list_test.sh path/to/neap
#
# One line for each test, "ok - name" or "not ok - name: ...". Exit status 1 when any failed.

neap=${1:-${NEAP:-out/neap}}
case $neap in
    /*) ;;
    *) neap=$PWD/$neap ;;
esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset LUA_INIT LUA_INIT_5_4 NO_COLOR
failures=0
say() { # name, expected, got
    if [ "$2" = "$3" ]; then echo "ok - $1"; else
        failures=$((failures + 1))
        printf 'not ok - %s: expected [%s], got [%s]\n' "$1" "$2" "$3" | tr '\n' '~'; echo
    fi
}
has() { # name, file, text
    if grep -qF -e "$3" "$2"; then echo "ok - $1"; else say "$1" "$3" "$(cat "$2")"; fi
}

# --- --list ---------------------------------------------------------------------------------------

cat >program.lua <<'END_LUA'
local function add(left, right)
    local sum = left + right
    if sum > 10 then print("big", sum) end
    return sum
end
for i = 1, 3 do add(i, 2.5) end
local t = {name = "n"}
return t.name
END_LUA
"$neap" --list program.lua >out 2>err
say "--list: status" 0 $?
has "--list: source lines" out '    2 |     local sum = left + right'
has "--list: names of locals" out 'sum = left + right'
has "--list: a jump" out 'if not (sum > 10) then goto L1'
has "--list: its label" out 'L1:'
has "--list: constants" out 'constant 1 is "big"'
has "--list: upvalues" out 'upvalue _ENV is register 0'
has "--list: inner functions" out 'function of lines 1 to 5: 2 parameters'
has "--list: locals" out 'local sum in words'
has "--list: a field" out 't["name"]'
"$neap" -e 'io.open("stripped", "wb"):write(string.dump(loadfile("program.lua"), true)):close()'
"$neap" --list stripped >out 2>err
say "--list of a stripped binary chunk: status" 0 $?
has "--list of a stripped binary chunk" out 'function of lines 1 to 5'
has "--list of a stripped binary chunk: no lines" out '[-]'
echo 'return 1' | "$neap" --list - >out
has "--list -: standard input" out 'return r0'
for file in "$OLDPWD"/examples/*.lua "$OLDPWD"/bench/*.lua; do
    "$neap" --list "$file" >out 2>err || say "--list $file" "it to work" "$(cat err)"
done
"$neap" --list program.lua stripped >out 2>err
say "--list of several files names each" "program.lua:~~stripped:" "$(grep -xE -B1 '[a-z.]+:' out | tr '\n' '~' | sed 's/~--~/~/g; s/~$//')"
echo 'local function f(a, b, ...)   ' >blanks.lua
printf '\n\nreturn ...\nend return f   \n' >>blanks.lua
"$neap" --list blanks.lua >out
has "--list: the number of parameters" out 'set aside arguments beyond 2 parameters'
say "--list: no line ends in a blank" "" "$(grep -n ' $' out)"
say "--list runs nothing" "" "$(echo 'io.stderr:write "ran"' >run.lua; "$neap" --list run.lua 2>&1 >/dev/null)"

# --- --check --------------------------------------------------------------------------------------

echo 'x = = 1' >bad.lua
echo 'for' >worse.lua
printf '#!/usr/bin/neap\nreturn 1\n' >bang.lua
printf '\357\273\277return 1\n' >bom.lua
"$neap" --check program.lua bang.lua bom.lua stripped run.lua >out 2>err
say "--check of good files" "0" "$?$(cat out err)"
"$neap" --check bad.lua program.lua worse.lua nofile . >out 2>err
say "--check: status" 1 $?
has "--check: the first error" err "bad.lua:1: unexpected symbol near '='"
has "--check: the second error" err "worse.lua:2: <name> expected near <eof>"
has "--check: a file that is not there" err "cannot read nofile: No such file or directory"
has "--check: a folder" err "cannot read .: Is a directory"
say "--check: one line for each" 4 "$(wc -l <err | tr -d ' ')"
"$neap" --check <&- 2>err
has "--check of a closed standard input" err "cannot read stdin: Bad file descriptor"
head -c 60 stripped >cut
"$neap" --check cut 2>err
say "--check of a cut binary chunk" 1 $?
[ -w /dev/full ] && { "$neap" --list program.lua >/dev/full 2>err; say "--list on a full disk" 1 $?; }

# --- errors on a terminal ---------------------------------------------------------------------------

# script(1) gives the command a terminal. explains NAME EXPECTED...: what is shown below the message.
explains() {
    name=$1 expected=$2
    sleep_until_older
    TERM=${term:-dumb} script -qec "stty cols ${cols:-80}; '$neap' ${options:-} t.lua" /dev/null </dev/null |
        tr -d '\r' | sed -n '/^ *[0-9]* | /,/^stack traceback\|^\t\|^$/p' | grep -v '^stack traceback\|^	' >shown
    say "$name" "$expected" "$(cat shown)"
}
# A file that was written within this second looks as if it changed after the program began.
sleep_until_older() { touch -d '1 minute ago' t.lua; }

echo 'for k in pirs({}) do end' >t.lua
explains "a misspelt global" "    1 | for k in pirs({}) do end
      |          ^^^^ did you mean 'pairs'?"
printf 'local settings = {}\nprint(setings.x)\n' >t.lua
explains "a misspelt local" "    2 | print(setings.x)
      |       ^^^^^^^ did you mean 'settings'?"
echo 'local x = string.fromat("%d", 1)' >t.lua
explains "a misspelt field" "    1 | local x = string.fromat(\"%d\", 1)
      |                  ^^^^^^ did you mean 'format'?"
echo 'local s = "x"; print(s:uper())' >t.lua
explains "a misspelt method" "    1 | local s = \"x\"; print(s:uper())
      |                        ^^^^ did you mean 'upper'?"
cat >t.lua <<'END_LUA'
local Base = {} Base.__index = Base
function Base:update() end
local object = setmetatable({}, Base)
	object:updaet()
END_LUA
explains "a method through __index, behind a tab" "    4 |     object:updaet()
      |            ^^^^^^ did you mean 'update'?"
cat >t.lua <<'END_LUA'
local calls = 0
local t = setmetatable({}, {__index = function() calls = calls + 1; if calls > 1 then os.exit(9) end end})
t.a.b()
END_LUA
explains "__index functions are not called" "    3 | t.a.b()
      |   ^"
echo 'local zebra = nil; zebra()' >t.lua
explains "nothing is alike" "    1 | local zebra = nil; zebra()
      |                    ^^^^^"
echo 'return nope.x' >t.lua
explains "two slips in four letters are none" "    1 | return nope.x
      |        ^^^^"
echo 'return tbael.x' >t.lua
explains "two letters swapped" "    1 | return tbael.x
      |        ^^^^^ did you mean 'table'?"
echo 'return {} < 1' >t.lua
explains "an operator" "    1 | return {} < 1
      |           ^"
echo 'string.rep({}, 3)' >t.lua
explains "a bad argument" "    1 | string.rep({}, 3)
      |        ^^^"
echo 'local a = (1 + ) + (2 + )' >t.lua
explains "a syntax error: the first of two tokens" "    1 | local a = (1 + ) + (2 + )
      |                ^"
printf 'local function f()\n  retrun 5\nend\n' >t.lua
explains "a misspelt keyword" "    2 |   retrun 5
      |          ^ did you mean 'return'?"
printf 'while true do\n  print(1)\n' >t.lua
explains "a block that is not closed" "    1 | while true do
      | ^^^^^"
printf 'x = (\n\n' >t.lua
explains "the end of the file" "    1 | x = (
      |      ^"
echo 'local aaaaaaaaaa, bbbbbbbbbb, cccccccccc = 1, 2, 3; print(aaaaaaaaaa, strng.format, bbbbbbbbbb)' >t.lua
cols=40 explains "a narrow terminal" "    1 | aaaaaaaa, strng.format, bbbbbbb
      |           ^^^^^
did you mean 'string'?"
cols=20 explains "a terminal of width 20" "    1 | a, strng.fo
      |    ^^^^^
did you mean 'string'?"
printf 'local s = "\303\244\033[31m"; nosuch()\n' >t.lua
explains "letters of several bytes, and control characters" "    1 | local s = \"ä?[31m\"; nosuch()
      |                     ^^^^^^"
: >t.lua; options="-e 'prnt(1)'" explains "-e" "    1 | prnt(1)
      | ^^^^ did you mean 'print'?"
options=
echo 'prnt(1)' >t.lua
touch -d '1 hour' t.lua
script -qec "'$neap' t.lua" /dev/null </dev/null >out
say "a file that changed later is not quoted" 0 "$(grep -c '|' out)"
has "its message is" out "attempt to call a nil value (global 'prnt')"
sleep_until_older
printf 'local s = "\344\275\240\345\245\275 e\314\201"; nosuch()\n' >t.lua
explains "wide characters, and an accent by itself" "    1 | local s = \"$(printf '\344\275\240\345\245\275 e\314\201')\"; nosuch()
      |                     ^^^^^^"
wide=$(printf '\344\275\240\345\245\275')
echo "s = \"$wide$wide$wide$wide\"; nosuch()" >t.lua
cols=30 explains "a wide character that is cut" "    1 |  $wide$wide\"; nosuch()
      |             ^^^^^^"
printf 'local s = "\302\233\303\244"; nosuch()\n' >t.lua
explains "a control character beyond ASCII" "    1 | local s = \"?ä\"; nosuch()
      |                 ^^^^^^"
mkfifo pipe
echo 'error[[boo]]' >pipe &
timeout 20 script -qec "'$neap' pipe" /dev/null </dev/null >out
say "a script from a pipe: status" 1 $?
has "a script from a pipe" out "pipe:1: boo"
TERM=dumb script -qec "'$neap' -e 'function f() local t; t.x = 1 end' -e 'local other = 2; f(other)'" /dev/null </dev/null >out
has "a function of another -e" out "(command line):1: attempt to index a nil value"
say "a function of another -e: the last one is not quoted" 0 "$(grep -c '1 | ' out)"
echo 'local wrong = 1' >stdin
touch -d '1 minute ago' stdin
TERM=dumb script -qec "echo 'nosuch()' | '$neap' -" /dev/null </dev/null >out
say "a file called stdin is not standard input" 0 "$(grep -c '1 | ' out)"
echo 'prnt(1)' >t.lua
sleep_until_older
term=xterm
script -qec "TERM=xterm '$neap' t.lua" /dev/null </dev/null >out
has "colours on a terminal" out "$(printf '\033[1;31m^^^^\033[0m')"
script -qec "TERM=xterm NO_COLOR=1 '$neap' t.lua" /dev/null </dev/null >out
say "NO_COLOR" 0 "$(grep -c "$(printf '\033')" out)"

# On a pipe: byte for byte what lua says.
if command -v lua5.4 >/dev/null; then
    for program in 'pirs()' 'local t = {} t.x.y = 1' 'x = = 1' 'error("mine")' 'error({})' 'error("two", 2)' 'return {} .. 1' \
        'string.rep({}, 3)' 'goto nowhere' 'local s = "open' 'setmetatable({}, {__index = 5}).x.y()' 'coroutine.wrap(error)("c")'; do
        echo "$program" >t.lua
        lua5.4 t.lua 2>expected
        "$neap" t.lua 2>err
        say "as lua says it: $program" "$(cat expected)" "$(sed "1s|^$neap: |lua5.4: |" err)"
    done
fi

[ "$failures" -eq 0 ]
