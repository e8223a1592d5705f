# The page, style sheets and scripts of reports, linked in as they are.
REPORT_ASSETS := $(sort $(wildcard harness/report/assets/*))
REPORT_ASSETS_OBJ := $(BUILD)/harness/report/assets-data.o

$(REPORT_ASSETS_OBJ): $(REPORT_ASSETS) harness/report/build.mk
	@mkdir -p $(@D)
	$(call say,DATA)cd harness/report/assets && $(LD) -r -b binary -z noexecstack -o $(abspath $@) $(notdir $(REPORT_ASSETS))

$(BUILD)/libstealscope.a: $(REPORT_ASSETS_OBJ)
