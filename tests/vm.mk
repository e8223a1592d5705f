# Somebody's own machines, at length (scripts/check has the short ones). Needs root, /dev/kvm, libvirtd.
## make check-vm: live domains: pinned against stacked, every way out, 40 domains at once (7 minutes)
VM_TESTS := tests/domain/live.sh

.PHONY: check-vm
check-vm: all $(BUILD)/tests/busy.elf
	@failed=; for t in $(VM_TESTS); do SS=$(BUILD)/stealscope bash $$t || failed="$$failed $$t"; done; \
	[ -z "$$failed" ] || { echo "check-vm: failed:$$failed"; exit 1; }
