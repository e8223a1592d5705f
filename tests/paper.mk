## make check-paper: what compare writes for a paper, set by TeX (needs `scripts/setup --print paper`)
.PHONY: check-paper
check-paper: all
	@SS=$(BUILD)/stealscope bash tests/paper/tex.sh
## make paper-labs [PAPER_LABS="qemu-native qemu-xen qemu-xen-dom0-floats bochs-native bochs-kvm bochs-xen"]: the paper's experiment in labs, a table for each box (the first three if none are named: half an hour; each of bochs: half an hour)
.PHONY: paper-labs
paper-labs: all
	@tests/paper/labs $(PAPER_LABS)
