## make check-paper: what compare writes for a paper, set by TeX (needs texlive-latex-recommended and poppler-utils)
.PHONY: check-paper
check-paper: all
	@SS=$(BUILD)/stealscope bash tests/paper.sh
