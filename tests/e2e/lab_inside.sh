#!/bin/bash
# Run in the lab of scripts/lab-vm: lab_inside.sh short|full|kernel|PART... What needs a box with systemd, cgroup v2, NUMA nodes
# and a KVM that runs Linux guests. The lab's processors are emulated and starved by the machine below it: times
# mean nothing, so the books, the counters, the placement and shares of CPU time are what is tested.
SS=stealscope
. "$(dirname "$0")/lib.sh"
set=${1:-short}
J=$T
[ "$(hostname)" = stealscope-lab ] || { skip "this is no lab: scripts/lab-vm run -- $0"; finish; }

# run NAME ARGUMENT...: a run into $J/NAME.json, its exit status in $status. 3, an expectation that fell short,
# is no failure by itself here. False, and a SKIP, where this lab is too slow for it.
run() {
	local name=$1
	shift
	timeout "${LIMIT:-240}" $SS run --json --results results "$@" >"$J/$name.json" 2>"$J/$name.err"
	status=$?
	case $status in
	0 | 3) ;;
	124) skip "$name: not done within ${LIMIT:-240} s"; return 1 ;;
	*) bad "$name: exit $status: $(tail -2 "$J/$name.err" | tr '\n' ' ')" ;;
	esac
}
# met NAME: the scenario's own expectations hold.
met() {
	is "$1: its expectations are met" "$J/$1.json" '.expect | length > 0 and all(.verdict == "pass")' '[.expect[] | select(.verdict != "pass") | .why]'
}
books() { # NAME: guest steal, run_delay, trace and losses agree in every variant
	is "$1: steal = run_delay, within 1 %" "$J/$1.json" '[.variants[].checks.steal_vs_run_delay | select(. != null)] | length > 0 and all(. <= 0.01)' '[.variants[].checks.steal_vs_run_delay]'
	is "$1: traced waiting = run_delay, within 2 %" "$J/$1.json" '[.variants[].checks.wait_vs_run_delay | select(. != null)] | length > 0 and all(. <= 0.02)' '[.variants[].checks.wait_vs_run_delay]'
	is "$1: nothing lost" "$J/$1.json" '.lost.guest == 0 and .lost.host == 0' .lost
}
has_kvm() { [ -e /dev/kvm ] || ! grep -q PREEMPT_RT /proc/version; }
# pages PID NODE: of the guest's memory (the largest mapping) on that node.
pages() { awk -v n="N$2=" '{t = 0; m = 0; for (i = 1; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {split($i, a, "="); t += a[2]; if (index($i, n) == 1) m = a[2]} if (t > best) {best = t; here = m}} END {print here + 0}' "/proc/$1/numa_maps"; }

