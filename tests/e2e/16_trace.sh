#!/bin/bash
# stealscope-hostd on real threads: stacked, floating, sleeping beside a hog, under a quota, stopped by a
# signal; traced waiting against run_delay, states against wall time, nothing lost.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "trace: needs root to load eBPF"; finish; }
make -s build/tests/trace_threads >"$T/make" 2>&1 || { bad "trace_threads: $(tail -2 "$T/make")"; finish; }
for c in stacked-4 float-3-on-2 sleepers-and-hog quota-and-hog sigstop counts counts-stacked counts-quota counts-crowd counts-dumped counts-leaves counts-passers passers counts-moved announced counts-announced; do
	timeout 60 build/tests/trace_threads build/stealscope-hostd 2 $c >"$T/out" 2>&1
	got=$?
	if grep -q '^SKIP' "$T/out"; then
		skip "$(grep '^SKIP' "$T/out" | head -1 | cut -c6-)"
	elif [ $got = 0 ]; then
		ok "$c"
	else
		bad "$c: $(grep -v "^ok" "$T/out" | tail -4 | tr "\n" ";")"
	fi
done
finish
