# stealscope. `make help` lists what there is to make: every line that begins with two hashes, here and in
# the files that this one includes. A new .c file in a listed folder is picked up.

## make [V=1]: all programs, in build/; V=1 shows the commands
## make SAN=1 test: the unit tests under ASan and UBSan, by clang, in build-san/

SAN   ?= 0
CC    ?= gcc
CLANG ?= clang
# One build serves the sanitizers, the fuzzer and whoever compiles with clang.
ifeq ($(SAN),1)
CC := $(CLANG)
endif
# With -flto, an archive's index is made by the compiler's own ar.
ifeq ($(origin AR),default)
AR := $(if $(findstring clang,$(CC)),llvm-ar,gcc-ar)
endif
BUILD ?= $(if $(filter 1,$(SAN)),build-san,build)
PREFIX ?= /usr/local
VERSION := $(shell cat VERSION)

WERROR ?= -Werror
WARN := -Wall -Wextra $(WERROR) -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla \
	-Wwrite-strings -Wformat=2 -Wundef
# Optimising what the sanitizers have put in takes four times as long, and gains no test that much.
OPT  ?= $(if $(filter 1,$(SAN)),-O0 -g1,-O2 -g)
ifeq ($(SAN),1)
SANITIZERS := address,undefined,float-cast-overflow
SANFLAGS := -fsanitize=fuzzer-no-link,$(SANITIZERS) -fno-omit-frame-pointer -fno-sanitize-recover=all -DSANITIZED
# Every test has the whole of the library in it: the plain linker takes seconds for each.
LINKER := $(addprefix -fuse-ld=,$(firstword $(foreach l,lld gold,$(if $(shell command -v ld.$l),$l))))
endif

# A library is used only where docs/architecture.md says; one pkg-config list for the link.
PKGS := libvirt libvirt-qemu libxml-2.0 jansson sqlite3 gsl libbpf
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS)) -lcgroup -lnuma -lm -lpthread

CFLAGS_ALL := -std=gnu11 -D_GNU_SOURCE $(OPT) $(WARN) $(SANFLAGS) -MMD -MP -ffunction-sections \
	-Iharness -I. -I$(BUILD)/gen -DSS_VERSION='"$(VERSION)"' $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LDFLAGS_ALL := $(SANFLAGS) $(LINKER) -Wl,--gc-sections $(LDFLAGS)