doctor() {
	local absent=none
	has_kvm || absent=kvm.device
	$SS doctor --json >"$J/doctor.json" 2>/dev/null && ok "doctor ends with 0" || bad "doctor: exit $?"
	row() { is "doctor: $1 is $3" "$J/doctor.json" ".facts[] | select(.key == \"$1\") | (.$2 | test(\"$3\"))" "[.facts[] | select(.key == \"$1\")][0]"; }
	row kvm.kind value svm
	row cpu.numa value '2 nodes'
	row kernel.cgroup value v2
	row kernel.release value "$(uname -r | sed 's/+.*//')"
	row box.vm value QEMU
	row cpu.model verdict limits
	row libvirt verdict good
	row ebpf.tracer verdict good
	is "doctor misses nothing" "$J/doctor.json" '[.facts[] | select(.verdict == "missing" and .key != "'"$absent"'")] | length == 0' '[.facts[] | select(.verdict == "missing") | .key]'
}
units() {
	local t
	for t in build/tests/test_*; do
		timeout 120 "$t" >"$T/unit" 2>&1 && ok "$(basename "$t") under systemd and cgroup v2" || bad "$(basename "$t"): $(grep -m1 -aE 'ERROR|FAILED' "$T/unit")"
	done
}
# canary NAME ARGUMENT...: what it expects holds here too: its waits are long.
canary_by() {
	run "$@" scenarios/canary.xml || return
	met "$1"
	books "$1"
	is "$1: the hog is named" "$J/$1.json" '[.variants[0].blame[] | select(.culprit | test("hog")) | .share] | max > 50' '[.variants[0].blame[] | [.culprit, .share]][:3]'
}
canary() { canary_by canary; clean_after canary; }
system() {
	canary_by system --connect qemu:///system
	[ -z "$(virsh -q -c qemu:///system list --all --name | grep stealscope)" ] && ok "qemu:///system: no domain left" || bad "a domain is left in libvirtd"
}
# While numa-local-vs-remote runs: where the guest's memory and its vCPU threads are.
numa() {
	local variant pid lab_node vcpu_node mem_node
	lab_node() { local n; for n in 0 1; do grep -qE "(^|,|-)$1(,|-|$)" "/sys/devices/system/node/node$n/cpulist" && echo $n; done; }
	run numa --set duration=10s scenarios/numa-local-vs-remote.xml &
	for variant in local remote; do
		pid=
		for _ in $(seq 600); do
			pid=$(pgrep -f "^/usr/bin/qemu-system-x86_64 .*guest=stealscope.*-vs-remote-$variant-" | head -1)
			[ -n "$pid" ] && (($(pages "$pid" 0) + $(pages "$pid" 1) > 30000)) && break
			sleep 0.2
		done
		[ -n "$pid" ] || { bad "numa: no guest of variant $variant was seen"; continue; }
		sleep 1
		[ -d "/proc/$pid" ] || { skip "numa $variant: its guest was seen too late; this lab is too slow"; continue; }
		for t in /proc/"$pid"/task/*; do
			[[ $(cat "$t/comm") != CPU* ]] || vcpu_node=$(lab_node "$(awk '/^Cpus_allowed_list/ {print $2}' "$t/status")")
		done
		mem_node=$vcpu_node
		[ $variant = local ] || mem_node=$((1 - vcpu_node))
		local here there
		here=$(pages "$pid" $mem_node) there=$(pages "$pid" $((1 - mem_node)))
		((here > 30000 && there * 50 < here)) && ok "numa $variant: vCPU on node $vcpu_node, its memory on node $mem_node ($here and $there pages)" ||
			bad "numa $variant: vCPU on node $vcpu_node, $here pages on node $mem_node, $there on the other"
	done
	wait
	[ -s "$J/numa.json" ] || return
	books numa
	is_timed "numa: no steal" "$J/numa.json" '[.variants[].guests[].metrics["steal.rate"]] | length == 2 and all(. < 40)' '[.variants[].guests[].metrics["steal.rate"]]'
}
# Without root: a member of the groups libvirt and kvm, through libvirtd and through the embedded driver; first with a
# tracer that has no rights, then with those that scripts/setup --unprivileged gives it.
member() {
	mkdir "$T/member"
	chown lab "$T/member"
	cat >"$T/member.xml" <<-X
	<scenario name="member" title="One guest of a user, beside a hog" warmup="500ms" duration="4s">
		<lab cpus="1"/><guest name="g" placement="pinned"><timer period="10ms"/><gap/></guest>
		<noise name="hog" kind="busy"/>
	</scenario>
	X
	by() { # NAME URI
		timeout 150 runuser -u lab -- env -i HOME=/home/lab PATH="$PATH" $SS run --json --connect "$2" --results "$T/member" "$T/member.xml" >"$J/$1.json" 2>"$T/err"
		status=$?
		[ $status = 0 ] && ok "$1: a member of group libvirt runs a guest through $2" || bad "$1, $2: exit $status: $(tail -1 "$T/err")"
		is "$1: steal = run_delay, within 1 %" "$J/$1.json" '.variants[0].checks.steal_vs_run_delay | . != null and . <= 0.01' '.variants[0].checks.steal_vs_run_delay'
	}
	by untraced auto
	is "untraced: the missing trace is told" "$J/untraced.json" '.warnings | map(test("no scheduler trace")) | any' .warnings
	scripts/setup --unprivileged >"$T/err" 2>&1 && ok "scripts/setup --unprivileged" || bad "setup --unprivileged: $(tail -1 "$T/err")"
	by embedded auto
	books embedded
	by libvirtd qemu:///system
	books libvirtd
	setcap -r build/stealscope-hostd
}
# The tracer on real threads (tests/e2e/16_trace.sh), against this kernel's run_delay. Where a processor is emulated, an
# event and the kernel's own note of it may lie ms apart, so a case gets a second chance.
tracer() {
	local c try
	echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
	for c in ${TRACER_CASES:-stacked-4 float-3-on-2 sleepers-and-hog quota-and-hog sigstop counts}; do
		for try in 1 2 3; do
			timeout 60 build/tests/trace_threads build/stealscope-hostd 3 "$c" 3000 >"$T/out" 2>&1 && break
		done
		case $?$(grep -c '^SKIP' "$T/out") in
		00) ok "tracer: $c (try $try; $(grep -o "kernel's clock.*difference [^)]*" "$T/out" | sed 's/.*difference //' | tr '\n' ' '))" ;;
		0*) bad "tracer: $c: $(grep '^SKIP' "$T/out")" ;;
		*) bad "tracer: $c: $(grep -v '^ok' "$T/out" | tail -4 | tr '\n' ';')" ;;
		esac
	done
}
# The lab's own kernel as the kernel of a guest.
hostkernel() {
	cat >"$T/own.xml" <<-X
	<scenario name="own" title="A Linux guest with the kernel of its host" warmup="1s" duration="6s">
		<lab cpus="1"/><guest name="own" kind="linux" kernel="host" placement="pinned"><timer period="10ms"/></guest>
		<noise name="hog" kind="busy"/>
	</scenario>
	X
	run own "$T/own.xml" || return
	is "kernel=\"host\": a guest runs /boot's image on KVM" "$J/own.json" '.variants[0].guests[0] | .accel == "kvm" and .status == "ok"' '.variants[0].guests[0] | [.accel, .status, .metrics["timer.late.p50"]]'
	# "quiet" keeps the version off its console; what it booted stands in its domain.
	grep -q "<kernel>/boot/[^<]*$(uname -r)</kernel>" results/*own*/domains/own.xml && ok "its domain boots the image of $(uname -r)" ||
		bad "its domain boots $(grep -o '<kernel>.*</kernel>' results/*own*/domains/own.xml), not $(uname -r)"
}
quota() {
	run quota scenarios/quota-throttle.xml || return
	books quota
	is "quota under cgroup v2: 30 of 100 ms leave 700 ms/s of steal, within 6 %" "$J/quota.json" '.variants[0].guests[0].metrics["steal.rate"] | . > 658 and . < 742' '.variants[0].guests[0].metrics["steal.rate"]'
	is "quota: the steal is throttling, not a neighbour" "$J/quota.json" '.variants[0].guests[0].metrics as $m | ($m["throttle.rate"] / $m["wait.rate"]) > 0.97' '.variants[0].guests[0].metrics["throttle.rate"]'
	is "neighbour: 500 ms/s, within 5 %, none of it throttling" "$J/quota.json" '.variants[1].guests[0].metrics | .["steal.rate"] > 475 and .["steal.rate"] < 525 and .["throttle.rate"] < 1' '.variants[1].guests[0].metrics["steal.rate"]'
}
overcommit() {
	run ten scenarios/ten-on-four.xml || return
	books ten
	# No CPU is left for the harness and the kernel here, and emulated they take 100 to 200 ms/s. While they run, two
	# vCPUs at least wait behind them, so half of their share of the waiting is the most that they can add to it.
	local others='([.variants[0].blame[] | select(.kind != "sibling").ns] | add) / ([.variants[0].blame[].ns] | add)'
	is "10 busy vCPUs on 4 CPUs: 600 ms/s and what others took, within 1 %" "$J/ten.json" "(.variants[0].guests[0].metrics[\"steal.rate\"]) as \$s | ($others) as \$o | (.variants[0].guests[0].vcpus | length) == 10 and \$s > 594 and \$s < 606 + \$o * \$s / 2" "[.variants[0].guests[0].metrics[\"steal.rate\"], $others]"
	run pinned scenarios/pinned-vs-float.xml || return
	books pinned
	is "pinned 5 on 2: 667 or 500 ms/s, within 5 %" "$J/pinned.json" '[.variants[] | select(.name == "pinned") | .guests[].metrics["steal.rate"]] | length == 5 and all((. > 633 and . < 700) or (. > 475 and . < 525))' '[.variants[0].guests[].metrics["steal.rate"]]'
	is "floating 5 on 2: mean 600 ms/s, within 5 %" "$J/pinned.json" '[.variants[] | select(.name == "float") | .guests[].metrics["steal.rate"]] | (add / length) | . > 570 and . < 630' '[.variants[1].guests[].metrics["steal.rate"]]'
}
linux() {
	cat >"$T/both.xml" <<-X
	<scenario name="both" title="A metal and a Linux guest, each beside one hog" warmup="1s" duration="15s">
		<lab cpus="2"/>
		<guest name="metal" placement="pinned"><gap/></guest>
		<guest name="linux" kind="linux" kernel="distro" placement="pinned"><gap/></guest>
		<noise name="m-hog" kind="busy" beside="metal"/>
		<noise name="l-hog" kind="busy" beside="linux"/>
	</scenario>
	X
	run both "$T/both.xml" || return
	is "metal and Linux beside one hog each: 500 ms/s both, within 5 %" "$J/both.json" '[.variants[0].guests[].metrics["steal.rate"]] | length == 2 and all(. > 475 and . < 525)' '[.variants[0].guests[] | [.name, .accel, .metrics["steal.rate"], .metrics["run_delay.rate"]]]'
	run lvm scenarios/linux-vs-metal.xml || return
	is "a Linux guest runs on KVM" "$J/lvm.json" '[.variants[0].guests[] | select(.name == "linux")][0] | .accel == "kvm" and .status == "ok"' '[.variants[0].guests[] | [.name, .accel, .status]]'
	# /proc/stat counts in ticks of 10 ms: over 10 s its floor is 1 ms/s.
	is "Linux: /proc/stat steal = run_delay, within 5 % and its floor" "$J/lvm.json" '[.variants[0].guests[] | select(.name == "linux")][0].metrics | (.["steal.rate"] - .["run_delay.rate"]) | fabs < 2' '[.variants[0].guests[] | [.name, .metrics["steal.rate"], .metrics["run_delay.rate"]]]'
}
# The kernels, policies and jobs of rt-in-guest in Linux guests on KVM, with its expectations. An emulated processor makes
# a timer some 10 ms late by itself, as much as the scenario's hogs do; here six groups of them take their turns.
rt() {
	local hogs
	hogs=$(printf '<noise name="hogs-%s" kind="busy" threads="3" beside="victim"/>' 1 2 3 4 5 6)
	sed "s|<noise name=\"hogs\".*/></add>|$hogs</add>|" scenarios/rt-in-guest.xml >"$T/rt-in-guest.xml"
	run rt --set duration=8s "$T/rt-in-guest.xml" || return
	is "every Linux guest of rt-in-guest ran on KVM, one with PREEMPT_RT" "$J/rt.json" '[.variants[].guests[] | select(.kind == "linux") | .accel == "kvm" and .status == "ok"] | length >= 5 and all' '[.variants[] | [.name, (.guests[] | .metrics["timer.late.p99"])]]'
	# From its interrupt to its thread an emulated guest needs so long that its vCPU may be taken off in between: what
	# is held against the guest's own run queue is told only.
	local own='.text | test("above 5 x timer.guest.p99")'
	is "rt: against the guest's work and the host's, its expectations are met" "$J/rt.json" "[.expect[] | select($own | not)] | length == 4 and all(.verdict == \"pass\")" "[.expect[] | select(.verdict != \"pass\") | .why]"
	is "rt: late against the guest's own run queue, two more" "$J/rt.json" "[.expect[] | select($own)] | length == 2" "[.expect[] | select($own) | [.verdict, .why]]"
}
# A domain that virsh started, stealscope blames.
blame() {
	cp build/metal.elf /var/lib/libvirt/images/
	cat >"$T/plain.xml" <<-X
	<domain type="kvm"><name>plain</name><memory unit="MiB">64</memory><vcpu>1</vcpu>
	<os><type arch="x86_64" machine="pc">hvm</type><kernel>/var/cache/stealscope/kernels/distro/vmlinuz</kernel>
	<cmdline>console=ttyS0 panic=0</cmdline></os><cpu mode="host-passthrough"/>
	<cputune><vcpupin vcpu="0" cpuset="2"/></cputune><devices><serial type="null"/></devices></domain>
	X
	virsh -q create "$T/plain.xml" >/dev/null 2>"$T/err" || { bad "virsh create: $(cat "$T/err")"; return; }
	taskset -c 2 sh -c 'while :; do :; done' &
	local hog=$!
	timeout 90 $SS blame --connect qemu:///system --for 8s --json plain >"$J/blame.json" 2>"$T/err"
	status=$?
	[ $status = 0 ] && ok "blame of a domain that virsh started" || bad "blame: exit $status: $(tail -1 "$T/err")"
	kill $hog
	virsh -q destroy plain
	# The loop runs in this job's unit; in a control group of its own, blame names the group.
	tail -1 "$J/blame.json" >"$J/last.json"
	is "blame names who was there" "$J/last.json" '.vcpus[0].culprits[0] | (.name | test("lab-job|^sh")) and .share > 80' '.vcpus[0] | [.run, .wait, .culprits[0]]'
}

