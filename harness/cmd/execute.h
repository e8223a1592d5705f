/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What run, batch and replay have in common on the command line. */
#ifndef SS_CMD_EXECUTE_H
#define SS_CMD_EXECUTE_H

#include "cmd/cmd.h"
#include "study/execute.h"

/* executor_init(), and the parts of stealscope that are beside this program. */
int cmd_executor(struct executor *x, const struct study *s, bool with_agent, struct err *e);

/* --boot-timeout and --no-agent, shared by run, batch and replay. */
enum { OPT_BOOT_TIMEOUT = 0x300, OPT_NO_AGENT };
#define OPTIONS_EXECUTE                                                                            \
	{"boot-timeout", OPT_BOOT_TIMEOUT, "SECONDS", 0,                                           \
		"Give up on a guest that is not up by then (default 60, with Linux guests 25)",    \
		0},                                                                                \
	{                                                                                          \
		"no-agent", OPT_NO_AGENT, NULL, 0, "Without the host agent: no trace, no blame", 0 \
	}

/* Take one of the two. */
void execute_option(
	int key, char *arg, struct argp_state *state, uint64_t *boot_timeout_ns, bool *no_agent);

/* A whole number from 1 to `max` or a usage error; a final `unit` is allowed. */
unsigned long parse_count(const char *option, const char *arg, unsigned long max, const char *unit,
	struct argp_state *state);

#endif
