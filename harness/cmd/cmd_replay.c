// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope replay: boot again what a record is of, from what the record holds. */
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/present.h"
#include "host/facts.h"

struct args {
	const char *run;
	uint64_t boot_timeout_ns;
	bool no_agent;
};

static const struct cmd_option options[] = {OPTIONS_EXECUTE(boot_timeout_ns, no_agent), {0}};

static const struct cmd_line line = {
	.more = "Boots the one configuration that RUN is of once more, from the scenario, includes and --set\n"
		"values in the record, and says in which facts this host differs from that of RUN. Files that a\n"
		"guest carries are not in a record: they are looked for where they were.",
	.options = options,
	ONE_RECORD(run),
};

/* The configuration of the scenario that the record is of. */
static int find_config(const struct experiment *x, const struct run_info *was, size_t *out)
{
	for (size_t i = 0; i < x->n_configs; i++) {
		if (strcmp(x->configs[i].variant, was->variant) ||
			strcmp(x->configs[i].point ? x->configs[i].point : "", was->point))
			continue;
		*out = i;
		return 0;
	}
	return -ENOENT;
}

/* What of this host is not as it was then; it stands in the new record too. */
static void compare_hosts(const struct cmd_common *c, const struct run_info *was, struct strv *out)
{
	auto_ptr(facts_free) struct facts *now = facts_read("");
	auto_struct(strv) changes = {0};

	for (size_t i = 0; i < was->n_facts; i++)
		facts_compare_value(was->facts[i].key, was->facts[i].value, now, &changes);
	for (size_t i = 0; i < changes.n; i++) {
		strv_add(out, "this host is not the one of %s: %s", was->run, changes.items[i]);
		cmd_say(c, "%s", out->items[out->n - 1]);
	}
}

static int boot(const struct cmd_common *c, const struct args *args, const struct run_info *was,
	const struct prepared *p, size_t config)
{
	auto_struct(executor) x = {.boot_timeout_ns = args->boot_timeout_ns};
	auto_struct(strv) warnings = {0};
	struct execution what = {.prepared = p,
		.scenario_file = was->scenario_file,
		.unit = {.config = config},
		.place = 1,
		.places = 1,
		.warnings = &warnings};
	auto_free char *record = NULL;
	auto_ptr(analysis_free) struct analysis *a = NULL;
	struct err e = ERR_INIT;
	int status = EXIT_DONE;

	compare_hosts(c, was, &warnings);
	if (cmd_executor(&x, &c->study, !args->no_agent, &e) ||
		execute(&x, &what, &record, &a, &e)) {
		if (record)
			cmd_say(c, "what there was is in %s", record);
		status = cmd_fail(&e);
	} else {
		status = present_set(c, (const struct analysis *const *)&a, 1);
		cmd_say(c, "report: %s/report.html", a->dir);
	}
	return status;
}

static int replay(const struct cmd_common *c, const struct args *args, const struct run_info *was,
	const char *dir)
{
	struct err e = ERR_INIT;
	auto_struct(prepared) p = {0};
	size_t config = 0;
	int status = prepare_recorded(&c->study, dir, was, &p);

	if (status == EXIT_DONE && find_config(&p.experiment, was, &config)) {
		err_set_exit(&e, EXIT_USAGE, ENOENT,
			"%s: its scenario.xml has no variant \"%s\" at point \"%s\"", was->run,
			was->variant, was->point);
		status = cmd_fail(&e);
	}
	if (status == EXIT_DONE)
		status = boot(c, args, was, &p, config);
	return status;
}

static int can_replay(const struct run_info *was, struct err *e)
{
	if (was->scenario_file && was->scenario_file[0])
		return 0;
	return err_set_exit(e, EXIT_USAGE, EINVAL,
		"%s does not say which scenario it is of: it was imported, or made by a stealscope before overrides were recorded",
		was->run);
}

int cmd_replay(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	auto_struct(run_info) was = {0};
	struct err e = ERR_INIT;
	auto_free char *dir = NULL;

	cmd_parse(c, &line, &args, &common, argc, argv);
	cmd_catch_signals();
	dir = cmd_find_record(&common, args.run, &e);
	return !dir || run_info_load(&was, dir, &e) || can_replay(&was, &e)
		       ? cmd_fail(&e)
		       : replay(&common, &args, &was, dir);
}
