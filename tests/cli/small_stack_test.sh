#!/bin/sh
# A small C stack (ulimit -s): too small a one is refused in a sentence, in any other deep recursion is an error and no crash.
# variants: release debug
# time: 300
failed=0
said=$(ulimit -s 64 && "$NEAP" -e 'print(1)' 2>&1)
status=$?
case $status:$said in
    1:*"a C stack of 64 KiB"*"is too small"*) ;;
    *) echo "ulimit -s 64: expected exit 1 and a sentence about the C stack, got $status: $said" && failed=1 ;;
esac
for size in 160 256 512; do
    for kind in $("$NEAP" tests/cli/deep.lua); do
        (ulimit -s $size && exec "$NEAP" tests/cli/deep.lua "$kind") >/dev/null 2>&1
        status=$?
        [ $status -lt 128 ] || { echo "ulimit -s $size, $kind: expected no crash, got status $status"; failed=1; }
    done
done
exit $failed
