#!/bin/bash
# A guest that attacks the harness through its shared page (tests/hostile), beside a sound one on the same CPU:
# the run ends well, the record says who was hostile, and the sound guest's books balance.
. "$(dirname "$0")/lib.sh"
need_kvm
hostile_programs
R=$T/res
"$T/bin/stealscope" run --json --results "$R" "$(own_scenario tests/hostile/hostile.xml)" >"$T/run.json" 2>"$T/err" &
pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do
	now=$(awk '/^VmHWM/ {print $2}' /proc/$pid/status 2>/dev/null)
	[ -z "$now" ] || peak=$now
	sleep 0.1
done
wait $pid
got=$?
[ $got = 0 ] && ok "the run ends well beside a hostile guest" || bad "exit $got: $(tail -2 "$T/err" | tr '\n' ' ')"
rec=$(find "$R" -maxdepth 1 -name "*$MINE*" -type d | head -1)
[ -n "$rec" ] || { bad "there is no record"; finish; }
is "the record is marked: records of the hostile guest are lost" "$rec/run.json" '.guests[] | select(.name == "evil") | .lost > 1000' '[.guests[] | {name, lost}]'
is "the record is marked: a warning names it" "$rec/run.json" '[.warnings[] | select(test("evil wrote into its shared page what a guest that works right never writes"))] | length == 1' '[.warnings[] | select(test("evil"))]'
is "silence after the run is told, and costs the others nothing" "$rec/run.json" '[.warnings[] | select(test("evil"))] | length >= 2' '[.warnings[] | select(test("evil")) | .[0:60]]'
sound() { echo ".variants[0].guests[] | select(.name == \"sound\") | $1"; }
is "the sound guest lost nothing" "$T/run.json" "$(sound '.lost == 0 and .samples > 100')" "$(sound '{lost, samples}')"
is "its records are its own: steal = run_delay of its thread, to 0.1 % or 10 us" "$T/run.json" \
	"$(sound '.vcpus[0].joins | (.steal_ns - .run_delay_ns | fabs) <= ([10000, .run_delay_ns / 1000] | max)')" "$(sound '.vcpus[0].joins | {steal_ns, run_delay_ns, steal_exact}')"
is "its states fill the window" "$T/run.json" "($(sound '.vcpus[0].states | .run_ns + .wait_ns + .sleep_ns')) as \$sum | .variants[0].window_s * 1e9 | (. - \$sum | fabs) <= . / 1000" "$(sound '.vcpus[0].states')"
is "its clock holds" "$T/run.json" "$(sound '.vcpus[0].clock | .violations == 0 and .offset_changes == 0')" "$(sound .vcpus[0].clock)"
[ "$peak" -gt 0 ] && [ "$peak" -lt 400000 ] && ok "memory of the harness is bounded (at most $peak kB, analysis included)" || bad "the harness took $peak kB"
expect_exit "the record can be analysed again" 0 "$SS" analyze --no-save "$rec"
clean_after "a hostile guest"
finish
