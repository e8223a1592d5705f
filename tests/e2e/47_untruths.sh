#!/bin/bash
# What would be untrue if nobody said it: noise that does not run.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"

R=$T/results
# scenario NAME NOISE: one metal guest beside a noise
scenario() {
	printf '<scenario name="%s" warmup="1s" duration="4s"><guest name="g"><timer period="10ms"/></guest><noise name="gen" %s/></scenario>\n' \
		"$1" "$2" >"$T/$1.xml"
}
record() { find "$R" -maxdepth 1 -name "*-$1-*" | sort | tail -1; }

if command -v stress-ng >/dev/null; then
	scenario typo 'kind="stress-ng" args="--cpuu 1"'
	expect_exit "a typo in a line of stress-ng" 1 $SS run --results "$R" "$T/typo.xml"
	grep -q "noise gen ended by itself .*cpuu" "$T/err" && ok "its words are in the error" || bad "the error: $(tail -1 "$T/err")"
	grep -q -- "--cpuu" "$(record typo)/host/noise-gen.log" && ok "and in the record" || bad "no words in $(record typo)"
else
	skip "a typo in a line of stress-ng: it is not installed"
fi

# A process of ours, killed in mid-window by anybody.
scenario killed 'kind="busy" threads="2" duty="20%"'
$SS run --results "$R" "$T/killed.xml" >"$T/out" 2>"$T/err" &
run=$!
for ((i = 0; i < 200; i++)); do
	victim=$(grep -lx gen /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3 | while read -r p; do
		[ "$(ps -o ppid= -p "$p" | tr -d ' ')" = "$run" ] && echo "$p"; done | tail -1)
	[ -n "$victim" ] && [ -s "$(record killed)/host/trace.bin" ] && break
	sleep 0.1
done
sleep 1
[ -n "$victim" ] && kill -9 "$victim"
wait $run
got=$?
[ $got = 1 ] && grep -q "noise gen ended by itself within .* (signal 9)" "$T/err" && ok "a noise's process killed in mid-run fails the run" ||
	bad "killed noise: exit $got: $(tail -1 "$T/err")"
[ "$(jq '.noises[0].died' "$(record killed)/run.json")" = true ] && ok "the record says that it died" || bad "run.json does not say it"
# A job whose unit is longer than the window, beside one that is done: not an empty column with exit 0.
cat >"$T/jobs.xml" <<'XML'
<scenario name="jobs" warmup="1s" duration="3s"><lab cpus="1"/>
  <guest name="box" placement="pinned"><job iterations="20000"/></guest>
  <variant name="done"/>
  <variant name="endless"><set what="guest.box.job.iterations" to="1000000000"/></variant>
  <expect metric="job.time" above="0"/>
</scenario>
XML
expect_exit "a variant in which no unit ended" 3 $SS run --json --results "$R" "$T/jobs.xml"
is "its expectation has failed, the other's not" "$T/out" '.expect | map(.verdict) | sort == ["fail", "pass"]' '.expect'
is "a unit's time is cut into parts" "$T/out" '.variants[0].guests[0].job | (.wait_s + .held_s + .sleep_s + .ran_s - .time_s | fabs) < 0.01 * .time_s' '.variants[0].guests[0].job'
is "3 s have no 10 s series" "$T/out" '[.variants[].guests[].vcpus[].series | length] | add == 0' '[.variants[].guests[].vcpus[].series]'
# In a PID namespace of its own, as in a container, threads have other numbers than the kernel's programs see: nobody is traced,
# and it is said.
own=(unshare --pid --fork --mount-proc)
scenario namespace 'kind="busy"'
expect_exit "a run in a PID namespace of its own" 0 "${own[@]}" $SS run --json --results "$R" "$T/namespace.xml"
is "says why nothing is traced" "$T/out" '.warnings | any(contains("PID namespace") and contains("--pid=host"))' .warnings
is "and has its steal, but no waiting for it" "$T/out" '.variants[].guests[].vcpus[].metrics | has("steal.rate") and (has("wait.rate") | not)' '.variants[].guests[].vcpus[].metrics'
expect_exit "blame there" 4 "${own[@]}" $SS blame --all --for 1s
grep -q "PID namespace" "$T/err" && ok "says so" || bad "blame: $(tail -1 "$T/err")"
"${own[@]}" $SS doctor --json >"$T/out" 2>"$T/err"
is "doctor says so" "$T/out" '.facts[] | select(.key == "ebpf.tracer") | .verdict == "missing" and ([.value, .note] | join(" ") | contains("PID namespace"))' '.facts[] | select(.key == "ebpf.tracer")'
clean_after "noise that did not run"
finish
