#!/bin/bash
# Injected causes are named right: a hog that bursts 8 ms every 100 ms, SIGSTOP of the vCPU's QEMU for
# 20 ms, a CPU quota. Of the late wake-ups (or gaps) that the injection makes, at least 99 of 100 name it.
# The box's other tasks make late wake-ups too: those that lasted as the injection makes them are judged (a
# burst of 8 ms is shared with the victim in slices of about 4 ms). Where the host's own timer fired late and
# nobody was queued for, no injection was at work but the box's hypervisor: counted apart.
. "$(dirname "$0")/lib.sh"
need_kvm
R=$T/res

record() { find "$R" -maxdepth 1 -name "*$MINE*" -type d | sort | tail -1; }
lates() { # NAME: the late rows of the newest record in $T/NAME.jsonl
	$SS export --format jsonl --table late --output "$T/$1.jsonl" "$(record)" 2>"$T/err" || bad "$1: export: $(cat "$T/err")"
}
judge() { # NAME MIN_US MAX_US WORD: rows of that length name WORD as first culprit in 99 of 100
	jq -s --argjson low "$2" --argjson high "$3" --arg word "$4" \
		'map(select(.late_us >= $low and .late_us <= $high)) |
		 (map(select(.culprit == "" and .timer_late_us > 0.5 * .late_us)) | length) as $box |
		 map(select((.culprit == "" and .timer_late_us > 0.5 * .late_us) | not)) |
		 {box_timer_late: $box, n: length, right: (map(select(.culprit | contains($word))) | length),
		  wrong: (map(select(.culprit | contains($word) | not).culprit) | group_by(.) | map({(.[0]): length}) | add)}' \
		"$T/$1.jsonl" >"$T/$1.json"
	is_timed "$1: at least 60 injections were felt" "$T/$1.json" '.n >= 60' '.n'
	is_timed "$1: 99 of 100 name '$4'" "$T/$1.json" '.right >= 0.99 * .n' .
	jq -s '{late: (map(.late_us) | add), unexplained: (map(.unexplained_us) | add)}' "$T/$1.jsonl" >"$T/$1.sum"
	is_timed "$1: 99 % of the lateness explained" "$T/$1.sum" '.unexplained <= 0.01 * .late' .
}
run() { $SS run --results "$R" --json "$(own_scenario "tests/e2e/scenarios/$1.xml")" >"$T/run.json" 2>"$T/err" || [ $? = 3 ] || bad "$1: $(tail -1 "$T/err")"; }

run burst-hog; lates burst; judge burst 2000 9000 "noise burst"
run quota-sleeper; lates quota; judge quota 40000 60000 quota

run stopped &
for _ in $(seq 100); do
	qemu=$(pgrep -f "guest=stealscope-[^ ]*$MINE-[^ ]*victim" | head -1)
	[ -n "$qemu" ] && break
	sleep 0.1
done
sleep 2.5
for _ in $(seq 80); do
	kill -STOP "$qemu" 2>/dev/null; sleep 0.02; kill -CONT "$qemu" 2>/dev/null; sleep 0.08
done
wait
lates stopped; judge stopped 15000 40000 "stop signal"
clean_after "the injections"
finish
