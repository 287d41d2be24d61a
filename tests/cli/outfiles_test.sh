#!/bin/sh
# outfiles_test.sh: the files that options write at exit: two options with one FILE, forked children, a program that changes
# its folder, and one that is ended by SIGTERM or SIGHUP.
# time: 120

# Whoever runs the tests may ignore signals (nohup does), which a shell cannot undo.
[ -n "${SIGNALS_ARE_DEFAULT:-}" ] ||
    SIGNALS_ARE_DEFAULT=1 exec perl -e '$SIG{HUP} = $SIG{TERM} = "DEFAULT"; exec @ARGV' sh "$0" "$@"

neap=${1:-${NEAP:-out/neap}}
case $neap in
    /*) ;;
    *) neap=$PWD/$neap ;;
esac
here=$PWD
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
files() { ls | grep -v -e '^out$' -e '^err$' -e '[.]lua$' -e '[.]so$' -e '[.]c$' | tr '\n' ' '; }
all="--heap-report=r.html --heap-snapshot=s.heapsnapshot --heap-profile=h.pb --cpu-profile=c.pb --heap-stats"
all_files="c.pb h.pb r.html s.heapsnapshot "

# --- one FILE for two options: one of them is there, whole --------------------------------------------
run --heap-report=x --heap-profile=x -e 'local t = {} for i = 1, 1e5 do t[i] = {} end'
say "one FILE: status, files" "0 x " "$status $(cat err)$(files)"
rm -f both && cp x both
run --heap-profile=x -e 'local t = {} for i = 1, 1e5 do t[i] = {} end'
say "one FILE: begins as a profile does" "$(head -c 1 x | od -c)" "$(head -c 1 both | od -c)"
say "one FILE: nothing of the report" 0 "$(grep -c '</html>' both)"
rm -f x both

# --- values ------------------------------------------------------------------------------------------------
for option in heap-report heap-snapshot heap-profile cpu-profile heap-limit; do
    run --$option= -e 'print(1)'
    say "--$option=: status" 1 "$status"
    has "--$option=: message" "'--$option=' needs a value: --$option=" err
done

# --- what /dev/stdout leads to stays ----------------------------------------------------------------------
if [ -e /proc/self/fd/1 ]; then
    "$neap" --heap-snapshot=/dev/stdout -e 'print "hello"' >out 2>err
    say "/dev/stdout: what the program wrote" hello "$(head -n 1 out)"
    has "/dev/stdout: the snapshot" '"node_count":' out
fi

# --- a program that goes elsewhere, and folders that are not there -------------------------------------------
mkdir elsewhere
cat >chdir.lua <<'END'
package.cpath = "/usr/lib/x86_64-linux-gnu/lua/5.4/?.so;/usr/lib/aarch64-linux-gnu/lua/5.4/?.so"
local found, lfs = pcall(require, "lfs")
if not found then print "skip" os.exit() end
lfs.chdir "elsewhere"
local function flood() local t = {} for i = 1, 1e8 do t[i] = {} end end
pcall(flood)
print "there"
END
run --heap-limit=16MiB --heap-snapshot=s.heapsnapshot --heap-snapshot-on-oom chdir.lua
if [ "$(cat out)" = skip ]; then
    echo "ok - after lfs.chdir # SKIP no LuaFileSystem"
else
    say "after lfs.chdir: files" "elsewhere s.heapsnapshot s.oom.heapsnapshot " "$(files)"
    say "after lfs.chdir: files there" "" "$(ls elsewhere)"
    has "after lfs.chdir: told by the name given" "to 's.oom.heapsnapshot'" err
fi
rm -rf elsewhere ./*.heapsnapshot chdir.lua
run --heap-snapshot=none/s.heapsnapshot -e 'io.stderr:write "running\n"'
say "no folder: told at the beginning, once" \
    "$neap: cannot write a snapshot of the heap to 'none/s.heapsnapshot': No such file or directory
running" "$(cat err)"
run --heap-snapshot=none/s.heapsnapshot --heap-snapshot-on-oom -e 'os.exit(6)'
say "no folder, --heap-snapshot-on-oom" "6 1" "$status $(grep -c 'cannot write' err)"

# --- a forked child ------------------------------------------------------------------------------------------
cat >fork.c <<'END'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lua.h"
/* Runs the function in a child, which then exits; true when that has gone well. */
static int run(lua_State *L) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        lua_call(L, 0, 0);
        exit(0);
    }
    lua_pushboolean(L, waitpid(child, &status, 0) == child && status == 0);
    return 1;
}
int luaopen_fork(lua_State *L) { lua_pushcfunction(L, run); return 1; }
END
cc=$(command -v gcc || command -v clang-19)
if [ -n "$cc" ] && "$cc" -shared -fPIC -I"$here/include" fork.c -o fork.so; then
    cat >forks.lua <<'END'
