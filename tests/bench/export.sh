#!/bin/bash
# export --sqlite of a simulated record of 16 vCPUs, HOURS (1) long and a quarter of that: seconds and
# memory. Fails when four times the length takes a third more memory.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build} HOURS=${HOURS:-1}
make -s BUILD="$BUILD" all "$BUILD/bench-make_record"
dir=$(mktemp -d -p "$BUILD")
trap 'rm -rf "$dir"' EXIT
for hours in $(awk -v h="$HOURS" 'BEGIN { print h / 4 }') "$HOURS"; do
	rm -rf "$dir/record"
	"$BUILD/bench-make_record" "$dir/record" "$hours"
	python3 - "$BUILD/stealscope" export --results "$dir" --sqlite "$dir/out.db" record <<'P' | tee -a "$dir/seen"
import os, resource, subprocess, sys, time
start = time.time()
subprocess.run(sys.argv[1:], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{os.path.getsize(sys.argv[6]) / 1e6:.0f} MB of SQLite in {time.time() - start:.1f} s, "
      f"peak memory {used.ru_maxrss / 1024:.1f} MiB")
P
done
awk '{ m[NR] = $(NF - 1) } END { exit !(m[2] < m[1] * 1.33) }' "$dir/seen"
