# Advice and its trials, at length (scripts/check has the short ones). Needs root, /dev/kvm, libvirtd, two CPUs.
## make check-advise [PART=stacked] [TIMES=3]: advice tried on running domains, each case three times (16 minutes)
ADVISE_PARTS := stacked hog away iothread quota unpin nothing harm keep measure
.PHONY: check-advise
check-advise: all $(BUILD)/tests/busy.elf
	@failed=; for part in $(or $(PART),$(ADVISE_PARTS)); do SS=$(BUILD)/stealscope bash tests/domain/advise.sh $$part || failed="$$failed $$part"; done; \
	[ -z "$$failed" ] || { echo "check-advise: failed:$$failed"; exit 1; }
