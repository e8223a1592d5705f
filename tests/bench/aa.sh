#!/bin/bash
# The A/A check on real boots: boot one configuration 36 times, then compare halves (random ones, and those of
# neighbours) with each other 200 times. `tests/bench/aa.sh [RESULTS]`; a RESULTS that is half done is gone on
# with. With LOCK=FILE the box is taken in pieces of at most 100 s.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build} R=${1:-$BUILD/aa}
make -s BUILD="$BUILD" "$BUILD/bench-aa"
while :; do
	s=0
	${LOCK:+flock "$LOCK"} ${LOCK:+timeout -s TERM 100} "$BUILD/stealscope" batch --resume --id aa --results "$R" \
		--repeats 36 --set warmup=500ms --set duration=2s --cool-down 0 scenarios/canary.xml >"$R.txt" || s=$?
	case $s in 0 | 3) break ;; 130 | 124) ;; *) cat "$R.txt"; exit $s ;; esac
done
"$BUILD/bench-aa" "$R" aa 200
