## make check-paper: what compare writes for a paper, set by TeX (needs `scripts/setup --print paper`)
.PHONY: check-paper
check-paper: all
	@SS=$(BUILD)/stealscope bash tests/paper/tex.sh
## make paper-labs [PAPER_LABS="native xen xen-dom0-floats guest"]: the paper's experiment in labs, one table (half an hour; guest, on KVM in Bochs, hours)
.PHONY: paper-labs
paper-labs: all
	@tests/paper/labs $(PAPER_LABS)
