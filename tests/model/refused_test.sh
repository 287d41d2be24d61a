# variants: freebsd netbsd openbsd dragonfly solaris darwin aix
# time: 240
# The whole interpreter on a system that refuses calls, does nothing while it says that it did, or is
# short of swap (tests/model/README.md). Needs NEAP and VARIANT.
set -eu
: "${NEAP:?is the command to test}" "${VARIANT:?is its variant}"
out=${TMPDIR:-/tmp}/refused.$$
trap 'rm -f "$out"' EXIT

bad() { echo "refused_test.sh: NEAP_KM=$settings: $*" >&2; exit 1; }

# run SETTINGS: the program's line in $line, what the model reports in $report.
run() {
    settings=$1,report=1
    NEAP_KM=$settings "$NEAP" tests/model/refused.lua >"$out" 2>&1 || bad "expected exit 0, got $?: $(tail -n 3 "$out")"
    line=$(head -n 1 "$out")
    report=$(tail -n 1 "$out")
    case $line in *" worked, "*" refused") ;; *) bad "expected a count of rounds, got $line" ;; esac
    case $line in "0 worked"*) bad "expected that some rounds work, got $line" ;; esac
}

failures=0
for seed in 1 2 3; do
    run "seed=$seed,fail=30,after=150"
    run "seed=$seed,fail=400,after=150"
    count=${report#*madvise; }
    failures=$((failures + ${count%% failed*}))
done
[ "$failures" -gt 0 ] || bad "expected that calls were made to fail, got $report"

case $VARIANT in
solaris)
    run seed=4,swap=6000000
    case $line in *" 0 refused") bad "expected rounds without memory, got $line" ;; esac ;;
aix) # 32: mprotect does nothing at times; a start that is refused says so
    worked=0
    for seed in 1 2 3 4 5 6; do
        settings=seed=$seed,adversary=32,report=1
        status=0
        NEAP_KM=$settings "$NEAP" tests/model/refused.lua >"$out" 2>&1 || status=$?
        case $status:$(head -n 1 "$out") in
        "0:40 worked, 0 refused" | "0:"*" refused") worked=$((worked + 1)) ;;
        "1:"*"cannot create state: not enough memory") ;;
        *) bad "expected a run or a refused start, got status $status: $(head -n 3 "$out")" ;;
        esac
    done
    [ $worked -gt 0 ] || bad "expected that some of 6 starts succeed, got none" ;;
esac
