# The metal guest: freestanding, its own flags and linker script. CFLAGS are not for it: LTO may drop what
# only assembly calls, and hardening needs a libc.
METAL_SRC := $(wildcard guest-agent/metal/*.c guest-agent/probe/*.c)
METAL_ASM := $(wildcard guest-agent/metal/*.S)
METAL_OBJ := $(METAL_SRC:%.c=$(BUILD)/metal/%.o) $(METAL_ASM:%.S=$(BUILD)/metal/%.o)
METAL_FLAGS := -std=gnu11 $(OPT) $(WARN) -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-pic -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -mcmodel=small -MMD -MP -Iharness -I. -Iguest-agent/metal

all: $(BUILD)/metal.elf

$(BUILD)/metal/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(METAL_FLAGS) -c $< -o $@

$(BUILD)/metal/%.o: %.S
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(METAL_FLAGS) -c $< -o $@

$(BUILD)/metal.elf: $(METAL_OBJ) guest-agent/metal/metal.lds
	$(call say,LINK)$(CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,-T,guest-agent/metal/metal.lds $(METAL_OBJ) -o $@
