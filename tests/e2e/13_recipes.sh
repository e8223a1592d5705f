#!/bin/bash
# CONTRIBUTING's recipes, followed to the letter on a copy of the tree: a command, a noise kind, a metric and a
# probe are added, one after the other, then built in one go, tested and run. What was touched is held against the
# files that the recipe names, and counted: a noise kind is one file and one row, a metric one row and its
# computation. A file that a recipe forgets is one without which this does not build, or a test of the copy fails.
# Measures nothing: it may run beside another.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

C=$T/tree
mkdir "$C"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do [ -f "$f" ] && printf '%s\0' "$f"; done |
	xargs -0 cp -a --parents -t "$C"
# The objects that are built already, so that seconds do; nothing that a test leaves in build/.
mkdir "$C/build"
for d in harness host-agent guest-agent metal linux gen tests; do [ -d "build/$d" ] && cp -a "build/$d" "$C/build/"; done
cp -a build/libstealscope.a build/stealscope build/stealscope-hostd build/stealscope-agent build/metal.elf "$C/build/"
cd "$C" || exit 1
unset SS
git init -q . && git add -A && git -c user.name=test -c user.email=test@localhost commit -qm base

# row FILE AFTER TEXT: put a row behind the last line that holds AFTER.
row() {
	local n
	n=$(grep -nF -- "$2" "$1" | tail -1 | cut -d: -f1)
	[ -n "$n" ] || { bad "$1 has no line with \"$2\": the test does not know the tree any more"; return 1; }
	sed -i "${n}r /dev/stdin" "$1" <<<"$3"
}
# The text of a recipe, its file names one a line; UPPER CASE in a name is the new name.
text_of() { awk -v r="**$1**" 'index($0, r) == 1 {on = 1} on && /^$/ {exit} on' CONTRIBUTING.md; }
named() {
	text_of "$1" | grep -oE '`[a-zA-Z_/.-]+`' | tr -d '`' | sed "s/NAME/$2/"
	if text_of "$1" | grep -q 'make docs'; then sed -n '/^docs: /,/^$/s/.*>//p' Makefile; fi
}
# touched RECIPE NAME: what differs from the tree before is what the recipe names.
touched() {
	local f unnamed=
	for f in $(git status --porcelain -uall | cut -c4-); do
		named "$1" "$2" | grep -qxF "$f" || unnamed+=" $f"
	done
	[ -n "$(named "$1" "$2")" ] || unnamed="(the recipe names no file at all)"
	if [ -z "$unnamed" ]; then ok "$1: no file but those that the recipe names"; else bad "$1: needs what the recipe does not name:$unnamed"; fi
}
# counted RECIPE WANT: "new files, files changed, lines".
counted() {
	local got
	got="$(git status --porcelain -uall | grep -c '^??') new, $(git diff --numstat | awk '{n++; a += $1; d += $2} END {printf "%d changed by +%d -%d", n, a, d}')"
	if [ "$got" = "$2" ]; then ok "$1: $got"; else bad "$1: $got, wanted $2"; fi
}
next() { git add -A && git -c user.name=test -c user.email=test@localhost commit -qm "$recipe"; }

recipe="A command"
sed -i 's|^\t{"clean", ""|\t{"greet", "", "Say hello", cmd_greet, "it is one word"},\n&|' harness/main.c
row harness/cmd/cmd.h 'int cmd_clean(' 'int cmd_greet(const struct command *c, int argc, char **argv);'
cat >harness/cmd/cmd_greet.c <<'C'
// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope greet: says hello. */
#include "base/text.h"
#include "cmd/cmd.h"

int cmd_greet(const struct command *c, int argc, char **argv)
{
	struct cmd_common common;

	cmd_parse(c, &(struct cmd_line){0}, NULL, &common, argc, argv);
	text_print(stdout, "hello\n");
	return EXIT_DONE;
}
C
touched "$recipe" greet && counted "$recipe" "1 new, 2 changed by +2 -0"
next

recipe="A noise kind"
row harness/terms/noises.def '.doc = "starts and ends short processes' '
NOISE(blink, .name = "blink", .traits = NOISE_IS_PROCESS | NOISE_TAKES_DUTY, .doc = "asks for the time, over and over")'
cat >harness/noise/blink.c <<'C'
// SPDX-License-Identifier: GPL-3.0-or-later
/* System calls and nothing else. */
#include <unistd.h>

#include "noise/priv.h"

static void ask(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 100; i++)
		getppid();
}

void noise_blink(const struct plan_noise *n, unsigned index)
{
	(void)index;
	noise_duty_loop(n, ask, NULL);
}
C
touched "$recipe" blink && counted "$recipe" "1 new, 1 changed by +2 -0"
next

recipe="A metric"
row harness/terms/metrics.def '.doc = "Units of fixed work done per second' '
METRIC(JOB_UNITS, .name = "job.units", .unit = "units", .need = NEED_PROBE, .probe = PROBE_JOB, .fold = FOLD_SUM, .better = BETTER_HIGHER,
	.from = "probe job, one unit done", .doc = "Units of fixed work done in the window.")'
row harness/analysis/record/fold.c 'probe_why(b, v, PROBE_JOB, "no unit began' '	give_if(v->job_n, m, METRIC_JOB_UNITS, (double)v->job_n, probe_why(b, v, PROBE_JOB, "no unit"));'
touched "$recipe" job_units && counted "$recipe" "0 new, 2 changed by +4 -0"
next

