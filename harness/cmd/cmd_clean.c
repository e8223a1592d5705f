// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope clean: remove what interrupted runs left on this host. */
#include "cmd/cmd.h"
#include "run/run.h"

int cmd_clean(const struct command *c, int argc, char **argv)
{
	struct cmd_common common;
	struct strv removed = {0}, left = {0};
	struct err e = ERR_INIT;
	int rc;

	cmd_parse(c,
		"Domains, control groups, shared memory and runtime folders that are proven to be of a harness which is dead; what is only named like them is left, and told. Records are never touched. Idempotent.",
		NULL, NULL, NULL, &common, argc, argv);
	rc = run_clean(common.connect, &removed, &left, &e);
	for (size_t i = 0; i < removed.n; i++)
		cmd_say(&common, "removed %s", removed.items[i]);
	for (size_t i = 0; i < left.n; i++)
		cmd_say(&common, "left %s", left.items[i]);
	if (!rc && !removed.n)
		cmd_say(&common, "nothing to clean");
	strv_release(&removed);
	strv_release(&left);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
