#!/bin/bash
# bench-stalls: how near the player comes, each figure with the bar it is held to. PART="felt circle ...": only these;
# SECONDS_EACH of each play (default 60). Ends with 1 when a bar is missed. Beside each play stands what others took of
# this box meanwhile, and what its own hypervisor took of it, by /proc/stat. What a second is off is held to its bar over the
# seconds in which neither took anything of the victim's CPU; where these are fewer than eight, it is skipped.
. "$(dirname "$0")/../e2e/lib.sh"
BUILD=${BUILD:-build} S=${SECONDS_EACH:-60} MISSED=0 SKIPPED=0
PROBES='<gap threshold="300us"/><steal period="1s"/>'

# bar WHAT VALUE CONDITION UNIT: CONDITION as awk has it, with v the value; "-": no bar, only told.
bar() {
	local said="      "
	if [ "$3" != - ]; then
		if awk -v v="$2" "BEGIN { exit !(v ~ /^-?[0-9.]+(e-?[0-9]+)?\$/ && (v + 0) $3) }" </dev/null; then said="held  "; else said="MISSED" MISSED=$((MISSED + 1)); fi
	fi
	printf '  %s %-58s %s%s%s\n' "$said" "$1" "$2" "${4:+ $4}" "$([ "$3" = - ] || echo " (bar: $3)")"
}
# watch_box: what this box's hypervisor took of each CPU so far, four times a second, without a fork: "S CPU TICKS".
watch_box() {
	local line up fields
	exec {none}<> <(:)
	while :; do
		read -r up _ </proc/uptime
		while read -r -a fields; do
			[[ ${fields[0]} == cpu* ]] || break
			echo "$up ${fields[0]#cpu} ${fields[8]}"
		done </proc/stat
		read -r -t 0.25 -u "$none" line
	done
}
# run NAME: $T/NAME.xml into $T/NAME.json, and who else was at work.
run() {
	local watcher status
	witness >/dev/null
	watch_box >"$T/$1.box" & watcher=$!
	$SS run --results "$T/res" --json "$T/$1.xml" >"$T/$1.json" 2>"$T/err"
	status=$?
	kill $watcher
	wait $watcher 2>/dev/null
	[ $status = 0 ] || { echo "  FAILED $1: $(tail -1 "$T/err")"; MISSED=$((MISSED + 1)); return 1; }
	echo "  $1: others and this box's hypervisor took, in ms/s: $(witness); waited for: $(of "$1" '[$v.blame[] | select(.share >= 0.3) | "\(.culprit) \(.share * 10 | round / 10) %"][:6] | join(", ")')"
}
# undisturbed NAME LANE FIELD: the error of a second, planned against FIELD, over those in which nobody but the player had the victim's
# CPU while it waited, by the trace, and the hypervisor took nothing of it, by /proc/stat: "RMSE WORST SECONDS".
undisturbed() {
	local from
	from=$(jq .window_start_ns "$T/res/$(of "$1" '$v.record')/run.json")
	of "$1" '$s | [.planned, .'"$3"', .felt_for_others] | transpose[] | @tsv' "$2" | awk -v from="$from" -v cpu="$(of "$1" '$s.cpu' "$2")" '
		FILENAME != "-" { if ($2 == cpu) { at[++n] = $1; took[n] = $3 } next }
		{ begin = from / 1e9 + i++; a = b = 0
			for (k = 1; k <= n; k++) { if (at[k] <= begin) a = k; if (!b && at[k] >= begin + 1.05) b = k }
			if (a && b && took[a] == took[b] && $3 < 0.1) { d = $1 - $2; sum += d * d; m++; d = d < 0 ? -d : d; if (d > most) most = d } }
		END { if (m) printf "%.3f %.3f %d\n", sqrt(sum / m), most, m; else print "none none 0" }' "$T/$1.box" -
}
scenario() { # NAME SECONDS INSIDE
	echo "<scenario name=\"$MINE\" warmup=\"1s\" duration=\"${2}s\">$3</scenario>" >"$T/$1.xml"
}
# one NAME SECONDS NOISE-ATTRIBUTES [PROBES [GUEST-ATTRIBUTES]]: one busy metal guest on one CPU, and what is played beside it.
one() {
	scenario "$1" "$2" "<lab cpus=\"1\"/><guest name=\"app\" placement=\"pinned\" ${5:-}>${4:-$PROBES}</guest><noise name=\"player\" beside=\"app\" $3/>"
	run "$1"
}
of() { jq -r ".variants[0] as \$v | \$v.stalls[${3:-0}] as \$s | $2" "$T/$1.json"; }
# seconds NAME LANE FIELD RMSE WORST: what a second of FIELD is off, in all, and undisturbed, held to the bars.
seconds() {
	local r w n
	bar "$3, all seconds, RMSE" "$(of "$1" "\$s.rmse_$3" "$2")" - "ms/s, worst $(of "$1" "\$s.worst_$3" "$2")"
	read -r r w n < <(undisturbed "$1" "$2" "$3")
	if [ "$n" -lt 8 ]; then
		echo "  SKIP   $3: of the seconds $n were undisturbed"
		SKIPPED=$((SKIPPED + 1))
		return
	fi
	bar "$3, of $n seconds in which nobody else was there, RMSE" "$r" "$4" ms/s
	bar "$3, of these, the worst" "$w" "$5" ms/s
}
# played NAME RMSE WORST KS LATE [LANE]: the figures of one play and their bars ("-": none).
played() {
	local l=${6:-0}
	bar "planned" "$(of "$1" '$s.mean_planned * 1000 | round / 1000' "$l")" - ms/s
	seconds "$1" "$l" delivered "$2" "$3"
	seconds "$1" "$l" felt "$2" "$3"
	bar "lengths felt, KS" "$(of "$1" '$s.ks_felt' "$l")" "$4"
	bar "begun late, p99" "$(of "$1" '$s.lag_us.p99' "$l")" "$5" us
	bar "of all stalls played" "$(of "$1" '100 * $s.stalls.played / $s.stalls.planned * 100 | round / 100' "$l")" ">= 99" "% $(of "$1" '$s.stalls | tostring' "$l")"
}
named() { of "$1" '[$v.blame[] | select(.culprit | startswith("noise player")) | .share] | add // 0'; }
trace() { "$BUILD/bench-make_stalls" "$@"; }

