// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope check: all that is wrong with scenario files, at once; nothing is started. */
#include "cmd/cmd.h"
#include "cmd/library.h"
#include "study/prepare.h"

struct args {
	struct strv files, sets;
	const char *box;
	bool no_host;
};

static const struct cmd_option options[] = {
	OPTION_SET(sets),
	OPTION_BOX(box),
	{"no-host", 0, NULL, "Do not ask whether this box can run it", TO_FLAG(no_host)},
	{0},
};

static const struct cmd_line line = {
	.more = "Every error is printed as file:line: what is wrong; what would be right. Exit status 2 when a file is wrong, 4 when it is right but this box cannot run it.",
	.options = options,
	.operand = TO_LIST(files),
	.none = WHICH_SCENARIO,
};

int cmd_check(const struct command *c, int argc, char **argv)
{
	struct args a = {0};
	struct cmd_common common;
	int status = EXIT_DONE;

	cmd_parse(c, &line, &a, &common, argc, argv);
	common.study.box = a.box;
	for (size_t i = 0; i < a.files.n; i++) {
		auto_struct(prepared) p = {0};
		auto_free char *file = library_file(a.files.items[i]);
		int rc = prepare_scenario(&common.study, file, &a.sets, !a.no_host, &p);

		if (rc == EXIT_DONE)
			cmd_say(&common, "%s: right; %zu configuration%s", file,
				p.experiment.n_configs, p.experiment.n_configs == 1 ? "" : "s");
		/* A wrong file outweighs a box that cannot run a right one. */
		if (rc != EXIT_DONE && status != EXIT_USAGE)
			status = rc;
	}
	strv_release(&a.files);
	strv_release(&a.sets);
	return status;
}
