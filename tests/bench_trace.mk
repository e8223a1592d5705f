# What tracing costs against perf and trace-cmd: `make bench-trace [ROUNDS=3] [SECONDS_EACH=8]`.
.PHONY: bench-trace
bench-trace: all
	@bash tests/bench/trace.sh
