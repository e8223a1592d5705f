# The Linux agent: one static program, with flags and objects of its own (the probes are shared with
# the metal guest, which builds them freestanding).
AGENT_SRC := $(wildcard guest-agent/linux/*.c guest-agent/probe/*.c)
AGENT_OBJ := $(AGENT_SRC:%.c=$(BUILD)/linux/%.o)
AGENT_FLAGS := -std=gnu11 -D_GNU_SOURCE $(OPT) $(WARN) -pthread -MMD -MP -Iharness -I. \
	-DSS_VERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS)

all: $(BUILD)/stealscope-agent

$(BUILD)/linux/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(AGENT_FLAGS) -c $< -o $@

$(BUILD)/stealscope-agent: $(AGENT_OBJ)
	$(call say,LINK)$(CC) -static -pthread $(LDFLAGS) $(AGENT_OBJ) -o $@.full
	@strip -o $@ $@.full
