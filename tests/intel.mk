## make check-intel [INTEL_PARTS="doctor canary"]: what the emulated lab with an Intel processor can show (20 to 30 minutes)
.PHONY: check-intel
check-intel: all
	tests/intel/check $(INTEL_PARTS)
