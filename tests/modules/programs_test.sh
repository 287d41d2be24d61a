#!/bin/sh
# variants: shared
# Programs that Debian links with liblua5.4 run on Neap's library of that name, found by LD_LIBRARY_PATH alone.
# LIBRARIES is the folder of the libraries. Each program shows first that it is Neap it runs on: it has `heap`.
set -u
failed=0
wrong() { echo "$1" >&2; failed=1; }

# gringo: terms computed by Lua functions, with collections meanwhile.
cat >"$TMPDIR/script.lp" <<'END'
#script (lua)
local calls = 0
assert(NEAP == nil or require "heap".stats().system)
function gcd(a, b)
    calls = calls + 1
    if calls % 10 == 0 then collectgarbage() end
    local x, y = a.number, b.number
    while y ~= 0 do x, y = y, x % y end
    return clingo.Number(x)
end
function words(text)
    local list = {}
    for word in text.string:gmatch "%a+" do list[#list + 1] = clingo.Function(word, { clingo.Number(#word) }) end
    return list
end
#end.
p(A, B, @gcd(A, B)) :- A = 1..12, B = 1..12.
w(@words("ebb and flow")).
END
sed 's/NEAP == nil or //' "$TMPDIR/script.lp" >"$TMPDIR/on_neap.lp"
gringo --text "$TMPDIR/script.lp" >"$TMPDIR/on_debian" || wrong "gringo does not run on Debian's library"
LD_LIBRARY_PATH=$LIBRARIES gringo --text "$TMPDIR/on_neap.lp" >"$TMPDIR/on_neap" || wrong "gringo fails on Neap"
cmp "$TMPDIR/on_debian" "$TMPDIR/on_neap" || wrong "gringo says something else on Neap"
grep -q 'w(flow(4))' "$TMPDIR/on_neap" || wrong "gringo's script did not run"
cat >"$TMPDIR/bad.lp" <<'END'
#script (lua)
function f(x) local t = nil; return t.field end
#end.
p(@f(1)).
END
LD_LIBRARY_PATH=$LIBRARIES gringo --text "$TMPDIR/bad.lp" >/dev/null 2>"$TMPDIR/bad"
grep -q "attempt to index a nil value (local 't')" "$TMPDIR/bad" || wrong "gringo does not show Neap's error message: $(cat "$TMPDIR/bad")"

# dnsmasq: a DHCP script is called at the start, for each lease in its file, and at the end.
cat >"$TMPDIR/dhcp.lua" <<'END'
local log = {}
function init() log[1] = require "heap".stats().system and "init" end
function lease(action, data)
    log[#log + 1] = action .. " " .. data.hostname .. " " .. data.ip_address .. " " .. data.mac_address
    collectgarbage()
end
function shutdown()
    log[#log + 1] = "shutdown"
    io.open(os.getenv "TMPDIR" .. "/said", "w"):write(table.concat(log, "\n"), "\n"):close()
end
END
later=$(($(date +%s) + 3600))
echo "$later 02:00:00:00:00:01 127.0.0.11 host1 01:02:00:00:00:00:01" >"$TMPDIR/leases"
echo "$later 02:00:00:00:00:02 127.0.0.12 host2 01:02:00:00:00:00:02" >>"$TMPDIR/leases"
LD_LIBRARY_PATH=$LIBRARIES dnsmasq --no-daemon --conf-file=/dev/null --user="$(id -un)" --port=0 --interface=lo \
    --bind-interfaces --dhcp-range=127.0.0.10,127.0.0.20,1h --dhcp-alternate-port=20067,20068 \
    --dhcp-leasefile="$TMPDIR/leases" --dhcp-luascript="$TMPDIR/dhcp.lua" --pid-file= 2>"$TMPDIR/log" &
server=$!
tries=0
until grep -q started "$TMPDIR/log" || [ $tries -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
kill "$server"
wait "$server"
tries=0                                  # its helper process writes the file after it has ended
until [ -s "$TMPDIR/said" ] || [ $tries -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
sort -u "$TMPDIR/said" >"$TMPDIR/sorted"
printf '%s\n' init "old host1 127.0.0.11 02:00:00:00:00:01" "old host2 127.0.0.12 02:00:00:00:00:02" shutdown >"$TMPDIR/expected"
cmp "$TMPDIR/expected" "$TMPDIR/sorted" || wrong "dnsmasq's script said: $(cat "$TMPDIR/said"); dnsmasq said: $(cat "$TMPDIR/log")"
exit $failed
