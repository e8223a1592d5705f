#!/bin/bash
# Least privilege: a user of the groups kvm and libvirt runs guests and traces them, with file capabilities on
# stealscope-hostd and nothing else; what hostd keeps, root's and a user's; set-uid is refused.
# Measures nothing, but wants no other's guests: it may run beside what only computes.
. "$(dirname "$0")/lib.sh"
need_kvm
[ "$(id -u)" = 0 ] || { skip "unprivileged: needs root to make a user and to give capabilities"; finish; }
PATH=$PATH:/usr/sbin:/sbin
for what in setcap useradd runuser; do
	command -v $what >/dev/null || { skip "unprivileged: $what is not installed"; finish; }
done
getent group kvm >/dev/null && getent group libvirt >/dev/null || { skip "unprivileged: no groups kvm and libvirt here"; finish; }

user=stealtest$$ libvirtd= virtlogd=
dev_mode=$(stat -c %a /dev/kvm) dev_group=$(stat -c %g /dev/kvm) run_mode=
restore() {
	[ -z "$libvirtd" ] || kill "$libvirtd"
	[ -z "$virtlogd" ] || kill "$virtlogd"
	[ -z "$run_mode" ] || chmod "$run_mode" /run/libvirt
	chmod "$dev_mode" /dev/kvm; chgrp "$dev_group" /dev/kvm
	rm -rf "/tmp/stealscope-$uid"
	userdel "$user" 2>/dev/null
}
at_exit restore
useradd -r -M -d "$T/home" -s /bin/sh -G kvm,libvirt "$user" || { skip "unprivileged: no user can be made here"; finish; }
uid=$(id -u "$user")
chgrp kvm /dev/kvm; chmod 660 /dev/kvm
mkdir "$T/bin" "$T/home" "$T/away"
chown "$user" "$T/home" "$T/away"
build=$(dirname "$SS")
install -m 755 "$SS" "$build/stealscope-hostd" "$build/stealscope-agent" "$T/bin/"
install -m 644 "$build/metal.elf" "$T/bin/"
as_user() { (cd "$T/away" && timeout 120 runuser -u "$user" -- env -i HOME="$T/home" PATH="$PATH" "$@"); }

# Without capabilities: counters, and it says so.
scenario=$(own_scenario scenarios/canary.xml)
chmod 644 "$scenario"
as_user "$T/bin/stealscope" doctor --json >"$T/doctor.json" 2>"$T/err"
is "no capabilities: doctor says what is missing" "$T/doctor.json" '(.facts[] | select(.key == "user") | .verdict == "limits") and (.facts[] | select(.key == "ebpf.tracer") | .verdict == "missing")' '[.facts[] | select(.key == "user")][0].value'

if ! scripts/setup --unprivileged "$T/bin/stealscope-hostd" >"$T/out" 2>&1; then
	# Excused by the file system alone: one that takes no capability on any file, of any kind.
	cp /bin/true "$T/probe"
	if setcap cap_net_raw=p "$T/probe" 2>/dev/null; then
		bad "setup --unprivileged fails where capabilities can be given: $(tail -1 "$T/out")"
	else
		skip "unprivileged: this file system takes no capabilities: $(tail -1 "$T/out")"
	fi
	finish
fi
as_user "$T/bin/stealscope" doctor --json >"$T/doctor.json" 2>"$T/err" && ok "doctor as a user" || bad "doctor as a user: exit $?: $(tail -1 "$T/err")"
if jq -e '.facts[] | select(.key == "ebpf.tracer") | .verdict != "good"' "$T/doctor.json" >/dev/null; then
	# Excused by what makes file capabilities void: nosuid, or a bounding set without them.
	if ! findmnt -no OPTIONS -T "$T" | grep -qw nosuid && (((0x$(awk '/^CapBnd/ {print $2}' /proc/self/status) >> 39) & 1)); then
		bad "unprivileged: no tracer, though file capabilities count here: $(jq -c '.facts[] | select(.key == "ebpf.tracer") | .note' "$T/doctor.json")"
		finish
	fi
	skip "unprivileged: file capabilities do not work here: $(jq -c '.facts[] | select(.key == "ebpf.tracer") | .note' "$T/doctor.json")"
	finish
