/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of batch (batch_args.c), and what is done with it (cmd_batch.c). */
#ifndef SS_CMD_BATCH_H
#define SS_CMD_BATCH_H

#include "cmd/cmd.h"
#include "study/batch.h"

struct args {
	struct batch_args batch; /* its files are batch_line_files() */
	struct strv paths;
	uint64_t boot_timeout_ns;
	bool no_agent, resume;
	const char *sum_up; /* id of the experiment to sum up, nothing is run */
};

extern const struct cmd_line batch_cmd_line;
void batch_line_init(struct args *l);
/* The scenario files that the paths stand for, in order; a folder gives its *.xml that hold a
 * <scenario>. */
int batch_line_files(const struct strv *paths, struct strv *out, struct err *e);
/* The same as words of a command line, paths made absolute: what the journal keeps. */
int batch_line_format(const struct args *l, const char *connect, struct strv *out, struct err *e);

#endif
