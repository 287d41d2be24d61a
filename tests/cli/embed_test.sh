#!/bin/sh
# embed_test.sh: examples/embed.c is compiled as its head says, with the compilers that are here, and does what it says.
# variants: release
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
for cc in gcc clang-19; do
    command -v "$cc" >/dev/null || continue
    "$cc" -Wall -Wextra -Werror examples/embed.c -Iinclude "$LIBNEAP" -lm -o "$folder/embed"
    got=$("$folder/embed")
    case $got in
    "stopped: not enough memory (group 'script')
it had "[1-4].[0-9]" MiB and has 0 bytes") ;;
    *)
        echo "embed_test: embed.c, by $cc: expected to be stopped by the group's limit and left with 0 bytes, got: $got"
        status=1 ;;
    esac
done
exit $status
