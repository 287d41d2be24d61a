#!/bin/sh
# variants: release
# time: 120
# Every function of every library with odd arguments, some 200,000 calls: neap and Debian's lua5.4 return the same or
# raise errors with the same message. arguments.lua says what is called and what is not. NEAP_ARGUMENTS=full in the
# environment makes 1.4 million calls of it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mode=${NEAP_ARGUMENTS:-quick}
failed=0
for engine in "$NEAP" lua5.4; do
    name=$(basename "$engine")
    mkdir -p "$TMPDIR/$name"
    cd "$TMPDIR/$name" || exit 1
    printf 'first line\n12 0x1F -3e2 nope\n' >here
    LC_ALL=C TZ=UTC "$engine" "$here/arguments.lua" "$mode" results </dev/null >said 2>err || {
        echo "$name ends with $?: $(tail -3 err)" >&2
        failed=1
    }
    # dlopen names the program. 5.4.8 and 5.4.4 number the argument of table.remove differently.
    sed -i "s,$engine: ,engine: ,; s,$(command -v "$engine"): ,engine: ,; /table.remove(/s/bad argument #[12]/bad argument/" results
    # One function under two names: which of them a message has depends on the order of a table.
    sed -i "s/to 'math\.atan2'/to 'math.atan'/" results
    sed -i 's/0x[0-9a-f]*/ADDR/g' said
done
cd "$TMPDIR" || exit 1
for file in results said; do
    cmp -s "neap/$file" "lua5.4/$file" || {
        echo "different $file, lua5.4 (<) and neap (>):" >&2
        diff -a "lua5.4/$file" "neap/$file" | head -n 20 >&2
        failed=1
    }
done
[ "$(wc -l <neap/results)" -gt 100000 ] || { echo "only $(wc -l <neap/results) results" >&2; failed=1; }
exit $failed
