## make check-paper: what compare writes for a paper, set by TeX (needs `scripts/setup --print paper`)
.PHONY: check-paper
check-paper: all
	@SS=$(BUILD)/stealscope bash tests/paper.sh
