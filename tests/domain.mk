## make test-domain: real metal guests through libvirt
# By another connection:
# build/tests/domain_lifecycle build/metal.elf qemu:///system
DOMAIN_TEST_OBJ := $(BUILD)/tests/e2e/domain_lifecycle.o $(patsubst %.c,$(BUILD)/%.o, \
	$(wildcard harness/domain/*.c harness/host/*.c harness/base/*.c harness/terms/*.c harness/collect/guest_*.c))

$(BUILD)/tests/domain_lifecycle: $(DOMAIN_TEST_OBJ)
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@ $(PKG_LIBS)

.PHONY: test-domain
test-domain: $(BUILD)/tests/domain_lifecycle $(BUILD)/metal.elf
	$(BUILD)/tests/domain_lifecycle $(BUILD)/metal.elf
