# Somebody's own machines, at length (scripts/check has the short ones): `make check-vm` (needs root, /dev/kvm, libvirtd).
VM_TESTS := tests/domain/live.sh

.PHONY: check-vm
check-vm: all $(BUILD)/tests/busy.elf
	@failed=; for t in $(VM_TESTS); do SS=$(BUILD)/stealscope bash $$t || failed="$$failed $$t"; done; \
	[ -z "$$failed" ] || { echo "check-vm: failed:$$failed"; exit 1; }
