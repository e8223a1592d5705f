# Somebody's own machines, at length (scripts/check has the short ones). Needs root, /dev/kvm, libvirtd.
## make check-vm [PART="copy redis"]: VMs of one's own: live domains and copies, 40 at once; own figures compared; a cloud image by BIOS and UEFI, prepared and not (20 minutes)
# Parts: off stacked readme several copy device many session refused rights (tests/domain/live.sh); redis programs
# (tests/vm/measures.sh); myvm seed uefi installed (tests/vm/disk.sh); lab debian (tests/vm/lab.sh: the images on KVM, confined by AppArmor).
VM_TESTS := tests/domain/live.sh tests/vm/measures.sh tests/vm/disk.sh tests/vm/lab.sh
PART ?=

.PHONY: check-vm
check-vm: all $(BUILD)/tests/busy.elf
	@failed=; for t in $(VM_TESTS); do PART="$(PART)" SS=$(BUILD)/stealscope bash $$t || failed="$$failed $$t"; done; \
	[ -z "$$failed" ] || { echo "check-vm: failed:$$failed"; exit 1; }
