## make bench-analyze [BENCH_HOURS=10]: records/s and peak memory of the analysis, on a simulated record
BENCH_HOURS ?= 10
BENCH_DIR   ?= $(BUILD)/bench

$(BUILD)/bench-%: $(BUILD)/tests/bench/%.o $(BUILD)/libstealscope.a
	$(call say,LINK)$(CC) $(LDFLAGS_ALL) $^ -o $@ $(PKG_LIBS)

.PHONY: bench-analyze
bench-analyze: $(BUILD)/bench-make_record $(BUILD)/bench-analyze_record
	@mkdir -p $(BENCH_DIR)
	$(BUILD)/bench-make_record $(BENCH_DIR)/record $(BENCH_HOURS)
	$(BUILD)/bench-analyze_record $(BENCH_DIR)/record
	@rm -rf $(BENCH_DIR)/record

## make bench-list [N=10000]: that many records listed, from the index
## make bench-aa-boots: 36 real boots compared with themselves 200 times, and with one sd planted (2 minutes)
.PHONY: bench-list bench-aa-boots
bench-list: $(BUILD)/stealscope
	BUILD=$(BUILD) tests/bench/list.sh
bench-aa-boots: all
	BUILD=$(BUILD) tests/bench/aa.sh

## make bench-report: size of the report of 10 h, and how fast a browser opens it
## make bench-export: speed and memory of export --sqlite
.PHONY: bench-report bench-export
bench-report:
	BUILD=$(BUILD) tests/bench/report.sh
bench-export:
	BUILD=$(BUILD) tests/bench/export.sh

## make bench-library [N=3] [SCENARIOS="first-light"]: the scenarios this box can run, N times in a row
.PHONY: bench-library
bench-library: all
	BUILD=$(BUILD) bash tests/bench/library.sh $(or $(N),3) $(SCENARIOS)

## make bench-stalls [PART="felt circle"] [SECONDS_EACH=60]: stalls played: planned, delivered, felt, each with its bar (8 minutes)
.PHONY: bench-stalls
bench-stalls: all $(BUILD)/bench-make_stalls
	@BUILD=$(BUILD) SS=$(BUILD)/stealscope PART="$(PART)" bash tests/bench/stalls.sh

## make cloud-profiles: scenarios/clouds, ten minutes each of stalls like those published
.PHONY: cloud-profiles
cloud-profiles: $(BUILD)/bench-make_stalls
	@mkdir -p scenarios/clouds
	$< 30 2000 pareto 600 7 0.95 "made to match what was published of Vultr (docs/sources.md), not recorded there" >scenarios/clouds/vultr.stalls
	$< 2 1000 pareto 600 7 0.95 "made to match what was published of AWS (docs/sources.md), not recorded there" >scenarios/clouds/aws.stalls
