# Helpers of the end-to-end tests; sourced by each tests/e2e/*.sh. A test is a script that calls ok, bad
# or skip once per claim and ends with `finish`. Its results go to a folder of its own.
# shellcheck shell=bash
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
SS=${SS:-build/stealscope}
PASS=0 FAIL=0 SKIPPED=0
T=$(mktemp -d "${TMPDIR:-/tmp}/stealscope-test.XXXXXX")
chmod 755 "$T"
ON_EXIT='rm -rf "$T"'
trap 'eval "$ON_EXIT"' EXIT
# at_exit COMMAND: before what was given earlier.
at_exit() { ON_EXIT="$1; $ON_EXIT"; }

ok() { PASS=$((PASS + 1)); echo "ok    $*"; }
bad() { FAIL=$((FAIL + 1)); echo "FAIL  $*"; }
skip() { SKIPPED=$((SKIPPED + 1)); echo "SKIP  $*"; }
finish() {
	echo "$(basename "$0" .sh): $PASS passed, $FAIL failed, $SKIPPED skipped"
	[ "$FAIL" = 0 ]
	exit
}
# need_kvm: end the whole test as skipped where there is no usable /dev/kvm.
need_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] && return
	skip "$(basename "$0" .sh): /dev/kvm is not there or not usable by $(id -un)"
	finish
}
# is NAME FILE JQ-CONDITION: a claim about a JSON document; prints what VALUE was when it fails.
is() {
	local name=$1 file=$2 cond=$3 shown=${4:-} said
	# jq -e calls an empty file true; a claim about nothing does not hold.
	if said=$(jq -e "$cond" "$file" 2>/dev/null) && [ -n "$said" ]; then
		ok "$name${shown:+ ($(jq -c "$shown" "$file" 2>/dev/null))}"
	else
		bad "$name: not $cond${shown:+; it is $(jq -c "$shown" "$file" 2>&1 | head -c 400)}"
	fi
}
# How much of the waiting in a run's JSON (or in one of `blame`) others caused: processes, cgroups and
# kernel work that are no part of the test. Prints "0.0123 name of the worst".
foreign() {
	jq -r '(if .vcpus then [.vcpus[].culprits[] | {kind, culprit: .name, ns: (.ms_per_s * 1e6)}] else [.variants[].blame[]?] + [.blame[]?] end) as $all |
		($all | map(select((.kind | IN("process", "cgroup", "kernel-thread", "irq", "softirq", "box", "unknown")) or (.culprit | startswith("vm of pid")))) |
		 map(select(.culprit | test("e2e-blame") | not))) as $others |
		"\((($others | map(.ns) | add) // 0) / ((($all | map(.ns) | add) // 1) | if . == 0 then 1 else . end)) \(($others | max_by(.ns) | .culprit) // "nobody")"' "$1" 2>/dev/null || echo "0 nobody"
}
# What the box's own hypervisor took in a run's JSON, in ms/s per lab CPU; the worst of its variants.
box_steal() {
	jq -r '[.variants[]?.box_steal_ms_per_s // 0] | max // 0' "$1" 2>/dev/null || echo 0
}
# is_timed NAME FILE JQ-CONDITION [VALUE]: as `is`, for figures that only a quiet box can give. On a box
# whose CPUs others used meanwhile (over 0.5 % of the waiting), or that its own hypervisor held up (over 5
# ms/s), a miss is a SKIP that says so.
is_timed() {
	local share who box
	if ! jq -e "$3" "$2" >/dev/null 2>&1 && [ -s "$2" ]; then
		box=$(box_steal "${FOREIGN:-$2}")
		if awk -v b="$box" 'BEGIN {exit !(b > 5)}'; then
			skip "$1: the box's own hypervisor took $box ms/s per CPU; it is $(jq -c "${4:-.}" "$2" 2>/dev/null | head -c 200)"
			return
		fi
		read -r share who < <(foreign "${FOREIGN:-$2}")
		if awk -v s="$share" 'BEGIN {exit !(s > 0.005)}'; then
			skip "$1: the box was busy with others ($(awk -v s="$share" 'BEGIN {printf "%.1f", 100 * s}') % of the waiting, most of it $who); it is $(jq -c "${4:-.}" "$2" 2>/dev/null | head -c 200)"
			return
		fi
	fi
	is "$@"
}
# expect_exit NAME STATUS COMMAND...: its exit status, and that it said one clear line on stderr.
expect_exit() {
	local name=$1 want=$2 got
	shift 2
	"$@" >"$T/out" 2>"$T/err"
	got=$?
	if [ "$got" != "$want" ]; then
		bad "$name: exit $got, wanted $want: $(head -c 300 "$T/err")"
	elif [ "$want" != 0 ] && [ ! -s "$T/err" ]; then
		bad "$name: said nothing"
	else
		ok "$name (exit $got: $(head -1 "$T/err" | cut -c1-150))"
	fi
}
# libvirtd_up: qemu:///system answers: by a daemon of the test's own, where none runs. Else false, its reason printed.
# QEMU runs as libvirt-qemu there: it needs /dev/kvm through its group, as on any box with udev.
libvirtd_up() {
	[ "$(id -u)" = 0 ] || { echo "needs root to start libvirtd"; return 1; }
	command -v libvirtd >/dev/null || { echo "libvirtd is not installed"; return 1; }
	pgrep -x libvirtd >/dev/null && return
	KVM_WAS=$(stat -c '%a %g' /dev/kvm 2>/dev/null) LIBVIRTD_OURS=1 MACHINES_WERE=" $(echo /sys/fs/cgroup/*/machine) "
	at_exit libvirtd_down
	[ -n "$KVM_WAS" ] && getent group kvm >/dev/null && chgrp kvm /dev/kvm && chmod 660 /dev/kvm
	pgrep -x virtlogd >/dev/null || { virtlogd -d && VIRTLOGD_OURS=1; }
	libvirtd -d
	for _ in $(seq 50); do virsh -q -c qemu:///system list >/dev/null 2>&1 && return; sleep 0.2; done
	echo "libvirtd does not start here"
	return 1
}
libvirtd_down() { # what libvirtd_up did is undone
	[ -n "${LIBVIRTD_OURS:-}" ] || return 0
	pkill -x libvirtd
	[ -z "${VIRTLOGD_OURS:-}" ] || pkill -x virtlogd
	for _ in $(seq 50); do pgrep -x libvirtd >/dev/null || { [ -n "${VIRTLOGD_OURS:-}" ] && pgrep -x virtlogd >/dev/null; } || break; sleep 0.1; done
	for g in /sys/fs/cgroup/*/machine; do # its empty parent groups stay
		[[ $MACHINES_WERE == *" $g "* ]] || rmdir "$g" 2>/dev/null
	done
	[ -z "$KVM_WAS" ] || { chmod "${KVM_WAS% *}" /dev/kvm; chgrp "${KVM_WAS#* }" /dev/kvm; }
	LIBVIRTD_OURS= VIRTLOGD_OURS=
}
# A scenario of this test's own name, so that its runs are told from others on the same box.
MINE=t$$
own_scenario() { # FILE: a copy of it in $T under the name $MINE; prints its path
	sed "0,/name=\"[^\"]*\"/s//name=\"$MINE\"/" "$1" >"$T/$MINE.xml"
	echo "$T/$MINE.xml"
}
# hostile_programs: in $T/bin, the programs with a hostile guest in place of the metal one (tests/hostile).
hostile_programs() {
	local b
	b=$(dirname "$SS")
	make -s BUILD="$b" "$b/tests/hostile.elf" >"$T/make" 2>&1 || { bad "the hostile guest does not build: $(tail -2 "$T/make")"; finish; }
	mkdir "$T/bin" && cp "$SS" "$b"/stealscope-* "$T/bin/" && cp "$b/tests/hostile.elf" "$T/bin/metal.elf"
}
# What this test's runs may have left behind: one line a thing. Empty = clean.
leftovers() {
	pgrep -fa "guest=stealscope-[^ ]*$MINE" | cut -c1-120 | sed 's/^/process: /'
	pgrep -fa "stealscope-hostd.*$T" | cut -c1-120 | sed 's/^/process: /'
	find /dev/shm -maxdepth 1 -name "stealscope-*$MINE*" 2>/dev/null | sed 's/^/shm: /'
	find /sys/fs/cgroup -maxdepth 5 -type d -name "*$MINE*" 2>/dev/null | sed 's/^/cgroup: /'
	grep "$T" /proc/self/mounts | sed 's/^/mount: /'
	find /run/stealscope -maxdepth 1 -name "*$MINE*" 2>/dev/null | sed 's/^/runtime: /'
	local d pid
	for d in /run/stealscope/[0-9]*; do # PID-START of a harness
		[[ ${d##*/} =~ ^([0-9]+)-[0-9]+$ ]] || continue
		pid=${BASH_REMATCH[1]}
		[ -d "$d" ] && [ ! -d "/proc/$pid" ] && echo "runtime: $d"
	done
}
# clean_after NAME [SECONDS]: nothing is left, at the latest SECONDS (10) from now.
clean_after() {
	local left i
	for ((i = 0; i < ${2:-10} * 5; i++)); do
		left=$(leftovers)
		[ -z "$left" ] && { ok "$1: nothing left behind"; return; }
		sleep 0.2
	done
	bad "$1: left behind: $(echo "$left" | tr '\n' ';' | head -c 600)"
}
