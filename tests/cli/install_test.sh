#!/bin/sh
# install_test.sh: `./dev install` and `./dev deb`: what is installed is there, works, and goes away again; the manual page and the
# completions are well-formed.
#
# One line for each test, "ok - name" or "not ok - name: ...". Exit status 1 when any failed.
# variants: shared
# time: 400

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset DESTDIR LIBDIR PKG_CONFIG_PATH LD_LIBRARY_PATH LUA_INIT
failures=0
say() { # name, expected, got
    if [ "$2" = "$3" ]; then echo "ok - $1"; else
        failures=$((failures + 1))
        printf 'not ok - %s: expected [%s], got [%s]\n' "$1" "$2" "$3" | tr '\n' '~'; echo
    fi
}
works() { # name, command...: silent, status 0
    name=$1
    shift
    said=$("$@" 2>&1)
    say "$name" "0 " "$? $said"
}

cat >host.c <<'END_C'
#include <lauxlib.h>
#include <lualib.h>
#include <neap.h>
#include <stdio.h>

int main(void) {
    lua_State *L = luaL_newstate();
    if (L == NULL)
        return 1;
    luaL_openlibs(L);
    if (luaL_dostring(L, "return string.rep('ab', 3) .. _VERSION") != LUA_OK)
        return 1;
    puts(lua_tostring(L, -1));
    neap_release(L);
    lua_close(L);
    return 0;
}
END_C

# try_host NAME PKG-CONFIG-FOLDER LIBRARY-FOLDER: an embedding program, shared and static.
try_host() {
    PKG_CONFIG_PATH=$2
    export PKG_CONFIG_PATH
    rm -f host
    # shellcheck disable=SC2046
    works "$1: a host compiles" cc host.c $(pkg-config --cflags --libs ${4:-neap}) -o host
    say "$1: a host runs" "abababLua 5.4" "$(LD_LIBRARY_PATH=$3 ./host 2>&1)"
    unset PKG_CONFIG_PATH
}

# --- ./dev install --------------------------------------------------------------------------------

prefix=$dir/pre
works "install" "$root/dev" install "$prefix"
say "the command" "3" "$("$prefix/bin/neap" -e 'print(1 + 2)')"
for file in bin/neap lib/libneap.a lib/libneap.so lib/libneap.so.0 lib/pkgconfig/neap.pc include/neap/lua.h include/neap/neap.h \
    share/man/man1/neap.1 share/bash-completion/completions/neap share/zsh/site-functions/_neap \
    share/fish/vendor_completions.d/neap.fish; do
    [ -r "$prefix/$file" ] || say "install" "$file" "no such file"
done
say "the shared library's name" "libneap.so.0" "$(objdump -p "$prefix/lib/libneap.so" | sed -n 's/^ *SONAME *//p')"
say "it is a link" "libneap.so.0" "$(readlink "$prefix/lib/libneap.so")"
try_host "shared" "$prefix/lib/pkgconfig" "$prefix/lib"
say "shared: it needs the library" "libneap.so.0" "$(objdump -p host | sed -n 's/^ *NEEDED *\(libneap.*\)/\1/p')"
mv "$prefix/lib/libneap.so" away
try_host "static" "$prefix/lib/pkgconfig" /nowhere "--static neap"
mv away "$prefix/lib/libneap.so"
works "install over an installation" "$root/dev" install "$prefix"
touch "$prefix/include/neap/not_ours.h"
works "uninstall" "$root/dev" uninstall "$prefix"
say "uninstall leaves only what is not ours" "$prefix/include/neap/not_ours.h" "$(find "$prefix" ! -type d)"
say "uninstall twice" 1 "$("$root/dev" uninstall "$prefix" >/dev/null 2>&1; echo $?)"
DESTDIR=$dir/stage "$root/dev" install /usr
say "DESTDIR: the files" "$dir/stage/usr/bin/neap" "$(ls "$dir/stage/usr/bin/neap")"
say "DESTDIR: neap.pc does not know of it" "prefix=/usr" "$(grep '^prefix' "$dir/stage/usr/lib/pkgconfig/neap.pc")"
say "a folder by half its path" 2 "$("$root/dev" install some/where >/dev/null 2>&1; echo $?)"

