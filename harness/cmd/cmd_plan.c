// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope plan: what `run` would do on this box, drawn; nothing is started. */
#include <stdlib.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/library.h"
#include "study/prepare.h"
#include "domain/domain.h"
#include "plan/plan_json.h"

struct args {
	const char *file, *box;
	struct strv sets;
	bool xml;
};

static const struct cmd_option options[] = {
	OPTION_SET(sets),
	OPTION_BOX(box),
	{"xml", 0, NULL, "Also the domain XML and the cgroups, as they would be made",
		TO_FLAG(xml)},
	{0},
};

static const struct cmd_line line = {
	.more = "The plan is a pure function of the file and the box: `run` does exactly this.\n\n"
		"--json: {scenario, plans: [{variant, point, warmup_ns, duration_ns, repeats, trace, overcommit, lab_cpus, housekeeping_cpus, map: [{cpu, core, node, lab, housekeeping, isolated, who: [...]}], guests: [{name, kind, is_noise, accel, vcpus: [{id, cpus}], memory_bytes, memory_nodes, hugepage_bytes, emulator_cpus, vcpu_limits, policy, priority, probes}], noise: [{name, kind, threads, cpus, pin_each, duty_percent, burst_ns, bytes, start_ns, stop_ns, cgroup, limits}], notes}]}; a guest has its domain_xml too with --xml. 0 stands for no limit.",
	.options = options,
	ONE_SCENARIO(file),
};

static char *guest_xml(const struct plan_guest *g, struct err *e)
{
	auto_free char *shm = xasprintf("stealscope-RUN-%s", g->name);
	struct domain_files f = {
		.kernel = "METAL.ELF",
		.console_log = "RECORD/guest/console.log",
		.shm_name = shm,
		.shm_size = 8 << 20,
		.emulator = DOMAIN_EMULATOR,
		.kvm = g->accel != ACCEL_TCG,
	};

	return domain_xml(g, "RUN", &f, e);
}

/* A text for each guest of each plan; NULL for one that is no domain. */
static int make_xml(const struct plan_list *l, char ***out, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct plan *p = &l->plans[i];

		out[i] = xcalloc(p->n_guests, sizeof(*out[i]));
		for (size_t k = 0; k < p->n_guests; k++) {
			if (p->guests[k].kind == GUEST_NATIVE || p->guests[k].domain)
				continue;
			out[i][k] = guest_xml(&p->guests[k], e);
			if (!out[i][k])
				return -e->code;
		}
	}
	return 0;
}

static void free_xml(const struct plan_list *l, char ***xml)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; xml[i] && k < l->plans[i].n_guests; k++)
			free(xml[i][k]);
		free(xml[i]);
	}
	free(xml);
}

static void print_cgroup(const struct plan_noise *n)
{
	auto_free char *cpus = cpuset_text(&n->cpus);

	text_print(stdout, "cgroup stealscope/RUN/%s: cpus %s", n->name, cpus);
	if (n->limits.shares)
		text_print(stdout, ", shares %llu", (unsigned long long)n->limits.shares);
	if (n->limits.quota_us)
		text_print(stdout, ", quota %llu us per %llu us",
			(unsigned long long)n->limits.quota_us,
			(unsigned long long)n->limits.period_us);
	putchar('\n');
}

static void print_text(const struct prepared *p, char *const *const *xml, bool with_xml)
{
	for (size_t i = 0; i < p->plans.n; i++) {
		const struct plan *plan = &p->plans.plans[i];
		auto_free char *text = plan_text(plan, &p->topology);

		if (i)
			putchar('\n');
		fputs(text, stdout);
		for (size_t k = 0; with_xml && k < plan->n_guests; k++)
			if (xml[i][k])
				puts(xml[i][k]);
		for (size_t k = 0; with_xml && k < plan->n_noises; k++)
			print_cgroup(&plan->noises[k]);
	}
}

int cmd_plan(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	auto_struct(prepared) p = {0};
	auto_free char *file = NULL;
	struct err e = ERR_INIT;
	char ***xml;
	int status;

	cmd_parse(c, &line, &args, &common, argc, argv);
	common.study.box = args.box;
	file = library_file(args.file);
	status = prepare_scenario(&common.study, file, &args.sets, true, &p);
	xml = xcalloc(p.plans.n + 1, sizeof(*xml));
	if (status == EXIT_DONE && args.xml && make_xml(&p.plans, xml, &e)) {
		status = cmd_fail(&e);
	} else if (status == EXIT_DONE && common.json) {
		auto_free char *json = plan_json(&p.plans, &p.topology, (char *const *const *)xml);

		fputs(json, stdout);
	} else if (status == EXIT_DONE) {
		print_text(&p, (char *const *const *)xml, args.xml);
	}
	free_xml(&p.plans, xml);
	strv_release(&args.sets);
	return status;
}
