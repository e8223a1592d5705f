// SPDX-License-Identifier: GPL-3.0-or-later
#include "cmd/execute.h"

#include <stdlib.h>
#include <string.h>

int cmd_executor(struct executor *x, const struct study *s, bool with_agent, struct err *e)
{
	executor_init(x, s);
	x->metal = cmd_find_part("metal.elf", e);
	if (x->metal)
		x->agent = cmd_find_part("stealscope-agent", e);
	if (x->agent && with_agent)
		x->hostd = cmd_find_part("stealscope-hostd", e);
	return x->agent && (x->hostd || !with_agent) ? 0 : -e->code;
}

unsigned long parse_count(const char *option, const char *arg, unsigned long max, const char *unit,
	struct argp_state *state)
{
	char *end;
	unsigned long v = strtoul(arg, &end, 10);

	if (arg[0] < '0' || arg[0] > '9' || (*end && strcmp(end, unit)) || v < 1 || v > max)
		argp_error(state, "--%s wants a number from 1 to %lu, not '%s'", option, max, arg);
	return v;
}

void execute_option(
	int key, char *arg, struct argp_state *state, uint64_t *boot_timeout_ns, bool *no_agent)
{
	if (key == OPT_NO_AGENT)
		*no_agent = true;
	else
		*boot_timeout_ns = parse_count("boot-timeout", arg, 3600, "s", state) * NS_PER_S;
}