recipe="A probe"
row harness/abi/guest_shm.h 'PROBE_STEAL = 6,' '	PROBE_PULSE = 7, /* p[0] loop passes per unit; writes REC_JOB */'
row harness/terms/words.c '[PROBE_STEAL] = "steal",' '	[PROBE_PULSE] = "pulse",'
row guest-agent/probe/probes.def 'PROBE(steal)' 'PROBE(pulse)'
row tests/unit/test_guest_probe.c '#include "guest-agent/probe/memory.c"' '#include "guest-agent/probe/pulse.c"'
row harness/scenario/keys.h '	ELEM_STEAL,' '	ELEM_PULSE,'
row harness/scenario/keys.c 'PROBE_ELEM(STEAL, steal' '	PROBE_ELEM(PULSE, pulse, "Probe: a pulse of work, over and over."),'
sed -i 's/\tkeys_steal\[\];/\tkeys_steal[], keys_pulse[];/' harness/scenario/keys_rows.h
cat >>harness/scenario/keys_probe.c <<'C'
const struct key_attr keys_pulse[] = {
	{"iterations", VALUE_BIG, offsetof(struct exp_probe, iterations), 1, 1000000, "1000",
		.doc = "Loop passes of a pulse."},
	{"vcpus", VALUE_VCPUS, offsetof(struct exp_probe, vcpus), 0, 0, "all",
		.doc = "The vCPUs it runs on."},
	{0},
};
C
sed -i 's/^\tcase PROBE_MEMORY:/\tcase PROBE_PULSE:\n\t\tp.p[0] = e->iterations;\n\t\tbreak;\n&/' harness/plan/plan_make.c
sed -i 's/{&words_probe, PROBE_TIMER, PROBE_STEAL}/{\&words_probe, PROBE_TIMER, PROBE_PULSE}/' tests/unit/test_terms.c
cat >guest-agent/probe/pulse.c <<'C'
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe `pulse`: so many loop passes, and a record. */
#include "guest-agent/probe/probe.h"

static void pulse_start(struct agent_vcpu *v, struct probe_run *run)
{
	(void)v;
	(void)run;
}

static void pulse_work(struct agent_vcpu *v, struct probe_run *run)
{
	while (agent_running(v)) {
		uint64_t from = platform_tsc(), now;

		for (volatile uint64_t i = 0; i < run->p[0]; i++)
			;
		now = agent_emit_busy(v, REC_JOB, from, ++run->done, 0);
		if (now >= v->next_steal)
			agent_housekeeping(v, now);
	}
}

const struct probe_ops probe_pulse = {.id = PROBE_PULSE, .start = pulse_start, .work = pulse_work};
C
touched "$recipe" pulse
next

# Everything at once, not optimised: nearly all is compiled again; what is printed from tables is named by one of the recipes.
units="test_scenario test_terms test_metrics test_guest_probe test_noise"
if ! make -s -j2 OPT=-O0 all docs $(printf 'build/tests/%s ' $units) >"$T/build.log" 2>&1; then
	bad "the recipes leave a tree that does not build: $(grep -m3 -E 'error|undefined' "$T/build.log")"
	finish
fi
ok "all of it builds"
env -u CI UPDATE_GOLDEN=1 build/tests/test_scenario >/dev/null 2>&1
for f in $(git status --porcelain -uall | cut -c4-); do
	for recipe in "A noise kind" "A metric" "A probe"; do named "$recipe" - | grep -qxF "$f" && continue 2; done
	bad "no recipe names $f, which changed"
done
passes() { build/tests/"$1" >"$T/$1.log" 2>&1; }
for t in $units; do # what noise gets of a CPU is another matter while others run beside it, as here
	passes "$t" || { [ "$t" = test_noise ] && second_try "$t" && passes "$t"; } &&
		ok "$t passes" || bad "$t fails: $(grep -m2 -E 'ERROR|LINE' "$T/$t.log" | tr '\n' ' ')"
done
if [ "$(build/stealscope greet)" = hello ]; then ok "stealscope greet runs"; else bad "stealscope greet: $(build/stealscope greet 2>&1)"; fi
if build/stealscope list noise | grep -q '^blink .*over and over$'; then ok "list noise names the new kind"; else bad "list noise does not name the new kind"; fi
# A guest that carries it, beside the new noise, and the new metric of its records.
cat >"$T/recipes.xml" <<'X'
<scenario name="recipes" warmup="200ms" duration="1s">
  <guest name="victim"><pulse iterations="2000"/></guest>
  <noise kind="blink" duty="20%" beside="victim"/>
</scenario>
X
if [ -w /dev/kvm ]; then
	build/stealscope run --quiet --json --results "$T/results" "$T/recipes.xml" >"$T/run.json" 2>"$T/err" || bad "the run fails: $(tail -2 "$T/err")"
	is "the probe runs in a guest, and the new metric counts its units" "$T/run.json" '.variants[0].guests[0].metrics["job.units"] > 0' '.variants[0].guests[0].metrics["job.units"]'
	is "the noise ran beside it" "$(echo "$T"/results/*/run.json)" '.noises[0].kind == "blink" and .noises[0].delivered_ns > 0' '.noises[0].delivered_ns'
else
	skip "the new probe in a guest: /dev/kvm is not there or not usable by $(id -un)"
fi
finish
