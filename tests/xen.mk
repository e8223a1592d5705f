## make check-xen: what the emulated lab with Xen can show: doctor, plan, blame (10 minutes)
.PHONY: check-xen
check-xen: all
	@for try in 1 2; do \
		scripts/lab-vm run --hypervisor xen --timeout 1200 --results $(BUILD)/lab-results -- tests/xen/inside.sh; \
		status=$$?; [ $$status = 125 ] || break; \
	done; exit $$status
