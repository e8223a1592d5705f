# Everything that a whole virtual lab box can show, on both releases (about 10 minutes each, the building of
# the labs apart): `make check-lab`; one release or some parts: `make check-lab LAB_RELEASES=trixie LAB_SET="numa quota"`
LAB_RELEASES ?= bookworm trixie
LAB_SET ?= full

.PHONY: check-lab
check-lab:
	@failed=; for r in $(LAB_RELEASES); do \
		echo "== lab $$r"; \
		for try in 1 2; do \
			scripts/lab-vm run --release $$r --cpus 4 --nodes 2 --timeout 1800 --results $(BUILD)/lab-results -- tests/e2e/lab_inside.sh $(LAB_SET); \
			status=$$?; [ $$status = 125 ] || break; \
		done; \
		[ $$status = 0 ] || failed="$$failed $$r"; \
	done; [ -z "$$failed" ] || { echo "check-lab: failed:$$failed"; exit 1; }
