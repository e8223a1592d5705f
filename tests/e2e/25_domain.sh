#!/bin/bash
# Domains by the embedded driver and by libvirtd (started for the test when none runs): start, boot,
# threads, death, stop, reaping; and nothing left.
# Measures nothing, but wants no other's guests: it may run beside what only computes.
. "$(dirname "$0")/lib.sh"
MINE=e2edom # the run's name in domain_lifecycle.c
[ "$(id -u)" = 0 ] || { skip "domain: needs root"; finish; }
B=$(dirname "$SS")
make -s BUILD="$B" "$B/tests/domain_lifecycle" "$B/metal.elf" || { bad "domain_lifecycle does not build"; finish; }

# run NAME URI: take over the claims of domain_lifecycle.
run() {
	"$B/tests/domain_lifecycle" "$B/metal.elf" "$2" >"$T/out" 2>&1
	while read -r verdict text; do
		case $verdict in
		ok) ok "$1: $text" ;;
		FAIL) bad "$1: $text" ;;
		SKIP) skip "$1: $text" ;;
		esac
	done <"$T/out"
	grep -q '^domain_lifecycle: ' "$T/out" || bad "$1: ended early: $(tail -3 "$T/out")"
	clean_after "$1"
}

# orphan NAME URI: kill -9 of the process that has guests; the reaper has 10 s.
orphan() {
	local pid
	[ -w /dev/kvm ] || { skip "$1: kill -9: /dev/kvm is not usable"; return; }
	anew "$T/out"
	"$B/tests/domain_lifecycle" "$B/metal.elf" "$2" orphan >"$T/out" 2>&1 &
	pid=$!
	for _ in $(seq 200); do [ -s "$T/out" ] && break; sleep 0.1; done
	if ! grep -qx ready "$T/out"; then
		bad "$1: guests to be orphaned: $(cat "$T/out")"
		kill -9 "$pid"
	else
		[ "$(pgrep -fc 'guest=stealscope-e2edom-orphan')" = 3 ] && ok "$1: three guests run" || bad "$1: not three guests"
		kill -9 "$pid"
		wait "$pid" 2>/dev/null
		clean_after "$1: 10 s after kill -9"
		[ ! -e /run/stealscope/e2edom ] && ok "$1: nor its runtime folder" || bad "$1: /run/stealscope/e2edom is left"
	fi
}

machine_before=$(ls -d /sys/fs/cgroup/*/machine 2>/dev/null)
run embed auto
orphan embed auto
[ -n "$machine_before" ] || [ -z "$(ls -d /sys/fs/cgroup/*/machine 2>/dev/null)" ] && ok "embed: no control group of libvirt is left" ||
	bad "embed: libvirt's control groups stay: $(ls -d /sys/fs/cgroup/*/machine)"

libvirtd_up >"$T/why" || { skip "system: $(cat "$T/why")"; finish; }
run system qemu:///system
orphan system qemu:///system
finish
