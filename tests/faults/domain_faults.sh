#!/bin/bash
# The fault matrix of somebody's domain: every way out of a run that changes it. After each the domain has what
# it had (libvirt's XML, live and inactive, and the kernel: affinities, policies, control groups), or what its
# owner gave it meanwhile, and the record says so. Usage: domain_faults.sh [WORD...]: the rows with a word in their names.
# `make faults-live` builds what it needs (2 minutes).
here=$(cd "$(dirname "$0")" && pwd)
# A libvirtd of its own, in a mount namespace: it is killed here.
if [ -z "${IN_LIVE_NAMESPACE:-}" ] && [ "$(id -u)" = 0 ]; then
	exec env IN_LIVE_NAMESPACE=1 unshare -m --propagation private "$0" "$@"
fi
BUILD=${BUILD:-build}
SS=$BUILD/stealscope
. "$here/../e2e/lib.sh"
need_kvm
[ "$(id -u)" = 0 ] || { skip "live faults: they need root"; finish; }
command -v libvirtd >/dev/null || { skip "live faults: libvirtd is not installed"; finish; }
SS=$(realpath "$SS")
cp "$BUILD/tests/busy.elf" "$T/"
D=own$$ R=$T/res V="virsh -q -c qemu:///system" TRIAL= LENGTH=3s
WORDS=("$@")

# row NAME EXIT CHECK ACTION: the action is done while it is measured. CHECK: see judge().
rows() {
	row "done"                       0   same  ':'
	row "failed"                     1   same  'rm -rf "$R"'
	row "Ctrl-C"                     130 same  'kill -INT $harness'
	row "SIGTERM"                    130 same  'kill -TERM $harness'
	row "harness kill -9"            137 same  'kill -9 $harness'
	row "harness and its reaper -9"  137 same  'kill -9 $(reaper) $harness; wait $harness 2>/dev/null; $SS clean >"$T/clean" 2>&1'
	row "hostd kill -9"              0   same  'kill -9 $(pgrep -f "stealscope-hostd .*$R")'
	row "libvirtd kill -9"           0   same  'libvirtd_kill; sleep 1; libvirtd_start'
	row "libvirtd away, then clean"  0   late  'libvirtd_kill'
	row "QEMU kill -9"               1   gone  'kill -9 $qemu'
	row "destroyed by its owner"     1   gone  '$V destroy $D'
	LENGTH=30s
	row "migrated away by its owner" 1   away  'migrate_away'
	row "saved by its owner"         1   saved '$V managedsave $D'
	LENGTH=3s
	row "its owner moves a vCPU"     0   owner '$V vcpupin $D 0 1 --live'
	row "its owner uses taskset"     0   owner 'taskset -pc 1 $(vcpu 1)'
	# In the middle of a trial (advise --prove).
	TRIAL=1
	row "trial: done"                   0   same  ':'
	row "trial: Ctrl-C"                 130 same  'kill -INT $harness'
	row "trial: kill -9"                137 same  'kill -9 $harness'
	row "trial: libvirtd kill -9"       0   same  'libvirtd_kill; sleep 1; libvirtd_start'
	row "trial: destroyed by its owner" 1   gone  '$V destroy $D'
	row "trial: its owner moves a vCPU" 0   touched '$V vcpupin $D 0 0-1 --live; $V vcpupin $D 1 0-1 --live'
	row "trial: its owner uses taskset" 0   past  'past_libvirt 0 1'
	row "trial: harness and its reaper -9" 137 same 'kill -9 $(reaper) $harness; wait $harness 2>/dev/null; $SS clean >"$T/clean" 2>&1'
	row "trial: hostd kill -9"          0   same  'kill -9 $(pgrep -f "stealscope-hostd .*$R")'
	TRIAL=
	row "its owner gives shares"     0   owner '$V schedinfo $D --set cpu_shares=777 --live'
}

