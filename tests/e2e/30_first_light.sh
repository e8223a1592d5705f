#!/bin/bash
# The main job: a scenario file to a report, on a real guest; and the record analysed again elsewhere.
. "$(dirname "$0")/lib.sh"
need_kvm
R=$T/res

for try in 1 2; do # one retry: the expectations hold on a quiet box
	rm -rf "$R"
	[ $try = 1 ] || second_try first-light
	$SS run --results "$R" --json "$(own_scenario scenarios/first-light.xml)" >"$T/run.json" 2>"$T/err"
	got=$?
	[ $got = 0 ] && break
done
case $got in
0 | 3) is_timed "first-light ends with its expectations met (try $try)" "$T/run.json" 'all(.expect[]; .verdict == "pass")' '.expect | map(select(.verdict != "pass") | .why)' ;;
*) bad "first-light: exit $got: $(tail -3 "$T/err")" ;;
esac
is "one JSON document with both variants" "$T/run.json" '.variants | length == 2'
# As root, with debugfs, KVM's own offset is the clock's source here, exact to some us, and causality agrees with it.
if [ "$(id -u)" = 0 ] && unshare -m sh -c 'mount -t debugfs none /sys/kernel/debug && [ -d /sys/kernel/debug/kvm ]' 2>/dev/null; then
	is "every guest's clock is KVM's own offset" "$T/run.json" '[.variants[].guests[].vcpus[].clock] | length > 0 and all(.source == "tsc-offset" and .error_ns < 1e5 and .violations == 0)' '[.variants[].guests[].vcpus[].clock | [.source, .error_ns, .violations]]'
fi
# The books that no neighbour on the box can spoil.
is "steal = run_delay, no time lost, no record lost, causality: verdict pass in both variants" "$T/run.json" \
	'[.variants[].check_details[] | select(.name | IN("steal_vs_run_delay", "state_conservation", "lost_records", "causality", "clock_error_ns"))] | length == 10 and all(.verdict == "pass")' \
	'[.variants[].check_details[] | select(.verdict != "pass") | [.name, .note]]'
is "what the kernel refuses the host agent is named, not its errno" "$T/run.json" \
	'.warnings | all(test("^host agent: .*(Operation not permitted|No such file)") | not)' '.warnings'
is "when the first sample came, in s after run, is told" "$T/run.json" '[.variants[].first_sample_s] | all(. > 0)' '[.variants[].first_sample_s]'
is "so is how long of a run is not measuring" "$T/run.json" '[.variants[].overhead_s] | all(. > 0)' '[.variants[].overhead_s]'
clean_after "first-light"

rec=$(find "$R" -maxdepth 1 -name '*overcommit*' -type d | head -1)
cp "$rec/analysis.json" "$T/a1.json"
cp -r "$rec" "$T/moved" && rm "$T/moved/analysis.json" "$T/moved/report.html"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chown -R 65534 "$T/moved"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$SS" analyze "$T/moved" >"$T/out" 2>"$T/err"
	rc=$?
	[ $rc = 0 ] || [ $rc = $got ] && ok "analyze works unprivileged" || bad "analyze as nobody: exit $rc $(tail -1 "$T/err")"
	cmp "$T/a1.json" "$T/moved/analysis.json" && ok "analysis.json is the same byte for byte" || bad "analysis.json differs"
else
	skip "analyze unprivileged: needs root to become nobody"
fi
for v in show report; do expect_exit "$v last" 0 $SS $v --results "$R" last; done
expect_exit "show --late 1" 0 $SS show --results "$R" --late 1 "$(basename "$rec")"
expect_exit "list" 0 $SS list --results "$R"
grep -q "$MINE-overcommit" "$T/out" && ok "list shows the record" || bad "list: $(cat "$T/out")"
for f in perfetto csv jsonl; do
	expect_exit "export --format $f" 0 $SS export --results "$R" --format $f --output "$T/export.$f" "$(basename "$rec")"
	[ -s "$T/export.$f" ] && ok "export.$f holds something" || bad "export.$f is empty"
done
is "the Perfetto trace parses and holds states and samples" "$T/export.perfetto" '.traceEvents | length > 100' '.traceEvents | length'

# The page in a real browser.
if command -v chromium >/dev/null && command -v python3 >/dev/null; then
	python3 tests/e2e/browser.py "" "$rec/report.html" >"$T/seen" 2>"$T/err"
	while read -r line; do
		echo "$line" >"$T/one.json"
		view=$(jq -r .view "$T/one.json")
		is "report.html in Chromium, $view: no console error, no request leaves" "$T/one.json" \
			'(.complaints | length == 0) and (.asked | length == 0)' '[.complaints, .asked]'
		is "report.html in Chromium, $view: the plots have the data" "$T/one.json" \
			'(.figures | length > 0) and all(.figures[]; .points > 0)' '.figures'
	done <"$T/seen"
	[ -s "$T/seen" ] || bad "report.html in Chromium: $(tail -2 "$T/err")"
else
	skip "report.html in Chromium: needs chromium and python3"
fi
finish
