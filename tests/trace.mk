## make test-trace [TRACE_SECONDS=5]: hostd on real threads
# One case: build/tests/trace_threads HOSTD SECONDS CASE
TRACE_SECONDS ?= 5
TRACE_OBJ := $(patsubst %.c,$(BUILD)/%.o,tests/e2e/trace_threads.c tests/e2e/trace_check.c tests/e2e/trace_announced.c tests/e2e/trace_read.c harness/collect/hostd.c \
	$(wildcard harness/base/*.c harness/terms/*.c))

$(BUILD)/tests/trace_threads: $(TRACE_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@

# A hostd whose tracer does not see 16 of 256 switches: as some kernels hide them, but on all, and often. And one to which all
# threads have numbers that are alike.
$(BUILD)/tests/tracer_load_hides.o: ODD := -DTRACER_HIDES=16
$(BUILD)/tests/tracer_load_alike.o: ODD := -DTRACER_CHAINS=1
$(BUILD)/tests/tracer_load_hides.o $(BUILD)/tests/tracer_load_alike.o: host-agent/tracer_load.c $(BPF_SKEL)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_ALL) $(ODD) -c $< -o $@

$(BUILD)/tests/hostd-hides $(BUILD)/tests/hostd-alike: $(BUILD)/tests/hostd-%: $(BUILD)/tests/tracer_load_%.o $(filter-out %/tracer_load.o,$(HOSTD_OBJ))

.PHONY: test-trace
test-trace: $(BUILD)/tests/trace_threads $(BUILD)/stealscope-hostd
	$(BUILD)/tests/trace_threads $(BUILD)/stealscope-hostd $(TRACE_SECONDS)
