## make test-metal: the metal guest on a real QEMU
# One case: build/tests/metal_boot build/metal.elf kvm-2-steal
METAL_BOOT_OBJ := $(BUILD)/tests/e2e/metal_boot.o $(BUILD)/tests/e2e/metal_vm.o $(BUILD)/tests/e2e/metal_check.o \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard harness/collect/guest_*.c harness/base/*.c harness/terms/*.c))

$(BUILD)/tests/metal_boot: $(METAL_BOOT_OBJ)
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@ -lpthread

.PHONY: test-metal
test-metal: $(BUILD)/tests/metal_boot $(BUILD)/metal.elf
	$(BUILD)/tests/metal_boot $(BUILD)/metal.elf
