# A metal guest that attacks the harness through its shared page, for tests/e2e/65_hostile.sh.
HOSTILE_OBJ := $(METAL_OBJ) $(BUILD)/metal/tests/hostile/hostile.o

$(BUILD)/tests/hostile.elf: $(HOSTILE_OBJ) guest-agent/metal/metal.lds
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,-T,guest-agent/metal/metal.lds -Wl,--wrap=agent_main $(HOSTILE_OBJ) -o $@
