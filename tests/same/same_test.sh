#!/bin/sh
# variants: release asan
# time: 120
# Programs that print what neap and Debian's lua5.4 must say alike, byte for byte but for addresses: each *.lua of this folder,
# in an empty folder, with LC_ALL=C and TZ=UTC.
set -u
here=$(cd "$(dirname "$0")" && pwd)
failed=0 compared=0
for program in "$here"/*.lua; do
    name=$(basename "$program" .lua)
    for engine in "$NEAP" lua5.4; do
        said=$TMPDIR/$name.$(basename "$engine")
        mkdir "$said.folder"
        cp "$program" "$said.folder"
        cd "$said.folder" || exit 1
        LC_ALL=C TZ=UTC timeout 60 "$engine" "$name.lua" </dev/null >"$said" 2>&1
        echo "exit $?" >>"$said"
        sed -i "s,^$engine: ,,; s/0x[0-9a-f]*/ADDR/g" "$said"
    done
    cmp -s "$TMPDIR/$name.lua5.4" "$TMPDIR/$name.neap" || {
        echo "$name.lua: lua5.4 (<) and neap (>) differ:" >&2
        diff -a "$TMPDIR/$name.lua5.4" "$TMPDIR/$name.neap" | head -n 20 >&2
        failed=1
    }
    grep -q '^exit 0' "$TMPDIR/$name.lua5.4" || { echo "$name.lua ends with an error" >&2; failed=1; }
    compared=$((compared + 1))
done
[ "$compared" -ge 2 ] || { echo "nothing was compared" >&2; failed=1; }
exit $failed
