#!/bin/sh
# A C module that blocks and does not say so: the program's memory is back meanwhile, seen from outside, and what it holds is
# as it was.
# variants: release
# time: 120
set -u
[ -r /proc/thread-self/syscall ] || { echo "skipped: the system does not tell of a process's threads"; exit 0; }
cc=$(command -v gcc || command -v clang-19)
cat >"$TMPDIR/wait.c" <<'END'
#include <fcntl.h>
#include <lua.h>
#include <lauxlib.h>
#include <unistd.h>

static int byte_of(lua_State *L) { /* of a pipe with a name: opens it, and waits for one */
    char byte = 0;
    int pipe = open(luaL_checkstring(L, 1), O_RDWR);
    if (pipe < 0 || read(pipe, &byte, 1) != 1) return luaL_error(L, "no byte");
    close(pipe);
    lua_pushlstring(L, &byte, 1);
    return 1;
}

int luaopen_wait(lua_State *L) {
    lua_pushcfunction(L, byte_of);
    return 1;
}
END
"$cc" -shared -fPIC -Iinclude "$TMPDIR/wait.c" -o "$TMPDIR/wait.so" || exit 1
cat >"$TMPDIR/wait.lua" <<'END'
package.cpath = arg[1] .. "/?.so"
local byte_of = require "wait"
local all, few = {}, {}
for i = 1, 500000 do all[i] = {i, tostring(i)} end
for i = 1, 500000, 1000 do few[i] = all[i] end
all = nil
io.write("full\n"):flush()
assert(byte_of(arg[1] .. "/pipe") == "x")
for i, pair in pairs(few) do assert(pair[1] == i and pair[2] == tostring(i)) end
local more = {}
for i = 1, 100000 do more[i] = {i} end
print "done"
END
mkfifo "$TMPDIR/pipe" "$TMPDIR/said" || exit 1
"$NEAP" "$TMPDIR/wait.lua" "$TMPDIR" >"$TMPDIR/said" 2>"$TMPDIR/err" &
program=$!
exec 3<"$TMPDIR/said"
read -r line <&3
[ "$line" = full ] || { echo "expected full, got $line: $(cat "$TMPDIR/err")"; exit 1; }
resident() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$program/status"; }
full=$(resident)
for try in $(seq 600); do # a minute; on a machine with nothing else to do it takes two to three seconds
    sleep 0.1
    now=$(resident)
    [ "$now" -lt $((full / 3)) ] && break
done
echo x >"$TMPDIR/pipe"
read -r line <&3
wait "$program"
status=$?
[ "$status:$line" = 0:done ] || { echo "expected done, got exit $status, $line: $(cat "$TMPDIR/err")"; exit 1; }
[ "$full" -gt 40000 ] || { echo "only $full KiB before the wait"; exit 1; }
[ "$now" -lt $((full / 3)) ] || { echo "resident $full KiB before the wait and $now a minute later"; exit 1; }
