#!/bin/bash
# Images and copies in the lab (scripts/lab-vm), for `make check-vm` (5 minutes): libvirt confines QEMU by AppArmor there,
# and KVM, emulated, runs any guest: a Debian cloud image made of packages boots unprepared. PART="lab debian": these;
# LAB_CONSOLE, LAB_RESULTS: where the lab's console and records are kept.
. "$(dirname "$0")/../e2e/lib.sh"
any_part lab debian
IMAGE=${CLOUD_IMAGE:-$(tests/vm/cloud-image 2>"$T/err" | tail -1)}
[ -s "$IMAGE" ] || { skip "lab: no cloud image: $(tail -1 "$T/err")"; finish; }
in_lab() { # NAME CPUS NODES: of tests/e2e/lab_inside.sh
	local try status
	for try in 1 2; do
		scripts/lab-vm run --cpus "$2" --nodes "$3" --timeout "${LAB_TIMEOUT:-600}" --disk "$IMAGE" --results "${LAB_RESULTS:-$T/results}" --console "${LAB_CONSOLE:-$T/console}" -- tests/e2e/lab_inside.sh "$1" 2>&1 | tee "$T/lab"
		status=${PIPESTATUS[0]}
		[ "$status" = 125 ] || break # it hung
	done
	[ "$status" = 0 ] && ok "in the lab: $1: $(grep -o '[0-9]* passed, .*' "$T/lab" | tail -1)" || bad "in the lab: $1: exit $status (try $try)"
}
part_lab() { in_lab images 4 2; }
part_debian() { in_lab debian 2 1; }
parts lab debian
finish