fi
is "doctor: the user may, and the tracer loads" "$T/doctor.json" '.facts[] | select(.key == "user") | .verdict == "good"' '[.facts[] | select(.key == "user")][0].value'

# caps PID UID: it holds CAP_BPF, at most CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE beside it, and can gain nothing.
caps() {
	local prm nnp who
	eff=$(awk '/^CapEff/ {print $2}' "/proc/$1/status") prm=$(awk '/^CapPrm/ {print $2}' "/proc/$1/status")
	nnp=$(awk '/^NoNewPrivs/ {print $2}' "/proc/$1/status") who=$(awk '/^Uid/ {print $2, $3, $4, $5}' "/proc/$1/status")
	[ "$eff" = "$prm" ] && [ "$nnp" = 1 ] && grep -q '^Seccomp:.2' "/proc/$1/status" && [ "$who" = "$2 $2 $2 $2" ] && (((0x$eff | 0x8000080004) == 0x8000080004 && (0x$eff & 0x8000000000)))
}
# run NAME OPTION...: the canary as that user, into $T/NAME.json.
run() {
	local name=$1
	shift
	as_user "$T/bin/stealscope" run --results "$T/away/res" --json --set duration=2s "$@" "$scenario" >"$T/$name.json" 2>"$T/err"
	status=$?
	[ $status = 0 ] || [ $status = 3 ] && ok "$name: a user's canary runs" || { bad "$name: exit $status: $(tail -2 "$T/err")"; return; }
	is "$name: steal = run_delay" "$T/$name.json" '.variants[0].checks.steal_vs_run_delay | . != null and . <= 0.001' '.variants[0].checks.steal_vs_run_delay'
	is "$name: traced waiting = run_delay" "$T/$name.json" '.variants[0].checks.wait_vs_run_delay | . != null and . <= 0.01' '.variants[0].checks.wait_vs_run_delay'
	is "$name: the hog is known by its name" "$T/$name.json" '[.variants[0].blame[] | select(.culprit == "noise hog") | .share] | length == 1'
	is "$name: a noise without a control group is a warning" "$T/$name.json" '.warnings | map(test("noise hog has no control group")) | any'
}
run auto

# Which threads of root's VM are vCPUs: the kernel is asked by hostd, whose caller need not see into that process.
make -s BUILD="$build" "$build/tests/mini_vmm" >"$T/make" 2>&1 || bad "the small VMM does not build: $(tail -2 "$T/make")"
"$build/tests/mini_vmm" -r a:7 b:5 >"$T/vmm" &
vmm=$!
for _ in $(seq 100); do grep -q ready "$T/vmm" && break; sleep 0.05; done
as_user "$T/bin/stealscope" blame --json --for 500ms --interval 500ms --pid $vmm >"$T/blame.json" 2>"$T/err"
as_user "$T/bin/stealscope" blame --json --for 2s --interval 1s --pid $vmm >/dev/null 2>&1 &
for _ in $(seq 100); do pid=$(pgrep -n -f "^$T/bin/stealscope-hostd .*--mode=counts") && grep -q '^Seccomp:.2' "/proc/$pid/status" && break; sleep 0.02; done
caps "$pid" "$uid" && ((!(0x$eff & 4))) && ok "blame's hostd may not read all files: it takes no counters of KVM" || bad "blame's hostd holds $eff"
wait $!
is "a user's blame: another user's vCPUs, by the kernel's word" "$T/blame.json" \
	".vcpus_by == \"kernel\" and ([.vcpus[] | \"vcpu \\(.vcpu) \\(.tid)\"] | sort) == $(grep ^vcpu "$T/vmm" | sort | jq -Rs 'rtrimstr("\n") / "\n"')" '.vcpus | map([.vcpu, .tid])'
as_user "$T/bin/stealscope" blame --json --for 500ms --interval 500ms "mini_vmm-$vmm" >"$T/blame.json" 2>"$T/err"
is "... found by its name, too" "$T/blame.json" ".vms[0].pid == $vmm"
kill -9 $vmm
wait $vmm 2>/dev/null

