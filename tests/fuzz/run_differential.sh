#!/bin/sh
# run_differential.sh RUNS SEED ENGINE REFERENCE [STEPS [TOPICS]]
# Writes RUNS random programs from SEED on (differential.lua), runs each with ENGINE and REFERENCE and
# compares all that they print. At the first difference prints the seed, the reduced program and how
# the outputs differ, and exits with 1; with KEEP_GOING=1 in the environment it goes on and only
# counts. Files are left in the folder $WORK, or in a fresh one under /tmp.
# NEAPDEBUG=gcstress=1,gcverify=1 and the like reach ENGINE; TIME is the limit for a run in seconds.
#
#     tests/fuzz/run_differential.sh 200 1 out/neap lua5.4
#     tests/fuzz/run_differential.sh 50 1 out/asan/neap lua5.4 15 coroutines,close
set -u
if [ $# -lt 4 ]; then
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
fi
runs=$1 seed=$2 engine=$3 reference=$4 steps=${5:-30} topics=${6:-all}
here=$(cd "$(dirname "$0")" && pwd)
limit=${TIME:-60}
work=${WORK:-$(mktemp -d /tmp/neap-differential.XXXXXX)}
mkdir -p "$work"
case $engine in */*) engine=$(cd "$(dirname "$engine")" && pwd)/$(basename "$engine") ;; esac

# Same text from both: the name of the engine before a message is taken off.
cat > "$work/both.sh" <<END
# Writes want and got for the program \$1; succeeds when they differ.
cd "$work"
timeout "$limit" "$reference" "\$1" > want.txt 2>&1
echo "exit \$?" >> want.txt
timeout "$limit" "$engine" "\$1" > got.txt 2>&1
echo "exit \$?" >> got.txt
sed -i "s,$reference: ,,;s,$engine: ,," want.txt got.txt
# How deep calls may nest in C is an engine's own; what a program does after that too.
grep -q "C stack overflow" want.txt got.txt && exit 1
# In so short a time one may be done and the other not quite, on a busy machine.
[ "$limit" -lt 10 ] && grep -q "^exit 124" want.txt got.txt && exit 1
! cmp -s want.txt got.txt
END
# For reduction: the program has to be well-formed, to the reference.
cat > "$work/still.sh" <<END
cd "$work"
"$reference" -e 'os.exit(loadfile("small.lua") ~= nil)' && sh both.sh small.lua
END

bad=0 number=$seed
while [ "$number" -lt $((seed + runs)) ]; do
    "$reference" "$here/differential.lua" "$number" "$steps" "$topics" > "$work/program.lua" || exit 2
    if sh "$work/both.sh" program.lua; then
        bad=$((bad + 1))
        echo "seed $number differs ($steps steps, topics $topics)"
        diff "$work/want.txt" "$work/got.txt" | head -n 6
        cp "$work/program.lua" "$work/seed$number.lua"
        if [ "${KEEP_GOING:-}" = "" ]; then
            cp "$work/program.lua" "$work/small.lua"
            "$reference" "$here/differential.lua" reduce "$work/small.lua" "sh $work/still.sh" 2> /dev/null
            sh "$work/both.sh" small.lua
            echo "---- reduced program: $work/small.lua"
            cat "$work/small.lua"
            echo "---- reference (<) and engine (>):"
            diff "$work/want.txt" "$work/got.txt"
            exit 1
        fi
    fi
    number=$((number + 1))
done
echo "$runs programs, $bad differ"
[ "$bad" -eq 0 ]
