## make fuzz [T=60]: every libFuzzer target for T seconds, from its corpus in the tree
# New inputs and crashes stay in build-fuzz. Built by clang, apart from everything else.

T ?= 60
FUZZ_BUILD  := build-fuzz
FUZZ_SRC    := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN    := $(FUZZ_SRC:tests/fuzz/%.c=$(FUZZ_BUILD)/%)
FUZZ_CHECKS := address,undefined,float-cast-overflow
FUZZ_FLAGS  := -std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=fuzzer-no-link,$(FUZZ_CHECKS) \
	-fno-sanitize-recover=all -Iharness -I. -DSS_VERSION='"$(VERSION)"' $(PKG_CFLAGS)
# The folders that read what others wrote; each target links what it needs of them.
FUZZ_LIB_SRC := $(wildcard harness/base/*.c harness/json/*.c harness/stalls/*.c harness/terms/*.c harness/xen/*.c harness/scenario/*.c harness/plan/*.c harness/record/*.c \
	harness/collect/*.c harness/analysis/*.c harness/analysis/*/*.c harness/host/*.c harness/report/*.c harness/report/*/*.c)
FUZZ_LIB_OBJ := $(FUZZ_LIB_SRC:%.c=$(FUZZ_BUILD)/%.o)

.PHONY: fuzz fuzz-build
fuzz-build: $(FUZZ_BIN)

fuzz: fuzz-build
	@tests/fuzz/run $(T) $(FUZZ_BIN)

$(FUZZ_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CLANG) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@

$(FUZZ_BUILD)/libfuzzed.a: $(FUZZ_LIB_OBJ)
	@rm -f $@
	$(call say,AR)ar rcs $@ $^

$(FUZZ_BUILD)/fuzz_%: $(FUZZ_BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_BUILD)/libfuzzed.a
	$(call say,LINK)$(CLANG) -fsanitize=fuzzer,$(FUZZ_CHECKS) $^ -o $@ $(PKG_LIBS)

-include $(shell find $(FUZZ_BUILD) -name '*.d' 2>/dev/null)
