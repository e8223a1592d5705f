# A VMM that is not QEMU, for tests/e2e/47_who_is_a_vcpu.sh: `make build/tests/mini_vmm`
$(BUILD)/tests/mini_vmm: $(BUILD)/tests/e2e/mini_vmm.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) $^ -o $@ -lpthread