package.cpath = "./?.so"
local fork = require "fork"
print(fork(function() end))
for _, name in ipairs { "r.html", "s.heapsnapshot", "h.pb", "c.pb" } do
  assert(not io.open(name), name .. " was written by the child")
end
END
    # shellcheck disable=SC2086
    run $all forks.lua
    say "a forked child: output" "true 0" "$(cat out) $status"
    say "a forked child: the parent's files" "$all_files" "$(files)"
    say "a forked child: one table of statistics" "$("$neap" --heap-stats -e '' 2>&1 | wc -l)" "$(wc -l <err)"
else
    echo "ok - a forked child # SKIP no compiler"
fi
rm -f ./*.pb r.html s.heapsnapshot

# --- SIGTERM and SIGHUP ----------------------------------------------------------------------------------------
if [ -r /proc/self/stat ]; then
    cat >server.lua <<'END'
local pid, signal = io.open("/proc/self/stat"):read("n"), arg[1]
io.write "begun\n"
local function serve()
  io.popen("kill -" .. signal .. " " .. pid):close()
  while true do end
end
coroutine.wrap(function() while true do pcall(serve) end end)() -- a server survives every error but this
END
    for signal in TERM HUP; do
        # shellcheck disable=SC2086
        run $all server.lua $signal
        say "SIG$signal: killed by it" $signal "$(kill -l "$status")"
        say "SIG$signal: files" "$all_files" "$(files)"
        say "SIG$signal: output" begun "$(cat out)"
        has "SIG$signal: told" "terminated!" err
        has "SIG$signal: a whole report" "</html>" r.html
        rm -f ./*.pb r.html s.heapsnapshot
    done
    run server.lua TERM
    say "SIGTERM without such an option" "TERM 0" "$(kill -l "$status") $(grep -c "terminated!" err)"
    (
        trap '' HUP
        "$neap" --heap-stats -e 'io.popen("kill -HUP " .. io.open("/proc/self/stat"):read("n")):close() print "goes on"' >out 2>err
    )
    say "SIGHUP when it is ignored" "goes on" "$(cat out)"
    # Twice at once is once; again later, where a C function does not come back, is the end.
    # shellcheck disable=SC2086
    run $all -e 'local pid = io.open("/proc/self/stat"):read("n")
        io.popen("kill -TERM " .. pid .. "; kill -TERM " .. pid):close() while true do end'
    say "SIGTERM twice at once" "TERM $all_files" "$(kill -l "$status") $(files)"
    rm -f ./*.pb r.html s.heapsnapshot
    # shellcheck disable=SC2086
    run $all -e 'local pid = io.open("/proc/self/stat"):read("n")
        os.execute("kill -TERM " .. pid .. "; sleep 1; kill -TERM " .. pid .. "; exec sleep 2")'
    say "SIGTERM a second time: ends at once, leaving nothing" "TERM " "$(kill -l "$status") $(files)"
fi

[ "$failures" -eq 0 ]