# held NAME UID COMMAND...: what a hostd that is ready holds.
held() {
	local name=$1 who=$2 pid=
	shift 2
	anew "$T/out"
	sleep 5 | "$@" >"$T/out" 2>"$T/err" &
	for ((i = 0; i < 200; i++)); do
		grep -q ^ready "$T/out" && break
		sleep 0.02
	done
	pid=$(pgrep -n -f "^$T/bin/stealscope-hostd --out=$T/away/$name")
	[ -n "$pid" ] && caps "$pid" "$who" && ok "$name's hostd keeps CAP_BPF and what reading needs ($(awk '/^(Uid|CapEff|CapBnd)/ {printf "%s %s ", $1, $2}' "/proc/$pid/status"))" ||
		bad "$name's hostd (pid $pid): $(grep -E '^(Uid|Cap|NoNew)' "/proc/$pid/status" | tr '\n\t' '; ')"
	[ -z "$pid" ] || kill "$pid"
}
held user "$uid" as_user "$T/bin/stealscope-hostd" "--out=$T/away/user.bin"
held root 65534 "$T/bin/stealscope-hostd" "--out=$T/away/root.bin"

# What its capabilities could reach, its caller's rights must not: files to write, folders to read.
as_user "$T/bin/stealscope-hostd" --out=/root/stealscope-test.bin </dev/null >"$T/out" 2>&1
[ -e /root/stealscope-test.bin ] && bad "a user's hostd writes into /root" || ok "a user's hostd writes where the user may, only ($(head -1 "$T/out"))"
mkdir -m 700 "$T/secret"
echo "nr_periods 42" >"$T/secret/cpu.stat"
echo "cgroup 1 $T/secret" | as_user "$T/bin/stealscope-hostd" "--out=$T/away/secret.bin" >"$T/out" 2>&1
grep -q "not a control group" "$T/out" && ok "hostd reads control groups, only" || bad "hostd read a file of root's: $(cat "$T/out")"

# Files that a user names for counters are opened once, with the user's rights: a group that is exchanged for a
# folder with links into root's files gives nothing of these (the number is looked for in the trace).
magic=1234605616436508552 # 0x1122334455667788
printf '%s\n' "nr_periods $magic" "usage_usec $magic" >"$T/secret/cpu.stat"
echo $magic >"$T/secret/cpuacct.usage"
group=$(awk -F: '$2 ~ /(^|,)cpu(,|$)/ {print "/sys/fs/cgroup/cpu" $3} $2 == "" {v2 = "/sys/fs/cgroup" $3} END {if (v2 != "") print v2}' /proc/self/cgroup | while read -r g; do [ -e "$g/cpu.stat" ] && echo "$g"; done | head -1)
exchange() { # NAME LINK: `cgroup` names LINK, a link to a control group, which then leads elsewhere
	local i
	: >"$T/out"
	(echo "cgroup 1 $2"; echo start
		for ((i = 0; i < 100; i++)); do [ "$(grep -c ^ok "$T/out")" = 2 ] && break; sleep 0.05; done
		rm "$2"; mkdir "$2"; ln -s "$T/secret/cpu.stat" "$T/secret/cpuacct.usage" "$2/"; chown -hR "$user" "$2"
		echo sync; echo stop) | as_user "$T/bin/stealscope-hostd" --interval=50 "--out=$T/away/$1.bin" >"$T/out" 2>&1
	if [ "$(grep -c ^ok "$T/out")" != 4 ]; then
		bad "hostd, $1: $(tr '\n' ';' <"$T/out")"
	elif LC_ALL=C grep -qaP '\x88\x77\x66\x55\x44\x33\x22\x11' "$T/away/$1.bin"; then
		bad "hostd, $1: a number out of a file of root's stands in the user's trace"
	else
		ok "hostd, $1: reads what it opened, not what stands there later"
	fi
}
if [ -z "$group" ]; then
	skip "hostd, exchanged group: no control group of the cpu controller here"
else
	ln -s "$group" "$T/away/group" && exchange exchanged "$T/away/group"
	mkdir -p "$T/away/cpu" "$T/away/cpuacct/x"
	ln -s "$group" "$T/away/cpu/x"
	ln -s "$T/secret/cpuacct.usage" "$T/away/cpuacct/x/"
	chown -hR "$user" "$T/away/cpu" "$T/away/cpuacct"
	exchange beside "$T/away/cpu/x"
	mkdir "$T/away/node" && mknod "$T/away/node/cpu.stat" c 1 5
	echo "cgroup 1 $T/away/node" | as_user "$T/bin/stealscope-hostd" "--out=$T/away/node.bin" >"$T/out" 2>&1
	grep -q "not a control group" "$T/out" && ok "hostd: a device node is refused" || bad "hostd and a device node: $(cat "$T/out")"
