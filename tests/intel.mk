## make check-intel [INTEL_PARTS="doctor canary"]: what the emulated lab with an Intel processor can show (15 minutes)
.PHONY: check-intel
check-intel: all
	tests/intel/check $(INTEL_PARTS)
