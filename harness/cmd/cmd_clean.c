// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope clean: remove what interrupted runs left on this host. */
#include "cmd/cmd.h"
#include "run/run.h"

#include <string.h>

struct args {
	const char *tuning;
};

static const struct cmd_option options[] = {
	{"tuning", 't', "FILE",
		"Put back only what this saved tuning of a domain says, and leave the rest",
		TO_TEXT(tuning)},
	{0},
};

static const struct cmd_line line = {
	.more = "Domains, control groups, shared memory and runtime folders that are proven to be of a harness which is dead; what is only named like them is left, and told. Domains of others that a run changed get back what they had. Records are never touched. Idempotent.",
	.options = options,
};

/* What became of somebody's domain is a sentence of its own. */
static bool is_removed(const char *text)
{
	return strncmp(text, "tuning of domain", 16) != 0;
}

int cmd_clean(const struct command *c, int argc, char **argv)
{
	struct cmd_common common;
	auto_struct(strv) removed = {0}, left = {0};
	struct args args = {0};
	struct err e = ERR_INIT;
	int rc;

	cmd_parse(c, &line, &args, &common, argc, argv);
	rc = args.tuning ? run_clean_tuning(args.tuning, &removed, &e)
			 : run_clean(common.connect, &removed, &left, &e);
	for (size_t i = 0; i < removed.n; i++)
		cmd_say(&common, "%s%s", is_removed(removed.items[i]) ? "removed " : "",
			removed.items[i]);
	for (size_t i = 0; i < left.n; i++)
		cmd_say(&common, "left %s", left.items[i]);
	if (!rc && !removed.n)
		cmd_say(&common, "nothing to clean");
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
