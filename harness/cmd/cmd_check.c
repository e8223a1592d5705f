// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope check: all that is wrong with scenario files, at once; nothing is started. */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "study/prepare.h"

struct check_args {
	struct strv files;
	struct strv sets;
	const char *box;
	bool no_host;
};

enum { OPT_NO_HOST = 0x100 };

static const struct argp_option options[] = {
	OPTION_SET,
	OPTION_BOX,
	{"no-host", OPT_NO_HOST, NULL, 0, "Do not ask whether this box can run it", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check_args *a = state->input;

	switch (key) {
	case OPT_SET:
		strv_add(&a->sets, "%s", arg);
		return 0;
	case OPT_BOX:
		a->box = arg;
		return 0;
	case OPT_NO_HOST:
		a->no_host = true;
		return 0;
	case ARGP_KEY_ARG:
		strv_add(&a->files, "%s", arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which scenario file? For example scenarios/first-light.xml");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_check(const struct command *c, int argc, char **argv)
{
	struct check_args a = {0};
	struct cmd_common common;
	int status = EXIT_DONE;

	cmd_parse(c,
		"Every error is printed as file:line: what is wrong; what would be right. Exit status 2 when a file is wrong, 4 when it is right but this box cannot run it.",
		options, parse, &a, &common, argc, argv);
	common.study.box = a.box;
	for (size_t i = 0; i < a.files.n; i++) {
		struct prepared p;
		int rc = prepare_scenario(&common.study, a.files.items[i], &a.sets, !a.no_host, &p);

		if (rc == EXIT_DONE)
			cmd_say(&common, "%s: right; %zu configuration%s", a.files.items[i],
				p.experiment.n_configs, p.experiment.n_configs == 1 ? "" : "s");
		/* A wrong file outweighs a box that cannot run a right one. */
		if (rc != EXIT_DONE && status != EXIT_USAGE)
			status = rc;
		prepared_release(&p);
	}
	strv_release(&a.files);
	strv_release(&a.sets);
	return status;
}
