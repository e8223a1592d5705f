// SPDX-License-Identifier: GPL-3.0-or-later
// The elements of the scenario language, and what its table is asked. The rows of their attributes stand in keys_experiment.c,
// keys_guest.c and keys_probe.c.
#include "scenario/keys.h"

#include <string.h>

#include "scenario/keys_rows.h"

#define P(e) (UINT32_C(1) << ELEM_##e)

#define PROBE_ELEM(id, n, text)                                                                    \
	[ELEM_##id] = {.name = #n,                                                                 \
		.doc = text,                                                                       \
		.parents = P(GUEST) | P(ADD),                                                      \
		.max = 1,                                                                          \
		.built = true,                                                                     \
		.attrs = keys_##n,                                                                 \
		.probe = PROBE_##id}

const struct key_elem key_elems[ELEM_COUNT] = {
	[ELEM_SCENARIO] = {"scenario", "The root of a scenario.", 0, 1, .built = true,
		.attrs = keys_scenario},
	[ELEM_SHARED] = {.name = "shared",
		.doc = "The root of a file that scenarios include.",
		.max = 1},
	[ELEM_DOC] = {"doc", "What the scenario shows, for people.",
		P(SCENARIO) | P(SHARED) | P(VARIANT), 1, .text = true},
	[ELEM_INCLUDE] = {"include", "Take in the guests and noises of another file.",
		P(SCENARIO) | P(SHARED), 16, .attrs = keys_include},
	[ELEM_LAB] = {"lab", "The CPUs that guests and noise run on.", P(SCENARIO), 1,
		.built = true, .attrs = keys_lab},
	[ELEM_GUEST] = {"guest", "Virtual machines. Without a probe inside it has a timer probe.",
		P(SCENARIO) | P(SHARED) | P(ADD), 64, .built = true, .attrs = keys_guest},
	PROBE_ELEM(TIMER, timer, "Probe: wakes at absolute deadlines and records how late."),
	PROBE_ELEM(
		GAP, gap, "Probe: a busy loop that records every stretch in which it did not run."),
	PROBE_ELEM(JOB, job, "Probe: fixed work, over and over; records how long each unit took."),
	PROBE_ELEM(LOCK, lock, "Probe: the vCPUs share one spin lock; records long waits for it."),
	PROBE_ELEM(MEMORY, memory, "Probe: memory latency or bandwidth."),
	PROBE_ELEM(STEAL, steal, "Probe: the steal counter alone (the other probes carry it too)."),
	[ELEM_FILE] = {"file", "Linux guests: a file or program for the initramfs.", P(GUEST), 64,
		.built = true, .attrs = keys_file},
	[ELEM_NOISE] = {"noise", "A noisy neighbour in its own cgroup.",
		P(SCENARIO) | P(SHARED) | P(ADD), 32, .built = true, .attrs = keys_noise},
	[ELEM_MEASURE] = {"measure",
		"A figure of your own: a command that prints a number, which becomes a metric. Without pattern and json it prints nothing else.",
		P(SCENARIO) | P(SHARED), EXP_MAX_MEASURES, .built = true, .attrs = keys_measure},
	[ELEM_VARIANT] = {"variant",
		"A named difference to what stands above. With variants, only the variants are run; an empty one is the base as it is.",
		P(SCENARIO), 64, .attrs = keys_variant},
	[ELEM_SET] = {"set", "Give an attribute another value.", P(VARIANT), 64, .attrs = keys_set},
	[ELEM_ADD] = {"add", "Add guests and noises, or (with to=) probes to a guest.", P(VARIANT),
		16, .attrs = keys_add},
	[ELEM_REMOVE] = {"remove", "Take a guest, a noise or a probe away.", P(VARIANT), 64,
		.attrs = keys_remove},
	[ELEM_SWEEP] = {"sweep", "Run every variant once for each of these values.", P(SCENARIO), 1,
		.attrs = keys_sweep},
	[ELEM_OVER] = {"over", "One parameter and its values.", P(SWEEP), 8, .attrs = keys_over},
	[ELEM_EXPECT] = {"expect",
		"What must come out; exactly one of below, at-most, above, at-least, near.",
		P(SCENARIO), 64, .built = true, .attrs = keys_expect},
};

enum elem_id key_probe_elem(enum probe_id probe)
{
	for (int i = 0; i < ELEM_COUNT; i++)
		if (key_elems[i].probe == probe)
			return (enum elem_id)i;
	return ELEM_COUNT;
}

void key_attr_doc(const struct key_attr *a, struct strbuf *out)
{
	const struct kind *kind;

	strbuf_add(out, "%s", a->doc);
	for (unsigned i = 0; a->words && (kind = kind_of(a->words, i)); i++)
		strbuf_add(out, "%s %s: %s", i ? ";" : "", kind->name, kind->doc);
	if (a->words && kind_of(a->words, 0))
		strbuf_add(out, ".");
}

const struct key_attr *key_attr_find(const struct key_elem *elem, const char *name)
{
	for (const struct key_attr *a = elem->attrs; a && a->name; a++)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}
