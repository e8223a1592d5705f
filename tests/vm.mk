# Somebody's own machines, at length (scripts/check has the short ones). Needs root, /dev/kvm, libvirtd.
## make check-vm: VMs of one's own: live domains and copies, 40 at once; a cloud image by BIOS and UEFI, prepared and not (20 minutes)
VM_TESTS := tests/domain/live.sh tests/vm/disk.sh

.PHONY: check-vm
check-vm: all $(BUILD)/tests/busy.elf
	@failed=; for t in $(VM_TESTS); do SS=$(BUILD)/stealscope bash $$t || failed="$$failed $$t"; done; \
	[ -z "$$failed" ] || { echo "check-vm: failed:$$failed"; exit 1; }
