## make fuzz [T=60]: every libFuzzer target for T seconds, from its corpus in the tree
# New inputs and crashes stay in build-san. For hours of it, an optimised build of its own pays:
# make SAN=1 BUILD=build-fuzz OPT="-O1 -g" fuzz

T ?= 60
.PHONY: fuzz fuzz-build
ifeq ($(SAN),1)
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz-build: $(FUZZ_BIN)
fuzz: fuzz-build
	@tests/fuzz/run $(T) $(FUZZ_BIN)

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libstealscope.a
	$(call say,LINK)$(CC) $(LINKER) -fsanitize=fuzzer,$(SANITIZERS) $^ -o $@ $(PKG_LIBS)
else
fuzz fuzz-build:
	@$(MAKE) --no-print-directory SAN=1 T=$(T) $@
endif