# remote MODE: a domain with its vCPU on node 0 and its memory bound to node 1.
remote() {
	cat >"$T/remote.xml" <<-X
	<domain type="kvm"><name>remote</name><memory unit="MiB">64</memory><vcpu>1</vcpu>
	<numatune><memory mode="$1" nodeset="1"/></numatune>
	<os><type arch="x86_64" machine="pc">hvm</type><kernel>/var/cache/stealscope/kernels/distro/vmlinuz</kernel>
	<cmdline>console=ttyS0 panic=0</cmdline></os><cpu mode="host-passthrough"/>
	<cputune><vcpupin vcpu="0" cpuset="0"/></cputune><devices><serial type="null"/></devices></domain>
	X
	virsh -q create "$T/remote.xml" >/dev/null 2>"$T/err" || { bad "virsh create: $(cat "$T/err")"; return 1; }
	sleep 10
}
# tried PID: one-place tried on the domain "remote", TRIALS times; each leaves it as before. A round takes this lab half a minute.
tried() {
	local try xml='sed s/.id=.[0-9]*.//'
	virsh -q dumpxml remote | $xml >"$T/before.xml"
	for try in $(seq "${TRIALS:-1}"); do
		timeout 400 $SS advise --connect qemu:///system --results results --for 2s --prove --rounds 8 --each 500ms --json remote one-place >"$J/trial.json" 2>"$T/err" || bad "trial $try: exit $?: $(tail -1 "$T/err")"
		virsh -q dumpxml remote | $xml >"$T/after.xml"
		is "trial $try of it: runs of both arms" "$J/trial.json" '.candidate == "one-place" and .rounds >= 3 and .end != "failed" and .expected_gain == null' '[.end, .rounds, .verdict, .wall_s]'
		is "stealscope's own programs keep off its CPU" "$J/trial.json" '[.blame[] | select(.culprit | startswith("stealscope")) | .before + .after] | (add // 0) < 1' '[.blame[] | [.culprit, .before, .after]][:5]'
		[ "$(pages "$1" 1)" -gt $((9 * $(pages "$1" 0))) ] && cmp -s "$T/before.xml" "$T/after.xml" && ok "and everything is as before" || bad "after trial $try: $(pages "$1" 0) and $(pages "$1" 1) pages: $(diff "$T/before.xml" "$T/after.xml" | head -3 | tr '\n' ';')"
	done
}
# The trials alone.
trials() {
	remote restrictive || return
	tried "$(pgrep -f "guest=remote,")"
	virsh -q destroy remote
}
# Advised into one node: its vCPU goes where memory is that libvirt cannot move; else its memory comes, and what is printed does
# it and undoes it.
advise() {
	local pid xml='sed s/.id=.[0-9]*.//'
	remote strict || return
	timeout 90 $SS advise --connect qemu:///system --for 5s --json remote >"$J/strict.json" 2>"$T/err" || bad "advise: exit $?: $(tail -1 "$T/err")"
	is "memory that is strictly bound stays: its vCPU is to go to node 1" "$J/strict.json" '.vms[0].candidates[] | select(.name == "one-place") | (.changes | map(.key)) == ["vcpupin.0"] and (.because | test("restrictive"))' '[.vms[0].candidates[] | {name, because, virsh}]'
	virsh -q destroy remote
	remote restrictive || return
	pid=$(pgrep -f "guest=remote,")
	virsh -q dumpxml remote | $xml >"$T/before.xml"
	timeout 90 $SS advise --connect qemu:///system --for 5s --json remote >"$J/advise.json" 2>"$T/err" && ok "advise of a domain that virsh started" || bad "advise: exit $?: $(tail -1 "$T/err")"
	is "one-place is named: the memory from node 1 to node 0, where its vCPU is" "$J/advise.json" '.vms[0].candidates[] | select(.name == "one-place") | (.changes | length) == 1 and .changes[0].key == "numatune.nodeset" and .changes[0].had == "1" and .changes[0].want == "0" and (.xml | test("numatune"))' '[.vms[0].candidates[] | {name, because, virsh}]'
	echo "      pages on node 0 and 1: $(pages "$pid" 0) $(pages "$pid" 1)"
	jq -r '.vms[0].candidates[] | select(.name == "one-place") | .virsh[]' "$J/advise.json" | sh >"$T/done" 2>&1
	for _ in $(seq 10); do [ "$(pages "$pid" 0)" -gt $((9 * $(pages "$pid" 1))) ] && break; sleep 2; done
	[ "$(pages "$pid" 0)" -gt $((9 * $(pages "$pid" 1))) ] && ok "its line moves the memory ($(pages "$pid" 0) pages on node 0, $(pages "$pid" 1) on node 1)" || bad "its line: $(pages "$pid" 0) and $(pages "$pid" 1) pages: $(cat "$T/done") $(grep -h Mems_allowed_list /proc/"$pid"/task/*/status | sort | uniq -c | tr "\n\t" ";  ") $(grep -m1 bind /proc/"$pid"/numa_maps) $(tr "\0" " " </proc/"$pid"/cmdline | grep -o "memory-backend[^ ]*")"
	jq -r '.vms[0].candidates[] | select(.name == "one-place") | .undo[]' "$J/advise.json" | sh >"$T/undone" 2>&1
	sleep 2
	virsh -q dumpxml remote | $xml >"$T/after.xml"
	[ "$(pages "$pid" 1)" -gt $((9 * $(pages "$pid" 0))) ] && cmp -s "$T/before.xml" "$T/after.xml" && ok "its undo takes it back" || bad "its undo: $(pages "$pid" 0) and $(pages "$pid" 1) pages: $(tail -1 "$T/undone")"
	tried "$pid"
	virsh -q destroy remote
}