part_felt() { # a busy metal guest under 45 ms/s of 3 ms stalls
	one felt "$S" 'kind="stalls" rate="45ms/s" length="3ms"' || return
	played felt "<= 0.3" "<= 1" "<= 0.02" "<= 100"
	bar "waiting named the player" "$(named felt)" ">= 99" %
	bar "guest's steal against run_delay" "$(of felt '$v.checks.steal_vs_run_delay')" "== 0" %
}
part_often() { # 2,000 stalls a second
	trace 200 100 fixed "$((S + 2))" 1 >"$T/often.stalls"
	one often "$S" 'kind="stalls" trace="often.stalls"' || return
	played often "<= 5" "<= 10" - "<= 100"
	bar "stalls a second" "$(of often "\$s.stalls.played / $S | round")" ">= 1900"
}
part_long() { # one stall of 300 ms in each of two places
	printf '# stealscope stalls 1\nstart_s,length_us,cpu\n3,300000,0\n12,300000,0\n' >"$T/long.stalls"
	one long 15 'kind="stalls" trace="long.stalls"' || return
	played long "<= 0.3" "<= 1" - "<= 1000"
}
part_rates() { # rates alone: closed loop, and beside it what an open loop would have given
	{ printf '# stealscope stalls 1\nstart_s,length_s,steal_ms_per_s,cpu\n'; for ((i = 0; i < S + 5; i++)); do echo "$i,1,$((20 + i * 7 % 60)),0"; done; } >"$T/rates.stalls"
	one rates "$S" 'kind="stalls" trace="rates.stalls"' || return
	bar "planned" "$(of rates '$s.mean_planned * 1000 | round / 1000')" - ms/s
	bar "felt in closed loop, RMSE of a second" "$(of rates '$s.rmse_felt')" "<= $(of rates '[2, $s.mean_planned * 0.05] | max')" ms/s
	bar "delivered, RMSE of a second" "$(of rates '$s.rmse_delivered')" - ms/s
	bar "the same in open loop, RMSE of a second" "$(of rates '$s.rmse_open')" - ms/s
}
part_two() { # two victims on two CPUs, each with its own trace
	trace 45 3000 exponential "$((S / 2 + 2))" 1 >"$T/a.stalls"
	trace 20 1000 pareto "$((S / 2 + 2))" 2 >"$T/b.stalls"
	scenario two $((S / 2)) "<lab cpus=\"2\"/><guest name=\"a\" placement=\"pinned\" cpus=\"0\">$PROBES</guest><guest name=\"b\" placement=\"pinned\" cpus=\"1\">$PROBES</guest>
		<noise kind=\"stalls\" name=\"player-a\" beside=\"a\" trace=\"a.stalls\"/><noise kind=\"stalls\" name=\"player-b\" beside=\"b\" trace=\"b.stalls\"/>"
	run two || return
	# The harness and both QEMUs have no other CPU here: they are in what is felt.
	for l in 0 1; do
		bar "$(of two '$s.noise' $l) for $(of two '$s.victim' $l): planned" "$(of two '$s.mean_planned' $l)" - ms/s
		seconds two $l delivered "<= 0.3" -
		bar "begun late, p99" "$(of two '$s.lag_us.p99' $l)" "<= 100" us
		bar "felt, RMSE of a second" "$(of two '$s.rmse_felt' $l)" - ms/s
		bar "felt for the player alone, RMSE of a second" "$(of two '[$s.planned, $s.felt, $s.felt_for_others] | transpose | map(.[0] - .[1] + .[2] | . * .) | add / length | sqrt * 1000 | round / 1000' $l)" "<= 1" ms/s
	done
}
part_circle() { # beside a hog and under a quota of its own: recorded, exported, played to a fresh guest
	# Quota and hog have periods of 100 and 25 ms: a timer of 10 ms would meet them at the same few phases all the time, and its
	# quantiles would be those of the phase that it began at. One of 9.7 ms meets them everywhere.
	local timer="<timer period=\"${TIMER:-9.7ms}\"/>" name
	for name in there itself; do # the original, and the original again: what of the difference is no replay's
		one $name "$S" 'kind="busy" duty="20%" burst="5ms"' "$timer$PROBES" 'quota="75ms"' || return
		[ $name = itself ] || $SS export --results "$T/res" --format stalls -o "$T/there.stalls" last 2>"$T/err" || { echo "  FAILED export: $(tail -1 "$T/err")"; MISSED=$((MISSED + 1)); return; }
	done
	one again "$S" 'kind="stalls" trace="there.stalls" start="1ms"' "$timer$PROBES" || return
	seconds again 0 felt "<= 1" -
	bar "lengths felt, KS" "$(of again '$s.ks_felt')" "<= 0.05"
	# A maximum of the original is not like its own maximum an hour later: off is what lies beyond the two of them.
	while IFS=$'\t' read -r name there itself again off; do
		bar "$name: there $there, there again $itself, played $again: off by" "$off" "<= 10 && (v + 0) >= -10" %
	done < <(jq -rs 'map(.variants[0].guests[0].metrics) | . as [$a, $i, $b] | ["steal.rate", "timer.late.p50", "timer.late.p99", "timer.late.max"][] |
		([$a[.], $i[.]] | sort) as [$lo, $hi] | (if $b[.] then [$lo, $b[.], $hi] | sort[1] else null end) as $near |
		[., $a[.], $i[.], $b[.], (if $lo and $near then ($b[.] / $near - 1) * 1000 | round / 10 else "none" end)] | @tsv' "$T/there.json" "$T/itself.json" "$T/again.json")
}
part_hours() { # ten hours of trace begin at once, in the memory of ten seconds
	trace 45 3000 exponential 36000 1 >"$T/hours.stalls"
	trace 45 3000 exponential 10 1 >"$T/seconds.stalls"
	local t p wait_for_player
	for t in seconds hours; do
		one $t 3 "kind=\"stalls\" trace=\"$t.stalls\" $([ $t = seconds ] || echo 'from="9h"')" &
		wait_for_player=$!
		for _ in $(seq 200); do p=$(pgrep -x player | head -1); [ -n "$p" ] && grep -q FF <(ps -Lo cls= -p "$p") && break; sleep 0.05; done
		sleep 1
		awk '/VmRSS/ { print $2 }' "/proc/$p/status" >"$T/$t.kb" 2>/dev/null
		wait $wait_for_player
	done
	bar "$(grep -c '^[0-9]' "$T/hours.stalls") rows: looked at before the run in" "$(jq -r '.steps[] | select(.name == "look at stalls") | (.end_ns - .start_ns) / 1e9' "$(find "$T/res" -name run.json -newer "$T/hours.xml" | head -1)")" "< 0.5" s
	bar "memory of its player; of ten seconds' $(cat "$T/seconds.kb") kB" "$(cat "$T/hours.kb")" "< $(cat "$T/seconds.kb") * 1.1" kB
}
part_linux() { # a Linux guest, under TCG where KVM cannot run it; its shell keeps the vCPU awake
	[ -r "$(scripts/fetch-kernel --print)/distro/vmlinuz" ] || { echo "  SKIP  no kernel; run scripts/fetch-kernel"; return; }
	scenario linux $((S / 2)) "<lab cpus=\"1\"/><guest name=\"app\" kind=\"linux\" kernel=\"distro\" placement=\"pinned\"><file source=\"/bin/sh\" target=\"/bin/sh\"/><timer period=\"10ms\"/>
		<job command=\"chrt -i 0 /bin/sh -c 'while :; do :; done'\"/></guest><noise name=\"player\" kind=\"stalls\" beside=\"app\" rate=\"45ms/s\" length=\"3ms\"/>"
	run linux || return
	bar "its accelerator" "$(of linux '$v.guests[0].accel')" -
	played linux "<= 1" - "<= 0.1" "<= 100"
	bar "timer late in the guest, maximum" "$(of linux '$v.guests[0].metrics["timer.late.max"]')" - us
}
part_domain() { # a domain of libvirtd's, pinned by its own XML, stalled as it runs
	local d=own$$
	libvirtd_up >"$T/why" || { echo "  SKIP  $(cat "$T/why")"; return; }
	make -s BUILD="$BUILD" "$BUILD/tests/busy.elf" || return
	install -m 644 "$BUILD/tests/busy.elf" "$T/"
	domain_xml $d 1 "$T/busy.elf" /dev/null "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>" | sed "s/<serial type='file'>.*<.serial>//" >"$T/domain.xml"
	virsh -q -c qemu:///system create "$T/domain.xml" || return
	at_exit "virsh -q -c qemu:///system destroy $d"
	scenario domain $((S / 2)) "<lab cpus=\"1\"/><guest name=\"vm\" kind=\"domain\" domain=\"$d\"/><noise name=\"player\" kind=\"stalls\" beside=\"vm\" rate=\"45ms/s\" length=\"3ms\"/>"
	run domain || return
	played domain "<= 0.3" "<= 1" "<= 0.02" "<= 100"
	bar "waiting named the player" "$(named domain)" ">= 99" %
}
part_recorder() { # what it costs, and of how much of the time it knows
	local agent=$BUILD/stealscope-agent sample
	for sample in "" "--sample 2s/8s"; do
		witness >/dev/null
		$agent record --stalls=0 $sample --for $((S / 3))s --out "$T/r${#sample}.recording" >"$T/out" 2>"$T/err" || { cat "$T/err"; MISSED=$((MISSED + 1)); return; }
		echo "  record --stalls=0 $sample: others and this box's hypervisor took, in ms/s: $(witness)"
		echo "         $(grep -o '[0-9]* stalls, .*' "$T/err")"
		echo "         $(grep -o '[0-9.]* % of a CPU' "$T/err") in all; $(grep '^# coverage' "$T/r${#sample}.recording.stalls" || echo 'coverage: all of the time')"
	done
}

for p in ${PART:-felt often long rates two circle hours linux domain recorder}; do
	declare -F "part_$p" >/dev/null || { echo "bench-stalls: no part $p"; exit 2; }
	echo "$p:$(declare -f "part_$p" >/dev/null; sed -n "s/^part_$p() { #/ /p" "$0")"
	t=$SECONDS
	"part_$p"
	echo "  ($((SECONDS - t)) s)"
done
[ "$MISSED$SKIPPED" = 00 ] || echo "bench-stalls: $MISSED bars missed, $SKIPPED skipped for want of quiet seconds"
[ "$MISSED" = 0 ]
