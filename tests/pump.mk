# The pump's thread and the main one under ThreadSanitizer, which goes together with no other sanitizer.
PUMP_SRC := tests/unit/test_pump.c $(addprefix harness/run/,console.c pump.c session.c watch.c) $(wildcard harness/base/*.c)

$(BUILD)/tests/test_pump: $(PUMP_SRC) harness/run/priv.h
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP $(SANFLAGS),$(CFLAGS_ALL)) -fsanitize=thread $(PUMP_SRC) -o $@ -lcmocka -lpthread -lm
