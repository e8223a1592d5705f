## make check-lab [LAB_RELEASES=trixie] [LAB_SET="numa quota"]: all that a virtual lab box can show (10 minutes a release)
## make check-lab-vm: scripts/lab-vm itself: what fails, is killed or comes back, and a short set of tests in a lab (6 minutes)
## make check-lab-kernels: the tracer under other host kernels, in bookworm's lab (3 minutes each)
## make check-lab-big: a lab of 64 CPUs and 4 nodes, in which each CPU is sold twice (needs 16 GB)
LAB_RELEASES ?= bookworm trixie
LAB_SET ?= full
LAB_KERNELS ?= bullseye bullseye-rt bookworm-rt bookworm-backports trixie-rt trixie-backports trixie-backports-rt

# lab_each WHAT, NAMES, OPTION, SET: the set in a lab for each name; a lab that hung is tried again.
define lab_each
@failed=; for name in $(2); do \
	echo "== lab, $(1) $$name"; \
	for try in 1 2; do \
		scripts/lab-vm run $(3) $$name --cpus 4 --nodes 2 --timeout 1800 --results $(BUILD)/lab-results -- tests/e2e/lab_inside.sh $(4); \
		status=$$?; [ $$status = 125 ] || break; \
	done; \
	[ $$status = 0 ] || failed="$$failed $$name"; \
done; [ -z "$$failed" ] || { echo "$@: failed:$$failed"; exit 1; }
endef

.PHONY: check-lab-big check-lab check-lab-vm check-lab-kernels
check-lab:
	$(call lab_each,release,$(LAB_RELEASES),--release,$(LAB_SET))
check-lab-vm: all
	LAB=1 bash tests/e2e/80_lab.sh
check-lab-kernels:
	$(call lab_each,kernel,$(LAB_KERNELS),--release bookworm --kernel,kernel)
check-lab-big: all
	scripts/lab-vm run --release bookworm --cpus 64 --nodes 4 --memory 14336 --timeout 3000 --results $(BUILD)/lab-results -- tests/e2e/lab_inside.sh big
