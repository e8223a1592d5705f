// SPDX-License-Identifier: GPL-3.0-or-later
/* libFuzzer: any bytes as a scenario file, and every right one planned on a small box with all
 * kinds of CPUs. Nothing may crash, leak, hang or say yes without a configuration. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan_make.h"
#include "plan/plan_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 4 cores, 8 threads, two nodes; CPU 7's core isolated; CPUs 5 and 13 missing. */
static struct topology make_box(void)
{
	struct topology t = {
		.memory_bytes = UINT64_C(8) << 30, .memory_available_bytes = TOPO_UNKNOWN};

	for (int i = 0; i < 2; i++) {
		struct topo_node *n = topology_add_node(&t, i);

		n->memory_bytes = UINT64_C(4) << 30;
		n->distance = xcalloc(2, sizeof(int));
		n->distance[i] = 10;
		n->distance[1 - i] = 20;
	}
	for (unsigned id = 0; id < 8; id++) {
		struct topo_cpu *c = topology_add_cpu(&t, id);

		c->siblings = cpuset_of(id % 4);
		cpuset_add(&c->siblings, id % 4 + 4);
		cpuset_del(&c->siblings, 5);
		c->isolated = id % 4 == 3;
		if (id == 5)
			continue;
		cpuset_add(&t.online, id);
		cpuset_add(&t.nodes[id % 4 < 2 ? 0 : 1].cpus, id);
		if (c->isolated)
			cpuset_add(&t.isolated, id);
	}
	if (topology_settle(&t, NULL))
		abort();
	return t;
}

static void plan_it(const struct experiment *x)
{
	static struct topology box;
	static FILE *null;
	struct scenario_msgs msgs = {0};
	struct plan_list l = {0};

	if (!null) {
		box = make_box();
		null = fopen("/dev/null", "w");
	}
	if (!plan_make(x, &box, &l, &msgs)) {
		if (l.n != x->n_configs || !l.plans[0].n_guests)
			abort();
		plan_print(&l.plans[0], &box, null);
	} else if (!msgs.n) {
		abort();
	}
	plan_list_release(&l);
	scenario_msgs_release(&msgs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario_msgs msgs = {0};
	struct strbuf text = {0};
	struct experiment x = {0};

	if (scenario_load_text("fuzz", (const char *)data, size, NULL, 0, &x, &msgs)) {
		if (!msgs.n)
			abort();
		scenario_msgs_format(&msgs, &text);
		strbuf_release(&text);
	} else {
		if (!x.n_configs || msgs.n)
			abort();
		plan_it(&x);
	}
	scenario_msgs_release(&msgs);
	experiment_release(&x);
	return 0;
}
