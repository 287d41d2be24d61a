#!/bin/sh
# long_code_test.sh: a function may have more code than a jump can go over; only such jumps do not compile.
# variants: release

neap=${1:-${NEAP:-out/neap}}
said=$("$neap" - 2>&1 <<'END'
local items = ("7,"):rep(8500000)
local t = assert(load("local t = {" .. items .. "} return t"))()
print(#t, t[8500000])
t = nil
print(select(2, load("while x do local t = {" .. items .. "} end", "=long")))
END
)
expected="8500000	7
long:1: control structure too long (limit is 8388608 code words)"
if [ "$said" = "$expected" ]; then
    echo "ok - nine million words"
else
    echo "not ok - nine million words: expected [$expected], got [$said]"
    exit 1
fi
