#!/bin/bash
# The metal guest on a bare QEMU, without libvirt: under KVM and under TCG, 1 to 256 vCPUs, the dead-man's
# switch, steal = run_delay to the ns. `make test-metal` runs all cases.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
make -s build/tests/metal_boot >"$T/make" 2>&1 || { bad "metal_boot: $(tail -2 "$T/make")"; finish; }
for c in kvm-1-timer kvm-256-timer kvm-16-gap kvm-2-steal-busy kvm-2-lock kvm-2-memory kvm-1-deadman tcg-1-timer tcg-4-job tcg-1-deadman; do
	timeout 60 build/tests/metal_boot build/metal.elf $c >"$T/out" 2>&1
	got=$?
	if grep -q '^SKIP' "$T/out"; then
		skip "$(grep '^SKIP' "$T/out" | head -1 | cut -c6-)"
	elif [ $got = 0 ]; then
		ok "$c ($(grep -Eo '[0-9]+ passed, [0-9]+ failed' "$T/out" | tail -1))"
	else
		bad "$c: $(grep -i fail "$T/out" | head -3 | tr '\n' ';')"
	fi
done
finish