# The edges (docs/edges.md) where KVM is a module, with BTF of its own, and cpusets are those of cgroup v2.
edges() {
	local t
	[ -d /sys/module/kvm/sections ] && ok "KVM is a module here" || bad "KVM is no module here"
	# Started by hand, no names on its threads; two vCPUs, of which only the first comes up, and its panic leaves it busy (with
	# both up, init may panic on either).
	qemu-system-x86_64 -accel kvm -cpu host -m 256 -smp 2 -name by-hand -nodefaults -display none -kernel "/boot/vmlinuz-$(uname -r)" -append "panic=0 maxcpus=1" &
	t=$!
	sleep 15
	timeout 60 $SS blame --json --for 3s --interval 3s --all 2>"$T/err" | tail -1 >"$J/by-hand.json"
	kill $t
	is "blame by KVM's own numbers: a QEMU without names on its threads" "$J/by-hand.json" '[.vms[] | select(.vm == "by-hand")][0] | .accel == "kvm" and .n_vcpus == 2 and .numbered' '.vms'
	is "... vCPU 0 is the busy one" "$J/by-hand.json" '[.vcpus[] | select(.vm == "by-hand")] | max_by(.run + .wait) | .vcpu == 0' '[.vcpus[] | [.vm, .vcpu, .run, .wait]]'
	# systemd keeps a controller on for as long as a unit asks for it.
	systemd-run -q --unit=wants-cpuset -p AllowedCPUs=0-3 sleep infinity
	timeout 300 bash tests/e2e/21_limits.sh >"$T/edges" 2>&1
	grep -E '^(FAIL|SKIP)' "$T/edges"
	grep -q "^21_limits: [1-9][0-9]* passed, 0 failed, 0 skipped" "$T/edges" && ok "$(tail -1 "$T/edges")" || bad "21_limits: $(tail -1 "$T/edges")"
	# CPU 3 in a partition of others is not ours; for who stands in it, it is all there is.
	mkdir /sys/fs/cgroup/theirs
	echo 3 >/sys/fs/cgroup/theirs/cpuset.cpus
	echo root >/sys/fs/cgroup/theirs/cpuset.cpus.partition
	[ "$(cat /sys/fs/cgroup/theirs/cpuset.cpus.partition)" = root ] && ok "a partition of CPU 3" || bad "no partition: $(cat /sys/fs/cgroup/theirs/cpuset.cpus.partition)"
	echo '<scenario name="all"><lab cpus="4"/><guest name="a"/></scenario>' >"$T/all.xml"
	echo '<scenario name="one"><guest name="a"/></scenario>' >"$T/one.xml"
	expect_exit "four CPUs beside a partition are refused" 4 $SS check "$T/all.xml"
	grep -q '0-2' "$T/err" && ok "... it says which may be used ($(head -1 "$T/err"))" || bad "beside a partition: $(cat "$T/err")"
	# shellcheck disable=SC2016
	sh -c 'echo $$ >/sys/fs/cgroup/theirs/cgroup.procs; exec "$@"' sh $SS plan --json "$T/one.xml" >"$J/within.json" 2>"$T/err"
	is "within the partition: CPU 3" "$J/within.json" '.plans[0] | .lab_cpus == "3" and .housekeeping_cpus == "3"' '.plans[0] | [.lab_cpus, .housekeeping_cpus]'
	rmdir /sys/fs/cgroup/theirs
	systemctl stop wants-cpuset
}

