#!/bin/sh
# variants: shared
# The C interface as a whole: api.c uses every function and macro of it. Compiled with Debian's headers it is linked with
# Debian's library, compiled with ours with our liblua5.4.so.0. Run on Debian's library and on ours it says the same:
# sizes and offsets of structures, constants, results, messages.
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$(cd "$here/../../include" && pwd)
debian=/usr/include/lua5.4
failed=0
wrong() { echo "$1" >&2; failed=1; }

# Every name in Debian's headers is used, those excepted that are no part of the interface.
grep -ohE '\b(lua|luaL|luaopen|LUA|LUAL)_[A-Za-z0-9_]+' "$debian/lua.h" "$debian/lauxlib.h" "$debian/lualib.h" |
    grep -vE '^LUA_(API|COMPAT_|USER_H|NUMTAGS)|^LUAL?IB|^lua_(h|ident)$' | sort -u >"$TMPDIR/names"
unused=$(while read -r name; do grep -qw "$name" "$here/api.c" || echo "$name"; done <"$TMPDIR/names")
[ -z "$unused" ] || wrong "api.c does not use: $unused"
[ "$(wc -l <"$TMPDIR/names")" -gt 300 ] || wrong "only $(wc -l <"$TMPDIR/names") names in Debian's headers"

clang-19 -std=gnu11 -Wall -Wextra -I"$debian" "$here/api.c" -o "$TMPDIR/debian" -llua5.4 -lm || exit 1
clang-19 -std=gnu11 -Wall -Wextra -I"$include" "$here/api.c" -o "$TMPDIR/ours" "$LIBRARIES/liblua5.4.so.0" -lm || exit 1

# $1: the program, $2: the folder of libraries, $3: the name of the run.
try() {
    for how in all panic; do
        LD_LIBRARY_PATH=$2 "$TMPDIR/$1" $how >"$TMPDIR/$3.$how" 2>"$TMPDIR/$3.err"
        echo "exit $?" >>"$TMPDIR/$3.$how"
        cat "$TMPDIR/$3.err" >>"$TMPDIR/$3.$how"
    done
}
try debian '' reference
try debian "$LIBRARIES" same_program
try ours "$LIBRARIES" own_headers
grep -q '^exit 0' "$TMPDIR/reference.all" || wrong "api.c fails on Debian's library: $(tail -3 "$TMPDIR/reference.all")"
grep -q '^exit 7' "$TMPDIR/reference.panic" || wrong "no panic on Debian's library"
for run in same_program own_headers; do
    for how in all panic; do
        cmp -s "$TMPDIR/reference.$how" "$TMPDIR/$run.$how" ||
            wrong "$run, $how: Debian (<) and Neap (>): $(diff -a "$TMPDIR/reference.$how" "$TMPDIR/$run.$how" | head -n 12)"
    done
done

# The library's names, their versions and its soname: Debian's, and beyond them only what is Neap's or of a later 5.4.
reference=$(ls /usr/lib/*/liblua5.4.so.0)
names() { nm -D --defined-only "$1" | awk '{ print $2, $3 }' | sort; }
names "$reference" >"$TMPDIR/want"
names "$LIBRARIES/liblua5.4.so.0" >"$TMPDIR/have"
missing=$(comm -23 "$TMPDIR/want" "$TMPDIR/have")
more=$(comm -13 "$TMPDIR/want" "$TMPDIR/have" | grep -vE ' (neap_[a-z_]*@@NEAP_1|NEAP_1|luaopen_heap@@LUA_5.4|lua_closethread@@LUA_5.4)$')
[ -z "$missing" ] || wrong "names of Debian's library missing in ours: $missing"
[ -z "$more" ] || wrong "names beyond Debian's: $more"
soname() { readelf -d "$1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p'; }
[ "$(soname "$reference")" = "$(soname "$LIBRARIES/liblua5.4.so.0")" ] || wrong "another soname than Debian's"
undefined=$(nm -D --undefined-only "$LIBRARIES/liblua5.4.so.0" | grep -E 'sanitizer|asan|ubsan')
[ -z "$undefined" ] || wrong "needs what no program has: $undefined"
exit $failed
