/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which records of an experiment there are: the folders decide, not the journal, since a crash can
 * come between a record's last rename and the journal's next line. */
#ifndef SS_STUDY_FIND_H
#define SS_STUDY_FIND_H

#include "base/util.h"
#include "record/run_info.h"

struct found {
	char *dir;  /* results/NAME or results/NAME.partial */
	char *name; /* without .partial */
	char *scenario, *variant;
	unsigned repeat, block, place;
	bool complete; /* all of it was measured and written */
	bool partial;  /* it has not got its final name yet */
	bool sealed;   /* its harness lived to write down how it ended */
};

/* All records of `experiment` in `results`, by name (so by time); complete or not. A folder without
 * a readable run.json is none. */
int found_list(
	const char *results, const char *experiment, struct found **out, size_t *n, struct err *e);
void found_free(struct found *list, size_t n);

/* Write into a record whose harness was killed that it was. Only for records of no living
 * harness. */
int found_mark_killed(const struct found *f, struct err *e);
/* Give a record that is complete, but for its name, its final name. */
int found_finish(struct found *f, struct err *e);

#endif
