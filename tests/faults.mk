## make faults [FAULT="hostd results"]: every fault at every moment of a run (9 minutes); some of them
# tests/faults/faults.sh is the table; needs root and /dev/kvm. FAULTS_BOX=1 adds those that the whole box
# feels: its clock stepped, a CPU taken offline.
FAULT ?=
FAULTY := $(foreach k,triple hang reboot,$(foreach m,booting measuring stopping,$(BUILD)/faulty/$k-$m.elf))
fault_number_triple := 1
fault_number_hang := 2
fault_number_reboot := 3
fault_number_booting := 1
fault_number_measuring := 2
fault_number_stopping := 3

# A metal guest that goes wrong, KIND-MOMENT.elf.
$(FAULTY): $(BUILD)/faulty/%.elf: $(METAL_OBJ) $(BUILD)/metal/tests/faults/guest.o guest-agent/metal/metal.lds
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,--wrap=agent_main -Wl,--wrap=agent_interrupt -Wl,--wrap=platform_irq_off \
		-Wl,--defsym=fault_kind=$(fault_number_$(word 1,$(subst -, ,$*))) \
		-Wl,--defsym=fault_moment=$(fault_number_$(word 2,$(subst -, ,$*))) \
		-Wl,-T,guest-agent/metal/metal.lds $(filter %.o,$^) -o $@

FAULT_TOOLS := $(patsubst %,$(BUILD)/faulty/%,kvm_busy clock_step)
$(FAULT_TOOLS): $(BUILD)/faulty/%: $(BUILD)/tests/faults/%.o
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@

.PHONY: faults faulty
faulty: all $(FAULTY) $(FAULT_TOOLS)
faults: faulty
	@BUILD=$(BUILD) tests/faults/matrix.sh $(FAULT)

## make faults-live [FAULT="QEMU"]: the same for a domain that is somebody else's, in every way out (4 minutes)
.PHONY: faults-live
faults-live: all $(BUILD)/tests/busy.elf
	@BUILD=$(BUILD) tests/faults/domain_faults.sh $(FAULT)