# --- the manual page and completions -----------------------------------------------------------------

share=$dir/stage/usr/share
works "the manual page" mandoc -Tlint -W warning "$share/man/man1/neap.1"
for option in $(sed -n 's/^LONG([a-z_]*, "\([a-z-]*\)".*/\1/p' "$root/cli/options.def"); do
    for file in bash-completion/completions/neap zsh/site-functions/_neap fish/vendor_completions.d/neap.fish; do
        grep -qF -e "$option" "$share/$file" || say "$file" "$option" "nothing of it"
    done
    mandoc -Tascii "$share/man/man1/neap.1" | sed "s/.$(printf "\\010")//g" | grep -qF -e "--$option" || say "the manual page" "--$option" "nothing of it"
done
works "bash: syntax" bash -n "$share/bash-completion/completions/neap"
works "zsh: syntax" zsh -n "$share/zsh/site-functions/_neap"
works "fish: syntax" fish -n "$share/fish/vendor_completions.d/neap.fish"
completes() { # words as bash splits them; prints what bash would offer
    bash --norc -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; _neap; echo "${COMPREPLY[@]}"' \
        "$share/bash-completion/completions/neap" "$@"
}
say "bash: an option" "--heap-limit=" "$(completes neap --heap-li)"
say "bash: a word" "json" "$(completes neap --gc-trace = j)"
say "bash: all words" "auto on off" "$(completes neap --huge-pages =)"
touch script.lua
say "bash: a file" "script.lua" "$(completes neap --heap-stats scr)"
say "fish: an option" "--heap-limit" "$(fish --no-config -c "source $share/fish/vendor_completions.d/neap.fish; complete -C 'neap --heap-lim'" | cut -f1 | tr -d =)"

# --- ./dev deb --------------------------------------------------------------------------------------

"$root/dev" deb >built 2>&1 || say "deb" "it to work" "$(cat built)"
works "lintian" lintian --allow-root --fail-on warning "$root"/out/deb/*.deb
mkdir -p sys/var/lib/dpkg/info sys/var/lib/dpkg/updates
: >sys/var/lib/dpkg/status
if [ "$(id -u)" = 0 ]; then
    dpkg --root="$dir/sys" --force-depends -i "$root"/out/deb/*.deb >built 2>&1 || say "dpkg -i" "it to work" "$(cat built)"
    say "the packages are installed" "ii libneap-dev ii neap" \
        "$(dpkg-query --admindir="$dir/sys/var/lib/dpkg" -W -f '${db:Status-Abbrev}${Package}\n' | tr '\n' ' ' | sed 's/ $//')"
else
    for package in "$root"/out/deb/*.deb; do dpkg-deb -x "$package" sys; done
fi
say "deb: the command" "Lua 5.4" "$(sys/usr/bin/neap -e 'print(_VERSION)')"
say "deb: the notice of what is inside the command" 1 "$(grep -c 'Chart.js Contributors' sys/usr/share/doc/neap/copyright)"
say "deb: the source package" "neap neap" "$(for package in "$root"/out/deb/*.deb; do
    dpkg-deb -W --showformat '${source:Package}\n' "$package"; done | tr '\n' ' ' | sed 's/ $//')"
say "deb: the command's libraries" "" "$(ldd sys/usr/bin/neap | grep 'not found')"
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
PKG_CONFIG_SYSROOT_DIR=$dir/sys
export PKG_CONFIG_SYSROOT_DIR
try_host "deb" "$dir/sys/usr/lib/$triplet/pkgconfig" /nowhere
if [ "$(id -u)" = 0 ]; then
    dpkg --root="$dir/sys" -r neap libneap-dev >built 2>&1 || say "dpkg -r" "it to work" "$(cat built)"
    say "deb: nothing is left" "" "$(find sys/usr ! -type d 2>/dev/null)"
fi

[ "$failures" -eq 0 ]
