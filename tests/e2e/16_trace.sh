#!/bin/bash
# stealscope-hostd on real threads: stacked, floating, sleeping beside a hog, under a quota, stopped by a
# signal; traced waiting against run_delay, states against wall time, nothing lost.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "trace: needs root to load eBPF"; finish; }
make -s build/tests/trace_threads build/tests/hostd-hides build/tests/hostd-alike >"$T/make" 2>&1 || { bad "trace_threads: $(tail -2 "$T/make")"; finish; }
trace() { timeout 60 build/tests/trace_threads "$1" 2 "$2" >"$T/out" 2>&1; } # HOSTD CASE
traced() { # HOSTD CASE NAME
	local got
	trace "$1" "$2"
	got=$?
	if grep -q '^SKIP' "$T/out"; then
		skip "$(grep '^SKIP' "$T/out" | head -1 | cut -c6-)"
	elif [ $got = 0 ]; then
		ok "$3"
	else
		bad "$3: $(grep -v '^ok' "$T/out" | tail -4 | tr '\n' ';')"
	fi
}
for c in stacked-4 float-3-on-2 sleepers-and-hog quota-and-hog sigstop counts counts-stacked counts-woken counts-quota counts-crowd counts-dumped counts-leaves counts-passers passers counts-moved announced counts-announced; do
	traced build/stealscope-hostd $c $c
done
for c in stacked-2 counts-leaves; do
	traced build/tests/hostd-alike $c "$c, all threads' numbers alike"
done
# Not claimed is what nothing tells: who slept unseen, and who had the CPU meanwhile. Which switches are not seen is chance, and
# one in some tens of runs has several next to each other that cannot be told from one: one retry, counted.
for c in stacked-4 float-3-on-2 quota-and-hog sigstop; do
	trace build/tests/hostd-hides $c && { ok "$c, one switch in 16 unseen"; continue; }
	second_try "$c unseen: $(grep -v '^ok' "$T/out" | tail -4 | tr '\n' ';')"
	traced build/tests/hostd-hides $c "$c, one switch in 16 unseen"
done
finish
