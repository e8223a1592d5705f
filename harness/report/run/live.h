/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One interval of `blame` (analysis/trace/live.h) as a table for people or one JSON line for
 * machines. */
#ifndef SS_REPORT_RUN_LIVE_H
#define SS_REPORT_RUN_LIVE_H

#include "analysis/trace/live.h"

/* At most 80 columns a line, but for names that are longer. */
void live_report_text(const struct live *l, const struct live_view *v, const struct run_info *info,
	struct strbuf *out);
/* {"from_ns","to_ns","lost","box_steal","vcpus":[{"vm","vcpu","tid","run","wait","sleep","run_delay",
 * "throttled","migrations","named","culprits":[{"name","kind","ms_per_s","share"}],"advice"}]} and
 * a newline; rates in ms/s, migrations in 1/s, named and share in %. Caller frees. */
char *live_report_json(
	const struct live *l, const struct live_view *v, const struct run_info *info);

#endif
