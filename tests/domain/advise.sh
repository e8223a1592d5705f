#!/bin/bash
# Advice and its trials at length, for `make check-advise`: each case three times. Usage: advise.sh [CASE...]
cd "$(dirname "$0")/../e2e" || exit 1
. ./lib.sh
need_kvm
libvirtd_up >"$T/why" || { skip "advise: $(cat "$T/why")"; finish; }
[ "$(nproc)" = 2 ] || { skip "advise: made for two CPUs"; finish; }
D=adv$$ V="virsh -q -c qemu:///system" TIMES=${TIMES:-3} EACH=${EACH:-500ms} CASES=("$@") HOGS=()
names() { echo "$D $D-n"; }
down() {
	for d in $(names); do $V destroy "$d"; $V undefine "$d"; done >/dev/null 2>&1
	[ ${#HOGS[@]} = 0 ] || kill "${HOGS[@]}" 2>/dev/null
	HOGS=()
}
at_exit down
install -m 644 "$(dirname "$SS")/tests/busy.elf" "$T/"
vm() { # NAME VCPUS CPUTUNE: a running domain, all its vCPUs busy
	domain_xml "$1" "$2" "$T/busy.elf" /dev/null "$3" | sed "s/<serial type='file'>.*<.serial>//" >"$T/$1.xml"
	$V define "$T/$1.xml" >/dev/null && $V start "$1" && sleep 1
}
hog() { taskset -c "$1" sh -c 'while :; do :; done' & HOGS+=($!); }
both() { $V dumpxml "$D" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$D"; }
# trial NAME ARGS...: its document in $T/NAME.json; the domain is afterwards what it was.
trial() {
	local name=$1
	shift
	both >"$T/before"
	"$SS" advise --results "$T/res" --for 2s --prove --rounds "${ROUNDS:-8}" --each "$EACH" --json "$D" "$@" >"$T/$name.json" 2>"$T/err" || bad "$name: exit $?: $(tail -1 "$T/err")"
	both >"$T/after"
	cmp -s "$T/before" "$T/after" || bad "$name: its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
	echo "      $name: $(jq -c '{candidate, end, expected_gain, shift: .figures[0].shift, ci: .figures[0].ci, proven, recommended, made_worst, rounds, wall_s, cpu_s}' "$T/$name.json" 2>/dev/null)"
}
GAINED='-.figures[0].shift'

case_stacked() { # two busy vCPUs on one CPU beside an idle one
	vm "$D" 2 "<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='0'/></cputune>"
	trial stacked
	is_timed "stacked: proven, about 490 ms/s" "$T/stacked.json" ".candidate == \"pin-apart\" and .proven and .recommended and ($GAINED) > 440" '[.expected_gain, .figures[0].shift]'
	is_timed "stacked: expected against proven within 15 %" "$T/stacked.json" "((.expected_gain / ($GAINED)) - 1) | fabs < 0.15" '[.expected_gain, .figures[0].shift]'
}
case_hog() { # a busy VM pinned onto a hog's CPU
	hog 0
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"
	trial hog
	is_timed "hog: moved away, proven" "$T/hog.json" ".candidate == \"move-away\" and .proven and ($GAINED) > 400" '[.expected_gain, .figures[0].shift]'
}
case_quota() { # no pinning helps; the period is named
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/><period>100000</period><quota>30000</quota></cputune>"
	"$SS" advise --for 2s --json "$D" >"$T/quota.json" 2>"$T/err"
	is_timed "quota: no pinning is advised, the period is named" "$T/quota.json" '.vms[0] | .best == null and ([.candidates[].name] | index("lift-quota") != null and index("longer-period") != null and index("move-away") == null and index("unpin") == null) and (.candidates[] | select(.name == "longer-period") | .because | test("30000 us in each 100000 us"))' '[.vms[0].candidates[].name]'
	trial lift lift-quota
	is_timed "quota: lifted when it is named, proven" "$T/lift.json" ".proven and ($GAINED) > 600" '[.expected_gain, .figures[0].shift]'
}
case_emulator() { # its emulator thread shares its vCPU's CPU
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/><emulatorpin cpuset='0'/></cputune>"
	(while :; do $V qemu-monitor-command "$D" --hmp 'info mtree -f' >/dev/null 2>&1 || exit; done) & HOGS+=($!)
	trial emulator move-emulator
	is_timed "emulator: moved off, proven" "$T/emulator.json" ".proven and ($GAINED) > 20" '[.expected_gain, .figures[0].shift]'
}
case_unpin() { # a load that moves between two CPUs: unpinned it is met nowhere
	(while :; do for c in 0 1; do timeout 0.4 taskset -c $c sh -c 'while :; do :; done'; done; done) & HOGS+=($!)
	vm "$D" 1 "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>"
	trial unpin
	is_timed "unpin: it is the best, and proven" "$T/unpin.json" ".candidate == \"unpin\" and .proven" '[.candidate, .expected_gain, .figures[0].shift]'
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
}

for c in stacked hog quota emulator unpin nothing harm; do
	[ ${#CASES[@]} = 0 ] || [[ " ${CASES[*]} " == *" $c "* ]] || continue
	for _ in $(seq "$TIMES"); do
		down
		"case_$c"
	done
done
down
clean_after "advise"
finish
