#!/bin/sh
# variants: release
# time: 400
# Up to 300 random programs, in two minutes at most, run by neap and by Debian's lua5.4, which must print the same (run_differential.sh).
# NEAP_FUZZ_SECONDS sets another time. The seeds are the same on every machine; how many of them are reached in the time is not.
set -u
here=$(dirname "$0")
finish=$(($(date +%s) + ${NEAP_FUZZ_SECONDS:-120})) seed=1
while [ "$(date +%s)" -lt "$finish" ] && [ $seed -lt 300 ]; do
    # A program that is not done after 2 s on either engine prints the same nothing on both.
    said=$(TIME=2 WORK=$TMPDIR sh "$here/run_differential.sh" 10 $seed "$NEAP" lua5.4) || {
        echo "$said" >&2
        exit 1
    }
    seed=$((seed + 10))
done
[ $seed -gt 10 ] || { echo "no program was compared in the time" >&2; exit 1; }
