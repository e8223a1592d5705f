/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A short-lived program of the system whose output is wanted (qemu-img, genisoimage). */
#ifndef SS_BASE_TOOL_H
#define SS_BASE_TOOL_H

#include "base/util.h"

#define TOOL_OUTPUT_MAX ((size_t)4 << 20) /* of each stream; a tool that says more is ended */

struct tool_result {
	char *out, *err; /* NUL-terminated, never NULL */
	int status;	 /* as waitpid(2) has it; 0 = it did well */
};

/* Run argv[0] (found in $PATH, no shell) with an empty standard input, bounded in time, memory and
 * output. 0 when it ran to an end, whatever that was: see out->status. -ENOENT when there is no
 * such program, -ETIMEDOUT, -E2BIG. Release with tool_result_release(), also after a failure. */
int tool_run(const char *const *argv, unsigned timeout_ms, struct tool_result *out, struct err *e);
void tool_result_release(struct tool_result *r);

#endif
