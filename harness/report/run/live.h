/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One interval of `blame` (analysis/trace/live.h) as a table for people or one JSON line for
 * machines. docs/blame.md describes both, docs/schemas/blame.schema.json the second. */
#ifndef SS_REPORT_RUN_LIVE_H
#define SS_REPORT_RUN_LIVE_H

#include "analysis/trace/live.h"

/* What stands beside the figures. */
struct live_notes {
	bool vcpus;		   /* a line for each vCPU, not only for each VM */
	unsigned rows;		   /* of the screen that the table must fit; 0: no such screen */
	const struct strv *asleep; /* watched VMs of which no vCPU has run yet; NULL: none */
	size_t untracked;	   /* vCPUs that are not watched: more than the agent traces */
	const char *doubt; /* why the kernel does not say which threads are vCPUs; NULL: it does */
};

/* At most 80 columns a line, but for names that are longer. */
void live_report_text(const struct live_view *v, const struct run_info *info,
	const struct live_notes *notes, struct strbuf *out);
/* One object and a newline. Caller frees. */
char *live_report_json(
	const struct live_view *v, const struct run_info *info, const struct live_notes *notes);

#endif
