#!/bin/bash
# Advice and its trials at length, for `make check-advise`. Usage: advise.sh [PART...]; each part takes less than 150 s.
# TIMES=N (3): how often each case is tried; EACH=TIME, ROUNDS=N of its trials. Part "aa" is run when named only: TRIALS=N (60)
# of a domain against itself, half a minute each.
. "$(dirname "$0")/../e2e/lib.sh"
need_kvm
libvirtd_up >"$T/why" || { skip "advise: $(cat "$T/why")"; finish; }
[ "$(nproc)" = 2 ] || { skip "advise: made for two CPUs"; finish; }
D=adv$$ V="virsh -q -c qemu:///system" TIMES=${TIMES:-3} EACH=${EACH:-500ms} PARTS=("$@") HOGS=()
names() { echo "$D $D-n"; }
down() {
	for d in $(names); do $V destroy "$d"; $V undefine "$d"; done >/dev/null 2>&1
	[ ${#HOGS[@]} = 0 ] || { kill "${HOGS[@]}" && wait "${HOGS[@]}"; } 2>/dev/null
	HOGS=()
	witness >"$T/witness" # what has ended is counted no more
}
at_exit down
install -m 644 "$(dirname "$SS")/tests/busy.elf" "$T/"
vm() { # NAME VCPUS CPUTUNE: a running domain, all its vCPUs busy
	domain_xml "$1" "$2" "$T/busy.elf" /dev/null "$3" | sed "s/<serial type='file'>.*<.serial>//" >"$T/$1.xml"
	$V define "$T/$1.xml" >/dev/null && $V start "$1" && sleep 1
}
STACKED="<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='0'/></cputune>"
hog() { taskset -c "$1" sh -c 'while :; do :; done' & HOGS+=($!); }
both() { $V dumpxml "$D" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$D"; }
prove() { "$SS" advise --results "$T/res" --for 2s --prove --rounds "${ROUNDS:-8}" --each "$EACH" "$@"; }
# trial NAME ARGS...: its document in $T/NAME.json; the domain is afterwards what it was.
trial() {
	local name=$1
	shift
	both >"$T/before"
	prove --json "$D" "$@" >"$T/$name.json" 2>"$T/err" || bad "$name: exit $?: $(tail -1 "$T/err")"
	both >"$T/after"
	cmp -s "$T/before" "$T/after" || bad "$name: its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
	echo "      $name: $(jq -c '{candidate, ended: .end, expected_gain, shift: .figures[0].shift, ci: .figures[0].ci, proven, recommended, made_worst, rounds, before: [.figures[0].before[] | round], after: [.figures[0].after[] | round], had: [.blame[:3][] | [.culprit, (.before | round), (.after | round)]], wall_s, cpu_s}' "$T/$name.json" 2>/dev/null)"
}
GAINED='-.figures[0].shift' FIGURES='[.candidate, .expected_gain, .figures[0].shift]'
# proven NAME CONDITION; within NAME PERCENT: expected and measured gain.
proven() { is_timed "$1: proven" "$T/$1.json" ".proven and $2" "$FIGURES"; }
within() { is_timed "$1: expected against proven within $2 %" "$T/$1.json" "((.expected_gain / ($GAINED)) - 1) | fabs < $2 / 100" "$FIGURES"; }

case_stacked() { # two busy vCPUs on one CPU beside an idle one
	vm "$D" 2 "$STACKED"
	ROUNDS=12 trial stacked
	proven stacked ".candidate == \"pin-apart\" and .recommended and ($GAINED) > 440"
	is_timed "stacked: ends when the answer is clear" "$T/stacked.json" '.end == "clear" and .rounds == 8' '[.end, .rounds]'
	within stacked 15
}
case_hog() { # a busy VM pinned onto a hog's CPU
	hog 0
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"
	trial hog
	proven hog "(.candidate | IN(\"move-away\", \"unpin\")) and .recommended and ($GAINED) > 400"
	within hog 15
}
case_away() { # the same, moved away because it is said so
	hog 0
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"
	trial away move-away
	proven away "($GAINED) > 400"
	within away 15
}
case_quota() { # no pinning helps; the period is named
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/><period>100000</period><quota>30000</quota></cputune>"
	"$SS" advise --for 2s --json "$D" >"$T/quota.json" 2>"$T/err"
	is_timed "quota: no pinning is advised, the period is named" "$T/quota.json" '.vms[0] | .best == null and ([.candidates[].name] | index("lift-quota") != null and index("longer-period") != null and index("move-away") == null and index("unpin") == null) and (.candidates[] | select(.name == "longer-period") | .because | test("30000 us in each 100000 us"))' '[.vms[0].candidates[].name]'
	trial lift lift-quota
	proven lift "($GAINED) > 600"
	within lift 15
}
# The domain's I/O thread gives out a disk that holds nothing; somebody on CPU 1 reads it all the time.
serving() {
	monitor() { $V qemu-monitor-command "$D" "$1" >/dev/null; }
	mkdir -p "$T/nbd" && chmod 777 "$T/nbd"
	monitor '{"execute":"blockdev-add","arguments":{"driver":"null-co","node-name":"empty","size":1073741824}}' &&
		monitor '{"execute":"nbd-server-start","arguments":{"addr":{"type":"unix","data":{"path":"'"$T/nbd/socket"'"}}}}' &&
		monitor '{"execute":"block-export-add","arguments":{"type":"nbd","id":"e","node-name":"empty","iothread":"iothread1"}}' || return
	taskset -c 1 qemu-img bench -q -c 2000000000 -d 1 -s 4096 -f raw "nbd+unix:///empty?socket=$T/nbd/socket" >/dev/null 2>&1 & HOGS+=($!)
}
case_iothread() { # its I/O thread shares its vCPU's CPU
	vm "$D" 1 "<iothreads>1</iothreads><iothreadids><iothread id='1'/></iothreadids><cputune><vcpupin vcpu='0' cpuset='0'/><emulatorpin cpuset='1'/><iothreadpin iothread='1' cpuset='0'/></cputune>"
	serving || bad "iothread: it serves nothing"
	trial iothread
	proven iothread ".candidate == \"move-emulator\" and (.tune | test(\"iothreadpin.1 1\")) and .recommended and ($GAINED) > 20"
	within iothread 15
}
case_unpin() { # a load that moves between two CPUs: unpinned it is met nowhere
	hog 0
	(while :; do for c in 1 0; do sleep 0.2; taskset -pc $c "${HOGS[0]}" >/dev/null || exit; done; done) & HOGS+=($!)
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"
	EACH=1s trial unpin
	proven unpin '.candidate == "unpin" and .recommended'
	within unpin 15
}
case_nothing() { # in need of nothing
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"
	"$SS" advise --for 2s --prove --json "$D" >"$T/nothing.json" 2>"$T/err"
	is_timed "nothing: nothing to gain" "$T/nothing.json" '.vms[0].best == null' '.vms[0] | {worst, best}'
}
case_harm() { # helps the VM less than it harms its neighbour
	hog 0
	vm "$D" 1 "<cputune><shares>2048</shares><vcpupin vcpu='0' cpuset='0'/></cputune>"
	vm "$D-n" 1 "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>"
	trial harm unpin
	is_timed "harm: the neighbour's loss stands beside, and is named" "$T/harm.json" '.neighbours[0].name == "'"$D-n"'" and (.recommended | not) and (.made_worst == "'"$D-n"'" or (.proven | not))' '[.proven, .recommended, .made_worst, .neighbours[0].shift, .figures[0].shift]'
	within harm 15
}
pins() { echo "$($V vcpupin "$D" --live | tr -s ' \n' ' ') / $($V vcpupin "$D" --config | tr -s ' \n' ' ')"; }
case_keep() { # what is proven stays, what is not does not; what it prints undoes it
	local before
	vm "$D" 2 "$STACKED"
	$V vcpupin "$D" 1 0-1 --config
	before=$(pins)
	expect_exit "keep: nothing that is not proven" 3 prove "$D" nothing --keep
	[ "$(pins)" = "$before" ] && ok "keep: and nothing changed" || bad "keep: $before became $(pins)"
	prove "$D" pin-apart --keep --persistent >"$T/kept" 2>"$T/err" && [ "$(pins)" != "$before" ] && ok "keep: proven and saved ($(pins))" || bad "keep: $(pins): $(tail -1 "$T/err")"
	grep '^undo: ' "$T/kept" | sed 's/^undo: //' | sh >"$T/undone" 2>&1
	[ "$(pins)" = "$before" ] && ok "keep: undone by what it printed" || bad "keep: $before became $(pins): $(tail -1 "$T/undone")"
}
case_measure() { # a figure of the user's own: what its threads ran, in s
	vm "$D" 2 "$STACKED"
	cat >"$T/ran.sh" <<-'X'
		ran() { cat /proc/"$1"/task/*/schedstat | awk '{ s += $1 } END { print s / 1e9 }'; }
		a=$(ran "$1"); sleep 0.3; b=$(ran "$1"); awk -v a="$a" -v b="$b" 'BEGIN { print b - a }'
	X
	ROUNDS=9 trial measure --measure "sh $T/ran.sh $(cat "/run/libvirt/qemu/$D.pid")" --higher
	is_timed "measure: it runs more, by the user's own figure" "$T/measure.json" '.proven and .figures[1].shift > 0.2 and .figures[1].ci[0] > 0' '.figures[1] | {median_before, median_after, shift, ci}'
}

case_aa() { # A against A: the change is none, and at most 5 % of the trials say that it helped or harmed
	local i n=0 wrong=0
	vm "$D" 2 "$STACKED"
	for ((i = 0; i < ${TRIALS:-60}; i++)); do
		prove --json "$D" nothing >"$T/aa.json" 2>"$T/err" && n=$((n + 1)) || bad "aa: exit $?: $(tail -1 "$T/err")"
		jq -e '.proven or (.figures[0].ci | .[0] != null and (.[0] > 0 or .[1] < 0))' "$T/aa.json" >/dev/null && wrong=$((wrong + 1))
		echo "      aa: $(jq -c '{ended: .end, shift: .figures[0].shift, ci: .figures[0].ci, proven, rounds, wall_s}' "$T/aa.json")"
	done
	if [ "$n" -gt 0 ] && [ $((wrong * 20)) -le "$n" ]; then ok "aa: $wrong of $n trials of A against A see a difference"; else bad "aa: $wrong of $n trials of A against A see a difference"; fi
}

for c in stacked hog away iothread quota unpin nothing harm keep measure aa; do
	[ ${#PARTS[@]} = 0 ] && [ $c != aa ] || [[ " ${PARTS[*]} " == *" $c "* ]] || continue
	for _ in $(seq "$([ $c = aa ] && echo 1 || echo "$TIMES")"); do
		down
		"case_$c"
	done
done
down
clean_after "advise"
finish
