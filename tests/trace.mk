## make test-trace [TRACE_SECONDS=5]: hostd on real threads
# One case: build/tests/trace_threads HOSTD SECONDS CASE
TRACE_SECONDS ?= 5
TRACE_OBJ := $(patsubst %.c,$(BUILD)/%.o,tests/e2e/trace_threads.c tests/e2e/trace_check.c tests/e2e/trace_announced.c tests/e2e/trace_read.c harness/collect/hostd.c \
	$(wildcard harness/base/*.c harness/terms/*.c))

$(BUILD)/tests/trace_threads: $(TRACE_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@

.PHONY: test-trace
test-trace: $(BUILD)/tests/trace_threads $(BUILD)/stealscope-hostd
	$(BUILD)/tests/trace_threads $(BUILD)/stealscope-hostd $(TRACE_SECONDS)