fi

# Shares need a control group: one clear line, not a run without them.
cat >"$T/shares.xml" <<-X
	<scenario name="$MINE" title="Noise with shares" warmup="200ms" duration="1s">
	<lab cpus="1"/><guest name="g" placement="pinned"><timer period="10ms"/></guest><noise name="hog" kind="busy" shares="2048"/>
	</scenario>
X
chmod 644 "$T/shares.xml"
as_user "$T/bin/stealscope" run --results "$T/away/res" "$T/shares.xml" >"$T/out" 2>"$T/err"
got=$?
[ $got = 4 ] && grep -q "control group" "$T/err" && ok "noise with shares is refused ($(grep -m1 'control group' "$T/err" | cut -c1-150))" || bad "noise with shares: exit $got: $(tail -1 "$T/err")"

# Set-uid and set-gid: refused by both.
for mode in u+s g+s; do
	for program in stealscope stealscope-hostd; do
		install -m 755 "$build/$program" "$T/bin/set-id"
		chmod $mode "$T/bin/set-id"
		as_user "$T/bin/set-id" --version >"$T/out" 2>"$T/err"
		got=$?
		[ $got = 2 ] && grep -q "refuses to run set-" "$T/err" && ok "$program with $mode refuses" || bad "$program with $mode: exit $got: $(head -1 "$T/err")"
	done
done

