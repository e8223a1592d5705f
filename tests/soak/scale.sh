#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Many guests, and many vCPUs, on a small box in one run: nothing lost, every vCPU heard.
. "$(dirname "$0")/../e2e/lib.sh"
need_kvm
start=$SECONDS
"$SS" run --json --results "$T/res" --boot-timeout 300s "$(own_scenario tests/soak/scale.xml)" >"$T/scale.json" 2>"$T/err"
got=$?
[ $got = 0 ] && ok "256 guests, and a guest of 256 vCPUs: $((SECONDS - start)) s" || bad "scale: exit $got: $(tail -2 "$T/err" | tr '\n' ' ')"
of() { echo ".variants[] | select(.name == \"$1\")"; }
is "256 guests in one run" "$T/scale.json" "$(of guests) | .guests | length == 256" "$(of guests) | .guests | length"
is "256 vCPUs in one guest" "$T/scale.json" "$(of vcpus) | .guests[0].vcpus | length == 256" "$(of vcpus) | .guests[0].vcpus | length"
for v in guests vcpus; do
	is "$v: every vCPU was heard" "$T/scale.json" "$(of $v) | [.guests[].vcpus[].samples] | all(. > 0)" "$(of $v) | [.guests[].vcpus[].samples] | [min, max]"
	is "$v: steal = run_delay" "$T/scale.json" "$(of $v) | .checks.steal_vs_run_delay | . != null and . <= 0.001" "$(of $v) | .checks.steal_vs_run_delay"
	is "$v: traced waiting = run_delay" "$T/scale.json" "$(of $v) | .checks.wait_vs_run_delay | . != null and . <= 0.001" "$(of $v) | .checks.wait_vs_run_delay"
	is "$v: every record is in its place" "$T/scale.json" "$(of $v) | .checks.lost_records == 0" "$(of $v) | .checks.lost_records"
	is "$v: their states are known all the time" "$T/scale.json" "$(of $v) | .checks.state_conservation < 0.001" "$(of $v) | .checks.state_conservation"
done
is "nothing lost" "$T/scale.json" '.lost.guest == 0 and .lost.host == 0' .lost
clean_after scale
finish
