#!/bin/bash
# A guest that attacks the harness through its shared page (tests/hostile), beside a sound one on the same CPU:
# the run ends well, the record says who was hostile, and the sound guest's books balance.
# Measures nothing, but wants no other's guests: it may run beside what only computes.
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

# A guest that only writes, as much as it can: its share is bounded, counted and told, the run goes on.
cat >"$T/fill.xml" <<-X
	<scenario name="$MINE" warmup="200ms" duration="2500ms"><lab cpus="1"/>
	<guest name="sound"><timer period="10ms"/></guest>
	<guest name="filler" record-limit="64KiB"><job iterations="667"/></guest></scenario>
X
"$T/bin/stealscope" run --json --results "$T/fill" "$T/fill.xml" >"$T/run.json" 2>"$T/err" && ok "the run ends well beside a guest that fills the disk" || bad "filler: exit $?: $(tail -2 "$T/err" | tr '\n' ' ')"
rec=$(find "$T/fill" -maxdepth 1 -name "*$MINE*" -type d | head -1)
size() { stat -c %s "$rec/$1" 2>/dev/null || echo 0; }
got=$(size guest/filler.bin)
[ "$got" -gt 60000 ] && [ "$got" -lt 130000 ] && ok "its part of the record is bounded ($got bytes)" || bad "the filler wrote $got bytes into its record of 64 KiB"
got=$(size guest/filler.console.log)
[ "$got" -gt 1000 ] && [ "$got" -le 1048576 ] && ok "its console is bounded ($got bytes)" || bad "the filler's console: $got bytes"
is "what came after is counted" "$rec/run.json" '.guests[] | select(.name == "filler") | .lost > 100' '[.guests[] | {name, lost}]'
is "and told" "$rec/run.json" '[.warnings[] | select(test("filler filled its share"))] | length == 1' '.warnings'
is "the result is marked: lost records" "$T/run.json" '.variants[0].checks.lost_records > 100' '.variants[0].checks.lost_records'
is "the sound guest lost nothing beside it" "$T/run.json" "$(sound '.lost == 0 and .samples > 100')" "$(sound '{lost, samples}')"
# The host's trace is bounded too: every switch that guests make is a record of it.
cat >"$T/switch.xml" <<-X
	<scenario name="$MINE" warmup="200ms" duration="2s" trace-limit="8KiB"><lab cpus="1"/>
	<guest name="awake" vcpus="2"><timer period="1ms"/></guest></scenario>
X
"$T/bin/stealscope" run --json --results "$T/small" "$T/switch.xml" >"$T/run.json" 2>"$T/err" || bad "a small trace: exit $?: $(tail -1 "$T/err")"
got=$(stat -c %s "$T"/small/*"$MINE"*/host/trace.bin)
if jq -e '.variants[0].trace_mode != "events"' "$T/run.json" >/dev/null; then
	skip "a trace of 8 KiB: no eBPF here"
else
	[ "$got" -gt 2000 ] && [ "$got" -lt 300000 ] && ok "the host's trace is bounded ($got bytes)" || bad "the host's trace took $got bytes of its 8 KiB"
	is "... what came after is counted, and told" "$T/run.json" '.lost.host > 100 and ([.variants[0].warnings[] | select(test("trace-limit"))] | length == 1)' '.lost, [.variants[0].warnings[] | select(test("trace"))]'
fi
clean_after "a hostile guest"
finish