# Somebody's domain, live: what its XML names is put back by libvirt, to the letter.
live_as_member() {
	local d=own$$ V="virsh -q -c qemu:///system" got
	at_exit "$V destroy $d >/dev/null 2>&1; $V undefine $d >/dev/null 2>&1"
	make -s BUILD="$build" "$build/tests/busy.elf" >"$T/make" 2>&1 || bad "the busy guest does not build: $(tail -2 "$T/make")"
	install -m 644 "$build/tests/busy.elf" "$T/"
	domain_xml "$d" 2 "$T/busy.elf" /dev/null "<cputune><vcpupin vcpu='0' cpuset='0-1'/><vcpupin vcpu='1' cpuset='0-1'/><emulatorpin cpuset='0-1'/></cputune>" | sed "s/<serial type='file'>.*<.serial>//" >"$T/domain.xml"
	$V define "$T/domain.xml" >/dev/null && $V start "$d" || { bad "the domain cannot be started"; return; }
	printf '%s\n' "<scenario name=\"$MINE\" title=\"A domain, live\" warmup=\"100ms\" duration=\"1s\"><lab cpus=\"1\"/><guest name=\"vm\" kind=\"domain\" domain=\"$d\" placement=\"stacked\"/></scenario>" >"$T/live.xml"
	chmod 644 "$T/live.xml"
	{ $V dumpxml "$d" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$d"; } >"$T/before"
	as_user "$T/bin/stealscope" run --results "$T/away/live" --json "$T/live.xml" >"$T/live.json" 2>"$T/err"
	got=$?
	{ $V dumpxml "$d" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$d"; } >"$T/after"
	[ $got = 0 ] && ok "a member of group libvirt measures a running domain" || bad "a member's live domain: exit $got: $(tail -1 "$T/err")"
	is "stacked on one CPU its steal is seen" "$T/live.json" '.variants[0].guests[0].metrics["steal.rate"] > 300' '.variants[0].guests[0].metrics["steal.rate"]'
	cmp -s "$T/before" "$T/after" && ok "its XML, live and inactive, is as it was" || bad "its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
	printf 'x%.0s' $(seq 1048576) >"$T/disk.raw"
	chmod 644 "$T/disk.raw"
	sed 's#kind="domain" domain="[^"]*" placement="stacked"#kind="disk" image="'"$T"'/disk.raw" format="raw" memory="32MiB" agent="none" ready="now"#' "$T/live.xml" >"$T/member-disk.xml"
	chmod 644 "$T/member-disk.xml"
	expect_exit "a member's disk image through qemu:///system, whose QEMU is another user" 0 as_user strace -o "$T/away/polls" -e trace=poll "$T/bin/stealscope" run --connect qemu:///system --results "$T/away/disk" "$T/member-disk.xml"
	grep -q 'poll(.*, 5000) *= 0' "$T/away/polls" && bad "a QEMU that he may not kill is waited for" || ok "a QEMU that he may not kill is libvirt's to end"
}
# Through libvirtd, by its socket's group: a daemon of this test's own, where none runs.
if daemon_here libvirtd || ! command -v libvirtd >/dev/null; then
	skip "unprivileged, qemu:///system: a libvirtd runs already, or none is installed"
else
	printf '%s\n' 'unix_sock_group = "libvirt"' 'unix_sock_rw_perms = "0770"' 'unix_sock_ro_perms = "0777"' 'auth_unix_rw = "none"' >"$T/libvirtd.conf"
	daemon_here virtlogd || { virtlogd -d -p "$T/virtlogd.pid" && virtlogd=$(cat "$T/virtlogd.pid"); }
	libvirtd -d -f "$T/libvirtd.conf" -p "$T/libvirtd.pid" && libvirtd=$(cat "$T/libvirtd.pid")
	run_mode=$(stat -c %a /run/libvirt)
	chmod 755 /run/libvirt
	for _ in $(seq 50); do as_user virsh -q -c qemu:///system list >/dev/null 2>"$T/err" && break; sleep 0.2; done
	if as_user virsh -q -c qemu:///system list >/dev/null 2>"$T/err"; then
		run system --connect qemu:///system
		live_as_member
	else
		skip "unprivileged, qemu:///system: libvirtd does not let a member of group libvirt in here: $(head -1 "$T/err")"
	fi
fi
# What root measured, a user lists and compares, and changes nothing of it: by root's index; without one he may read, by the records.
printf '{"0": [[5000000000, 3000000], [5500000000, 1000000]]}\n' >"$T/osnoise.json"
for _ in 1 2; do $SS import --results "$T/roots" "$T/osnoise.json" >/dev/null 2>"$T/err" || bad "import: $(tail -1 "$T/err")"; done
chmod 755 "$T/roots"
listed() { # NAME: both, and results as they were
	local before after n
	before=$(find "$T/roots" -printf '%p %T@ %s\n' | sort)
	n=$(as_user "$T/bin/stealscope" list --results "$T/roots" --json 2>"$T/err" | jq length)
	after=$(find "$T/roots" -printf '%p %T@ %s\n' | sort)
	[ "$n" = 2 ] && [ "$before" = "$after" ] && ok "a user lists root's results $1$(sed -n 's/^note: .*user/: &/p' "$T/err" | cut -c1-90)" || bad "a user lists root's results $1: ${n:-none} of 2: $(tail -1 "$T/err") $(diff <(echo "$before") <(echo "$after") | head -2)"
}
listed "by its index"
grep -q note: "$T/err" && bad "with a note that is none: $(cat "$T/err")" || ok "as if they were his"
printf 'x' >"$T/roots/index.db-wal"
listed "while root is writing"
grep -q "adding to it" "$T/err" && ok "and is told" || bad "and is not told: $(cat "$T/err")"
expect_exit "a report of it is root's to write" 1 as_user "$T/bin/stealscope" report --results "$T/roots" last
grep -q "cannot be written by this user; -o FILE" "$T/err" && ok "he is told -o" || bad "he is not told -o: $(cat "$T/err")"
expect_exit "a report elsewhere" 0 as_user "$T/bin/stealscope" report --results "$T/roots" -o "$T/away/page.html" last
grep -q "</html>" "$T/away/page.html" && ok "is whole" || bad "is not whole"
rm -f "$T/roots"/index.db*
listed "that have no index"
grep -q "all records are read" "$T/err" && ok "and is told" || bad "and is not told: $(cat "$T/err")"
[ ! -e "$T/roots/index.db" ] && ok "none is made" || bad "an index was made"
clean_after unprivileged
[ -z "$(ls -A "/tmp/stealscope-$uid" 2>/dev/null)" ] && ok "the user's runtime folder is empty" || bad "left in the user's runtime folder: $(ls "/tmp/stealscope-$uid")"
finish
