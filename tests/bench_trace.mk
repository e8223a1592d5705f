## make bench-trace [ROUNDS=3] [SECONDS_EACH=8]: what tracing costs, against perf and trace-cmd
.PHONY: bench-trace
bench-trace: all
	@bash tests/bench/trace.sh

## make bench-price [ROUNDS=5] [WAITERS="0 1 4"] [PEER=1]: what the tracer adds to one context switch, by who waits
.PHONY: bench-price
bench-price: all
	@BUILD=$(BUILD) bash tests/bench/price.sh

## make bench-watch [SECONDS_EACH=20] [VCPUS=1024] [VMS=20 AFTER=180]: what `blame --all` of 1,024 vCPUs costs, its start, its memory
.PHONY: bench-watch
bench-watch: all
	@BUILD=$(BUILD) bash tests/bench/watch.sh

## make bench-starts [ROUNDS=2] [TMPFS=1]: what 3, 64 and 256 guests cost beside their measuring, and as many bare QEMUs (4 minutes)
.PHONY: bench-starts
bench-starts: all
	@BUILD=$(BUILD) bash tests/bench/starts.sh
