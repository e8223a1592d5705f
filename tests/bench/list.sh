#!/bin/bash
# How long `list` takes over 10,000 records: plain, filtered by a metric, as JSON. Prints the median of 9.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build} N=${N:-10000}
make -s BUILD="$BUILD" "$BUILD/bench-make_index"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$BUILD/bench-make_index" "$dir" "$N"
for options in "" "--where steal.rate>50" "--scenario pinned* --json"; do
	for _ in 1 2 3 4 5 6 7 8 9; do
		a=$(date +%s%N)
		# shellcheck disable=SC2086
		"$BUILD/stealscope" list --results "$dir" $options >"$dir/out"
		echo $((($(date +%s%N) - a) / 1000))
	done | sort -n | awk -v o="list $options" -v n="$N" \
		'{ v[NR] = $1 } END { printf "%s: %d records, %.3f s\n", o, n, v[5] / 1e6; exit v[5] >= 500000 }' || slow=1
done
[ -z "${slow:-}" ]
