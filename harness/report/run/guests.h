/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest in a line: where it might run, and who had the CPU while its vCPUs waited. */
#ifndef SS_REPORT_RUN_GUESTS_H
#define SS_REPORT_RUN_GUESTS_H

#include "analysis/analysis.h"

struct guest_culprit {
	const char *name; /* the analysis' */
	enum culprit_kind kind;
	uint64_t ns;
};

/* A guest's culprits over all its vCPUs, the largest first, and in *sum what they took together.
 * The caller frees *out. */
size_t guest_culprits(
	const struct analysis *a, size_t guest, struct guest_culprit **out, uint64_t *sum);

/* "2x 0-3": the number of its vCPUs and the CPUs they might run on, where these are known. Returns
 * buf. */
/* "labvm, web" of the guests that no agent was in; "" of none. Caller frees. */
char *guests_outside(const struct analysis *a);

const char *guest_cpus(const struct analysis_guest *g, char *buf, size_t size);

/* What a unit of its job is made of, one sentence; NULL when it has none. Caller frees. */
char *guest_job_text(const struct analysis_guest *g);

#endif
