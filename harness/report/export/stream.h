/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What exports share: walking a record again with the analysis' clock maps, and JSON text. */
#ifndef SS_REPORT_EXPORT_STREAM_H
#define SS_REPORT_EXPORT_STREAM_H

#include "abi/guest_shm.h"
#include "analysis/trace/timeline.h"
#include "report/export/export.h"

struct export_sample {
	size_t guest;
	unsigned vcpu;
	const struct shm_rec *rec;
	uint64_t host_ns;
	uint64_t from_ns; /* deadline, or where the gap, unit or wait began */
};
/* Every probe record of every guest. */
int export_each_sample(const struct analysis *a,
	void (*each)(void *arg, const struct export_sample *s), void *arg, struct err *e);

struct export_piece {
	size_t guest;
	unsigned vcpu;
	const struct piece *piece;
	const char *occupant; /* "" unless it waits */
	enum culprit_kind kind;
};
/* Every stretch of every traced vCPU; none where there is no trace. */
int export_each_piece(const struct analysis *a,
	void (*each)(void *arg, const struct export_piece *p), void *arg, struct err *e);

/* `s` in quotes, escaped. */
void export_json_text(FILE *out, const char *s);
/* Whether all could be written. */
int export_finish(FILE *out, struct err *e);

#endif
