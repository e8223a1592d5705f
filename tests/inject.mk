## make inject [INJECT="words of one"]: at each call that may fail, it fails: commands that need no box, whole (minutes)
## make inject-short: the same at each place once (seconds)
$(BUILD)/tests/fail.so: tests/inject/fail.c tests/inject/keep.c tests/inject/keep.h
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -std=gnu11 -O2 -g -Wall -Wextra $(WERROR) -fPIC -shared $(filter %.c,$^) -o $@ -ldl

.PHONY: inject inject-short
inject: all $(BUILD)/tests/fail.so $(BUILD)/bench-make_record
	BUILD=$(BUILD) tests/inject/run all "$(INJECT)"
inject-short: all $(BUILD)/tests/fail.so $(BUILD)/bench-make_record
	BUILD=$(BUILD) tests/inject/run places "$(INJECT)"
## make inject-run [SITES=40] [WAY=once|sticky|kill] [PART=threads|hostd|reaper|clean] [KEEP=DIR]: the same for call sites of a run on a real guest (1 s a failure; SITES=0: all, an hour)
.PHONY: inject-run
inject-run: all
	SS=$(BUILD)/stealscope KEEP="$(KEEP)" PART=$(or $(PART),harness) bash tests/inject/run-calls $(or $(SITES),40) $(WAY)