# Images and copies where libvirt confines its QEMUs by AppArmor, and KVM runs any guest. The lab's further disk is an
# image (tests/vm/lab.sh: Debian's, made of packages), which boots unprepared; its agent comes by the seed.
images() {
	local was
	virsh -q -c qemu:///system capabilities | grep -q '<model>apparmor</model>' && ok "libvirt confines its QEMUs by AppArmor here" || bad "no AppArmor here: $(cat /sys/kernel/security/lsm)"
	sums() { local f; for f in "$@"; do echo "$(stat -c '%n %s %u:%g %a %Y %Z' "$f") $(sha256sum <"$f")"; done; }
	head -c 1048576 /dev/zero >"$T/own.raw"
	qemu-img create -q -f qcow2 -b own.raw -F raw "$T/own.qcow2"
	chmod 644 "$T"/own.*
	was=$(sums "$T"/own.*)
	cat >"$T/image.xml" <<-X
	<scenario name="image" title="An image nothing boots from" warmup="0s" duration="2s"><lab cpus="1"/>
	<guest name="app" kind="disk" image="$T/own.qcow2" memory="64MiB" placement="pinned" agent="none" ready="now"/></scenario>
	X
	expect_exit "an image upon another, confined" 0 timeout 60 $SS run --connect qemu:///system --results results --json "$T/image.xml"
	virsh -q define /dev/stdin >/dev/null 2>"$T/err" <<-X || bad "virsh define: $(tail -1 "$T/err")"
	<domain type='kvm'><name>original</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os>
	<cpu mode='host-passthrough'/><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$T/own.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>
	X
	sed 's#kind="disk".*ready="now"#kind="domain" domain="original" use="copy"#' "$T/image.xml" >"$T/copied.xml"
	expect_exit "a copy of a domain, confined" 0 timeout 60 $SS run --connect qemu:///system --results results --json "$T/copied.xml"
	[ "$(sums "$T"/own.*)" = "$was" ] && ok "both images are as they were" || bad "an image changed: $was -> $(sums "$T"/own.*)"
	virsh -q undefine original
}
# The image that `lab-vm run --disk` gave.
debian() {
	local profile
	[ -b /dev/vdd ] || { skip "Debian's image on KVM: the lab has no further disk (lab-vm run --disk)"; return; }
	chmod o+r /dev/vdd
	cat >"$T/debian.xml" <<-X
	<scenario name="debian" title="A cloud image, unprepared" warmup="1s" duration="5s"><lab cpus="2"/>
	<guest name="app" kind="disk" image="/dev/vdd" memory="512MiB" placement="pinned" network="user" boot-timeout="7min"><timer/></guest>
	<noise name="hog" kind="busy" beside="app"/><measure name="own.up" unit="s" better="lower" on="app" timeout="30s" command="cut -d. -f1 /proc/uptime"/></scenario>
	X
	timeout 480 $SS run -v --connect qemu:///system --json --results results "$T/debian.xml" >"$J/debian.json" 2>"$J/debian.err" &
	for _ in $(seq 20); do # seldom: a look costs the guest its time here
		sleep 2
		profile=$(cat /proc/"$(pgrep -f 'guest=stealscope-[^ ]*debian' | head -1)"/attr/current 2>/dev/null) && [[ $profile = libvirt-* ]] && break
	done
	wait $! && ok "Debian's cloud image, unprepared, on KVM through qemu:///system" || bad "the cloud image: $(tail -2 "$J/debian.err" | cut -c1-900)"
	[[ $profile = libvirt-*enforce* ]] && ok "its QEMU was confined ($profile)" || bad "its QEMU was not confined: $profile"
	is "its agent came up by itself, on KVM" "$J/debian.json" '.variants[0].guests[0] | .seen == "by its agent" and .metrics["timer.late.p99"] != null and .metrics["own.up"] > 0' '.variants[0].guests[0].metrics | {steal: .["steal.rate"], late: .["timer.late.p99"], up: .["own.up"]}'
	is "steal = run_delay, within 1 %" "$J/debian.json" '.variants[0].checks.steal_vs_run_delay | . != null and . <= 0.01' '.variants[0].checks.steal_vs_run_delay'
}

