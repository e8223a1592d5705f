/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What run, batch and replay have in common on the command line. */
#ifndef SS_CMD_EXECUTE_H
#define SS_CMD_EXECUTE_H

#include "cmd/cmd.h"
#include "study/execute.h"

/* executor_init(), and the parts of stealscope that are beside this program. */
int cmd_executor(struct executor *x, const struct study *s, bool with_agent, struct err *e);

#endif