LIB_SRC := $(filter-out harness/main.c,$(wildcard harness/*.c harness/*/*.c harness/*/*/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
HOSTD_SRC := $(filter-out %.bpf.c,$(wildcard host-agent/*.c))
HOSTD_OBJ := $(HOSTD_SRC:%.c=$(BUILD)/%.o)
BPF_SRC := $(wildcard host-agent/*.bpf.c)
BPF_SKEL := $(BPF_SRC:host-agent/%.bpf.c=$(BUILD)/gen/%.skel.h)
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
# Simulations by the thousand say nothing more under ASan than test_compare, which runs the same code.
SIMULATIONS := $(addprefix $(BUILD)/tests/test_compare_,power boots rates)
ifeq ($(SAN),1)
UNIT := $(filter-out $(SIMULATIONS),$(UNIT))
endif
# Noise and stalls that are really played need CPUs that are free.
PLAYING := $(addprefix $(BUILD)/tests/test_,noise stalls_play)
ifeq ($(BESIDE),1)
UNIT := $(filter-out $(PLAYING),$(UNIT))
endif

# $(call say,WHAT)COMMAND: one line a file that is made, the command itself with V=1, nothing with make -s.
ifeq ($(V),1)
say =
else ifneq (,$(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))))
say = @
else
say = @printf '  %-5s %s\n' '$(1)' '$@'; 
endif

.PHONY: all help test test-playing test-simulations build-tests docs man install deb clean layers bpf-stack format format-check tidy
all: $(BUILD)/stealscope $(BUILD)/stealscope-hostd

## make help: this list
help:
	@sed -n 's/^## \(make[^:]*\): \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
		awk -F'\t' '{ if (length($$1) > 36) printf "%s\n%38s%s\n", $$1, "", $$2; else printf "%-37s %s\n", $$1, $$2 }'

$(BUILD)/libstealscope.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(BUILD)/stealscope: $(BUILD)/harness/main.o $(BUILD)/libstealscope.a
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@ $(PKG_LIBS)

# hostd may use harness/abi, base and terms only. Tests have odd ones (tests/trace.mk).
$(BUILD)/stealscope-hostd: $(HOSTD_OBJ)
$(BUILD)/stealscope-hostd $(BUILD)/tests/hostd-hides $(BUILD)/tests/hostd-alike: $(patsubst %.c,$(BUILD)/%.o,$(wildcard harness/base/*.c harness/terms/*.c))
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@ $(shell pkg-config --libs libbpf)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_ALL) -c $< -o $@

# eBPF: compiled once by clang, relocated at load time (CO-RE), embedded as a skeleton header. Two makes may be at
# it at once, since lab-vm builds in the tree: each has a temporary file of its own.
$(BUILD)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)$(CLANG) -target bpf -D__TARGET_ARCH_x86 -O2 -g -Wall -Werror -MMD -MP -Iharness -I. \
		-I/usr/include/x86_64-linux-gnu -c $< -o $@

$(BUILD)/gen/%.skel.h: $(BUILD)/host-agent/%.bpf.o
	@mkdir -p $(@D)
	$(call say,SKEL)t=$@.$$$$.tmp; /usr/sbin/bpftool gen skeleton $< name $*_bpf >$$t && mv $$t $@ || { rm -f $$t; false; }

$(HOSTD_OBJ): $(BPF_SKEL)

include $(wildcard harness/*/build.mk harness/*/*/build.mk guest-agent/*/build.mk)
include $(wildcard tests/*.mk)

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/libstealscope.a
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@ -lcmocka $(PKG_LIBS)

build-tests: $(UNIT)
## make test: the unit tests
test: $(UNIT)
	@scripts/run-unit-tests $(UNIT)
## make test-playing: those of them that want free CPUs, which BESIDE=1 leaves out
test-playing: $(PLAYING)
	@scripts/run-unit-tests $(PLAYING)
## make test-simulations: those of them that play thousands of comparisons, which the sanitizers leave out
test-simulations: $(SIMULATIONS)
	@scripts/run-unit-tests $(SIMULATIONS)

## make layers: every include is in the table of docs/architecture.md
layers:
	@scripts/check-layers

## make bpf-stack: no chain of calls in an eBPF program needs more stack than Linux 6.1 allows
bpf-stack: $(BPF_SRC:%.c=$(BUILD)/%.o)
	@scripts/check-bpf-stack $^

## make format, make format-check: as .clang-format has it
format:
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i
format-check:
	@git ls-files -z '*.c' '*.h' | xargs -0 -P$(shell nproc) -n50 clang-format --dry-run -Werror

# clang-tidy's bugprone checks (.clang-tidy), of every C file that is built for this machine.
TIDY_SRC := $(shell git ls-files 'harness/*.c' 'host-agent/*.c' 'guest-agent/*.c' 'tests/*.c' | grep -v '\.bpf\.c$$')
## make tidy: clang-tidy's bugprone checks (15 s)
tidy: $(BPF_SKEL)
	@printf '%s\n' $(TIDY_SRC) | xargs -P$(shell nproc) -n8 scripts/tidy $(BUILD) && echo 'tidy: nothing found'

# Made from what the programs say of themselves.
MAN := $(BUILD)/man/stealscope.1 $(BUILD)/man/stealscope.bash
## make man: manual pages and bash completion, from what the programs say of themselves
man: $(MAN)
$(BUILD)/man/stealscope.1: scripts/man-pages $(addprefix $(BUILD)/,stealscope stealscope-hostd stealscope-agent)
	scripts/man-pages $(BUILD) $(@D)
$(BUILD)/man/stealscope.bash: scripts/completion $(BUILD)/stealscope
	@mkdir -p $(@D)
	scripts/completion $(BUILD) >$@.tmp
	mv $@.tmp $@

D := $(DESTDIR)$(PREFIX)
## make install [PREFIX=/usr/local] [DESTDIR=]: programs, scenarios, manual pages
install: all man
	install -D -m 755 -t $(D)/bin $(BUILD)/stealscope $(BUILD)/stealscope-agent
	install -D -m 755 -t $(D)/lib/stealscope $(BUILD)/stealscope-hostd scripts/fetch-kernel
	ln -sf ../../bin/stealscope-agent $(D)/lib/stealscope/stealscope-agent
	install -D -m 644 -t $(D)/lib/stealscope $(BUILD)/metal.elf
	install -D -m 644 -t $(D)/share/stealscope/scenarios scenarios/*.xml scenarios/scenario.rng
	install -D -m 644 -t $(D)/share/stealscope/scenarios/clouds scenarios/clouds/*.stalls
	install -D -m 644 -t $(D)/share/man/man1 $(BUILD)/man/*.1
	install -D -m 644 -t $(D)/share/man/man5 $(BUILD)/man/*.5
	install -D -m 644 -t $(D)/share/man/man8 $(BUILD)/man/*.8
	install -D -m 644 $(BUILD)/man/stealscope.bash $(D)/share/bash-completion/completions/stealscope
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || scripts/setup --unprivileged $(D)/lib/stealscope/stealscope-hostd || true

## make deb: a Debian package, in build/
deb:
	scripts/deb $(BUILD)

# Documents that are printed from tables in the code; a test holds them against the tables.
## make docs: the documents that are printed from tables in the code
docs: all
	$(BUILD)/stealscope list keys >docs/scenario-keys.md
	$(BUILD)/stealscope list rng >scenarios/scenario.rng
	$(BUILD)/stealscope list metrics-doc >docs/metrics.md
	$(BUILD)/stealscope list privileges >docs/privileges.md

## make clean: removes all that was built
clean:
	rm -rf build build-san build-compat

.SECONDARY:
# Not those of eBPF sources that are gone: make would look for these.
-include $(filter-out $(filter-out $(BPF_SRC:%.c=$(BUILD)/%.d),$(wildcard $(BUILD)/host-agent/*.bpf.d)), \
	$(shell find $(BUILD) -name '*.d' 2>/dev/null))
