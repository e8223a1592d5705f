## make check-xen [XEN_PARTS="pair linux"]: what the emulated lab with Xen can show: doctor, plan, runs, faults, batch, blame (10 to 25 minutes)
.PHONY: check-xen
check-xen: all
	@for try in 1 2; do \
		scripts/lab-vm run --hypervisor xen --timeout 2400 --results $(BUILD)/lab-results -- tests/xen/inside.sh $(XEN_PARTS); \
		status=$$?; [ $$status = 125 ] || break; \
	done; exit $$status
