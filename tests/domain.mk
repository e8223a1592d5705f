## make test-domain: real metal guests through libvirt
# By another connection:
# build/tests/domain_lifecycle build/metal.elf qemu:///system
DOMAIN_TEST_OBJ := $(BUILD)/tests/e2e/domain_lifecycle.o $(patsubst %.c,$(BUILD)/%.o, \
	$(wildcard harness/domain/*.c harness/host/*.c harness/base/*.c harness/terms/*.c harness/collect/guest_*.c harness/image/disk.c harness/plan/plan_xen.c))

$(BUILD)/tests/domain_lifecycle: $(DOMAIN_TEST_OBJ)
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@ $(PKG_LIBS)

.PHONY: test-domain
test-domain: $(BUILD)/tests/domain_lifecycle $(BUILD)/metal.elf
	$(BUILD)/tests/domain_lifecycle $(BUILD)/metal.elf

# A guest that knows nothing of stealscope, for tests of domains that exist.
BUSY_OBJ := $(METAL_OBJ) $(BUILD)/metal/tests/domain/busy.o
$(BUILD)/tests/busy.elf: $(BUSY_OBJ) guest-agent/metal/metal.lds
	@mkdir -p $(@D)
	$(CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,-T,guest-agent/metal/metal.lds -Wl,--wrap=metal_main -Wl,--wrap=metal_main_other \
		$(BUSY_OBJ) -o $@