libvirtd_start() {
	mountpoint -q /run/libvirt || {
		mkdir -p /run/libvirt "$T/etc"
		mount -t tmpfs none /run/libvirt && mount -t tmpfs none /var/lib/libvirt && mount --bind "$T/etc" /etc/libvirt
		printf '%s\n' 'user = "root"' 'group = "root"' 'stdio_handler = "file"' 'namespaces = []' >/etc/libvirt/qemu.conf
	}
	libvirtd -d -p "$T/libvirtd.pid" </dev/null >/dev/null 2>&1
	for _ in $(seq 50); do $V uri >/dev/null 2>&1 && return; sleep 0.1; done
	return 1
}
libvirtd_kill() {
	local pid
	pid=$(cat "$T/libvirtd.pid")
	kill -9 "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}
reaper() { pgrep -x ss-reaper | while read -r p; do grep -qs "STEALSCOPE_CELL=$D" "/proc/$p/environ" && echo "$p"; done; }
vcpu() { grep -l "^CPU $1/" /proc/"$qemu"/task/*/comm | cut -d/ -f5; }

# Another host, on this one: a libvirtd with a host's name, a UUID, folders and control groups of its own, which a live migration
# goes to over a socket. virsh -c "$THERE" is its owner, there.
there_up() {
	mkdir -p "$T/there/etc"
	printf '%s\n' 'user = "root"' 'group = "root"' 'stdio_handler = "file"' 'namespaces = []' 'security_driver = "none"' >"$T/there/etc/qemu.conf"
	printf '%s\n' "unix_sock_dir = \"$T/there\"" 'host_uuid = "5ea15c0e-1ab0-4000-8000-000000007e4e"' >"$T/there/etc/libvirtd.conf"
	unshare -m -u sh -c 'hostname there && mount -t tmpfs none /run/libvirt && mount -t tmpfs none /var/lib/libvirt && mount --bind "$0/etc" /etc/libvirt &&
		exec libvirtd -d -p "$0/libvirtd.pid"' "$T/there" </dev/null >/dev/null 2>&1
	THERE="qemu+unix:///system?socket=$T/there/libvirt-sock"
	for _ in $(seq 50); do virsh -q -c "$THERE" uri >/dev/null 2>&1 && return; sleep 0.1; done
	return 1
}
there_down() {
	[ -s "$T/there/libvirtd.pid" ] || return 0
	virsh -q -c "$THERE" destroy "$D-there" >/dev/null 2>&1
	kill "$(cat "$T/there/libvirtd.pid")" 2>/dev/null
	while kill -0 "$(cat "$T/there/libvirtd.pid" 2>/dev/null)" 2>/dev/null; do sleep 0.02; done
}
migrate_away() { # under another name there: its control groups are on the same box
	there_up && $V migrate --live --dname "$D-there" --migrateuri "unix://$T/there/stream" "$D" "$THERE"
}

# past_libvirt VCPU CPUS: as an owner would who uses the kernel's own files: a cpuset group of the thread would hold taskset back.
past_libvirt() {
	local t g
	t=$(vcpu "$1")
	g=$(awk -F: '$2 == "cpuset" { print $3 }' "/proc/$t/cgroup")
	[ "${g:-/}" = / ] || echo "$2" >"/sys/fs/cgroup/cpuset$g/cpuset.cpus"
	taskset -pc "$2" "$t"
}

# What the domain has: by libvirt, by the kernel.
state() {
	local t g
	# A libvirtd that was restarted tells of devices in other words: of those rows the tuning alone.
	if [ -n "$restarted" ]; then
		$V dumpxml "$D" | sed -n '/<vcpu /,/<.cputune>/p'
	else
		$V dumpxml "$D" | sed "s/^<domain type='kvm' id='[0-9]*'/<domain/"
	fi
	$V dumpxml --inactive "$D"
	for t in /proc/"$qemu"/task/*; do
		case $(cat "$t/comm") in
		"CPU "* | "IO iothread"* | qemu-*) echo "$(cat "$t/comm") $(grep Cpus_allowed_list "$t/status") $(chrt -p "${t##*/}" | tr '\n' ' ' | sed 's/pid [0-9]*//g')" ;;
		esac
	done | sort
	for g in $(find /sys/fs/cgroup/cpu /sys/fs/cgroup -maxdepth 4 -type d -path "*$D*" 2>/dev/null); do
		grep -H . "$g"/cpu.shares "$g"/cpu.cfs_*_us "$g"/cpu.max "$g"/cpu.weight 2>/dev/null
	done | sort -u | sed 's/qemu-[0-9]*-/qemu-N-/'
}
tuning_left() { ls /run/stealscope/tuning 2>/dev/null | grep -q "$($V domuuid "$D")"; }

