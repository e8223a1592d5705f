// SPDX-License-Identifier: GPL-3.0-or-later
#include "cmd/execute.h"

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
