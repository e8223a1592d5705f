// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope plan: what `run` would do on this box, drawn; nothing is started. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/scenario.h"
#include "domain/domain.h"

struct plan_args {
	const char *file;
	struct strv sets;
	bool xml;
};

enum { OPT_XML = 0x100 };

static const struct argp_option options[] = {
	OPTION_SET,
	{"xml", OPT_XML, NULL, 0, "Also the domain XML and the cgroups, as they would be made", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct plan_args *a = state->input;

	switch (key) {
	case OPT_SET:
		strv_add(&a->sets, "%s", arg);
		return 0;
	case OPT_XML:
		a->xml = true;
		return 0;
	default:
		return cmd_one_scenario(key, arg, state, &a->file);
	}
}

static int print_xml(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n_guests; i++) {
		const struct plan_guest *g = &p->guests[i];
		auto_free char *shm = xasprintf("stealscope-RUN-%s", g->name);
		struct domain_files f = {
			.kernel = "METAL.ELF",
			.console_log = "RECORD/guest/console.log",
			.shm_name = shm,
			.shm_size = 8 << 20,
			.emulator = "/usr/bin/qemu-system-x86_64",
			.kvm = g->accel != ACCEL_TCG,
		};
		auto_free char *xml = domain_xml(g, "RUN", &f, e);

		if (!xml)
			return -e->code;
		puts(xml);
	}
	for (size_t i = 0; i < p->n_noises; i++) {
		const struct plan_noise *n = &p->noises[i];
		char cpus[256];

		printf("cgroup stealscope/RUN/%s: cpus %s", n->name,
			cpuset_format(&n->cpus, cpus, sizeof(cpus)));
		if (n->limits.shares)
			printf(", shares %llu", (unsigned long long)n->limits.shares);
		if (n->limits.quota_us)
			printf(", quota %llu us per %llu us",
				(unsigned long long)n->limits.quota_us,
				(unsigned long long)n->limits.period_us);
		putchar('\n');
	}
	return 0;
}

int cmd_plan(const struct command *c, int argc, char **argv)
{
	struct plan_args args = {0};
	struct cmd_common common;
	struct prepared p;
	struct err e = ERR_INIT;
	int status;

	cmd_parse(c,
		"The plan is a pure function of the file and the box: `run` does exactly this.",
		options, parse, &args, &common, argc, argv);
	status = prepare_scenario(&common, args.file, &args.sets, true, &p);
	for (size_t i = 0; status == EXIT_DONE && i < p.plans.n; i++) {
		auto_free char *text = plan_text(&p.plans.plans[i], &p.topology);

		if (i)
			putchar('\n');
		fputs(text, stdout);
		if (args.xml && print_xml(&p.plans.plans[i], &e))
			status = cmd_fail(&e);
	}
	prepared_release(&p);
	strv_release(&args.sets);
	return status;
}