# After a kill -9 somebody else puts it back: wait for that.
settled() {
	local i
	for i in $(seq 150); do
		tuning_left || { state >"$T/after"; return 0; }
		sleep 0.1
	done
	state >"$T/after"
}

# Its two vCPUs stand on one CPU but while a trial's change is in force.
changed_now() { [ "$(grep -h Cpus_allowed_list "/proc/$qemu/task/$(vcpu 0)/status" "/proc/$qemu/task/$(vcpu 1)/status" | sort -u | wc -l)" = 2 ]; }

# took NAME WHY: the one line says why it ended, and what of the run's changes is in its XML wherever that goes.
took() {
	grep -q "ended in mid-run: $2, and what the run had changed went with it (vcpupin.0 0-1 -> 0, schedinfo.cpu_shares 512 -> 2048); put it back" "$T/err" &&
		ok "$1: what went with it is told ($(grep -o 'its owner.*' "$T/err" | tail -1))" || bad "$1: $(tail -1 "$T/err") $(cat "$T/action")"
}
judge() { # NAME CHECK
	local say="$R/*/run.json"
	case $2 in
	same) cmp -s "$T/before" "$T/after" && ok "$1: as it was" || bad "$1: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')" ;;
	owner)
		# shellcheck disable=SC2086
		cat $say | grep -q "by somebody else meanwhile" && [ "$(diff "$T/before" "$T/after" | grep -c '^>')" -le 3 ] &&
			! cmp -s "$T/before" "$T/after" && ok "$1: that stays, and the record says so ($(cat $say | grep -o '[^"]*by somebody else meanwhile' | head -1))" ||
			bad "$1: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';') $(tail -1 "$T/err")" ;;
	touched) grep -q "somebody else changed" "$T/out" && [ "$(grep -h Cpus_allowed_list "/proc/$qemu/task/$(vcpu 0)/status" "/proc/$qemu/task/$(vcpu 1)/status" | grep -c '0-1')" = 2 ] && ok "$1: the trial ends, and that stays ($(grep -o 'somebody else changed.*' "$T/out" | head -1))" ||
		bad "$1: $(tail -3 "$T/out" | tr '\n' ';') $($V vcpupin "$D" --live | tr '\n' ';')" ;;
	past) grep -q "somebody else changed vcpupin.0" "$T/out" && grep -q 'Cpus_allowed_list:.1$' "/proc/$qemu/task/$(vcpu 0)/status" && ok "$1: the trial ends, and that stays ($(grep -o 'somebody else changed.*' "$T/out" | head -1))" ||
		bad "$1: $(tail -3 "$T/out" | tr '\n' ';') $(grep Cpus_allowed_list "/proc/$qemu/task/$(vcpu 0)/status") $(cat "$T/action")" ;;
	gone) grep -qE "ended in mid-run: (its owner destroyed it|its QEMU crashed or was killed)" "$T/err" && ok "$1: one clear line ($(grep -o 'domain .*' "$T/err" | tail -1 | cut -c1-110))" || bad "$1: $(tail -2 "$T/err")" ;;
	away)
		took "$1" "its owner migrated it away" && virsh -q -c "$THERE" dumpxml "$D-there" | grep -q "<vcpupin vcpu='0' cpuset='0'/>" || bad "$1: it is not there as told: $(cat "$T/action")"
		there_down ;;
	saved)
		took "$1" "its owner saved it to disk"
		$V managedsave-remove "$D" ;;
	late)
		tuning_left && libvirtd_start && $SS clean >"$T/clean" 2>&1 && state >"$T/after" && cmp -s "$T/before" "$T/after" && ok "$1: as it was" ||
			bad "$1: $(cat "$T/clean"; diff "$T/before" "$T/after" | head -5 | tr '\n' ';')" ;;
	esac
	tuning_left && bad "$1: a saved tuning is left"
}