# A large box: every CPU of it sold twice. Not of a set: it takes a lab of its own (make check-lab-big).
big() {
	local cpus
	cpus=$(nproc)
	$SS doctor --json >"$J/doctor.json" 2>/dev/null
	is "doctor: $cpus CPUs on 4 nodes" "$J/doctor.json" '[.facts[] | select(.key == "cpu.numa")][0].value | test("4 nodes")' '[.facts[] | select(.key == "cpu.numa")][0].value'
	$SS plan --json scenarios/sold-64-as-128.xml >"$J/plan.json" 2>"$T/err" && ok "planned" || bad "plan: $(tail -1 "$T/err")"
	is "each CPU of 4 nodes is sold twice" "$J/plan.json" ".plans[] | select(.variant == \"busy-overcommit-2\") | (.guests | length) == 2 * $cpus and (.map | length) == $cpus and all(.map[]; .who | length == 2) and ([.map[].node] | unique) == [0, 1, 2, 3]" \
		'.plans[] | select(.variant == "busy-overcommit-2") | [(.guests | length), (.map | length)]'
	sed '/variant="busy/d; /variant name="busy"/d' scenarios/sold-64-as-128.xml >"$T/sold-idle.xml"
	LIMIT=1500 run idle --boot-timeout 600 --set duration=5s "$T/sold-idle.xml" && sold idle "$cpus"
}
# All of them work. Where the box below has two CPUs, 32 emulated ones spin on each, and the harness has what one of them gets: more
# than the guests wait for it may pass.
big_busy() {
	local cpus=$(($(nproc) - 1))
	sed '/variant="idle/d; /variant name="idle"/d; /<expect/d' scenarios/sold-64-as-128.xml >"$T/sold-busy.xml"
	LIMIT=1500 run busy --boot-timeout 600 --set duration=5s --set lab.cpus=$cpus "$T/sold-busy.xml" && sold busy $cpus
}
sold() { # NAME CPUS: what ran, once and twice as many as CPUs
	is "$1: every guest was there" "$J/$1.json" "[.variants[].guests | length] | sort == [$2, 2 * $2]" '[.variants[] | [.name, (.guests | length)]]'
	is "$1: every vCPU was heard" "$J/$1.json" '[.variants[].guests[].vcpus[].samples] | all(. > 0)' '[.variants[].guests[].vcpus[].samples] | [min, max]'
	books "$1"
}

case $set in
short) doctor; TRACER_CASES="float-3-on-2 counts" tracer; canary ;;
full) doctor; units; edges; tracer; canary; system; member; numa; quota; overcommit; linux; hostkernel; rt; blame; advise ;;
kernel) # what another host kernel may change
	doctor
	tracer
	if has_kvm; then canary; hostkernel; blame; else skip "guests: KVM of PREEMPT_RT wants a constant TSC, which QEMU's emulated processor lacks"; fi ;;
*) for one in "$@"; do $one; done ;;
esac
clean_after "the lab"
finish
