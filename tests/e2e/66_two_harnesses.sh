#!/bin/bash
# Two harnesses at once on one box: both complete, nothing is mixed up, and each record says that the other was
# there (so that nobody takes the figures for a quiet box's).
# Measures nothing, but wants no other's guests: it may run beside what only computes.
. "$(dirname "$0")/lib.sh"
need_kvm
S=$(own_scenario tests/soak/soak.xml)
for i in 1 2; do
	$SS run --json --set duration=2s --results "$T/res$i" "$S" >"$T/$i.json" 2>"$T/err$i" &
	pid[i]=$!
done
for i in 1 2; do
	wait "${pid[i]}"
	got=$?
	[ $got = 0 ] && ok "harness $i of 2 ends well" || bad "harness $i of 2: exit $got: $(tail -2 "$T/err$i" | tr '\n' ' ')"
	is "harness $i: its own guest, nothing lost" "$T/$i.json" '(.variants[0].guests | length == 1) and .lost.guest == 0 and .lost.host == 0' '[[.variants[0].guests[].name], .lost]'
	is "harness $i: its guest was measured" "$T/$i.json" '.variants[0].guests[0].samples > 100' '.variants[0].guests[0].samples'
done
# Both windows may not overlap on a slow box: who began second saw the first.
jq -s '[.[].warnings[] | select(test("another stealscope"))]' "$T/1.json" "$T/2.json" >"$T/said.json"
is "the record says that another harness was there" "$T/said.json" 'length >= 1' '.[0]'
clean_after "two harnesses"
finish
