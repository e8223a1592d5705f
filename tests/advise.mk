# Advice and its trials, at length (scripts/check has the short ones). Needs root, /dev/kvm, libvirtd, two CPUs.
## make check-advise: advice tried on running domains, three of three each (12 minutes; CASE=NAME: one of them)
.PHONY: check-advise
check-advise: all $(BUILD)/tests/busy.elf
	SS=$(BUILD)/stealscope bash tests/domain/advise.sh $(CASE)