row() { # NAME EXIT CHECK ACTION
	local name=$1 want=$2 check=$3 action=$4 got struck= i restarted=
	[[ $action != *libvirtd* ]] || restarted=1
	[ ${#WORDS[@]} = 0 ] || { for i in "${WORDS[@]}"; do [[ $name == *"$i"* ]] && struck=1; done; [ -n "$struck" ] || return; }
	mkdir -p "$R" && rm -rf "${R:?}"/*
	$V destroy "$D" >/dev/null 2>&1
	$V start "$D" || { bad "$name: the domain does not start"; return; }
	qemu=$(cat "/run/libvirt/qemu/$D.pid")
	for i in $(seq 50); do grep -q "busy" "$T/console" 2>/dev/null && break; sleep 0.1; done
	state >"$T/before"
	anew "$T/err"
	if [ -n "$TRIAL" ]; then
		for i in 0 1; do $V vcpupin "$D" $i 0 --live; done
		state >"$T/before"
		STEALSCOPE_CELL=$D "$SS" advise -v --connect qemu:///system --results "$R" --for 1s --prove --rounds 8 --each 700ms "$D" pin-apart >"$T/out" 2>"$T/err" &
	else
		STEALSCOPE_CELL=$D "$SS" run -v --connect qemu:///system --results "$R" --set duration=$LENGTH "$T/live.xml" >"$T/out" 2>"$T/err" &
	fi
	harness=$!
	for i in $(seq 200); do grep -q "^measuring" "$T/err" && break; sleep 0.05; done
	# Of a trial's runs half are without a change.
	[ -z "$TRIAL" ] || for i in $(seq 400); do changed_now && break; sleep 0.02; done
	state >"$T/meanwhile" 2>/dev/null
	cmp -s "$T/before" "$T/meanwhile" && bad "$name: nothing was changed for the run"
	eval "$action" >"$T/action" 2>&1
	wait $harness 2>/dev/null
	got=$?
	[ $got = "$want" ] || bad "$name: exit $got, wanted $want: $(tail -1 "$T/err")"
	[[ $check =~ ^(gone|away|saved|late)$ ]] || settled
	judge "$name" "$check"
}

down() {
	there_down
	$V destroy "$D" >/dev/null 2>&1
	$V undefine "$D" >/dev/null 2>&1
	[ -s "$T/libvirtd.pid" ] && kill "$(cat "$T/libvirtd.pid")" 2>/dev/null
	find /sys/fs/cgroup -depth -type d -path "*$D*" -exec rmdir {} \; 2>/dev/null
}
at_exit down
libvirtd_start || { skip "live faults: libvirtd does not start here"; finish; }
# One pin of each kind and the shares stand in the XML, the others do not: both ways of changing are met.
domain_xml "$D" 2 "$T/busy.elf" "$T/console" "<iothreads>2</iothreads><cputune><shares>512</shares><vcpupin vcpu='0' cpuset='0-1'/><iothreadpin iothread='1' cpuset='0-1'/></cputune>" | sed "s/migratable='off'/migratable='on'/" >"$T/domain.xml"
$V define "$T/domain.xml" >/dev/null || { bad "the domain cannot be defined"; finish; }
cat >"$T/live.xml" <<-X
	<scenario name="$MINE" title="A domain in every way out" warmup="100ms" duration="3s">
	<lab cpuset="0"/><guest name="vm" kind="domain" domain="$D" placement="stacked" emulator="lab" shares="2048" quota="80ms" policy="rr"/>
	</scenario>
X
rows
down
clean_after "live faults"
finish
