## make soak [N=300] [CHUNK=N] [WRAP=COMMAND]: so many runs of 1 s in a row, nothing may grow (25 minutes)
## make soak-long [T=1h]: one long run, the same
## make scale: 256 metal guests in one run, and one of 256 vCPUs, nothing lost
## make valgrind: the harness and the analysis of a short run under valgrind
N     ?= 300
CHUNK ?= $(N)

.PHONY: soak soak-long scale valgrind
soak: all
	STEALSCOPE=$(BUILD)/stealscope tests/soak/soak.py runs $(N) $(CHUNK)
soak-long: all
	STEALSCOPE=$(BUILD)/stealscope tests/soak/soak.py long $(T)
scale: all
	SS=$(BUILD)/stealscope bash tests/soak/scale.sh
valgrind: all
	SS=$(BUILD)/stealscope bash tests/soak/valgrind.sh
