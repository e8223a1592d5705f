## make bench-trace [ROUNDS=3] [SECONDS_EACH=8]: what tracing costs, against perf and trace-cmd
.PHONY: bench-trace
bench-trace: all
	@bash tests/bench/trace.sh
